import type { Block, Inst, Pred, Value } from "../../ir/types.ts";
import type { Analyses } from "./analyses.ts";
import { isConst, isInst } from "../../ir/values.ts";
import { along } from "./facts.ts";
import { baseOf } from "./slots.ts";

/**
 * Which addresses are not null where they are asked: those of objects, what lies behind the beginning of one, and what was accessed on the
 * way there, since C accesses nothing at null, nor adds to it (clang's -fdelete-null-pointer-checks, its default).
 * Only what every way to the place has passed counts: a check that stands in front of the access stays, which the verifier needs.
 */
export function isNotNull(address: Value, at: Place, known: Analyses, depth = DEPTH): boolean {
	if (known.fn.nullIsAddress) return false;
	const { base, offset } = baseOf(address);
	if (!isInst(base)) return false;
	if (offset > 0 && offset <= FURTHEST) return true;
	if (address !== base) return accessedAbove(address, at, known);
	if (base.op === "alloca") return true;
	if (accessedAbove(base, at, known) || foundAbove(base, at.block, known)) return true;
	return base.op === "phi" && depth > 0 && base.args.every((arg, i) => broughtNotNull(arg, base, i, known, depth - 1));
}

export const isNullCheck = (pred: Pred, right: Value): boolean =>
	(pred === "eq" || pred === "ne") && isConst(right) && right.ty === "ptr" && right.value === 0n;

/** In front of an instruction of a block; null: at the block's end. */
export interface Place {
	readonly block: Block;
	readonly before: Inst | null;
}

/** No object is larger. */
const FURTHEST = 0x7fffffff;
/** Phis of phis. */
const DEPTH = 2;
/** Branches on the way to a place that are looked at. */
const MOST_ASKED = 12;

function broughtNotNull(arg: Value, phi: Inst, i: number, known: Analyses, depth: number): boolean {
	if (arg === phi) return true;
	const from = phi.blocks![i];
	return isFoundOn(arg, from, known.home.get(phi)!) || isNotNull(arg, { block: from, before: null }, known, depth);
}

/** Whether a branch that leads there and nowhere else found the address not to be null. */
function foundAbove(address: Inst, block: Block, { dominators: dom, predecessors: preds }: Analyses): boolean {
	let target: Block | null | undefined = block;
	for (let count = 0; target && count < MOST_ASKED; count++) {
		const into: readonly Block[] = preds.get(target)!;
		if (into.length === 1 && isFoundOn(address, into[0], target)) return true;
		target = dom.idom.get(target);
	}
	return false;
}

function isFoundOn(address: Value, from: Block, to: Block): boolean {
	const fact = along(from, to);
	return fact !== null && fact.left === address && fact.pred === "ne" && isConst(fact.right) && fact.right.value === 0n;
}

/** Whether something at a constant distance from the address was read or written on every way to the place. Zero may be an address of an arena. */
function accessedAbove(address: Value, at: Place, known: Analyses): boolean {
	if (!isInst(address) || address.op === "addrspace") return false;
	return (known.users.get(address) ?? []).some((user) =>
		user.op === "ptradd" && user.args[0] === address && isConst(user.args[1])
			? (known.users.get(user) ?? []).some((access) => accesses(access, user) && isAbove(access, at, known))
			: accesses(user, address) && isAbove(user, at, known),
	);
}

const TARGETS = new Set(["load", "store", "atomic", "cmpxchg", "loadacq", "storerel"]);
const BLOCKS = new Set(["memcpy", "memmove", "memset"]);

function accesses({ op, args, attr }: Inst, address: Value): boolean {
	if (TARGETS.has(op)) return args[0] === address;
	return BLOCKS.has(op) && (attr?.size ?? 0) > 0 && (args[0] === address || (op !== "memset" && args[1] === address));
}

const isAbove = (access: Inst, { block, before }: Place, known: Analyses): boolean =>
	before === null ? known.dominators.dominates(known.home.get(access)!, block) : known.isBefore(access, before);
