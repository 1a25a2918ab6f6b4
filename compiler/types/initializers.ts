import type { TokenSpan } from "../diagnostics/diagnostic.ts";
import type { Designator, Expr, Initializer, InitList } from "../grammar/ast.ts";
import { asArray, asRecord, canonical, integerType, isComplete, isError, isScalar, unqualified } from "./basic.ts";
import { addressValue, constantValue } from "./constant.ts";
import { report, unevaluated, type Cx } from "./context.ts";
import { assignConvert } from "./conversions.ts";
import { sizeOf } from "./layout.ts";
import { parseString } from "./literals.ts";
import { localObject } from "./locals.ts";
import { rvalue, type Operand } from "./operand.ts";
import { value } from "./operators.ts";
import { findMember } from "./records.ts";
import { quote } from "./spell.ts";
import type { LExpr, TExpr } from "./typed.ts";
import type { ArrayType, CType, Member, RecordType } from "./types.ts";

/**
 * In: an initialiser and the type it is for. Out: a flat list of what goes where, in order; later entries replace earlier ones.
 * The one idea: one walk serves static and automatic storage. A brace opens an object of its own; without one an aggregate takes as many
 * items of the surrounding list as it needs (brace elision), and a designator belongs to the innermost brace (C11 6.7.9).
 */
export type Piece =
	| { readonly kind: "value"; readonly bitOffset: number; readonly bitWidth: number | null; readonly type: CType; readonly value: TExpr; readonly span: TokenSpan }
	| { readonly kind: "bytes"; readonly bitOffset: number; readonly bytes: Uint8Array; readonly span: TokenSpan };

export interface Flattened {
	readonly pieces: readonly Piece[];
	/** With the length that the initialiser gave it. */
	readonly type: CType;
	/** In bytes: more than the type's size when a flexible array member was initialised. */
	readonly size: number;
}

interface Walk {
	readonly cx: Cx;
	readonly pieces: Piece[];
	/** An item's expression is checked once, whatever brace elision tries with it. */
	readonly operands: Map<Expr, Operand>;
	/** Bits that were written, at most: for flexible arrays. */
	end: number;
	/** Pieces that a later one takes the whole place of: they are neither stored nor evaluated. */
	readonly replaced: Set<Piece>;
	/** Which member of a union holds the value, by where the union is. */
	readonly unions: Map<RecordType, Map<number, number>>;
}

/** Values that ranges may multiply an initialiser to. */
const MAX_PIECES = 1_000_000;

interface Items {
	readonly list: InitList["items"];
	at: number;
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
			if (!isError(operand.type)) report(cx, "badInit", init.span, array.element && integerType(array.element)?.size === 1 ? "array initializer must be an initializer list or string literal" : "array initializer must be an initializer list");
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

// ── leaves ──────────────────────────────────────────────────────────────────────────────────────

function operandOf(w: Walk, ast: Expr): Operand {
	let operand = w.operands.get(ast);
	if (!operand) {
		operand = w.cx.rules.expr(w.cx, ast);
		w.operands.set(ast, operand);
	}
	return operand;
}

/** `at`: where a message about the value's type points; for a variable it is the name. */
function leaf(w: Walk, ast: Expr, type: CType, offset: number, bits: number | null, at: TokenSpan = ast.span): void {
	const v = rvalue(operandOf(w, ast));
	const converted = assignConvert(w.cx, v, unqualified(type), { kind: "initializing" }, at);
	put(w, { kind: "value", bitOffset: offset, bitWidth: bits, type: unqualified(type), value: converted, span: ast.span });
}

function put(w: Walk, piece: Piece): void {
	const bits = widthOf(piece);
	override(w, piece.bitOffset, bits, piece.span);
	w.pieces.push(piece);
	w.end = Math.max(w.end, piece.bitOffset + bits);
}

/** Of a piece, in bits. */
const widthOf = (piece: Piece): number => (piece.kind === "bytes" ? piece.bytes.length * 8 : (piece.bitWidth ?? sizeOf(piece.type) * 8));

/** What was written to these bits before is void (C11 6.7.9p19). Items mostly come in order: then there is nothing to look for. */
function override(w: Walk, from: number, bits: number, span: TokenSpan): void {
	if (from >= w.end || bits === 0) return;
	const to = from + bits;
	let first: Piece | null = null;
	let partially = false;
	for (const piece of w.pieces) {
		const end = piece.bitOffset + widthOf(piece);
		if (end <= from || piece.bitOffset >= to || w.replaced.has(piece)) continue;
		first ??= piece;
		if (from <= piece.bitOffset && end <= to) w.replaced.add(piece);
		else partially = true;
	}
	if (first !== null)
		report(w.cx, "overriddenInit", span, `initializer ${partially ? "partially " : ""}overrides prior initialization of this subobject`, [{ message: "previous initialization is here", span: first.span }]);
}

/** A string literal for an array of characters of its width. */
function stringInto(w: Walk, ast: Expr, array: ArrayType, offset: number): number | null {
	const literal = stringOf(ast);
	if (!literal) return null;
	const element = integerType(array.element);
	const { bytes, element: unit, length, problems } = parseString(literal.parts);
	if (!element || element.size !== unit.size || (element.size > 1 && canonical(array.element).kind === "enum")) return null;
	for (const p of problems) report(w.cx, p.startsWith("unknown escape") ? "unknownEscape" : "badLiteral", ast.span, p);
	const room = array.length ?? length;
	// The terminator may be left out when there is no room for it (C11 6.7.9p14).
	if (length - 1 > room) report(w.cx, "stringTooLong", ast.span, "initializer-string for char array is too long");
	const kept = bytes.subarray(0, Math.min(length, room) * unit.size);
	override(w, offset, room * unit.size * 8, ast.span);
	put(w, { kind: "bytes", bitOffset: offset, bytes: kept, span: ast.span });
	return room;
}

function stringOf(ast: Expr): (Expr & { kind: "string" }) | null {
	if (ast.kind === "string") return ast;
	if (ast.kind === "unary" && ast.op === "__extension__") return stringOf(ast.operand);
	return null;
}

/** GNU C: an array initialised by a compound literal (or `__func__`) of array type. */
function arrayCopy(w: Walk, ast: Expr, array: ArrayType, offset: number): number | null {
	const operand = operandOf(w, ast);
	const other = asArray(operand.type);
	if (!other || other.length === null || (array.length !== null && array.length < other.length)) return null;
	if (operand.kind === "string") {
		put(w, { kind: "bytes", bitOffset: offset, bytes: operand.bytes, span: ast.span });
		return array.length ?? other.length;
	}
	if (operand.kind !== "compound-literal") return null;
	const load: TExpr = { kind: "load", from: operand as LExpr, volatile: false, type: operand.type, span: ast.span };
	put(w, { kind: "value", bitOffset: offset, bitWidth: null, type: operand.type, value: load, span: ast.span });
	return array.length ?? other.length;
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
	return (record.body?.members ?? []).map((member, index) => ({ member, index })).filter(({ member }) => member.name !== null || member.bitWidth === null);
}

/** `path`: what is left of the current item's designators, when they led here. Tells which member would have been next. */
function fillRecord(w: Walk, record: RecordType, offset: number, items: Items, braced: boolean, path: readonly Designator[] | null): number {
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
				report(w.cx, "badDesignator", d.span, d.kind === "field" ? `field designator '${d.name}' does not refer to any field in type ${quote(record)}` : `array designator cannot initialize non-array type ${quote(record)}`);
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
		} else {
			const slot = members[next];
			if (!slot || (record.union && next > 0)) {
				if (!braced) return members.length;
				excess(w, items, record.union ? "union" : "struct");
				return members.length;
			}
			const { member } = slot;
			const before = items.at;
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

function fillArray(w: Walk, array: ArrayType, type: CType, offset: number, items: Items, braced: boolean, path: readonly Designator[] | null): number {
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
				if (d.kind === "field") report(cx, "badDesignator", d.span, `field designator '${d.name}' cannot initialize a non-struct, non-union type ${quote(type)}`);
				if (item.value.kind !== "init-list") operandOf(w, item.value);
				items.at++;
				if (!braced) return length;
				continue;
			}
			const start = w.pieces.length;
			designated(w, array.element, offset + range.from * size, null, designators.slice(1), items);
			repeat(w, start, size, range.to - range.from, d.span);
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

function indexRange(cx: Cx, d: Designator & { kind: "index" }, array: ArrayType): { from: number; to: number } | null {
	const from = index(cx, d.from);
	const to = d.to ? index(cx, d.to) : from;
	if (from === null || to === null) return null;
	if (from < 0 || to < from) {
		report(cx, "badDesignator", d.span, from < 0 ? `array designator value '${from}' is negative` : `array designator range [${from}, ${to}] is empty`);
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

/** `[a ... b] = x`: what was written for a, again for each of the others. Values are computed once, as gcc computes them. */
function repeat(w: Walk, start: number, size: number, times: number, span: TokenSpan): void {
	if (times === 0) return;
	if (w.pieces.length + (w.pieces.length - start) * times > MAX_PIECES) {
		report(w.cx, "limit", span, `an initializer of more than ${MAX_PIECES} values`);
		return;
	}
	for (let i = start; i < w.pieces.length; i++) w.pieces[i] = computedOnce(w.cx, w.pieces[i]!);
	const written = w.pieces.slice(start).map((piece) => (piece.kind === "value" && piece.value.kind === "assign" ? { ...piece, value: rvalue(piece.value.target) } : piece));
	for (let i = 1; i <= times; i++) for (const piece of written) put(w, { ...piece, bitOffset: piece.bitOffset + i * size });
}

/** The value of a function's local range is kept in a variable of its own when it is more than a constant. */
function computedOnce(cx: Cx, piece: Piece): Piece {
	if (piece.kind !== "value" || !cx.fn || cx.constantInit || !isScalar(piece.type)) return piece;
	const { value, type } = piece;
	if (value.kind === "int" || value.kind === "load" || addressValue(cx, value) !== null) return piece;
	const target: LExpr = { kind: "variable", symbol: localObject(cx, `.range.${cx.counter++}`, type, value.span), type, span: value.span };
	return { ...piece, value: { kind: "assign", target, value, type, span: value.span } };
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
