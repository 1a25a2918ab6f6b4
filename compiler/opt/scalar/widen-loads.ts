import type { Inst, Value } from "../../ir/types.ts";
import type { Pass } from "../pass.ts";
import { isInst, newInst } from "../../ir/values.ts";
import { analysesOf } from "../analysis/analyses.ts";

/**
 * A load that is extended somewhere is a 64-bit load of as many bytes; who wants 32 bits takes the low half, which is
 * free. The verifier then sees one register: the one that is checked is the one that is used as an index, and
 * `ctx->data`, a 32-bit field, becomes a packet pointer, which no later instruction may extend.
 */
export const widenLoads: Pass = {
	name: "widen-loads",
	run(fn, context) {
		const { users } = analysesOf(fn, context);
		const replaced = new Map<Inst, Value>();
		/** What takes the place of a load for those that want 32 bits. */
		const low = new Map<Inst, Inst>();
		for (const block of fn.blocks) {
			const out: Inst[] = [];
			for (const inst of block.insts) {
				out.push(inst);
				if (inst.op !== "load" || inst.ty !== "i32") continue;
				const list = users.get(inst) ?? [];
				const size = inst.attr!.size!;
				const signed = inst.attr!.signed ?? false;
				const allSigned = size === 4 && list.length > 0 && list.every((use) => use.op === "sext");
				const extensions = allSigned
					? list
					: list.filter((use) => (use.op === "zext" && (size === 4 || !signed)) || (use.op === "sext" && size < 4 && signed));
				if (extensions.length === 0) continue;
				inst.ty = "i64";
				if (size === 4) inst.attr = { ...inst.attr, signed: allSigned ? true : undefined };
				for (const extension of extensions) replaced.set(extension, inst);
				if (extensions.length === list.length) continue;
				const half = newInst(fn, "trunc", "i32", [inst], undefined, inst.loc);
				low.set(inst, half);
				out.push(half);
			}
			block.insts = out;
		}
		if (replaced.size === 0) return false;
		for (const block of fn.blocks) {
			block.insts = block.insts.filter((inst) => !replaced.has(inst));
			for (const inst of block.insts) {
				inst.args = inst.args.map((arg) => {
					if (!isInst(arg)) return arg;
					const wide = replaced.get(arg);
					if (wide !== undefined) return wide;
					const half = low.get(arg);
					return half !== undefined && inst !== half ? half : arg;
				});
			}
		}
		return true;
	},
};
