/**
 * Arithmetic, byte swaps and comparisons on pairs of int32s in JavaScript, without BigInt.
 * The high words of products come from doubles (product.ts), and so do quotients by small divisors; other division that does not fit 32 bits is a Wasm function (divide.ts).
 */
import { FLAG } from "../representation.ts";
import type { Op } from "../decode.ts";
import { OPPOSITE, type Relation, unsignedOrder } from "../compare.ts";
import { impliesResult, isNeeded, lowComparison, lowDivision, ofLeft, ofRight } from "../implied.ts";
import type { JsBody } from "./body.ts";
import { highProduct, MOST_PRODUCTS } from "./product.ts";
import { literal, unsigned } from "./words.ts";

type Alu = Extract<Op, { kind: "alu" }>;
type Branch = Extract<Op, { kind: "branch" }>;
interface Operand {
	readonly low: string;
	readonly high: string;
}

export function emitAlu(b: JsBody, op: Alu, at: number): void {
	const flags = b.flags(at);
	if (!isNeeded(flags)) return;
	const full = op.width === 64 && b.keepsHigh(at) && !impliesResult(flags);
	if (op.op === "add" && full && emitSumOfProducts(b, op)) return;
	const src = operand(b, op.src, op.imm, at, ofRight(flags), true);
	const dst = op.op === "mov" ? src : operand(b, op.dst, 0, at, ofLeft(flags));
	const { low: a, high: ah } = dst;
	const { low: c, high: ch } = src;
	switch (op.op) {
		case "mov":
			return full ? b.setBoth(op.dst, at, c, ch) : b.setLow(op.dst, at, c);
		case "and":
		case "or":
		case "xor": {
			const sign = op.op === "and" ? "&" : op.op === "or" ? "|" : "^";
			return full ? b.setBoth(op.dst, at, `${a} ${sign} ${c}`, bitwise(ah, sign, ch)) : b.setLow(op.dst, at, `${a} ${sign} ${c}`);
		}
		case "add":
			if (!full) return b.setLow(op.dst, at, `${a} + ${c} | 0`);
			b.line(`${b.name("t")} = ${a} + ${c} | 0;`);
			// Compared with the operand that may be a literal.
			return finish(b, op.dst, `${sum(ah, ch)} + ${carry("t", c === "0" ? a : c)} | 0`);
		case "sub":
			if (!full) return b.setLow(op.dst, at, `${a} - ${c} | 0`);
			b.line(`${b.name("t")} = ${a} - ${c} | 0;`);
			return finish(b, op.dst, `${ah} - ${ch} - ${carry(a, c)} | 0`);
		case "mul":
			if (!full) return b.setLow(op.dst, at, `imul(${a}, ${c})`);
			if (ah === "0" && ch === "0" && !literal.test(c) && !(flags & FLAG.exact))
				return b.defer(op.dst, 1, `${unsigned(a)} * ${unsigned(c)}`, `imul(${a}, ${c})`);
			b.line(`${b.name("t")} = imul(${a}, ${c});`);
			return finish(
				b,
				op.dst,
				`${[highProduct(a, c, (flags & FLAG.exact) !== 0), product(a, ch), product(ah, c)].filter((term) => term !== "0").join(" + ")} | 0`,
			);
		case "lsh":
		case "rsh":
		case "arsh":
			return emitShift(b, op, at, flags, dst, src);
		case "div":
		case "mod":
		case "sdiv":
		case "smod":
			return emitDivision(b, op, at, flags, dst, src);
		default:
			op.op satisfies never;
	}
}

/** Of two registers whose high words are both deferred, so is their sum's. */
function emitSumOfProducts(b: JsBody, { dst, src }: Alu): boolean {
	const products = (b.deferred.get(dst) ?? Number.NaN) + (b.deferred.get(src) ?? Number.NaN);
	if (!(products <= MOST_PRODUCTS)) return false;
	b.defer(dst, products, `d${dst} + d${src}`, `${b.low(dst)} + ${b.low(src)} | 0`);
	return true;
}

function operand(b: JsBody, r: number, imm: number, at: number, implied: number, source = false): Operand {
	if (r < 0) return { low: String(imm), high: String(imm >> 31) };
	// A register that holds one number: a literal lets cheaper forms be chosen.
	const constant = source ? b.fn.analysis.constant[at] : Number.NaN;
	const words = source ? b.fn.ops[b.fn.analysis.words[at]] : undefined;
	if (words?.kind === "imm64") return { low: String(words.lo), high: String(words.hi) };
	if (!Number.isNaN(constant)) return { low: String(constant | 0), high: String(Math.floor(constant / 2 ** 32) | 0) };
	return { low: b.low(r), high: b.high(r, at, implied) };
}

/** The high word, then the low one from `t`. */
function finish(b: JsBody, r: number, high: string): void {
	b.line(`${b.name(`h${r}`)} = ${high};`);
	b.assign(r, "t");
}

const sum = (left: string, right: string): string => (right === "0" ? left : left === "0" ? right : `${left} + ${right}`);

function bitwise(left: string, sign: string, right: string): string {
	if (right === "0") return sign === "&" ? "0" : left;
	if (right === "-1" && sign === "&") return left;
	if (left === "0") return sign === "&" ? "0" : right;
	return `${left} ${sign} ${right}`;
}

/** 1 where a < c, else 0: as a number made of the truth value V8 needs no jump. */
const carry = (a: string, c: string): string => `(${unsigned(a)} < ${unsigned(c)} | 0)`;

const product = (a: string, c: string): string => (a === "0" || c === "0" ? "0" : `imul(${a}, ${c})`);

function emitShift(b: JsBody, op: Alu, at: number, flags: number, dst: Operand, src: Operand): void {
	const count = op.src < 0 ? op.imm : b.fn.analysis.constant[at];
	const { low: a, high: ah } = dst;
	const sign = op.op === "lsh" ? "<<" : op.op === "rsh" ? ">>>" : ">>";
	if (op.width === 32) return b.setLow(op.dst, at, op.op === "rsh" ? `${a} >>> ${src.low} | 0` : `${a} ${sign} ${src.low}`);
	if (Number.isNaN(count)) return variableShift(b, op, at, flags, dst, src);
	const k = count & 63;
	if (k === 0) return b.setBoth(op.dst, at, a, ah);
	switch (op.op) {
		case "lsh":
			if (k >= 32) return b.setBoth(op.dst, at, "0", k === 32 ? a : `${a} << ${k - 32}`);
			return b.setBoth(op.dst, at, `${a} << ${k}`, ah === "0" ? `${a} >>> ${32 - k}` : `${ah} << ${k} | ${a} >>> ${32 - k}`);
		case "rsh":
			if (k >= 32) return b.setBoth(op.dst, at, k === 32 ? ah : `${ah} >>> ${k - 32} | 0`, "0");
			return b.setBoth(
				op.dst,
				at,
				ah === "0" ? `${a} >>> ${k} | 0` : `${a} >>> ${k} | ${ah} << ${32 - k}`,
				ah === "0" ? "0" : `${ah} >>> ${k} | 0`,
			);
		default:
			if (flags & FLAG.dstSmall) return b.setLow(op.dst, at, k >= 32 ? "0" : `${a} >> ${k}`);
			if (flags & FLAG.dstSign) return b.setLow(op.dst, at, `${a} >> ${Math.min(k, 31)}`);
			if (k >= 32) return b.setBoth(op.dst, at, `${ah} >> ${k - 32}`, `${ah} >> 31`);
			return b.setBoth(op.dst, at, `${a} >>> ${k} | ${ah} << ${32 - k}`, `${ah} >> ${k}`);
	}
}

/** JavaScript takes counts modulo 32; `>>> 1 >>> ~k` is a shift by 32 − k that gives 0 for k = 0. */
function variableShift(b: JsBody, op: Alu, at: number, flags: number, dst: Operand, src: Operand): void {
	const { low: a, high: ah } = dst;
	const k = src.low;
	const [from32, below32] = shiftedWords(op.op, a, ah, k);
	const either = (word: 0 | 1): string => {
		if (flags & FLAG.shiftsBelow32) return below32[word];
		return flags & FLAG.shiftsFrom32 ? from32[word] : `${k} & 32 ? ${from32[word]} : ${below32[word]}`;
	};
	b.line(`${b.name("t")} = ${either(0)};`);
	if (b.keepsHigh(at)) b.line(`${b.name(`h${op.dst}`)} = ${either(1)};`);
	b.assign(op.dst, "t");
}

type Words = readonly [low: string, high: string];

/** Both words of a shift by k, for k from 32 and for k below. */
function shiftedWords(op: Alu["op"], a: string, ah: string, k: string): readonly [from32: Words, below32: Words] {
	if (op === "lsh")
		return [
			["0", `${a} << ${k}`],
			[`${a} << ${k}`, `${ah === "0" ? "" : `${ah} << ${k} | `}${a} >>> 1 >>> ~${k}`],
		];
	const low = ah === "0" ? `${a} >>> ${k} | 0` : `${a} >>> ${k} | ${ah} << 1 << ~${k}`;
	if (op === "rsh")
		return [
			[ah === "0" ? "0" : `${ah} >>> ${k} | 0`, "0"],
			[low, ah === "0" ? "0" : `${ah} >>> ${k} | 0`],
		];
	return [
		[`${ah} >> ${k}`, `${ah} >> 31`],
		[low, `${ah} >> ${k}`],
	];
}

const WIDE_DIVISION = { div: "udiv", mod: "umod", sdiv: "sdiv", smod: "smod" } as const;

/** In doubles x / 0 is an infinity or NaN and becomes 0, and −2³¹ / −1 wraps: as eBPF wants both. Only x % 0 needs a test. */
function emitDivision(b: JsBody, op: Alu, at: number, flags: number, dst: Operand, src: Operand): void {
	const { low: a, high: ah } = dst;
	const { low: c, high: ch } = src;
	const signed = op.op === "sdiv" || op.op === "smod";
	if (lowDivision(op, flags)) {
		const [x, y] = signed ? [a, c] : [unsigned(a), unsigned(c)];
		const divides = op.op === "div" || op.op === "sdiv";
		if (op.src < 0 && op.imm === 0) return b.setLow(op.dst, at, divides ? "0" : a);
		if (divides) return b.setLow(op.dst, at, `${x} / ${y} | 0`);
		return b.setLow(op.dst, at, op.src < 0 ? `${x} % ${y} | 0` : `${c} === 0 ? ${a} : ${x} % ${y} | 0`);
	}
	if (flags & FLAG.tiny && !signed) return emitDivisionByTiny(b, op, at, dst, c);
	b.line(`${b.name("t")} = ${WIDE_DIVISION[op.op as "div"]}(${a}, ${ah}, ${c}, ${ch});`);
	if (b.keepsHigh(at)) b.line(`${b.name(`h${op.dst}`)} = Q[0];`);
	b.assign(op.dst, "t");
}

/** Long division in two digits of 32 bits: the remainder of the high one is below 2²¹, so that the second dividend is below 2⁵³ and its quotient, cut off, exact. */
function emitDivisionByTiny(b: JsBody, op: Alu, at: number, dst: Operand, c: string): void {
	const { low: a, high: ah } = dst;
	const [q, t, divisor] = [b.name("q"), b.name("t"), unsigned(c)];
	b.line(`${q} = ${unsigned(ah)} / ${divisor} | 0;`);
	b.line(`${t} = ((${ah} - imul(${q}, ${c}) >>> 0) * 4294967296 + ${unsigned(a)}) / ${divisor} | 0;`);
	if (op.op === "mod") return b.setLow(op.dst, at, `${a} - imul(${t}, ${c}) | 0`);
	if (b.keepsHigh(at)) b.line(`${b.name(`h${op.dst}`)} = ${q};`);
	b.assign(op.dst, t);
}

export function emitNeg(b: JsBody, op: Extract<Op, { kind: "neg" }>, at: number): void {
	const flags = b.flags(at);
	if (!isNeeded(flags)) return;
	if (op.width === 32 || !b.keepsHigh(at) || impliesResult(flags)) return b.setLow(op.dst, at, `0 - ${b.low(op.dst)} | 0`);
	const high = b.high(op.dst, at, ofLeft(flags));
	b.line(`${b.name("t")} = 0 - ${b.low(op.dst)} | 0;`);
	finish(b, op.dst, `~${high} + (t === 0 | 0) | 0`);
}

export function emitMovsx(b: JsBody, op: Extract<Op, { kind: "movsx" }>, at: number): void {
	if (!isNeeded(b.flags(at))) return;
	const low = b.low(op.src);
	b.setLow(op.dst, at, op.bits === 32 ? low : `${low} << ${32 - op.bits} >> ${32 - op.bits}`);
}

/** A word's bytes reversed; V8 makes rotations of the two sums. */
const swapped = (x: string): string => `(${x} << 8 | ${x} >>> 24) & 0xff00ff | (${x} << 24 | ${x} >>> 8) & 0xff00ff00`;

export function emitSwap(b: JsBody, op: Extract<Op, { kind: "swap" }>, at: number): void {
	const flags = b.flags(at);
	if (!isNeeded(flags)) return;
	const low = b.low(op.dst);
	const high = b.high(op.dst, at, ofLeft(flags));
	if (op.bits === 64) {
		if (!op.swap) return b.setBoth(op.dst, at, low, high);
		return b.setBoth(op.dst, at, high === "0" ? "0" : swapped(high), swapped(low));
	}
	if (op.bits === 32) return b.setLow(op.dst, at, op.swap ? swapped(low) : low);
	b.setLow(op.dst, at, op.swap ? `(${low} & 255) << 8 | ${low} >>> 8 & 255` : `${low} & 65535`);
}

const SYMBOL: Readonly<Record<Relation, string>> = {
	eq: "===",
	ne: "!==",
	gt: ">",
	ge: ">=",
	lt: "<",
	le: "<=",
	sgt: ">",
	sge: ">=",
	slt: "<",
	sle: "<=",
};

/** The branch's condition, or its opposite, as an expression. */
export function condition(b: JsBody, op: Branch, at: number, negate: boolean): string {
	const flags = b.flags(at);
	const dst = operand(b, op.dst, 0, at, ofLeft(flags));
	const src = operand(b, op.src, op.imm, at, ofRight(flags), true);
	if (op.op === "set") {
		const low = `${dst.low} & ${src.low}`;
		const both = op.width === 32 || dst.high === "0" || src.high === "0" ? `(${low})` : `(${low} | ${dst.high} & ${src.high})`;
		return `${both} ${negate ? "===" : "!=="} 0`;
	}
	const small = (flags & FLAG.dstSmall) !== 0 && (flags & FLAG.srcSmall) !== 0;
	const low = lowComparison(op, flags);
	if (low !== null) return relation(negate ? OPPOSITE[low] : low, dst.low, src.low, small);
	const wanted = negate ? OPPOSITE[op.op] : op.op;
	const { low: a, high: ah } = dst;
	const { low: c, high: ch } = src;
	if (wanted === "eq" || wanted === "ne") return `(${difference(a, c)} | ${difference(ah, ch)}) ${SYMBOL[wanted]} 0`;
	// Equal high words leave it to the low ones, which are unsigned in either order.
	const lows = relation(unsignedOrder(wanted), a, c, false);
	// Below a multiple of 2³² is what the high word is below it, in either order.
	if (c === "0" && (wanted === "lt" || wanted === "ge" || wanted === "slt" || wanted === "sge")) return relation(wanted, ah, ch, false);
	if (ch === "0" && (wanted === "lt" || wanted === "le")) return `(${ah} === 0 && ${lows})`;
	if (ch === "0" && (wanted === "gt" || wanted === "ge")) return `(${ah} !== 0 || ${lows})`;
	return `(${ah} === ${ch} ? ${lows} : ${relation(wanted, ah, ch, false)})`;
}

const difference = (a: string, c: string): string => (c === "0" ? a : `${a} ^ ${c}`);

function relation(name: Relation, a: string, c: string, small: boolean): string {
	const plain = small || name === "eq" || name === "ne" || name[0] === "s";
	return plain ? `${a} ${SYMBOL[name]} ${c}` : `${unsigned(a)} ${SYMBOL[name]} ${unsigned(c)}`;
}
