import type { Op, Value } from "../../ir/types.ts";
import { allOnes, constant, isConst, isInst, unsigned } from "../../ir/values.ts";
import { isNonNegative, knownZeros } from "../analysis/known.ts";
import { c, is, type Law } from "./law.ts";

/** Numbers made wider and narrower. */
export const widthLaws: Partial<Record<Op, readonly Law[]>> = {
	zext: [
		// Of what was cut from a 64-bit value whose top is zero.
		(inst) => (is(inst.args[0], "trunc") && knownZeros(inst.args[0].args[0]) >> 32n === 0xffffffffn ? inst.args[0].args[0] : null),
	],
	sext: [
		(inst, rw) => (isNonNegative(inst.args[0]) ? rw.make("zext", "i64", inst.args.slice()) : null),
		(inst) => (is(inst.args[0], "trunc") && is(inst.args[0].args[0], "sext") ? inst.args[0].args[0] : null),
		// A small number is extended once, to all the width that is asked for, and shifted there.
		(inst, rw) => {
			const [a] = inst.args;
			if (!is(a, "sextfrom") || rw.uses(a) > 1) return null;
			return rw.make("sextfrom", "i64", [rw.make("zext", "i64", a.args.slice())], a.attr);
		},
		(inst, rw) => {
			const [a] = inst.args;
			if (!is(a, "ashr") || rw.uses(a) > 1) return null;
			const [shifted, by] = a.args;
			if (!isInst(shifted) || !isConst(by) || (shifted.op !== "sextfrom" && !(shifted.op === "load" && shifted.attr!.signed))) return null;
			return rw.make("ashr", "i64", [rw.make("sext", "i64", [shifted]), constant("i64", by.value)]);
		},
	],
	trunc: [
		(inst) => (is(inst.args[0], "zext") || is(inst.args[0], "sext") ? inst.args[0].args[0] : null),
		// The low half of a sum is the sum of the low halves, when that costs nothing: an operand need not be extended, and of the other one the low half is read.
		(inst, rw) => {
			const [a] = inst.args;
			if (!isInst(a) || !["add", "sub", "and", "or", "xor", "mul"].includes(a.op) || rw.uses(a) > 1) return null;
			// What is subtracted and extended for others as well is so anyway: the two ends of a packet, of whose difference in 32 bits the verifier knows nothing.
			const isExtended = (value: Value): boolean => (is(value, "zext") || is(value, "sext")) && (a.op !== "sub" || rw.uses(value) <= 1);
			return a.args.some(isExtended) && a.args.every((arg) => arg.ty === "i64")
				? rw.make(
						a.op,
						"i32",
						a.args.map((arg) => rw.make("trunc", "i32", [arg])),
					)
				: null;
		},
	],
	sextfrom: [
		(inst) => {
			const bits = BigInt(inst.attr!.bits!);
			return knownZeros(inst.args[0]) >> (bits - 1n) === allOnes(inst.ty!) >> (bits - 1n) ? inst.args[0] : null;
		},
		(inst) => (is(inst.args[0], "sextfrom") && inst.args[0].attr!.bits! <= inst.attr!.bits! ? inst.args[0] : null),
		(inst) =>
			is(inst.args[0], "load") && inst.args[0].attr!.signed && inst.args[0].attr!.size! * 8 <= inst.attr!.bits! ? inst.args[0] : null,
		// Only the low bits count.
		(inst, rw) => {
			const [a] = inst.args;
			const mask = is(a, "and") ? c(a.args[1]) : null;
			const low = (1n << BigInt(inst.attr!.bits!)) - 1n;
			return mask !== null && is(a, "and") && (unsigned(inst.ty!, mask) & low) === low
				? rw.make("sextfrom", inst.ty!, [a.args[0]], inst.attr)
				: null;
		},
		(inst, rw) =>
			inst.attr!.bits === 32 && inst.ty === "i64" ? rw.make("sext", "i64", [rw.make("trunc", "i32", inst.args.slice())]) : null,
	],
};
