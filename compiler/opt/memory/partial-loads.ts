import type { Block, Inst, IrFunction, Op, Value } from "../../ir/types.ts";
import type { Pass } from "../pass.ts";
import { constant, isConst, isInst, newBlock, newInst, phisOf, replaceAll, retarget, successors, terminator } from "../../ir/values.ts";
import { isAddressing, isSameAddress } from "../analysis/address.ts";
import { type Range, writesOf } from "../analysis/alias.ts";
import { type Analyses, analysesOf, forget } from "../analysis/analyses.ts";

/**
 * A variable that is read where ways meet, or on both sides of the branch there, and was read or stored on some of the ways, is read on the one
 * other way, and a phi has it (partial redundancy elimination of loads):
 *
 *     if (pid) task = find(pid);  if (thread) { if (pid) use(task); } else if (pid) use(task);
 *
 * The call may write `pid`. On the way without it the register is known to be zero, and the verifier sees that no task is used. Only of global
 * variables, which are safe to read anywhere, and of which something is asked: to no other use is it worth a register.
 */
export const partialLoads: Pass = {
	name: "partial-loads",
	run(fn, context) {
		let changed = false;
		for (let budget = MOST; budget > 0 && moveOne(fn, analysesOf(fn, context)); budget--) {
			forget(context);
			changed = true;
		}
		return changed;
	},
};

const ASKS: ReadonlySet<Op> = new Set(["branch", "switch", "icmp"]);

const MOST = 16;
/** Blocks on the way into a block that are looked through. */
const MOST_BEFORE = 12;

function moveOne(fn: IrFunction, known: Analyses): boolean {
	const { predecessors: preds, dominators: dom } = known;
	for (const block of dom.order) {
		const sources = preds.get(block)!;
		if (sources.length < 2 || sources.some((from) => !dom.idom.has(from) || dom.dominates(block, from))) continue;
		for (const loads of readAt(block, known)) {
			if (!loads.some((load) => known.users.get(load)?.some(({ op }) => ASKS.has(op)))) continue;
			const values = sources.map((from) => valueAt(loads[0], from, known));
			const missing = sources.filter((_, i) => values[i] === null);
			if (missing.length !== 1 || terminator(missing[0]).op === "asmgoto") continue;
			const [{ op, ty, attr, loc, args }] = loads;
			const way = wayBetween(fn, missing[0], block);
			const end = way.insts.pop()!;
			const twin = newInst(fn, op, ty, [copied(fn, args[0], way)], attr, loc);
			way.insts.push(twin, end);
			const phi = newInst(
				fn,
				"phi",
				ty,
				values.map((value) => value ?? twin),
				undefined,
				loc,
				sources.map((from) => (from === missing[0] ? way : from)),
			);
			block.insts.unshift(phi);
			replaceAll(fn, new Map(loads.map((load) => [load, phi])));
			return true;
		}
	}
	return false;
}

/** A block that leads from the one to the other and nowhere else. */
function wayBetween(fn: IrFunction, from: Block, to: Block): Block {
	const end = terminator(from);
	if (end.op === "jump") return from;
	const made = newBlock(fn, "way");
	made.insts.push(newInst(fn, "jump", null, [], undefined, end.loc, [to]));
	retarget(from, to, made);
	for (const phi of phisOf(to)) phi.blocks = phi.blocks!.map((block) => (block === from ? made : block));
	fn.blocks.splice(fn.blocks.indexOf(to), 0, made);
	return made;
}

/** What is read of global variables before anything may write there: in the block itself, or on both sides of its branch. */
function readAt(block: Block, known: Analyses): (readonly Inst[])[] {
	const own = firstReads(block, known);
	const found: (readonly Inst[])[] = own.map((load) => [load]);
	const sides = [...new Set(successors(block))];
	if (terminator(block).op !== "branch" || sides.length !== 2 || sides.some((side) => known.predecessors.get(side)!.length !== 1))
		return found;
	const [first, second] = sides.map((side) => firstReads(side, known));
	for (const load of first) {
		const twin = second.find((other) => isSameRead(load, other));
		if (twin !== undefined && !own.some((other) => isSameRead(load, other)) && !block.insts.some((inst) => mayWrite(inst, load, known)))
			found.push([load, twin]);
	}
	return found;
}

function firstReads(block: Block, known: Analyses): readonly Inst[] {
	const loads: Inst[] = [];
	block.insts.forEach((inst, i) => {
		if (!isRead(inst) || loads.some((load) => isSameRead(load, inst))) return;
		if (!block.insts.slice(0, i).some((before) => mayWrite(before, inst, known))) loads.push(inst);
	});
	return loads;
}

function isRead({ op, ty, args, attr }: Inst): boolean {
	if (op !== "load" || ty === "ptr" || attr!.volatile) return false;
	let address = args[0];
	while (isInst(address) && address.op === "ptradd" && isConst(address.args[1])) address = address.args[0];
	return isInst(address) && address.op === "global";
}

const isSameRead = (a: Inst, b: Inst): boolean =>
	a.ty === b.ty && a.attr!.size === b.attr!.size && a.attr!.signed === b.attr!.signed && isSameAddress(a.args[0], b.args[0]);

const rangeOf = ({ args, attr }: Inst): Range => ({ address: args[0], size: attr!.size!, effective: attr!.effective });

function mayWrite(inst: Inst, load: Inst, { alias }: Analyses): boolean {
	const writes = writesOf(inst);
	return writes === "all" || writes.some((write) => alias.mayAlias(rangeOf(load), write));
}

/** What the load would give at the block's end, if it has been read or stored above; null: it would have to be read. */
function valueAt(load: Inst, from: Block, known: Analyses): Value | null {
	const { size, signed } = load.attr!;
	let block: Block | undefined = from;
	for (let count = 0; block !== undefined && count < MOST_BEFORE; count++) {
		for (const inst of block.insts.slice().reverse()) {
			if (inst.op === "load" && !inst.attr!.volatile && isSameRead(inst, load)) return inst;
			if (inst.op === "store" && inst.attr!.size === size && isSameAddress(inst.args[0], load.args[0])) {
				const [, value] = inst.args;
				if (isConst(value) && value.ty !== "ptr")
					return constant(load.ty!, signed ? BigInt.asIntN(size! * 8, value.value) : BigInt.asUintN(size! * 8, value.value));
				return value.ty === load.ty && size === (load.ty === "i32" ? 4 : 8) ? value : null;
			}
			if (mayWrite(inst, load, known)) return null;
		}
		const above: readonly Block[] = known.predecessors.get(block)!;
		block = above.length === 1 ? above[0] : undefined;
	}
	return null;
}

/** The computation of an address once more, before the block's end. */
function copied(fn: IrFunction, address: Value, block: Block): Value {
	if (!isInst(address) || !isAddressing(address)) return address;
	const twin = newInst(
		fn,
		address.op,
		address.ty,
		address.args.map((arg) => copied(fn, arg, block)),
		address.attr,
		address.loc,
	);
	block.insts.push(twin);
	return twin;
}
