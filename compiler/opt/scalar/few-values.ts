import type { Block, Const, Inst, IrFunction, Pred, Value } from "../../ir/types.ts";
import type { Pass } from "../pass.ts";
import { foldOp } from "../../ir/fold.ts";
import { negated } from "../../ir/preds.ts";
import { isComputation } from "../../ir/ops.ts";
import { constant, isConst, isInst, newInst, phisOf, replaceAll, terminator } from "../../ir/values.ts";
import { analysesOf } from "../analysis/analyses.ts";
import { narrowSwitch } from "../control/narrow-switch.ts";

/**
 * What is one of a few constants: `point = proxy ? FROM_PROXY : FROM_HOST;` and, far below, `switch (point)`. What comes out the same for each
 * of them is a constant, and cases that are none of them go. Ranges do not see that, since the constants need not be neighbours.
 */
export const fewValues: Pass = {
	name: "few-values",
	run(fn, context) {
		const values = new FewValues();
		const map = new Map<Inst, Value>();
		const { users } = analysesOf(fn, context);
		for (const block of fn.blocks) for (const phi of phisOf(block)) meetAnswers(fn, block, phi, users.get(phi) ?? [], values, map);
		let changed = false;
		for (const block of fn.blocks) {
			for (const inst of block.insts) {
				if (inst.ty === null) continue;
				const of = values.of(inst);
				if (of?.length === 1) map.set(inst, of[0]);
				else if (inst.op === "icmp" && asksAgain(inst)) changed = true;
			}
			if (terminator(block).op === "switch" && narrow(block, values)) changed = true;
		}
		replaceAll(fn, map);
		if (map.size > 0) for (const block of fn.blocks) block.insts = block.insts.filter((inst) => !map.has(inst));
		return changed || map.size > 0;
	},
};

/** Constants of one value, and combinations of two values' that are tried. */
const MOST = 8;
const MOST_PAIRS = 16;
/** Operations between the constants and the value. */
const DEEPEST = 10;

const ANSWERS: readonly [Const, Const] = [constant("i32", 0), constant("i32", 1)];

class FewValues {
	/** Null: it may be more than a few, or none of them constants. */
	readonly #known = new Map<Inst, readonly Const[] | null>();

	of(value: Value, depth = 0): readonly Const[] | null {
		if (isConst(value)) return [value];
		if (!isInst(value) || value.ty === null || depth > DEEPEST) return null;
		const known = this.#known.get(value);
		if (known !== undefined) return known;
		// What a loop carries depends on itself.
		this.#known.set(value, null);
		const found = this.#find(value, depth + 1);
		this.#known.set(value, found);
		return found;
	}

	#find(inst: Inst, depth: number): readonly Const[] | null {
		switch (inst.op) {
			case "phi":
				return this.#union(inst.args, depth);
			case "select":
				return this.#union(inst.args.slice(1), depth);
			case "icmp":
				return this.#computed(inst, depth) ?? ANSWERS;
			default:
				return isComputation(inst.op) ? this.#computed(inst, depth) : null;
		}
	}

	#union(args: readonly Value[], depth: number): readonly Const[] | null {
		const all: Const[] = [];
		for (const arg of args) {
			const some = this.of(arg, depth);
			if (some === null) return null;
			for (const one of some) add(all, one);
			if (all.length > MOST) return null;
		}
		return all;
	}

	#computed(inst: Inst, depth: number): readonly Const[] | null {
		if (inst.args.length === 0 || inst.args.length > 2) return null;
		const left = this.of(inst.args[0], depth);
		if (left === null) return null;
		const right = inst.args.length === 2 ? this.of(inst.args[1], depth) : [null];
		if (right === null || left.length * right.length > MOST_PAIRS) return null;
		const all: Const[] = [];
		for (const a of left) {
			for (const b of right) {
				const result = foldOp(inst.op, inst.ty, b === null ? [a] : [a, b], inst.attr);
				if (result === null) return null;
				add(all, result);
			}
		}
		return all.length > MOST ? null : all;
	}
}

function add(all: Const[], one: Const): void {
	if (!all.some(({ value }) => value === one.value)) all.push(one);
}

/** Replaces what asks one question of a phi by a phi of the answers, if some of its constants have the same. */
function meetAnswers(fn: IrFunction, block: Block, phi: Inst, users: readonly Inst[], values: FewValues, map: Map<Inst, Value>): void {
	const question = questionOf(phi, users);
	if (question === null) return;
	const numbers = new Set<bigint>();
	const answers: Const[] = [];
	for (const arg of phi.args) {
		const some = values.of(arg);
		if (some === null) return;
		const [answer, ...others] = some.map((one) => foldOp("icmp", "i32", [one, question.right], { pred: question.pred }));
		if (answer === null || !isConst(answer) || others.some((other) => other === null || !isConst(other) || other.value !== answer.value))
			return;
		for (const { value } of some) numbers.add(value);
		answers.push(answer);
	}
	if (numbers.size <= new Set(answers.map(({ value }) => value)).size) return;
	const met = newInst(fn, "phi", "i32", answers, undefined, phi.loc, phi.blocks!.slice());
	block.insts.splice(phisOf(block).length, 0, met);
	for (const user of users) {
		if (user.op === "icmp") map.set(user, met);
		else user.args = [met];
	}
}

/** A comparison of what is computed from one answer asks for that answer: `(x == 31) << 5 != 0`. True if it now says so itself. */
function asksAgain(inst: Inst): boolean {
	const left = fromAnswer(inst.args[0], DEEPEST);
	if (left === null || left.question === inst.args[0] || !isConst(inst.args[1])) return false;
	const [no, yes] = left.values.map((value) => foldOp("icmp", "i32", [value, inst.args[1]], inst.attr));
	if (no === null || yes === null || no.value === yes.value) return false;
	const { pred } = left.question.attr!;
	inst.args = left.question.args.slice();
	inst.attr = { pred: yes.value === 1n ? pred : negated[pred!] };
	return true;
}

/** What a value is for each answer to the one question that it is computed from. */
function fromAnswer(value: Value, depth: number): { readonly question: Inst; readonly values: readonly [Const, Const] } | null {
	if (!isInst(value) || depth === 0 || value.ty === null) return null;
	if (value.op === "icmp") return { question: value, values: ANSWERS };
	if (!isComputation(value.op) || value.args.length > 2) return null;
	const at = value.args.findIndex((arg) => !isConst(arg));
	if (at < 0 || value.args.some((arg, i) => i !== at && !isConst(arg))) return null;
	const from = fromAnswer(value.args[at], depth - 1);
	if (from === null) return null;
	const [no, yes] = from.values.map((answer) =>
		foldOp(
			value.op,
			value.ty!,
			value.args.map((arg, i) => (i === at ? answer : arg)),
			value.attr,
		),
	);
	return no === null || yes === null ? null : { question: from.question, values: [no, yes] };
}

/** What all users ask. */
function questionOf(phi: Inst, users: readonly Inst[]): { readonly pred: Pred; readonly right: Const } | null {
	let found: { readonly pred: Pred; readonly right: Const } | null = null;
	if (phi.ty === "ptr") return null;
	for (const { op, args, attr } of users) {
		let asked: { readonly pred: Pred; readonly right: Const };
		if (op === "branch") asked = { pred: "ne", right: constant(phi.ty!, 0) };
		else if (op === "icmp" && args[0] === phi && isConst(args[1])) asked = { pred: attr!.pred!, right: args[1] };
		else return null;
		if (found !== null && (found.pred !== asked.pred || found.right.value !== asked.right.value)) return null;
		found = asked;
	}
	return found;
}

function narrow(block: Block, values: FewValues): boolean {
	const possible = values.of(terminator(block).args[0]);
	return possible !== null && narrowSwitch(block, (number) => possible.some(({ value }) => value === number), BigInt(possible.length));
}
