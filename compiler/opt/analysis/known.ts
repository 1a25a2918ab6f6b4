import type { Inst, Value } from "../../ir/types.ts";
import { isConst, isInst, unsigned, widthOf } from "../../ir/values.ts";

/**
 * Which bits of a value are surely zero, and which one. Mostly the former: extensions, masks and range checks are what the passes
 * want to see through, and those are all about zeros at the top.
 */
const all = (width: number): bigint => MASKS[width];

const MASKS: readonly bigint[] = Array.from({ length: 65 }, (_, width) => (1n << BigInt(width)) - 1n);

const DEPTH = 6;

/** What r10 is a multiple of. */
const STACK_ALIGN = 8;

/** `proven`: only what the verifier finds out as well, to which a quotient, a remainder and what was shifted by a variable may be anything. */
export function knownZeros(value: Value, depth = DEPTH, proven = false): bigint {
	const ty = value.ty;
	if (ty === null) return 0n;
	const width = widthOf(ty);
	const full = all(width);
	if (isConst(value)) return full & ~unsigned(ty, value.value);
	if (value.op === "undef" || depth === 0) return 0n;
	const arg = (i: number): bigint => knownZeros(value.args[i], depth - 1, proven);
	switch (value.op) {
		case "and":
			return arg(0) | arg(1);
		case "or":
			return arg(0) & arg(1);
		case "xor":
			return (
				(arg(0) & arg(1)) | (isConst(value.args[1]) ? unsigned(ty, value.args[1].value) & knownOnes(value.args[0], depth - 1, proven) : 0n)
			);
		case "alloca":
			return BigInt(Math.min(value.attr!.align!, STACK_ALIGN) - 1);
		case "ptradd":
			return trailing(arg(0) & arg(1));
		case "ptrtoint":
		case "inttoptr":
			return arg(0);
		case "zext":
			return arg(0) | (all(64) & ~all(32));
		case "trunc":
			return arg(0) & full;
		case "sext": {
			const inner = arg(0);
			return (inner >> 31n) & 1n ? inner | (all(64) & ~all(32)) : inner & all(31);
		}
		case "sextfrom": {
			const bits = BigInt(value.attr!.bits!);
			const inner = arg(0);
			return (inner >> (bits - 1n)) & 1n ? inner | (full & ~((1n << bits) - 1n)) : inner & ((1n << (bits - 1n)) - 1n);
		}
		case "icmp":
		case "isconst":
			return full & ~1n;
		case "load": {
			const size = value.attr!.size!;
			return value.attr!.signed || size * 8 >= width ? 0n : full & ~all(size * 8);
		}
		case "coreinfo":
			// Offsets, sizes, shifts and answers are small; ids of types and values of enumerators may not be.
			return [0, 1, 2, 3, 4, 5, 8, 9, 10, 12].includes(value.attr!.core!.relo) ? full & ~all(31) : 0n;
		case "bswap":
			return full & ~all(value.attr!.bits!);
		case "shl":
		case "lshr":
		case "ashr":
			return shiftedZeros(value, arg(0), proven);
		case "add":
			return below(maxOf(arg(0), width) + maxOf(arg(1), width), width) | trailing(arg(0) & arg(1));
		case "mul":
			return below(maxOf(arg(0), width) * maxOf(arg(1), width), width);
		case "udiv":
			return proven ? 0n : leading(arg(0), width);
		case "umod": {
			if (proven) return 0n;
			const by = value.args[1];
			return isConst(by) && by.value > 0n ? below(by.value - 1n, width) : leading(arg(0), width);
		}
		case "select":
			return arg(1) & arg(2);
		case "phi": {
			let zeros = full;
			for (const input of value.args) {
				if (input === value || input.op === "undef") continue;
				zeros &= knownZeros(input, Math.min(depth - 1, 2), proven);
				if (zeros === 0n) break;
			}
			return zeros;
		}
		default:
			return 0n;
	}
}

function shiftedZeros({ op, ty, args }: Inst, zeros: bigint, proven: boolean): bigint {
	const width = widthOf(ty!);
	const full = all(width);
	const [, by] = args;
	if (!isConst(by)) return op === "lshr" && !proven ? leading(zeros, width) : 0n;
	const count = by.value & BigInt(width - 1);
	if (op === "shl") return ((zeros << count) | ((1n << count) - 1n)) & full;
	// Where the sign may be set, it may be copied.
	if (op === "ashr" && !((zeros >> BigInt(width - 1)) & 1n)) return 0n;
	return (zeros >> count) | (full & ~(full >> count));
}

/** Which bits of a value are surely one: what masks and constants put there. `proven`: as of `knownZeros`. */
export function knownOnes(value: Value, depth = DEPTH, proven = false): bigint {
	const ty = value.ty;
	if (ty === null) return 0n;
	if (isConst(value)) return unsigned(ty, value.value);
	if (value.op === "undef" || depth === 0) return 0n;
	const width = widthOf(ty);
	const full = all(width);
	const arg = (i: number): bigint => knownOnes(value.args[i], depth - 1, proven);
	const second = value.args[1];
	const by = second !== undefined && isConst(second) ? second.value & BigInt(width - 1) : null;
	switch (value.op) {
		case "and":
			return arg(0) & arg(1);
		case "or":
			return arg(0) | arg(1);
		case "xor":
			return isConst(second) ? (arg(0) & ~arg(1)) | (arg(1) & knownZeros(value.args[0], depth - 1, proven)) : 0n;
		case "zext":
		case "trunc":
			return arg(0) & full;
		case "shl":
			return by === null ? 0n : (arg(0) << by) & full;
		case "lshr":
			return by === null ? 0n : arg(0) >> by;
		case "select":
			return arg(1) & arg(2);
		case "phi": {
			let ones = full;
			for (const input of value.args) {
				if (input === value || input.op === "undef") continue;
				ones &= knownOnes(input, Math.min(depth - 1, 2), proven);
				if (ones === 0n) break;
			}
			return ones;
		}
		default:
			return 0n;
	}
}

const maxOf = (zeros: bigint, width: number): bigint => all(width) & ~zeros;

/** All bits above the highest one that `max` may set. */
function below(max: bigint, width: number): bigint {
	const full = all(width);
	if (max > full) return 0n;
	return full & ~all(max === 0n ? 0 : max.toString(2).length);
}

/** Only the run of zeros at the bottom: whatever is added there, nothing is carried. */
const trailing = (zeros: bigint): bigint => (~zeros & (zeros + 1n)) - 1n;

/** Only the run of zeros at the top. */
function leading(zeros: bigint, width: number): bigint {
	return below(maxOf(zeros, width), width);
}

/** What a mask or a comparison is not needed for: the verifier must know it without them. */
export const provenZeros = (value: Value): bigint => knownZeros(value, DEPTH, true);

/** Values that are looked through for bits that stay zero. */
const MOST_CHOICES = 32;

/**
 * Whether the bits are zero however a chain of choices went: `u16 r = 0; if (a) r |= 1; if (b) r |= 2; …`, also round a loop. Of each way the
 * verifier finds it as well. All must hold, so that what is looked at already may be taken for true.
 */
export function stayZero(bits: bigint, value: Value, seen: Set<Value> = new Set()): boolean {
	if (value.op === "undef" || seen.has(value)) return true;
	if (!isInst(value) || !PASSES_ZEROS.has(value.op)) return (bits & ~provenZeros(value)) === 0n;
	if (seen.size === MOST_CHOICES) return false;
	seen.add(value);
	const [first, second] = value.args;
	if (value.op === "and") return isConst(second) ? stayZero(bits & unsigned(second.ty, second.value), first, seen) : false;
	return value.args.every((arg) => stayZero(bits, arg, seen));
}

const PASSES_ZEROS: ReadonlySet<string> = new Set(["phi", "or", "xor", "and"]);

/** The largest unsigned number that the value may be. */
export const maxUnsigned = (value: Value): bigint => maxOf(knownZeros(value), widthOf(value.ty!));

/** The same of sums and choices, however long the chain of them; what goes round a loop may be anything. */
export function largest(value: Value, found: Map<Value, bigint> = new Map()): bigint {
	const before = found.get(value);
	if (before !== undefined) return before;
	const most = maxUnsigned(value);
	found.set(value, all(widthOf(value.ty!)));
	const chained = isInst(value) ? largestOfParts(value, (part) => largest(part, found)) : null;
	const max = chained !== null && chained < most ? chained : most;
	found.set(value, max);
	return max;
}

function largestOfParts({ op, args }: Inst, of: (part: Value) => bigint): bigint | null {
	switch (op) {
		case "phi":
			return args.reduce((most, arg) => (of(arg) > most ? of(arg) : most), 0n);
		case "add":
			return of(args[0]) + of(args[1]);
		case "trunc":
		case "zext":
		case "and":
			return of(args[0]);
		default:
			return null;
	}
}

/** As `maxUnsigned`, as the verifier knows it. */
export const maxProven = (value: Value): bigint => maxOf(provenZeros(value), widthOf(value.ty!));
/** The smallest unsigned number that it may be, as the verifier knows it. */
export const minProven = (value: Value): bigint => knownOnes(value, DEPTH, true);

export const isNonNegative = (value: Value): boolean => ((knownZeros(value) >> BigInt(widthOf(value.ty!) - 1)) & 1n) === 1n;
