import type { Block, Const, Inst, IrFunction, Value } from "../ir/types.ts";
import type { Loop } from "../ir/cfg.ts";
import type { Pass } from "./pass.ts";
import { dominators, loops, predecessors } from "../ir/cfg.ts";
import { foldOp } from "../ir/fold.ts";
import { row } from "../ir/ops.ts";
import { isConst, isInst, newBlock, newInst, phisOf, successors, terminator } from "../ir/values.ts";
import { addExitEdges, cloneBlocks, demoteEscaping } from "./clone.ts";
import { mem2reg } from "./mem2reg.ts";
import { removeDeadBlocks } from "./simplify-cfg.ts";

/**
 * Loops whose number of rounds is a constant become straight code: when `#pragma unroll` asks for it, or when the
 * result is small. The count is found by running the loop's condition on constants.
 */
const MAX_ROUNDS = 4096;
const SMALL_RESULT = 200;
const ASKED_RESULT = 16384;

export const unroll: Pass = {
	name: "unroll",
	run(fn, context) {
		let changed = false;
		// Innermost first; an outer loop is looked at again when its inner ones are gone.
		for (let budget = 64; budget > 0; budget--) {
			const dom = dominators(fn);
			const all = loops(fn, dom);
			const candidate = all.filter((loop) => !all.some((other) => other.parent === loop)).find((loop) => rounds(fn, loop) !== null);
			if (candidate === undefined) break;
			unrollFully(fn, candidate, rounds(fn, candidate)!);
			removeDeadBlocks.run(fn, context);
			mem2reg.run(fn, context);
			changed = true;
		}
		return changed;
	},
};

/** How often the header is entered when the loop should be unrolled, else null. */
function rounds(fn: IrFunction, loop: Loop): number | null {
	if (loop.latches.length !== 1) return null;
	const [latch] = loop.latches;
	if (latch.unroll === 1) return null;
	const asked = latch.unroll !== undefined;
	for (const block of loop.blocks) if (terminator(block).op === "asmgoto") return null;
	const outside = predecessors(fn).get(loop.header)!.filter((pred) => !loop.blocks.has(pred));
	if (outside.length === 0) return null;
	const size = [...loop.blocks].reduce((sum, block) => sum + block.insts.filter((inst) => !["phi", "jump", "lifetime", "trunc", "ptrtoint", "inttoptr"].includes(inst.op)).length, 0);
	const limit = asked ? ASKED_RESULT : SMALL_RESULT;
	const most = Math.min(MAX_ROUNDS, Math.floor(limit / Math.max(size, 1)) + 1);
	return most < 2 && !asked ? null : countRounds(fn, loop, latch, most);
}

function countRounds(fn: IrFunction, loop: Loop, latch: Block, most: number): number | null {
	const dom = dominators(fn);
	const phis = phisOf(loop.header);
	const entry = new Map<Inst, Value>();
	for (const phi of phis) {
		const values = phi.args.filter((_, i) => !loop.blocks.has(phi.blocks![i]));
		if (values.every((value) => isConst(value) && isConst(values[0]) && value.value === values[0].value)) entry.set(phi, values[0]);
	}
	const exits = [...loop.blocks].filter((block) => dom.dominates(block, latch) && terminator(block).op === "branch" && successors(block).some((next) => !loop.blocks.has(next)));
	if (exits.length === 0) return null;
	let env = entry;
	for (let round = 1; round <= most; round++) {
		const cache = new Map<Inst, Const | null>();
		let undecided = 0;
		for (const block of exits) {
			const end = terminator(block);
			const condition = evaluate(end.args[0], env, cache, loop);
			if (condition === null) undecided++;
			else if (!loop.blocks.has(end.blocks![condition.value !== 0n ? 0 : 1])) return round;
		}
		if (undecided === exits.length) return null;
		const next = new Map<Inst, Value>();
		for (const phi of phis) {
			const value = evaluate(phi.args[phi.blocks!.indexOf(latch)], env, cache, loop);
			if (value !== null) next.set(phi, value);
		}
		env = next;
	}
	return null;
}

function evaluate(value: Value, env: ReadonlyMap<Inst, Value>, cache: Map<Inst, Const | null>, loop: Loop): Const | null {
	if (isConst(value)) return value;
	if (!isInst(value)) return null;
	const given = env.get(value);
	if (given !== undefined) return isConst(given) ? given : null;
	const known = cache.get(value);
	if (known !== undefined) return known;
	cache.set(value, null);
	if (row(value.op).does !== "pure" || value.op === "isconst") return null;
	const args: Value[] = [];
	for (const arg of value.args) {
		const constant = evaluate(arg, env, cache, loop);
		if (constant === null) return null;
		args.push(constant);
	}
	const result = foldOp(value.op, value.ty, args, value.attr);
	cache.set(value, result);
	return result;
}

/** `count` copies of the body in a row; the way back from the last one is never taken. */
function unrollFully(fn: IrFunction, loop: Loop, count: number): void {
	demoteEscaping(fn, loop.blocks);
	const [latch] = loop.latches;
	const preheader = enterOnce(fn, loop);
	const phis = phisOf(loop.header);
	let current = new Map<Inst, Value>(phis.map((phi) => [phi, phi.args[phi.blocks!.indexOf(preheader)]]));
	let from = preheader;
	let to = loop.header;
	const order = fn.blocks.filter((block) => loop.blocks.has(block));
	const at = fn.blocks.indexOf(order[0]);
	const copies: Block[] = [];
	for (let round = 0; round < count; round++) {
		const values = new Map(current);
		const map = cloneBlocks(fn, order, values, "");
		addExitEdges(map, values);
		const head = map.get(loop.header)!;
		const last = terminator(from);
		last.blocks = last.blocks!.map((block) => (block === to ? head : block));
		copies.push(...map.values());
		for (const copy of map.values()) delete copy.unroll;
		from = map.get(latch)!;
		to = head;
		current = new Map(
			phis.map((phi) => {
				const value = phi.args[phi.blocks!.indexOf(latch)];
				return [phi, isInst(value) ? (values.get(value) ?? value) : value];
			}),
		);
	}
	const never = newBlock(fn, "unrolled");
	never.insts.push(newInst(fn, "unreachable", null, []));
	const last = terminator(from);
	last.blocks = last.blocks!.map((block) => (block === to ? never : block));
	fn.blocks.splice(at, 0, ...copies, never);
}

/** One block that all entries go through. */
function enterOnce(fn: IrFunction, loop: Loop): Block {
	const outside = predecessors(fn).get(loop.header)!.filter((pred) => !loop.blocks.has(pred));
	const made = newBlock(fn, "loop.entry");
	for (const phi of phisOf(loop.header)) {
		const values = outside.map((pred) => phi.args[phi.blocks!.indexOf(pred)]);
		const joined = outside.length === 1 ? values[0] : newInst(fn, "phi", phi.ty, values, undefined, phi.loc, outside.slice());
		if (outside.length > 1) made.insts.push(joined as Inst);
		const keep = phi.blocks!.map((block, i) => ({ block, value: phi.args[i] })).filter(({ block }) => loop.blocks.has(block));
		phi.args = [...keep.map(({ value }) => value), joined];
		phi.blocks = [...keep.map(({ block }) => block), made];
	}
	made.insts.push(newInst(fn, "jump", null, [], undefined, null, [loop.header]));
	for (const pred of outside) {
		const end = terminator(pred);
		end.blocks = end.blocks!.map((block) => (block === loop.header ? made : block));
	}
	fn.blocks.splice(fn.blocks.indexOf(loop.header), 0, made);
	return made;
}
