import type { Block, Const, Inst, IrFunction, Pred, Value } from "../../ir/types.ts";
import type { Pass } from "../pass.ts";
import { swapped } from "../../ir/preds.ts";
import { constant, isConst, isInst, newInst, replaceAll, terminator, unsigned } from "../../ir/values.ts";
import { type Analyses, analysesOf } from "../analysis/analyses.ts";
import { knownZeros } from "../analysis/known.ts";
import { isNotNull, isNullCheck } from "../analysis/non-null.ts";
import { decide, least, only, type Range } from "../analysis/range.ts";
import { type Ranges, ranges } from "../analysis/ranges.ts";
import { narrowSwitch } from "../control/narrow-switch.ts";

/**
 * What the branches before it say of a value (`ranges.ts`) decides comparisons, also where their answers are carried on, and cases, makes sign extensions
 * and signed divisions of what is not negative unsigned ones, and moves a constant out of an extended index when the narrow sum cannot wrap.
 */
export const correlate: Pass = {
	name: "correlate",
	run(fn, context) {
		const analyses = analysesOf(fn, context);
		const correlation = new Correlation(fn, analyses);
		for (const block of analyses.dominators.order) correlation.walk(block);
		replaceAll(fn, correlation.map);
		return correlation.changed || correlation.map.size > 0;
	},
};

class Correlation {
	/** Values that are known by now. */
	readonly map = new Map<Inst, Value>();
	changed = false;
	readonly #fn: IrFunction;
	readonly #analyses: Analyses;
	readonly #known: Ranges;

	constructor(fn: IrFunction, analyses: Analyses) {
		this.#fn = fn;
		this.#analyses = analyses;
		this.#known = ranges(analyses.dominators, analyses.predecessors, analyses.home);
	}

	walk(block: Block): void {
		const out: Inst[] = [];
		for (const inst of block.insts) {
			this.#decide(inst, block);
			const term = this.#extendedTerm(inst, block);
			if (term !== null) out.push(term);
			out.push(...this.#sharedAddress(inst, block), inst);
		}
		block.insts = out;
	}

	#decide(inst: Inst, block: Block): void {
		switch (inst.op) {
			case "phi":
				return this.#phi(inst, block);
			case "icmp":
				return this.#comparison(inst, block);
			case "and":
				return this.#mask(inst, block);
			case "sext":
				if (this.#known.at(inst.args[0], block).smin >= 0n) this.#become(inst, "zext");
				return;
			case "sdiv":
			case "smod":
				if (this.#known.at(inst.args[1], block).smin >= 0n && this.#known.at(inst.args[0], block).smin >= 0n)
					this.#become(inst, inst.op === "sdiv" ? "udiv" : "umod");
				return;
			case "ashr":
				if (this.#known.at(inst.args[0], block).smin >= 0n) this.#become(inst, "lshr");
				return;
			case "switch":
				this.#cases(inst, block);
		}
	}

	#cases({ args: [value] }: Inst, block: Block): void {
		const range = this.#known.at(value, block);
		const mayBe = (number: bigint): boolean => decide("eq", range, only(constant(value.ty!, number))) !== false;
		const count = least(range.umax - range.umin, range.smax - range.smin) + 1n;
		if (narrowSwitch(block, mayBe, count)) this.changed = true;
	}

	#become(inst: Inst, op: Inst["op"]): void {
		inst.op = op;
		this.changed = true;
	}

	#phi(inst: Inst, block: Block): void {
		inst.args.forEach((arg, i) => {
			const answer = answeredOn(inst.blocks![i], block, arg, this.#analyses.predecessors);
			if (answer === null) return;
			inst.args[i] = constant(arg.ty!, answer ? 1 : 0);
			this.changed = true;
		});
	}

	#comparison(inst: Inst, block: Block): void {
		if (inst.args[0].ty === "ptr") {
			if (isNullCheck(inst.attr!.pred!, inst.args[1]) && isNotNull(inst.args[0], { block, before: inst }, this.#analyses))
				this.map.set(inst, constant("i32", inst.attr!.pred === "ne" ? 1 : 0));
			return;
		}
		const at = (value: Value): Range => this.#known.at(value, block);
		if (asksWhatIsLeft(inst, at) || asksWithoutSum(inst, at, this.#analyses.users)) this.changed = true;
		const [left, right] = inst.args;
		const truth = decide(inst.attr!.pred!, at(left), at(right));
		if (truth !== null) this.map.set(inst, constant("i32", truth ? 1 : 0));
		// An unsigned bound says more to the verifier: that nothing is below zero, which it may not know.
		else if (inst.attr!.pred!.startsWith("s") && at(left).smin >= 0n && at(right).smin >= 0n) {
			inst.attr = { ...inst.attr, pred: `u${inst.attr!.pred!.slice(1)}` as Pred };
			this.changed = true;
		}
	}

	/** A narrow counter that was below a limit before its step needs no cut. */
	#mask(inst: Inst, block: Block): void {
		const [sum, mask] = inst.args;
		if (!isLow(inst) || !isConst(mask) || !isInst(sum) || sum.op !== "add" || !isConst(sum.args[1])) return;
		if (this.#known.at(sum, block).umax <= unsigned(inst.ty!, mask.value)) this.map.set(inst, sum);
	}

	/**
	 * zext (x + c) = zext x + c, unless the sum is what was checked; sext (x + c) under the same condition: `p + (length - 1)` is `p + length`,
	 * which the verifier knows, less one. Gives the extension, which the instruction then adds to.
	 */
	#extendedTerm(inst: Inst, block: Block): Inst | null {
		const [sum] = inst.args;
		if (inst.op !== "zext" && inst.op !== "sext") return null;
		if (!isInst(sum) || sum.op !== "add" || this.#isCompared(sum) || this.#isCompared(inst)) return null;
		const [x, c] = sum.args;
		if (!isConst(c)) return null;
		const of = this.#known.at(x, block);
		const fits = inst.op === "zext" ? c.value > 0n && of.umax + c.value <= 0xffffffffn : of.smin >= 0n && of.smax + c.value <= 0x7fffffffn;
		if (!fits) return null;
		const wide = newInst(this.#fn, "zext", "i64", [x], undefined, inst.loc);
		inst.op = "add";
		inst.args = [wide, constant("i64", c.value)];
		this.changed = true;
		return wide;
	}

	/**
	 * p + zext (x + y) = (p + zext x) + zext y where that address was made before and the sum does not wrap: `if (p + at + i + 1 > end) …; p[at + i]`
	 * reads from the pointer that was asked about. Gives the parts, which the instruction then adds.
	 */
	#sharedAddress(inst: Inst, block: Block): readonly Inst[] {
		const [base, offset] = inst.args;
		if (inst.op !== "ptradd" || !isInst(offset) || offset.op !== "zext") return [];
		const [sum] = offset.args;
		if (!isInst(sum) || sum.op !== "add" || isConst(sum.args[1]) || this.#isCompared(sum) || this.#isAsked(offset)) return [];
		const [x, y] = sum.args;
		if (this.#known.at(x, block).umax + this.#known.at(y, block).umax > 0xffffffffn) return [];
		for (const [near, far] of [
			[x, y],
			[y, x],
		]) {
			const { number, plus } = this.#wideTerm(near, block);
			const shared = this.#usersOf(number).find(({ op, args }) => op === "ptradd" && args[0] === base && args[1] === number);
			if (shared === undefined || !this.#analyses.isBefore(shared, inst)) continue;
			const wide = newInst(this.#fn, "zext", "i64", [far], undefined, inst.loc);
			const moved = newInst(this.#fn, "ptradd", "ptr", [shared, wide], undefined, inst.loc);
			inst.args = [moved, constant("i64", plus)];
			this.changed = true;
			return [wide, moved];
		}
		return [];
	}

	/** The 64-bit number that a term is, with a constant: `number + plus`; null: nobody has it in 64 bits. */
	#wideTerm(term: Value, block: Block): { readonly number: Inst | null; readonly plus: bigint } {
		const none = { number: null, plus: 0n };
		if (!isInst(term)) return none;
		if (term.op === "trunc" && isInst(term.args[0]) && knownZeros(term.args[0]) >> 32n === 0xffffffffn)
			return { number: term.args[0], plus: 0n };
		const extended = this.#usersOf(term).find(({ op }) => op === "zext");
		if (extended !== undefined) return { number: extended, plus: 0n };
		const [of, c] = term.args;
		if (term.op !== "add" || !isConst(c) || c.value < 0n || this.#known.at(of, block).umax + c.value > 0xffffffffn) return none;
		const { number, plus } = this.#wideTerm(of, block);
		return { number, plus: plus + c.value };
	}

	#usersOf(value: Inst | null): readonly Inst[] {
		return value === null ? [] : (this.#analyses.users.get(value) ?? []);
	}

	/** Itself, or extended somewhere else. */
	#isCompared(value: Inst): boolean {
		return (
			this.#isAsked(value) ||
			this.#usersOf(value).some((user) => (user.op === "zext" || user.op === "sext" || user.op === "trunc") && this.#isAsked(user))
		);
	}

	/** Assembly is where programs write a comparison that must stay with its register. */
	#isAsked(value: Inst): boolean {
		return this.#usersOf(value).some(({ op }) => op === "icmp" || op === "asm" || op === "asmgoto");
	}
}

/** Whether a comparison that comes along an edge is true there, because a branch on the only way there asked it; null: none did. */
function answeredOn(from: Block, to: Block, value: Value, predecessors: ReadonlyMap<Block, readonly Block[]>): boolean | null {
	const comparison = isInst(value) && value.op === "zext" ? value.args[0] : value;
	if (!isInst(comparison) || comparison.op !== "icmp") return null;
	for (let [above, below] = [from, to], steps = 0; steps < MAX_STEPS; steps++) {
		const { op, args, blocks } = terminator(above);
		if (op === "branch" && args[0] === comparison && blocks![0] !== blocks![1]) return blocks![0] === below;
		const into = predecessors.get(above)!;
		if (into.length !== 1) return null;
		[above, below] = [into[0], above];
	}
	return null;
}

/** Blocks looked at on the way up. */
const MAX_STEPS = 8;

/** The lowest bits of something. */
function isLow({ op, ty, args }: Inst): boolean {
	if (op !== "and" || !isConst(args[1])) return false;
	const mask = unsigned(ty!, args[1].value);
	return (mask & (mask + 1n)) === 0n;
}

/**
 * `room = 100 - used; if (room < 20)` asks `used > 80` when `used` is at most 100: the verifier relates no difference to what was subtracted, and it is
 * `used` that becomes an offset. A mask that cuts nothing is not asked for.
 */
function asksWhatIsLeft(inst: Inst, known: (value: Value) => Range): boolean {
	const [left, right] = inst.args;
	if (!isConst(right)) return false;
	let asked = left;
	if (isInst(asked) && isLow(asked)) {
		const [cut, mask] = asked.args;
		if (known(cut).umax > unsigned(asked.ty!, (mask as Const).value)) return false;
		asked = cut;
	}
	if (!isInst(asked) || asked.op !== "sub") return false;
	const [whole, part] = asked.args;
	if (!isConst(whole)) return false;
	const limit = unsigned(right.ty!, right.value);
	const total = unsigned(right.ty!, whole.value);
	if (inst.attr!.pred!.startsWith("s") || limit > total || known(part).umax > total) return false;
	inst.args = [part, constant(right.ty!, total - limit)];
	inst.attr = { ...inst.attr, pred: swapped[inst.attr!.pred!] };
	return true;
}

/**
 * `if (used + 32 <= 896) data[used] = …` asks `used <= 864` when the sum does not wrap: one instruction less where nobody else wants the sum, and a bound
 * of what is used where the sum is not the place itself.
 */
function asksWithoutSum(inst: Inst, known: (value: Value) => Range, users: ReadonlyMap<Inst, readonly Inst[]>): boolean {
	const [sum, right] = inst.args;
	if (!isConst(right) || !isInst(sum) || sum.op !== "add" || !isConst(sum.args[1]) || !inst.attr!.pred!.startsWith("u")) return false;
	const [x, { value }] = sum.args as [Value, Const];
	const ty = right.ty!;
	const [added, limit] = [unsigned(ty, value), unsigned(ty, right.value)];
	if (added > limit || known(x).umax + added > unsigned(ty, -1n)) return false;
	// A counter after its step takes the place of the one before, of which nothing is kept for a question.
	if (isInst(x) && x.op === "phi" && x.args.includes(sum)) return false;
	if ((users.get(sum)?.length ?? 1) > 1 && (leadsSomewhere(sum, users) || !leadsSomewhere(x, users))) return false;
	inst.args = [x, constant(ty, limit - added)];
	return true;
}

/** Whether a place in memory or an argument is made of the number, as it is, or widened. */
function leadsSomewhere(number: Value, users: ReadonlyMap<Inst, readonly Inst[]>): boolean {
	if (!isInst(number)) return false;
	const direct = users.get(number) ?? [];
	const forms = [
		number,
		...direct.filter(({ op }) => op === "zext" || op === "trunc"),
		...(number.op === "trunc" && isInst(number.args[0]) ? [number.args[0]] : []),
	];
	return forms.some((form) => (users.get(form) ?? []).some(({ op, args }) => op === "call" || (op === "ptradd" && args[1] === form)));
}
