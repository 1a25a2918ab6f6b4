import type { Block, Inst, IrFunction, Value } from "../../ir/types.ts";
import type { Pass } from "../pass.ts";
import type { Analyses } from "../analysis/analyses.ts";
import type { Placed } from "../analysis/alias.ts";
import { row } from "../../ir/ops.ts";
import { constant, isConst, isInst, replaceAll, resolve, terminator } from "../../ir/values.ts";
import { negated } from "../../ir/preds.ts";
import { isQuestion, writesOf } from "../analysis/alias.ts";
import { analysesOf } from "../analysis/analyses.ts";
import { choiceKeys } from "./choices.ts";
import { fromBeginning, fromMemory, type Known, unwritten, without } from "./known-memory.ts";

/**
 * Common subexpressions and loads, down the dominator tree: a pure operation on the same operands is the same value;
 * a load gives what was loaded from or stored to the same place before (`known-memory.ts`), when nothing in between may have written it:
 * where ways meet, nothing on any of them since they parted. Below a branch its condition is known.
 */
export const gvn: Pass = {
	name: "gvn",
	run(fn, context) {
		const map = new Map<Inst, Value>();
		new Numbering(fn, analysesOf(fn, context), map).walk();
		replaceAll(fn, map);
		return map.size > 0;
	},
};

interface Scope {
	readonly block: Block;
	readonly memory: Known[];
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

class Numbering {
	readonly #fn: IrFunction;
	readonly #analyses: Analyses;
	/** Values that are another one. */
	readonly #map: Map<Inst, Value>;
	readonly #table = new Map<string, { block: Block; value: Value }[]>();
	readonly #objects = new Map<unknown, number>();
	readonly #written = new Map<Block, Writes>();
	// Of the block at hand:
	#block: Block;
	#out: Inst[] = [];
	#known: Known[] = [];
	/** What was known at its beginning; other blocks have the list too. */
	#inherited: Known[] = [];

	constructor(fn: IrFunction, analyses: Analyses, map: Map<Inst, Value>) {
		this.#fn = fn;
		this.#analyses = analyses;
		this.#map = map;
		[this.#block] = analyses.dominators.order;
	}

	walk(): void {
		const { dominators: dom, predecessors: preds } = this.#analyses;
		const work: Scope[] = [{ block: dom.order[0], memory: [] }];
		while (work.length > 0) {
			const { block, memory } = work.pop()!;
			this.#walkBlock(block, memory);
			const known = this.#known;
			for (const child of dom.children.get(block)!) {
				const before = preds.get(child)!;
				const left = before.length === 1 || known.length === 0 ? known : this.#meeting(child, block, known);
				// What a loop asks again stays in it: it stands between two questions that the loop would be left by alike (`unroll.ts`).
				const asksAgain = left.some(({ from }) => from === "asm") && before.some((pred) => dom.dominates(child, pred));
				work.push({ block: child, memory: asksAgain ? left.filter(({ from }) => from !== "asm") : left });
			}
		}
	}

	#walkBlock(block: Block, memory: Known[]): void {
		this.#block = block;
		this.#out = [];
		this.#known = memory;
		this.#inherited = memory;
		knownCondition(block, this.#analyses.predecessors.get(block)!, (inst, value) => this.#remember(keyOf(inst, idOf), value));
		const map = this.#map;
		for (const inst of block.insts) {
			if (map.size > 0) for (let i = 0; i < inst.args.length; i++) inst.args[i] = resolve(map, inst.args[i]);
			const same = this.#same(inst);
			if (same === null) this.#out.push(inst);
			else map.set(inst, same);
		}
		block.insts = this.#out;
	}

	/** The value that the instruction gives once more; null: it gives a new one, or does something. */
	#same(inst: Inst): Value | null {
		if (inst.op === "phi") {
			const same = this.#phi(inst);
			if (same !== null) return same;
		}
		if (inst.op === "alloca") this.#known.push(unwritten(this.#analyses.alias.place({ address: inst, size: inst.attr!.size! })));
		if (row(inst.op).does === "pure" && inst.op !== "isconst") return this.#pure(inst);
		if (inst.op === "load" && !inst.attr!.volatile) return this.#load(inst);
		if (isQuestion(inst)) return this.#question(inst);
		this.#write(inst);
		return null;
	}

	#phi(inst: Inst): Value | null {
		const { predecessors, dominators } = this.#analyses;
		const keys = choiceKeys(inst, this.#block, predecessors, dominators, keyOf, idOf);
		const same = keys === null ? null : this.#find(keys[0]);
		if (same === null) for (const key of keys ?? []) this.#remember(key, inst);
		return same;
	}

	#pure(inst: Inst): Value | null {
		let key = keyOf(inst, idOf);
		// An address of an object costs as much as keeping it: only within the block. A place that is computed in it costs more.
		if (inst.op === "global") key += ` ${this.#placeIn(inst)} in ${this.#block.id}`;
		const object = objectOf(inst);
		if (object !== null) key = `ptradd ${this.#placeIn(object)} ${idOf(inst.args[1])}`;
		if (inst.op === "coreoffset" || inst.op === "coreinfo") key += ` ${this.#objectId(inst.attr!.core!.root)}`;
		const same = this.#find(key);
		if (same === null) this.#remember(key, inst);
		// What one of the two promised of its operands, the other need not keep.
		else if (isInst(same) && same.attr?.signed && !inst.attr?.signed) same.attr = { ...same.attr, signed: undefined };
		return same;
	}

	#placeIn({ attr }: Inst): string {
		return `${this.#objectId(attr!.global)}+${attr!.offset ?? 0}`;
	}

	#load(inst: Inst): Value | null {
		const at = this.#analyses.alias.place({ address: inst.args[0], size: inst.attr!.size!, effective: inst.attr!.effective });
		const same = fromMemory(this.#fn, this.#known, inst, at, this.#out);
		if (same !== null) return same;
		if (this.#known === this.#inherited || this.#known.length > 2 * MOST_KNOWN) this.#known = this.#known.slice(-MOST_KNOWN);
		this.#known.push({ at, base: at.base, offset: fromBeginning(at), value: inst, signed: inst.attr!.signed ?? false, from: "load" });
		return null;
	}

	/** Assembly that only asks for something: of its operands, or of an object. */
	#question(inst: Inst): Value | null {
		const key = `asm ${this.#objectId(JSON.stringify(inst.attr!.asm))} ${inst.ty} ${inst.args.map(idOf).join(",")}`;
		const at = inst.attr!.asm!.inputs.findIndex((input) => input.memory);
		if (at < 0) {
			const same = this.#find(key);
			if (same === null) this.#remember(key, inst);
			return same;
		}
		const same = this.#known.find((entry) => entry.question === key)?.value ?? null;
		if (same !== null) return same;
		const asked = this.#analyses.alias.place({ address: inst.args[at], size: null });
		this.#known = [
			...this.#known.slice(-MOST_KNOWN),
			{ at: asked, base: asked.base, offset: fromBeginning(asked), value: inst, signed: false, from: "asm", question: key },
		];
		return null;
	}

	#write(inst: Inst): void {
		const writes = writesOf(inst);
		if (writes === "all") this.#forget([inst], []);
		else if (writes.length > 0) {
			const { alias } = this.#analyses;
			const places = writes.map(alias.place);
			if (this.#known.length > 2 * MOST_KNOWN) this.#known = this.#known.slice(-MOST_KNOWN);
			this.#forget([], places);
			if (inst.op === "lifetime")
				this.#known.push(unwritten(alias.place({ address: inst.args[0], size: (inst.args[0] as Inst).attr!.size! })));
			if (inst.op === "store" && !inst.attr!.volatile) {
				const [at] = places;
				this.#known.push({ at, base: at.base, offset: fromBeginning(at), value: inst.args[1], signed: false, from: "store" });
			}
		}
	}

	/** Each block has a list of its own to add to. */
	#forget(calls: readonly Inst[], places: readonly Placed[]): void {
		const left = without(this.#known, calls, places, this.#analyses.alias);
		this.#known = left === this.#inherited ? left.slice() : left;
	}

	/** What is still known where the ways from `top` meet, round a loop too. */
	#meeting(block: Block, top: Block, known: readonly Known[]): Known[] {
		const { predecessors: preds, alias } = this.#analyses;
		let left = known.slice(-MOST_KNOWN);
		const seen = new Set([top]);
		const before = [...preds.get(block)!];
		while (before.length > 0 && left.length > 0) {
			const at = before.pop()!;
			if (seen.has(at)) continue;
			seen.add(at);
			if (seen.size > MOST_BETWEEN) return [];
			const { calls, places } = this.#writesIn(at);
			left = without(left, calls, places, alias);
			before.push(...preds.get(at)!);
		}
		return left;
	}

	#writesIn(block: Block): Writes {
		const before = this.#written.get(block);
		if (before !== undefined) return before;
		const writes = { calls: [] as Inst[], places: [] as Placed[] };
		for (const inst of block.insts) {
			if (isQuestion(inst)) continue;
			const each = writesOf(inst);
			if (each === "all") writes.calls.push(inst);
			else for (const range of each) writes.places.push(this.#analyses.alias.place(range));
		}
		this.#written.set(block, writes);
		return writes;
	}

	/** Blocks are walked in preorder of the dominator tree: what does not dominate this one dominates none that comes later. */
	#find(key: string): Value | null {
		const list = this.#table.get(key);
		if (list === undefined) return null;
		while (list.length > 0 && !this.#analyses.dominators.dominates(list[list.length - 1].block, this.#block)) list.pop();
		return list.length > 0 ? list[list.length - 1].value : null;
	}

	#remember(key: string, value: Value): void {
		const list = this.#table.get(key);
		if (list === undefined) this.#table.set(key, [{ block: this.#block, value }]);
		else list.push({ block: this.#block, value });
	}

	#objectId(what: unknown): number {
		let id = this.#objects.get(what);
		if (id === undefined) this.#objects.set(what, (id = this.#objects.size));
		return id;
	}
}

const idOf = (value: Value): string => (isInst(value) ? `%${value.id}` : isConst(value) ? `${value.ty}${value.value}` : `undef${value.ty}`);

/** The object of the program's data in which only the run knows the place; null: no such place. */
const objectOf = ({ op, args: [object, at] }: Inst): Inst | null =>
	op === "ptradd" && isInst(object) && object.op === "global" && isInst(at) ? object : null;

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
