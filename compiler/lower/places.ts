import type { Inst, Value } from "../ir/types.ts";
import type { LExpr, TExpr } from "../types/typed.ts";
import type { CType } from "../types/types.ts";
import type { Lowering, Place, Wide } from "./state.ts";
import { constant } from "../ir/values.ts";
import { asPointer, asRecord, canonical, qualifiersOf } from "../types/basic.ts";
import { alignOf, sizeOf } from "../types/layout.ts";
import { changeSpace, extendFrom } from "./convert.ts";
import { effectiveType } from "./effective-type.ts";
import { isSigned, shapeOf, tyOf } from "./state.ts";
import { constantIndex, coreChain, pastPointer } from "../types/core-chain.ts";

/**
 * Lvalues → places, and reading and writing them. A bit-field is accessed in the narrowest naturally placed unit that
 * holds it, which is what clang's code comes down to. Steps of a CO-RE access are gathered into one `coreoffset`.
 */
export function lowerPlace(f: Lowering, expr: LExpr): Place {
	switch (expr.kind) {
		case "variable": {
			const { symbol } = expr;
			const volatile = isVolatile(expr.type);
			if (symbol.storage === "static")
				return {
					base: f.b.append("global", "ptr", [], { global: f.unit.global(symbol), offset: 0 }),
					type: expr.type,
					align: Math.max(symbol.align, 1),
					volatile,
					...inSpace(symbol.type),
				};
			const slot = f.slot(symbol);
			return { base: slot, type: expr.type, align: Math.max(symbol.align, slot.attr!.align!), volatile };
		}
		case "deref": {
			if (pastPointer(expr.pointer) !== null) return coreAccess(f, expr)!;
			const { base, align } = lowerPointer(f, expr.pointer);
			return {
				base,
				type: expr.type,
				align: isFunctionOrVoid(expr.type) ? 1 : (align ?? alignOf(expr.type)),
				volatile: isVolatile(expr.type) || pointsToVolatile(expr.pointer),
				...inSpace(asPointer(expr.pointer.type)?.target ?? expr.type),
			};
		}
		case "member":
			return (expr.preserve ? coreAccess(f, expr) : null) ?? memberOf(f, lowerPlace(f, expr.base), expr);
		case "element": {
			f.inBounds(expr, false);
			return (
				(expr.preserve && constantIndex(expr.index) !== null ? coreAccess(f, expr) : null) ?? elementOf(f, lowerPlace(f, expr.base), expr)
			);
		}
		case "string":
			return {
				base: f.b.append("global", "ptr", [], { global: f.unit.string(expr.bytes), offset: 0 }),
				type: expr.type,
				align: 1,
				volatile: false,
			};
		case "compound-literal": {
			const slot = f.slot(expr.symbol);
			f.b.append("lifetime", null, [slot]);
			const place = { base: slot, type: expr.symbol.type, align: slot.attr!.align!, volatile: false };
			f.initialise(place, expr.init);
			return place;
		}
		case "materialize":
			return f.aggregate(expr.value);
		case "sequenced":
			f.effect(expr.first);
			return lowerPlace(f, expr.then);
	}
}

/**
 * A pointer, and the alignment of what it is the address of when that is a variable or a member: `*(unsigned *)event->address` is as aligned as the
 * member is, whatever it is cast to, as in clang. Of another pointer its type is believed: null.
 */
function lowerPointer(f: Lowering, pointer: TExpr): { readonly base: Value; readonly align: number | null } {
	const before = f.b.loc;
	f.b.loc = pointer.span;
	let base: Value;
	let align: number | null = null;
	if (pointer.kind === "address" && isDeclared(pointer.of)) ({ base, align } = f.place(pointer.of));
	else if (pointer.kind === "convert" && asPointer(pointer.operand.type) !== null) {
		({ base, align } = lowerPointer(f, pointer.operand));
		base = changeSpace(f.b, base, pointer.operand.type, pointer.type);
	} else base = f.value(pointer);
	f.b.loc = before;
	return { base, align };
}

const isDeclared = (place: LExpr): boolean =>
	place.kind === "element" ? isDeclared(place.base) : ["variable", "compound-literal", "member"].includes(place.kind);

const isVolatile = (type: CType): boolean => qualifiersOf(type).volatile;

const pointsToVolatile = (pointer: TExpr): boolean => {
	const target = asPointer(pointer.type)?.target;
	return target !== undefined && isVolatile(target);
};

const isFunctionOrVoid = (type: CType): boolean => ["function", "void"].includes(canonical(type).kind);

const inSpace = (type: CType): { space?: number } => {
	const { addressSpace } = qualifiersOf(type);
	return addressSpace === 0 ? {} : { space: addressSpace };
};

/** The address to load from and store to: one into the arena is made one that can be followed (LLVM's addrspacecast). */
export function reach(f: Lowering, place: Place): Value {
	return place.space === undefined ? place.base : f.b.append("addrspace", "ptr", [place.base], { from: place.space, to: 0 });
}

/** The same, of something within another place. */
const spaceOf = (base: Place): { space?: number } => (base.space === undefined ? {} : { space: base.space });

/** gcd of an alignment (a power of two) and an offset. */
export const alignAt = (align: number, offset: number): number => {
	let result = align;
	while (offset % result !== 0) result /= 2;
	return result;
};

function memberOf(f: Lowering, base: Place, expr: LExpr & { kind: "member" }): Place {
	const { member, record } = expr;
	const volatile = base.volatile || isVolatile(expr.type);
	if (member.bitWidth !== null) {
		const bits = { offset: member.bitOffset, width: member.bitWidth, size: record.body!.size };
		return { base: base.base, type: expr.type, align: base.align, volatile, bits, ...spaceOf(base) };
	}
	const offset = member.bitOffset / 8;
	const within = { record: base.within?.record ?? record, offset: (base.within?.offset ?? 0) + offset };
	const punned = base.punned || record.union ? { punned: true } : {};
	return {
		base: f.b.ptradd(base.base, offset),
		type: expr.type,
		align: alignAt(base.align, offset),
		volatile,
		within,
		...punned,
		...spaceOf(base),
	};
}

function elementOf(f: Lowering, base: Place, expr: LExpr & { kind: "element" }): Place {
	const size = sizeOf(expr.type);
	const index = f.b.extend(f.value(expr.index), isSigned(expr.index.type));
	const offset = f.b.binary("mul", index, constant("i64", size));
	const align = size === 0 ? base.align : alignAt(base.align, offset.op === "const" ? Number(offset.value) : size);
	return {
		base: f.b.ptradd(base.base, offset),
		type: expr.type,
		align,
		volatile: base.volatile || isVolatile(expr.type),
		...(base.punned ? { punned: true } : {}),
		...spaceOf(base),
	};
}

/**
 * `p->a.b[2].c` with every step preserved is one relocation "0:…" from the type that `p` points to; an index that is not constant ends one.
 * null: none can say where this is.
 */
function coreAccess(f: Lowering, expr: LExpr): Place | null {
	const chain = coreChain(expr, false);
	if (chain === null) return null;
	const { steps, root } = chain;
	const field = expr.kind === "member" && expr.member.bitWidth !== null ? expr.member : null;
	const unit = field === null ? null : coreUnit(field.bitOffset, field.bitWidth!, sizeOf(field.type));
	const offset = (chain.bitOffset - (field?.bitOffset ?? 0)) / 8 + (unit?.start ?? 0);
	const base = lowerPlace(f, chain.from);
	// The context's fields are where they are on every kernel, and may only be reached by one constant offset.
	const fixed = asRecord(root)?.preserveStaticOffset === true;
	const core = { root, access: chain.access, relo: 0, value: BigInt(offset) };
	const moved = fixed ? f.b.ptradd(base.base, offset) : f.b.append("coreoffset", "ptr", [base.base], { core });
	const bits =
		field === null || unit === null ? null : { offset: field.bitOffset - unit.start * 8, width: field.bitWidth!, size: unit.size };
	const outermost = steps.find((step) => step.kind === "member");
	// An element is an object of its own type, whatever it lies in.
	const punned = base.punned || steps.some((step) => step.kind === "element" || step.record.union);
	return {
		base: moved,
		type: expr.type,
		align: alignAt(base.align, offset),
		volatile: base.volatile || steps.some(({ type }) => isVolatile(type)),
		...(bits === null ? {} : { bits, unit: bits.size }),
		...(outermost?.kind === "member" ? { within: { record: outermost.record, offset } } : {}),
		...(punned ? { punned: true } : {}),
		...spaceOf(base),
	};
}

/** `&p[1]`, with the subscript preserved: past so many records, however large they are where the program is loaded. */
export function preservedElement(f: Lowering, pointer: TExpr & { kind: "pointer-add" }): Value {
	return lowerPlace(f, { kind: "deref", pointer, type: asPointer(pointer.type)!.target, span: pointer.span }).base;
}

/** Where libbpf's bpf_core_calc_field_relo puts the storage unit of a bit-field: in bytes. */
function coreUnit(bitOffset: number, bitWidth: number, least: number): { readonly start: number; readonly size: number } {
	let size = least;
	for (;;) {
		const start = Math.floor(bitOffset / 8 / size) * size;
		if (bitOffset + bitWidth - start * 8 <= size * 8) return { start, size };
		size *= 2;
	}
}

// ── reading and writing ─────────────────────────────────────────────────────────────────────────

/** Attributes of an access of `size` bytes. */
export const access = (size: number, align: number, volatile: boolean) => ({
	size,
	...(align < size ? { align } : {}),
	...(volatile ? { volatile: true } : {}),
});

/** The same of a store, which may become a part of a wider one (`opt/memory/merge-stores.ts`). */
const storing = (size: number, align: number, volatile: boolean) => ({
	...access(size, align, volatile),
	...(align > size && !volatile ? { align } : {}),
});

export function readPlace(f: Lowering, place: Place): Value {
	if (place.bits !== undefined) return readBits(f, { ...place, base: reach(f, place) });
	const ty = tyOf(place.type);
	const size = sizeOf(place.type);
	const signed = size < 4 && isSigned(place.type) ? { signed: true } : {};
	return f.b.load(ty, reach(f, place), { ...access(size, place.align, place.volatile), ...signed, ...objectOf(f, place) });
}

export function writePlace(f: Lowering, place: Place, value: Value): void {
	if (place.bits !== undefined) return writeBits(f, { ...place, base: reach(f, place) }, value);
	f.b.store(reach(f, place), value, { ...storing(sizeOf(place.type), place.align, place.volatile), ...objectOf(f, place) });
}

const objectOf = (f: Lowering, place: Place) => (f.unit.context.strictAliasing ? effectiveType(place) : {});

/** Narrowest naturally placed unit that holds the bits: its offset and size in bytes. */
function unitOf(place: Place): { start: number; size: number } | null {
	const { offset, width, size: total } = place.bits!;
	if (place.unit !== undefined) return { start: 0, size: place.unit };
	for (const size of [1, 2, 4, 8]) {
		const start = Math.floor(offset / (size * 8)) * size;
		if (offset + width <= (start + size) * 8 && start + size <= total) return { start, size };
	}
	return null;
}

function readBits(f: Lowering, place: Place): Value {
	const { offset, width } = place.bits!;
	const signed = isSigned(place.type);
	const target = tyOf(place.type);
	const unit = unitOf(place);
	let value: Value;
	if (unit === null) value = extendFrom(f.b, readBytes(f, place), width, signed);
	else {
		const { start, size } = unit;
		const ty = size === 8 ? "i64" : "i32";
		const whole = f.b.load(ty, f.b.ptradd(place.base, start), access(size, alignAt(place.align, start), place.volatile));
		const shifted = f.b.binary("lshr", whole, constant(ty, offset - start * 8));
		value = extendFrom(f.b, shifted, width, signed);
	}
	return target === "i64" ? f.b.extend(value, signed) : f.b.truncate(value);
}

/** Bits that no unit holds (packed records): byte by byte, as an i64 with the field lowest. */
function readBytes(f: Lowering, place: Place): Value {
	const { offset, width } = place.bits!;
	let value: Value = constant("i64", 0);
	for (let byte = Math.floor(offset / 8); byte * 8 < offset + width; byte++) {
		const part = f.b.extend(f.b.load("i32", f.b.ptradd(place.base, byte), access(1, 1, place.volatile)), false);
		const shift = byte * 8 - offset;
		value = f.b.binary("or", value, f.b.binary(shift < 0 ? "lshr" : "shl", part, constant("i64", Math.abs(shift))));
	}
	return value;
}

function writeBits(f: Lowering, place: Place, value: Value): void {
	const { offset, width } = place.bits!;
	const unit = unitOf(place);
	const { b } = f;
	if (unit === null) {
		const wide = b.extend(value, false);
		for (let byte = Math.floor(offset / 8); byte * 8 < offset + width; byte++) {
			const shift = byte * 8 - offset;
			const from = Math.max(0, -shift);
			const to = Math.min(8, offset + width - byte * 8);
			const part = b.truncate(shift < 0 ? b.binary("shl", wide, constant("i64", -shift)) : b.binary("lshr", wide, constant("i64", shift)));
			putBits(f, b.ptradd(place.base, byte), 1, 1, place.volatile, part, from, to - from, true);
		}
		return;
	}
	const { start, size } = unit;
	const resized = size === 8 ? b.extend(value, false) : b.truncate(value);
	putBits(f, b.ptradd(place.base, start), size, alignAt(place.align, start), place.volatile, resized, offset - start * 8, width, false);
}

/** Replaces bits of a unit in memory; `placed`: the value's bits are where they belong already. */
function putBits(
	f: Lowering,
	base: Value,
	size: number,
	align: number,
	volatile: boolean,
	value: Value,
	at: number,
	width: number,
	placed: boolean,
): void {
	const { b } = f;
	if (width === size * 8) return b.store(base, value, storing(size, align, volatile));
	const ty = size === 8 ? "i64" : "i32";
	const mask = ((1n << BigInt(width)) - 1n) << BigInt(at);
	const moved = placed ? value : b.binary("shl", value, constant(ty, at));
	const fresh = b.binary("and", moved, constant(ty, mask));
	const old = b.load(ty, base, access(size, align, volatile));
	const kept = b.binary("and", old, constant(ty, ((1n << BigInt(size * 8)) - 1n) & ~mask));
	b.store(base, b.binary("or", kept, fresh), storing(size, align, volatile));
}

/** What a bit-field holds after `value` was stored: the value cut to its width. */
export function storedValue(f: Lowering, place: Place, value: Value): Value {
	return place.bits === undefined ? value : extendFrom(f.b, value, place.bits.width, isSigned(place.type));
}

export function readWide(f: Lowering, place: Place): Wide {
	const attr = access(8, Math.min(place.align, 8), place.volatile);
	const base = reach(f, place);
	return { lo: f.b.load("i64", base, attr), hi: f.b.load("i64", f.b.ptradd(base, 8), attr) };
}

export function writeWide(f: Lowering, place: Place, value: Wide): void {
	const attr = access(8, Math.min(place.align, 8), place.volatile);
	const base = reach(f, place);
	f.b.store(base, value.lo, attr);
	f.b.store(f.b.ptradd(base, 8), value.hi, attr);
}

/** Copies a record or array. */
export function copyPlace(f: Lowering, to: Place, from: Place): void {
	const size = sizeOf(to.type);
	if (size === 0) return;
	const volatile = to.volatile || from.volatile ? { volatile: true } : {};
	f.b.append("memcpy", null, [reach(f, to), reach(f, from)], { size, align: Math.min(to.align, from.align, 8), ...volatile });
}

/** A place for a temporary. */
export function temporary(f: Lowering, type: CType, name: string): Place {
	const shape = shapeOf(type);
	const size = shape.kind === "memory" ? shape.size : sizeOf(type);
	const align = Math.max(alignOf(type), asRecord(type) === null ? 1 : 8);
	const slot: Inst = f.newSlot(size, align, name);
	f.b.append("lifetime", null, [slot]);
	return { base: slot, type, align, volatile: false };
}
