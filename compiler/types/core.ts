import type { TokenSpan } from "../diagnostics/diagnostic.ts";
import type { Expr } from "../grammar/ast.ts";
import { asEnum, integerType, isError, UINT, ULONG } from "./basic.ts";
import { report, unevaluated, type Cx } from "./context.ts";
import { alignOf, sizeOf } from "./layout.ts";
import { errorValue, isLvalue } from "./operand.ts";
import { quote } from "./spell.ts";
import type { CoreAccess, LExpr, TExpr } from "./typed.ts";
import type { CType } from "./types.ts";
import { bare, coreChain } from "./core-chain.ts";

/**
 * CO-RE: what a relocation says of a field, type or enumerator.
 * In: places whose steps are preserved. Out: root type, access string and value, as struct bpf_core_relo (include/uapi/linux/bpf.h) has them.
 * Sources: libbpf's bpf_core_read.h for the kinds, LLVM's BPFAbstractMemberAccess for the value of a bit-field.
 */

/** enum bpf_core_relo_kind. */
const RELO = {
	FIELD_BYTE_OFFSET: 0,
	FIELD_BYTE_SIZE: 1,
	FIELD_EXISTS: 2,
	FIELD_SIGNED: 3,
	FIELD_LSHIFT_U64: 4,
	FIELD_RSHIFT_U64: 5,
	TYPE_ID_LOCAL: 6,
	TYPE_ID_TARGET: 7,
	TYPE_EXISTS: 8,
	TYPE_SIZE: 9,
	ENUMVAL_EXISTS: 10,
	ENUMVAL_VALUE: 11,
	TYPE_MATCHES: 12,
} as const;

function node(root: CType, access: string, value: bigint, relo: number, type: CType, span: TokenSpan): TExpr {
	const core: CoreAccess = { root, access, value };
	return { kind: "core-info", core, relo, type, span };
}

// ── fields ──────────────────────────────────────────────────────────────────────────────────────

export function fieldInfo(cx: Cx, ast: Expr, kind: bigint | null, span: TokenSpan): TExpr {
	const before = cx.preserve;
	cx.preserve = true;
	const operand = unevaluated(cx, () => cx.rules.expr(cx, ast));
	cx.preserve = before;
	if (isError(operand.type) || kind === null) return errorValue(span);
	const place = isLvalue(operand) ? operand : operand.kind === "address" ? operand.of : null;
	const chain = place === null ? null : coreChain(place, true);
	if (place === null || chain === null || chain.from === place) {
		report(cx, "badBuiltin", span, "'__builtin_preserve_field_info' argument must be a field access");
		return errorValue(span);
	}
	if (kind < 0n || kind > 5n) {
		report(cx, "badBuiltin", span, `invalid field info kind ${kind}`);
		return errorValue(span);
	}
	return node(chain.root, chain.access, fieldValue(place, chain.bitOffset, Number(kind)), Number(kind), UINT, span);
}

function fieldValue(field: LExpr, bitOffset: number, kind: number): bigint {
	const width = field.kind === "member" ? field.member.bitWidth : null;
	// A bit-field is read as the aligned unit of its record's alignment (8 bytes at most) that holds it.
	const unit = field.kind === "member" ? Math.min(alignOf(field.record), 8) * 8 : 0;
	const start = width === null ? bitOffset : bitOffset - (bitOffset % unit);
	const size = width ?? sizeOf(field.type) * 8;
	switch (kind) {
		case RELO.FIELD_BYTE_OFFSET:
			return BigInt(start / 8);
		case RELO.FIELD_BYTE_SIZE:
			return BigInt(width === null ? size / 8 : unit / 8);
		case RELO.FIELD_EXISTS:
			return 1n;
		case RELO.FIELD_SIGNED:
			return integerType(field.type)?.signed ? 1n : 0n;
		case RELO.FIELD_LSHIFT_U64:
			return BigInt(start + 64 - bitOffset - size) & 0xffffffffn;
		default:
			return BigInt(64 - size) & 0xffffffffn;
	}
}

// ── types ───────────────────────────────────────────────────────────────────────────────────────

function typeOf(cx: Cx, ast: Expr): CType {
	return bare(ast.kind === "type-argument" ? cx.rules.typeName(cx, ast.type) : unevaluated(cx, () => cx.rules.expr(cx, ast)).type);
}

export function typeInfo(cx: Cx, ast: Expr, kind: bigint | null, span: TokenSpan): TExpr {
	const type = typeOf(cx, ast);
	if (isError(type) || kind === null) return errorValue(span);
	const relo = [RELO.TYPE_EXISTS, RELO.TYPE_SIZE, RELO.TYPE_MATCHES][Number(kind)];
	if (relo === undefined) {
		report(cx, "badBuiltin", span, `invalid type info kind ${kind}`);
		return errorValue(span);
	}
	return node(type, "0", relo === RELO.TYPE_SIZE ? BigInt(sizeOf(type)) : 1n, relo, ULONG, span);
}

/** The id is known when BTF is written. */
export function typeId(cx: Cx, ast: Expr, flag: bigint | null, span: TokenSpan): TExpr {
	const type = typeOf(cx, ast);
	if (isError(type) || flag === null) return errorValue(span);
	return node(type, "0", 0n, flag === 0n ? RELO.TYPE_ID_LOCAL : RELO.TYPE_ID_TARGET, ULONG, span);
}

// ── enumerators ─────────────────────────────────────────────────────────────────────────────────

/** The argument is `*(enum E *)ENUMERATOR`: a way to hand over a type and a name in one expression. */
export function enumValue(cx: Cx, ast: Expr, kind: bigint | null, span: TokenSpan): TExpr {
	const operand = unevaluated(cx, () => cx.rules.expr(cx, ast));
	if (isError(operand.type) || kind === null) return errorValue(span);
	const type = bare(operand.type);
	const enumerators = asEnum(type)?.body?.enumerators;
	const value = operand.kind === "deref" && operand.pointer.kind === "int" ? operand.pointer.value : null;
	const name = enumeratorName(ast);
	const index = enumerators?.findIndex((e) => (name === null ? false : e.name === name)) ?? -1;
	const at = index >= 0 ? index : (enumerators?.findIndex((e) => value !== null && BigInt.asUintN(64, e.value) === value) ?? -1);
	const found = enumerators?.[at];
	if (!found) {
		report(cx, "badBuiltin", span, `'__builtin_preserve_enum_value' argument must be an enumerator of ${quote(type)}`);
		return errorValue(span);
	}
	return node(type, String(at), kind === 0n ? 1n : found.value, kind === 0n ? RELO.ENUMVAL_EXISTS : RELO.ENUMVAL_VALUE, ULONG, span);
}

function enumeratorName(ast: Expr): string | null {
	let e = ast;
	for (;;) {
		if (e.kind === "unary" && (e.op === "*" || e.op === "__extension__")) e = e.operand;
		else if (e.kind === "cast") e = e.operand;
		else return e.kind === "identifier" ? e.name : null;
	}
}
