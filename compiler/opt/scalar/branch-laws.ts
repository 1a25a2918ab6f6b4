import type { Op } from "../../ir/types.ts";
import { belowPower, bitOfMask } from "./compare-laws.ts";
import { constant, isConst, unsigned, widthOf } from "../../ir/values.ts";
import { c, is, type Law } from "./law.ts";

/** What a branch asks. */
export const branchLaws: Partial<Record<Op, readonly Law[]>> = {
	branch: [
		(inst) => {
			const [condition] = inst.args;
			// x ≠ 0 needs no comparison of its own when x is one; a negation swaps the targets.
			if (is(condition, "xor") && c(condition.args[1]) === 1n && is(condition.args[0], "icmp")) {
				inst.args = [condition.args[0]];
				inst.blocks = inst.blocks!.slice().reverse();
				return inst;
			}
			if (is(condition, "zext") || is(condition, "sext")) {
				inst.args = [condition.args[0]];
				return inst;
			}
			return null;
		},
		// `if (x >> k)` asks for a bound of x, as `(x >> k) != 0` does, and `if (1 << k & 3)` for one of k.
		(inst, rw) => {
			const bound = bitOfMask(inst.args[0], 0n, "ne", rw) ?? belowPower(inst.args[0], 0n, "ne", rw);
			if (bound === null) return null;
			inst.args = [bound];
			return inst;
		},
		// (x >> k) & m is asked where the bits are.
		(inst, rw) => {
			const [a] = inst.args;
			if (!is(a, "and") || !isConst(a.args[1]) || rw.uses(a) > 1 || !is(a.args[0], "lshr") || !isConst(a.args[0].args[1])) return null;
			const ty = a.ty!;
			const count = unsigned(ty, a.args[0].args[1].value);
			const mask = unsigned(ty, a.args[1].value) << count;
			if (count >= BigInt(widthOf(ty)) || mask > (ty === "i64" ? 0x7fffffffn : 0xffffffffn)) return null;
			inst.args = [rw.make("and", ty, [a.args[0].args[0], constant(ty, mask)])];
			return inst;
		},
	],
};
