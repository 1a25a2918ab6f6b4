import type { Attr, Inst, IrFunction, Value } from "../../ir/types.ts";
import type { OptContext, Pass } from "../pass.ts";
import { constant, isConst, newInst, replaceAll } from "../../ir/values.ts";
import { alignmentOf, partsOf } from "./mem-expand.ts";

/** What the machine lacks, spelled in what it has: loads and stores of words that may not be aligned, in parts that are (clang's BPF target does the same). */
export const splitUnaligned: Pass = {
	name: "split-unaligned",
	run(fn) {
		const map = new Map<Inst, Value>();
		let changed = false;
		for (const block of fn.blocks) {
			const out: Inst[] = [];
			for (const inst of block.insts) {
				const claimed = inst.attr?.align;
				const access = inst.op === "load" || inst.op === "store";
				if (!access || claimed === undefined || claimed >= inst.attr!.size!) {
					out.push(inst);
					continue;
				}
				const align = alignmentOf(inst.args[0], claimed);
				changed = true;
				if (align >= inst.attr!.size!) {
					inst.attr = { ...inst.attr, align: undefined };
					out.push(inst);
				} else if (inst.op === "load") map.set(inst, loadParts(fn, inst, align, out));
				else storeParts(fn, inst, align, out);
			}
			block.insts = out;
		}
		replaceAll(fn, map);
		return changed;
	},
};

function loadParts(fn: IrFunction, load: Inst, align: number, out: Inst[]): Value {
	const { size, signed, volatile } = load.attr!;
	const wide = size === 8 || load.ty !== "i32";
	const ty = wide ? "i64" : "i32";
	const emit = (op: Inst["op"], to: Inst["ty"], args: Value[], attr?: Attr): Inst => {
		const made = newInst(fn, op, to, args, attr, load.loc);
		out.push(made);
		return made;
	};
	let value: Value | null = null;
	const parts = partsOf(size!, align);
	for (const { offset, width } of parts) {
		const address = offset === 0 ? load.args[0] : emit("ptradd", "ptr", [load.args[0], constant("i64", offset)]);
		const last = offset + width === size;
		const part = emit("load", ty, [address], { size: width, ...(last && signed ? { signed: true } : {}), ...(volatile ? { volatile } : {}) });
		const moved: Value = offset === 0 ? part : emit("shl", ty, [part, constant(ty, offset * 8)]);
		value = value === null ? moved : emit("or", ty, [value, moved]);
	}
	return load.ty === "ptr" ? emit("inttoptr", "ptr", [value!]) : value!;
}

function storeParts(fn: IrFunction, store: Inst, align: number, out: Inst[]): void {
	const { size, volatile } = store.attr!;
	const emit = (op: Inst["op"], to: Inst["ty"], args: Value[], attr?: Attr): Inst => {
		const made = newInst(fn, op, to, args, attr, store.loc);
		out.push(made);
		return made;
	};
	const [target, given] = store.args;
	const value = given.ty === "ptr" && !isConst(given) ? emit("ptrtoint", "i64", [given]) : isConst(given) && given.ty === "ptr" ? constant("i64", given.value) : given;
	const ty = value.ty!;
	for (const { offset, width } of partsOf(size!, align)) {
		const address = offset === 0 ? target : emit("ptradd", "ptr", [target, constant("i64", offset)]);
		// A constant of the part alone: equal parts are one constant, and none takes two instructions.
		const part = isConst(value) ? constant(ty, BigInt.asIntN(width * 8, value.value >> BigInt(offset * 8))) : offset === 0 ? value : emit("lshr", ty, [value, constant(ty, offset * 8)]);
		emit("store", null, [address, part], { size: width, ...(volatile ? { volatile } : {}) });
	}
}

/** Division and remainder of magnitudes, with the sign put on by arithmetic: before v4 there is no signed division. */
export const expandSignedDivision: Pass = {
	name: "signed-division",
	run(fn, context: OptContext) {
		if (context.cpu >= 4) return false;
		const map = new Map<Inst, Value>();
		for (const block of fn.blocks) {
			const out: Inst[] = [];
			for (const inst of block.insts) {
				if (inst.op !== "sdiv" && inst.op !== "smod") {
					out.push(inst);
					continue;
				}
				const ty = inst.ty!;
				const emit = (op: Inst["op"], args: Value[]): Inst => {
					const made = newInst(fn, op, ty, args, undefined, inst.loc);
					out.push(made);
					return made;
				};
				const top = constant(ty, ty === "i32" ? 31 : 63);
				const [a, b] = inst.args;
				const sign = (value: Value): Value => (isConst(value) ? constant(ty, value.value < 0n ? -1 : 0) : emit("ashr", [value, top]));
				const applySign = (value: Value, mask: Value): Value => (isConst(mask) && mask.value === 0n ? value : emit("sub", [emit("xor", [value, mask]), mask]));
				const magnitude = (value: Value, mask: Value): Value => (isConst(value) ? constant(ty, value.value < 0n ? -value.value : value.value) : applySign(value, mask));
				const signA = sign(a);
				const signB = sign(b);
				const result = emit(inst.op === "sdiv" ? "udiv" : "umod", [magnitude(a, signA), magnitude(b, signB)]);
				const mask = inst.op === "smod" || (isConst(signB) && signB.value === 0n) ? signA : emit("xor", [signA, signB]);
				map.set(inst, applySign(result, mask));
			}
			block.insts = out;
		}
		replaceAll(fn, map);
		return map.size > 0;
	},
};

/** `__builtin_constant_p` of what has not become a constant by now: no. */
export const answerQuestions: Pass = {
	name: "answer-questions",
	run(fn) {
		const map = new Map<Inst, Value>();
		for (const block of fn.blocks) for (const inst of block.insts) if (inst.op === "isconst") map.set(inst, constant("i32", isConst(inst.args[0]) ? 1 : 0));
		replaceAll(fn, map);
		return map.size > 0;
	},
};

/** Every slot in the entry block; what is left of `lifetime` goes. */
export const settleSlots: Pass = {
	name: "settle-slots",
	run(fn) {
		const slots: Inst[] = [];
		let marks = 0;
		for (const block of fn.blocks) {
			block.insts = block.insts.filter((inst) => {
				if (inst.op === "alloca") slots.push(inst);
				if (inst.op === "lifetime") marks++;
				return inst.op !== "alloca" && inst.op !== "lifetime";
			});
		}
		fn.blocks[0].insts.unshift(...slots);
		return slots.length + marks > 0;
	},
};
