import type { Block, Inst, IrFunction, Value } from "../../ir/types.ts";
import type { Ranges } from "../analysis/ranges.ts";
import type { Pass } from "../pass.ts";
import { constant, isInst, newInst, phisOf } from "../../ir/values.ts";
import { analysesOf } from "../analysis/analyses.ts";
import { ranges } from "../analysis/ranges.ts";
import { baseOf } from "../analysis/slots.ts";

/**
 *     p = table + i              p = table + i
 *     …                          …
 *     if (i > 36) return    →    if (i > 36) return
 *     x = *(p + 2)               x = *(table + i + 2)
 *
 * To the kernel's verifier a pointer lies as far into its object as the number could be that was added, when it was added: what is asked of the number
 * afterwards it does not know of the pointer. Where only that keeps an access within the object, its address is made again behind the question. The last
 * thing but one that is done to addresses, because two that are made alike are one.
 */
export const askedAddresses: Pass = {
	name: "asked-addresses",
	run(fn, context) {
		const analyses = analysesOf(fn, context);
		const { order, home, dominators } = analyses;
		const made = new Map<Inst, { readonly address: Inst; readonly block: Block }[]>();
		let known: Ranges | null = null;
		for (const block of order)
			for (const access of [...block.insts]) {
				const indexed = indexedAccess(access);
				if (indexed === null || home.get(indexed.address) === block) continue;
				const { address, last } = indexed;
				known ??= ranges(dominators, analyses.predecessors, home);
				const { at } = known;
				const fits = (place: Block): boolean => at(address.args[1], place).umax <= BigInt(last);
				const from = home.get(address)!;
				if (fits(from) || !fits(block)) continue;
				const others = made.get(address) ?? made.set(address, []).get(address)!;
				let again = others.find((other) => dominators.dominates(other.block, block) && fits(other.block));
				if (again === undefined) {
					let place = block;
					for (let up = dominators.idom.get(place)!; up !== from && fits(up); up = dominators.idom.get(up)!) place = up;
					again = { address: newInst(fn, "ptradd", "ptr", [...address.args], undefined, access.loc), block: place };
					place.insts.splice(phisOf(place).length, 0, again.address);
					others.push(again);
				}
				reach(fn, block, access, again.address, indexed.offset);
			}
		return made.size > 0;
	},
};

function reach(fn: IrFunction, { insts }: Block, access: Inst, from: Inst, offset: number): void {
	const member = newInst(fn, "ptradd", "ptr", [from, constant("i64", offset)], undefined, access.loc);
	if (offset !== 0) insts.splice(insts.indexOf(access), 0, member);
	access.args = [offset === 0 ? from : member, ...access.args.slice(1)];
}

/** A load or store at an index of an object whose size is known: the address that has the index in it, how far behind it, and the last index that is within. */
function indexedAccess({ op, args, attr }: Inst): { readonly address: Inst; readonly offset: number; readonly last: number } | null {
	if (op !== "load" && op !== "store") return null;
	const { base: address, offset } = baseOf(args[0]);
	if (!isInst(address) || address.op !== "ptradd") return null;
	const { base, offset: begin } = baseOf(address.args[0]);
	const size = sizeOf(base);
	const last = size === null ? -1 : size - begin - offset - attr!.size!;
	return last < 0 ? null : { address, offset, last };
}

/** Of a slot, or an object of the program's own data. */
function sizeOf(base: Value): number | null {
	if (!isInst(base)) return null;
	if (base.op === "alloca") return base.attr!.size!;
	if (base.op !== "global" || "kind" in base.attr!.global!) return null;
	return base.attr!.global!.size - (base.attr!.offset ?? 0);
}
