/**
 * Loads, stores and atomics in Wasm. An address is the low word of a register plus an offset; regions of our memory begin above
 * 64 KiB, so that a positive offset can be the instruction's own (no sum of the two wraps for an address that is any good).
 *
 * Checks of what nothing verified are in windows.ts. Loads through kernel pointers read 0 outside the memory, as they do in the kernel.
 */
import { isNeeded, ofArgument, ofLeft, ofRight } from "../implied.ts";
import { FLAG, NO_OFFSET } from "../representation.ts";
import type { Op } from "../decode.ts";
import type { Body } from "./body.ts";
import { I32, I64, OP } from "./opcodes.ts";
import type { Linkage } from "./linkage.ts";
import { swap16, swap32, swap64 } from "./swap.ts";
import { pushCheckedAddress } from "./windows.ts";

type Load = Extract<Op, { kind: "load" }>;
type Store = Extract<Op, { kind: "store" }>;
type Atomic = Extract<Op, { kind: "atomic" }>;

const ALIGNMENT = { 1: 0, 2: 1, 4: 2, 8: 3 } as const;

/** Pushes the address and returns the offset that the instruction is to add. */
function pushAddress(b: Body, op: Load | Store | Atomic, slot: number, at: number, link: Linkage): number {
	const stack = b.fn.analysis.stack[at];
	const unchecked = !link.checked || (b.fn.analysis.flags[at] & FLAG.proved) !== 0;
	if (stack !== NO_OFFSET && unchecked) {
		b.i32(0);
		return b.fn.frameTop + stack;
	}
	if (!unchecked) {
		pushCheckedAddress(b, op, slot, at, op.kind !== "load", link);
		return 0;
	}
	const added = b.fn.analysis.added[at];
	b.low(b.fn.analysis.from[at], at);
	if (added < 0) {
		b.i32(added);
		b.op(OP.i32_add);
		return 0;
	}
	return added;
}

const LOAD32 = {
	1: [OP.i32_load8_u, OP.i32_load8_s],
	2: [OP.i32_load16_u, OP.i32_load16_s],
	4: [OP.i32_load, OP.i32_load],
	8: [OP.i32_load, OP.i32_load],
} as const;
const LOAD64 = {
	1: [OP.i64_load8_u, OP.i64_load8_s],
	2: [OP.i64_load16_u, OP.i64_load16_s],
	4: [OP.i64_load32_u, OP.i64_load32_s],
	8: [OP.i64_load, OP.i64_load],
} as const;
const STORE32 = { 1: OP.i32_store8, 2: OP.i32_store16, 4: OP.i32_store, 8: OP.i32_store } as const;
const STORE64 = { 1: OP.i64_store8, 2: OP.i64_store16, 4: OP.i64_store32, 8: OP.i64_store } as const;

export function emitLoad(b: Body, op: Load, slot: number, at: number, link: Linkage): void {
	const flags = b.fn.analysis.flags[at];
	const wide = (flags & FLAG.resWide) !== 0;
	if (!isNeeded(flags) && !link.checked) return;
	const align = flags & FLAG.aligned ? ALIGNMENT[op.size] : 0;
	if (link.facts?.access[slot] === "kernel") return emitKernelLoad(b, op, at, align, wide);
	const offset = pushAddress(b, op, slot, at, link);
	if (op.reversed) return emitReversed(b, op, align, offset, wide);
	b.memory((wide ? LOAD64 : LOAD32)[op.size][op.signed ? 1 : 0], Math.min(align, wide ? 3 : 2), offset);
	b.set(wide ? b.wide(op.dst) : b.narrow(op.dst));
}

/** The address is on the stack. The low word of eight bytes is the last four. */
function emitReversed(b: Body, { dst, size }: Load, align: number, offset: number, wide: boolean): void {
	if (size === 8 && wide) {
		b.memory(OP.i64_load, align, offset);
		swap64(b);
		return b.set(b.wide(dst));
	}
	b.memory(size === 2 ? OP.i32_load16_u : OP.i32_load, Math.min(align, 2), size === 8 ? offset + 4 : offset);
	size === 2 ? swap16(b) : swap32(b);
	if (wide) b.op(OP.i64_extend_i32_u);
	b.set(wide ? b.wide(dst) : b.narrow(dst));
}

function emitKernelLoad(b: Body, op: Load, at: number, align: number, wide: boolean): void {
	const address = b.temp("kernel", I64);
	b.full(op.base, at, ofLeft(b.fn.analysis.flags[at]));
	b.i64(op.off, op.off >> 31);
	b.op(OP.i64_add);
	b.tee(address);
	b.i64(0x10000, 0);
	b.op(OP.i64_sub);
	b.op(OP.memory_size, 0);
	b.i32(16);
	b.op(OP.i32_shl);
	b.i32(0x10000 + op.size);
	b.op(OP.i32_sub, OP.i64_extend_i32_u, OP.i64_le_u);
	b.open(OP.if, wide ? I64 : I32, { kind: "other", label: 0 });
	b.get(address);
	b.op(OP.i32_wrap_i64);
	b.memory((wide ? LOAD64 : LOAD32)[op.size][op.signed ? 1 : 0], Math.min(align, wide ? 3 : 2), 0);
	b.op(OP.else);
	wide ? b.i64(0, 0) : b.i32(0);
	b.end();
	b.set(wide ? b.wide(op.dst) : b.narrow(op.dst));
}

export function emitStore(b: Body, op: Store, slot: number, at: number, link: Linkage): void {
	const flags = b.fn.analysis.flags[at];
	const align = flags & FLAG.aligned ? ALIGNMENT[op.size] : 0;
	const offset = pushAddress(b, op, slot, at, link);
	const wide = op.size === 8 || (op.src >= 0 && op.src !== 10 && b.isWide(op.src, at));
	if (op.src < 0) wide ? b.i64(op.imm, op.imm >> 31) : b.i32(op.imm);
	else if (op.size === 8) b.full(op.src, at, ofRight(flags));
	else if (wide) b.get(b.wide(op.src));
	else b.low(op.src, at);
	b.memory((wide ? STORE64 : STORE32)[op.size], align, offset);
}

const COMBINE32 = { add: OP.i32_add, or: OP.i32_or, and: OP.i32_and, xor: OP.i32_xor } as const;
const COMBINE64 = { add: OP.i64_add, or: OP.i64_or, and: OP.i64_and, xor: OP.i64_xor } as const;

/** One thread runs a program at a time: a load, the operation, a store. */
export function emitAtomic(b: Body, op: Atomic, slot: number, at: number, link: Linkage): void {
	const flags = b.fn.analysis.flags[at];
	const wide = op.size === 8;
	const type = wide ? I64 : I32;
	const align = flags & FLAG.aligned ? ALIGNMENT[op.size] : 0;
	const address = b.temp("target", I32);
	const old = b.temp("old", type);
	const offset = pushAddress(b, op, slot, at, link);
	b.tee(address);
	b.memory(wide ? OP.i64_load : OP.i32_load, align, offset);
	b.set(old);
	const source = (): void => (wide ? b.full(op.src, at, ofRight(flags)) : b.low(op.src, at));
	const store = (): void => b.memory(wide ? OP.i64_store : OP.i32_store, align, offset);
	if (op.op === "cmpxchg") {
		b.get(old);
		if (wide) b.full(0, at, ofArgument(b.fn.analysis, at, 0));
		else b.low(0, at);
		b.op(wide ? OP.i64_eq : OP.i32_eq);
		b.open(OP.if, 0x40, { kind: "other", label: 0 });
		b.get(address);
		source();
		store();
		b.end();
	} else {
		b.get(address);
		if (op.op !== "xchg") b.get(old);
		source();
		if (op.op !== "xchg") b.op((wide ? COMBINE64 : COMBINE32)[op.op]);
		store();
	}
	if (!op.fetch) return;
	b.get(old);
	const dst = op.op === "cmpxchg" ? 0 : op.src;
	wide ? b.setFull(dst, at) : b.setLow(dst, at);
}
