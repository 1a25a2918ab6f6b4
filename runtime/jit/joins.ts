/**
 * Numbers that are put together from single bytes, read at once: operations in, the same with one load in place of each such sum out.
 *
 * Compilers for BPF may not assume that an address which they know nothing of can be read by a wide load: they read the fields of packed structures byte by byte, and so do
 * programs that read a number in network order. The memory here has no such limit:
 *
 *     w0 = *(u8 *)(r1 + 6)                          w0 = *(u8 *)(r1 + 6)       nobody needs it any more: liveness.ts
 *     w2 = *(u8 *)(r1 + 7)                →         w2 = *(u8 *)(r1 + 7)       nor this
 *     w2 <<= 8                                      w2 <<= 8
 *     w0 |= w2                                      w0 = *(u16 *)(r1 + 6)
 *
 * The bytes are followed within a block, from loads through shifts, copies and `or`. What writes memory ends it. Where the base is gone at the end (often the last byte is read
 * into it), the whole is read in place of the last byte, into a register of its own.
 *
 * Only for programs whose accesses are not checked: a check is made for each access as the program has it.
 */
import type { Block, Cfg } from "./cfg.ts";
import type { MemorySize, Op } from "./op.ts";
import { alu, isCall, load } from "./op.ts";
import { definedBy, readBy } from "./representation.ts";

/** The bits [shift, shift + 8 × size) of a register hold `size` bytes of the memory from `low` + the base on, all others are 0. */
interface Piece {
	readonly base: number;
	/** How often the base had been written, and memory. */
	readonly version: number;
	readonly epoch: number;
	readonly low: number;
	readonly size: number;
	readonly shift: number;
	/** A single byte has either order. */
	readonly order: "either" | "little" | "big";
	/** The slot of the last of its loads, and those of all that it is made by. */
	readonly last: number;
	readonly slots: readonly number[];
}

interface Whole {
	readonly piece: Piece;
	readonly slot: number;
	/** The base holds there what it held at the loads, and nothing was written since. */
	readonly readable: boolean;
}

export interface Joined {
	readonly ops: readonly (Op | null)[];
	readonly registers: number;
}

/** Registers and slots together fit the 31 bits of the liveness masks. */
const MOST_REGISTERS = 31;

/** Null: there is nothing to join. `special`: loads of such slots are no plain loads. */
export function joinLoads(ops: readonly (Op | null)[], cfg: Cfg, registers: number, special: (slot: number) => boolean): Joined | null {
	let rewritten: (Op | null)[] | null = null;
	let most = registers;
	let live: Int32Array | null = null;
	for (const block of cfg.blocks) {
		if (!sumsUp(ops, block)) continue;
		const wholes = findWholes(ops, block, registers, special);
		if (wholes.length === 0) continue;
		rewritten ??= ops.slice();
		const done = new Set<number>();
		let next = registers;
		// From the end on: the larger ones come after what they are made of.
		for (const { piece, slot, readable } of wholes.reverse()) {
			if (done.has(slot)) continue;
			const { dst } = ops[slot] as Extract<Op, { kind: "alu" }>;
			const { base, low, size, order, last } = piece;
			if (readable) rewritten[slot] = load(dst, base, low, size as MemorySize, false, order === "big");
			else {
				live ??= liveAtEnd(ops, cfg);
				if (done.has(last) || next >= MOST_REGISTERS || !onlyMakes(rewritten, piece, slot, block.end, live[block.id])) continue;
				rewritten[last] = load(next, base, low, size as MemorySize, false, order === "big");
				rewritten[slot] = alu("mov", 64, dst, next++, 0);
				most = Math.max(most, next);
			}
			for (const at of piece.slots) done.add(at);
		}
	}
	return rewritten === null ? null : { ops: rewritten, registers: most };
}

/** Whether the block has an `or` of registers at all: most have none. */
function sumsUp(ops: readonly (Op | null)[], { start, end }: Block): boolean {
	for (let pc = start; pc < end; pc++) {
		const op = ops[pc];
		if (op?.kind === "alu" && op.op === "or" && op.src >= 0) return true;
	}
	return false;
}

/** Where a number of two, four or eight bytes is complete, in order. */
function findWholes(ops: readonly (Op | null)[], { start, end }: Block, registers: number, special: (slot: number) => boolean): Whole[] {
	const found: Whole[] = [];
	const pieces: (Piece | null)[] = new Array<Piece | null>(registers).fill(null);
	const versions = new Int32Array(registers);
	let epoch = 0;
	for (let pc = start; pc < end; pc++) {
		const op = ops[pc];
		if (op === null) continue;
		let piece: Piece | null = null;
		switch (op.kind) {
			case "load":
				if (!op.signed && op.size < 8 && !special(pc))
					piece = {
						base: op.base,
						version: versions[op.base],
						epoch,
						low: op.off,
						size: op.size,
						shift: 0,
						order: op.size === 1 ? "either" : "little",
						last: pc,
						slots: [pc],
					};
				break;
			case "alu":
				piece = combined(op, pc, pieces);
				if (op.op === "or" && piece !== null && piece.shift === 0 && (piece.size === 2 || piece.size === 4 || piece.size === 8)) {
					found.push({ piece, slot: pc, readable: versions[piece.base] === piece.version && epoch === piece.epoch });
				}
				break;
			case "store":
			case "atomic":
				epoch++;
				break;
			case "helper":
			case "kfunc":
			case "call":
			case "callx":
				epoch++;
				for (let r = 0; r <= 5; r++) {
					pieces[r] = null;
					versions[r]++;
				}
				break;
		}
		const dst = definedBy(op);
		if (dst < 0) continue;
		pieces[dst] = piece;
		versions[dst]++;
	}
	return found;
}

/** What the register holds after the operation, if that is a piece. */
function combined(op: Extract<Op, { kind: "alu" }>, pc: number, pieces: readonly (Piece | null)[]): Piece | null {
	const fits = (piece: Piece | null): Piece | null => (piece !== null && piece.shift + 8 * piece.size <= op.width ? piece : null);
	const left = pieces[op.dst];
	const right = op.src < 0 ? null : pieces[op.src];
	switch (op.op) {
		case "mov": {
			const same = fits(right);
			return same === null ? null : { ...same, slots: [...same.slots, pc] };
		}
		case "lsh":
			return left === null || op.src >= 0 || op.imm % 8 !== 0
				? null
				: fits({ ...left, shift: left.shift + (op.imm & (op.width - 1)), slots: [...left.slots, pc] });
		case "or": {
			const [a, b] = [fits(left), fits(right)];
			return a === null || b === null ? null : a.low < b.low ? beside(a, b, pc) : beside(b, a, pc);
		}
		default:
			return null;
	}
}

/** The first piece has the lower addresses. */
function beside(first: Piece, second: Piece, pc: number): Piece | null {
	if (
		first.base !== second.base ||
		first.version !== second.version ||
		first.epoch !== second.epoch ||
		first.low + first.size !== second.low
	)
		return null;
	const order =
		second.shift === first.shift + 8 * first.size ? "little" : first.shift === second.shift + 8 * second.size ? "big" : "either";
	if (order === "either" || (first.order !== "either" && first.order !== order) || (second.order !== "either" && second.order !== order))
		return null;
	return {
		...first,
		size: first.size + second.size,
		shift: Math.min(first.shift, second.shift),
		order,
		last: Math.max(first.last, second.last),
		slots: [...first.slots, ...second.slots, pc],
	};
}

/** Whether what the last load reads goes nowhere but into the whole at `slot`. */
function onlyMakes(ops: readonly (Op | null)[], piece: Piece, slot: number, end: number, liveOut: number): boolean {
	const made = new Set(piece.slots);
	let holding = 0;
	for (let pc = piece.last; pc < end; pc++) {
		const op = ops[pc];
		if (op === null) continue;
		const holds = pc === piece.last || (readBy(op) & holding) !== 0;
		if (holds && !made.has(pc)) return false;
		const dst = definedBy(op);
		if (isCall(op)) holding &= ~0x3f;
		if (dst >= 0) holding = holds && pc !== slot ? holding | (1 << dst) : holding & ~(1 << dst);
	}
	return (holding & liveOut) === 0;
}

/** By block: bit r, register r is read after it before it is written. */
function liveAtEnd(ops: readonly (Op | null)[], { blocks }: Cfg): Int32Array {
	const atStart = new Int32Array(blocks.length);
	const atEnd = new Int32Array(blocks.length);
	for (let changed = true; changed; ) {
		changed = false;
		for (let b = blocks.length - 1; b >= 0; b--) {
			let live = 0;
			for (const to of blocks[b].succs) live |= atStart[to];
			atEnd[b] = live;
			for (let pc = blocks[b].end - 1; pc >= blocks[b].start; pc--) {
				const op = ops[pc];
				if (op === null) continue;
				const dst = definedBy(op);
				if (dst >= 0) live &= ~(1 << dst);
				live |= readBy(op);
			}
			if (live === atStart[b]) continue;
			atStart[b] = live;
			changed = true;
		}
	}
	return atEnd;
}
