/**
 * What arithmetic does to bounds (range.ts): one row by operation, r[dst] := r[dst] op r[src] in 32 or 64 bits.
 *
 * A row says what follows from the bounds of the two operands, as the width sees them. What it writes is cut down to what is sure: bounds that may have
 * wrapped, or are beyond 2^53, are unknown.
 */
import type { AluName, Width } from "./decode.ts";
import * as range from "./range.ts";
import type { State } from "./range.ts";
import {
	assign,
	assignPointer,
	assignSigned,
	assignUnknown,
	assignUnsigned,
	copy,
	EXACT,
	power,
	STRIDE,
	TOP_S,
	TOP_U,
	U32,
} from "./range.ts";

/** `src` may be a scratch register that holds the constant. */
export function arithmetic(s: State, op: AluName, width: Width, dst: number, src: number, pointers: boolean): void {
	if (op === "mov") return width === 64 ? copy(s, dst, src) : assignLow(s, dst, src);
	const numbers = range.isNumber(s[dst * STRIDE + 4]) && range.isNumber(s[src * STRIDE + 4]);
	if (width === 64 && (op === "add" || op === "sub") && !numbers) addressArithmetic(s, op, dst, src, pointers);
	else numberArithmetic(s, op, width, dst, src);
}

/** `to` := truncation of `from` to 32 bits. */
function assignLow(s: State, to: number, from: number): void {
	const at = from * STRIDE;
	if (s[at + 1] <= U32) copy(s, to, from);
	else assignUnsigned(s, to, 0, U32, Math.min(32, s[at + 5]));
}

/** `to` := the low `bits` of `from`, sign-extended to `width`. */
export function assignSignExtended(s: State, to: number, from: number, bits: number, width: Width): void {
	const half = power(bits - 1);
	const at = from * STRIDE;
	if (s[at + 1] < half) copy(s, to, from);
	else if (width === 32) assignUnsigned(s, to, 0, U32);
	else if (s[at + 2] >= -half && s[at + 3] < half) copy(s, to, from);
	else assignSigned(s, to, -half, half - 1);
}

/** A sum or a difference of which one operand at least is no number. */
function addressArithmetic(s: State, op: "add" | "sub", dst: number, src: number, pointers: boolean): void {
	const d = dst * STRIDE;
	const b = src * STRIDE;
	const left = s[d + 4];
	const right = s[b + 4];
	const constant = s[b + 2] === s[b + 3] ? s[b + 2] : Number.NaN;
	const change = op === "add" ? constant : -constant;
	if (range.isNumber(right) && range.isStackOffset(left) && Number.isInteger(constant) && range.isStackOffset(left + change)) {
		const at = s[d] + change;
		return assign(s, dst, at, at, at, at, range.trailingZeros(at), left + change);
	}
	const isAddress = op === "add" ? range.isNumber(left) !== range.isNumber(right) : !range.isNumber(left) && range.isNumber(right);
	const derived = isAddress && (range.isOfStack(left) || range.isOfStack(right));
	if (pointers && isAddress && !derived) return assignPointer(s, dst, range.POINTER, Math.min(s[d + 5], s[b + 5]));
	numberArithmetic(s, op, 64, dst, src);
	if (derived) markDerived(s, dst, pointers);
}

function markDerived(s: State, r: number, pointers: boolean): void {
	const at = r * STRIDE;
	if (pointers && s[at + 1] > U32) assignPointer(s, r, range.DERIVED, s[at + 5]);
	else s[at + 4] = range.DERIVED;
}

function numberArithmetic(s: State, op: Exclude<AluName, "mov">, width: Width, dst: number, src: number): void {
	LEFT.read(s, dst);
	RIGHT.read(s, src);
	if (width === 32) {
		LEFT.truncate(false);
		RIGHT.truncate(true);
	}
	RESULT.s = s;
	RESULT.dst = dst;
	RESULT.narrow = width === 32;
	TRANSFER[op](RESULT, LEFT, RIGHT);
}

/** Bounds of an operand. */
class Bounds {
	umin = Number.NaN;
	umax = Number.NaN;
	smin = Number.NaN;
	smax = Number.NaN;
	zeros = Number.NaN;

	read(s: State, r: number): void {
		const at = r * STRIDE;
		this.umin = s[at];
		this.umax = s[at + 1];
		this.smin = s[at + 2];
		this.smax = s[at + 3];
		this.zeros = s[at + 5];
	}

	/** To those of its low word. */
	truncate(immediate: boolean): void {
		if (this.umax > U32) {
			// A negative immediate is one number; its low word counts.
			const constant = immediate && this.smin === this.smax && this.smin < 0 && this.smin >= -0x80000000;
			this.umin = constant ? this.smin + 2 ** 32 : 0;
			this.umax = constant ? this.smin + 2 ** 32 : U32;
		}
		this.smin = this.umin;
		this.smax = this.umax;
	}

	get isSignExtended(): boolean {
		return this.smin >= -0x80000000 && this.smax <= 0x7fffffff;
	}
}

/** The register that is written. */
class Result {
	s: State = new Float64Array(0);
	dst = 0;
	narrow = false;

	get width(): Width {
		return this.narrow ? 32 : 64;
	}

	/** The largest number that is kept. */
	get most(): number {
		return this.narrow ? U32 : EXACT;
	}

	/** Unsigned bounds; where they are not kept, nothing is known but the low zeros. */
	unsigned(low: number, high: number, zeros = 0): void {
		const { s, dst } = this;
		if (high <= this.most) assign(s, dst, low, high, low, high, zeros);
		else if (this.narrow) assignUnsigned(s, dst, 0, U32, Math.min(zeros, 32));
		else assign(s, dst, 0, TOP_U, -TOP_S, TOP_S, zeros);
	}

	/** Unsigned and signed bounds, each dropped where it may have wrapped. */
	both(low: number, high: number, slow: number, shigh: number, zeros: number): void {
		if (this.narrow) return this.unsigned(Math.max(low, 0), low >= 0 ? high : Number.POSITIVE_INFINITY, zeros);
		const u = low >= 0 && high <= EXACT;
		const v = slow >= -EXACT && shigh <= EXACT;
		assign(this.s, this.dst, u ? low : 0, u ? high : TOP_U, v ? slow : -TOP_S, v ? shigh : TOP_S, zeros);
	}

	/** A 64-bit number that repeats bit 31. */
	signExtended(): void {
		assignSigned(this.s, this.dst, -0x80000000, 0x7fffffff);
	}

	signed(low: number, high: number): void {
		assignSigned(this.s, this.dst, low, high);
	}

	unknown(): void {
		if (this.narrow) assignUnsigned(this.s, this.dst, 0, U32);
		else assignUnknown(this.s, this.dst);
	}
}

/** Scratch, good for one operation: the analysis comes here for each instruction, several times. */
const LEFT = new Bounds();
const RIGHT = new Bounds();
const RESULT = new Result();

const TRANSFER: Readonly<Record<Exclude<AluName, "mov">, (to: Result, a: Bounds, b: Bounds) => void>> = {
	add: (to, a, b) => to.both(a.umin + b.umin, a.umax + b.umax, a.smin + b.smin, a.smax + b.smax, Math.min(a.zeros, b.zeros)),
	sub: (to, a, b) => to.both(a.umin - b.umax, a.umax - b.umin, a.smin - b.smax, a.smax - b.smin, Math.min(a.zeros, b.zeros)),
	mul(to, a, b) {
		const p = a.smin * b.smin;
		const q = a.smin * b.smax;
		const t = a.smax * b.smin;
		const u = a.smax * b.smax;
		to.both(a.umin * b.umin, a.umax * b.umax, Math.min(p, q, t, u), Math.max(p, q, t, u), Math.min(64, a.zeros + b.zeros));
	},
	div: (to, a, b) => to.unsigned(0, b.umin > 0 ? Math.floor(a.umax / b.umin) : a.umax),
	mod: (to, a, b) => to.unsigned(0, b.umin > 0 ? Math.min(a.umax, b.umax - 1) : a.umax),
	sdiv(to, a, b) {
		if (!to.narrow && a.smin >= 0 && b.smin > 0) to.unsigned(0, Math.floor(a.smax / b.smin));
		else to.unknown();
	},
	smod(to, a, b) {
		if (!to.narrow && a.smin >= 0 && b.smin > 0) to.unsigned(0, Math.min(a.smax, b.smax - 1));
		else if (!to.narrow && a.smin >= -EXACT && a.smax <= EXACT) to.signed(Math.min(a.smin, 0), Math.max(a.smax, 0));
		else to.unknown();
	},
	and(to, a, b) {
		const zeros = Math.max(a.zeros, b.zeros);
		const most = Math.min(a.umax, b.umax);
		if (most <= to.most || !(a.isSignExtended && b.isSignExtended)) to.unsigned(0, most, zeros);
		else to.signExtended();
	},
	or: (to, a, b) => orXor(to, a, b, Math.max(a.umin, b.umin)),
	xor: (to, a, b) => orXor(to, a, b, 0),
	lsh(to, a, b) {
		if (b.umax >= to.width) return to.unknown();
		to.both(
			a.umin * power(b.umin),
			a.umax * power(b.umax),
			a.smin * power(a.smin < 0 ? b.umax : b.umin),
			a.smax * power(a.smax < 0 ? b.umin : b.umax),
			Math.min(to.width, a.zeros + b.umin),
		);
	},
	rsh(to, a, b) {
		const known = b.umax < to.width;
		const least = known ? b.umin : 0;
		if (a.umax < TOP_U) to.unsigned(known ? Math.floor(a.umin / power(b.umax)) : 0, Math.floor(a.umax / power(least)));
		else if (least > 0) assignUnsigned(to.s, to.dst, 0, power(64 - least) - 1);
		else to.unknown();
	},
	arsh(to, a, b) {
		const known = b.umax < to.width;
		const unit = power(known ? b.umin : 0);
		if (!to.narrow) to.signed(Math.min(0, Math.floor(a.smin / unit)), Math.max(-1, Math.floor(a.smax / unit)));
		else if (known && a.umax < 2 ** 31) to.unsigned(0, Math.floor(a.umax / unit));
		else to.unknown();
	},
};

/** No bit above the highest of both. */
function orXor(to: Result, a: Bounds, b: Bounds, least: number): void {
	const most = Math.max(a.umax, b.umax);
	const zeros = Math.min(a.zeros, b.zeros);
	if (most <= to.most) to.unsigned(least, power(bitLength(most)) - 1, zeros);
	else if (a.isSignExtended && b.isSignExtended) to.signExtended();
	else assign(to.s, to.dst, least, TOP_U, -TOP_S, TOP_S, zeros);
}

const bitLength = (value: number): number => (value < 2 ** 32 ? 32 - Math.clz32(value) : 64 - Math.clz32(value / 2 ** 32));
