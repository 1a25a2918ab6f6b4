import type { Attr, Inst, IrFunction, Value } from "../../ir/types.ts";
import type { Pass } from "../pass.ts";
import { constant, isConst, isInst, newInst, replaceAll } from "../../ir/values.ts";
import { type Alignment, alignmentOf, naturalOf } from "../analysis/aligned.ts";
import { baseOf } from "../analysis/slots.ts";
import { alignObject, partsOf } from "./parts.ts";

/** Loads and stores of words that may not be aligned, in parts that are (clang's BPF target does the same). */
export const splitUnaligned: Pass = {
	name: "split-unaligned",
	run(fn) {
		const map = new Map<Inst, Value>();
		let changed = false;
		for (const block of fn.blocks) {
			const out: Inst[] = [];
			for (const inst of block.insts) {
				if (inst.op !== "load" && inst.op !== "store") {
					out.push(inst);
					continue;
				}
				const claimed = isAcross(inst) ? 1 : (inst.attr!.align ?? inst.attr!.size!);
				if (claimed >= inst.attr!.size!) {
					out.push(inst);
					continue;
				}
				alignObject(inst.args[0]);
				const align = alignmentOf(inst.args[0], claimed);
				changed = true;
				if (naturalOf(align) >= inst.attr!.size!) {
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

/** `*(unsigned *)(bytes + 6)` of a slot: whatever its type claims, no place on the stack is one at which the verifier lets it be read. */
function isAcross({ args, attr }: Inst): boolean {
	const { base, offset } = baseOf(args[0]);
	return isInst(base) && base.op === "alloca" && offset % attr!.size! !== 0;
}

function loadParts(fn: IrFunction, load: Inst, align: Alignment, out: Inst[]): Value {
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
		const part = emit("load", ty, [address], {
			size: width,
			...(last && signed ? { signed: true } : {}),
			...(volatile ? { volatile } : {}),
		});
		const moved: Value = offset === 0 ? part : emit("shl", ty, [part, constant(ty, offset * 8)]);
		value = value === null ? moved : emit("or", ty, [value, moved]);
	}
	return load.ty === "ptr" ? emit("inttoptr", "ptr", [value!]) : value!;
}

function storeParts(fn: IrFunction, store: Inst, align: Alignment, out: Inst[]): void {
	const { size, volatile } = store.attr!;
	const emit = (op: Inst["op"], to: Inst["ty"], args: Value[], attr?: Attr): Inst => {
		const made = newInst(fn, op, to, args, attr, store.loc);
		out.push(made);
		return made;
	};
	const [target, given] = store.args;
	const value =
		given.ty === "ptr" && !isConst(given)
			? emit("ptrtoint", "i64", [given])
			: isConst(given) && given.ty === "ptr"
				? constant("i64", given.value)
				: given;
	const ty = value.ty!;
	for (const { offset, width } of partsOf(size!, align)) {
		const address = offset === 0 ? target : emit("ptradd", "ptr", [target, constant("i64", offset)]);
		// A constant of the part alone: equal parts are one constant, and none takes two instructions.
		const part = isConst(value)
			? constant(ty, BigInt.asIntN(width * 8, value.value >> BigInt(offset * 8)))
			: offset === 0
				? value
				: emit("lshr", ty, [value, constant(ty, offset * 8)]);
		emit("store", null, [address, part], { size: width, ...(volatile ? { volatile } : {}) });
	}
}
