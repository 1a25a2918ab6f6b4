import type { DeclSpecs, TypeSpec } from "../grammar/ast.ts";
import { applyMode, collect } from "./attributes.ts";
import {
	BOOL,
	CHAR,
	DOUBLE,
	ERROR,
	FLOAT,
	INT,
	INT128,
	LLONG,
	LONG,
	LONG_DOUBLE,
	qualify,
	SCHAR,
	SHORT,
	UCHAR,
	UINT,
	UINT128,
	ULLONG,
	ULONG,
	unqualified,
	USHORT,
	VOID,
} from "./basic.ts";
import { report, unevaluated, type Cx } from "./context.ts";
import { specifiedEnum } from "./enums.ts";
import { alignOf } from "./layout.ts";
import { checkQualifiers } from "./storage-class.ts";
import { didYouMean, lookup } from "./lookup.ts";
import type { CType } from "./types.ts";
import { type AttrSet, NO_ATTRIBUTES, noAttributes } from "./attr-set.ts";
import type { Specified } from "./declared.ts";

/**
 * In: declaration specifiers. Out: the base type that declarators build on.
 * Sources: C11 6.7.2p2 (which words go together), GNU typeof, `__attribute__` of types.
 */
const WORDS: Record<string, CType> = {
	void: VOID,
	_Bool: BOOL,
	char: CHAR,
	"char signed": SCHAR,
	"char unsigned": UCHAR,
	short: SHORT,
	"short signed": SHORT,
	"short unsigned": USHORT,
	int: INT,
	signed: INT,
	unsigned: UINT,
	long: LONG,
	"long signed": LONG,
	"long unsigned": ULONG,
	"long long": LLONG,
	"long long signed": LLONG,
	"long long unsigned": ULLONG,
	__int128: INT128,
	"__int128 signed": INT128,
	"__int128 unsigned": UINT128,
	float: FLOAT,
	double: DOUBLE,
	"double long": LONG_DOUBLE,
	_Float16: { kind: "float", name: "_Float16", size: 2 },
	_Float32: FLOAT,
	_Float64: DOUBLE,
	_Float32x: DOUBLE,
	_Float64x: LONG_DOUBLE,
	_Float128: { kind: "float", name: "__float128", size: 16 },
	__float128: { kind: "float", name: "__float128", size: 16 },
	// A va_list is never used, only declared in prototypes that headers bring along.
	__builtin_va_list: { kind: "pointer", target: VOID },
};

const SPELLINGS: Record<string, string> = {
	__signed: "signed",
	__signed__: "signed",
	bool: "_Bool",
	__int128_t: "__int128",
	__complex__: "_Complex",
	__complex: "_Complex",
};

function fromWords(cx: Cx, words: readonly string[], specs: TypeSpec): CType {
	if (words.length === 0) {
		if (!cx.c89)
			report(cx, "implicitInt", specs.span, "type specifier missing, defaults to 'int'; ISO C99 and later do not support implicit int");
		return INT;
	}
	const named = words.map((w) => SPELLINGS[w] ?? w);
	if (named.includes("_Complex") || named.includes("_Imaginary")) {
		report(cx, "noComplex", specs.span, "complex numbers are not supported by eBPF");
		return ERROR;
	}
	// `int` beside short, long, signed or unsigned says nothing.
	const repeated = named.filter((w, i) => (w === "signed" || w === "unsigned") && named.indexOf(w) < i).length;
	const once = named.filter((w, i) => !(w === "signed" || w === "unsigned") || named.indexOf(w) === i);
	const telling = once.length > 1 ? once.filter((w) => w !== "int") : once;
	const key = telling.sort().join(" ") || "int";
	const type = Object.hasOwn(WORDS, key) ? WORDS[key] : undefined;
	if (type && named.length - telling.length - repeated <= 1) return type;
	report(cx, "badSpecifiers", specs.span, `cannot combine '${words.join(" ")}' in one declaration`);
	return ERROR;
}

function specified(cx: Cx, spec: TypeSpec, specs: DeclSpecs): CType {
	switch (spec.kind) {
		case "builtin":
			return fromWords(cx, spec.words, spec);
		case "typedef-name": {
			const entity = lookup(cx, spec.name, spec.span.from);
			if (entity?.kind === "typedef") {
				if (entity.type.kind === "typedef") cx.fn?.typedefs.delete(entity.type);
				return entity.type;
			}
			const builtin = Object.hasOwn(WORDS, spec.name) ? WORDS[spec.name] : undefined;
			if (builtin) return builtin;
			if (spec.name === "__uint128_t") return UINT128;
			if (spec.name === "__int128_t") return INT128;
			report(cx, "unknownType", spec.span, `unknown type name '${spec.name}'`, [], didYouMean(cx, spec.name, spec.span, "type"));
			return ERROR;
		}
		case "record":
			return cx.rules.record(cx, spec);
		case "enum":
			return specifiedEnum(cx, spec);
		case "typeof-expr": {
			const type = unevaluated(cx, () => cx.rules.expr(cx, spec.expr)).type;
			return spec.unqual ? unqualified(type) : type;
		}
		case "typeof-type": {
			const type = cx.rules.typeName(cx, spec.type);
			return spec.unqual ? unqualified(type) : type;
		}
		case "atomic-type": {
			const type = cx.rules.typeName(cx, spec.type);
			checkQualifiers(cx, type, { atomic: true }, spec.type.span);
			return qualify(type, { atomic: true });
		}
		case "auto-type":
			report(cx, "autoType", specs.span, "'__auto_type' is only allowed for a variable with an initializer");
			return ERROR;
	}
}

/** Base type and attributes of specifiers. Attributes of types are applied; those of declarations are handed on. */
export function specify(cx: Cx, specs: DeclSpecs): Specified {
	const bare = specified(cx, specs.type, specs);
	if (specs.quals.restrict || specs.quals.atomic) checkQualifiers(cx, bare, specs.quals, specs.span);
	if (specs.attrs.length === 0 && specs.alignas.length === 0) return { type: qualify(bare, specs.quals), attrs: NO_ATTRIBUTES };
	const attrs = collect(cx, noAttributes(), specs.attrs);
	for (const alignas of specs.alignas) attrs.aligned = Math.max(attrs.aligned, alignasValue(cx, alignas));
	return { type: decorate(cx, qualify(bare, specs.quals), attrs), attrs };
}

/** Type attributes around a type: machine mode, address space, BTF tags. */
export function decorate(cx: Cx, type: CType, attrs: Readonly<AttrSet>): CType {
	if (attrs === NO_ATTRIBUTES) return type;
	let t = type;
	if (attrs.mode) t = applyMode(cx, t, attrs.mode);
	if (attrs.addressSpace) t = qualify(t, { addressSpace: attrs.addressSpace });
	for (const tag of attrs.typeTags) t = { kind: "tagged", tag, target: t };
	return t;
}

function alignasValue(cx: Cx, arg: DeclSpecs["alignas"][number]): number {
	if (arg.kind === "type-name") return alignOf(cx.rules.typeName(cx, arg));
	const value = unevaluated(cx, () => cx.rules.expr(cx, arg));
	if (value.kind !== "int") {
		report(cx, "notConstant", arg.span, "expression is not an integer constant expression");
		return 1;
	}
	const align = Number(value.value);
	if (align !== 0 && (align < 0 || (align & (align - 1)) !== 0)) {
		report(cx, "badAlignment", arg.span, "requested alignment is not a power of 2");
		return 1;
	}
	return Math.max(align, 1);
}
