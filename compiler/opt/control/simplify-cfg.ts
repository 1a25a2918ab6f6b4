import type { Block, Inst, IrFunction, Value } from "../../ir/types.ts";
import type { Pass } from "../pass.ts";
import { predecessors } from "../../ir/cfg.ts";
import {
	isConst,
	isInst,
	makeJump,
	phisOf,
	removePhiEdge,
	replaceAll,
	resolve,
	sameValue,
	successors,
	terminator,
	usersOf,
} from "../../ir/values.ts";
import { Analyses, analysesOf, forget } from "../analysis/analyses.ts";

/**
 * The shape of the graph: unreachable blocks go, decided branches become jumps, chains of blocks become one, empty
 * blocks are jumped over, phis that choose nothing are replaced. Nothing is computed that was not computed before.
 */
export const simplifyCfg: Pass = {
	name: "simplify-cfg",
	run(fn, context) {
		let any = false;
		for (let changed = true; changed; ) {
			changed = false;
			for (const step of STEPS) {
				if (!step(fn, analysesOf(fn, context))) continue;
				forget(context);
				changed = true;
			}
			any ||= changed;
		}
		return any;
	},
};

/** Only what is needed to have a well-formed graph without dead blocks. */
export const removeDeadBlocks: Pass = {
	name: "remove-dead-blocks",
	run(fn, context) {
		const folded = foldBranches(fn);
		if (folded) forget(context);
		return removeUnreachable(fn, analysesOf(fn, context)) || folded;
	},
};

type Step = (fn: IrFunction, known: Analyses) => boolean;

function turnIntoJump(block: Block, to: Block): void {
	const end = terminator(block);
	for (const other of new Set(successors(block))) if (other !== to) removePhiEdge(other, block);
	makeJump(end, to);
}

/** A block that does nothing but be unreachable. */
const isNowhere = (block: Block): boolean => block.insts.length === 1 && block.insts[0].op === "unreachable";

function foldBranches(fn: IrFunction): boolean {
	let changed = false;
	for (const block of fn.blocks) {
		const end = terminator(block);
		if (end.op === "branch") {
			const [condition] = end.args;
			const [then, otherwise] = end.blocks!;
			if (then === otherwise) turnIntoJump(block, then);
			else if (isConst(condition)) turnIntoJump(block, condition.value !== 0n ? then : otherwise);
			else if (condition.op === "undef") turnIntoJump(block, otherwise);
			else if (isNowhere(then)) turnIntoJump(block, otherwise);
			else if (isNowhere(otherwise)) turnIntoJump(block, then);
			else continue;
			changed = true;
		} else if (end.op === "switch") {
			const [value] = end.args;
			if (isConst(value)) {
				const at = end.attr!.cases!.indexOf(value.value);
				turnIntoJump(block, end.blocks![at + 1]);
			} else if (end.blocks!.every((target) => target === end.blocks![0])) turnIntoJump(block, end.blocks![0]);
			else continue;
			changed = true;
		}
	}
	return changed;
}

function removeUnreachable(fn: IrFunction, { order }: Analyses = new Analyses(fn)): boolean {
	if (order.length === fn.blocks.length) return false;
	const reachable = new Set(order);
	for (const block of fn.blocks) {
		if (reachable.has(block)) continue;
		for (const next of new Set(successors(block))) if (reachable.has(next)) removePhiEdge(next, block);
	}
	fn.blocks = fn.blocks.filter((block) => reachable.has(block));
	return true;
}

/** φ(x, x, φ itself) = x; and φ(x, undefined) = x, where x has been made on every way there: programs compare and follow a pointer that was not set. */
function simplifyPhis(fn: IrFunction, known: Analyses): boolean {
	const map = new Map<Inst, Value>();
	let reach: ((value: Inst, block: Block) => boolean) | null = null;
	const reaches = (value: Value, block: Block): boolean => !isInst(value) || (reach ??= reachOf(fn, known))(value, block);
	for (let again = true; again; ) {
		again = false;
		for (const block of fn.blocks) {
			for (const inst of block.insts) {
				if (inst.op !== "phi") break;
				if (map.has(inst)) continue;
				let only: Value | null = null;
				let several = false;
				let open = false;
				for (const arg of inst.args) {
					const value = resolve(map, arg);
					if (value === inst) continue;
					if (value.op === "undef") open = true;
					else if (only === null) only = value;
					else if (!sameValue(only, value)) {
						several = true;
						break;
					}
				}
				if (several || (open && only !== null && !reaches(only, block))) continue;
				map.set(inst, only ?? { op: "undef", ty: inst.ty! });
				again = true;
			}
		}
	}
	// Equal phis of one block are one.
	for (const block of fn.blocks) {
		const seen: Inst[] = [];
		for (const inst of block.insts) {
			if (inst.op !== "phi") break;
			if (map.has(inst)) continue;
			const twin = seen.find(
				(other) =>
					other.ty === inst.ty && other.blocks!.every((from, i) => sameValue(other.args[i], inst.args[inst.blocks!.indexOf(from)])),
			);
			if (twin === undefined) seen.push(inst);
			else map.set(inst, twin);
		}
	}
	replaceAll(fn, map);
	return map.size > 0;
}

/** Whether a value is made on every way to a block, above its phis. */
function reachOf(fn: IrFunction, { dominators: dom, home }: Analyses): (value: Inst, block: Block) => boolean {
	return (value, block) => {
		const made = value.op === "param" ? fn.blocks[0] : home.get(value);
		return made !== undefined && made !== block && dom.idom.has(made) && dom.idom.has(block) && dom.dominates(made, block);
	};
}

/** A block with one predecessor that only goes there is the rest of it. */
function mergeChains(fn: IrFunction, known: Analyses): boolean {
	let preds = known.predecessors;
	/** Those of this pass, once it changes them. */
	let own: Map<Block, Block[]> | null = null;
	const gone = new Set<Block>();
	for (const block of fn.blocks) {
		if (gone.has(block)) continue;
		for (;;) {
			const end = terminator(block);
			if (end.op !== "jump") break;
			const next = end.blocks![0];
			if (next === block || next === fn.blocks[0] || preds.get(next)!.length !== 1) break;
			// Phis of one predecessor are gone already (simplifyPhis); what remains would be a fault.
			if (next.insts[0].op === "phi") break;
			if (own === null) preds = own = predecessors(fn);
			block.insts.pop();
			block.insts.push(...next.insts);
			if (next.unroll !== undefined) block.unroll = next.unroll;
			gone.add(next);
			for (const after of new Set(successors(block))) {
				for (const phi of phisOf(after)) phi.blocks = phi.blocks!.map((from) => (from === next ? block : from));
				const list = own.get(after)!;
				list[list.indexOf(next)] = block;
			}
		}
	}
	if (gone.size === 0) return false;
	fn.blocks = fn.blocks.filter((block) => !gone.has(block));
	return true;
}

/** Edges into an empty block go to where it jumps. */
function skipEmpty(fn: IrFunction, known: Analyses): boolean {
	let preds = known.predecessors;
	/** Those of this pass, once it changes them, and the order of the blocks. */
	let current: Map<Block, readonly Block[]> | null = null;
	let users: ReadonlyMap<Inst, readonly Inst[]> | null = null;
	let place = new Map<Block, number>();
	let changed = false;
	for (const block of fn.blocks) {
		if (block === fn.blocks[0]) continue;
		const end = terminator(block);
		if (end.op !== "jump") continue;
		const target = end.blocks![0];
		if (target === block) continue;
		const own = phisOf(block);
		if (own.length !== block.insts.length - 1) continue;
		const before = preds.get(block)!;
		if (before.length === 0) continue;
		// Its phis may be used by the target's phis alone, at this edge.
		const targetPhis = phisOf(target);
		if (own.length > 0) {
			users ??= changed ? usersOf(fn) : known.users;
			const uses = users;
			if (!own.every((phi) => onlyFeeds(uses.get(phi) ?? [], phi, targetPhis, block))) continue;
		}
		const targetPreds = preds.get(target)!;
		const valueFrom = (phi: Inst, pred: Block): Value => {
			const through = phi.args[phi.blocks!.indexOf(block)];
			return isInst(through) && own.includes(through) ? through.args[through.blocks!.indexOf(pred)] : through;
		};
		const clash = before.some(
			(pred) =>
				targetPreds.includes(pred) && targetPhis.some((phi) => !sameValue(phi.args[phi.blocks!.indexOf(pred)], valueFrom(phi, pred))),
		);
		if (clash || before.some((pred) => terminator(pred).op === "asmgoto")) continue;
		// The latch of a loop that is to be unrolled keeps its mark; a branch straight to the header is as good.
		if (block.unroll !== undefined) {
			if (before.length > 1) continue;
			before[0].unroll = block.unroll;
		}
		for (const phi of targetPhis) {
			const values = before.map((pred) => valueFrom(phi, pred));
			const at = phi.blocks!.indexOf(block);
			phi.args.splice(at, 1);
			phi.blocks!.splice(at, 1);
			before.forEach((pred, i) => {
				if (phi.blocks!.includes(pred)) return;
				phi.args.push(values[i]);
				phi.blocks!.push(pred);
			});
		}
		for (const pred of before) {
			const last = terminator(pred);
			last.blocks = last.blocks!.map((to) => (to === block ? target : to));
		}
		block.insts = [{ id: end.id, op: "unreachable", ty: null, args: [], blocks: undefined, attr: undefined, loc: end.loc }];
		changed = true;
		// In the order of the blocks, as `predecessors` would find them.
		if (current === null) {
			preds = current = new Map(preds);
			place = new Map(fn.blocks.map((each, i) => [each, i]));
		}
		current.set(
			target,
			[...new Set([...targetPreds.filter((pred) => pred !== block), ...before])].sort((a, b) => place.get(a)! - place.get(b)!),
		);
		current.set(block, []);
		users = null;
	}
	if (changed) {
		foldBranches(fn);
		removeUnreachable(fn);
	}
	return changed;
}

/** Blocks that only return, and the same: one of them is enough. */
function shareReturns(fn: IrFunction): boolean {
	/** The first block that returns a value: constants by type and number, others by themselves. */
	const kept = new Map<Value | string, Block>();
	const instead = new Map<Block, Block>();
	for (const block of fn.blocks) {
		const [ret] = block.insts;
		if (ret.op !== "ret" || block === fn.blocks[0]) continue;
		const [value] = ret.args;
		const key = value === undefined ? "" : isConst(value) ? `${value.ty} ${value.value}` : value;
		const same = kept.get(key);
		if (same === undefined) kept.set(key, block);
		else {
			instead.set(block, same);
			// Of lines that share code the last one stands for it: what is wrong at an exit is rarely wrong at an early one.
			const kept = same.insts[0];
			if (ret.loc !== null && (kept.loc === null || kept.loc.from < ret.loc.from)) kept.loc = ret.loc;
		}
	}
	let changed = false;
	if (instead.size > 0)
		for (const pred of fn.blocks) {
			const end = terminator(pred);
			if (end.op === "asmgoto" || !end.blocks?.some((to) => instead.has(to))) continue;
			end.blocks = end.blocks.map((to) => instead.get(to) ?? to);
			changed = true;
		}
	if (changed) {
		foldBranches(fn);
		removeUnreachable(fn);
	}
	return changed;
}

const onlyFeeds = (users: readonly Inst[], phi: Inst, targets: readonly Inst[], from: Block): boolean =>
	users.every((inst) => targets.includes(inst) && inst.args.every((arg, i) => arg !== phi || inst.blocks![i] === from));

const STEPS: readonly Step[] = [foldBranches, removeUnreachable, simplifyPhis, mergeChains, skipEmpty, shareReturns];
