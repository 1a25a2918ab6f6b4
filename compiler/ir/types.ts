import type { TokenSpan } from "../diagnostics/diagnostic.ts";
import type { AsmFlavor } from "./asm.ts";
import type { CType, RecordType } from "../types/types.ts";
import type { CoreReloKind, FunctionSym, ObjectSym, Sym } from "../types/typed.ts";

/**
 * The SSA intermediate representation.
 *
 * A value is 32 or 64 bits wide, as an eBPF register is; `ptr` is a 64-bit value that points somewhere, kept apart so
 * that passes know what must not become plain arithmetic. Narrow C types live in memory; in values they are kept
 * extended to i32 by explicit operations (`sext`, `and`). Comparisons are values (i32, 0 or 1); the back end fuses them
 * into jumps. Passes change functions in place; `checkIr` says what a function must look like.
 */
export type Ty = "i32" | "i64" | "ptr";

export interface IrModule {
	readonly functions: IrFunction[];
	readonly globals: IrGlobal[];
	/** Types that BTF must hold although no function or global names them. */
	readonly extraTypes: readonly CType[];
}

export interface IrGlobal {
	readonly symbol: ObjectSym;
	/** The ELF symbol: `name`, `function.name` for a static local, `.L.str.N` for a literal. */
	readonly name: string;
	/** Where it goes: ".maps", ".rodata", ".data", ".bss", ".rodata.str1.1", "license", ".kconfig", ".ksyms" … */
	readonly section: string;
	readonly size: number;
	/** Copies in words may ask for more than the declaration does. */
	align: number;
	/** Absent: zero bytes (.bss) or extern. */
	readonly bytes?: Uint8Array;
	readonly relocs: readonly { readonly offset: number; readonly symbol: Sym | IrGlobal; readonly addend: number }[];
	readonly readonly: boolean;
}

export interface IrFunction {
	readonly symbol: FunctionSym;
	readonly name: string;
	readonly params: Inst[];
	readonly result: Ty | null;
	/** The first one is the entry and has no predecessors. */
	blocks: Block[];
	/** For new instruction and block numbers. */
	nextId: number;
	readonly end: Loc | null;
	/** `-fno-delete-null-pointer-checks`: something may lie at address 0. */
	nullIsAddress?: boolean;
}

/** Tokens of the source that an instruction comes from; the innermost inlined place. */
export type Loc = TokenSpan;

export interface Block {
	readonly id: number;
	/** Hint for the text form: "for.body". */
	name: string;
	/** Phis first, terminator last. */
	insts: Inst[];
	/** `#pragma unroll` of the loop whose latch this is. */
	unroll?: number;
}

/** An instruction and the value that it makes. Constants are operands of their own kind, never instructions. */
export interface Inst {
	readonly id: number;
	op: Op;
	/** null: makes no value. */
	ty: Ty | null;
	args: Value[];
	/** Phi: predecessor of each argument. Terminators: successors (branch: then, else; switch: default, cases…). */
	blocks?: Block[];
	/** What an operation needs besides its operands; which, the table `ops.ts` says. */
	attr?: Attr;
	loc: Loc | null;
}

export interface Const {
	readonly op: "const";
	readonly ty: Ty;
	/** Wrapped to the type and signed: −2³¹…2³¹−1 for i32, −2⁶³…2⁶³−1 for i64 and ptr. */
	readonly value: bigint;
}

/** A value nobody defined: reading an uninitialised variable. */
export interface Undef {
	readonly op: "undef";
	readonly ty: Ty;
}

export type Value = Inst | Const | Undef;

/**
 * | group | operations |
 * |---|---|
 * | params, join | param phi select |
 * | arithmetic on one width | add sub mul udiv sdiv umod smod and or xor shl lshr ashr neg |
 * | pointers | ptradd (ptr, i64) · ptrtoint · inttoptr |
 * | widths | zext sext (i32 → i64) · trunc (i64 → i32) · sextfrom (attr.bits 8, 16 or 32 of the same type, sign-extended) · bswap (attr.bits 16, 32, 64; the rest becomes zero) |
 * | compare | icmp (attr.pred) → i32 |
 * | memory | alloca (attr.size, align) · global (attr.global, attr.offset) · load (attr.size, signed, volatile) · store (ptr, value; attr.size, volatile) · memcpy (dst, src; attr.size) · memmove · memset (dst, byte; attr.size) · memcmp · strcmp · strlen · lifetime (the alloca's contents are undefined from here) |
 * | atomics | atomic (attr.rmw, attr.size, attr.fetch) · cmpxchg (ptr, expected, new) · loadacq · storerel · fence |
 * | calls | call (attr.callee) |
 * | CO-RE | coreoffset: a ptr moved by a field's relocatable offset (attr.core) · coreinfo: a relocatable constant (attr.core) |
 * | inline assembly | asm (attr.asm) — `asmout` reads its further outputs |
 * | arena | addrspace (attr.from, attr.to) |
 * | questions | isconst (is the operand a constant once everything is folded?) → i32 |
 * | ends of blocks | jump · branch (condition i32 or i64 ≠ 0) · switch (attr.cases) · ret · unreachable · asmgoto |
 *
 * `load` of 1, 2 or 4 bytes yields i32 (or i64 when `ty` says so), zero- or sign-extended by attr.signed.
 * `attr.align` on a load is present only when less than its size, on a store also when more.
 *
 * What the optimiser hands to the back end (`optimize` at any level) is smaller: no memcpy, memmove, memset, memcmp, strcmp, strlen,
 * lifetime, isconst, select or switch; no indirect callee; no phi of a type with an undef only; allocas all in the entry
 * block and each one a stack slot of its own (slots whose lives are apart are merged already); loads and stores are as
 * aligned as their size says. Addresses stay `ptradd(p, constant)`: the back end folds the constant into the access, always.
 */
export type Op =
	| "param"
	| "phi"
	| "select"
	| "add"
	| "sub"
	| "mul"
	| "udiv"
	| "sdiv"
	| "umod"
	| "smod"
	| "and"
	| "or"
	| "xor"
	| "shl"
	| "lshr"
	| "ashr"
	| "neg"
	| "ptradd"
	| "ptrtoint"
	| "inttoptr"
	| "zext"
	| "sext"
	| "trunc"
	| "sextfrom"
	| "bswap"
	| "icmp"
	| "alloca"
	| "global"
	| "load"
	| "store"
	| "memcpy"
	| "memmove"
	| "memset"
	| "memcmp"
	| "strcmp"
	| "strlen"
	| "lifetime"
	| "isconst"
	| "atomic"
	| "cmpxchg"
	| "loadacq"
	| "storerel"
	| "fence"
	| "call"
	| "coreoffset"
	| "coreinfo"
	| "asm"
	| "asmout"
	| "addrspace"
	| "jump"
	| "branch"
	| "switch"
	| "ret"
	| "unreachable"
	| "asmgoto";

export type Pred = "eq" | "ne" | "ult" | "ule" | "ugt" | "uge" | "slt" | "sle" | "sgt" | "sge";

export interface Attr {
	/** Bytes. */
	readonly size?: number;
	readonly align?: number;
	/** memcpy, memmove, memcmp: of the first operand (the target) or the second alone, when that is more than `align`, which both have. */
	readonly targetAlign?: number;
	readonly sourceAlign?: number;
	/** load: the value is extended with its sign. add, sub, mul: the result as a signed number is the exact one (C11 6.5p5). */
	readonly signed?: boolean;
	readonly volatile?: boolean;
	/** load, store: the C object that is accessed; absent: it may be any. */
	readonly effective?: EffectiveType;
	readonly bits?: 8 | 16 | 32 | 64;
	readonly pred?: Pred;
	readonly global?: IrGlobal | FunctionSym | ObjectSym;
	/** Bytes from the global's start. */
	readonly offset?: number;
	readonly rmw?: "add" | "sub" | "and" | "or" | "xor" | "xchg";
	/** The old value is used. */
	readonly fetch?: boolean;
	readonly callee?: IrCallee;
	/** Switch: value of each case, `blocks[i + 1]` its target. */
	readonly cases?: readonly bigint[];
	readonly core?: IrCore;
	readonly asm?: AsmFlavor;
	/** asmout: which output. */
	readonly index?: number;
	readonly from?: number;
	readonly to?: number;
	/** alloca: the variable it holds, for messages and the stack bill. */
	readonly variable?: string;
	/** param: its position. */
	readonly param?: number;
	/** The C type behind a call's function, for BTF. */
	readonly name?: string;
}

/** What C's effective types (C11 6.5p7) say of an access: accesses of different ones are of different bytes. */
export interface EffectiveType {
	/** any: a character or an enumeration, only as a member. */
	readonly scalar: "int16" | "int32" | "int64" | "pointer" | "any";
	/** The outermost structure that the member was named through, and the member's bytes in it. */
	readonly record?: RecordType;
	readonly offset?: number;
}

export type IrCallee =
	| { readonly kind: "helper"; readonly id: number; readonly name: string }
	/** In this module, an extern function (linker, kfunc). */
	| { readonly kind: "function"; readonly symbol: FunctionSym }
	/** The first operand is the function's address. Folding must find out which one it is; what is left is refused. */
	| { readonly kind: "indirect" };

export interface IrCore {
	readonly root: CType;
	/** "0:1:2" */
	readonly access: string;
	readonly relo: CoreReloKind;
	/** The value with the types as compiled: a byte offset, a size, an id, … */
	readonly value: bigint;
}
