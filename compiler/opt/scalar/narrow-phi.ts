import type { Inst, IrFunction, Value } from "../../ir/types.ts";
import type { Pass } from "../pass.ts";
import { constant, isConst, isInst, phisOf, replaceAll, usersOf } from "../../ir/values.ts";

/**
 * A 64-bit phi whose low half alone is read, and that joins values widened from 32 bits, becomes a 32-bit phi of those.
 * `unsigned n = min(sizeof buf, (size_t)len)` is the case: the comparison was narrowed to `len`, and without this pass
 * the verifier would learn a bound of one register while its widened copy is what the helper gets. Phis that feed each
 * other are narrowed together or not at all.
 */
export const narrowPhis: Pass = {
	name: "narrow-phi",
	run(fn) {
		const web = narrowable(fn);
		if (web.size === 0) return false;
		const map = new Map<Inst, Value>();
		for (const block of fn.blocks) {
			for (const inst of block.insts) if (inst.op === "trunc" && isInst(inst.args[0]) && web.has(inst.args[0])) map.set(inst, inst.args[0]);
		}
		for (const phi of web) {
			phi.ty = "i32";
			phi.args = phi.args.map((arg) => (isConst(arg) ? constant("i32", arg.value) : isInst(arg) && !web.has(arg) ? arg.args[0] : arg));
		}
		replaceAll(fn, map);
		return true;
	},
};

/** The largest set of phis that join widened values, constants and each other, and whose readers cut off the high half or are in the set. */
function narrowable(fn: IrFunction): Set<Inst> {
	const web = new Set<Inst>();
	for (const block of fn.blocks) for (const phi of phisOf(block)) if (phi.ty === "i64" && phi.args.some(isWidened)) web.add(phi);
	if (web.size === 0) return web;
	const users = usersOf(fn);
	const fits = (phi: Inst): boolean =>
		phi.args.every((arg) => isConst(arg) || isWidened(arg) || (isInst(arg) && web.has(arg))) &&
		(users.get(phi) ?? []).every((user) => (user.op === "trunc" && user.ty === "i32") || web.has(user));
	for (let shrunk = true; shrunk; ) {
		shrunk = false;
		for (const phi of web) if (!fits(phi)) shrunk = web.delete(phi);
	}
	return web;
}

const isWidened = (value: Value): boolean => isInst(value) && (value.op === "zext" || value.op === "sext");
