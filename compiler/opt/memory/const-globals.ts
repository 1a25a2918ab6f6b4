import type { Inst, IrGlobal, Value } from "../../ir/types.ts";
import type { Pass } from "../pass.ts";
import { isInst, newInst, replaceAll } from "../../ir/values.ts";
import { isUniform, numberAt, unchanging } from "../analysis/constant-objects.ts";
import { rootOf } from "../analysis/slots.ts";

/**
 * Loads from objects that cannot change become their values: const ones that are defined here, and static ones that
 * nothing in the module writes. `const volatile` is set by the loader and is always read.
 */
export const foldConstGlobals: Pass = {
	name: "const-globals",
	run(fn, context) {
		const map = new Map<Inst, Value>();
		const fixed = unchanging(context);
		for (const block of fn.blocks) {
			const out: Inst[] = [];
			for (const inst of block.insts) {
				const value = inst.op === "load" && !inst.attr!.volatile ? known(inst, fixed, (made) => out.push(made), fn) : null;
				if (value === null) out.push(inst);
				else map.set(inst, value);
			}
			block.insts = out;
		}
		replaceAll(fn, map);
		return map.size > 0;
	},
};

function known(load: Inst, fixed: ReadonlySet<IrGlobal>, add: (inst: Inst) => void, fn: Parameters<Pass["run"]>[0]): Value | null {
	const { root, offset } = rootOf(load.args[0]);
	if (!isInst(root) || root.op !== "global") return null;
	const global = root.attr!.global!;
	if ("kind" in global || !fixed.has(global)) return null;
	// Wherever in it that is.
	if (offset === null) return isUniform(global) ? numberAt(global, 0, load) : null;
	const at = offset + (root.attr!.offset ?? 0);
	const size = load.attr!.size!;
	const number = numberAt(global, at, load);
	if (number !== null) return number;
	if (at < 0 || at + size > global.size) return null;
	for (const reloc of global.relocs) {
		if (reloc.offset + 8 <= at || reloc.offset >= at + size) continue;
		if (reloc.offset !== at || size !== 8 || (!("kind" in reloc.symbol) && reloc.symbol.section === "")) return null;
		const target = newInst(fn, "global", "ptr", [], { global: reloc.symbol, offset: reloc.addend }, load.loc);
		add(target);
		if (load.ty === "ptr") return target;
		const number = newInst(fn, "ptrtoint", "i64", [target], undefined, load.loc);
		add(number);
		return number;
	}
	return null;
}
