import { forDefs, forUses, type MBlock, type MFunction, predecessors, successors } from "./machine.ts";

/**
 * Which registers are live at the end of each block: the usual backward data flow over bit sets, repeated until nothing
 * changes. Physical registers take part, so that r1–r5 are seen live into the entry and r0 into an exit.
 */
export class BitSet {
	readonly words: Uint32Array;

	constructor(size: number) {
		this.words = new Uint32Array((size + 31) >>> 5);
	}

	has(i: number): boolean {
		return (this.words[i >>> 5] & (1 << (i & 31))) !== 0;
	}

	add(i: number): void {
		this.words[i >>> 5] |= 1 << (i & 31);
	}

	delete(i: number): void {
		this.words[i >>> 5] &= ~(1 << (i & 31));
	}

	forEach(visit: (i: number) => void): void {
		for (let w = 0; w < this.words.length; w++) {
			let word = this.words[w];
			while (word !== 0) {
				const bit = 31 - Math.clz32(word & -word);
				visit(w * 32 + bit);
				word &= word - 1;
			}
		}
	}

	/** What an instruction sees: all of `out` that `kill` does not define, and `gen`. True when this grew. */
	flow(out: BitSet, gen: BitSet, kill: BitSet): boolean {
		let changed = false;
		for (let w = 0; w < this.words.length; w++) {
			const next = (gen.words[w] | (out.words[w] & ~kill.words[w])) >>> 0;
			if (next !== this.words[w]) {
				this.words[w] = next;
				changed = true;
			}
		}
		return changed;
	}

	union(other: BitSet): void {
		for (let w = 0; w < this.words.length; w++) this.words[w] |= other.words[w];
	}
}

export interface Liveness {
	readonly liveIn: ReadonlyMap<MBlock, BitSet>;
	readonly liveOut: ReadonlyMap<MBlock, BitSet>;
}

export function liveness(fn: MFunction): Liveness {
	const size = fn.nextReg;
	const liveIn = new Map<MBlock, BitSet>();
	const liveOut = new Map<MBlock, BitSet>();
	const gen = new Map<MBlock, BitSet>();
	const kill = new Map<MBlock, BitSet>();
	for (const block of fn.blocks) {
		const uses = new BitSet(size);
		const defs = new BitSet(size);
		for (let i = block.insts.length - 1; i >= 0; i--) {
			const inst = block.insts[i];
			forDefs(inst, (reg) => {
				defs.add(reg);
				uses.delete(reg);
			});
			forUses(inst, (reg) => uses.add(reg));
		}
		gen.set(block, uses);
		kill.set(block, defs);
		liveIn.set(block, new BitSet(size));
		liveOut.set(block, new BitSet(size));
	}
	const preds = predecessors(fn);
	const work = [...fn.blocks];
	const queued = new Set<MBlock>(work);
	while (work.length > 0) {
		const block = work.pop()!;
		queued.delete(block);
		const out = liveOut.get(block)!;
		for (const next of successors(block)) out.union(liveIn.get(next)!);
		if (!liveIn.get(block)!.flow(out, gen.get(block)!, kill.get(block)!)) continue;
		for (const pred of preds.get(block)!) {
			if (queued.has(pred)) continue;
			queued.add(pred);
			work.push(pred);
		}
	}
	return { liveIn, liveOut };
}
