/**
 * -Wuninitialized: a local scalar is read where no way from the function's beginning has stored to it. Asked of the form that lowering makes, in which
 * every variable is a slot: what may have been stored is joined over all ways, so a loop or one branch that stores is enough to be silent.
 * A variable whose address goes anywhere, and one that is read in assembly, is not asked about, as in clang. Source: C11 6.3.2.1p2; clang's UninitializedValues.
 */
import { type Diagnostic, type DiagnosticSink, oneToken, type TokenSpan } from "../diagnostics/diagnostic.ts";
import { reversePostorder } from "../ir/cfg.ts";
import type { Block, Inst, IrFunction } from "../ir/types.ts";
import { successors } from "../ir/values.ts";
import { CODES } from "../types/codes.ts";
import type { ObjectSym } from "../types/typed.ts";
import { isScalar } from "../types/basic.ts";
import { decidingSides, type Origins, type Side, type Stored, type Ways } from "./sometimes.ts";

export function warnOfUninitialized(fn: IrFunction, slots: ReadonlyMap<ObjectSym, Inst>, origins: Origins, sink: DiagnosticSink): void {
	const { tracked, used } = scalarsOf(fn, slots);
	if (tracked.size === 0) return;
	const bitOf = new Map([...tracked.keys()].map((slot, bit) => [slot, bit]));
	const words = (tracked.size + 31) >>> 5;
	const order = takenOrder(fn);
	const ways: Ways = { order, origins, successors: takenSuccessors };
	/** At a block's start: bit set, some way here has stored to the slot. */
	const stored: Stores = new Map(order.map((block) => [block, new Uint32Array(words)]));
	settle(stored, ways, bitOf, (a, b) => a | b);
	for (const block of order) {
		const here = stored.get(block)!.slice();
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
	if (tracked.size > 0) warnOfSometimes({ tracked, used, bitOf }, ways, stored, sink);
}

/** By block: which slots have been stored to. */
type Stores = ReadonlyMap<Block, Uint32Array>;

interface Variables {
	readonly tracked: ReadonlyMap<Inst, ObjectSym>;
	readonly used: ReadonlySet<Inst>;
	readonly bitOf: ReadonlyMap<Inst, number>;
}

/** Variables that some ways have stored to where they are read, and others not; the first read of each is enough. */
function warnOfSometimes({ tracked, used, bitOf }: Variables, ways: Ways, stored: Stores, sink: DiagnosticSink): void {
	/** At a block's start: bit set, every way here has stored to the slot. */
	const surely: Stores = new Map([...stored].map(([block, bits], i) => [block, i === 0 ? new Uint32Array(bits.length) : bits.slice()]));
	settle(surely, ways, bitOf, (a, b) => a & b);
	const ends = (starts: Stores): Stores => new Map([...starts].map(([block, bits]) => [block, atEnd(bits, block, bitOf)]));
	const [perhapsAtEnd, surelyAtEnd] = [ends(stored), ends(surely)];
	const reads = new Map<Inst, { readonly inst: Inst; readonly block: Block }[]>();
	for (const block of ways.order) {
		const here = surely.get(block)!.slice();
		for (const inst of block.insts) {
			const slot = inst.args[0] as Inst;
			if (inst.op === "load" && inst.loc !== null && used.has(inst) && tracked.has(slot) && !has(here, bitOf.get(slot)!))
				reads.set(slot, [...(reads.get(slot) ?? []), { inst, block }]);
			apply(inst, here, bitOf);
		}
	}
	for (const [slot, list] of reads) {
		const bit = bitOf.get(slot)!;
		const known = (block: Block): Stored =>
			has(surelyAtEnd.get(block)!, bit) ? "always" : has(perhapsAtEnd.get(block)!, bit) ? "perhaps" : "never";
		for (const { inst, block } of list.sort((a, b) => a.inst.loc!.from - b.inst.loc!.from)) {
			const sides = decidingSides(block, ways, known);
			for (const side of sides) sink.report(sometimes(tracked.get(slot)!, inst.loc!, side));
			if (sides.length > 0) break;
		}
	}
}

function sometimes({ name, span }: ObjectSym, read: TokenSpan, { at, when, cure }: Side): Diagnostic {
	const { code, group } = CODES.sometimesUninitialized;
	return {
		code,
		severity: "warning",
		...(group === undefined ? {} : { group }),
		message: `variable '${name}' is used uninitialized whenever ${when}`,
		span: oneToken(at.from),
		notes: [
			{ span: read, message: "uninitialized use occurs here" },
			...(cure === null ? [] : [{ span: at, message: cure }]),
			{ span, message: `initialize the variable '${name}' to silence this warning` },
		],
	};
}

/** Carries what is known at the blocks' starts along all ways until nothing changes. */
function settle(
	starts: Stores,
	{ order, successors: next }: Ways,
	bitOf: Variables["bitOf"],
	combine: (a: number, b: number) => number,
): void {
	const work = new Set(order);
	for (const block of work) {
		work.delete(block);
		const here = atEnd(starts.get(block)!, block, bitOf);
		for (const to of next(block)) if (combineInto(starts.get(to)!, here, combine)) work.add(to);
	}
}

/** Whether it changed. */
function combineInto(into: Uint32Array, from: Uint32Array, combine: (a: number, b: number) => number): boolean {
	let changed = false;
	for (let i = 0; i < into.length; i++) {
		const both = combine(into[i], from[i]) >>> 0;
		changed ||= both !== into[i];
		into[i] = both;
	}
	return changed;
}

function atEnd(start: Uint32Array, block: Block, bitOf: Variables["bitOf"]): Uint32Array {
	const here = start.slice();
	for (const inst of block.insts) apply(inst, here, bitOf);
	return here;
}

const has = (bits: Uint32Array, bit: number): boolean => ((bits[bit >>> 5] >>> (bit & 31)) & 1) !== 0;

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
