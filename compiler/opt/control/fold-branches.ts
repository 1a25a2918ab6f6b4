import type { Block, Const, Inst, IrFunction, Pred, Value } from "../../ir/types.ts";
import type { Pass } from "../pass.ts";
import { either, negated, swapped } from "../../ir/preds.ts";
import {
	constant,
	exponentOf,
	isConst,
	isImmediate,
	isInst,
	newInst,
	phisOf,
	removePhiEdge,
	sameValue,
	terminator,
	unsigned,
} from "../../ir/values.ts";
import { analysesOf, forget } from "../analysis/analyses.ts";

/**
 * Two questions about one value that lead to the same place are asked at once: `i < 0 || i >= N` is one unsigned comparison,
 * `a < b || a > b` asks whether they differ, and tests of several bits of a word are one test under a mask. The value that is
 * compared stays the value that is used: nothing is subtracted from it, so the verifier learns its bounds.
 */
export const foldBranches: Pass = {
	name: "fold-branches",
	run(fn, context) {
		let changed = false;
		for (let again = true; again; ) {
			again = false;
			const known = analysesOf(fn, context);
			const preds = known.predecessors;
			const usersNow = (): ReadonlyMap<Inst, readonly Inst[]> => known.users;
			const gone = new Set<Block>();
			for (const block of fn.blocks) if (!gone.has(block) && foldAt(fn, block, preds, usersNow, gone)) again = changed = true;
			if (again) forget(context);
			if (gone.size > 0) fn.blocks = fn.blocks.filter((block) => !gone.has(block));
		}
		return changed;
	},
};

function foldAt(
	fn: IrFunction,
	block: Block,
	preds: ReadonlyMap<Block, readonly Block[]>,
	users: () => ReadonlyMap<Inst, readonly Inst[]>,
	gone: Set<Block>,
): boolean {
	const end = terminator(block);
	if (end.op !== "branch" || question(end) === null) return false;
	for (const side of [0, 1]) {
		const second = end.blocks![side];
		const shared = end.blocks![1 - side];
		if (second === shared || second === block || gone.has(second) || preds.get(second)!.length !== 1) continue;
		const next = terminator(second);
		if (next.op !== "branch" || question(next) === null || !next.blocks!.includes(shared) || next.blocks![0] === next.blocks![1]) continue;
		if (phisOf(shared).some((phi) => !sameValue(phi.args[phi.blocks!.indexOf(block)], phi.args[phi.blocks!.indexOf(second)]))) continue;
		const one = leadsTo(end, shared);
		const other = leadsTo(next, shared);
		const both = ofSame(one, other) ?? outOfRange(one, other) ?? outOfRange(other, one) ?? underMask(one, other);
		if (both === null || !onlyAsks(second, users())) continue;
		const rest = next.blocks!.find((to) => to !== shared)!;
		const { loc } = end;
		const made: Inst[] = [];
		let left = both.left;
		if (both.mask !== null) {
			const masked = newInst(fn, "and", left.ty, [left, both.mask], undefined, loc);
			made.push(masked);
			left = masked;
		}
		const test = newInst(fn, "icmp", "i32", [left, both.right], { pred: both.pred }, loc);
		block.insts.splice(block.insts.length - 1, 0, ...made, test);
		end.args = [test];
		end.blocks = [shared, rest];
		removePhiEdge(shared, second);
		for (const phi of phisOf(rest)) phi.blocks = phi.blocks!.map((from) => (from === second ? block : from));
		gone.add(second);
		return true;
	}
	return false;
}

/** Nothing in the block is for anything but its branch. */
function onlyAsks(block: Block, users: ReadonlyMap<Inst, readonly Inst[]>): boolean {
	const own = new Set(block.insts);
	const end = terminator(block);
	return block.insts.every(
		(inst) =>
			inst === end || (["icmp", "and", "lshr", "trunc", "zext"].includes(inst.op) && (users.get(inst) ?? []).every((use) => own.has(use))),
	);
}

interface Question {
	readonly pred: Pred;
	readonly left: Value;
	readonly right: Value;
}

/** What a branch asks; a number alone is asked whether it is 0. */
function question(branch: Inst): Question | null {
	const [test] = branch.args;
	if (!isInst(test)) return null;
	if (test.op !== "icmp") return { pred: "ne", left: test, right: constant(test.ty!, 0) };
	const [left, right] = test.args;
	return left.ty !== "ptr" ? { pred: test.attr!.pred!, left, right } : null;
}

/** What must hold to get to the block. */
function leadsTo(branch: Inst, target: Block): Question {
	const asked = question(branch)!;
	return branch.blocks![0] === target ? asked : { ...asked, pred: negated[asked.pred] };
}

type Answer = { readonly left: Value; readonly mask: Const | null; readonly pred: Pred; readonly right: Value } | null;

/** a < b or a > b: a ≠ b, and the like. */
function ofSame(one: Question, other: Question): Answer {
	const isSame = one.left === other.left && sameValue(one.right, other.right);
	if (!isSame && (one.left !== other.right || one.right !== other.left)) return null;
	const pred = either(one.pred, isSame ? other.pred : swapped[other.pred]);
	return pred === null || pred === true ? null : { left: one.left, mask: null, pred, right: one.right };
}

/** x < 0 or x ≥ c: as an unsigned number x ≥ c. */
function outOfRange(low: Question, high: Question): Answer {
	if (low.left !== high.left || low.pred !== "slt" || !isConst(low.right) || low.right.value !== 0n) return null;
	if (!isConst(high.right) || high.right.value < 0n) return null;
	if (high.pred === "sge" || high.pred === "uge") return { left: low.left, mask: null, pred: "uge", right: high.right };
	if (high.pred === "sgt" || high.pred === "ugt") return { left: low.left, mask: null, pred: "ugt", right: high.right };
	return null;
}

interface Masked {
	readonly value: Value;
	readonly mask: bigint;
	readonly wanted: bigint;
}

/** (x & m) ≠ v, or the same said of a single bit by =. */
function masked({ pred, left, right }: Question): Masked | null {
	if (!isInst(left) || left.op !== "and" || !isConst(left.args[1]) || !isConst(right)) return null;
	const mask = unsigned(left.ty!, left.args[1].value);
	const number = unsigned(left.ty!, right.value);
	if (pred === "ne") return { value: left.args[0], mask, wanted: number };
	if (pred !== "eq" || exponentOf(mask) === null || (number !== 0n && number !== mask)) return null;
	return { value: left.args[0], mask, wanted: number === 0n ? mask : 0n };
}

/** (x & m) ≠ v or (x & n) ≠ w: (x & (m | n)) ≠ (v | w). */
function underMask(one: Question, other: Question): Answer {
	const a = masked(one);
	const b = masked(other);
	if (a === null || b === null || !sameValue(a.value, b.value) || (a.mask & b.mask & (a.wanted ^ b.wanted)) !== 0n) return null;
	const ty = a.value.ty!;
	const right = constant(ty, a.wanted | b.wanted);
	const mask = constant(ty, a.mask | b.mask);
	// Both must fit an instruction.
	if (!isImmediate(ty, mask.value) || !isImmediate(ty, right.value)) return null;
	return { left: a.value, mask, pred: "ne", right };
}
