import type { Block, Inst, IrFunction, Pred, Value } from "../../ir/types.ts";
import type { Pass } from "../pass.ts";
import { swapped } from "../../ir/preds.ts";
import { isConst, isInst, newInst, phisOf, sameValue, terminator, unsigned, wrap } from "../../ir/values.ts";
import { analysesOf, forget } from "../analysis/analyses.ts";

/**
 *     for (i = 0; i < (n < 19 ? n : 19); i++)        →        for (i = 0; i < n && i < 19; i++)
 *
 * What is compared with the lesser or the greater of two numbers, which is for nothing else, is compared with each. That is shorter, in a loop
 * it is not chosen again and again, and the verifier, which walks the loop once for each of the two numbers, walks it once.
 */
export const askBoth: Pass = {
	name: "ask-both",
	run(fn, context) {
		let changed = false;
		for (;;) {
			const { predecessors, users } = analysesOf(fn, context);
			const isOnlyFor = (value: Inst, user: Inst): boolean => users.get(value)?.every((use) => use === user) ?? false;
			const found = fn.blocks.map((block) => chosenAt(block, predecessors, isOnlyFor)).find((one) => one !== null);
			if (found == null) return changed;
			askInstead(fn, found);
			forget(context);
			changed = true;
		}
	},
};

interface Chosen {
	/** Where the number is chosen and where it is asked for. */
	readonly parting: Block;
	readonly join: Block;
	/** The ways between them, which do nothing. */
	readonly between: ReadonlySet<Block>;
	readonly choice: { readonly isLesser: boolean; readonly isSigned: boolean };
	readonly numbers: readonly Value[];
	/** What is asked of the number: `left pred number`. */
	readonly left: Value;
	readonly pred: Pred;
}

function chosenAt(
	join: Block,
	preds: ReadonlyMap<Block, readonly Block[]>,
	isOnlyFor: (value: Inst, user: Inst) => boolean,
): Chosen | null {
	const [phi, test, end] = join.insts;
	if (join.insts.length !== 3 || phi.op !== "phi" || phi.args.length !== 2 || test.op !== "icmp" || end.op !== "branch") return null;
	if (end.args[0] !== test || end.blocks![0] === end.blocks![1] || end.blocks!.includes(join) || phi.ty === "ptr") return null;
	if (!isOnlyFor(phi, test) || !isOnlyFor(test, end)) return null;
	const [left, right] = test.args;
	const isRight = right === phi;
	const other = isRight ? left : right;
	if (other === phi) return null;
	const pred = isRight ? test.attr!.pred! : swapped[test.attr!.pred!];
	if (pred === "eq" || pred === "ne") return null;
	const ways = phi.blocks!;
	const isEmpty = (block: Block): boolean => block.insts.length === 1 && preds.get(block)!.length === 1 && terminator(block).op === "jump";
	// One way leads over a block, or both do.
	const parting = ways.find((way) => terminator(way).op === "branch") ?? preds.get(ways[0])?.[0];
	if (parting === undefined || terminator(parting).op !== "branch") return null;
	const between = new Set(ways.filter((way) => way !== parting));
	if (between.size === 0 || ![...between].every((way) => isEmpty(way) && preds.get(way)![0] === parting)) return null;
	const choice = choiceOf(phi, join, parting);
	if (choice === null || choice.isSigned !== (pred[0] === "s")) return null;
	return { parting, join, between, choice, numbers: phi.args, left: other, pred };
}

/** Whether the phi is the lesser or the greater of what the branch compares. */
function choiceOf(phi: Inst, join: Block, parting: Block): Chosen["choice"] | null {
	const end = terminator(parting);
	const [test] = end.args;
	if (!isInst(test) || test.op !== "icmp") return null;
	const reached = end.blocks![0] === join ? parting : end.blocks![0];
	const [yes, no] = phi.blocks![0] === reached ? phi.args : phi.args.toReversed();
	let pred = test.attr!.pred!;
	let [left, right]: Value[] = test.args;
	if (pred === "eq" || pred === "ne" || left.ty !== phi.ty) return null;
	if (sameValue(left, no) || (isConst(no) && isConst(left))) [left, right, pred] = [right, left, swapped[pred]];
	// `n < 20 ? n : 19` is `n < 19 ? n : 19`: what is chosen instead is one less or more.
	if (!sameValue(left, yes) && isConst(yes)) {
		if (!isSameBound(yes, left, swapped[pred])) return null;
		left = yes;
	}
	if (!sameValue(right, no) && !(isConst(no) && isConst(right) && isSameBound(no, right, pred))) return null;
	return sameValue(left, yes) ? { isLesser: pred[1] === "l", isSigned: pred[0] === "s" } : null;
}

/** `x pred bound` and the same with `chosen` in its place differ at most in where x is `chosen`. */
function isSameBound(chosen: Value, bound: Value, pred: Pred): boolean {
	if (!isConst(chosen) || !isConst(bound)) return false;
	if (chosen.value === bound.value) return true;
	const step = pred === "ult" || pred === "slt" ? -1n : pred === "ugt" || pred === "sgt" ? 1n : 0n;
	const moved = bound.value + step;
	if (step === 0n || wrap(bound.ty, moved) !== chosen.value) return false;
	// Not round the end of the numbers.
	return pred[0] === "s" ? wrap(bound.ty, moved) === moved : unsigned(bound.ty, moved) === unsigned(bound.ty, bound.value) + step;
}

function askInstead(fn: IrFunction, { parting, join, between, choice, numbers, left, pred }: Chosen): void {
	const end = terminator(join);
	const [yes, no] = end.blocks!;
	// Less than the lesser: than both. Less than the greater: than either.
	const isBoth = (pred[1] === "l") === choice.isLesser;
	const [away, first, second] = [isBoth ? no : yes, ...(isConst(numbers[0]) ? numbers.toReversed() : numbers)];
	const ask = (number: Value): Inst => newInst(fn, "icmp", "i32", [left, number], { pred }, end.loc);
	const before = terminator(parting);
	const asked = ask(first);
	parting.insts.splice(-1, 0, asked);
	before.args = [asked];
	before.blocks = isBoth ? [join, away] : [away, join];
	for (const phi of phisOf(away)) {
		phi.args.push(phi.args[phi.blocks!.indexOf(join)]);
		phi.blocks!.push(parting);
	}
	const last = ask(second);
	join.insts = [last, end];
	end.args = [last];
	fn.blocks = fn.blocks.filter((block) => !between.has(block));
}
