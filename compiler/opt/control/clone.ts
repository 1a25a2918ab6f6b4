import type { Block, Const, Inst, IrFunction, Value } from "../../ir/types.ts";
import { foldOp } from "../../ir/fold.ts";
import { isComputation } from "../../ir/ops.ts";
import { isInst, newBlock, newInst, phisOf, successors, terminator } from "../../ir/values.ts";

/** Copying blocks, and the memory detour that keeps SSA form through it. */

/**
 * Copies the blocks, phis included. `values` maps what is replaced in the copies and receives the copied instructions;
 * edges between the blocks lead to the copies, edges out of them lead where they led (their phis are the caller's).
 */
export function cloneBlocks(fn: IrFunction, blocks: Iterable<Block>, values: Map<Inst, Value>, suffix: string): Map<Block, Block> {
	const map = new Map<Block, Block>();
	const list = [...blocks];
	for (const block of list) {
		const copy = newBlock(fn, block.name.endsWith(suffix) ? block.name : block.name + suffix);
		if (block.unroll !== undefined) copy.unroll = block.unroll;
		map.set(block, copy);
	}
	const made: Inst[] = [];
	for (const block of list) {
		const copy = map.get(block)!;
		for (const inst of block.insts) {
			if (values.has(inst)) continue;
			const twin = newInst(fn, inst.op, inst.ty, inst.args.slice(), inst.attr, inst.loc, inst.blocks?.slice());
			values.set(inst, twin);
			copy.insts.push(twin);
			made.push(twin);
		}
	}
	for (const inst of made) {
		inst.args = inst.args.map((arg) => (isInst(arg) ? (values.get(arg) ?? arg) : arg));
		if (inst.blocks !== undefined) inst.blocks = inst.blocks.map((block) => map.get(block) ?? block);
	}
	return map;
}

/** Works out what is constant in copied blocks: it disappears from them, and `values` maps to the constants. */
export function foldCopies(copies: Iterable<Block>, values: Map<Inst, Value>): void {
	const folded = new Map<Inst, Const>();
	const list = [...copies];
	const now = (arg: Value): Value => (isInst(arg) ? (folded.get(arg) ?? arg) : arg);
	for (const block of list)
		block.insts = block.insts.filter((inst) => {
			inst.args = inst.args.map(now);
			const value = isComputation(inst.op) ? foldOp(inst.op, inst.ty, inst.args, inst.attr) : null;
			if (value !== null) folded.set(inst, value);
			return value === null;
		});
	if (folded.size === 0) return;
	for (const block of list) for (const phi of phisOf(block)) phi.args = phi.args.map(now);
	for (const [original, copy] of values) values.set(original, now(copy));
}

/** After copying: targets outside get for the copied edge the (copied) value that they get for the original one. */
export function addExitEdges(map: ReadonlyMap<Block, Block>, values: ReadonlyMap<Inst, Value>): void {
	for (const [block, copy] of map) {
		for (const target of new Set(successors(copy))) {
			if ([...map.values()].includes(target)) continue;
			for (const phi of phisOf(target)) {
				if (phi.blocks!.includes(copy)) continue;
				const at = phi.blocks!.indexOf(block);
				if (at < 0) continue;
				const value = phi.args[at];
				phi.args.push(isInst(value) ? (values.get(value) ?? value) : value);
				phi.blocks!.push(copy);
			}
		}
	}
}

/**
 * Values defined in `inside` and used beyond it travel through stack slots (which `mem2reg` removes again), so that
 * the blocks may be copied without placing phis by hand. Uses by phis of `inside` blocks themselves stay.
 */
export function demoteEscaping(fn: IrFunction, inside: ReadonlySet<Block>): void {
	const home = new Map<Inst, Block>();
	for (const block of inside) for (const inst of block.insts) home.set(inst, block);
	const escaping = new Map<Inst, { inst: Inst; operand: number; block: Block }[]>();
	for (const block of fn.blocks) {
		for (const inst of block.insts) {
			inst.args.forEach((arg, operand) => {
				if (!isInst(arg) || arg.op === "alloca") return;
				if (!home.has(arg)) return;
				const place = inst.op === "phi" ? inst.blocks![operand] : block;
				if (inside.has(place)) return;
				const list = escaping.get(arg);
				if (list === undefined) escaping.set(arg, [{ inst, operand, block: place }]);
				else list.push({ inst, operand, block: place });
			});
		}
	}
	for (const [value, uses] of escaping) demote(fn, value, home.get(value)!, uses);
}

function demote(fn: IrFunction, value: Inst, def: Block, uses: { inst: Inst; operand: number; block: Block }[]): void {
	const size = value.ty === "i32" ? 4 : 8;
	const slot = newInst(fn, "alloca", "ptr", [], { size, align: size, variable: "live" });
	fn.blocks[0].insts.unshift(slot);
	const store = newInst(fn, "store", null, [slot, value], { size });
	let at = def.insts.indexOf(value) + 1;
	while (def.insts[at].op === "phi" || def.insts[at].op === "asmout") at++;
	def.insts.splice(at, 0, store);
	for (const { inst, operand, block } of uses) {
		const load = newInst(fn, "load", value.ty, [slot], { size }, inst.loc);
		const before = inst.op === "phi" ? block.insts.indexOf(terminator(block)) : block.insts.indexOf(inst);
		block.insts.splice(before, 0, load);
		inst.args[operand] = load;
	}
}
