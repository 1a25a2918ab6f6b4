import type { Inst, IrFunction, Ty, Value } from "../../ir/types.ts";
import type { AliasInfo, Placed } from "../analysis/alias.ts";
import { isSameType } from "../analysis/alias.ts";
import { constant, isConst, isInst, newInst, undef, unsigned } from "../../ir/values.ts";

/** What memory is known to hold, place by place (`gvn.ts`): what a write leaves of it, and what a load gets of it. */
export interface Known {
	readonly at: Placed;
	/** `at.base` and `at.offset`, of an object from its beginning. */
	readonly base: Value;
	readonly offset: number;
	/** Of a load, or stored; what assembly made of the object at the address. */
	readonly value: Value;
	readonly signed: boolean;
	readonly from: "load" | "store" | "asm";
	readonly question?: string;
	/** Only its type kept it apart from a write: who reads the place as another type may read what was written (C11 6.5p6). */
	readonly byType?: true;
}

/** What is left of what was known when the places are written, and what the calls can see: the list itself where that is all of it. */
export function without(known: Known[], calls: readonly Inst[], writes: readonly Placed[], alias: AliasInfo): Known[] {
	let first = 0;
	while (first < known.length && isLeft(known[first], calls, writes, alias)) first++;
	if (first === known.length) return known;
	const left = known.slice(0, first);
	next: for (const before of known.slice(first)) {
		let entry = before;
		for (const call of calls) if (alias.mayTouch(call, entry.at)) continue next;
		for (let i = 0; i < writes.length; i++) {
			const overlap = alias.overlap(entry.at, writes[i]);
			if (overlap === "by type" && entry.byType !== true) entry = { ...entry, byType: true };
			if (overlap !== "possible") continue;
			const around = beside(entry, writes[i]);
			if (around.length > 0) left.push(...without(around, [], writes.slice(i + 1), alias));
			continue next;
		}
		left.push(entry);
	}
	return left;
}

function isLeft({ at, byType }: Known, calls: readonly Inst[], writes: readonly Placed[], alias: AliasInfo): boolean {
	for (const call of calls) if (alias.mayTouch(call, at)) return false;
	for (const write of writes) {
		const overlap = alias.overlap(at, write);
		if (overlap !== "none" && !(overlap === "by type" && byType === true)) return false;
	}
	return true;
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

export function fromMemory(fn: IrFunction, known: readonly Known[], load: Inst, at: Placed, out: Inst[]): Value | null {
	const { ty } = load;
	const size = at.size!;
	const offset = fromBeginning(at);
	for (let i = known.length - 1; i >= 0; i--) {
		const entry = known[i];
		if (entry.from === "asm" || entry.at.size === null || !isSameBase(entry.base, at.base)) continue;
		if (entry.byType === true && !isSameType(entry.at.effective, at.effective)) return null;
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
export const fromBeginning = ({ base, offset }: Placed): number =>
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
export const unwritten = (at: Placed): Known => ({
	at,
	base: at.base,
	offset: at.offset,
	value: undef("i64"),
	signed: false,
	from: "store",
});
