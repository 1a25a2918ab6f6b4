import type { TokenSpan } from "../diagnostics/diagnostic.ts";
import { asPointer, canonical, FLOAT, INT, integerType, isPointer, ULONG, unqualified, wrap } from "./basic.ts";
import { compatible } from "./compat.ts";
import { sizeOf } from "./layout.ts";
import type { LExpr, TExpr } from "./typed.ts";
import type { CType, IntType } from "./types.ts";

/**
 * In: typed operands of the right types. Out: a typed node, already folded when its operands are constants.
 * The one idea: folding happens where nodes are made, in mathematical integers wrapped to the result's type, so that "is it a constant?"
 * is `kind === "int"` everywhere else. What has no defined value (division by zero, a shift too far) is left as it stands.
 */

export type ArithOp = "*" | "/" | "%" | "+" | "-" | "<<" | ">>" | "&" | "^" | "|";
export type CompareOp = "<" | ">" | "<=" | ">=" | "==" | "!=";

export function intConst(value: bigint, type: CType, span: TokenSpan): TExpr {
	return { kind: "int", value, type, span };
}

export function floatConst(value: number, type: CType, span: TokenSpan): TExpr {
	return { kind: "float", value: canonical(type) === FLOAT ? Math.fround(value) : value, type, span };
}

/** How a value of this type is represented: integers as themselves, pointers as unsigned 64-bit numbers. */
export function representation(type: CType): IntType | null {
	return isPointer(type) ? ULONG : integerType(type);
}

export function convert(operand: TExpr, type: CType, explicit: boolean, span: TokenSpan = operand.span): TExpr {
	const to = canonical(type);
	const from = canonical(operand.type);
	if (!explicit && (from === to || (from.kind === "pointer" && to.kind === "pointer" && compatible(from.target, to.target))))
		return operand;
	if (operand.kind === "int") {
		const target = representation(type);
		if (target) return intConst(wrap(operand.value, target), type, span);
		if (to.kind === "float") return floatConst(Number(operand.value), type, span);
	}
	if (operand.kind === "float") {
		if (to.kind === "float") return floatConst(operand.value, type, span);
		const target = integerType(type);
		if (target && Number.isFinite(operand.value)) {
			const value = target.rank === 0 ? (operand.value === 0 ? 0n : 1n) : BigInt(Math.trunc(operand.value));
			return intConst(wrap(value, target), type, span);
		}
	}
	// An address computed from a constant, as in the classic `offsetof`: (size_t)&((T *)0)->m.
	if (to.kind === "int" && to.rank > 0 && isPointer(operand.type)) {
		const value = constantAddress(operand);
		if (value !== null) return intConst(wrap(value, to), type, span);
	}
	if (to.kind === "int" && to.rank === 0 && isSymbolAddress(operand)) return intConst(1n, type, span);
	return { kind: "convert", operand, explicit, type, span };
}

/** The number that an address expression built on an integer constant comes to; null when it involves an object or a relocatable step. */
export function constantAddress(e: TExpr): bigint | null {
	switch (e.kind) {
		case "int":
			return e.value;
		case "convert":
			return isPointer(e.operand.type) && isPointer(e.type) ? constantAddress(e.operand) : null;
		case "pointer-add": {
			if (e.index.kind !== "int" || e.preserve) return null;
			const base = constantAddress(e.pointer);
			if (base === null) return null;
			const delta = e.index.value * BigInt(e.scale);
			return BigInt.asUintN(64, e.subtract ? base - delta : base + delta);
		}
		case "address":
			return constantPlace(e.of);
		default:
			return null;
	}
}

function constantPlace(l: LExpr): bigint | null {
	switch (l.kind) {
		case "deref":
			return constantAddress(l.pointer);
		case "member": {
			if (l.preserve) return null;
			const base = constantPlace(l.base);
			return base === null ? null : base + BigInt(Math.floor(l.member.bitOffset / 8));
		}
		case "element": {
			if (l.preserve || l.index.kind !== "int") return null;
			const base = constantPlace(l.base);
			return base === null ? null : base + l.index.value * BigInt(sizeOf(l.type));
		}
		default:
			return null;
	}
}

/** The address of something that exists, hence not null. */
function isSymbolAddress(e: TExpr): boolean {
	if (e.kind === "function-address") return !e.symbol.weak;
	if (e.kind !== "address") return false;
	let l: LExpr = e.of;
	while (l.kind === "member" || l.kind === "element") l = l.base;
	return l.kind === "string" || (l.kind === "variable" && !l.symbol.weak && l.symbol.linkage !== "extern");
}

export function foldArith(op: ArithOp, a: bigint, b: bigint, type: IntType): bigint | null {
	switch (op) {
		case "*":
			return a * b;
		case "/":
			return b === 0n ? null : a / b;
		case "%":
			return b === 0n ? null : a % b;
		case "+":
			return a + b;
		case "-":
			return a - b;
		case "<<":
			return b < 0n || b >= BigInt(type.size * 8) ? null : a << b;
		case ">>":
			return b < 0n || b >= BigInt(type.size * 8) ? null : a >> b;
		case "&":
			return a & b;
		case "^":
			return a ^ b;
		case "|":
			return a | b;
	}
}

export function foldCompare(op: CompareOp, a: bigint | number, b: bigint | number): boolean {
	switch (op) {
		case "<":
			return a < b;
		case ">":
			return a > b;
		case "<=":
			return a <= b;
		case ">=":
			return a >= b;
		case "==":
			return a === b;
		case "!=":
			return a !== b;
	}
}

/** `overflow` is told when a signed result did not fit. */
export function binary(
	op: ArithOp,
	left: TExpr,
	right: TExpr,
	type: CType,
	span: TokenSpan,
	overflow?: (value: bigint, type: IntType) => void,
): TExpr {
	const target = integerType(type);
	if (target && left.kind === "int" && right.kind === "int") {
		const value = foldArith(op, left.value, right.value, target);
		if (value !== null) {
			const wrapped = wrap(value, target);
			if (wrapped !== value && target.signed && op !== "<<") overflow?.(value, target);
			return intConst(wrapped, type, span);
		}
	}
	if (left.kind === "float" && right.kind === "float") {
		const [a, b] = [left.value, right.value];
		const value = op === "+" ? a + b : op === "-" ? a - b : op === "*" ? a * b : op === "/" ? a / b : null;
		if (value !== null) return floatConst(value, type, span);
	}
	return { kind: "binary", op, left, right, type, span };
}

export function compare(op: CompareOp, left: TExpr, right: TExpr, span: TokenSpan): TExpr {
	if ((left.kind === "int" && right.kind === "int") || (left.kind === "float" && right.kind === "float"))
		return intConst(foldCompare(op, left.value, right.value) ? 1n : 0n, INT, span);
	const zero = op === "==" || op === "!=";
	if (zero && isNull(right) && isSymbolAddress(left)) return intConst(op === "!=" ? 1n : 0n, INT, span);
	if (zero && isNull(left) && isSymbolAddress(right)) return intConst(op === "!=" ? 1n : 0n, INT, span);
	if (isPointer(left.type) && isPointer(right.type)) {
		const a = constantAddress(left);
		const b = a === null ? null : constantAddress(right);
		if (a !== null && b !== null) return intConst(foldCompare(op, a, b) ? 1n : 0n, INT, span);
	}
	return { kind: "compare", op, left, right, type: INT, span };
}

export function isNull(e: TExpr): boolean {
	return e.kind === "int" && e.value === 0n && isPointer(e.type);
}

/** Whether a scalar is known to be zero or not. */
export function truth(e: TExpr): boolean | null {
	if (e.kind === "int") return e.value !== 0n;
	if (e.kind === "float") return e.value !== 0;
	if (isSymbolAddress(e)) return true;
	if (isPointer(e.type)) {
		const address = constantAddress(e);
		if (address !== null) return address !== 0n;
	}
	return null;
}

export function unary(op: "-" | "~" | "!", operand: TExpr, type: CType, span: TokenSpan): TExpr {
	if (op === "!") {
		const known = truth(operand);
		if (known !== null) return intConst(known ? 0n : 1n, INT, span);
		return { kind: "unary", op, operand, type: INT, span };
	}
	const target = integerType(type);
	if (operand.kind === "int" && target) return intConst(wrap(op === "-" ? -operand.value : ~operand.value, target), type, span);
	if (operand.kind === "float" && op === "-") return floatConst(-operand.value, type, span);
	return { kind: "unary", op, operand, type, span };
}

export function logical(op: "&&" | "||", left: TExpr, right: TExpr, span: TokenSpan): TExpr {
	const known = truth(left);
	if (known !== null && known === (op === "||")) return intConst(known ? 1n : 0n, INT, span);
	const other = truth(right);
	if (known !== null && other !== null) return intConst(other ? 1n : 0n, INT, span);
	return { kind: "logical", op, left, right, type: INT, span };
}

export function deref(pointer: TExpr, span: TokenSpan): LExpr {
	const target = asPointer(pointer.type)!.target;
	// *&x is x.
	if (pointer.kind === "address" && canonical(pointer.of.type) === canonical(target)) return { ...pointer.of, span };
	return { kind: "deref", pointer, type: target, span };
}

export function addressOf(of: LExpr, type: CType, span: TokenSpan): TExpr {
	if (of.kind === "deref" && canonical(of.pointer.type).kind === "pointer") {
		// &*p is p, with the type that & gives it.
		return canonical(asPointer(of.pointer.type)!.target) === canonical(asPointer(type)!.target)
			? { ...of.pointer, span }
			: { kind: "address", of, type, span };
	}
	return { kind: "address", of, type, span };
}

/** Value semantics of a pointer ± an index; a null pointer plus 0 stays constant. */
export function pointerAdd(pointer: TExpr, index: TExpr, scale: number, subtract: boolean, span: TokenSpan, preserve = false): TExpr {
	if (pointer.kind === "int" && index.kind === "int" && !preserve) {
		const delta = index.value * BigInt(scale);
		return intConst(BigInt.asUintN(64, subtract ? pointer.value - delta : pointer.value + delta), unqualified(pointer.type), span);
	}
	return { kind: "pointer-add", pointer, index, scale, subtract, type: unqualified(pointer.type), span, ...(preserve ? { preserve } : {}) };
}
