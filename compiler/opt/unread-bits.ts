import type { Inst, IrFunction, Op, Value } from "../ir/types.ts";
import type { Pass } from "./pass.ts";
import { isConst, isInst, replaceAll, unsigned, widthOf } from "../ir/values.ts";
import { baseOf } from "./slots.ts";

/**
 * What clears or extends bits that nobody reads goes (LLVM's demanded bits): a store of one byte reads eight bits of its
 * value, a mask no more than it keeps. At the end: until then the extensions say how large a number is.
 *
 * A number on the stack keeps its mask: the verifier remembers what is stored there, and its bounds with it.
 */
export const unreadBits: Pass = {
	name: "unread-bits",
	run(fn) {
		const read = readBits(fn);
		const map = new Map<Inst, Value>();
		let changed = false;
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
					changed = true;
				}
			}
		}
		if (map.size === 0) return changed;
		replaceAll(fn, map);
		// What was said of overflow was said of the extended operands.
		for (const block of fn.blocks) for (const inst of block.insts) if (ARITHMETIC.has(inst.op) && inst.attr?.signed && (read.get(inst) ?? 0) < widthOf(inst.ty!)) inst.attr = { ...inst.attr, signed: false };
		return true;
	},
};

const ARITHMETIC: ReadonlySet<Op> = new Set(["add", "sub", "mul", "shl", "neg"]);

/** How many low bits of each value somebody reads: from what reads them for good backwards to what they are made of, until nothing grows. */
function readBits(fn: IrFunction): ReadonlyMap<Inst, number> {
	const read = new Map<Inst, number>();
	const work: Inst[] = [];
	const ask = (inst: Inst): void => {
		inst.args.forEach((arg, i) => {
			if (!isInst(arg)) return;
			const bits = wanted(inst, i, read.get(inst) ?? 0);
			if (bits <= (read.get(arg) ?? 0)) return;
			read.set(arg, bits);
			work.push(arg);
		});
	};
	for (const block of fn.blocks) for (const inst of block.insts) ask(inst);
	while (work.length > 0) ask(work.pop()!);
	return read;
}

/** Bits of operand `i` that count when `bits` of the instruction's value do. */
function wanted(inst: Inst, i: number, bits: number): number {
	const { ty } = inst.args[i];
	const width = ty === "i32" ? 32 : 64;
	const b = inst.args[1];
	switch (inst.op) {
		case "store":
			return i === 1 && ty !== "ptr" && baseOf(inst.args[0]).base.op !== "alloca" ? Math.min(width, inst.attr!.size! * 8) : width;
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
			return i === 0 && isConst(b) && b.value >= 0n && b.value < 64n && bits > 0 ? Math.min(width, bits + Number(b.value)) : width;
		default:
			return width;
	}
}
