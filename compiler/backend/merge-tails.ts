import { keyOf, mergeable } from "./code-key.ts";
import { forArguments, forDefs, FRAME, goTo, type MBlock, type MFunction, type MInst, NONE, type Reg } from "./machine.ts";

/**
 * Blocks that end alike and go on to the same place get one end: errors that are reported in many places of a function
 * are most of what this finds (LLVM does it in `BranchFolding.cpp`). Registers are given already, so "alike" is "the same instructions".
 *
 * The kernel's verifier allows one instruction to access memory through pointers of one kind only, and wants to know which map a call
 * is for. So a tail is common only as far as the addresses in it are the same on all ways there: made in the tail, the frame's, or in a
 * register that is written once in the whole function.
 */
export function mergeTails(fn: MFunction): boolean {
	const once = writtenOnce(fn);
	const ids = new Map<object, number>();
	const idOf = (object: object): number => {
		let id = ids.get(object);
		if (id === undefined) ids.set(object, (id = ids.size));
		return id;
	};
	let changed = false;
	for (const group of groupsByEnd(fn)) {
		let ends = group.map((block): End => ({ block, keys: keysOf(block, idOf) }));
		for (;;) {
			const tail = mergeLongest(fn, ends, once);
			if (tail === null) break;
			changed = true;
			// Blocks that were cut end elsewhere now.
			ends = ends
				.filter(({ block }) => block === tail || lastOf(block).blocks[0] !== tail)
				.map(({ block }) => ({ block, keys: keysOf(block, idOf) }));
			if (!ends.some(({ block }) => block === tail)) ends.push({ block: tail, keys: keysOf(tail, idOf) });
		}
	}
	return changed;
}

/** A block and its instructions as text, from the last one before the jump up. */
interface End {
	readonly block: MBlock;
	readonly keys: readonly string[];
}

const lastOf = (block: MBlock): MInst => block.insts[block.insts.length - 1];

/** Beyond this nothing is gained that the compile time would be worth. */
const LONGEST = 64;

function keysOf(block: MBlock, idOf: (object: object) => number): string[] {
	const keys: string[] = [];
	for (let i = block.insts.length - 2; i >= 0 && keys.length < LONGEST && mergeable(block.insts[i]); i--)
		keys.push(keyOf(block.insts[i], idOf));
	return keys;
}

function groupsByEnd(fn: MFunction): MBlock[][] {
	const groups = new Map<string, MBlock[]>();
	for (const block of fn.blocks) {
		const last = block.insts[block.insts.length - 1];
		if (last === undefined || block === fn.blocks[0] || (last.kind !== "goto" && last.kind !== "exit")) continue;
		const key = last.kind === "exit" ? `exit ${last.args}` : `goto ${last.blocks[0].id}`;
		const list = groups.get(key);
		if (list === undefined) groups.set(key, [block]);
		else list.push(block);
	}
	return [...groups.values()].filter((group) => group.length > 1);
}

/** The longest tail that two of the blocks share becomes a block of its own, for all that end in it; null: none is worth it. */
function mergeLongest(fn: MFunction, ends: readonly End[], once: ReadonlySet<Reg>): MBlock | null {
	// Sorted by their ends, those with the longest common ones stand side by side.
	const sorted = ends.map((end) => ({ ...end, text: end.keys.join("|") })).sort((a, b) => (a.text < b.text ? -1 : a.text > b.text ? 1 : 0));
	let best = 0;
	let at = -1;
	for (let i = 0; i + 1 < sorted.length; i++) {
		const length = usable(sorted[i], equal(sorted[i], sorted[i + 1]), once);
		if (length > best) {
			best = length;
			at = i;
		}
	}
	if (at < 0) return null;
	const model = sorted[at];
	const members = sorted.filter((end) => end === model || equal(model, end) >= best).map((end) => end.block);
	// A jump to the tail is one instruction, too.
	const exits = lastOf(model.block).kind === "exit";
	if ((members.length - 1) * best < (exits ? 1 : 2)) return null;
	// A block that is nothing but the tail can be the tail.
	let tail = members.find((block) => block.insts.length === best + 1);
	if (tail === undefined) {
		tail = {
			id: fn.nextBlock++,
			insts: model.block.insts.slice(-best - 1),
			depth: Math.min(...members.map((block) => block.depth)),
			rounds: Math.max(...members.map((block) => block.rounds)),
			name: `${model.block.name}.tail`,
		};
		fn.blocks.push(tail);
	}
	for (let back = 1; back <= best + 1; back++) {
		// Of lines that share code the last one stands for it: what is wrong at an exit is rarely wrong at an early one.
		const locs = members.map((block) => block.insts[block.insts.length - back].loc).filter((loc) => loc !== null);
		const at = tail.insts.length - back;
		if (locs.length > 0) tail.insts[at] = { ...tail.insts[at], loc: locs.reduce((a, b) => (b.from > a.from ? b : a)) };
	}
	for (const block of members) {
		if (block === tail) continue;
		const cut = block.insts.length - best - 1;
		block.insts.splice(cut, best + 1, goTo(tail, block.insts[cut].loc));
	}
	return tail;
}

function equal(a: End, b: End): number {
	let length = 0;
	while (length < a.keys.length && length < b.keys.length && a.keys[length] === b.keys[length]) length++;
	return length;
}

/** Up to `limit` instructions, of which those that need an address from outside are not the first. */
function usable(end: End, limit: number, once: ReadonlySet<Reg>): number {
	const { insts } = end.block;
	/** Registers that hold an address where the tail seen so far begins. */
	const open = new Set<Reg>();
	const need = (reg: Reg): void => {
		if (reg !== NONE && reg !== FRAME && !once.has(reg)) open.add(reg);
	};
	let best = 0;
	for (let length = 1; length <= limit; length++) {
		const inst = insts[insts.length - 1 - length];
		let carries = false;
		forDefs(inst, (reg) => {
			if (open.delete(reg)) carries = true;
		});
		switch (inst.kind) {
			case "alu":
				// An address that is moved or copied was one before.
				if (!carries) break;
				if (inst.op !== "mov") need(inst.dst);
				need(inst.src);
				break;
			case "cast":
				if (carries) need(inst.src);
				break;
			case "load":
			case "load_acquire":
				need(inst.src);
				break;
			case "store":
			case "store_release":
			case "atomic":
				need(inst.dst);
				break;
			case "call":
				forArguments(inst, need);
				break;
			case "packet":
				need(6);
				break;
		}
		if (open.size === 0) best = length;
	}
	return best;
}

function writtenOnce(fn: MFunction): Set<Reg> {
	const counts = new Map<Reg, number>();
	for (const param of fn.ir.params) counts.set((param.attr?.param ?? 0) + 1, 1);
	for (const block of fn.blocks) for (const inst of block.insts) forDefs(inst, (reg) => counts.set(reg, (counts.get(reg) ?? 0) + 1));
	return new Set([...counts].filter(([, count]) => count === 1).map(([reg]) => reg));
}
