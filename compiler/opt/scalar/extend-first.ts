import type { Block, Inst, IrFunction, Op } from "../../ir/types.ts";
import type { Pass } from "../pass.ts";
import { constant, isConst, isInst, newInst, phisOf, replaceAll, terminator, unsigned } from "../../ir/values.ts";
import { type Analyses, analysesOf } from "../analysis/analyses.ts";
import { type Ranges, ranges } from "../analysis/ranges.ts";
import { isQuestion } from "./compare-extended.ts";

/**
 *     if (i >= 10) return;                       wide = (long)i;
 *     p = table + (long)i;              →        if (i >= 10) return;
 *                                                p = table + wide;
 *
 * Without 32-bit registers (-mcpu=v1, v2) a question extends what it asks, with two shifts on a copy, and so does each use as an index, of which the
 * verifier then does not know the answer. A number that is extended behind a question is extended in front of it, once; `compare-extended.ts` has
 * the extended one asked. So is one that is only asked, but more than once (the cases of a switch), with its sign where it can be: what is negative fits
 * an instruction then; so is one that is extended without its sign behind `if (i >= 0)`, where it has none. And so is one that is passed on with others behind the question (`min(size, sizeof(buffer))`): the phi joins what was asked.
 */
export const extendFirst: Pass = {
	name: "extend-first",
	run(fn, context) {
		if (context.cpu >= 3) return false;
		const analyses = analysesOf(fn, context);
		const replaced = new Map<Inst, Inst>();
		const joined = fn.blocks.flatMap((block) => phisOf(block).filter((phi) => extendJoined(fn, phi, block, analyses, replaced)));
		const numbers = new Set(joined.flatMap(({ args }) => args));
		const asked = [...analyses.users].filter(([narrow, users]) => !numbers.has(narrow) && extendAsked(fn, narrow, users, analyses));
		let changed = asked.length > 0 || joined.length > 0;
		const positive = notNegative(analyses);
		for (const [narrow, users] of analyses.users) {
			let done = false;
			for (const op of ["zext", "sext"] as const) {
				const [wide, ...others] = users.filter(
					(user) => user.ty === "i64" && (user.op === op || (op === "sext" && !done && user.op === "zext" && positive(user))),
				);
				if (wide === undefined) continue;
				const questions = users.filter((user) => isQuestion(user, narrow, op));
				const first = analyses.firstOf(questions, [wide, ...others, ...questions]);
				if (first === undefined) continue;
				done = true;
				wide.op = op;
				const from = analyses.home.get(wide)!.insts;
				from.splice(from.indexOf(wide), 1);
				const to = analyses.home.get(first)!.insts;
				to.splice(to.indexOf(first), 0, wide);
				for (const other of others) replaced.set(other, wide);
				changed = true;
			}
		}
		replaceAll(fn, replaced);
		return changed;
	},
};

/** Whether what is extended there has no sign, as the branches on the way say. */
function notNegative(analyses: Analyses): (extension: Inst) => boolean {
	let known: Ranges | null = null;
	return (extension) => {
		known ??= ranges(analyses.dominators, analyses.predecessors, analyses.home);
		return known.at(extension.args[0], analyses.home.get(extension)!).smin >= 0n;
	};
}

/** What may leave something above its 32 bits there. */
const UNEXTENDED: ReadonlySet<Op> = new Set(["call", "param", "trunc", "add", "sub", "mul", "neg", "shl"]);

function extendAsked(fn: IrFunction, narrow: Inst, users: readonly Inst[], analyses: Analyses): boolean {
	if (narrow.ty !== "i32" || !UNEXTENDED.has(narrow.op) || users.some(({ op }) => op === "zext" || op === "sext")) return false;
	for (const op of ["sext", "zext"] as const) {
		const questions = users.filter((user) => isQuestion(user, narrow, op));
		const first = analyses.firstOf(questions);
		if (first === undefined || questions.length < 2 || questions.length < users.filter((user) => user.op === "icmp").length) continue;
		const to = analyses.home.get(first)!.insts;
		to.splice(to.indexOf(first), 0, newInst(fn, op, "i64", [narrow], undefined, first.loc));
		return true;
	}
	return false;
}

/** A phi that calls are given, of constants and of one number that was asked, joins the extended number; what it was is its lower half. */
function extendJoined(fn: IrFunction, phi: Inst, block: Block, analyses: Analyses, replaced: Map<Inst, Inst>): boolean {
	const numbers = phi.args.filter(isInst);
	const [narrow] = numbers;
	const users = analyses.users.get(phi) ?? [];
	if (
		phi.ty !== "i32" ||
		numbers.length !== 1 ||
		!phi.args.every((arg) => arg === narrow || isConst(arg)) ||
		!users.some(({ op }) => op === "call")
	)
		return false;
	const from = terminator(phi.blocks![phi.args.indexOf(narrow)]);
	const all = analyses.users.get(narrow)!.filter(({ op }) => op === "icmp");
	for (const op of ["sext", "zext"] as const) {
		const question = analyses.firstOf(all);
		if (question === undefined || !analyses.isBefore(question, from) || !all.every((user) => isQuestion(user, narrow, op))) continue;
		const wide = newInst(fn, op, "i64", [narrow], undefined, question.loc);
		const to = analyses.home.get(question)!.insts;
		to.splice(to.indexOf(question), 0, wide);
		const args = phi.args.map((arg) => (isConst(arg) ? constant("i64", op === "zext" ? unsigned("i32", arg.value) : arg.value) : wide));
		const both = newInst(fn, "phi", "i64", args, undefined, phi.loc, phi.blocks!.slice());
		const half = newInst(fn, "trunc", "i32", [both], undefined, phi.loc);
		block.insts.splice(phisOf(block).length, 0, half);
		block.insts.unshift(both);
		replaced.set(phi, half);
		return true;
	}
	return false;
}
