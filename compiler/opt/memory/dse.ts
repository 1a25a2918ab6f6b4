import type { Block, Inst, IrFunction, Value } from "../../ir/types.ts";
import type { Pass } from "../pass.ts";
import type { Placed, Range } from "../analysis/alias.ts";
import type { Analyses } from "../analysis/analyses.ts";
import type { SlotUse } from "../analysis/slots.ts";
import { isInst, successors } from "../../ir/values.ts";
import { analysesOf } from "../analysis/analyses.ts";
import { derivedUses, rootOf } from "../analysis/slots.ts";

/**
 * Stores that nobody can see: to slots that are never read, to bytes of a slot that are written again or die on every way from
 * here (data flow over the bytes of each slot), and to other memory that each way from here overwrites before anything may have read it.
 */
export const dse: Pass = {
	name: "dse",
	run(fn, context) {
		const dead = new Set<Inst>();
		const known = analysesOf(fn, context);
		neverRead(known.slots, dead);
		deadBytes(fn, known, dead);
		overwritten(known, dead);
		if (dead.size === 0) return false;
		for (const block of fn.blocks) block.insts = block.insts.filter((inst) => !dead.has(inst));
		return true;
	},
};

function neverRead(slots: readonly SlotUse[], dead: Set<Inst>): void {
	for (const use of slots) {
		if (use.leaks) continue;
		const isRead = use.accesses.some(
			({ inst, operand }) =>
				inst.op === "load" ||
				inst.op === "memcmp" ||
				((inst.op === "memcpy" || inst.op === "memmove") && operand === 1) ||
				inst.attr?.volatile,
		);
		if (isRead || use.indexed.some((inst) => inst.op === "load" || inst.attr?.volatile)) continue;
		for (const { inst } of use.accesses) dead.add(inst);
		for (const inst of use.indexed) dead.add(inst);
	}
}

const isWrite = (inst: Inst): boolean =>
	(inst.op === "store" || inst.op === "memset" || inst.op === "memcpy") && !inst.attr!.volatile && inst.attr!.size !== undefined;

/** They only make another address of a slot, or compare one. */
const ADDRESSES: ReadonlySet<string> = new Set(["ptradd", "phi", "inttoptr", "ptrtoint", "icmp"]);

/** Slots larger than the stack will be refused anyway. */
const LARGEST = 1024;
/** Keeps the sets small: functions with more slots than that are not written by hand. */
const MOST_SLOTS = 96;

/** One bit a byte: what the slot holds there is not needed any more. */
function deadBytes(fn: IrFunction, known: Analyses, dead: Set<Inst>): void {
	const { users, predecessors: preds } = known;
	const slots: { readonly slot: Inst; readonly all: bigint }[] = [];
	const index = new Map<Value, number>();
	/** Slots that an instruction's operands point into. */
	const touched = new Map<Inst, number[]>();
	for (const block of fn.blocks) {
		for (const inst of block.insts) {
			if (inst.op !== "alloca" || inst.attr!.size! > LARGEST || slots.length >= MOST_SLOTS) continue;
			const { uses, isKept } = derivedUses(inst, users);
			// A slot whose address is kept somewhere may be read by anything.
			if (isKept || ![...uses].some(isWrite)) continue;
			const number = slots.length;
			index.set(inst, number);
			slots.push({ slot: inst, all: (1n << BigInt(inst.attr!.size!)) - 1n });
			for (const use of uses) {
				const list = touched.get(use);
				if (list === undefined) touched.set(use, [number]);
				else list.push(number);
			}
		}
	}
	if (slots.length === 0) return;
	const everything = slots.map(({ all }) => all);
	const order = known.order.toReversed();
	/** Of each block, from its end to its beginning: what may read or write a slot. Most blocks have nothing of that kind. */
	const events = new Map(
		order.map((block) => [block, block.insts.filter((inst) => touched.has(inst) && !ADDRESSES.has(inst.op) && !dead.has(inst)).reverse()]),
	);
	const deadIn = new Map<Block, readonly bigint[]>();
	const bits = (offset: number, size: number): bigint => ((1n << BigInt(size)) - 1n) << BigInt(offset);
	/** What no way from the block's end needs. */
	const behind = (block: Block): readonly bigint[] => {
		let now: readonly bigint[] = everything;
		for (const next of successors(block)) {
			const after = deadIn.get(next);
			if (after === undefined || after === now) continue;
			now = now === everything ? after : now.map((mask, i) => mask & after[i]);
		}
		return now;
	};
	const walk = (block: Block, found: ((inst: Inst) => void) | null): readonly bigint[] => {
		const own = events.get(block) as Inst[];
		if (own.length === 0) return behind(block);
		const now = behind(block).slice();
		for (const inst of own) {
			const list = touched.get(inst) as number[];
			if (inst.op === "lifetime") {
				for (const i of list) now[i] = slots[i].all;
				continue;
			}
			const range = (operand: number): { i: number; mask: bigint } | null => {
				const { root, offset } = rootOf(inst.args[operand]);
				const i = index.get(root);
				const size = inst.attr!.size;
				return i === undefined || offset === null || offset < 0 || size === undefined || offset + size > slots[i].slot.attr!.size!
					? null
					: { i, mask: bits(offset, size) };
			};
			if (isWrite(inst)) {
				const target = range(0);
				if (target !== null && (now[target.i] & target.mask) === target.mask) {
					found?.(inst);
					// What it would have read is not read.
					continue;
				}
				if (target !== null) now[target.i] |= target.mask;
				if (inst.op === "memcpy") {
					const source = range(1);
					if (source !== null) now[source.i] &= ~source.mask;
					else for (const i of list) if (target === null || i !== target.i || !isElsewhere(inst.args[1])) now[i] = 0n;
				}
				continue;
			}
			if (inst.op === "load") {
				const source = range(0);
				if (source !== null) {
					now[source.i] &= ~source.mask;
					continue;
				}
			}
			for (const i of list) now[i] = 0n;
		}
		return now;
	};
	const stale = new Set(order);
	while (stale.size > 0) {
		for (const block of order) {
			if (!stale.delete(block)) continue;
			const now = walk(block, null);
			const before = deadIn.get(block);
			if (before === now || before?.every((mask, i) => mask === now[i])) continue;
			deadIn.set(block, now);
			for (const from of preds.get(block) ?? []) if (events.has(from)) stale.add(from);
		}
	}
	for (const block of order) walk(block, (inst) => dead.add(inst));
}

/** Surely no address of a slot. */
function isElsewhere(address: Value): boolean {
	const { root } = rootOf(address);
	return (
		isInst(root) &&
		(root.op === "load" || root.op === "global" || root.op === "param" || (root.op === "call" && root.attr!.callee!.kind === "helper"))
	);
}

/** Places kept for the blocks before: the latest ones. */
const MOST_COVERED = 16;

/** Backwards; what goes back to the head of a loop is taken to be read there. */
function overwritten({ order, alias }: Analyses, dead: Set<Inst>): void {
	const after = new Map<Block, readonly Placed[]>();
	for (const block of order.toReversed()) {
		/** Surely written later on every way, before it is read. */
		let covered = onEachWay(successors(block).map((next) => after.get(next) ?? []));
		const kept = (read: Range): Placed[] => {
			const at = alias.place(read);
			return covered.filter((entry) => !alias.mayOverlap(entry, at));
		};
		for (let i = block.insts.length - 1; i >= 0; i--) {
			const inst = block.insts[i];
			if (dead.has(inst)) continue;
			if (isWrite(inst)) {
				const at = alias.place({ address: inst.args[0], size: inst.attr!.size! });
				if (contains(covered, at)) {
					dead.add(inst);
					continue;
				}
				covered.push(at);
				// It reads before it writes: a record copied onto itself keeps what was stored.
				if (inst.op === "memcpy") covered = kept({ address: inst.args[1], size: at.size });
				continue;
			}
			switch (inst.op) {
				case "load":
					if (covered.length > 0) covered = kept({ address: inst.args[0], size: inst.attr!.size! });
					break;
				case "memcpy":
				case "memmove":
				case "memcmp":
				case "strcmp":
				case "strlen":
					covered = [];
					break;
				case "call":
				case "asm":
				case "asmgoto":
				case "atomic":
				case "cmpxchg":
				case "loadacq":
				case "storerel":
				case "fence":
				case "store":
				case "memset":
					covered = covered.filter((entry) => !alias.mayTouch(inst, entry));
					break;
			}
		}
		after.set(block, covered.slice(-MOST_COVERED));
	}
}

function onEachWay(ways: readonly (readonly Placed[])[]): Placed[] {
	if (ways.length === 0 || ways.some((way) => way.length === 0)) return [];
	const [first, ...others] = ways;
	return first.filter((place) => others.every((way) => contains(way, place)));
}

/** Is each byte of the range in one of the later ones? */
function contains(later: readonly Placed[], own: Placed): boolean {
	let missing = (1n << BigInt(own.size!)) - 1n;
	for (const { base, offset, size } of later) {
		if (base !== own.base) continue;
		const from = Math.max(offset - own.offset, 0);
		const to = Math.min(offset - own.offset + size!, own.size!);
		if (from < to) missing &= ~(((1n << BigInt(to - from)) - 1n) << BigInt(from));
		if (missing === 0n) return true;
	}
	return false;
}
