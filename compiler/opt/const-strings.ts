import type { Inst, IrGlobal, Value } from "../ir/types.ts";
import type { Pass } from "./pass.ts";
import { constant, isConst, isInst, replaceAll } from "../ir/values.ts";
import { unchanging } from "./const-globals.ts";
import { rootOf } from "./slots.ts";

/**
 * strlen, strcmp and strncmp of strings that are known when their function has been copied into its caller
 * (`__builtin_strcmp(name, __FILE_NAME__)` in an inline function). What is left at the end is refused: eBPF has no C library.
 */
export const foldStrings: Pass = {
	name: "const-strings",
	run(fn, context) {
		const map = new Map<Inst, Value>();
		for (const block of fn.blocks) {
			for (const inst of block.insts) {
				const value = isQuestion(inst) ? fold(inst, unchanging(context)) : null;
				if (value !== null) map.set(inst, value);
			}
			if (map.size > 0) block.insts = block.insts.filter((inst) => !map.has(inst));
		}
		replaceAll(fn, map);
		return map.size > 0;
	},
};

export const refuseStrings: Pass = {
	name: "refuse-strings",
	run(fn, { diagnostics }) {
		const map = new Map<Inst, Value>();
		for (const block of fn.blocks) {
			for (const inst of block.insts) {
				if (!isQuestion(inst)) continue;
				const name = inst.args.length === 3 ? "strncmp" : inst.op;
				diagnostics.report({ code: "E0604", severity: "error", message: `the builtin function __builtin_${name} is not supported for strings that are not constant here`, span: inst.loc });
				map.set(inst, constant(inst.ty!, 0));
			}
			if (map.size > 0) block.insts = block.insts.filter((inst) => !map.has(inst));
		}
		replaceAll(fn, map);
		return map.size > 0;
	},
};

const isQuestion = (inst: Inst): boolean => inst.op === "strcmp" || inst.op === "strlen";

function fold(inst: Inst, fixed: ReadonlySet<IrGlobal>): Value | null {
	const limit = inst.args.length === 3 ? inst.args[2] : null;
	if (limit !== null && !isConst(limit)) return null;
	const most = limit === null ? Number.POSITIVE_INFINITY : Number(BigInt.asUintN(64, limit.value));
	const a = bytesAt(inst.args[0], fixed);
	if (a === null) return null;
	if (inst.op === "strlen") {
		const end = a.indexOf(0);
		return end < 0 ? null : constant("i64", end);
	}
	const b = bytesAt(inst.args[1], fixed);
	if (b === null) return null;
	for (let i = 0; i < most; i++) {
		// Beyond its object a string is not known.
		if (i >= a.length || i >= b.length) return null;
		if (a[i] !== b[i]) return constant("i32", a[i] < b[i] ? -1 : 1);
		if (a[i] === 0) break;
	}
	return constant("i32", 0);
}

/** What a constant object holds from the address on; null when it is not known. */
function bytesAt(address: Value, fixed: ReadonlySet<IrGlobal>): Uint8Array | null {
	const { root, offset } = rootOf(address);
	if (!isInst(root) || root.op !== "global" || offset === null) return null;
	const global = root.attr!.global!;
	if ("kind" in global || !fixed.has(global) || global.relocs.length > 0) return null;
	const at = offset + (root.attr!.offset ?? 0);
	return at < 0 || at > global.size ? null : (global.bytes ?? new Uint8Array(global.size)).subarray(at);
}
