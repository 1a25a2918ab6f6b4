import type { Block, Inst, IrFunction, Value } from "../ir/types.ts";
import type { Pass } from "./pass.ts";
import { reversePostorder } from "../ir/cfg.ts";
import { isInst, replaceAll, successors, usersOf } from "../ir/values.ts";

/**
 * Stack slots whose lives are apart share their bytes: 512 of them are all that a program has. A slot lives from its
 * `lifetime` mark to the last instruction that has an address into it; interference is found by backward liveness, and
 * the largest slots are placed first.
 */
export const mergeSlots: Pass = {
	name: "merge-slots",
	run(fn) {
		const users = usersOf(fn);
		const slots: Inst[] = [];
		/** Slots that an instruction's operands point into. */
		const touched = new Map<Inst, number[]>();
		for (const block of fn.blocks) {
			for (const inst of block.insts) {
				if (inst.op !== "alloca") continue;
				const uses = derivedUses(inst, users);
				if (uses === null) continue;
				const index = slots.length;
				slots.push(inst);
				for (const use of uses) {
					const list = touched.get(use);
					if (list === undefined) touched.set(use, [index]);
					else list.push(index);
				}
			}
		}
		if (slots.length < 2) return false;
		const conflicts = interference(fn, slots, touched);
		const map = group(slots, conflicts);
		replaceAll(fn, map);
		return map.size > 0;
	},
};

/** Every instruction that holds an address into the slot; null when the address may outlive those (it is stored). */
function derivedUses(slot: Inst, users: ReadonlyMap<Inst, readonly Inst[]>): Set<Inst> | null {
	const uses = new Set<Inst>();
	const work: Inst[] = [slot];
	const seen = new Set<Inst>(work);
	while (work.length > 0) {
		const address = work.pop()!;
		for (const use of users.get(address) ?? []) {
			uses.add(use);
			if (use.op === "store" && use.args[1] === address) return null;
			if (use.op === "asm" || use.op === "asmgoto" || use.op === "ret" || use.op === "atomic" || use.op === "cmpxchg" || use.op === "storerel") return null;
			const passes = use.op === "ptradd" || use.op === "phi" || use.op === "select" || use.op === "ptrtoint" || use.op === "inttoptr" || use.op === "coreoffset" || use.op === "addrspace" || use.ty === "i64";
			if (passes && use.op !== "load" && use.op !== "call" && !seen.has(use)) {
				seen.add(use);
				work.push(use);
			}
		}
	}
	return uses;
}

type Bits = Uint32Array;

const has = (bits: Bits, i: number): boolean => ((bits[i >>> 5] >>> (i & 31)) & 1) === 1;

function interference(fn: IrFunction, slots: readonly Inst[], touched: ReadonlyMap<Inst, readonly number[]>): Bits[] {
	const words = (slots.length + 31) >>> 5;
	const index = new Map<Value, number>(slots.map((slot, i) => [slot, i]));
	const order = reversePostorder(fn).reverse();
	const liveIn = new Map<Block, Bits>(order.map((block) => [block, new Uint32Array(words)]));
	const conflicts = slots.map(() => new Uint32Array(words));
	const walk = (block: Block, note: ((live: Bits) => void) | null): Bits => {
		const live = new Uint32Array(words);
		for (const next of successors(block)) {
			const after = liveIn.get(next)!;
			for (let i = 0; i < words; i++) live[i] |= after[i];
			// Addresses that flow into a phi are used at the end of this block.
			for (const inst of next.insts) {
				if (inst.op !== "phi") break;
				for (const slot of touched.get(inst) ?? []) live[slot >>> 5] |= 1 << (slot & 31);
			}
		}
		note?.(live);
		for (let at = block.insts.length - 1; at >= 0; at--) {
			const inst = block.insts[at];
			if (inst.op === "lifetime") {
				const slot = isInst(inst.args[0]) ? index.get(inst.args[0]) : undefined;
				if (slot !== undefined) live[slot >>> 5] &= ~(1 << (slot & 31));
				continue;
			}
			const list = touched.get(inst);
			if (list === undefined) continue;
			for (const slot of list) live[slot >>> 5] |= 1 << (slot & 31);
			note?.(live);
		}
		return live;
	};
	for (let changed = true; changed; ) {
		changed = false;
		for (const block of order) {
			const live = walk(block, null);
			const known = liveIn.get(block)!;
			for (let i = 0; i < words; i++) {
				if (known[i] !== live[i]) {
					known[i] = live[i];
					changed = true;
				}
			}
		}
	}
	for (const block of order) {
		walk(block, (live) => {
			for (let i = 0; i < slots.length; i++) if (has(live, i)) for (let w = 0; w < words; w++) conflicts[i][w] |= live[w];
		});
	}
	return conflicts;
}

function group(slots: readonly Inst[], conflicts: readonly Bits[]): Map<Inst, Value> {
	const order = slots.map((_, i) => i).sort((a, b) => slots[b].attr!.size! - slots[a].attr!.size! || a - b);
	const groups: { leader: Inst; members: number[] }[] = [];
	const map = new Map<Inst, Value>();
	for (const i of order) {
		const home = groups.find(({ members }) => members.every((member) => !has(conflicts[i], member)));
		if (home === undefined) {
			groups.push({ leader: slots[i], members: [i] });
			continue;
		}
		home.members.push(i);
		const align = Math.max(home.leader.attr!.align!, slots[i].attr!.align!);
		home.leader.attr = { ...home.leader.attr, align };
		map.set(slots[i], home.leader);
	}
	return map;
}
