/**
 * Operations: what the analyses and the emitters switch over by `kind`, one plain record per instruction.
 *
 * They are read in dozens of loops over whole programs. V8 compiles an access for four shapes of object and looks up anything beyond, at several times the
 * cost; so the records have four shapes, and some fields that their kind does not have.
 */

export type Width = 32 | 64;
export type AluName = "add" | "sub" | "mul" | "div" | "mod" | "sdiv" | "smod" | "or" | "and" | "xor" | "lsh" | "rsh" | "arsh" | "mov";
export type CompareName = "eq" | "ne" | "gt" | "ge" | "lt" | "le" | "sgt" | "sge" | "slt" | "sle" | "set";
export type AtomicName = "add" | "or" | "and" | "xor" | "xchg" | "cmpxchg";
export type MemorySize = 1 | 2 | 4 | 8;

/** `src` below: a register, or −1 when the operand is `imm` (signed 32 bits, sign-extended in 64-bit operations). */
export type Op =
	| { readonly kind: "alu"; readonly op: AluName; readonly width: Width; readonly dst: number; readonly src: number; readonly imm: number }
	| { readonly kind: "movsx"; readonly width: Width; readonly bits: 8 | 16 | 32; readonly dst: number; readonly src: number }
	/** dst := the low `bits` of src. No instruction of its own: narrow stores to promoted stack slots become this. */
	| { readonly kind: "extract"; readonly bits: 8 | 16; readonly dst: number; readonly src: number }
	| { readonly kind: "neg"; readonly width: Width; readonly dst: number }
	/** `swap` false: keep the low `bits` (to_le on a little-endian machine). */
	| { readonly kind: "swap"; readonly bits: 16 | 32 | 64; readonly swap: boolean; readonly dst: number }
	| { readonly kind: "imm64"; readonly dst: number; readonly pseudo: number; readonly lo: number; readonly hi: number }
	/** `reversed`: of the bytes in reverse order, as joins.ts makes it. */
	| { readonly kind: "load"; readonly dst: number; readonly base: number; readonly off: number; readonly size: MemorySize; readonly signed: boolean; readonly reversed: boolean }
	| { readonly kind: "store"; readonly base: number; readonly off: number; readonly size: MemorySize; readonly src: number; readonly imm: number }
	| { readonly kind: "atomic"; readonly op: AtomicName; readonly fetch: boolean; readonly size: 4 | 8; readonly base: number; readonly off: number; readonly src: number }
	/** BPF_ABS and BPF_IND: a big-endian load from the packet into r0; the function returns 0 where it fails. */
	| { readonly kind: "packet"; readonly size: 1 | 2 | 4; readonly src: number; readonly imm: number }
	| { readonly kind: "cast"; readonly dst: number; readonly src: number }
	| { readonly kind: "jump"; readonly target: number }
	| { readonly kind: "branch"; readonly op: CompareName; readonly width: Width; readonly dst: number; readonly src: number; readonly imm: number; readonly target: number }
	| { readonly kind: "may_goto"; readonly target: number }
	| { readonly kind: "helper"; readonly id: number }
	| { readonly kind: "kfunc"; readonly btfId: number; readonly off: number }
	| { readonly kind: "call"; readonly target: number }
	| { readonly kind: "callx"; readonly reg: number }
	| { readonly kind: "exit" }
	| { readonly kind: "invalid"; readonly why: string };

/** Helpers that are no calls like others, by number. */
export const LOOKUP = 1;
export const TAIL_CALL = 12;

export type Call = Extract<Op, { kind: "helper" | "kfunc" | "call" | "callx" }>;

/** It reads r1 to r5, and leaves a result in r0 and nothing that is known in r1 to r5. */
export const isCall = ({ kind }: Op): boolean => kind === "helper" || kind === "kfunc" || kind === "call" || kind === "callx";

/** Registers and jumps: `none` stands for what the kind does not have. */
function ofRegisters(kind: Op["kind"], op: AluName | CompareName | "none", width: Width, dst: number, src: number, imm: number, bits: number, swap: boolean, target: number): Op {
	return { kind, op, width, dst, src, imm, bits, swap, target } as Op;
}

function ofMemory(kind: Op["kind"], op: AtomicName | "none", dst: number, base: number, off: number, size: MemorySize, src: number, imm: number, flag: boolean, reversed = false): Op {
	return { kind, op, dst, base, off, size, src, imm, signed: flag, fetch: flag, reversed } as Op;
}

function ofCall(kind: Op["kind"], id: number, btfId: number, off: number, target: number, reg: number, why: string): Op {
	return { kind, id, btfId, off, target, reg, why } as Op;
}

export const alu = (op: AluName, width: Width, dst: number, src: number, imm: number): Op => ofRegisters("alu", op, width, dst, src, imm, 0, false, -1);
export const movsx = (width: Width, bits: 8 | 16 | 32, dst: number, src: number): Op => ofRegisters("movsx", "none", width, dst, src, 0, bits, false, -1);
export const extract = (bits: 8 | 16, dst: number, src: number): Op => ofRegisters("extract", "none", 64, dst, src, 0, bits, false, -1);
export const neg = (width: Width, dst: number): Op => ofRegisters("neg", "none", width, dst, -1, 0, 0, false, -1);
export const swapBytes = (bits: 16 | 32 | 64, swap: boolean, dst: number): Op => ofRegisters("swap", "none", 64, dst, -1, 0, bits, swap, -1);
export const cast = (dst: number, src: number): Op => ofRegisters("cast", "none", 64, dst, src, 0, 0, false, -1);
export const jump = (target: number): Op => ofRegisters("jump", "none", 64, -1, -1, 0, 0, false, target);
export const branch = (op: CompareName, width: Width, dst: number, src: number, imm: number, target: number): Op => ofRegisters("branch", op, width, dst, src, imm, 0, false, target);
export const mayGoto = (target: number): Op => ofRegisters("may_goto", "none", 64, -1, -1, 0, 0, false, target);

export const load = (dst: number, base: number, off: number, size: MemorySize, signed: boolean, reversed = false): Op => ofMemory("load", "none", dst, base, off, size, -1, 0, signed, reversed);
export const store = (base: number, off: number, size: MemorySize, src: number, imm: number): Op => ofMemory("store", "none", -1, base, off, size, src, imm, false);
export const atomic = (op: AtomicName, fetch: boolean, size: 4 | 8, base: number, off: number, src: number): Op => ofMemory("atomic", op, -1, base, off, size, src, 0, fetch);
export const packet = (size: 1 | 2 | 4, src: number, imm: number): Op => ofMemory("packet", "none", 0, -1, 0, size, src, imm, false);

export const imm64 = (dst: number, pseudo: number, lo: number, hi: number): Op => ({ kind: "imm64", dst, pseudo, lo, hi });

export const helper = (id: number): Op => ofCall("helper", id, 0, 0, -1, -1, "");
export const kfunc = (btfId: number, off: number): Op => ofCall("kfunc", -1, btfId, off, -1, -1, "");
export const call = (target: number): Op => ofCall("call", -1, 0, 0, target, -1, "");
export const callx = (reg: number): Op => ofCall("callx", -1, 0, 0, -1, reg, "");
export const exit = (): Op => ofCall("exit", -1, 0, 0, -1, -1, "");
export const invalid = (why: string): Op => ofCall("invalid", -1, 0, 0, -1, -1, why);
