import type { Block, Inst, IrFunction, Op, Value } from "../../ir/types.ts";
import type { Pass } from "../pass.ts";
import { constant, isConst, isInst, newInst, phisOf, replaceAll, unsigned } from "../../ir/values.ts";
import { type Analyses, analysesOf } from "../analysis/analyses.ts";
import { type Ranges, ranges } from "../analysis/ranges.ts";

/**
 *     for (i = 0; (long)i < 38; i++)               for (wide = 0; wide < 38; wide++)
 *         sum += table[(long)i];            →          sum += table[wide];
 *
 * Without 32-bit registers (-mcpu=v1, v2) a counter is extended by two shifts wherever it is asked or used as an index, in every round. One that starts
 * at constants and goes on by constants is counted extended, where its sums do not wrap; its lower half takes no instruction.
 */
export const wideCounters: Pass = {
	name: "wide-counters",
	run(fn, context) {
		if (context.cpu >= 3) return false;
		const analyses = analysesOf(fn, context);
		const replaced = new Map<Inst, Value>();
		let known: Ranges | null = null;
		for (const block of fn.blocks) {
			for (const phi of phisOf(block)) {
				const steps = stepsOf(phi);
				if (steps === null) continue;
				known ??= ranges(analyses.dominators, analyses.predecessors, analyses.home);
				const ops = extensionsOf(phi, steps, analyses, known);
				if (ops.length > 0) widen(fn, phi, block, ops, steps, analyses, replaced);
			}
		}
		replaceAll(fn, replaced);
		return replaced.size > 0;
	},
};

/** The sums that a counter goes on by; null: it is none. */
function stepsOf(phi: Inst): readonly Inst[] | null {
	if (phi.ty !== "i32") return null;
	const steps = phi.args.filter(isInst);
	const isStep = ({ op, args: [from, by] }: Inst): boolean => op === "add" && from === phi && isConst(by);
	return steps.length > 0 && steps.length < phi.args.length && steps.every(isStep) ? steps : null;
}

/**
 * How the counter is extended where it is, if each of its sums extended is the sum of what was extended: both ways where it only grows, and so has no sign.
 * Empty: not at all.
 */
function extensionsOf(phi: Inst, steps: readonly Inst[], analyses: Analyses, known: Ranges): readonly Op[] {
	const used = new Set([phi, ...steps].flatMap((value) => analyses.users.get(value) ?? []).map(({ op }) => op));
	if (!used.has("zext") && !used.has("sext")) return [];
	const by = ({ args: [, step] }: Inst): bigint => (isConst(step) ? step.value : 0n);
	const isSigned = steps.every(({ attr }) => attr?.signed);
	if (isSigned && steps.every((step) => by(step) > 0n) && phi.args.every((arg) => !isConst(arg) || arg.value >= 0n))
		return ["zext", "sext"];
	if (used.has("zext") && used.has("sext")) return [];
	if (used.has("sext")) return isSigned ? ["sext"] : [];
	const fits = steps.every((step) => {
		const { umin, umax } = known.at(phi, analyses.home.get(step)!);
		return by(step) >= 0n ? umax + by(step) <= 0xffffffffn : umin + by(step) >= 0n;
	});
	return fits ? ["zext"] : [];
}

/** How a comparison's other side is extended, so that it has the same answer for both of them extended; undefined: in none of these ways. */
const askedAs = ({ attr }: Inst, ops: readonly Op[]): Op | undefined =>
	ops.find((op) => !attr!.pred!.startsWith(op === "zext" ? "s" : "u"));

const extended = (op: Op, value: bigint): Value => constant("i64", op === "zext" ? unsigned("i32", value) : value);

/** Its users get the wide one where they extend it or ask what that answers too, as a limit does that is extended for it, else the lower half. */
function widen(
	fn: IrFunction,
	phi: Inst,
	block: Block,
	ops: readonly Op[],
	steps: readonly Inst[],
	analyses: Analyses,
	replaced: Map<Inst, Value>,
): void {
	const wide = newInst(fn, "phi", "i64", [], undefined, phi.loc, phi.blocks!.slice());
	block.insts.unshift(wide);
	const halve = (narrow: Inst, whole: Inst, insts: Inst[], at: number): void => {
		const half = newInst(fn, "trunc", "i32", [whole], undefined, narrow.loc);
		insts.splice(at, 0, half);
		replaced.set(narrow, half);
		for (const user of analyses.users.get(narrow)!) {
			if (user.op === "zext" || user.op === "sext") replaced.set(user, whole);
			const op = user.op === "icmp" ? askedAs(user, ops) : undefined;
			if (op !== undefined)
				user.args = user.args.map((arg) =>
					arg === narrow ? whole : isConst(arg) ? extended(op, arg.value) : extend(fn, op, arg, user, analyses),
				);
		}
	};
	halve(phi, wide, block.insts, phisOf(block).length);
	const sums = new Map(
		steps.map((step) => {
			const [, by] = step.args;
			const sum = newInst(fn, "add", "i64", [wide, constant("i64", isConst(by) ? by.value : 0n)], undefined, step.loc);
			const { insts } = analyses.home.get(step)!;
			insts.splice(insts.indexOf(step), 0, sum);
			halve(step, sum, insts, insts.indexOf(sum) + 1);
			return [step, sum];
		}),
	);
	wide.args = phi.args.map((arg) => (isConst(arg) ? extended(ops[0], arg.value) : sums.get(arg as Inst)!));
}

function extend(fn: IrFunction, op: Op, limit: Value, question: Inst, analyses: Analyses): Inst {
	const wide = newInst(fn, op, "i64", [limit], undefined, question.loc);
	const { insts } = analyses.home.get(question)!;
	insts.splice(insts.indexOf(question), 0, wide);
	return wide;
}
