import type { Block, Inst, IrFunction, Ty, Value } from "../../ir/types.ts";
import type { Pass } from "../pass.ts";
import type { Analyses } from "../analysis/analyses.ts";
import type { AliasInfo, Placed } from "../analysis/alias.ts";
import { row } from "../../ir/ops.ts";
import { constant, isConst, isInst, newInst, replaceAll, resolve, terminator, undef, unsigned } from "../../ir/values.ts";
import { negated } from "../../ir/preds.ts";
import { isQuestion, writesOf } from "../analysis/alias.ts";
import { analysesOf } from "../analysis/analyses.ts";
import { choiceKeys } from "./choices.ts";

/**
 * Common subexpressions and loads, down the dominator tree: a pure operation on the same operands is the same value;
 * a load gives what was loaded from or stored to the same place before, when nothing in between may have written it:
 * where ways meet, nothing on any of them since they parted. Below a branch its condition is known.
 */
export const gvn: Pass = {
	name: "gvn",
	run(fn, context) {
		const map = new Map<Inst, Value>();
		number(fn, analysesOf(fn, context), map);
		replaceAll(fn, map);
		return map.size > 0;
	},
};

interface Known {
	readonly at: Placed;
	/** `at.base` and `at.offset`, of an object from its beginning. */
	readonly base: Value;
	readonly offset: number;
	/** Of a load, or stored; what assembly made of the object at the address. */
	readonly value: Value;
	readonly signed: boolean;
	readonly from: "load" | "store" | "asm";
	readonly question?: string;
}

interface Scope {
	readonly block: Block;
	readonly memory: Known[];
}

function keyOf(inst: Inst, ids: (value: Value) => string): string {
	const { attr } = inst;
	let key = `${inst.op} ${inst.ty}`;
	if (attr !== undefined) {
		if (attr.pred !== undefined) key += ` ${attr.pred}`;
		if (attr.bits !== undefined) key += ` ${attr.bits}`;
		if (attr.core !== undefined) key += ` ${attr.core.access} ${attr.core.relo} ${attr.core.value}`;
		if (attr.from !== undefined) key += ` ${attr.from}>${attr.to}`;
	}
	const { args } = inst;
	if (args.length === 2) {
		const left = ids(args[0]);
		const right = ids(args[1]);
		return row(inst.op).commutes && right < left ? `${key} ${right},${left}` : `${key} ${left},${right}`;
	}
	return `${key} ${args.map(ids).join(",")}`;
}

/** What a block writes: places, and beside them what others can see (calls). */
interface Writes {
	readonly calls: readonly Inst[];
	readonly places: readonly Placed[];
}

/** Places in memory whose contents are remembered: the latest ones. Keeps the walk linear. */
const MOST_KNOWN = 64;

/** Blocks that are looked through for writes where ways meet. */
const MOST_BETWEEN = 100;

function number(fn: IrFunction, { dominators: dom, predecessors: preds, alias }: Analyses, map: Map<Inst, Value>): void {
	const objects = new Map<unknown, number>();
	const idOf = (value: Value): string =>
		isInst(value) ? `%${value.id}` : isConst(value) ? `${value.ty}${value.value}` : `undef${value.ty}`;
	const objectId = (what: unknown): number => {
		let id = objects.get(what);
		if (id === undefined) objects.set(what, (id = objects.size));
		return id;
	};
	const table = new Map<string, { block: Block; value: Value }[]>();
	/** Blocks are walked in preorder of the dominator tree: what does not dominate this one dominates none that comes later. */
	const find = (key: string, block: Block): Value | null => {
		const list = table.get(key);
		if (list === undefined) return null;
		while (list.length > 0 && !dom.dominates(list[list.length - 1].block, block)) list.pop();
		return list.length > 0 ? list[list.length - 1].value : null;
	};
	const remember = (key: string, block: Block, value: Value): void => {
		const list = table.get(key);
		if (list === undefined) table.set(key, [{ block, value }]);
		else list.push({ block, value });
	};

	const written = new Map<Block, Writes>();
	const writesIn = (block: Block): Writes => {
		const before = written.get(block);
		if (before !== undefined) return before;
		const writes = { calls: [] as Inst[], places: [] as Placed[] };
		for (const inst of block.insts) {
			if (isQuestion(inst)) continue;
			const each = writesOf(inst);
			if (each === "all") writes.calls.push(inst);
			else for (const range of each) writes.places.push(alias.place(range));
		}
		written.set(block, writes);
		return writes;
	};
	/** What is still known where the ways from `top` meet, round a loop too. */
	const meeting = (block: Block, top: Block, known: readonly Known[]): Known[] => {
		let left = known.slice(-MOST_KNOWN);
		const seen = new Set([top]);
		const before = [...preds.get(block)!];
		while (before.length > 0 && left.length > 0) {
			const at = before.pop()!;
			if (seen.has(at)) continue;
			seen.add(at);
			if (seen.size > MOST_BETWEEN) return [];
			const { calls, places } = writesIn(at);
			left = without(left, calls, places, alias);
			before.push(...preds.get(at)!);
		}
		return left;
	};

	const work: Scope[] = [{ block: dom.order[0], memory: [] }];
	while (work.length > 0) {
		const { block, memory } = work.pop()!;
		let known = memory;
		const inherited = known;
		knownCondition(block, preds.get(block)!, (inst, value) => remember(`${keyOf(inst, idOf)}`, block, value));
		const out: Inst[] = [];
		for (const inst of block.insts) {
			if (map.size > 0) for (let i = 0; i < inst.args.length; i++) inst.args[i] = resolve(map, inst.args[i]);
			if (inst.op === "phi") {
				const keys = choiceKeys(inst, block, preds, dom, keyOf, idOf);
				const same = keys === null ? null : find(keys[0], block);
				if (same !== null) {
					map.set(inst, same);
					continue;
				}
				for (const key of keys ?? []) remember(key, block, inst);
			}
			if (inst.op === "alloca") known.push(unwritten(alias.place({ address: inst, size: inst.attr!.size! })));
			if (row(inst.op).does === "pure" && inst.op !== "isconst") {
				// An address of an object costs as much as keeping it: only within the block.
				let key = keyOf(inst, idOf);
				if (inst.op === "global") key += ` ${objectId(inst.attr!.global)}+${inst.attr!.offset ?? 0} in ${block.id}`;
				if (inst.op === "coreoffset" || inst.op === "coreinfo") key += ` ${objectId(inst.attr!.core!.root)}`;
				const same = find(key, block);
				if (same !== null) {
					// What one of the two promised of its operands, the other need not keep.
					if (isInst(same) && same.attr?.signed && !inst.attr?.signed) same.attr = { ...same.attr, signed: undefined };
					map.set(inst, same);
					continue;
				}
				remember(key, block, inst);
			} else if (inst.op === "load" && !inst.attr!.volatile) {
				const at = alias.place({ address: inst.args[0], size: inst.attr!.size!, effective: inst.attr!.effective });
				const same = fromMemory(fn, known, inst, at, out);
				if (same !== null) {
					map.set(inst, same);
					continue;
				}
				if (known === inherited) known = known.slice(-MOST_KNOWN);
				else if (known.length > 2 * MOST_KNOWN) known = known.slice(-MOST_KNOWN);
				known.push({ at, base: at.base, offset: fromBeginning(at), value: inst, signed: inst.attr!.signed ?? false, from: "load" });
			} else if (isQuestion(inst)) {
				const key = `asm ${objectId(JSON.stringify(inst.attr!.asm))} ${inst.ty} ${inst.args.map(idOf).join(",")}`;
				const at = inst.attr!.asm!.inputs.findIndex((input) => input.memory);
				const same = at < 0 ? find(key, block) : (known.find((entry) => entry.question === key)?.value ?? null);
				if (same !== null) {
					map.set(inst, same);
					continue;
				}
				if (at < 0) remember(key, block, inst);
				else {
					const asked = alias.place({ address: inst.args[at], size: null });
					known = [
						...known.slice(-MOST_KNOWN),
						{ at: asked, base: asked.base, offset: fromBeginning(asked), value: inst, signed: false, from: "asm", question: key },
					];
				}
			} else {
				const writes = writesOf(inst);
				if (writes === "all") known = without(known, [inst], [], alias);
				else if (writes.length > 0) {
					known = without(known.length > 2 * MOST_KNOWN ? known.slice(-MOST_KNOWN) : known, [], writes.map(alias.place), alias);
					if (inst.op === "lifetime")
						known.push(unwritten(alias.place({ address: inst.args[0], size: (inst.args[0] as Inst).attr!.size! })));
					if (inst.op === "store" && !inst.attr!.volatile) {
						const at = alias.place({ address: inst.args[0], size: inst.attr!.size!, effective: inst.attr!.effective });
						known.push({ at, base: at.base, offset: fromBeginning(at), value: inst.args[1], signed: false, from: "store" });
					}
				}
			}
			out.push(inst);
		}
		block.insts = out;
		for (const child of dom.children.get(block)!) {
			const before = preds.get(child)!;
			const left = before.length === 1 || known.length === 0 ? known : meeting(child, block, known);
			// What a loop asks again stays in it: it stands between two questions that the loop would be left by alike (`unroll.ts`).
			const asksAgain = left.some(({ from }) => from === "asm") && before.some((pred) => dom.dominates(child, pred));
			work.push({ block: child, memory: asksAgain ? left.filter(({ from }) => from !== "asm") : left });
		}
	}
}

/** What is left of what was known when the places are written, and what the calls can see. */
function without(known: readonly Known[], calls: readonly Inst[], writes: readonly Placed[], alias: AliasInfo): Known[] {
	const left: Known[] = [];
	next: for (const entry of known) {
		for (const call of calls) if (alias.mayTouch(call, entry.at)) continue next;
		for (let i = 0; i < writes.length; i++) {
			if (!alias.mayOverlap(entry.at, writes[i])) continue;
			const around = beside(entry, writes[i]);
			if (around.length > 0) left.push(...without(around, [], writes.slice(i + 1), alias));
			continue next;
		}
		left.push(entry);
	}
	return left;
}

/** What a number that was stored still says when some of its bytes are written over (`struct key k = {}; k.reason = 14;` leaves the others zero), and a slot of which nothing was. */
function beside(entry: Known, write: Placed): Known[] {
	const { at, base, offset, value, from } = entry;
	if (
		from !== "store" ||
		!(isConst(value) || value.op === "undef") ||
		value.ty === "ptr" ||
		at.size === null ||
		write.size === null ||
		at.fromRoot === null ||
		!isSameBase(base, write.base)
	)
		return [];
	const first = fromBeginning(write) - offset;
	const part = (begin: number, end: number): Known[] => {
		if (begin >= end) return [];
		const place = { ...at, offset: at.offset + begin, fromRoot: at.fromRoot! + begin, size: end - begin };
		return [
			{
				...entry,
				at: place,
				offset: offset + begin,
				value: isConst(value) ? constant("i64", unsigned(value.ty, value.value) >> BigInt(8 * begin)) : value,
			},
		];
	};
	return [...part(0, Math.min(first, at.size)), ...part(Math.max(first + write.size, 0), at.size)];
}

function fromMemory(fn: IrFunction, known: readonly Known[], load: Inst, at: Placed, out: Inst[]): Value | null {
	const { ty } = load;
	const size = at.size!;
	const offset = fromBeginning(at);
	for (let i = known.length - 1; i >= 0; i--) {
		const entry = known[i];
		if (entry.from === "asm" || entry.at.size === null || !isSameBase(entry.base, at.base)) continue;
		const into = offset - entry.offset;
		if (into === 0 && entry.at.size === size) {
			if (entry.from === "store") return stored(fn, entry.value, load, ty!, out);
			const value = again(fn, entry, load, out);
			if (value === null) continue;
			return value;
		}
		if (entry.from === "store" && into >= 0 && into + size <= entry.at.size) return partOf(fn, entry.value, into, load, out);
		if (into === 0) return null;
	}
	return null;
}

/** Some bytes of what was stored: memory is little-endian. A part of an address is read where it lies. */
function partOf(fn: IrFunction, value: Value, into: number, load: Inst, out: Inst[]): Value | null {
	if (value.ty === "ptr" || load.ty === "ptr") return null;
	if (value.op === "undef" || into === 0) return stored(fn, value, load, load.ty!, out);
	const by = BigInt(8 * into);
	if (isConst(value)) return stored(fn, constant("i64", unsigned(value.ty, value.value) >> by), load, load.ty!, out);
	const moved = newInst(fn, "lshr", value.ty!, [value, constant(value.ty!, by)], undefined, load.loc);
	out.push(moved);
	return stored(fn, moved, load, load.ty!, out);
}

/** A value loaded before, for a load that may want another width. */
function again(fn: IrFunction, entry: Known, load: Inst, out: Inst[]): Value | null {
	const { value } = entry;
	const { size } = load.attr!;
	const signed = load.attr!.signed ?? false;
	const emit = (op: Inst["op"]): Inst => {
		const made = newInst(fn, op, load.ty, [value], undefined, load.loc);
		out.push(made);
		return made;
	};
	if (size === 8) return value.ty === load.ty ? value : emit(load.ty === "ptr" ? "inttoptr" : "ptrtoint");
	if (size! < 4 && entry.signed !== signed) return null;
	if (value.ty === load.ty) return size === 4 && load.ty === "i64" && entry.signed !== signed ? null : value;
	if (load.ty === "i32") return emit("trunc");
	return emit(signed ? "sext" : "zext");
}

/** The offset from the base; objects count from their beginning. */
const fromBeginning = ({ base, offset }: Placed): number =>
	isInst(base) && base.op === "global" ? offset + (base.attr!.offset ?? 0) : offset;

function isSameBase(a: Value, b: Value): boolean {
	if (a === b) return true;
	if (!isInst(a) || !isInst(b)) return isConst(a) && isConst(b) && a.value === b.value;
	return a.op === "global" && b.op === "global" && a.attr!.global === b.attr!.global;
}

/** What reading back a stored value gives: cut and extended as the load does it. */
function stored(fn: IrFunction, value: Value, load: Inst, ty: Ty, out: Inst[]): Value | null {
	const { size, signed } = load.attr!;
	const emit = (op: Inst["op"], to: Ty, args: Value[], attr?: Inst["attr"]): Inst => {
		const made = newInst(fn, op, to, args, attr, load.loc);
		out.push(made);
		return made;
	};
	if (value.op === "undef") return { op: "undef", ty };
	if (size === 8) {
		if (value.ty === ty) return value;
		if (isConst(value)) return constant(ty, value.value);
		return emit(ty === "ptr" ? "inttoptr" : "ptrtoint", ty, [value]);
	}
	if (value.ty === "ptr") return null;
	let narrow: Value = value.ty === "i64" ? (isConst(value) ? constant("i32", value.value) : emit("trunc", "i32", [value])) : value;
	if (size! < 4) {
		const bits = size === 1 ? 8 : 16;
		narrow = signed ? emit("sextfrom", "i32", [narrow], { bits }) : emit("and", "i32", [narrow, constant("i32", (1 << bits) - 1)]);
	}
	return ty === "i64" ? emit(signed ? "sext" : "zext", "i64", [narrow]) : narrow;
}

/** A slot that nothing has been stored in. */
const unwritten = (at: Placed): Known => ({ at, base: at.base, offset: at.offset, value: undef("i64"), signed: false, from: "store" });

/** On an edge that only one side of a branch takes, the comparison (and its opposite) is a constant. */
function knownCondition(block: Block, preds: readonly Block[], say: (inst: Inst, value: Value) => void): void {
	if (preds.length !== 1) return;
	const end = terminator(preds[0]);
	if (end.op !== "branch" || !isInst(end.args[0]) || end.args[0].op !== "icmp") return;
	const truth = end.blocks![0] === block;
	const condition = end.args[0];
	say(condition, constant("i32", truth ? 1 : 0));
	say({ ...condition, attr: { pred: negated[condition.attr!.pred!] } }, constant("i32", truth ? 0 : 1));
}
