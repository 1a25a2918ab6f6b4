import type { AluOp, AtomicOp, Bytes, JmpOp } from "../../assembler/spec/isa.ts";
import type { FunctionSym, Sym } from "../types/typed.ts";
import type { IrCore, IrFunction, IrGlobal, Loc } from "../ir/types.ts";
import type { AsmFlavor } from "../ir/asm.ts";

/**
 * Machine code before it has registers: instructions that are eBPF's own (operations are named as in `assembler/spec/isa.ts`),
 * over any number of virtual registers, in basic blocks whose jumps name blocks. It is no longer SSA: eBPF arithmetic overwrites
 * its first operand, so `a = b + c` is `a = b; a += c` and the register allocator makes the copy go away.
 *
 * In comes selection (`select.ts`), out goes `encode.ts`; between them every pass changes blocks in place.
 */
export type Reg = number;
/** r0–r10 are themselves; virtual registers follow. */
export const FIRST_VIRTUAL = 16;
export const FRAME: Reg = 10;
/** No register: the operand is the immediate. */
export const NONE: Reg = -1;
export const isVirtual = (reg: Reg): boolean => reg >= FIRST_VIRTUAL;

/** Room on the stack: a variable whose address is taken, or a spilled register. */
export interface FrameSlot {
	readonly size: number;
	readonly align: number;
	/** The C variable, for the stack bill. */
	readonly variable: string | null;
	readonly loc: Loc | null;
	/** The verifier should not remember what scalar it holds. */
	readonly forgotten?: boolean;
	/** From r10, negative; 0 until `stack.ts` has placed it. */
	offset: number;
}

/** An address that the linker or loader fills in. */
export interface SymbolRef {
	readonly symbol: IrGlobal | Sym;
	readonly addend: number;
}

export type Callee = { readonly kind: "helper"; readonly id: number } | { readonly kind: "function"; readonly symbol: FunctionSym };

/**
 * | kind | does |
 * |---|---|
 * | alu | dst op= src or imm (mov and neg too), `width` bits |
 * | movsx | dst = sign extension of the low `bits` of src |
 * | swap | dst = bytes of dst in order `op`, `bits` wide |
 * | cast | dst = src in another address space; imm holds the spaces |
 * | load | dst = *(bytes)(src + off) |
 * | store | *(bytes)(dst + off) = src or imm |
 * | atomic | lock *(dst + off) op= src; fetching ones put the old value into src, cmpxchg into r0 |
 * | load_acquire, store_release | as load and store |
 * | wide | dst = a 64-bit constant or a symbol's address |
 * | address | dst = address of a stack slot + off |
 * | packet | r0 = big-endian bytes of the packet of r6's context at imm, or at src |
 * | call | r0 = callee(r1 … rN) |
 * | asm | inline assembly |
 * | jump | if dst op src or imm goto blocks[0] else goto blocks[1] |
 * | goto | goto blocks[0] |
 * | exit | return r0 |
 * | stop | never reached |
 */
export type MKind =
	| "alu"
	| "movsx"
	| "swap"
	| "cast"
	| "load"
	| "store"
	| "atomic"
	| "load_acquire"
	| "store_release"
	| "wide"
	| "address"
	| "packet"
	| "call"
	| "asm"
	| "jump"
	| "goto"
	| "exit"
	| "stop";

/**
 * An inline assembly statement on its way through the back end. Selection decides what each operand is, the register allocator
 * fills in registers, and at the end `inline-asm.ts` writes the text that the assembler parses.
 */
export interface AsmBlock {
	readonly flavor: AsmFlavor;
	/** As the template numbers them: outputs, then inputs. */
	readonly operands: AsmOperand[];
	readonly clobbers: readonly Reg[];
}

export interface AsmOperand {
	readonly name: string | undefined;
	/** What the statement does with `reg`. `early`: writes it before it has read all inputs. */
	role: "in" | "out" | "inout" | "early";
	reg: Reg;
	/** Printed as a `w` register. */
	readonly narrow: boolean;
	/** Not a register: a number, a symbol … */
	readonly imm: bigint | null;
	readonly symbol: SymbolRef | null;
	/** … or memory at reg + off, or in the frame. */
	readonly memory: { readonly slot: FrameSlot | null; readonly off: number } | null;
	/** The output whose register this input shares. */
	readonly matches: number | null;
}

export interface MInst {
	kind: MKind;
	/** alu, swap, atomic, jump: which. */
	op: AluOp | JmpOp | AtomicOp | "le" | "be" | "bswap" | "";
	width: 32 | 64;
	/** movsx, swap: how many bits count. */
	bits: 8 | 16 | 32 | 64;
	bytes: Bytes;
	signed: boolean;
	/** load: must happen even if nobody reads its result. */
	volatile: boolean;
	dst: Reg;
	src: Reg;
	imm: number;
	off: number;
	/** Memory access whose base is r10: the slot that `off` counts from. */
	slot: FrameSlot | null;
	wide: bigint | SymbolRef | null;
	callee: Callee | null;
	/** call: how many of r1–r5 it reads; exit: 1 when r0 means something. */
	args: number;
	/** call: bit n for those of them that it does not read after all. */
	unread: number;
	asm: AsmBlock | null;
	/** Successors. */
	blocks: MBlock[];
	loc: Loc | null;
	/** CO-RE relocation of this instruction. */
	core: IrCore | null;
	/** Spill code: must not be spilled again. */
	spillCode: boolean;
}

export interface MBlock {
	readonly id: number;
	insts: MInst[];
	/** How many loops it is in: weighs spills. */
	depth: number;
	/** How often it runs at most, as far as the constants that its loops count to say; Infinity: not known. */
	rounds: number;
	/** In source order, to keep the layout natural. */
	name: string;
}

export interface MFunction {
	readonly ir: IrFunction;
	readonly name: string;
	/** Entry first. */
	blocks: MBlock[];
	slots: FrameSlot[];
	/** The next virtual register. */
	nextReg: Reg;
	nextBlock: number;
}

const blank: MInst = {
	kind: "stop",
	op: "",
	width: 64,
	bits: 64,
	bytes: 8,
	signed: false,
	volatile: false,
	dst: NONE,
	src: NONE,
	imm: 0,
	off: 0,
	slot: null,
	wide: null,
	callee: null,
	args: 0,
	unread: 0,
	asm: null,
	blocks: [],
	loc: null,
	core: null,
	spillCode: false,
};

export const minst = (kind: MKind, loc: Loc | null, fields: Partial<MInst>): MInst => ({
	...blank,
	...fields,
	kind,
	loc,
});

export const alu = (
	op: AluOp,
	width: 32 | 64,
	dst: Reg,
	operand: { readonly reg: Reg } | { readonly imm: number },
	loc: Loc | null,
): MInst =>
	"reg" in operand ? minst("alu", loc, { op, width, dst, src: operand.reg }) : minst("alu", loc, { op, width, dst, imm: operand.imm });

/** Copies move the whole register: a bound that the verifier knows of one half is not lost. */
export const copy = (dst: Reg, src: Reg, loc: Loc | null): MInst => minst("alu", loc, { op: "mov", width: 64, dst, src });

export const goTo = (block: MBlock, loc: Loc | null): MInst => minst("goto", loc, { blocks: [block] });

export const isCopy = (inst: MInst): boolean =>
	inst.kind === "alu" && inst.op === "mov" && inst.width === 64 && inst.src !== NONE && inst.src !== FRAME;

const noBlocks: MBlock[] = [];

export function successors(block: MBlock): MBlock[] {
	const last = block.insts[block.insts.length - 1];
	return last === undefined ? noBlocks : last.blocks;
}

export function predecessors(fn: MFunction): Map<MBlock, MBlock[]> {
	const map = new Map<MBlock, MBlock[]>();
	for (const block of fn.blocks) map.set(block, []);
	for (const block of fn.blocks) for (const next of new Set(successors(block))) map.get(next)!.push(block);
	return map;
}

/** Calls back for each of r1–r5 that a call reads. */
export function forArguments(call: MInst, visit: (reg: Reg) => void): void {
	for (let reg = 1; reg <= call.args; reg++) if ((call.unread & (1 << reg)) === 0) visit(reg);
}

/** r10 counts as no register here: it is always there and never changes. */
export function forUses(inst: MInst, visit: (reg: Reg) => void): void {
	const one = (reg: Reg): void => {
		if (reg !== NONE && reg !== FRAME) visit(reg);
	};
	switch (inst.kind) {
		case "alu":
			if (inst.op !== "mov") one(inst.dst);
			one(inst.src);
			return;
		case "movsx":
		case "cast":
		case "load":
		case "load_acquire":
			one(inst.src);
			return;
		case "swap":
			one(inst.dst);
			return;
		case "store":
		case "store_release":
		case "jump":
			one(inst.dst);
			one(inst.src);
			return;
		case "atomic":
			one(inst.dst);
			one(inst.src);
			if (inst.op === "cmpxchg") visit(0);
			return;
		case "packet":
			visit(6);
			one(inst.src);
			return;
		case "call":
			forArguments(inst, visit);
			return;
		case "exit":
			if (inst.args > 0) visit(0);
			return;
		case "asm":
			for (const operand of inst.asm!.operands)
				if (operand.reg !== NONE && operand.role !== "out" && operand.role !== "early") one(operand.reg);
			return;
		case "wide":
		case "address":
		case "goto":
		case "stop":
			return;
		default:
			inst.kind satisfies never;
	}
}

export function forDefs(inst: MInst, visit: (reg: Reg) => void): void {
	switch (inst.kind) {
		case "alu":
		case "movsx":
		case "cast":
		case "load":
		case "load_acquire":
		case "swap":
		case "wide":
		case "address":
			visit(inst.dst);
			return;
		case "atomic":
			if (inst.op === "cmpxchg") visit(0);
			else if (fetches(inst)) visit(inst.src);
			return;
		case "packet":
		case "call":
			for (let reg = 0; reg <= 5; reg++) visit(reg);
			return;
		case "asm":
			for (const operand of inst.asm!.operands) if (operand.reg !== NONE && operand.role !== "in") visit(operand.reg);
			for (const reg of inst.asm!.clobbers) visit(reg);
			return;
		case "store":
		case "store_release":
		case "jump":
		case "exit":
		case "goto":
		case "stop":
			return;
		default:
			inst.kind satisfies never;
	}
}

const fetches = (inst: MInst): boolean => inst.op === "xchg" || inst.op.startsWith("fetch_");

/** Puts other registers into the fields that forUses and forDefs visit. */
export function renameRegs(inst: MInst, rename: (reg: Reg) => Reg): void {
	if (isVirtual(inst.dst)) inst.dst = rename(inst.dst);
	if (isVirtual(inst.src)) inst.src = rename(inst.src);
	if (inst.asm !== null) for (const operand of inst.asm.operands) if (isVirtual(operand.reg)) operand.reg = rename(operand.reg);
}

/** Has an effect besides writing its registers, or ends the block. */
export function hasEffect(inst: MInst): boolean {
	switch (inst.kind) {
		case "alu":
		case "movsx":
		case "swap":
		case "cast":
		case "wide":
		case "address":
			return inst.core !== null;
		case "load":
			return inst.volatile;
		default:
			return true;
	}
}

/** Instructions that a jump reaches across before v4. In a longer function the block of a branch's side is often nearer than where it leads. */
export const JUMP_REACH = 0x7fff;

export const isLong = (fn: MFunction): boolean => fn.blocks.reduce((size, { insts }) => size + insts.length, 0) > JUMP_REACH;
