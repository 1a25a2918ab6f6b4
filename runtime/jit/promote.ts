/**
 * Decoded operations of one subprogram in, the same with private stack slots turned into registers out.
 *
 * A slot is private when every access to its bytes has the same offset and size and no pointer that could reach it leaves:
 * within each block, copies of r10 are followed through `mov` and `add imm`; given to a helper at r10−16 they expose −16 and
 * all above (a helper touches what it is given and upwards), any other use of one exposes the whole frame. Slot k becomes register
 * 11 + k, so that ranges, liveness and narrowing apply to it as to any other; loads and stores become moves.
 */
import type { Cfg } from "./cfg.ts";
import type { MemorySize, Op } from "./op.ts";
import { alu, extract, movsx } from "./op.ts";

export const FIRST_SLOT = 11;
/** Registers and slots together fit the 31 bits of the liveness masks. */
const MOST_SLOTS = 20;
const EVERYTHING = -(2 ** 15);

interface Access {
	readonly pc: number;
	readonly off: number;
	readonly size: MemorySize;
}

export interface Promotion {
	readonly ops: readonly (Op | null)[];
	/** Registers and promoted slots. */
	readonly registers: number;
	/** Nothing was promoted because a pointer into the frame could not be followed, though there are accesses: analysis may help. */
	readonly undecided: boolean;
}

export function promoteSlots(ops: readonly (Op | null)[], cfg: Cfg): Promotion {
	const accesses: Access[] = [];
	const exposed = findAccesses(ops, cfg, accesses);
	if (exposed === EVERYTHING)
		return { ops, registers: FIRST_SLOT, undecided: ops.some((op) => (op?.kind === "load" || op?.kind === "store") && op.base === 10) };
	return rewrite(ops, accesses, chooseSlots(accesses, [[exposed, 0]]));
}

/** The same by what the forward analysis found: exact offsets by slot, and what everything else may touch. */
export function promoteByAnalysis(
	ops: readonly (Op | null)[],
	cfg: Cfg,
	stack: Int32Array,
	noOffset: number,
	exposed: readonly (readonly [number, number])[],
): Promotion {
	const accesses: Access[] = [];
	for (const block of cfg.blocks) {
		for (let pc = block.start; pc < block.end; pc++) {
			const op = ops[pc];
			if ((op?.kind === "load" || op?.kind === "store") && stack[pc - cfg.entry] !== noOffset)
				accesses.push({ pc, off: stack[pc - cfg.entry], size: op.size });
		}
	}
	return rewrite(ops, accesses, chooseSlots(accesses, exposed));
}

function rewrite(ops: readonly (Op | null)[], accesses: readonly Access[], slots: ReadonlyMap<number, number>): Promotion {
	if (slots.size === 0) return { ops, registers: FIRST_SLOT, undecided: false };
	const rewritten = ops.slice();
	for (const { pc, off } of accesses) {
		const slot = slots.get(off);
		if (slot !== undefined) rewritten[pc] = asMove(ops[pc]!, slot);
	}
	return { ops: rewritten, registers: FIRST_SLOT + slots.size, undecided: false };
}

/** Collects accesses through known offsets; returns the lowest offset that something unknown may touch. */
function findAccesses(ops: readonly (Op | null)[], cfg: Cfg, accesses: Access[]): number {
	let exposed = 0;
	for (const block of cfg.blocks) for (let pc = block.start; pc < block.end; pc++) if (givesFunctionPointer(ops[pc])) return EVERYTHING;
	const offsets: (number | undefined)[] = new Array(FIRST_SLOT);
	for (const block of cfg.blocks) {
		offsets.fill(undefined);
		offsets[10] = 0;
		for (let pc = block.start; pc < block.end && exposed !== EVERYTHING; pc++) {
			const op = ops[pc];
			if (op === null) continue;
			switch (op.kind) {
				case "alu":
					if (op.op === "mov" && op.width === 64 && op.src >= 0) offsets[op.dst] = offsets[op.src];
					else if ((op.op === "add" || op.op === "sub") && op.width === 64 && op.src < 0) {
						if (offsets[op.dst] !== undefined) offsets[op.dst]! += op.op === "add" ? op.imm : -op.imm;
					} else {
						if ((op.src >= 0 && offsets[op.src] !== undefined) || (op.op !== "mov" && offsets[op.dst] !== undefined)) return EVERYTHING;
						offsets[op.dst] = undefined;
					}
					break;
				case "movsx":
				case "extract":
				case "cast":
					if (offsets[op.src] !== undefined) return EVERYTHING;
					offsets[op.dst] = undefined;
					break;
				case "neg":
				case "swap":
					if (offsets[op.dst] !== undefined) return EVERYTHING;
					break;
				case "imm64":
					offsets[op.dst] = undefined;
					break;
				case "load":
					if (offsets[op.base] !== undefined) accesses.push({ pc, off: offsets[op.base]! + op.off, size: op.size });
					offsets[op.dst] = undefined;
					break;
				case "store":
					if (op.src >= 0 && offsets[op.src] !== undefined) return EVERYTHING;
					if (offsets[op.base] !== undefined) accesses.push({ pc, off: offsets[op.base]! + op.off, size: op.size });
					break;
				case "atomic":
					if (offsets[op.src] !== undefined) return EVERYTHING;
					// Stays in memory, and so does what it touches.
					if (offsets[op.base] !== undefined) exposed = Math.min(exposed, offsets[op.base]! + op.off);
					offsets[op.op === "cmpxchg" ? 0 : op.src] = undefined;
					break;
				case "helper":
				case "kfunc":
					for (let r = 1; r <= 5; r++) if (offsets[r] !== undefined) exposed = Math.min(exposed, offsets[r]!);
					for (let r = 0; r <= 5; r++) offsets[r] = undefined;
					break;
				case "call":
				case "callx":
					// Another function may move the pointer either way.
					for (let r = 1; r <= 5; r++) if (offsets[r] !== undefined) return EVERYTHING;
					for (let r = 0; r <= 5; r++) offsets[r] = undefined;
					break;
				case "branch":
					if (offsets[op.dst] !== undefined || (op.src >= 0 && offsets[op.src] !== undefined)) return EVERYTHING;
					break;
				case "packet":
				case "exit":
					if (offsets[0] !== undefined && op.kind === "exit") return EVERYTHING;
					offsets[0] = undefined;
					break;
				case "jump":
				case "may_goto":
				case "invalid":
					break;
				default:
					op satisfies never;
			}
		}
		if (block.succs.length > 0) for (let r = 0; r < 10; r++) if (offsets[r] !== undefined) return EVERYTHING;
	}
	return exposed;
}

function givesFunctionPointer(op: Op | null): boolean {
	return op?.kind === "imm64" && op.pseudo === 4;
}

/** Offsets whose accesses all agree, the most used first. */
function chooseSlots(accesses: readonly Access[], exposed: readonly (readonly [number, number])[]): Map<number, number> {
	const uses = new Map<number, { size: number; count: number; agrees: boolean }>();
	for (const { off, size } of accesses) {
		const use = uses.get(off);
		if (use === undefined)
			uses.set(off, {
				size,
				count: 1,
				agrees: off >= -512 && off + size <= 0 && !exposed.some(([from, to]) => off + size > from && off < to),
			});
		else {
			use.count++;
			if (use.size !== size) {
				use.agrees = false;
				use.size = Math.max(use.size, size);
			}
		}
	}
	const sorted = [...uses].sort((a, b) => a[0] - b[0]);
	let end = Number.NEGATIVE_INFINITY;
	for (let i = 0; i < sorted.length; i++) {
		const [off, use] = sorted[i];
		if (off < end) {
			use.agrees = false;
			// Everything below that reaches into this one overlaps too.
			for (let j = i - 1; j >= 0 && sorted[j][0] > off - 8; j--) if (sorted[j][0] + sorted[j][1].size > off) sorted[j][1].agrees = false;
		}
		end = Math.max(end, off + use.size);
	}
	const chosen = sorted.filter(([, use]) => use.agrees).sort((a, b) => b[1].count - a[1].count);
	return new Map(chosen.slice(0, MOST_SLOTS).map(([off], i) => [off, FIRST_SLOT + i]));
}

/** A slot register holds the stored bytes zero-extended. */
function asMove(op: Op, slot: number): Op {
	if (op.kind === "store") {
		if (op.size === 8) return alu("mov", 64, slot, op.src, op.imm);
		if (op.size === 4) return alu("mov", 32, slot, op.src, op.imm);
		if (op.src < 0) return alu("mov", 32, slot, -1, op.imm & (op.size === 1 ? 0xff : 0xffff));
		return extract(op.size === 1 ? 8 : 16, slot, op.src);
	}
	if (op.kind !== "load") return op;
	if (op.signed) return movsx(64, (op.size * 8) as 8 | 16 | 32, op.dst, slot);
	return alu("mov", op.size === 8 ? 64 : 32, op.dst, slot, 0);
}
