/**
 * Webs: definitions that meet at a use share one representation. A web is wide (64 bits) when some use needs a high half that the low
 * half does not imply; else it is one 32-bit local, and uses extend it as the forward pass knows.
 */
import type { Block, Cfg } from "./cfg.ts";
import type { Op } from "./decode.ts";
import type { Live } from "./liveness.ts";
import type { Draft } from "./representation.ts";
import { definedBy, FLAG } from "./representation.ts";

/** Decides each web's width; fills `wide` and resWide. Returns the entry's mask. */
export function webs(ops: readonly (Op | null)[], cfg: Cfg, registers: number, draft: Draft, live: Live): number {
	const { blocks, entry } = cfg;
	// Nodes: the value of r at the start of block b, and the definition at each slot.
	const defs = blocks.length * registers;
	const parent = new Int32Array(defs + draft.flags.length);
	for (let i = 0; i < parent.length; i++) parent[i] = i;
	const find = (i: number): number => {
		while (parent[i] !== i) i = parent[i] = parent[parent[i]];
		return i;
	};
	const current = new Int32Array(registers);
	const walk = (block: Block, use: (at: number) => void): void => {
		for (let r = 0; r < registers; r++) current[r] = block.id * registers + r;
		for (let pc = block.start; pc < block.end; pc++) {
			const op = ops[pc];
			if (op === null) continue;
			use(pc - entry);
			const dst = definedBy(op);
			if (dst >= 0) current[dst] = defs + pc - entry;
		}
	};
	const wide = new Uint8Array(parent.length);
	const uses: number[] = [];
	for (const block of blocks) {
		walk(block, (at) => {
			for (let mask = draft.wide[at]; mask !== 0; mask &= mask - 1) uses.push(current[31 - Math.clz32(mask & -mask)]);
		});
		for (const to of block.succs) {
			for (let mask = live.low[to] | live.high[to]; mask !== 0; mask &= mask - 1) {
				const r = 31 - Math.clz32(mask & -mask);
				const a = find(current[r]);
				const b = find(to * registers + r);
				if (a !== b) parent[a] = b;
			}
		}
	}
	for (const node of uses) wide[find(node)] = 1;
	for (const block of blocks) {
		let mask = 0;
		for (let r = 0; r < registers; r++) if (wide[find(block.id * registers + r)]) mask |= 1 << r;
		walk(block, (at) => {
			draft.wide[at] = mask;
			const dst = definedBy(ops[at + entry]!);
			if (dst < 0) return;
			if (wide[find(defs + at)]) {
				mask |= 1 << dst;
				draft.flags[at] |= FLAG.resWide;
			} else mask &= ~(1 << dst);
		});
	}
	let mask = 0;
	for (let r = 0; r < registers; r++) if (wide[find(r)]) mask |= 1 << r;
	return mask;
}
