import type { EffectiveType, Inst, Value } from "../../ir/types.ts";
import type { SlotUse } from "./slots.ts";
import type { CType, RecordType } from "../../types/types.ts";
import { isConst, isInst } from "../../ir/values.ts";
import { canonical } from "../../types/basic.ts";
import { maxUnsigned } from "./known.ts";
import { baseOf, derivedUses, rootOf } from "./slots.ts";

/**
 * Which accesses may touch the same bytes. Two stack slots, or a slot and a defined object, never do; a slot whose
 * address stays in the function is touched by nothing else, and one that helpers got only by those and by no pointer that
 * comes from elsewhere; of one object, ranges at constant distances are compared.
 * Everything else (map values, packets, contexts) may be the same memory.
 */
export interface Range {
	readonly address: Value;
	/** null: unknown length. */
	readonly size: number | null;
	/** The C object that is accessed, when the access says it. */
	readonly effective?: EffectiveType;
}

/** A range with what its address says of itself: an access that is compared with many is placed once. */
export interface Placed extends Range {
	/** The address less the constants that were added last. */
	readonly base: Value;
	readonly offset: number;
	/** The address less all that was added; null: how far that is, is known at run time only. */
	readonly root: Value;
	readonly fromRoot: number | null;
	/** `isPrivate` of the address. */
	readonly isPrivate: boolean;
}

/** Whether two places have bytes in common: "by type", that they have none is told by nothing but the types of the accesses. */
export type Overlap = "none" | "by type" | "possible";

export interface AliasInfo {
	/** Holds while the instructions that make the address stay as they are. */
	place(range: Range): Placed;
	overlap(a: Placed, b: Placed): Overlap;
	mayOverlap(a: Placed, b: Placed): boolean;
	mayAlias(a: Range, b: Range): boolean;
	/** Only code that names the slot can touch it. */
	isPrivate(address: Value): boolean;
	/** Whether an instruction of which `writesOf` knows nothing may read or write there: no call touches a slot of which it never got an address. */
	mayTouch(inst: Inst, place: Placed): boolean;
}

/** A slot whose address is not stored anywhere: what has an address of it, and what makes one. */
interface Handed {
	readonly uses: ReadonlySet<Inst>;
	readonly addresses: ReadonlySet<Inst>;
}

export function aliasInfo(slots: readonly SlotUse[], users: ReadonlyMap<Inst, readonly Inst[]>): AliasInfo {
	const priv = new Set<Inst>();
	const handed = new Map<Value, Handed>();
	for (const { alloca, leaks } of slots) {
		if (!leaks) priv.add(alloca);
		else {
			const { uses, addresses, isKept } = derivedUses(alloca, users);
			if (!isKept && ![...uses].some(isOwnCall)) handed.set(alloca, { uses, addresses });
		}
	}
	const isObject = (root: Value): root is Inst => isInst(root) && (root.op === "alloca" || root.op === "global");
	const sameObject = (a: Inst, b: Inst): boolean =>
		a === b || (a.op === "global" && b.op === "global" && a.attr!.global === b.attr!.global);
	const offsetIn = (root: Value, offset: number): number => offset + (isInst(root) && root.op === "global" ? (root.attr!.offset ?? 0) : 0);
	/** A slot that nothing else can point to; of the parameters that is every slot, they were made before. */
	const isApart = (slot: Value, other: Value): boolean =>
		isInst(slot) &&
		slot.op === "alloca" &&
		(priv.has(slot) || (isInst(other) && (other.op === "param" || handed.get(slot)?.addresses.has(other) === false)));
	const place = ({ address, size, effective }: Range): Placed => {
		const { base, offset } = baseOf(address);
		const { root, offset: fromRoot } = rootOf(address);
		return { address, size, effective, base, offset, root, fromRoot, isPrivate: isInst(root) && priv.has(root) };
	};
	const mayOverlapIn = (a: Placed, b: Placed): boolean => {
		if (a.size === null || b.size === null) return true;
		const from = a.fromRoot === null ? reachOf(a.address) : { low: a.fromRoot, high: a.fromRoot };
		const to = b.fromRoot === null ? reachOf(b.address) : { low: b.fromRoot, high: b.fromRoot };
		if (from === null || to === null) return true;
		return (
			offsetIn(a.root, from.low) < offsetIn(b.root, to.high) + b.size && offsetIn(b.root, to.low) < offsetIn(a.root, from.high) + a.size
		);
	};
	const overlap = (a: Placed, b: Placed): Overlap => {
		// Two elements of an array at one unknown index are as far apart as the constants say.
		if (a.base === b.base && a.size !== null && b.size !== null)
			return a.offset < b.offset + b.size && b.offset < a.offset + a.size ? "possible" : "none";
		const x = a.root;
		const y = b.root;
		if (isObject(x) && isObject(y)) {
			if (!sameObject(x, y)) return "none";
		} else if (x !== y) {
			if (isApart(x, y) || isApart(y, x)) return "none";
			return mayBeOne(a.effective, b.effective) ? "possible" : "by type";
		}
		return mayOverlapIn(a, b) ? "possible" : "none";
	};
	const mayOverlap = (a: Placed, b: Placed): boolean => overlap(a, b) === "possible";
	return {
		place,
		overlap,
		mayOverlap,
		mayAlias: (a, b) => mayOverlap(place(a), place(b)),
		isPrivate: (address) => {
			const { root } = rootOf(address);
			return isInst(root) && priv.has(root);
		},
		mayTouch: (inst, { root, isPrivate }) => !isPrivate && handed.get(root)?.uses.has(inst) !== false,
	};
}

/** It may leave the address in what the address leads to, where it is read back. */
const isOwnCall = ({ op, attr }: Inst): boolean => op === "call" && attr!.callee!.kind !== "helper";

/** Beyond this a sum of distances might wrap. */
const FAR = 1n << 40n;

/** How far from its root an address lies: an index that was extended without a sign lies behind the array's beginning. null: anywhere. */
function reachOf(address: Value): { readonly low: number; readonly high: number } | null {
	let low = 0;
	let high = 0;
	for (let at = address; isInst(at) && at.op === "ptradd"; at = at.args[0]) {
		const step: Value = at.args[1];
		if (isConst(step)) {
			low += Number(step.value);
			high += Number(step.value);
			continue;
		}
		const most = maxUnsigned(step);
		if (most > FAR) return null;
		high += Number(most);
	}
	return { low, high };
}

/** Of one type: what types keep apart from one of the two they keep apart from the other. */
export function isSameType(a: EffectiveType | undefined, b: EffectiveType | undefined): boolean {
	if (a === undefined || b === undefined || a.scalar !== b.scalar || a.offset !== b.offset) return false;
	return a.record === b.record || (a.record !== undefined && b.record !== undefined && isSame(a.record, b.record));
}

/** Whether two accesses may be of one C object. Asked only where addresses tell nothing: where they do, they are right. */
function mayBeOne(a: EffectiveType | undefined, b: EffectiveType | undefined): boolean {
	if (a === undefined || b === undefined) return true;
	if (a.scalar !== b.scalar && a.scalar !== "any" && b.scalar !== "any") return false;
	if (a.record === undefined || b.record === undefined) return true;
	if (isSame(a.record, b.record)) return a.offset === b.offset;
	return holds(a.record, b.record) || holds(b.record, a.record);
}

/** Whether the type has a part of the record's type. Asked again and again of a few types, whose members are many. */
function holds(type: CType, part: RecordType): boolean {
	let parts = partsOf.get(type);
	if (parts === undefined) partsOf.set(type, (parts = new WeakMap()));
	let answer = parts.get(part);
	if (answer === undefined) parts.set(part, (answer = search(type, part)));
	return answer;
}

const partsOf = new WeakMap<CType, WeakMap<RecordType, boolean>>();

function search(type: CType, part: RecordType, depth = 8): boolean {
	const inner = canonical(type);
	if (depth === 0) return true;
	if (inner.kind === "array") return search(inner.element, part, depth - 1);
	return (
		inner.kind === "record" && (isSame(inner, part) || (inner.body?.members ?? []).some((member) => search(member.type, part, depth - 1)))
	);
}

const isSame = (a: RecordType, b: RecordType): boolean => a === b || (a.name !== null && a.name === b.name);

/** Assembly that is not `volatile` and has one result is worth what it answers: nothing else changes, and where nothing else has, it answers alike. */
export function isQuestion({ op, ty, attr }: Inst): boolean {
	if (op !== "asm" || ty === null) return false;
	const { volatile, outputs, clobbers } = attr!.asm!;
	return !volatile && outputs.length === 1 && !outputs[0].memory && outputs[0].register === undefined && !clobbers.includes("memory");
}

/** What an instruction may write; "all" when it cannot be told. */
export function writesOf(inst: Inst): Range[] | "all" {
	switch (inst.op) {
		case "store":
			return [{ address: inst.args[0], size: inst.attr!.size!, effective: inst.attr!.effective }];
		case "memset":
		case "memcpy":
		case "memmove":
			return [{ address: inst.args[0], size: inst.attr?.size ?? null }];
		case "lifetime":
			return [{ address: inst.args[0], size: null }];
		case "atomic":
		case "cmpxchg":
		case "storerel":
		case "call":
		case "asm":
		case "asmgoto":
		case "fence":
		case "loadacq":
			return "all";
		default:
			return [];
	}
}
