import type { Block, Inst, IrFunction, Value } from "../../ir/types.ts";
import type { Analyses } from "../analysis/analyses.ts";
import { isInst, successors } from "../../ir/values.ts";
import { derivedUses, rootOf } from "../analysis/slots.ts";

/** Stores to bytes of slots that no way from there needs (`dse.ts`): data flow against the order of blocks, over a bit for each byte. */
export function deadBytes(fn: IrFunction, known: Analyses, dead: Set<Inst>): void {
	const slots = new Slots(fn, known);
	if (slots.count > 0) new Flow(slots, known, dead).run();
}

/** Stores of known size that nobody may see but by reading the place. */
export const isWrite = (inst: Inst): boolean =>
	(inst.op === "store" || inst.op === "memset" || inst.op === "memcpy") && !inst.attr!.volatile && inst.attr!.size !== undefined;

/** They only make another address of a slot, or compare one. */
const ADDRESSES: ReadonlySet<string> = new Set(["ptradd", "phi", "inttoptr", "ptrtoint", "icmp"]);

/** Slots larger than the stack will be refused anyway. */
const LARGEST = 1024;
/** Keeps the sets small: functions with more slots than that are not written by hand. */
const MOST_SLOTS = 96;

class Slots {
	readonly sizes: number[] = [];
	/** Of each, all of its bytes. */
	readonly whole: bigint[] = [];
	readonly #index = new Map<Value, number>();
	/** Slots that an instruction's operands point into. */
	readonly #touched = new Map<Inst, number[]>();

	constructor(fn: IrFunction, { users }: Analyses) {
		for (const block of fn.blocks) {
			for (const inst of block.insts) {
				if (inst.op !== "alloca" || inst.attr!.size! > LARGEST || this.count >= MOST_SLOTS) continue;
				const { uses, isKept } = derivedUses(inst, users);
				// A slot whose address is kept somewhere may be read by anything.
				if (!isKept && [...uses].some(isWrite)) this.#add(inst, uses);
			}
		}
	}

	get count(): number {
		return this.sizes.length;
	}

	touchedBy(inst: Inst): readonly number[] | undefined {
		return this.#touched.get(inst);
	}

	/** The bytes at an operand's address; null: which they are is not known, or the slot is none of these. */
	bytesAt(inst: Inst, operand: number): { readonly slot: number; readonly mask: bigint } | null {
		const { root, offset } = rootOf(inst.args[operand]);
		const slot = this.#index.get(root);
		const size = inst.attr!.size;
		if (slot === undefined || offset === null || offset < 0 || size === undefined || offset + size > this.sizes[slot]) return null;
		return { slot, mask: allOf(size) << BigInt(offset) };
	}

	#add(slot: Inst, uses: Iterable<Inst>): void {
		const number = this.count;
		this.#index.set(slot, number);
		this.sizes.push(slot.attr!.size!);
		this.whole.push(allOf(slot.attr!.size!));
		for (const use of uses) {
			const list = this.#touched.get(use);
			if (list === undefined) this.#touched.set(use, [number]);
			else list.push(number);
		}
	}
}

const allOf = (size: number): bigint => (1n << BigInt(size)) - 1n;

/** A bit for each byte of each slot: what it holds is not needed any more. */
class Flow {
	readonly #slots: Slots;
	readonly #known: Analyses;
	readonly #dead: Set<Inst>;
	readonly #order: readonly Block[];
	/** Of each block, from its end to its beginning: what may read or write a slot. Most blocks have nothing of that kind. */
	readonly #events: ReadonlyMap<Block, readonly Inst[]>;
	/** At the blocks' beginnings. */
	readonly #at = new Map<Block, readonly bigint[]>();

	constructor(slots: Slots, known: Analyses, dead: Set<Inst>) {
		this.#slots = slots;
		this.#known = known;
		this.#dead = dead;
		this.#order = known.order.toReversed();
		const isEvent = (inst: Inst): boolean => slots.touchedBy(inst) !== undefined && !ADDRESSES.has(inst.op) && !dead.has(inst);
		this.#events = new Map(this.#order.map((block) => [block, block.insts.filter(isEvent).reverse()]));
	}

	run(): void {
		const stale = new Set(this.#order);
		while (stale.size > 0) {
			for (const block of this.#order) {
				if (!stale.delete(block)) continue;
				const now = this.#walk(block, null);
				const before = this.#at.get(block);
				if (before === now || before?.every((mask, i) => mask === now[i])) continue;
				this.#at.set(block, now);
				for (const from of this.#known.predecessors.get(block) ?? []) if (this.#events.has(from)) stale.add(from);
			}
		}
		for (const block of this.#order) this.#walk(block, this.#dead);
	}

	/** What no way from the block's end needs. */
	#behind(block: Block): readonly bigint[] {
		const everything = this.#slots.whole;
		let now: readonly bigint[] = everything;
		for (const next of successors(block)) {
			const after = this.#at.get(next);
			if (after === undefined || after === now) continue;
			now = now === everything ? after : now.map((mask, i) => mask & after[i]);
		}
		return now;
	}

	#walk(block: Block, found: Set<Inst> | null): readonly bigint[] {
		const own = this.#events.get(block) as readonly Inst[];
		if (own.length === 0) return this.#behind(block);
		const now = this.#behind(block).slice();
		for (const inst of own) {
			if (isWrite(inst)) this.#write(inst, now, found);
			else if (inst.op === "lifetime") for (const i of this.#slots.touchedBy(inst)!) now[i] = this.#slots.whole[i];
			else this.#read(inst, now);
		}
		return now;
	}

	#write(inst: Inst, now: bigint[], found: Set<Inst> | null): void {
		const target = this.#slots.bytesAt(inst, 0);
		if (target !== null && (now[target.slot] & target.mask) === target.mask) {
			// What it would have read is not read.
			found?.add(inst);
			return;
		}
		if (target !== null) now[target.slot] |= target.mask;
		if (inst.op !== "memcpy") return;
		const source = this.#slots.bytesAt(inst, 1);
		if (source !== null) now[source.slot] &= ~source.mask;
		else for (const i of this.#slots.touchedBy(inst)!) if (target === null || i !== target.slot || !isElsewhere(inst.args[1])) now[i] = 0n;
	}

	#read(inst: Inst, now: bigint[]): void {
		const source = inst.op === "load" ? this.#slots.bytesAt(inst, 0) : null;
		if (source !== null) now[source.slot] &= ~source.mask;
		else for (const i of this.#slots.touchedBy(inst)!) now[i] = 0n;
	}
}

/** Surely no address of a slot. */
function isElsewhere(address: Value): boolean {
	const { root } = rootOf(address);
	return (
		isInst(root) &&
		(root.op === "load" || root.op === "global" || root.op === "param" || (root.op === "call" && root.attr!.callee!.kind === "helper"))
	);
}
