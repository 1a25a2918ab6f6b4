/**
 * The value domain of the JITs' own analysis: what is known of each register, as six doubles.
 *
 *     +0 umin  +1 umax   unsigned 64-bit bounds; 2^64 stands for "unknown" (bounds above 2^53 are not kept)
 *     +2 smin  +3 smax   signed bounds, ±2^63 for "unknown"
 *     +4 kind            NaN: a number; POINTER; below 2^20 in size: that offset from r10; DERIVED: somewhere from r10;
 *                        MAP + i: the address of map i; WORDS + i: the number that the 64-bit immediate at slot i says, beyond 2^53
 *     +5 zeros           this many low bits are 0
 *
 * Sound for any program, verified or not, with one exception that the caller chooses: `pointers` says that arithmetic on an
 * address stays an address (what the verifier ensures), that is, below 2^32.
 *
 * Here is what the doubles mean, how they are written, joined and widened; arithmetic.ts and refine.ts say what operations and comparisons make of them.
 */
export const STRIDE = 6;
export const POINTER = Number.POSITIVE_INFINITY;
export const MAP = 2 ** 24;
/** Comes from r10 and may point into the frame: within its bounds, since r10 is a constant. */
export const DERIVED = 2 ** 22;
export const WORDS = 2 ** 23;
export const U32 = 0xffffffff;
export const TOP_U = 2 ** 64;
export const TOP_S = 2 ** 63;
/** Bounds up to here are whole numbers in doubles. */
export const EXACT = 2 ** 53;

export type State = Float64Array;

export const isStackOffset = (kind: number): boolean => kind < 2 ** 20 && kind > -(2 ** 20);
export const isOfStack = (kind: number): boolean => kind === DERIVED || isStackOffset(kind);
export const isWords = (kind: number): boolean => kind >= WORDS && kind < MAP;
export const isNumber = (kind: number): boolean => Number.isNaN(kind) || isWords(kind);
/** The high word is zero. */
export const zeroExtended = (s: State, r: number): boolean => s[r * STRIDE + 1] <= U32;
/** The one number that the register can be, or null. */
export const constantOf = (s: State, r: number): number | null => (s[r * STRIDE + 2] === s[r * STRIDE + 3] ? s[r * STRIDE + 2] : null);
/** The high word repeats bit 31. */
export const signExtended = (s: State, r: number): boolean => s[r * STRIDE + 2] >= -0x80000000 && s[r * STRIDE + 3] <= 0x7fffffff;

/** Writes a value, each half of the bounds tightened by the other. */
export function assign(
	s: State,
	r: number,
	umin: number,
	umax: number,
	smin: number,
	smax: number,
	zeros: number,
	kind = Number.NaN,
): void {
	if (umax > EXACT) umax = TOP_U;
	if (umin > EXACT) umin = EXACT;
	if (smin < -EXACT) smin = -TOP_S;
	if (smax > EXACT) smax = TOP_S;
	if (umax !== TOP_U) {
		if (smin < umin) smin = umin;
		if (smax > umax) smax = umax;
	} else if (smin >= 0) {
		if (umin < smin) umin = smin;
		if (smax !== TOP_S) umax = smax;
	}
	if (zeros > 0 && zeros < 53) {
		const unit = power(zeros);
		if (umax !== TOP_U) umax = Math.floor(umax / unit) * unit;
		if (smax !== TOP_S) smax = Math.floor(smax / unit) * unit;
		if (smin !== -TOP_S) smin = Math.ceil(smin / unit) * unit;
	}
	const at = r * STRIDE;
	s[at] = umin;
	s[at + 1] = umax;
	s[at + 2] = smin;
	s[at + 3] = smax;
	s[at + 4] = kind;
	s[at + 5] = zeros;
}

export const assignUnknown = (s: State, r: number): void => assign(s, r, 0, TOP_U, -TOP_S, TOP_S, 0);
export const assignUnsigned = (s: State, r: number, umin: number, umax: number, zeros = 0): void =>
	assign(s, r, umin, umax, -TOP_S, TOP_S, zeros);
export const assignSigned = (s: State, r: number, smin: number, smax: number): void => assign(s, r, 0, TOP_U, smin, smax, 0);
export const assignPointer = (s: State, r: number, kind: number = POINTER, zeros = 0): void => assign(s, r, 0, U32, 0, U32, zeros, kind);

export function assignConstant(s: State, r: number, value: number): void {
	const zeros = value === 0 ? 64 : Math.abs(value) < 2 ** 32 ? trailingZeros(value) : 0;
	if (value >= 0) assign(s, r, value, value, value, value, zeros);
	else assign(s, r, 0, TOP_U, value, value, zeros);
}

/** A constant of two words; beyond 2⁵³ only `slot` is kept of it, the first of the immediates that say so. */
export function assignWords(s: State, r: number, low: number, high: number, slot: number): void {
	const value = high * 2 ** 32 + (low >>> 0);
	if (Math.abs(value) <= EXACT) assignConstant(s, r, value);
	else assign(s, r, 0, TOP_U, -TOP_S, TOP_S, 0, WORDS + slot);
}

/** Of a constant below 2^32 in size. */
export function trailingZeros(value: number): number {
	const low = value | 0;
	return low === 0 ? 32 : 31 - Math.clz32(low & -low);
}

export function copy(s: State, to: number, from: number): void {
	const t = to * STRIDE;
	const f = from * STRIDE;
	s[t] = s[f];
	s[t + 1] = s[f + 1];
	s[t + 2] = s[f + 2];
	s[t + 3] = s[f + 3];
	s[t + 4] = s[f + 4];
	s[t + 5] = s[f + 5];
}

const POWERS = Float64Array.from({ length: 65 }, (_, n) => 2 ** n);

/** 2ⁿ for whole n up to 64: a power is a call into the C library. */
export const power = (n: number): number => POWERS[n];

/** `state[to]` ⊔= `from`; true when it grew. */
export function join(to: State, from: State): boolean {
	let grew = false;
	for (let at = 0; at < to.length; at += STRIDE) {
		if (from[at] < to[at]) (to[at] = from[at]), (grew = true);
		if (from[at + 1] > to[at + 1]) (to[at + 1] = from[at + 1]), (grew = true);
		if (from[at + 2] < to[at + 2]) (to[at + 2] = from[at + 2]), (grew = true);
		if (from[at + 3] > to[at + 3]) (to[at + 3] = from[at + 3]), (grew = true);
		if (from[at + 5] < to[at + 5]) (to[at + 5] = from[at + 5]), (grew = true);
		const kind = to[at + 4];
		const next = joinKinds(kind, from[at + 4], to, from, at);
		if (!Object.is(kind, next)) (to[at + 4] = next), (grew = true);
	}
	return grew;
}

/** Two different addresses are an address still; an address or null too; what may come from r10 stays so; else a number. */
function joinKinds(a: number, b: number, to: State, from: State, at: number): number {
	if (Object.is(a, b)) return a;
	if (isOfStack(a) || isOfStack(b)) return DERIVED;
	if (isNumber(a)) return to[at + 1] === 0 ? POINTER : Number.NaN;
	if (isNumber(b)) return from[at + 1] === 0 ? POINTER : Number.NaN;
	return POINTER;
}

/** At loop heads: what still grows jumps to the next threshold (rising list), so that the walk ends. */
export function widen(to: State, before: State, thresholds: readonly number[]): void {
	for (let at = 0; at < to.length; at += STRIDE) {
		if (to[at] < before[at]) to[at] = 0;
		if (to[at + 1] > before[at + 1]) to[at + 1] = thresholds.find((t) => t >= to[at + 1]) ?? TOP_U;
		if (to[at + 2] < before[at + 2]) to[at + 2] = to[at + 2] >= 0 ? 0 : -(thresholds.find((t) => t >= -to[at + 2]) ?? TOP_S);
		if (to[at + 3] > before[at + 3]) to[at + 3] = thresholds.find((t) => t >= to[at + 3]) ?? TOP_S;
	}
}

/** Register r ≡ register q of `from` + something between `low` and `high`, modulo 2^64: where that does not wrap, it bounds r. */
export function boundByOffset(s: State, r: number, from: State, q: number, low: number, high: number): void {
	const t = r * STRIDE;
	const f = q * STRIDE;
	const umin = from[f] + low;
	const umax = from[f + 1] + high;
	const smin = from[f + 2] + low;
	const smax = from[f + 3] + high;
	const u = umin >= 0 && umax <= EXACT;
	const v = smin >= -EXACT && smax <= EXACT;
	if (!u && !v) return;
	const least = u ? Math.max(s[t], umin) : s[t];
	const most = u ? Math.min(s[t + 1], umax) : s[t + 1];
	const sleast = v ? Math.max(s[t + 2], smin) : s[t + 2];
	const smost = v ? Math.min(s[t + 3], smax) : s[t + 3];
	if (least <= most && sleast <= smost) assign(s, r, least, most, sleast, smost, s[t + 5], s[t + 4]);
}
