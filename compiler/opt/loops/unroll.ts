import type { Block, Const, Inst, IrFunction, IrGlobal, Value } from "../../ir/types.ts";
import type { Loop } from "../../ir/cfg.ts";
import type { Pass } from "../pass.ts";
import type { Analyses } from "../analysis/analyses.ts";
import { loops, predecessors } from "../../ir/cfg.ts";
import { foldOp } from "../../ir/fold.ts";
import { row } from "../../ir/ops.ts";
import { constant, isConst, isInst, newBlock, newInst, phisOf, successors, terminator } from "../../ir/values.ts";
import { isQuestion } from "../analysis/alias.ts";
import { addExitEdges, cloneBlocks, demoteEscaping, foldCopies } from "../control/clone.ts";
import { betweenDistances } from "../scalar/distances.ts";
import { numberAt, unchanging } from "../analysis/constant-objects.ts";
import { mem2reg } from "../memory/mem2reg.ts";
import { baseOf, rootOf } from "../analysis/slots.ts";
import { analysesOf, forget } from "../analysis/analyses.ts";
import { isFree, isOneQuestion } from "./one-question.ts";
import { removeDeadBlocks } from "../control/simplify-cfg.ts";

/**
 * Loops whose number of rounds is a constant become straight code: when `#pragma unroll` asks for it, or when the
 * result is small. The count is found by running the loop's condition on constants; characters of a literal are some.
 */
const MAX_ROUNDS = 4096;
/** clang's limits for -O2: instructions, and how much more when most of them fold. */
const SMALL_RESULT = 150;
const MAX_BOOST = 4;
/** The question whether there is another round, which straight code does not ask. */
const BACK_EDGE = 2;
const MAX_LOOKED_AT = 10;
/** Rounds that LLVM tries of a loop that leaves nothing behind but numbers (`MaxBruteForceIterations`). */
const MAX_COUNTED = 100;
/** Rounds that are wished for when nothing but the most that there can be is known (LLVM's `MaxUpperBound`). */
const MAX_UPPER_BOUND = 8;
/** What a wish may come to (`PragmaUnrollThreshold`); a function with several such loops must still be one that jumps reach across. */
const ASKED_RESULT = 16384;

export const unroll: Pass = {
	name: "unroll",
	run(fn, context) {
		let changed = false;
		// Innermost first; an outer loop is looked at again when its inner ones are gone.
		const fixed = unchanging(context);
		for (let budget = 64; budget > 0; budget--) {
			const known = analysesOf(fn, context);
			const all = loops(fn, known.dominators, known.predecessors);
			const innermost = all.filter((loop) => !all.some((other) => other.parent === loop));
			// One with loops in it is repeated only for who asks for it.
			const asked = all.filter(
				(loop) => !innermost.includes(loop) && loop.latches.some(({ unroll: wish }) => wish !== undefined && wish !== 1),
			);
			let count: number | null = null;
			const candidate = [...innermost, ...asked].find((loop) => (count = rounds(fn, loop, known, fixed, context.cpu)) !== null);
			if (candidate === undefined) break;
			unrollFully(fn, candidate, count!);
			forget(context);
			if (removeDeadBlocks.run(fn, context)) forget(context);
			if (mem2reg.run(fn, context)) forget(context);
			changed = true;
		}
		return changed;
	},
};

/** How often the header is entered when the loop should be unrolled, else null. */
function rounds(fn: IrFunction, loop: Loop, known: Analyses, fixed: ReadonlySet<IrGlobal>, cpu: number): number | null {
	if (loop.latches.length !== 1) return null;
	const [latch] = loop.latches;
	if (latch.unroll === 1) return null;
	const asked = latch.unroll !== undefined;
	for (const block of loop.blocks) if (terminator(block).op === "asmgoto") return null;
	if (known.predecessors.get(loop.header)!.every((pred) => loop.blocks.has(pred))) return null;
	const size = sizeOf(loop, fixed, cpu);
	const limit = asked ? ASKED_RESULT : size.calls ? SMALL_RESULT : SMALL_RESULT * MAX_BOOST;
	const most = Math.min(
		MAX_ROUNDS,
		Math.floor(limit / Math.max(asked ? size.all : size.calls ? size.all - BACK_EDGE : Math.min(size.rest, size.all - BACK_EDGE), 1)) + 1,
	);
	if (most < 2 && !asked) return null;
	const count = countRounds(fn, loop, latch, most, known, fixed);
	if (count === null || asked) return count;
	if (size.rest === 0 && count <= MAX_COUNTED) return count;
	// What depends on the counter alone disappears, so a loop made mostly of that may grow more.
	const straight = (size.all - BACK_EDGE) * (count - 1) + BACK_EDGE;
	if (straight < SMALL_RESULT) return count;
	const looked = !size.calls && count - 1 <= MAX_LOOKED_AT;
	const boost = looked ? Math.min(MAX_BOOST, size.all / Math.max(size.rest, 1)) : 1;
	return looked && size.rest * (count - 1) <= SMALL_RESULT * boost ? count : null;
}

/** To LLVM it is the load of a distance, an addition, and a call that keeps both together. */
const CORE_OFFSET = 3;

/** Before v3 a narrow number is extended by shifts, unless it was loaded, or is a counter, which LLVM makes wide. */
function isExtended({ op, args: [from] }: Inst, phis: readonly Inst[], cpu: number): boolean {
	return op === "zext" && cpu < 3 && isInst(from) && from.op !== "load" && !phis.includes(from);
}

/** Instructions of a round: all of them, and those that stay when the counter is a constant. */
function sizeOf(loop: Loop, fixed: ReadonlySet<IrGlobal>, cpu: number): { all: number; rest: number; calls: boolean } {
	const phis = phisOf(loop.header);
	// Known in each round: it starts as a constant, and what a round makes of it is known if all these are.
	const known = new Set(
		phis.filter((phi) => phi.args.some((arg, i) => isConst(arg) && !loop.blocks.has(phi.blocks![i])) || walks(phi, loop)),
	);
	let counted = new Map<Inst, boolean>();
	/** Of an address: that it is in an object whose bytes are known. */
	const isIn = (address: Value): boolean => {
		const { root } = rootOf(address);
		if (!isInst(root)) return false;
		if (root.op !== "phi") return objectOf(root, fixed) !== null;
		return (
			known.has(root) &&
			root.args.every((arg, i) => loop.blocks.has(root.blocks![i]) || (isInst(arg) && objectOf(rootOf(arg).root, fixed) !== null))
		);
	};
	const folds = (value: Value): boolean => {
		if (isConst(value)) return true;
		if (!isInst(value)) return false;
		const before = counted.get(value);
		if (before !== undefined) return before;
		counted.set(value, false);
		const result =
			known.has(value) ||
			(value.op === "load" && !value.attr!.volatile && isIn(value.args[0]) && folds(value.args[0])) ||
			(row(value.op).does === "pure" &&
				value.args.length > 0 &&
				value.args.every((arg) => folds(arg) || (value.op === "ptradd" && isAddress(arg))));
		counted.set(value, result);
		return result;
	};
	for (let again = true; again; ) {
		again = false;
		counted = new Map();
		for (const phi of known) {
			if (walks(phi, loop) || phi.args.every((arg, i) => !loop.blocks.has(phi.blocks![i]) || folds(arg))) continue;
			known.delete(phi);
			again = true;
		}
	}
	let all = 0;
	let rest = 0;
	let calls = false;
	const inside = new Set<Value>([...loop.blocks].flatMap((block) => block.insts));
	const isQuiet = [...loop.blocks].every((block) =>
		block.insts.every((inst) => isQuestion(inst) || !["effect", "write"].includes(row(inst.op).does)),
	);
	for (const block of loop.blocks) {
		for (const inst of block.insts) {
			if (isFree(inst) && !isExtended(inst, phis, cpu)) continue;
			// Assembly that answers alike in each round is asked once in straight code.
			if (isQuestion(inst) && isQuiet && !inst.args.some((arg) => inside.has(arg))) continue;
			// What is not compared here is compared with zero.
			const cost =
				inst.op === "call"
					? 1 + inst.args.length
					: inst.op === "coreoffset"
						? CORE_OFFSET
						: inst.op === "branch" && isInst(inst.args[0]) && inst.args[0].op !== "icmp"
							? 2
							: 1;
			calls ||= inst.op === "call";
			all += cost;
			if (!(inst.op === "branch" ? folds(inst.args[0]) : folds(inst))) rest += cost;
		}
	}
	return { all, rest, calls };
}

/** The object that an address is of, when nothing changes it. */
function objectOf(root: Value, fixed: ReadonlySet<IrGlobal>): IrGlobal | null {
	if (!isInst(root) || root.op !== "global") return null;
	const global = root.attr!.global!;
	return !("kind" in global) && fixed.has(global) ? global : null;
}

/** A constant distance from it costs nothing. */
const isAddress = (value: Value): boolean => value.ty === "ptr";

/** A pointer that each round moves by a constant. */
function walks(phi: Inst, loop: Loop): boolean {
	return (
		phi.ty === "ptr" &&
		phi.args.every(
			(arg, i) => !loop.blocks.has(phi.blocks![i]) || (isInst(arg) && arg.op === "ptradd" && arg.args[0] === phi && isConst(arg.args[1])),
		)
	);
}

const alike = (a: Known, b: Known): boolean =>
	a.op === "const" ? b.op === "const" && a.value === b.value : b.op === "from" && a.base === b.base && a.offset === b.offset;

/** What a round knows of a value: a constant, or a constant distance from a pointer that the loop does not change. */
type Known = Const | { readonly op: "from"; readonly base: Value; readonly offset: bigint };

interface Scope {
	readonly inside: ReadonlySet<Value>;
	readonly fixed: ReadonlySet<IrGlobal>;
}

function countRounds(fn: IrFunction, loop: Loop, latch: Block, most: number, known: Analyses, fixed: ReadonlySet<IrGlobal>): number | null {
	const phis = phisOf(loop.header);
	const scope: Scope = { inside: new Set<Value>([...loop.blocks].flatMap((block) => block.insts)), fixed };
	const entry = new Map<Inst, Known>();
	for (const phi of phis) {
		const values = phi.args.filter((_, i) => !loop.blocks.has(phi.blocks![i])).map((value) => evaluate(value, new Map(), new Map(), scope));
		const [first] = values;
		if (first !== null && values.every((value) => value !== null && alike(value, first))) entry.set(phi, first);
	}
	const exits = [...loop.blocks].filter(
		(block) =>
			known.dominators.dominates(block, latch) &&
			terminator(block).op === "branch" &&
			successors(block).some((next) => !loop.blocks.has(next)),
	);
	if (exits.length === 0) return null;
	let env = entry;
	const asked = latch.unroll !== undefined;
	for (let round = 1; round <= most; round++) {
		const cache = new Map<Inst, Known | null>();
		let undecided = 0;
		for (const block of exits) {
			const end = terminator(block);
			const condition = evaluate(end.args[0], env, cache, scope);
			if (condition === null || condition.op !== "const") undecided++;
			else if (!loop.blocks.has(end.blocks![condition.value !== 0n ? 0 : 1])) {
				const trips = block === latch ? round : round - 1;
				return (!asked || trips > MAX_UPPER_BOUND) && isOneQuestion(fn, block, loop, known.predecessors) ? null : round;
			}
		}
		if (undecided === exits.length) return null;
		const next = new Map<Inst, Known>();
		for (const phi of phis) {
			const value = evaluate(phi.args[phi.blocks!.indexOf(latch)], env, cache, scope);
			if (value !== null) next.set(phi, value);
		}
		env = next;
	}
	return null;
}

function evaluate(value: Value, env: ReadonlyMap<Inst, Known>, cache: Map<Inst, Known | null>, scope: Scope): Known | null {
	if (isConst(value)) return value;
	if (!isInst(value)) return null;
	const given = env.get(value);
	if (given !== undefined) return given;
	if (value.op === "global") return { op: "from", base: value, offset: 0n };
	if (value.ty === "ptr" && !scope.inside.has(value)) {
		const { base, offset } = baseOf(value);
		return { op: "from", base, offset: BigInt(offset) };
	}
	const known = cache.get(value);
	if (known !== undefined) return known;
	cache.set(value, null);
	const result = evaluateInst(
		value,
		value.args.map((arg) => evaluate(arg, env, cache, scope)),
		scope.fixed,
	);
	cache.set(value, result);
	return result;
}

function evaluateInst(inst: Inst, args: readonly (Known | null)[], fixed: ReadonlySet<IrGlobal>): Known | null {
	if (inst.op === "load") {
		const [address] = args;
		const object = address?.op === "from" && !inst.attr!.volatile && inst.ty !== "ptr" ? objectOf(address.base, fixed) : null;
		return object === null || address?.op !== "from"
			? null
			: numberAt(object, Number(address.offset) + ((address.base as Inst).attr!.offset ?? 0), inst);
	}
	if (row(inst.op).does !== "pure" || inst.op === "isconst") return null;
	const constants: Const[] = [];
	for (const arg of args) {
		if (arg === null) return null;
		if (arg.op === "const") constants.push(arg);
	}
	if (constants.length === args.length) return foldOp(inst.op, inst.ty, constants, inst.attr);
	const [a, b] = args;
	if (inst.op === "ptradd" && a?.op === "from" && b?.op === "const") return { ...a, offset: a.offset + b.value };
	if (inst.op === "icmp" && a?.op === "from" && b?.op === "from" && a.base === b.base)
		return foldOp("icmp", "i32", [constant("i64", a.offset), constant("i64", b.offset)], { pred: betweenDistances(inst.attr!.pred!) });
	return null;
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
		foldCopies(map.values(), values);
		addExitEdges(map, values);
		const head = map.get(loop.header)!;
		const last = terminator(from);
		last.blocks = last.blocks!.map((block) => (block === to ? head : block));
		copies.push(...map.values());
		delete map.get(latch)!.unroll;
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
	const outside = predecessors(fn)
		.get(loop.header)!
		.filter((pred) => !loop.blocks.has(pred));
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
