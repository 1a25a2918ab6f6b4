import type { Block, Inst, IrFunction, Ty, Value } from "../../ir/types.ts";
import type { Pass } from "../pass.ts";
import type { Dominators } from "../../ir/cfg.ts";
import { dominanceFrontiers } from "../../ir/cfg.ts";
import { isConst, newInst, replaceAll, resolve, successors, constant, undef } from "../../ir/values.ts";
import { analysesOf } from "../analysis/analyses.ts";
import { foldOp } from "../../ir/fold.ts";

/**
 * Stack slots that are only read and written whole become SSA values (Cytron et al. 1991: phis at the iterated
 * dominance frontier, pruned by liveness, then renaming down the dominator tree).
 * A slot of 1 or 2 bytes holds the low bits of an i32: reading one extends them again.
 */
export const mem2reg: Pass = {
	name: "mem2reg",
	run(fn, context) {
		const slots = promotable(fn);
		if (slots.size === 0) return false;
		promote(fn, slots, analysesOf(fn, context).dominators);
		return true;
	},
};

interface Slot {
	readonly alloca: Inst;
	readonly size: number;
	readonly ty: Ty;
}

/** Asks for no list of users: of most values nobody needs one, and after each loop that is unrolled it would be made anew. */
function promotable(fn: IrFunction): Map<Inst, Slot> {
	/** With whether the slot keeps an address. */
	const found = new Map<Inst, boolean>();
	for (const block of fn.blocks)
		for (const inst of block.insts) if (inst.op === "alloca" && [1, 2, 4, 8].includes(inst.attr!.size!)) found.set(inst, false);
	if (found.size === 0) return new Map();
	for (const block of fn.blocks) {
		for (const inst of block.insts) {
			for (const arg of inst.args) {
				if (arg.op !== "alloca" || !found.has(arg)) continue;
				if (!isWhole(inst, arg)) found.delete(arg);
				else if (keepsAddress(inst)) found.set(arg, true);
			}
		}
	}
	return new Map(
		Array.from(found, ([alloca, isPointer]): [Inst, Slot] => {
			const size = alloca.attr!.size!;
			return [alloca, { alloca, size, ty: size === 8 ? (isPointer ? "ptr" : "i64") : "i32" }];
		}),
	);
}

/** Whether the use reads or writes the whole slot and nothing else. */
function isWhole({ op, args, attr }: Inst, alloca: Inst): boolean {
	if (op === "lifetime") return true;
	if (attr?.volatile || attr?.size !== alloca.attr!.size) return false;
	return op === "load" || (op === "store" && args[1] !== alloca && args[0] === alloca);
}

const keepsAddress = ({ op, ty, args }: Inst): boolean =>
	op === "load" ? ty === "ptr" : op === "store" && args[1].ty === "ptr" && !isConst(args[1]);

/** The slot that is read, written, or begins to live. */
function slotOf({ args }: Inst, slots: ReadonlyMap<Inst, Slot>): Slot | undefined {
	if (args.length === 0) return undefined;
	const [address] = args;
	return address.op === "alloca" ? slots.get(address) : undefined;
}

function promote(fn: IrFunction, slots: Map<Inst, Slot>, dom: Dominators): void {
	const frontiers = dominanceFrontiers(dom);
	const phis = placePhis(fn, slots, dom.order, frontiers);
	const replaced = new Map<Inst, Value>();
	const gone = new Set<Inst>();
	const loc = { before: null as Inst | null };

	// Renaming: a stack of blocks with the slots' values at their entry.
	const work: { block: Block; values: Map<Slot, Value> }[] = [{ block: dom.order[0], values: new Map() }];
	while (work.length > 0) {
		const { block, values } = work.pop()!;
		for (const [slot, phi] of phis.get(block) ?? []) values.set(slot, phi);
		const out: Inst[] = [...(phis.get(block)?.values() ?? [])];
		const emit = (op: Inst["op"], ty: Ty, args: Value[], attr?: Inst["attr"]): Value => {
			const folded = foldOp(op, ty, args, attr);
			if (folded !== null) return folded;
			if (args[0].op === "undef") return undef(ty);
			const made = newInst(fn, op, ty, args, attr, loc.before?.loc ?? null);
			out.push(made);
			return made;
		};
		for (const inst of block.insts) {
			loc.before = inst;
			const slot = slotOf(inst, slots);
			if (slot === undefined) {
				if (inst.op !== "alloca" || !slots.has(inst)) out.push(inst);
				else gone.add(inst);
				continue;
			}
			gone.add(inst);
			if (inst.op === "lifetime") values.set(slot, undef(slot.ty));
			else if (inst.op === "store") values.set(slot, toSlot(slot, resolve(replaced, inst.args[1]), emit));
			else replaced.set(inst, fromSlot(slot, inst, resolve(replaced, values.get(slot) ?? undef(slot.ty)), emit));
		}
		block.insts = out;
		for (const next of new Set(successors(block))) {
			for (const [slot, phi] of phis.get(next) ?? []) {
				phi.args.push(values.get(slot) ?? undef(slot.ty));
				phi.blocks!.push(block);
			}
		}
		for (const child of dom.children.get(block)!) work.push({ block: child, values: new Map(values) });
	}
	// Blocks that nothing reaches still name the slots.
	for (const block of fn.blocks) {
		if (dom.idom.has(block)) continue;
		for (const inst of block.insts) {
			const slot = slotOf(inst, slots);
			if (slot === undefined) continue;
			gone.add(inst);
			if (inst.ty !== null) replaced.set(inst, undef(inst.ty));
		}
		block.insts = block.insts.filter((inst) => !gone.has(inst));
		for (const next of new Set(successors(block))) {
			for (const [slot, phi] of phis.get(next) ?? []) {
				phi.args.push(undef(slot.ty));
				phi.blocks!.push(block);
			}
		}
	}
	replaceAll(fn, replaced);
}

type Emit = (op: Inst["op"], ty: Ty, args: Value[], attr?: Inst["attr"]) => Value;

function toSlot(slot: Slot, value: Value, emit: Emit): Value {
	if (value.op === "undef") return undef(slot.ty);
	if (value.ty === slot.ty) return value;
	if (slot.ty === "i32") return emit("trunc", "i32", [value.ty === "ptr" ? emit("ptrtoint", "i64", [value]) : value]);
	if (value.op === "const") return constant(slot.ty, value.value);
	return slot.ty === "ptr" ? emit("inttoptr", "ptr", [value]) : emit("ptrtoint", "i64", [value]);
}

function fromSlot(slot: Slot, load: Inst, value: Value, emit: Emit): Value {
	const want = load.ty!;
	if (value.op === "undef") return undef(want);
	if (slot.size === 8) {
		if (want === slot.ty) return value;
		return emit(want === "ptr" ? "inttoptr" : "ptrtoint", want, [value]);
	}
	let narrow: Value = value;
	if (slot.size < 4) {
		const bits = slot.size === 1 ? 8 : 16;
		narrow = load.attr!.signed ? emit("sextfrom", "i32", [value], { bits }) : emit("and", "i32", [value, constant("i32", (1 << bits) - 1)]);
	}
	return want === "i64" ? emit(load.attr!.signed ? "sext" : "zext", "i64", [narrow]) : narrow;
}

/** Pruned: a phi only where the slot is live. */
function placePhis(
	fn: IrFunction,
	slots: Map<Inst, Slot>,
	order: readonly Block[],
	frontiers: Map<Block, Set<Block>>,
): Map<Block, Map<Slot, Inst>> {
	const defs = new Map<Slot, Set<Block>>();
	const uses = new Map<Slot, Set<Block>>();
	for (const slot of slots.values()) {
		defs.set(slot, new Set());
		uses.set(slot, new Set());
	}
	const preds = new Map<Block, Block[]>();
	for (const block of order) preds.set(block, []);
	for (const block of order) {
		for (const next of new Set(successors(block))) preds.get(next)!.push(block);
		const written = new Set<Slot>();
		for (const inst of block.insts) {
			const slot = slotOf(inst, slots);
			if (slot === undefined) continue;
			if (inst.op === "load") {
				if (!written.has(slot)) uses.get(slot)!.add(block);
			} else {
				written.add(slot);
				defs.get(slot)!.add(block);
			}
		}
	}
	const phis = new Map<Block, Map<Slot, Inst>>();
	for (const slot of slots.values()) {
		const defined = defs.get(slot)!;
		// Live at entry: upward from uses until a definition.
		const live = new Set<Block>();
		const up = [...uses.get(slot)!];
		while (up.length > 0) {
			const block = up.pop()!;
			if (live.has(block)) continue;
			live.add(block);
			for (const pred of preds.get(block)!) if (!defined.has(pred)) up.push(pred);
		}
		const work = [...defined];
		const done = new Set<Block>();
		while (work.length > 0) {
			for (const join of frontiers.get(work.pop()!)!) {
				if (done.has(join) || !live.has(join)) continue;
				done.add(join);
				const phi = newInst(fn, "phi", slot.ty, [], undefined, null, []);
				let here = phis.get(join);
				if (here === undefined) phis.set(join, (here = new Map()));
				here.set(slot, phi);
				work.push(join);
			}
		}
	}
	return phis;
}
