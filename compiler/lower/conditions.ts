import type { Block, Value } from "../ir/types.ts";
import type { TExpr } from "../types/typed.ts";
import type { Lowering } from "./state.ts";
import type { Reason } from "./sometimes.ts";
import { constant, undef } from "../ir/values.ts";
import { convert, truth } from "./convert.ts";
import { isWide, shapeOf } from "./state.ts";

/** Conditions → branches, and what depends on them → values where the branches meet. */
/** `?:`, `&&` and `||` as values: a phi over the arms. */
export function joined(f: Lowering, expr: TExpr & { kind: "conditional" | "logical" }, ty: "i32" | "i64" | "ptr"): Value {
	const { b } = f;
	const end = b.newBlock("cond.end");
	const arms: { value: Value; from: Block }[] = [];
	const arm = (value: Value): void => {
		if (!b.open) return;
		arms.push({ value, from: b.block });
		b.jump(end);
	};
	if (expr.kind === "logical") {
		const yes = b.newBlock("cond.true");
		const no = b.newBlock("cond.false");
		f.condition(expr, yes, no);
		b.begin(yes);
		arm(constant("i32", 1));
		b.begin(no);
		arm(constant("i32", 0));
	} else if (expr.then === undefined) {
		const no = b.newBlock("cond.false");
		const value = f.value(expr.condition);
		const yes = b.newBlock("cond.true");
		b.branch(value.ty === "ptr" ? truth(b, value) : value, yes, no);
		b.begin(yes);
		arm(convert(b, value, expr.condition.type, expr.type));
		b.begin(no);
		arm(f.value(expr.else));
	} else {
		const yes = b.newBlock("cond.true");
		const no = b.newBlock("cond.false");
		f.condition(expr.condition, yes, no, { word: "?:", span: expr.condition.span, flipped: false });
		b.begin(yes);
		arm(f.value(expr.then));
		b.begin(no);
		arm(f.value(expr.else));
	}
	f.b.fn.blocks.push(end);
	b.block = end;
	if (arms.length === 0) {
		b.append("unreachable", null, []);
		return undef(ty);
	}
	const phi = b.append(
		"phi",
		ty,
		arms.map((one) => one.value),
		undefined,
		arms.map((one) => one.from),
	);
	return phi;
}

/** Branches on an expression, following `&&`, `||` and `!`. */
export function lowerCondition(f: Lowering, expr: TExpr, then: Block, otherwise: Block, why?: Reason): void {
	const { b } = f;
	const before = b.loc;
	b.loc = expr.span;
	condition(f, expr, then, otherwise, why);
	b.loc = before;
}

function condition(f: Lowering, expr: TExpr, then: Block, otherwise: Block, why?: Reason): void {
	const { b } = f;
	if (expr.kind === "logical") {
		const second = b.newBlock(expr.op === "&&" ? "and.rhs" : "or.rhs");
		const first: Reason = { word: expr.op, span: expr.left.span, flipped: false };
		if (expr.op === "&&") f.condition(expr.left, second, otherwise, first);
		else f.condition(expr.left, then, second, first);
		b.begin(second);
		f.condition(expr.right, then, otherwise, why);
		return;
	}
	if (expr.kind === "unary" && expr.op === "!") return f.condition(expr.operand, otherwise, then, why && { ...why, flipped: !why.flipped });
	if (expr.kind === "comma") {
		f.effect(expr.left);
		return f.condition(expr.right, then, otherwise, why);
	}
	if (expr.kind === "convert" && keepsTruth(expr)) return f.condition(expr.operand, then, otherwise, why);
	if (expr.kind === "builtin" && /^__builtin_expect/.test(expr.name)) return f.condition(expr.args[0], then, otherwise, why);
	if (isWide(expr.type)) {
		const { lo, hi } = f.wide(expr);
		return b.branch(b.icmp("ne", b.binary("or", lo, hi), constant("i64", 0)), then, otherwise);
	}
	const value = f.value(expr);
	b.loc = expr.span;
	b.branch(value.ty === "ptr" ? truth(b, value) : value, then, otherwise);
	const end = b.block.insts.at(-1);
	if (why !== undefined && end?.op === "branch") f.origins.branches.set(end, why);
}

/** Widening, or any conversion to _Bool, of something whose truth is the same. */
function keepsTruth(expr: TExpr & { kind: "convert" }): boolean {
	const to = shapeOf(expr.type);
	const from = shapeOf(expr.operand.type);
	if (to.kind !== "int" || (from.kind !== "int" && from.kind !== "pointer")) return false;
	if (to.type.rank === 0) return true;
	return from.kind === "int" && from.type.size <= to.type.size;
}
