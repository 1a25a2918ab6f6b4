import type { ExternalDecl } from "../grammar/ast.ts";
import type { ParsedUnit } from "../grammar/unit.ts";
import { qualifiersOf } from "./basic.ts";
import { reportFloat } from "./conversions.ts";
import { atFileScope, type CheckOptions, type Cx, report, type Rules } from "./context.ts";
import { finishObject } from "./file-objects.ts";
import { nameOf, resolve, specifiedOnce } from "./declarations.ts";
import { measuredName, typeName } from "./declarators.ts";
import { defineFileEnum } from "./enums.ts";
import { expr } from "./expressions.ts";
import { FileScope } from "./file-scope.ts";
import { checkBody, withFunction } from "./functions.ts";
import { localDeclaration } from "./locals.ts";
import { recordBody, specifiedRecord } from "./records.ts";
import { block, stmt, valueBlock } from "./statements.ts";
import { checkStaticAssert } from "./static-assert.ts";
import { compoundLiteral, localInit, staticInit } from "./storage-init.ts";
import { specsIn } from "./tags.ts";
import type { FunctionSym, ObjectSym, Sym, TypedUnit } from "./typed.ts";
import { fileEntity } from "./lookup.ts";
import { initOf } from "./static-init.ts";

/**
 * In: a parsed unit. Out: the typed tree of everything that the object must hold.
 * The one idea: begin with what must be emitted, check it, and follow the names it mentions; what nobody reaches is never looked at,
 * except for what stands in the user's own file, which is checked for errors but not emitted.
 */
const RULES: Rules = {
	expr,
	typeName,
	measuredName,
	block,
	valueBlock,
	withFunction,
	stmt,
	localDeclaration,
	localInit,
	staticInit,
	record: specifiedRecord,
	recordBody,
	enumBody: defineFileEnum,
	resolve,
	compoundLiteral,
};

export function check(unit: ParsedUnit, options: CheckOptions): TypedUnit {
	const cx: Cx = {
		unit,
		sink: options.sink,
		rules: RULES,
		file: new FileScope(),
		c23: options.c23 ?? false,
		c89: options.c89 ?? false,
		scope: null,
		fn: null,
		refs: new Set(),
		unevaluated: false,
		preserve: false,
		constantInit: false,
		constants: new Map(),
		depth: 0,
		misaligned: [],
		counter: 0,
	};
	const emitted = new Set<Sym>();
	const checkedOnly = new Set<Sym>();
	const fileAsm: TypedUnit["fileAsm"][number][] = [];
	for (const root of unit.roots) {
		const { decl } = root;
		if (decl.kind === "file-asm") {
			if (decl.text.trim() !== "") fileAsm.push({ text: decl.text, span: decl.span });
			continue;
		}
		if (decl.kind === "static-assert") {
			checkStaticAssert(cx, decl);
			continue;
		}
		for (const symbol of declaredBy(cx, decl)) (root.emit ? emitted : checkedOnly).add(symbol);
	}
	const done = new Set<Sym>();
	follow(cx, [...emitted, ...checkedOnly].sort(inOrder(cx)), done);
	const reached = reach(cx, [...emitted, ...[...done].filter(isKept)]);
	for (const [symbol, floats] of cx.file.floats) if (reached.has(symbol)) for (const span of floats) reportFloat(cx, span);
	warnUnusedFunctions(cx, checkedOnly, reached);
	return collectUnit(cx, reached, fileAsm);
}

const isKept = (symbol: Sym): boolean => symbol.used;

/** Declares everything that a root declares; the symbols come back, types are checked for errors by being read. */
function declaredBy(cx: Cx, decl: ExternalDecl): Sym[] {
	if (decl.kind !== "declaration" && decl.kind !== "function") return [];
	const declarators = decl.kind === "function" ? [decl.declarator] : decl.declarators.map((d) => d.declarator);
	const symbols: Sym[] = [];
	for (const d of declarators) {
		const name = nameOf(d);
		const entity = name === null ? undefined : fileEntity(cx, name, Number.MAX_SAFE_INTEGER);
		if (entity?.kind === "object" || entity?.kind === "function") symbols.push(entity.symbol);
	}
	if (decl.kind === "declaration" && decl.declarators.length === 0) {
		atFileScope(cx, () => specifiedOnce(cx, decl));
		const { type, storage, span } = decl.specs;
		const declares = type.kind === "enum" ? type.enumerators || type.name : type.kind === "record" && type.name;
		if (storage.includes("typedef")) report(cx, "emptyDeclaration", span, "typedef requires a name");
		else if (!declares) report(cx, "emptyDeclaration", span, "declaration does not declare anything");
		for (const spec of specsIn(decl)) {
			if (!spec.name) continue;
			const tag = cx.file.tags.get(spec.name);
			if (tag && (spec.kind === "enum" ? spec.enumerators : spec.members)) void tag.body;
		}
	}
	return symbols;
}

/** Checks bodies and initialisers of symbols and of what they name, until nothing new turns up. */
function follow(cx: Cx, start: readonly Sym[], done: Set<Sym>): void {
	// First come, first served: messages then stand in the order of the source.
	const queue = [...start];
	for (let next = 0; next < queue.length; next++) {
		const symbol = queue[next]!;
		if (done.has(symbol)) continue;
		done.add(symbol);
		if (symbol.kind === "function") {
			const definition = cx.file.definitions.get(symbol);
			if (definition && !symbol.body) symbol.body = checkBody(cx, symbol, definition.ast, definition.params);
		} else {
			initOf(cx, symbol);
			if (symbol.ownerFunction === undefined && !symbol.literal) finishObject(cx, symbol);
		}
		for (const ref of cx.file.refs.get(symbol) ?? []) if (!done.has(ref)) queue.push(ref);
	}
}

/** As the program has them: what was read later than it stands, too. */
const inOrder =
	({ unit: { tokens } }: Cx) =>
	(a: Sym, b: Sym): number =>
		tokens.inOrder(a.span.from) - tokens.inOrder(b.span.from) || a.span.from - b.span.from;

function reach(cx: Cx, roots: readonly Sym[]): Set<Sym> {
	const reached = new Set<Sym>();
	const queue = [...roots];
	while (queue.length) {
		const symbol = queue.pop()!;
		if (reached.has(symbol)) continue;
		reached.add(symbol);
		for (const ref of cx.file.refs.get(symbol) ?? []) queue.push(ref);
	}
	return reached;
}

function warnUnusedFunctions(cx: Cx, checked: ReadonlySet<Sym>, reached: ReadonlySet<Sym>): void {
	for (const s of checked) {
		if (reached.has(s) || cx.file.mentioned.has(s) || s.linkage !== "static" || s.used || s.unused) continue;
		if (s.kind === "function" ? s.body && s.inline !== "hint" && s.inline !== "always" : true)
			report(
				cx,
				s.kind === "function" ? "unusedFunction" : qualifiersOf(s.type).const ? "unusedConst" : "unusedVariable",
				s.span,
				s.kind === "function" ? `unused function '${s.name}'` : `unused variable '${s.name}'`,
			);
	}
	for (const s of reached)
		if (s.kind === "function" && s.linkage === "static" && !s.body)
			report(cx, "undefinedStatic", s.span, `function '${s.name}' has internal linkage but is not defined`);
}

function collectUnit(cx: Cx, reached: ReadonlySet<Sym>, fileAsm: TypedUnit["fileAsm"]): TypedUnit {
	const functions: FunctionSym[] = [];
	const objects: ObjectSym[] = [];
	for (const s of reached) {
		if (s.kind === "function") functions.push(s);
		else if (s.storage === "static") objects.push(s);
	}
	return { functions: functions.sort(inOrder(cx)), objects: objects.sort(inOrder(cx)), extraTypes: [], fileAsm };
}
