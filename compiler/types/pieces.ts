import type { TokenSpan } from "../diagnostics/diagnostic.ts";
import type { Expr } from "../grammar/ast.ts";
import { asArray, canonical, integerType, isScalar, unqualified } from "./basic.ts";
import { addressValue } from "./constant.ts";
import { type Cx, report } from "./context.ts";
import { assignConvert } from "./conversions.ts";
import { sizeOf } from "./layout.ts";
import { parseString } from "./literals.ts";
import { localObject } from "./locals.ts";
import { type Operand, rvalue } from "./operand.ts";
import { checkBitFieldConstant } from "./tautologies.ts";
import type { LExpr, TExpr } from "./typed.ts";
import type { ArrayType, CType, RecordType } from "./types.ts";

/** What an initialiser puts where: a value of some type, or the bytes of a string. Later pieces replace earlier ones; `initializers.ts` finds the places. */
export type Piece =
	| {
			readonly kind: "value";
			readonly bitOffset: number;
			readonly bitWidth: number | null;
			readonly type: CType;
			readonly value: TExpr;
			readonly span: TokenSpan;
	  }
	| { readonly kind: "bytes"; readonly bitOffset: number; readonly bytes: Uint8Array; readonly span: TokenSpan };

/** The walk through one initialiser. */
export interface Walk {
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

export function operandOf(w: Walk, ast: Expr): Operand {
	let operand = w.operands.get(ast);
	if (!operand) {
		operand = w.cx.rules.expr(w.cx, ast);
		w.operands.set(ast, operand);
	}
	return operand;
}

/** `at`: where a message about the value's type points; for a variable it is the name. */
export function leaf(w: Walk, ast: Expr, type: CType, offset: number, bits: number | null, at: TokenSpan = ast.span): void {
	const v = rvalue(operandOf(w, ast));
	const converted = assignConvert(w.cx, v, unqualified(type), { kind: "initializing" }, at);
	if (bits !== null) checkBitFieldConstant(w.cx, bits, type, v, ast, ast.span);
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
export function override(w: Walk, from: number, bits: number, span: TokenSpan): void {
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
		report(w.cx, "overriddenInit", span, `initializer ${partially ? "partially " : ""}overrides prior initialization of this subobject`, [
			{ message: "previous initialization is here", span: first.span },
		]);
}

/** A string literal for an array of characters of its width. */
export function stringInto(w: Walk, ast: Expr, array: ArrayType, offset: number): number | null {
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
export function arrayCopy(w: Walk, ast: Expr, array: ArrayType, offset: number): number | null {
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

/** `[a ... b] = x`: what was written for a, again for each of the others. Values are computed once, as gcc computes them. */
export function repeat(w: Walk, start: number, size: number, times: number, span: TokenSpan): void {
	if (times === 0) return;
	if (w.pieces.length + (w.pieces.length - start) * times > MAX_PIECES) {
		report(w.cx, "limit", span, `an initializer of more than ${MAX_PIECES} values`);
		return;
	}
	for (let i = start; i < w.pieces.length; i++) w.pieces[i] = computedOnce(w.cx, w.pieces[i]!);
	const written = w.pieces
		.slice(start)
		.map((piece) => (piece.kind === "value" && piece.value.kind === "assign" ? { ...piece, value: rvalue(piece.value.target) } : piece));
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
