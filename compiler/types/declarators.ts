import type { Attribute, Declarator, Expr, ParamDecl, TypeName } from "../grammar/ast.ts";
import { collect, ownAttributes } from "./attributes.ts";
import {
	arrayOf,
	asArray,
	asFunction,
	canonical,
	ERROR,
	isComplete,
	isError,
	isInteger,
	isVoid,
	pointerTo,
	qualify,
	SIZE,
} from "./basic.ts";
import * as build from "./build.ts";
import { constantValue } from "./constant.ts";
import { inScope, report, unevaluated, type Cx } from "./context.ts";
import { promote } from "./conversions.ts";
import { alignOf, sizeOf } from "./layout.ts";
import { rvalue } from "./operand.ts";
import { checkNoStorage, checkSpecifiers } from "./storage-class.ts";
import { decorate, specify } from "./specifiers.ts";
import { quote } from "./spell.ts";
import type { ObjectSym, TExpr } from "./typed.ts";
import type { CType, FunctionType } from "./types.ts";
import { noAttributes } from "./attr-set.ts";
import type { Declared, Param } from "./declared.ts";

/**
 * In: a declarator and the base type. Out: the declared name and its type.
 * The one idea: declarators are read outside in; each layer wraps the type that came so far, and the name comes last (C11 6.7.6).
 */

interface Reading {
	readonly attrs: Attribute[];
	/** Where a length may be known at run time only (`sizeof(char[n])`): the size of the layers so far, in bytes, or null while it is a constant. */
	readonly measure?: { size: TExpr | null };
	/** The array layer of a parameter that becomes a pointer: only what its length does when it is computed matters. */
	readonly decays?: Declarator | null;
	params: readonly Param[] | null;
}

export function declare(cx: Cx, declarator: Declarator, base: CType, decays: Declarator | null = null): Declared {
	const reading: Reading = { attrs: [], params: null, decays };
	return read(cx, declarator, base, reading);
}

/** Layers of a declarator: what walks types is recursive. */
const MAX_LAYERS = 256;

function read(cx: Cx, start: Declarator, base: CType, reading: Reading): Declared {
	let d = start;
	let type = base;
	for (let layers = 0; ; layers++) {
		if (layers > MAX_LAYERS) {
			report(cx, "limit", d.span, `a declarator of more than ${MAX_LAYERS} layers`);
			return { name: null, type: ERROR, span: d.span, attrs: [], params: null };
		}
		switch (d.kind) {
			case "name":
				return { name: d.name ?? null, type, span: d.span, attrs: reading.attrs, params: reading.params };
			case "pointer": {
				type = qualify(pointerTo(type), d.quals);
				if (d.attrs.length > 0) {
					type = decorate(cx, type, collect(cx, noAttributes(), d.attrs));
					// `T *__attribute__((noinline)) f(void)`: what is no matter of types belongs to the declaration.
					reading.attrs.push(...d.attrs.filter((a) => !TYPE_ATTRIBUTES.has(a.name)));
				}
				reading.params = null;
				if (reading.measure) reading.measure.size = null;
				break;
			}
			case "array":
				type = array(cx, d, type, reading);
				reading.params = null;
				break;
			case "function": {
				const made = functionType(cx, d, type);
				type = made.type;
				reading.params = made.params;
				break;
			}
			case "attributed":
				reading.attrs.push(...d.attrs);
				break;
		}
		d = d.inner;
	}
}

const TYPE_ATTRIBUTES = new Set(["mode", "address_space", "btf_type_tag"]);

function array(cx: Cx, d: Declarator & { kind: "array" }, element: CType, { measure, decays }: Reading): CType {
	const kind = canonical(element).kind;
	let of = element;
	if (kind === "function" || kind === "void") {
		report(
			cx,
			"badArrayElement",
			d.span,
			`${nameIn(d)} declared as array of ${kind === "void" ? "void" : `functions of type ${quote(element)}`}`,
		);
		of = ERROR;
	} else if (!isComplete(element) && !isError(element)) {
		report(cx, "incompleteType", d.span, `array has incomplete element type ${quote(element)}`);
		of = ERROR;
	} else if (sizeOf(element) % alignOf(element) !== 0) {
		const sizes = `(${sizeOf(element)} bytes) isn't a multiple of its alignment (${alignOf(element)} bytes)`;
		report(cx, "badArrayElement", d.span, `size of array element of type ${quote(element)} ${sizes}`);
	}
	if (!d.length) return arrayOf(of, null);
	const length = arrayLength(cx, d.length, nameIn(d), d === decays || (measure !== undefined && cx.fn !== null));
	if (measure && typeof length !== "number" && length !== null) {
		measure.size = build.binary(
			"*",
			measure.size ?? build.intConst(BigInt(sizeOf(of)), SIZE, d.span),
			build.convert(promote(length), SIZE, false),
			SIZE,
			d.span,
		);
		return arrayOf(of, 1);
	}
	if (measure?.size && typeof length === "number")
		measure.size = build.binary("*", measure.size, build.intConst(BigInt(length), SIZE, d.span), SIZE, d.span);
	if (typeof length === "number" && length * Math.max(sizeOf(of), 1) > 2 ** 40) {
		report(cx, "badArrayLength", d.length.span, `array is too large (${length} elements)`);
		return arrayOf(of, 1);
	}
	return arrayOf(of, typeof length === "number" ? length : 1);
}

function nameIn(d: Declarator): string {
	let inner = d;
	while (inner.kind !== "name") inner = inner.inner;
	return inner.name ? `'${inner.name}'` : "type name";
}

/** A number; an expression where the length is known at run time only and that is allowed; null after an error. */
function arrayLength(cx: Cx, ast: Expr, what: string, variable: boolean): number | TExpr | null {
	const value = unevaluated(cx, () => rvalue(cx.rules.expr(cx, ast)));
	if (isError(value.type)) return null;
	if (!isInteger(value.type)) {
		report(cx, "badArrayLength", ast.span, `size of array has non-integer type ${quote(value.type)}`);
		return null;
	}
	const length = constantValue(cx, value);
	if (length === null && variable) return rvalue(cx.rules.expr(cx, ast));
	if (length === null) {
		report(cx, "noVla", ast.span, `variable length arrays are not supported by eBPF: the size of ${what} must be a constant`);
		return null;
	}
	if (length < 0n) {
		report(cx, "badArrayLength", ast.span, `${what} declared as an array with a negative size`);
		return null;
	}
	return Number(length);
}

// ── functions ───────────────────────────────────────────────────────────────────────────────────

function functionType(cx: Cx, d: Declarator & { kind: "function" }, result: CType): { type: FunctionType; params: readonly Param[] } {
	let returned = result;
	if (asFunction(result) || asArray(result)) {
		report(cx, "badFunctionResult", d.span, `function cannot return ${asArray(result) ? "array" : "function"} type ${quote(result)}`);
		returned = ERROR;
	}
	const params = inScope(cx, (scope) => {
		scope.prototype = true;
		const list: Param[] = [];
		for (const ast of d.params) {
			const param = parameter(cx, ast);
			list.push(param);
			if (param.name !== null) scope.declare(param.name, { kind: "object", symbol: prototypeParam(param) });
		}
		return list;
	});
	const only = params[0];
	const none = params.length === 1 && only?.name === null && isVoid(only.type);
	const real = none ? [] : params;
	for (const p of real) if (isVoid(p.type)) report(cx, "incompleteType", p.span, "argument may not have 'void' type");
	const type: FunctionType = {
		kind: "function",
		result: returned,
		params: real.map((p) => ({
			...(p.name !== null ? { name: p.name } : {}),
			type: p.type,
			...(p.attrs.declTags.length ? { declTags: p.attrs.declTags } : {}),
		})),
		variadic: d.variadic,
		unprototyped: d.unprototyped,
	};
	return { type, params: real };
}

function parameter(cx: Cx, ast: ParamDecl): Param {
	checkSpecifiers(cx, ast.specs, "parameter");
	const base = specify(cx, ast.specs);
	const array = innermostArray(ast.declarator);
	const declared = declare(cx, ast.declarator, base.type, array);
	const attrs = ownAttributes(cx, base.attrs, declared.attrs, ast.attrs);
	return {
		name: declared.name,
		type: adjusted(declared.type, ast.declarator),
		span: declared.name !== null ? declared.span : ast.span,
		attrs,
		length: array?.length ?? null,
	};
}

/** An array parameter is a pointer, a function parameter a pointer to it (C11 6.7.6.3p7). */
function adjusted(type: CType, declarator: Declarator): CType {
	const array = asArray(type);
	if (array) {
		const outer = innermostArray(declarator);
		return outer ? qualify(pointerTo(array.element), outer.quals) : pointerTo(array.element);
	}
	return asFunction(type) ? pointerTo(type) : type;
}

/** The array layer next to the name: the one that the adjustment makes a pointer. */
function innermostArray(declarator: Declarator): (Declarator & { kind: "array" }) | null {
	let last: Declarator = declarator;
	for (let d = declarator; d.kind !== "name"; d = d.inner) if (d.kind !== "attributed") last = d;
	return last.kind === "array" ? last : null;
}

/** A parameter's name while only its type matters: `void f(int n, int a[sizeof(n)])`. */
function prototypeParam(param: Param): ObjectSym {
	return {
		kind: "object",
		name: param.name!,
		span: param.span,
		linkage: "none",
		weak: false,
		visibility: "default",
		section: null,
		used: false,
		declTags: [],
		type: param.type,
		storage: "param",
		align: 1,
		addressTaken: false,
	};
}

// ── type names ──────────────────────────────────────────────────────────────────────────────────

export function typeName(cx: Cx, ast: TypeName): CType {
	checkNoStorage(cx, ast.specs);
	const base = specify(cx, ast.specs);
	return declare(cx, ast.declarator, base.type).type;
}

/** A type name under sizeof, and its size in bytes where that is known at run time only: such an operand is evaluated (C11 6.5.3.4p2). */
export function measuredName(cx: Cx, ast: TypeName): { type: CType; size: TExpr | null } {
	checkNoStorage(cx, ast.specs);
	const base = specify(cx, ast.specs);
	const measure = { size: null };
	const { type } = read(cx, ast.declarator, base.type, { attrs: [], params: null, measure });
	return { type, size: measure.size };
}
