import type { Inst, Pred, Ty, Value } from "../../ir/types.ts";
import { foldOp } from "../../ir/fold.ts";
import { negated, swapped } from "../../ir/preds.ts";
import { allOnes, constant, exponentOf, isConst, isInst, sameValue, unsigned, widthOf } from "../../ir/values.ts";
import { isNonNegative, knownOnes, knownZeros, maxProven, maxUnsigned, minProven } from "../analysis/known.ts";
import { ofOnePointer } from "./distances.ts";
import type { Rewriter } from "./law.ts";

/** Laws of `icmp`. A constant stands on the right; comparisons of truth values go away. */
export function compareLaws(inst: Inst, rw: Rewriter): Value | null {
	if (isConst(inst.args[0]) && !isConst(inst.args[1])) {
		inst.args.reverse();
		inst.attr = { ...inst.attr, pred: swapped[inst.attr!.pred!] };
	}
	const [a, b] = inst.args;
	const pred = inst.attr!.pred!;
	const bool = (value: boolean): Value => constant("i32", value ? 1 : 0);
	if (sameValue(a, b)) return bool(["eq", "ule", "uge", "sle", "sge"].includes(pred));
	if (a.op === "undef" || b.op === "undef") return bool(false);
	const whole = wholeRegister(a, b, pred, rw);
	if (whole !== null) return whole;
	if (!isConst(b)) return betweenValues(a, b, pred, rw);
	return (
		truthOf(a, b.value, pred, rw) ??
		decided(a, b.value, pred) ??
		tightened(a, b.value, pred, rw) ??
		narrowed(a, b.value, pred, rw) ??
		bitOfMask(a, b.value, pred, rw) ??
		belowPower(a, b.value, pred, rw) ??
		ofQuotient(a, b.value, pred, rw) ??
		solved(a, b.value, pred, rw)
	);
}

const is = (value: Value, op: Inst["op"]): value is Inst => isInst(value) && value.op === op;

function betweenValues(a: Value, b: Value, pred: Pred, rw: Rewriter): Value | null {
	for (const op of ["zext", "sext"] as const) {
		if (!is(a, op) || !is(b, op)) continue;
		if (op === "sext" || !pred.startsWith("s")) return rw.make("icmp", "i32", [a.args[0], b.args[0]], { pred });
		return rw.make("icmp", "i32", [a.args[0], b.args[0]], { pred: `u${pred.slice(1)}` as Pred });
	}
	if ((pred === "eq" || pred === "ne") && areApart(a, b)) return constant("i32", pred === "ne" ? 1 : 0);
	const part = ofPart(a, b, pred) ?? ofPart(b, a, swapped[pred]);
	if (part !== null) return constant("i32", part ? 1 : 0);
	const further = isFurther(a, b, pred, rw) ?? isFurther(b, a, swapped[pred], rw);
	if (further !== null) return further;
	const distances = ofOnePointer(a, b, pred, rw);
	if (distances !== null) return distances;
	if (is(a, "ptrtoint") && is(b, "ptrtoint")) return rw.make("icmp", "i32", [a.args[0], b.args[0]], { pred });
	if (is(a, "inttoptr") && is(b, "inttoptr") && (pred === "eq" || pred === "ne")) return null;
	return null;
}

/** x + c and x + d, with c ≠ d: never the same. */
function areApart(a: Value, b: Value): boolean {
	const [left, right] = [moved(a), moved(b)];
	return left.from === right.from && left.by !== right.by;
}

/** What is left of x when bits are cleared, shifted out or divided away is at most x, with more bits set at least x. */
function ofPart(a: Value, x: Value, pred: Pred): boolean | null {
	if (!isInst(a) || !a.args.includes(x)) return null;
	const atMost = a.op === "and" || (a.args[0] === x && ["lshr", "udiv", "umod"].includes(a.op));
	if (atMost && (pred === "ule" || pred === "ugt")) return pred === "ule";
	return a.op === "or" && (pred === "uge" || pred === "ult") ? pred === "uge" : null;
}

/** x + c < x, with c ≠ 0: only where the sum wraps, that is for x ≥ −c; never where a signed one must not. */
function isFurther(a: Value, x: Value, pred: Pred, rw: Rewriter): Value | null {
	if (!is(a, "add") || a.args[0] !== x || !isConst(a.args[1]) || a.args[1].value === 0n || pred === "eq" || pred === "ne") return null;
	const isLess = pred === "ult" || pred === "ule" || pred === "slt" || pred === "sle";
	if (pred.startsWith("s")) return a.attr?.signed === true ? constant("i32", a.args[1].value < 0n === isLess ? 1 : 0) : null;
	return rw.make("icmp", "i32", [x, constant(x.ty!, -a.args[1].value)], { pred: isLess ? "uge" : "ult" });
}

function moved(value: Value): { readonly from: Value; readonly by: bigint } {
	const by = is(value, "add") ? value.args[1] : null;
	return by !== null && isConst(by) ? { from: (value as Inst).args[0], by: unsigned(value.ty!, by.value) } : { from: value, by: 0n };
}

/** (x < y) ≠ 0 = x < y; (x < y) = 0 its negation. */
function truthOf(a: Value, b: bigint, pred: Pred, rw: Rewriter): Value | null {
	if (!isInst(a) || !(pred === "eq" || pred === "ne")) return null;
	if (a.op === "zext" && (b === 0n || b === 1n)) return rw.make("icmp", "i32", [a.args[0], constant("i32", b)], { pred });
	// Of a number that is 0 or 1 this is the number itself; a bit further up is asked for where it is.
	if (
		a.op !== "icmp" &&
		(pred === "eq") === (b === 1n) &&
		(b === 0n || b === 1n) &&
		a.ty !== "ptr" &&
		a.op === "and" &&
		maxUnsigned(a) === 1n &&
		!is(a.args[0], "lshr")
	)
		return a.ty === "i64" ? rw.make("trunc", "i32", [a]) : a;
	if (a.op !== "icmp" || (b !== 0n && b !== 1n)) return null;
	if ((pred === "ne") === (b === 0n)) return a;
	return rw.make("icmp", "i32", a.args.slice(), { pred: negated[a.attr!.pred!] });
}

/** What the range of the left side settles. */
function decided(a: Value, b: bigint, pred: Pred): Value | null {
	const bool = (value: boolean): Value => constant("i32", value ? 1 : 0);
	const ty = a.ty!;
	if (ty === "ptr") return addressIsNull(a, b, pred);
	const max = maxProven(a);
	const limit = unsigned(ty, b);
	// That it never is one number is nothing that the verifier would need.
	if ((pred === "eq" || pred === "ne") && ((limit & knownZeros(a)) !== 0n || (knownOnes(a) & ~limit) !== 0n)) return bool(pred === "ne");
	const half = 1n << BigInt(widthOf(ty) - 1);
	if (limit > max) {
		if (pred === "ult" || pred === "ule") return bool(true);
		if (pred === "ugt" || pred === "uge") return bool(false);
	}
	const min = minProven(a);
	if (limit < min) {
		if (pred === "ult" || pred === "ule") return bool(false);
		if (pred === "ugt" || pred === "uge") return bool(true);
	}
	if (limit === min && pred === "ult") return bool(false);
	if (limit === min && pred === "uge") return bool(true);
	if (limit === max && pred === "ule") return bool(true);
	if (limit === max && pred === "ugt") return bool(false);
	if (max < half) {
		// Not negative.
		if (b < 0n) return pred === "slt" || pred === "sle" ? bool(false) : pred === "sgt" || pred === "sge" ? bool(true) : null;
		if (b === 0n && (pred === "slt" || pred === "sge")) return bool(pred === "sge");
		if (b > max) return pred === "slt" || pred === "sle" ? bool(true) : pred === "sgt" || pred === "sge" ? bool(false) : null;
	}
	const top = half - 1n;
	if (b === top && (pred === "sle" || pred === "sgt")) return bool(pred === "sle");
	if (b === -half && (pred === "slt" || pred === "sge")) return bool(pred === "sge");
	return null;
}

/** Stack slots and defined objects have addresses. */
function addressIsNull(a: Value, b: bigint, pred: Pred): Value | null {
	if (b !== 0n || !(pred === "eq" || pred === "ne") || !isInst(a)) return null;
	let base: Value = a;
	while (is(base, "ptradd") && isConst(base.args[1])) base = base.args[0];
	if (base.op === "alloca") return constant("i32", pred === "ne" ? 1 : 0);
	if (base.op !== "global") return null;
	const target = base.attr!.global!;
	const symbol = "kind" in target ? target : target.symbol;
	// A weak one may be absent: `if (bpf_ksym_exists(sym))`.
	return symbol.weak || symbol.linkage === "extern" ? null : constant("i32", pred === "ne" ? 1 : 0);
}

/** x < 1 is x = 0, and the like: equality says more to a reader and to the verifier. */
function tightened(a: Value, b: bigint, pred: Pred, rw: Rewriter): Value | null {
	if (a.ty === "ptr") return null;
	const to = (next: Pred, value: bigint): Value => rw.make("icmp", "i32", [a, constant(a.ty!, value)], { pred: next });
	if (pred === "ult" && b === 1n) return to("eq", 0n);
	if (pred === "uge" && b === 1n) return to("ne", 0n);
	if (pred === "ugt" && b === 0n) return to("ne", 0n);
	if (pred === "ule" && b === 0n) return to("eq", 0n);
	if ((pred === "sgt" || pred === "sle") && b === -1n) return to(pred === "sgt" ? "sge" : "slt", 0n);
	if (pred.startsWith("s") && b >= 0n && isNonNegative(a)) return to(`u${pred.slice(1)}` as Pred, b);
	return null;
}

/** Nothing above the low half. */
const isLow = (value: Value): boolean => knownZeros(value) >> 32n === 0xffffffffn;

/** The low half of what has nothing else is compared whole: the register that is checked is then the one that is used. */
function wholeRegister(a: Value, b: Value, pred: Pred, rw: Rewriter): Value | null {
	if (!is(a, "trunc") || !isLow(a.args[0])) return null;
	const signed = pred.startsWith("s");
	if (isConst(b)) {
		if (signed) return null;
		return rw.make("icmp", "i32", [a.args[0], constant("i64", unsigned("i32", b.value))], { pred });
	}
	if (signed || !is(b, "trunc") || !isLow(b.args[0])) return null;
	return rw.make("icmp", "i32", [a.args[0], b.args[0]], { pred });
}

/** A comparison of an extended value is one of the value, when the constant fits. */
function narrowed(a: Value, b: bigint, pred: Pred, rw: Rewriter): Value | null {
	if (is(a, "zext")) {
		if (b >= 0n && b <= 0xffffffffn && !pred.startsWith("s")) return rw.make("icmp", "i32", [a.args[0], constant("i32", b)], { pred });
		if (b >= 0n && b <= 0xffffffffn) return rw.make("icmp", "i32", [a.args[0], constant("i32", b)], { pred: `u${pred.slice(1)}` as Pred });
	}
	if (is(a, "sext") && BigInt.asIntN(32, b) === b) return rw.make("icmp", "i32", [a.args[0], constant("i32", b)], { pred });
	if (is(a, "ptrtoint") && b === 0n && (pred === "eq" || pred === "ne"))
		return rw.make("icmp", "i32", [a.args[0], constant("ptr", 0)], { pred });
	return null;
}

/** What a comparison takes as it is. A larger number is made in a register first, for more than a shift. */
const maxOperand = (ty: Ty): bigint => (ty === "i64" ? 0x7fffffffn : 0xffffffffn);

/**
 * Nothing above the k-th bit: (x >> k) = 0, (x & −2ᵏ) = 0 is x < 2ᵏ. The verifier then learns a bound of x itself, which a
 * loop like `while (sum >> 16) sum = (sum & 0xffff) + (sum >> 16)` needs to end. The power must fit an immediate operand.
 */
export function belowPower(a: Value, b: bigint, pred: Pred, rw: Rewriter): Value | null {
	if (b !== 0n || !(pred === "eq" || pred === "ne") || !isInst(a)) return null;
	const shifted = a.op === "lshr" || a.op === "ashr";
	if (!(shifted || (a.op === "and" && rw.uses(a) <= 1)) || !isConst(a.args[1])) return null;
	const operand = unsigned(a.ty!, a.args[1].value);
	const limit = shifted ? 1n << operand : (1n << BigInt(widthOf(a.ty!))) - operand;
	if (limit <= 1n || (limit & (limit - 1n)) !== 0n || limit > maxOperand(a.ty!)) return null;
	return rw.make("icmp", "i32", [a.args[0], constant(a.ty!, limit)], { pred: pred === "eq" ? "ult" : "uge" });
}

/**
 * `1 << k & 7`, `7 >> k & 1`: whether k is one of some numbers. Where these are all below one, all from one on, or one, k itself is compared.
 * k must be less than the width: of others lower-switches.ts counts on the machine's shifts.
 */
export function bitOfMask(a: Value, b: bigint, pred: Pred, rw: Rewriter): Value | null {
	if (!(pred === "eq" || pred === "ne") || !is(a, "and")) return null;
	const [moved, mask] = a.args;
	if (!isConst(mask)) return null;
	const ty = a.ty!;
	const isOne = (value: Value): boolean => isConst(value) && value.value === 1n;
	if (!isInst(moved) || !(b === 0n || (b === 1n && isOne(mask)))) return null;
	const [number, k] = moved.args;
	const bits = moved.op === "shl" && isOne(number) ? mask : moved.op === "lshr" && isConst(number) && isOne(mask) ? number : null;
	if (bits === null || isConst(k) || maxUnsigned(k) >= BigInt(widthOf(ty))) return null;
	const isAmong = (pred === "ne") === (b === 0n);
	const among = unsigned(ty, bits.value);
	const others = allOnes(ty) & ~among;
	const ask = (asked: Pred, limit: number): Value =>
		rw.make("icmp", "i32", [k, constant(k.ty!, limit)], { pred: isAmong ? asked : negated[asked] });
	const [one, below, from] = [among, among + 1n, others + 1n].map(exponentOf);
	if (one !== null) return ask("eq", one);
	if (below !== null) return ask("ult", below);
	return from === null ? null : ask("uge", from);
}

/**
 * x / c = 0 is x < c: the verifier learns what x is. x / c < d is x < c * d where nothing else uses the quotient, of which the verifier knows only what
 * is asked; nor is x >> k < d anything but x < d * 2ᵏ. What a loop divides again and again waits till it is straight code, where each quotient is one of the number that it began with.
 */
function ofQuotient(a: Value, b: bigint, pred: Pred, rw: Rewriter): Value | null {
	if (!isInst(a) || !(a.op === "udiv" || a.op === "lshr") || !isConst(a.args[1]) || pred[0] === "s") return null;
	const ty = a.ty!;
	const operand = unsigned(ty, a.args[1].value);
	const [divisor, bound] = [a.op === "udiv" ? operand : 1n << operand, unsigned(ty, b)];
	const isEquality = pred === "eq" || pred === "ne";
	const isZeroAsked = bound === (pred === "ult" || pred === "uge" ? 1n : 0n);
	if (divisor === 0n || (isEquality && !isZeroAsked) || (rw.uses(a) > 1 && (!isZeroAsked || is(a.args[0], "phi")))) return null;
	const limit = divisor * (pred === "ult" || pred === "uge" ? bound : bound + 1n);
	const isBelow = pred === "eq" || pred === "ult" || pred === "ule";
	if (limit > allOnes(ty)) return constant("i32", isBelow ? 1 : 0);
	if (a.op === "lshr" && limit > maxOperand(ty)) return null;
	return rw.make("icmp", "i32", [a.args[0], constant(ty, limit)], { pred: isBelow ? "ult" : "uge" });
}

/** x ± c = d, and the like, for equality. */
function solved(a: Value, b: bigint, pred: Pred, rw: Rewriter): Value | null {
	if (!isInst(a) || !(pred === "eq" || pred === "ne")) return null;
	const ty = a.ty!;
	const inner = a.args[1];
	const to = (left: Value, right: Value): Value => rw.make("icmp", "i32", [left, right], { pred });
	// ((x >> k) & m) = c: the bits are asked where they are.
	if (a.op === "and" && isConst(inner) && rw.uses(a) <= 1 && is(a.args[0], "lshr") && isConst(a.args[0].args[1])) {
		const count = unsigned(ty, a.args[0].args[1].value);
		const mask = unsigned(ty, inner.value) << count;
		const wanted = unsigned(ty, b) << count;
		if (count < BigInt(widthOf(ty)) && mask <= (ty === "i64" ? 0x7fffffffn : 0xffffffffn) && wanted <= mask)
			return to(rw.make("and", ty, [a.args[0].args[0], constant(ty, mask)]), constant(ty, wanted));
	}
	if (a.op === "sextfrom") {
		const bits = BigInt(a.attr!.bits!);
		if (BigInt.asIntN(Number(bits), b) !== b) return constant("i32", pred === "ne" ? 1 : 0);
		const mask = (1n << bits) - 1n;
		return to(rw.make("and", ty, [a.args[0], constant(ty, mask)]), constant(ty, b & mask));
	}
	if (a.op === "xor" && isConst(inner)) return to(a.args[0], constant(ty, inner.value ^ b));
	if (b === 0n && (a.op === "sub" || a.op === "xor") && rw.uses(a) <= 1) return to(a.args[0], a.args[1]);
	if (a.op === "neg") return to(a.args[0], constant(ty, -b));
	if (a.op === "add" && isConst(inner) && rw.uses(a) <= 1) return to(a.args[0], constant(ty, b - inner.value));
	if (a.op === "bswap" && maxUnsigned(a.args[0]) < 1n << BigInt(a.attr!.bits!))
		return to(a.args[0], foldOp("bswap", ty, [constant(ty, b)], a.attr)!);
	return null;
}
