import type { Block, Inst, Value } from "../../ir/types.ts";
import type { Pass } from "../pass.ts";
import { constant, isConst, isInst } from "../../ir/values.ts";
import { analysesOf } from "../analysis/analyses.ts";

/**
 *     p->far = 1          a = p + 60000; *a = 1                   a = p + 60000; *a = 1
 *     p->further = 2  =   b = p + 60004; *b = 2          →        *(a + 4) = 2
 *
 * An access has 16 bits for its distance. What lies further from where its record begins is reached from another member that does, whose address is made
 * already: the last thing that is done to addresses, because each law that adds distances up would begin at the record again.
 */
export const farMembers: Pass = {
	name: "far-members",
	run(fn, context) {
		const made = new Map<Value, { readonly address: Inst; readonly block: Block; readonly distance: number }[]>();
		let dominators: ReturnType<typeof analysesOf>["dominators"] | null = null;
		let changed = false;
		const { order } = analysesOf(fn, context);
		for (const block of order)
			for (const inst of block.insts) {
				const distance = farDistance(inst);
				if (distance === null) continue;
				const [base] = inst.args;
				let near = made.get(base);
				if (near === undefined) made.set(base, (near = []));
				const from = near.find((other) => {
					if (!isNear(distance - other.distance)) return false;
					dominators ??= analysesOf(fn, context).dominators;
					return other.block === block || dominators.dominates(other.block, block);
				});
				if (from === undefined) near.push({ address: inst, block, distance });
				else {
					inst.args = [from.address, constant("i64", distance - from.distance)];
					changed = true;
				}
			}
		return changed;
	},
};

/** A word there is still reached. */
const isNear = (distance: number): boolean => distance >= -0x8000 && distance <= 0x7ff8;

/** Of an address that no access reaches from its base; slots and objects of the program's data have addresses of their own. */
function farDistance({ op, args }: Inst): number | null {
	if (op !== "ptradd" || !isConst(args[1]) || !isInst(args[0]) || args[0].op === "alloca" || args[0].op === "global") return null;
	const distance = Number(args[1].value);
	return isNear(distance) ? null : distance;
}
