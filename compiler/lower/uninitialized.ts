/**
 * -Wuninitialized: a local scalar is read where no way from the function's beginning has stored to it. Asked of the form that lowering makes, in which
 * every variable is a slot: what may have been stored is joined over all ways, so a loop or one branch that stores is enough to be silent.
 * A variable whose address goes anywhere, and one that is read in assembly, is not asked about, as in clang. Source: C11 6.3.2.1p2; clang's UninitializedValues.
 */
import type { DiagnosticSink } from "../diagnostics/diagnostic.ts";
import { reversePostorder } from "../ir/cfg.ts";
import type { Block, Inst, IrFunction } from "../ir/types.ts";
import { successors } from "../ir/values.ts";
import { CODES } from "../types/codes.ts";
import type { ObjectSym } from "../types/typed.ts";
import { isScalar } from "../types/basic.ts";

export function warnOfUninitialized(fn: IrFunction, slots: ReadonlyMap<ObjectSym, Inst>, sink: DiagnosticSink): void {
	const { tracked, used } = scalarsOf(fn, slots);
	if (tracked.size === 0) return;
	const bitOf = new Map([...tracked.keys()].map((slot, bit) => [slot, bit]));
	const words = (tracked.size + 31) >>> 5;
	const order = takenOrder(fn);
	/** At a block's start: bit set, some way here has stored to the slot. */
	const stored = new Map<Block, Uint32Array>(order.map((block) => [block, new Uint32Array(words)]));
	const work = new Set(order);
	for (const block of work) {
		work.delete(block);
		const here = stored.get(block)!.slice();
		for (const inst of block.insts) apply(inst, here, bitOf);
		for (const next of takenSuccessors(block)) if (join(stored.get(next)!, here)) work.add(next);
	}
	for (const block of order) {
		const here = stored.get(block)!;
		for (const inst of block.insts) {
			const slot = inst.args[0] as Inst;
			const variable = inst.op === "load" && inst.loc !== null && used.has(inst) ? tracked.get(slot) : undefined;
			if (variable !== undefined && !has(here, bitOf.get(slot)!)) {
				// The first place is enough, as for clang.
				tracked.delete(slot);
				const { code, group } = CODES.uninitializedUse;
				sink.report({
					code,
					severity: "warning",
					...(group === undefined ? {} : { group }),
					message: `variable '${variable.name}' is uninitialized when used here`,
					span: inst.loc,
					notes: [{ span: variable.span, message: `initialize the variable '${variable.name}' to silence this warning` }],
				});
			}
			apply(inst, here, bitOf);
		}
	}
}

const has = (bits: Uint32Array, bit: number): boolean => ((bits[bit >>> 5] >>> (bit & 31)) & 1) !== 0;

/** Whether something was new. */
function join(into: Uint32Array, from: Uint32Array): boolean {
	let changed = false;
	for (let i = 0; i < into.length; i++) {
		const both = (into[i] | from[i]) >>> 0;
		changed ||= both !== into[i];
		into[i] = both;
	}
	return changed;
}

function apply(inst: Inst, stored: Uint32Array, bitOf: ReadonlyMap<Inst, number>): void {
	if (inst.op !== "store" && inst.op !== "lifetime") return;
	const bit = bitOf.get(inst.args[0] as Inst);
	if (bit === undefined) return;
	if (inst.op === "store") stored[bit >>> 5] |= 1 << (bit & 31);
	// The variable's block is entered anew.
	else stored[bit >>> 5] &= ~(1 << (bit & 31));
}

/** Slots of scalar variables that are only loaded from and stored to, and the loads whose value is used: `(void)x` says that it is not. */
function scalarsOf(
	fn: IrFunction,
	slots: ReadonlyMap<ObjectSym, Inst>,
): { readonly tracked: Map<Inst, ObjectSym>; readonly used: ReadonlySet<Inst> } {
	const tracked = new Map([...slots].filter(([variable]) => isScalar(variable.type)).map(([variable, slot]) => [slot, variable]));
	const loads = new Map<Inst, Inst>();
	const used = new Set<Inst>();
	for (const block of fn.blocks) {
		for (const inst of block.insts) {
			const [place] = inst.args;
			const plain = inst.op === "load" || inst.op === "store" || inst.op === "lifetime";
			for (const [i, arg] of inst.args.entries()) {
				if (!plain || i > 0) tracked.delete(arg as Inst);
				const from = loads.get(arg as Inst);
				if (from !== undefined) used.add(arg as Inst);
				// `int x = x;` says so by itself, and assembly may do what it likes.
				if (from !== undefined && (inst.op === "asm" || inst.op === "asmgoto" || (inst.op === "store" && place === from)))
					tracked.delete(from);
			}
			if (inst.op === "load") loads.set(inst, place as Inst);
		}
	}
	return { tracked, used };
}

/** What a constant condition leaves of the ways on. */
function takenSuccessors(block: Block): readonly Block[] {
	const end = block.insts.at(-1);
	const [condition] = end?.args ?? [];
	if (end?.op === "branch" && condition?.op === "const" && end.blocks !== undefined) return [end.blocks[condition.value !== 0n ? 0 : 1]];
	return successors(block);
}

/** Blocks that are reached, those before first where there is no loop. */
export function takenOrder(fn: IrFunction): readonly Block[] {
	const seen = new Set([fn.blocks[0]]);
	for (const block of seen) for (const next of takenSuccessors(block)) seen.add(next);
	return reversePostorder(fn).filter((block) => seen.has(block));
}
