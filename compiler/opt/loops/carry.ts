import type { Dominators, Loop } from "../../ir/cfg.ts";
import type { Block, Inst, IrFunction, Ty, Value } from "../../ir/types.ts";
import type { AliasInfo, Range } from "../analysis/alias.ts";
import type { Pass } from "../pass.ts";
import { loops } from "../../ir/cfg.ts";
import { constant, isInst, newInst } from "../../ir/values.ts";
import { writesOf } from "../analysis/alias.ts";
import { type Analyses, analysesOf, forget } from "../analysis/analyses.ts";
import { rootOf } from "../analysis/slots.ts";
import { blockInFront } from "./front.ts";

/**
 * A counter in memory, `for (; q->i < n; q->i++)`, is carried from round to round in a register: it is loaded once in
 * front of the loop, and the loads in the loop take what the last store left. The stores stay where they are, so that
 * memory is as it was at every moment.
 *
 * The verifier needs this more than the machine does: it knows nothing of what a map value or a scratch page holds, so
 * a loop that reads its counter from there looks the same to it in every round, and is refused as an infinite one.
 *
 * The load in front must be safe: the header itself does one, or a block before it did.
 */
export const carryLoads: Pass = {
	name: "carry",
	run(fn, context) {
		let changed = false;
		for (let budget = 32; budget > 0 && carryOne(fn, analysesOf(fn, context)); budget--) {
			forget(context);
			changed = true;
		}
		return changed;
	},
};

/** One place in memory that a loop reads and writes as a whole. */
interface Place {
	readonly root: Value;
	readonly offset: number;
	readonly size: number;
	readonly ty: Ty;
	readonly loads: Inst[];
	readonly stores: Inst[];
}

function carryOne(fn: IrFunction, known: Analyses): boolean {
	const dom = known.dominators;
	const all = loops(fn, dom, known.predecessors);
	if (all.length === 0) return false;
	const { alias, home } = known;
	for (const loop of [...all].sort((a, b) => b.depth - a.depth)) {
		const place = candidates(loop, alias, home).find((one) => safeInFront(one, loop, dom));
		if (place === undefined) continue;
		carry(fn, loop, place);
		return true;
	}
	return false;
}

function candidates(loop: Loop, alias: AliasInfo, home: ReadonlyMap<Inst, Block>): Place[] {
	const places = new Map<string, Place>();
	const writes: { readonly inst: Inst; readonly range: Range }[] = [];
	for (const block of loop.blocks) {
		for (const inst of block.insts) {
			const written = writesOf(inst);
			if (written === "all") return [];
			for (const range of written) writes.push({ inst, range });
			const place = placeOf(inst);
			if (place === null || (isInst(place.root) && loop.blocks.has(home.get(place.root)!))) continue;
			const key = `${isInst(place.root) ? place.root.id : "?"}/${place.offset}/${place.size}/${place.ty}`;
			const known = places.get(key) ?? { ...place, loads: [], stores: [] };
			places.set(key, known);
			(inst.op === "load" ? known.loads : known.stores).push(inst);
		}
	}
	return [...places.values()].filter(
		(place) =>
			place.loads.length > 0 &&
			place.stores.length > 0 &&
			writes.every(
				({ inst, range }) =>
					place.stores.includes(inst) ||
					!alias.mayAlias(range, { address: addressOf(place.loads[0]), size: place.size, effective: place.loads[0].attr!.effective }),
			),
	);
}

/** An ordinary access to a whole register's worth at a fixed distance from a value; null: anything else. */
function placeOf(inst: Inst): Omit<Place, "loads" | "stores"> | null {
	if ((inst.op !== "load" && inst.op !== "store") || inst.attr?.volatile === true) return null;
	const { root, offset } = rootOf(inst.args[0]);
	const ty = inst.op === "load" ? inst.ty! : inst.args[1].ty!;
	const size = inst.attr!.size!;
	if (offset === null || !isInst(root) || (size !== 4 && size !== 8)) return null;
	// Four bytes may be loaded into eight: what is carried is the four.
	if (size === 4 && inst.op === "store" && ty !== "i32") return null;
	return { root, offset, size, ty: size === 4 ? "i32" : ty };
}

const addressOf = (access: Inst): Value => access.args[0];

function safeInFront(place: Place, loop: Loop, dom: Dominators): boolean {
	if (place.loads.some((load) => loop.header.insts.includes(load))) return true;
	for (let block = dom.idom.get(loop.header) ?? null; block !== null; block = dom.idom.get(block) ?? null) {
		for (const inst of block.insts) {
			const other = placeOf(inst);
			if (other !== null && other.root === place.root && other.offset === place.offset && other.size === place.size) return true;
		}
		if (dom.idom.get(block) === block) break;
	}
	return false;
}

/** By way of a stack slot, which the promotion of slots turns into registers and phis. */
function carry(fn: IrFunction, loop: Loop, place: Place): void {
	const slot = newInst(fn, "alloca", "ptr", [], { size: place.size, align: place.size });
	fn.blocks[0].insts.unshift(slot);

	const front = blockInFront(fn, loop);
	const [first] = place.loads;
	const address: Value =
		place.offset === 0 ? place.root : newInst(fn, "ptradd", "ptr", [place.root, constant("i64", place.offset)], undefined, first.loc);
	const initial = newInst(fn, "load", place.ty, [address], { size: place.size }, first.loc);
	const added = isInst(address) && address !== place.root ? [address, initial] : [initial];
	front.insts.splice(front.insts.length - 1, 0, ...added, newInst(fn, "store", null, [slot, initial], { size: place.size }));

	for (const block of loop.blocks) {
		const rewritten: Inst[] = [];
		for (const inst of block.insts) {
			if (place.loads.includes(inst)) rewritten.push(...fromSlot(fn, inst, slot, place));
			else rewritten.push(inst);
			if (place.stores.includes(inst)) rewritten.push(newInst(fn, "store", null, [slot, inst.args[1]], { size: place.size }));
		}
		block.insts = rewritten;
	}
}

/** The load as one of the slot; a widening one keeps its widening as an instruction. */
function fromSlot(fn: IrFunction, load: Inst, slot: Inst, place: Place): Inst[] {
	if (load.ty === place.ty) {
		load.args = [slot];
		return [load];
	}
	const narrow = newInst(fn, "load", place.ty, [slot], { size: place.size }, load.loc);
	load.op = load.attr?.signed === true ? "sext" : "zext";
	load.args = [narrow];
	load.attr = undefined;
	return [narrow, load];
}
