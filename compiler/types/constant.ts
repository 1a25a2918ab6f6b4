import { canonical, integerType, qualifiersOf, wrap } from "./basic.ts";
import * as build from "./build.ts";
import type { Cx } from "./context.ts";
import { sizeOf } from "./layout.ts";
import type { LExpr, ObjectSym, StaticInit, Sym, TExpr } from "./typed.ts";
import { initOf } from "./static-init.ts";

/**
 * In: a typed expression. Out: its integer value, or the address it stands for, when that is known at compile time.
 * The one idea: most constants are folded already (`build.ts`); what is left is what C does not call constant but clang accepts
 * as one — const variables with known values, `&&` of known operands — and addresses for static initialisers (C11 6.6p9).
 */
export function constantValue(cx: Cx, e: TExpr): bigint | null {
	switch (e.kind) {
		case "int":
			return e.value;
		case "load":
			return e.volatile ? null : constantOf(cx, e.from);
		case "convert": {
			const type = build.representation(e.type);
			if (!type || !build.representation(e.operand.type)) return null;
			const value = constantValue(cx, e.operand);
			return value === null ? build.constantAddress(e) : wrap(value, type);
		}
		case "unary": {
			const value = constantValue(cx, e.operand);
			const type = integerType(e.type);
			if (value === null || !type) return null;
			return e.op === "!" ? (value === 0n ? 1n : 0n) : wrap(e.op === "-" ? -value : ~value, type);
		}
		case "binary": {
			const type = integerType(e.type);
			const left = constantValue(cx, e.left);
			const right = left === null ? null : constantValue(cx, e.right);
			if (!type || left === null || right === null) return null;
			const value = build.foldArith(e.op, left, right, type);
			return value === null ? null : wrap(value, type);
		}
		case "compare": {
			const left = constantValue(cx, e.left);
			const right = left === null ? null : constantValue(cx, e.right);
			return left === null || right === null ? null : build.foldCompare(e.op, left, right) ? 1n : 0n;
		}
		case "logical": {
			const left = constantValue(cx, e.left);
			if (left === null) return null;
			if ((left !== 0n) === (e.op === "||")) return e.op === "||" ? 1n : 0n;
			const right = constantValue(cx, e.right);
			return right === null ? null : right !== 0n ? 1n : 0n;
		}
		case "conditional": {
			const condition = constantValue(cx, e.condition);
			if (condition === null) return null;
			if (condition !== 0n) return e.then ? constantValue(cx, e.then) : condition;
			return constantValue(cx, e.else);
		}
		case "comma":
			// Not a constant expression in C, but one whose value everybody knows.
			return constantValue(cx, e.left) === null ? null : constantValue(cx, e.right);
		case "pointer-diff": {
			const left = addressValue(cx, e.left);
			const right = left && addressValue(cx, e.right);
			return left && right && left.symbol === right.symbol ? (left.addend - right.addend) / BigInt(e.scale || 1) : null;
		}
		case "builtin":
			// Nobody will know more before the object is written.
			return e.name === "__builtin_constant_p" ? 0n : e.name === "__builtin_strlen" ? textLength(cx, e.args[0]!) : null;
		default:
			return build.constantAddress(e);
	}
}

/** The value of a const variable, or of a part of one, whose initialiser is known. */
function constantOf(cx: Cx, place: LExpr): bigint | null {
	if (place.kind === "variable") {
		const known = cx.constants.get(place.symbol);
		if (known !== undefined) return known;
	}
	const type = build.representation(place.type);
	const at = type && constPlace(cx, place);
	if (!type || !at || (place.kind === "member" && place.member.bitWidth !== null)) return null;
	const { init, offset } = at;
	if (!init) return 0n;
	if (init.relocs.some((r) => r.offset < offset + type.size && r.offset + 8 > offset)) return null;
	return readInt(init.bytes, offset, type.size, type.signed);
}

/** Where in the initialiser of a const object a place lies. No initialiser: zeros. */
function constPlace(cx: Cx, place: LExpr): { readonly init: StaticInit | undefined; readonly offset: number } | null {
	let root = place;
	while (root.kind === "member" || root.kind === "element") root = root.base;
	// Nothing else can reach a literal of which a part is read at once.
	if (root.kind === "compound-literal") return root.symbol.storage === "static" ? within(cx, place, root.symbol, root.symbol.init) : null;
	if (root.kind !== "variable") return null;
	const { symbol } = root;
	const quals = qualifiersOf(symbol.type);
	if (
		!quals.const ||
		quals.volatile ||
		qualifiersOf(place.type).volatile ||
		symbol.storage !== "static" ||
		symbol.linkage === "extern" ||
		symbol.weak
	)
		return null;
	return within(cx, place, symbol, initOf(cx, symbol));
}

/** `static const char name[] = "lo";`, asked with strlen. */
function textLength(cx: Cx, text: TExpr): bigint | null {
	if (text.kind === "convert") return textLength(cx, text.operand);
	if (text.kind !== "address") return null;
	const at = constPlace(cx, text.of);
	if (!at?.init || at.init.relocs.length > 0) return null;
	const length = at.init.bytes.subarray(at.offset).indexOf(0);
	return length < 0 ? null : BigInt(length);
}

function within(
	cx: Cx,
	place: LExpr,
	symbol: ObjectSym,
	init: StaticInit | undefined,
): { readonly init: StaticInit | undefined; readonly offset: number } | null {
	const offset = Number(placeAddress(cx, place)?.addend ?? -1n);
	return offset >= 0 && offset + sizeOf(place.type) <= sizeOf(symbol.type) ? { init, offset } : null;
}

export function readInt(bytes: Uint8Array, offset: number, size: number, signed: boolean): bigint {
	let value = 0n;
	for (let i = size - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[offset + i] ?? 0);
	return signed ? BigInt.asIntN(size * 8, value) : value;
}

// ── addresses ───────────────────────────────────────────────────────────────────────────────────

export interface Address {
	/** null: a plain number. */
	readonly symbol: Sym | null;
	readonly addend: bigint;
}

/** What an expression comes to as `symbol + number`; null when it is neither that nor a number. */
export function addressValue(cx: Cx, e: TExpr): Address | null {
	switch (e.kind) {
		case "function-address":
			return { symbol: e.symbol, addend: 0n };
		case "address":
			return placeAddress(cx, e.of);
		case "convert": {
			const inner = addressValue(cx, e.operand);
			if (!inner) return null;
			if (inner.symbol === null) {
				const type = build.representation(e.type);
				return type ? { symbol: null, addend: wrap(inner.addend, type) } : null;
			}
			return sizeOf(e.type) === 8 && build.representation(e.type) ? inner : null;
		}
		case "pointer-add": {
			const base = addressValue(cx, e.pointer);
			const index = base && constantValue(cx, e.index);
			if (!base || index === null) return null;
			const delta = index * BigInt(e.scale);
			return { symbol: base.symbol, addend: e.subtract ? base.addend - delta : base.addend + delta };
		}
		case "binary": {
			if (e.op !== "+" && e.op !== "-") break;
			const left = addressValue(cx, e.left);
			const right = left && addressValue(cx, e.right);
			if (!left || !right || sizeOf(e.type) !== 8) break;
			if (right.symbol === null)
				return { symbol: left.symbol, addend: e.op === "+" ? left.addend + right.addend : left.addend - right.addend };
			if (left.symbol === null && e.op === "+") return { symbol: right.symbol, addend: left.addend + right.addend };
			break;
		}
		case "conditional": {
			const condition = constantValue(cx, e.condition);
			if (condition === null) return null;
			return addressValue(cx, condition !== 0n && e.then ? e.then : e.else);
		}
		case "load":
			return constPointer(cx, e.from) ?? plain(constantValue(cx, e));
		default:
			break;
	}
	return plain(constantValue(cx, e));
}

function plain(value: bigint | null): Address | null {
	return value === null ? null : { symbol: null, addend: value };
}

/** Reading a const pointer whose initialiser is an address: a variable, a member of a table of operations. */
function constPointer(cx: Cx, place: LExpr): Address | null {
	if (canonical(place.type).kind !== "pointer") return null;
	const at = constPlace(cx, place);
	const reloc = at?.init?.relocs.find((r) => r.offset === at.offset);
	return reloc ? { symbol: reloc.symbol, addend: BigInt(reloc.addend) } : null;
}

function placeAddress(cx: Cx, l: LExpr): Address | null {
	switch (l.kind) {
		case "variable":
			return l.symbol.storage === "static" ? { symbol: l.symbol, addend: 0n } : null;
		case "compound-literal":
			return l.symbol.storage === "static" ? { symbol: l.symbol, addend: 0n } : null;
		case "string":
			return { symbol: stringObject(cx, l), addend: 0n };
		case "deref":
			return addressValue(cx, l.pointer);
		case "member": {
			const base = placeAddress(cx, l.base);
			return base && { symbol: base.symbol, addend: base.addend + BigInt(Math.floor(l.member.bitOffset / 8)) };
		}
		case "element": {
			const base = placeAddress(cx, l.base);
			const index = base && constantValue(cx, l.index);
			return base && index !== null ? { symbol: base.symbol, addend: base.addend + index * BigInt(sizeOf(l.type)) } : null;
		}
		default:
			return null;
	}
}

/** A string literal whose address is stored becomes an object: one per text. */
function stringObject(cx: Cx, l: LExpr & { kind: "string" }): ObjectSym {
	return cx.file.literal(l.bytes, l.type, l.span);
}
