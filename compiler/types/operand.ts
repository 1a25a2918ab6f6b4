import type { TokenSpan } from "../diagnostics/diagnostic.ts";
import { asArray, asFunction, ERROR, pointerTo, qualifiersOf, qualify, unqualified } from "./basic.ts";
import type { FunctionSym, LExpr, TExpr } from "./typed.ts";
import type { CType } from "./types.ts";

/**
 * What checking an expression yields before anyone asks for its value: a value, an lvalue, or a function.
 * The one idea: C11 6.3.2.1 — `rvalue` turns lvalues into loads, arrays and functions into addresses, and nothing else does.
 */
export type Operand = TExpr | LExpr | Designator;

/** An expression of function type: a name, or `*pointer`. */
export interface Designator {
	readonly kind: "designator";
	readonly type: CType;
	readonly span: TokenSpan;
	readonly symbol: FunctionSym | null;
	readonly pointer: TExpr | null;
}

export function designate(symbol: FunctionSym, span: TokenSpan): Designator {
	return { kind: "designator", type: symbol.type, span, symbol, pointer: null };
}

export function isLvalue(operand: Operand): operand is LExpr {
	switch (operand.kind) {
		case "variable":
		case "deref":
		case "member":
		case "element":
		case "string":
		case "compound-literal":
		case "materialize":
		case "sequenced":
			return true;
		default:
			return false;
	}
}

export function errorValue(span: TokenSpan): TExpr {
	return { kind: "int", value: 0n, type: ERROR, span };
}

export function decayed(type: CType): CType {
	const array = asArray(type);
	if (array) return pointerTo(elementOf(type, array));
	return asFunction(type) ? pointerTo(type) : type;
}

/** A const array is one of const elements, and one in an address space one of elements there (C11 6.7.3p9). */
function elementOf(type: CType, array: { readonly element: CType }): CType {
	const { const: isConst, volatile, addressSpace } = qualifiersOf(type);
	return qualify(array.element, { const: isConst, volatile, addressSpace });
}

export function rvalue(operand: Operand): TExpr {
	if (operand.kind === "designator") {
		if (operand.pointer) return operand.pointer;
		return { kind: "function-address", symbol: operand.symbol!, type: pointerTo(operand.type), span: operand.span };
	}
	if (!isLvalue(operand)) return operand;
	return load(operand);
}

function load(from: LExpr): TExpr {
	const array = asArray(from.type);
	if (array) {
		markAddress(from);
		return { kind: "address", of: from, type: pointerTo(elementOf(from.type, array)), span: from.span };
	}
	if (from.kind === "materialize") return from.value;
	return { kind: "load", from, volatile: qualifiersOf(from.type).volatile, type: unqualified(from.type), span: from.span };
}

/** The address of an lvalue escapes into a value: a variable under it can no longer be only loaded and stored. */
export function markAddress(lvalue: LExpr): void {
	switch (lvalue.kind) {
		case "variable":
			lvalue.symbol.addressTaken = true;
			return;
		case "compound-literal":
			lvalue.symbol.addressTaken = true;
			return;
		case "member":
		case "element":
			markAddress(lvalue.base);
			return;
		case "sequenced":
			markAddress(lvalue.then);
			return;
		default:
			return;
	}
}

/** The member step that makes an lvalue a bit-field, looking through parentheses that the grammar left out. */
export function bitField(operand: Operand): (LExpr & { kind: "member" }) | null {
	if (operand.kind === "sequenced") return bitField(operand.then);
	return operand.kind === "member" && operand.member.bitWidth !== null ? operand : null;
}

/** Without the conversions that nobody wrote. */
export function written(e: TExpr): TExpr {
	let inner = e;
	while (inner.kind === "convert" && !inner.explicit) inner = inner.operand;
	return inner;
}
