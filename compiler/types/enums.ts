import type { EnumSpec } from "../grammar/ast.ts";
import { collect } from "./attributes.ts";
import { CHAR, fits, INT, integerType, isError, isFloat, LONG, SHORT, UCHAR, UINT, ULLONG, ULONG, USHORT } from "./basic.ts";
import { atFileScope, type Cx, report, unevaluated } from "./context.ts";
import { rvalue } from "./operand.ts";
import type { Entity } from "./scope.ts";
import { LazyEnum, type EnumBody } from "./lazy.ts";
import { quote } from "./spell.ts";
import { fileTag, findSpec, isFileTag } from "./tags.ts";
import type { EnumType, IntType } from "./types.ts";
import { noAttributes } from "./attr-set.ts";

/**
 * In: an enum specifier. Out: its type; the enumerators are declared where it stands.
 * The one idea: the underlying type is the first of int, unsigned (or long, unsigned long) that holds all values, as clang chooses;
 * an enumerator's own type is int if that holds its value (C11 6.7.2.2 with clang's and GNU's wide enums).
 */
export function specifiedEnum(cx: Cx, spec: EnumSpec): EnumType {
	const made = cx.file.enums.get(spec);
	if (made) return made;
	const type = tagFor(cx, spec);
	if (!spec.enumerators || !(type instanceof LazyEnum)) return type;
	cx.file.enums.set(spec, type);
	if (type.defined) {
		report(cx, "redefinition", spec.span, `redefinition of 'enum ${spec.name ?? ""}'`, [
			{ message: "previous definition is here", span: type.span },
		]);
		return type;
	}
	const body = defineEnum(cx, spec, type);
	type.finish(body);
	if (collect(cx, noAttributes(), spec.attrs).preserveAccessIndex) type.preserveAccessIndex = true;
	return type;
}

function tagFor(cx: Cx, spec: EnumSpec): EnumType {
	if (!spec.name) return new LazyEnum(null, spec.span, null);
	if (cx.scope) {
		const found = spec.enumerators ? cx.scope.ownTag(spec.name) : cx.scope.findTag(spec.name);
		if (found instanceof LazyEnum) return found;
		if (!spec.enumerators && isFileTag(cx, "enum", spec.name)) {
			const file = fileTag(cx, "enum", spec.name, spec.span);
			if (file.kind === "enum") return file;
		}
		const made = new LazyEnum(spec.name, spec.span, null);
		cx.scope.declareTag(spec.name, made);
		return made;
	}
	const tag = fileTag(cx, "enum", spec.name, spec.span);
	if (tag.kind === "enum") return tag;
	report(cx, "wrongTag", spec.span, `use of '${spec.name}' with tag type that does not match previous declaration`, [
		{ message: "previous use is here", span: tag.span },
	]);
	return new LazyEnum(spec.name, spec.span, null);
}

/** The body of a file-scope enum that was only mentioned so far. */
export function defineFileEnum(cx: Cx, name: string): EnumBody | null {
	const spec = findSpec(cx, "enum", name);
	if (spec?.kind !== "enum" || !spec.enumerators) return null;
	return atFileScope(cx, () => specifiedEnum(cx, spec).body);
}

function defineEnum(cx: Cx, spec: EnumSpec, type: LazyEnum): EnumBody {
	const fixed = spec.underlying ? integerType(cx.rules.typeName(cx, spec.underlying)) : null;
	const enumerators: { name: string; value: bigint }[] = [];
	const entities: {
		name: string;
		entity: { kind: "enumerator"; type: IntType | EnumType; value: bigint; of: EnumType; span: EnumSpec["span"] };
	}[] = [];
	let next = 0n;
	for (const e of spec.enumerators ?? []) {
		if (e.value) {
			const ast = e.value;
			const value = unevaluated(cx, () => rvalue(cx.rules.expr(cx, ast)));
			if (value.kind === "int") next = value.value;
			else if (!isError(value.type))
				report(
					cx,
					"notConstant",
					ast.span,
					isFloat(value.type)
						? `integer constant expression must have integer type, not ${quote(value.type)}`
						: "expression is not an integer constant expression",
				);
		}
		const provisional = fixed ?? (fits(next, INT) ? INT : fits(next, UINT) ? UINT : fits(next, LONG) ? LONG : ULONG);
		if (!fits(next, provisional))
			report(
				cx,
				"enumRange",
				e.span,
				`enumerator value ${next} is not representable in ${fixed ? "the underlying type" : "any integer type"}`,
			);
		const entity = {
			kind: "enumerator" as const,
			type: provisional as IntType | EnumType,
			value: next,
			of: type as EnumType,
			span: e.span,
		};
		declareEnumerator(cx, e.name, entity);
		entities.push({ name: e.name, entity });
		enumerators.push({ name: e.name, value: next });
		next += 1n;
	}
	const packed = collect(cx, noAttributes(), spec.attrs).packed;
	const underlying =
		fixed ??
		underlyingFor(
			enumerators.map((e) => e.value),
			packed,
		);
	// After the closing brace an enumerator that fits int is an int; the others have the enum's type.
	for (const { entity } of entities) entity.type = fixed ? type : fits(entity.value, INT) ? INT : underlying;
	return { underlying, enumerators };
}

function declareEnumerator(cx: Cx, name: string, entity: Entity & { kind: "enumerator" }): void {
	const before = cx.scope ? cx.scope.own(name) : cx.file.known(name);
	if (before) {
		const span = before.kind === "object" || before.kind === "function" ? before.symbol.span : before.span;
		if (before.kind !== "enumerator" || before.of !== entity.of || before.span !== entity.span)
			report(cx, "redefinition", entity.span, `redefinition of ${before.kind === "enumerator" ? "enumerator " : ""}'${name}'`, [
				{ message: "previous definition is here", span },
			]);
		return;
	}
	if (cx.scope) cx.scope.declare(name, entity);
	else cx.file.declare(name, entity);
}

function underlyingFor(values: readonly bigint[], packed: boolean): IntType {
	const negative = values.some((v) => v < 0n);
	const ladder = negative ? (packed ? [CHAR, SHORT, INT, LONG] : [INT, LONG]) : packed ? [UCHAR, USHORT, UINT, ULONG] : [UINT, ULONG];
	return ladder.find((type) => values.every((v) => fits(v, type))) ?? (negative ? LONG : ULLONG);
}
