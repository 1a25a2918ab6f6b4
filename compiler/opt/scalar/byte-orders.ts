import type { Inst, Ty, Value } from "../../ir/types.ts";
import { isConst, isInst, unsigned, widthOf } from "../../ir/values.ts";
import { knownZeros } from "../analysis/known.ts";
import type { Law, Rewriter } from "./law.ts";

/**
 * Bytes that are put together in reverse, `x >> 8 & 0xff | (x & 0xff) << 8`, are a byte swap (LLVM: `recognizeBSwapOrBitReverseIdiom`). Each byte of the result is followed
 * through shifts, masks and extensions to the value that it comes from.
 */
export const byteSwap: Law = (inst, rw) => {
	const [a, b] = inst.args;
	const isMasked = inst.op === "and" && isConst(b) && isInst(a) && a.op === "or";
	if (!isMasked && (inst.op !== "or" || isConst(b))) return null;
	const bytes = bytesOf(inst, DEPTH);
	const first = bytes[0];
	if (!isByte(first)) return null;
	const from = first.value;
	for (const bits of [16, 32, 64] as const) {
		const size = bits / 8;
		if (size > bytes.length || size > widthOf(from.ty!) / 8) break;
		const isSwapped = bytes.every((byte, i) =>
			i >= size ? byte === ZERO : isByte(byte) && byte.value === from && byte.at === size - 1 - i,
		);
		if (isSwapped) return swapped(from, inst.ty!, bits, rw);
	}
	return null;
};

const DEPTH = 8;

interface Byte {
	readonly value: Inst;
	readonly at: number;
}

const ZERO = "zero";
const MIXED = "mixed";
type Source = Byte | typeof ZERO | typeof MIXED;

const isByte = (source: Source): source is Byte => typeof source !== "string";

/** Where each byte of a value comes from, the lowest first. */
function bytesOf(value: Value, depth: number): Source[] {
	const count = widthOf(value.ty!) / 8;
	const list = (source: (i: number) => Source): Source[] => Array.from({ length: count }, (_, i) => source(i));
	if (isConst(value)) {
		const bits = unsigned(value.ty, value.value);
		return list((i) => ((bits >> BigInt(8 * i)) & 0xffn ? MIXED : ZERO));
	}
	if (!isInst(value)) return list(() => MIXED);
	const by = value.args.length > 1 && isConst(value.args[1]) ? unsigned(value.ty!, value.args[1].value) : null;
	const inner = (i: number): Source[] => bytesOf(value.args[i], depth - 1);
	if (depth > 0) {
		switch (value.op) {
			case "or": {
				const [left, right] = [inner(0), inner(1)];
				return list((i) => (left[i] === ZERO ? right[i] : right[i] === ZERO ? left[i] : MIXED));
			}
			case "and": {
				if (by === null) break;
				const whole = inner(0);
				const mask = (i: number): bigint => (by >> BigInt(8 * i)) & 0xffn;
				return list((i) => (mask(i) === 0n ? ZERO : mask(i) === 0xffn ? whole[i] : MIXED));
			}
			case "shl":
			case "lshr": {
				if (by === null || by % 8n !== 0n) break;
				const whole = inner(0);
				const moved = value.op === "shl" ? -Number(by / 8n) : Number(by / 8n);
				return list((i) => whole[i + moved] ?? ZERO);
			}
			case "zext":
			case "trunc": {
				const whole = inner(0);
				return list((i) => whole[i] ?? ZERO);
			}
		}
	}
	const zeros = knownZeros(value);
	return list((i) => (((zeros >> BigInt(8 * i)) & 0xffn) === 0xffn ? ZERO : { value, at: i }));
}

function swapped(from: Inst, ty: Ty, bits: 16 | 32 | 64, rw: Rewriter): Value {
	if (from.ty === ty) return rw.make("bswap", ty, [from], { bits });
	if (ty === "i32") return rw.make("bswap", "i32", [rw.make("trunc", "i32", [from])], { bits });
	return rw.make("zext", "i64", [rw.make("bswap", "i32", [from], { bits })]);
}
