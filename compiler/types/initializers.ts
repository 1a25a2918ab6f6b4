import type { TokenSpan } from "../diagnostics/diagnostic.ts";
import type { Designator, Expr, Initializer, InitList } from "../grammar/ast.ts";
import { asArray, asRecord, canonical, integerType, isComplete, isError } from "./basic.ts";
import { constantValue } from "./constant.ts";
import { report, unevaluated, type Cx } from "./context.ts";
import { sizeOf } from "./layout.ts";
import { value } from "./operators.ts";
import { findMember } from "./records.ts";
import { quote } from "./spell.ts";
import type { ArrayType, CType, Member, RecordType } from "./types.ts";
import { arrayCopy, leaf, operandOf, override, type Piece, repeat, stringInto, type Walk } from "./pieces.ts";

/**
 * In: an initialiser and the type it is for. Out: a flat list of what goes where, in order; later entries replace earlier ones.
 * The one idea: one walk serves static and automatic storage. A brace opens an object of its own; without one an aggregate takes as many
 * items of the surrounding list as it needs (brace elision), and a designator belongs to the innermost brace (C11 6.7.9).
 */

export interface Flattened {
	readonly pieces: readonly Piece[];
	/** With the length that the initialiser gave it. */
	readonly type: CType;
	/** In bytes: more than the type's size when a flexible array member was initialised. */
	readonly size: number;
}

interface Items {
	readonly list: InitList["items"];
	at: number;
	/** Only what a designator leads to is filled; the items behind it are for another place. */
	readonly alone?: boolean;
}

export function flatten(cx: Cx, init: Initializer, type: CType, span: TokenSpan): Flattened {
	const walk: Walk = { cx, pieces: [], operands: new Map(), end: 0, replaced: new Set(), unions: new Map() };
	const array = asArray(type);
	let completed = type;
	if (array && array.length === null) {
		const length = initObject(walk, init, type, 0, span);
		completed = withLength(type, length ?? 0);
	} else initObject(walk, init, type, 0, span);
	const pieces = walk.replaced.size === 0 ? walk.pieces : walk.pieces.filter((piece) => !walk.replaced.has(piece));
	return { pieces, type: completed, size: Math.max(sizeOf(completed), Math.ceil(walk.end / 8)) };
}

/** The same type, sugar kept where it can be, with an array length. */
function withLength(type: CType, length: number): CType {
	if (type.kind === "array") return { ...type, length };
	if (type.kind === "qualified" || type.kind === "tagged") return { ...type, target: withLength(type.target, length) };
	return { ...(canonical(type) as ArrayType), length };
}

/** Initialises the object at `offset` bits; for arrays tells how many elements were. */
function initObject(w: Walk, init: Initializer, type: CType, offset: number, span: TokenSpan, bits: number | null = null): number | null {
	const { cx } = w;
	if (isError(type)) {
		if (init.kind !== "init-list") operandOf(w, init);
		return null;
	}
	const array = asArray(type);
	const record = asRecord(type);
	if (init.kind !== "init-list") {
		if (array) {
			const filled = stringInto(w, init, array, offset) ?? arrayCopy(w, init, array, offset);
			if (filled !== null) return filled;
			const operand = operandOf(w, init);
			if (!isError(operand.type))
				report(
					cx,
					"badInit",
					init.span,
					array.element && integerType(array.element)?.size === 1
						? "array initializer must be an initializer list or string literal"
						: "array initializer must be an initializer list",
				);
			return null;
		}
		leaf(w, init, type, offset, bits, span);
		return null;
	}
	if (array || record) override(w, offset, isComplete(type) ? sizeOf(type) * 8 : 0, init.span);
	if (array) {
		const only = init.items.length === 1 && init.items[0]!.designators.length === 0 ? init.items[0]!.value : null;
		if (only && only.kind === "string") {
			const filled = stringInto(w, only, array, offset);
			if (filled !== null) return filled;
		}
		return fillArray(w, array, type, offset, { list: init.items, at: 0 }, true, null);
	}
	if (record) {
		const filled = fillRecord(w, record, offset, { list: init.items, at: 0 }, true, null);
		checkMissing(w, record, init, filled);
		return null;
	}
	scalarInBraces(w, init, type, offset, span, bits);
	return null;
}

/** `{ 1, 2 }` for three members; `{}`, `{ 0 }` and lists with designators say that the rest is meant to be zero. */
function checkMissing(w: Walk, record: RecordType, init: InitList, filled: number): void {
	const only = init.items.length === 1 ? init.items[0]!.value : null;
	if (init.items.length === 0 || record.union || (only?.kind === "number" && only.text === "0")) return;
	const next = namedMembers(record)[filled]?.member;
	if (!next || asArray(next.type)?.length === null) return;
	report(w.cx, "missingField", { from: init.span.to - 1, to: init.span.to }, `missing field '${next.name ?? ""}' initializer`);
}

function scalarInBraces(w: Walk, init: InitList, type: CType, offset: number, span: TokenSpan, bits: number | null): void {
	const first = init.items[0];
	if (!first) {
		// C23's empty braces: zero.
		return;
	}
	if (first.designators.length) {
		report(w.cx, "badDesignator", first.span, `designator in initializer for scalar type ${quote(type)}`);
		return;
	}
	if (init.items.length > 1) report(w.cx, "excessInit", init.items[1]!.span, "excess elements in scalar initializer");
	initObject(w, first.value, type, offset, span, bits);
}

// ── aggregates ──────────────────────────────────────────────────────────────────────────────────

/** The item's designators have brought us here: what is below takes it as if it had none. */
const LED: readonly Designator[] = [];

/** One item for one subobject: the item itself if it fits or is braced, else as many items as the subobject takes. */
function fill(w: Walk, type: CType, offset: number, bits: number | null, items: Items, led = false): void {
	const item = items.list[items.at]!;
	if (item.value.kind === "init-list") {
		items.at++;
		initObject(w, item.value, type, offset, item.span, bits);
		return;
	}
	const array = asArray(type);
	const record = asRecord(type);
	if (array) {
		if (stringInto(w, item.value, array, offset) !== null) {
			items.at++;
			return;
		}
		if (item.value.kind === "compound-literal" && arrayCopy(w, item.value, array, offset) !== null) {
			items.at++;
			return;
		}
		if (array.length === 0) {
			// Nothing fits into int a[0]; the item is for what follows.
			return;
		}
		fillArray(w, array, type, offset, items, false, led ? LED : null);
		return;
	}
	if (record) {
		const operand = operandOf(w, item.value);
		if (asRecord(operand.type) === record || isError(operand.type)) {
			items.at++;
			leaf(w, item.value, type, offset, null);
			return;
		}
		const before = items.at;
		fillRecord(w, record, offset, items, false, led ? LED : null);
		if (items.at === before && (record.body?.members.length ?? 0) > 0 && sizeOf(record) > 0) {
			items.at++;
			leaf(w, item.value, type, offset, null);
		}
		return;
	}
	items.at++;
	leaf(w, item.value, type, offset, bits);
}

/** A place within an aggregate that a designator names. */
function designated(w: Walk, type: CType, offset: number, bits: number | null, rest: readonly Designator[], items: Items): void {
	if (rest.length === 0) {
		fill(w, type, offset, bits, items, true);
		return;
	}
	const record = asRecord(type);
	const array = asArray(type);
	if (record) fillRecord(w, record, offset, items, false, rest);
	else if (array) fillArray(w, array, type, offset, items, false, rest);
	else {
		report(w.cx, "badDesignator", rest[0]!.span, `designator into type ${quote(type)}, which has no parts`);
		items.at++;
	}
}

function namedMembers(record: RecordType): readonly { readonly member: Member; readonly index: number }[] {
	// Unnamed bit-fields take no initialiser; anonymous records do.
	return (record.body?.members ?? [])
		.map((member, index) => ({ member, index }))
		.filter(({ member }) => member.name !== null || member.bitWidth === null);
}

/** `path`: what is left of the current item's designators, when they led here. Tells which member would have been next. */
function fillRecord(
	w: Walk,
	record: RecordType,
	offset: number,
	items: Items,
	braced: boolean,
	path: readonly Designator[] | null,
): number {
	const members = namedMembers(record);
	let next = 0;
	let pending = path;
	let named = false;
	for (;;) {
		const item = items.list[items.at];
		if (!item) return named ? members.length : next;
		const designators = pending ?? (braced ? item.designators : null);
		if (!pending && !braced && item.designators.length > 0) return members.length;
		const led = pending !== null;
		pending = null;
		if (designators && designators.length > 0) {
			named = true;
			const d = designators[0]!;
			const steps = d.kind === "field" ? findMember(record, d.name) : null;
			if (!steps) {
				report(
					w.cx,
					"badDesignator",
					d.span,
					d.kind === "field"
						? `field designator '${d.name}' does not refer to any field in type ${quote(record)}`
						: `array designator cannot initialize non-array type ${quote(record)}`,
				);
				if (item.value.kind !== "init-list") operandOf(w, item.value);
				items.at++;
				if (!braced) return members.length;
				continue;
			}
			const { member, index } = steps[0]!;
			next = members.findIndex((m) => m.index === index) + 1;
			if (record.union) chooseMember(w, record, offset, index, item.span);
			// A name found in an anonymous member is looked up again inside it.
			const rest = steps.length > 1 ? designators : designators.slice(1);
			designated(w, member.type, offset + member.bitOffset, member.bitWidth, rest, items);
			if (items.alone) return members.length;
		} else {
			const slot = members[next];
			if (!slot || (record.union && next > 0)) {
				if (!braced) return members.length;
				excess(w, items, record.union ? "union" : "struct");
				return members.length;
			}
			const { member } = slot;
			const before = items.at;
			if (record.union) chooseMember(w, record, offset, slot.index, item.span);
			fill(w, member.type, offset + member.bitOffset, member.bitWidth, items, led);
			next++;
			if (items.at === before && next >= members.length) {
				if (braced) excess(w, items, "struct");
				return members.length;
			}
		}
		if (record.union && !braced) return members.length;
		if (record.union) next = 1;
		if (!braced && next >= members.length) return members.length;
	}
}

/** A union holds one member: naming another one makes the value of the first void, and what it does not cover zero. */
function chooseMember(w: Walk, union: RecordType, offset: number, index: number, span: TokenSpan): void {
	let places = w.unions.get(union);
	if (!places) w.unions.set(union, (places = new Map()));
	const before = places.get(offset);
	places.set(offset, index);
	if (before !== index) override(w, offset, sizeOf(union) * 8, span);
}

function fillArray(
	w: Walk,
	array: ArrayType,
	type: CType,
	offset: number,
	items: Items,
	braced: boolean,
	path: readonly Designator[] | null,
): number {
	const { cx } = w;
	const size = sizeOf(array.element) * 8;
	let next = 0;
	let length = 0;
	let pending = path;
	for (;;) {
		const item = items.list[items.at];
		if (!item) return length;
		const designators = pending ?? (braced ? item.designators : null);
		if (!pending && !braced && item.designators.length > 0) return length;
		const led = pending !== null;
		pending = null;
		if (designators && designators.length > 0) {
			const d = designators[0]!;
			const range = d.kind === "index" ? indexRange(cx, d, array) : null;
			if (!range) {
				if (d.kind === "field")
					report(cx, "badDesignator", d.span, `field designator '${d.name}' cannot initialize a non-struct, non-union type ${quote(type)}`);
				if (item.value.kind !== "init-list") operandOf(w, item.value);
				items.at++;
				if (!braced) return length;
				continue;
			}
			inRange(w, array.element, offset, range, designators, items);
			if (items.alone) return length;
			next = range.to + 1;
		} else {
			if (array.length !== null && next >= array.length) {
				if (!braced) return length;
				excess(w, items, "array");
				return length;
			}
			const before = items.at;
			fill(w, array.element, offset + next * size, null, items, led);
			if (items.at === before) items.at++;
			next++;
		}
		length = Math.max(length, next);
		if (!braced && array.length !== null && next >= array.length) return length;
	}
}

/** `[a ... b].m = x, y`: x is for each of the elements, y, which goes on behind the last m, for the last one only. */
function inRange(w: Walk, element: CType, offset: number, range: IndexRange, designators: readonly Designator[], items: Items): void {
	const size = sizeOf(element) * 8;
	const rest = designators.slice(1);
	const start = w.pieces.length;
	const { from, to } = range;
	const goesOn = rest.length > 0 && to > from && !items.alone && items.list[items.at + 1]?.designators.length === 0;
	designated(w, element, offset + from * size, null, rest, goesOn ? { ...items, alone: true } : items);
	repeat(w, start, size, (goesOn ? to - 1 : to) - from, designators[0]!.span);
	if (goesOn) designated(w, element, offset + to * size, null, rest, items);
}

interface IndexRange {
	readonly from: number;
	readonly to: number;
}

function indexRange(cx: Cx, d: Designator & { kind: "index" }, array: ArrayType): IndexRange | null {
	const from = index(cx, d.from);
	const to = d.to ? index(cx, d.to) : from;
	if (from === null || to === null) return null;
	if (from < 0 || to < from) {
		report(
			cx,
			"badDesignator",
			d.span,
			from < 0 ? `array designator value '${from}' is negative` : `array designator range [${from}, ${to}] is empty`,
		);
		return null;
	}
	if (array.length !== null && to >= array.length) {
		report(cx, "badDesignator", d.span, `array designator index (${to}) exceeds array bounds (${array.length})`);
		return null;
	}
	return { from, to };
}

function index(cx: Cx, ast: Expr): number | null {
	const v = unevaluated(cx, () => value(cx, ast));
	const known = constantValue(cx, v);
	if (known === null) {
		if (!isError(v.type)) report(cx, "notConstant", ast.span, "expression is not an integer constant expression");
		return null;
	}
	return Number(known);
}

function excess(w: Walk, items: Items, what: string): void {
	const item = items.list[items.at];
	if (!item) return;
	report(w.cx, "excessInit", item.span, `excess elements in ${what} initializer`);
	for (; items.at < items.list.length; items.at++) {
		const v = items.list[items.at]!.value;
		if (v.kind !== "init-list") operandOf(w, v);
	}
}
