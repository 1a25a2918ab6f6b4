import type { Inst, IrFunction, Op, Value } from "../../ir/types.ts";
import type { Pass } from "../pass.ts";
import { constant, isConst, isInst, replaceAll, unsigned, widthOf } from "../../ir/values.ts";
import { baseOf } from "../analysis/slots.ts";

/**
 * What clears or extends bits that nobody reads goes (LLVM's demanded bits): a store of one byte reads eight bits of its
 * value, a mask no more than it keeps, a comparison of a character with a letter only the character. At the end: until then the extensions say how large a number is.
 *
 * A number on the stack keeps its mask: the verifier remembers what is stored there, and its bounds with it.
 */
export const unreadBits: Pass = {
	name: "unread-bits",
	run(fn) {
		const read = readBits(fn);
		const map = new Map<Inst, Value>();
		const unsignedLoads = new Set<Value>();
		for (const block of fn.blocks) {
			for (const inst of block.insts) {
				const bits = read.get(inst) ?? 0;
				if (bits === 0 || inst.ty === null || inst.ty === "ptr" || bits >= widthOf(inst.ty)) continue;
				const [a, b] = inst.args;
				const low = (1n << BigInt(bits)) - 1n;
				if (inst.op === "and" && isConst(b) && (unsigned(inst.ty, b.value) & low) === low) map.set(inst, a);
				else if (inst.op === "sextfrom" && inst.attr!.bits! >= bits) map.set(inst, a);
				else if (inst.op === "load" && inst.attr!.signed && inst.attr!.size! * 8 >= bits) {
					inst.attr = { ...inst.attr, signed: false };
					unsignedLoads.add(inst);
				}
			}
		}
		if (unsignedLoads.size > 0) {
			for (const block of fn.blocks) {
				for (const inst of block.insts) {
					// `unsigned char c = *text`, where char is signed: such a load now makes what the mask was for.
					if (
						inst.op === "and" &&
						unsignedLoads.has(inst.args[0]) &&
						isConst(inst.args[1]) &&
						coversLoad(inst.args[0] as Inst, unsigned(inst.ty!, inst.args[1].value))
					)
						map.set(inst, inst.args[0]);
					if (inst.op === "icmp" && unsignedLoads.has(inst.args[0]) && isConst(inst.args[1]))
						inst.args[1] = constant(inst.args[1].ty, BigInt.asUintN((inst.args[0] as Inst).attr!.size! * 8, inst.args[1].value));
				}
			}
		}
		if (map.size === 0) return unsignedLoads.size > 0;
		replaceAll(fn, map);
		// What was said of overflow was said of the extended operands.
		for (const block of fn.blocks)
			for (const inst of block.insts)
				if (ARITHMETIC.has(inst.op) && inst.attr?.signed && (read.get(inst) ?? 0) < widthOf(inst.ty!))
					inst.attr = { ...inst.attr, signed: false };
		return true;
	},
};

function coversLoad({ attr }: Inst, mask: bigint): boolean {
	const low = (1n << BigInt(attr!.size! * 8)) - 1n;
	return (mask & low) === low;
}

const ARITHMETIC: ReadonlySet<Op> = new Set(["add", "sub", "mul", "shl", "neg"]);

/** How many low bits of each value somebody reads: from what reads them for good backwards to what they are made of, until nothing grows. */
function readBits(fn: IrFunction): ReadonlyMap<Inst, number> {
	const read = new Map<Inst, number>();
	const work: Inst[] = [];
	const comparisons = new Map<Inst, Inst[]>();
	const ask = (inst: Inst): void => {
		inst.args.forEach((arg, i) => {
			if (!isInst(arg)) return;
			const bits =
				inst.op === "icmp"
					? compared(inst, i, read)
					: inst.op === "branch" && isSignedLoad(arg)
						? arg.attr!.size! * 8
						: wanted(inst, i, read.get(inst) ?? 0);
			if (bits <= (read.get(arg) ?? 0)) return;
			read.set(arg, bits);
			// What one side of a comparison is extended to, the other must be.
			work.push(arg, ...(comparisons.get(arg) ?? []));
		});
	};
	for (const block of fn.blocks) {
		for (const inst of block.insts) {
			if (inst.op !== "icmp") continue;
			for (const arg of inst.args) if (isInst(arg) && arg.op === "load") comparisons.set(arg, [...(comparisons.get(arg) ?? []), inst]);
		}
	}
	for (const block of fn.blocks) for (const inst of block.insts) ask(inst);
	while (work.length > 0) ask(work.pop()!);
	return read;
}

/** Its value is known no better than the bytes that are stored of it. */
const isExtension = (value: Value): boolean => isInst(value) && value.op === "sextfrom";

/** Bits of operand `i` that count when `bits` of the instruction's value do. */
function wanted(inst: Inst, i: number, bits: number): number {
	const { ty } = inst.args[i];
	const width = ty === "i32" ? 32 : 64;
	const b = inst.args[1];
	switch (inst.op) {
		case "store":
			return i === 1 && ty !== "ptr" && (isExtension(inst.args[1]) || baseOf(inst.args[0]).base.op !== "alloca")
				? Math.min(width, inst.attr!.size! * 8)
				: width;
		case "sextfrom":
			return Math.min(width, bits, inst.attr!.bits!);
		case "and":
			return isConst(b) ? Math.min(bits, unsigned(inst.ty!, b.value).toString(2).length) : bits;
		case "phi":
		case "trunc":
		case "zext":
		case "sext":
		case "add":
		case "sub":
		case "mul":
		case "or":
		case "xor":
		case "neg":
			return ty === "ptr" ? (bits === 0 ? 0 : 64) : Math.min(width, bits);
		case "shl":
			return i === 0 && isConst(b) && b.value >= 0n && b.value < 64n ? Math.max(0, bits - Number(b.value)) : width;
		case "lshr":
		case "ashr":
			if (i !== 0 || !isConst(b) || b.value < 0n || b.value >= 64n) return width;
			return bits === 0 ? 0 : Math.min(width, bits + Number(b.value));
		default:
			return width;
	}
}

/** `c == 'x'`, `*a == *b`: the bytes decide, whatever both are extended with. */
function compared({ args, attr }: Inst, i: number, read: ReadonlyMap<Inst, number>): number {
	const width = args[i].ty === "i32" ? 32 : 64;
	const [a, b] = [args[i], args[1 - i]];
	if ((attr!.pred !== "eq" && attr!.pred !== "ne") || !isSignedLoad(a)) return width;
	const bits = a.attr!.size! * 8;
	const alike = isConst(b)
		? BigInt.asIntN(bits, b.value) === b.value
		: isSignedLoad(b) && b.ty === a.ty && b.attr!.size! * 8 === bits && (read.get(b) ?? 0) <= bits;
	return alike ? Math.min(width, bits) : width;
}

const isSignedLoad = (value: Value): value is Inst => isInst(value) && value.op === "load" && value.attr!.signed === true;
