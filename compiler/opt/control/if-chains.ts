import type { Block, Inst, IrFunction, Value } from "../../ir/types.ts";
import type { Pass } from "../pass.ts";
import { predecessors } from "../../ir/cfg.ts";
import { isConst, newBlock, newInst, phisOf, removePhiEdge, terminator } from "../../ir/values.ts";
import { type Case, clustersOf, rangesOf } from "./case-sets.ts";

/**
 * `if (x == 1) … else if (x == 2) … else …` asked of one value is a switch, when that makes it shorter: numbers side by side that do the same
 * (or whose result is the number itself, `forward-switch.ts`) become ranges, others a mask (`case-sets.ts`). Runs before switches are lowered; clang does it always.
 */
export const ifChains: Pass = {
	name: "if-chains",
	run(fn) {
		const preds = predecessors(fn);
		const inner = new Set<Block>();
		let changed = false;
		for (const block of fn.blocks.slice()) {
			if (inner.has(block)) continue;
			const chain = follow(block, preds);
			if (chain.length < LEAST) continue;
			for (const { block: link } of chain.slice(1)) inner.add(link);
			if (!isShorter(chain)) continue;
			replace(fn, chain);
			changed = true;
		}
		return changed;
	},
};

const LEAST = 2;
/** So many questions are worth a set. */
const LEAST_FOR_SETS = 3;
/** Without a set of them, ranges come to less from here on. */
const LEAST_FOR_RANGES = 4;

interface Link {
	readonly block: Block;
	readonly value: Value;
	readonly number: bigint;
	readonly equal: Block;
	readonly other: Block;
}

function linkOf(block: Block): Link | null {
	const end = terminator(block);
	if (end.op !== "branch" || end.args[0].op !== "icmp") return null;
	const test = end.args[0];
	const [value, right] = test.args;
	const { pred } = test.attr!;
	if ((pred !== "eq" && pred !== "ne") || !isConst(right) || value.ty === "ptr" || isConst(value)) return null;
	const [then, otherwise] = end.blocks!;
	if (then === otherwise) return null;
	return { block, value, number: right.value, equal: pred === "eq" ? then : otherwise, other: pred === "eq" ? otherwise : then };
}

function follow(block: Block, preds: ReadonlyMap<Block, readonly Block[]>): Link[] {
	const chain: Link[] = [];
	const first = linkOf(block);
	for (let link = first; link !== null && link.value === first!.value; ) {
		chain.push(link);
		const next = link.other;
		// A link does nothing but ask.
		if (preds.get(next)!.length !== 1 || next.insts.length !== 2 || next.insts[0] !== terminator(next).args[0]) break;
		link = linkOf(next);
	}
	return chain;
}

/** At most two questions in the place of three, or one in the place of `x == 0 || x == 1`, which is x ≤ 1. */
function isShorter(chain: readonly Link[]): boolean {
	const ids = new Map<Block, number>();
	const cases = new Map<bigint, Case<string>>();
	// The first of two equal questions decides.
	for (const link of chain)
		if (!cases.has(link.number)) cases.set(link.number, { from: link.number, to: link.number, target: outcomeOf(link, ids) });
	const ranges = rangesOf([...cases.values()]);
	const questions = ranges.map(({ from, to }) => (from === to || from === 0n ? 1 : 2)).reduce((a, b) => a + b, 0);
	if (questions < chain.length && ranges.some(({ from, to }) => from === 0n && to > 0n)) return true;
	if (chain.length < LEAST_FOR_SETS) return false;
	const clusters = clustersOf(ranges);
	return clusters.length * 3 <= chain.length * 2 && (chain.length >= LEAST_FOR_RANGES || clusters.length < ranges.length);
}

/** Where an equal number leads and what it brings there; the number itself is written x. */
function outcomeOf(link: Link, ids: Map<Block, number>): string {
	let from = link.block;
	let target = link.equal;
	if (target.insts.length === 1 && terminator(target).op === "jump") {
		from = target;
		target = terminator(target).blocks![0];
	}
	let id = ids.get(target);
	if (id === undefined) ids.set(target, (id = ids.size));
	const brought = phisOf(target).map((phi) => {
		const arg = phi.args[phi.blocks!.indexOf(from)];
		if (isConst(arg)) return arg.value === link.number && phi.ty === link.value.ty ? "x" : `${arg.value}`;
		return arg.op === "undef" ? "undef" : `%${arg.id}`;
	});
	return `${id} ${brought.join(" ")}`;
}

function replace(fn: IrFunction, chain: readonly Link[]): void {
	const [first] = chain;
	const last = chain[chain.length - 1];
	const end = terminator(first.block);
	const cases: bigint[] = [];
	const targets: Block[] = [];
	for (const link of chain) {
		// The first of two equal questions decides.
		if (cases.includes(link.number)) {
			removePhiEdge(link.equal, link.block);
			continue;
		}
		cases.push(link.number);
		targets.push(forward(fn, link.block, link.equal, end.loc));
	}
	const fallback = forward(fn, last.block, last.other, end.loc);
	end.op = "switch";
	end.args = [first.value];
	end.blocks = [fallback, ...targets];
	end.attr = { cases };
	for (const { block } of chain.slice(1)) block.insts = [newInst(fn, "unreachable", null, [])];
	const gone = new Set(chain.slice(1).map(({ block }) => block));
	fn.blocks = fn.blocks.filter((block) => !gone.has(block));
}

/** A block of its own for an edge, so that phis tell it from the others. */
function forward(fn: IrFunction, from: Block, target: Block, loc: Inst["loc"]): Block {
	if (target.insts[0].op !== "phi") return target;
	const made = newBlock(fn, "case");
	made.insts.push(newInst(fn, "jump", null, [], undefined, loc, [target]));
	for (const phi of phisOf(target)) phi.blocks = phi.blocks!.map((block) => (block === from ? made : block));
	fn.blocks.splice(fn.blocks.indexOf(from) + 1, 0, made);
	return made;
}
