import type { Attribute, Declaration, InitDeclarator } from "../grammar/ast.ts";
import type { TokenSpan } from "../diagnostics/diagnostic.ts";
import { asArray, asFunction, isComplete, isError, isInteger, isVoid, pointerTo, qualifiersOf, qualify, unqualified } from "./basic.ts";
import { collect } from "./attributes.ts";
import { constantValue } from "./constant.ts";
import { atFileScope, type Cx, reach, report } from "./context.ts";
import { assignConvert } from "./conversions.ts";
import { blockFunction } from "./file-functions.ts";
import { declaredWith, makeTypedef, nameOf } from "./declarations.ts";
import { fileObject } from "./file-objects.ts";
import { newObject, objectAttributes } from "./symbols.ts";
import { alignOf } from "./layout.ts";
import { fileEntity, lookup } from "./lookup.ts";
import { markAddress, rvalue } from "./operand.ts";
import { value } from "./operators.ts";
import { forward } from "./records.ts";
import type { Entity } from "./scope.ts";
import { checkSpecifiers } from "./storage-class.ts";
import { specify } from "./specifiers.ts";
import { warnShadow } from "./shadow.ts";
import { quote } from "./spell.ts";
import type { LocalInit, ObjectSym, Sym, TStmt } from "./typed.ts";
import type { CType } from "./types.ts";
import { noAttributes } from "./attr-set.ts";
import type { Specified } from "./declared.ts";

/** Declarations inside functions. In: a declaration. Out: `local` statements for automatic variables; everything else only declares. */
export function localDeclaration(cx: Cx, decl: Declaration): TStmt[] {
	if (decl.specs.type.kind === "auto-type") return decl.declarators.flatMap((d) => autoType(cx, decl, d));
	const base = specify(cx, decl.specs);
	return decl.declarators.flatMap((d) => declareLocal(cx, decl, base, d));
}

export function localObject(cx: Cx, name: string, type: CType, span: TokenSpan): ObjectSym {
	const symbol = newObject(name, type, span, "local", "none");
	cx.fn!.locals.push(symbol);
	return symbol;
}

function declareInScope(cx: Cx, name: string, entity: Entity, span: TokenSpan): void {
	const before = cx.scope!.own(name);
	if (before) {
		const sameExtern =
			before.kind === entity.kind &&
			(before.kind === "function" ||
				(before.kind === "object" && before.symbol.storage === "static" && before.symbol.ownerFunction === undefined));
		const sameTypedef = before.kind === "typedef" && entity.kind === "typedef";
		const at = before.kind === "object" || before.kind === "function" ? before.symbol.span : before.span;
		if (!sameExtern && !sameTypedef) {
			if (before.kind === "object") cx.fn!.used.add(before.symbol);
			if (entity.kind === "object") cx.fn!.used.add(entity.symbol);
			report(cx, "redefinition", span, `redefinition of '${name}'`, [{ message: "previous definition is here", span: at }]);
		}
	}
	cx.scope!.declare(name, entity);
}

function declareLocal(cx: Cx, decl: Declaration, base: Specified, d: InitDeclarator): TStmt[] {
	const { declared, attrs } = declaredWith(cx, base, d.declarator, d.attrs);
	const { name, span } = declared;
	if (name === null) return [];
	const { storage } = decl.specs;
	const isTypedef = storage.includes("typedef");
	checkSpecifiers(cx, decl.specs, isTypedef ? "typedef" : asFunction(declared.type) ? "function" : "variable");
	if (isTypedef) {
		const type = makeTypedef(name, declared.type, attrs);
		if (!attrs.unused && cx.scope!.own(name) === undefined) cx.fn!.typedefs.set(type, span);
		declareInScope(cx, name, { kind: "typedef", type, span }, span);
		return [];
	}
	if (asFunction(declared.type)) {
		if (d.init) report(cx, "badInit", d.init.span, "illegal initializer (only variables can be initialized)");
		declareInScope(cx, name, { kind: "function", symbol: blockFunction(cx, declared, attrs, decl.specs, d.asmLabel) }, span);
		return [];
	}
	if (storage.includes("extern")) {
		fileEntity(cx, name, Number.MAX_SAFE_INTEGER);
		const symbol = atFileScope(cx, () => fileObject(cx, declared, attrs, decl.specs, d, Number.MAX_SAFE_INTEGER));
		declareInScope(cx, name, { kind: "object", symbol }, span);
		return [];
	}
	const isStatic = storage.includes("static");
	const symbol = newObject(name, declared.type, span, isStatic ? "static" : "local", isStatic ? "static" : "none");
	objectAttributes(symbol, attrs);
	warnShadow(cx, name, span);
	declareInScope(cx, name, { kind: "object", symbol }, span);
	if (isStatic) {
		staticLocal(cx, symbol, d);
		return [];
	}
	if (attrs.section !== null)
		report(
			cx,
			"badAttribute",
			span,
			"'section' attribute only applies to functions, global variables, Objective-C methods, and Objective-C properties",
		);
	if (d.asmLabel !== undefined) {
		if (/^[rw](?:[0-9]|10)$/.test(d.asmLabel)) symbol.register = d.asmLabel.replace(/^w/, "r");
		else report(cx, "badAsm", span, `unknown register name '${d.asmLabel}' in asm`);
	}
	if (storage.includes("register")) cx.fn!.registers.add(symbol);
	cx.fn!.locals.push(symbol);
	if (d.init?.kind === "identifier" && d.init.name === name)
		report(cx, "uninitialized", d.init.span, `variable '${name}' is uninitialized when used within its own initialization`);
	let init: LocalInit | undefined;
	if (d.init) {
		const made = cx.rules.localInit(cx, d.init, declared.type, span);
		symbol.type = made.type;
		init = made.init;
		rememberConstant(cx, symbol, init);
	}
	checkComplete(cx, symbol);
	const list: TStmt[] = [{ kind: "local", symbol, ...(init ? { init } : {}), span: d.span }];
	if (attrs.cleanup) addCleanup(cx, symbol, attrs.cleanup);
	return list;
}

function checkComplete(cx: Cx, symbol: ObjectSym): void {
	const { type, span, name } = symbol;
	if (isComplete(type) || isError(type)) return;
	if (asArray(type)?.length === null)
		report(cx, "incompleteType", span, `definition of variable '${name}' with array type needs an explicit size or an initializer`);
	else report(cx, "incompleteType", span, `variable has incomplete type ${quote(type)}`, isVoid(type) ? [] : forward(type));
}

/** clang folds a const integer variable with a known value where a constant is wanted. */
function rememberConstant(cx: Cx, symbol: ObjectSym, init: LocalInit): void {
	if (!qualifiersOf(symbol.type).const || !isInteger(symbol.type)) return;
	const store = init.stores[0];
	if (store?.kind !== "value") return;
	const known = constantValue(cx, store.value);
	if (known !== null) cx.constants.set(symbol, known);
}

function staticLocal(cx: Cx, symbol: ObjectSym, d: InitDeclarator): void {
	(symbol as { ownerFunction?: string }).ownerFunction = cx.fn!.name;
	cx.fn!.statics.push(symbol);
	cx.file.extraObjects.push(symbol);
	if (d.init) {
		const outer = cx.refs;
		const refs = new Set<Sym>();
		cx.refs = refs;
		const made = cx.rules.staticInit(cx, d.init, symbol.type, symbol.span);
		cx.refs = outer;
		symbol.type = made.type;
		symbol.init = made.init;
		for (const r of made.init?.relocs ?? []) refs.add(r.symbol);
		cx.file.refs.set(symbol, refs);
	}
	symbol.align = Math.max(symbol.align, alignOf(symbol.type));
	checkComplete(cx, symbol);
	if (symbol.used) reach(cx, symbol);
}

// ── __auto_type ─────────────────────────────────────────────────────────────────────────────────

function autoType(cx: Cx, decl: Declaration, d: InitDeclarator): TStmt[] {
	const name = nameOf(d.declarator);
	if (!d.init || d.init.kind === "init-list" || d.declarator.kind !== "name" || name === null) {
		report(
			cx,
			"autoType",
			d.span,
			d.init
				? "cannot deduce the type of '__auto_type' from an initializer list or for a declarator"
				: `declaration of variable '${name ?? ""}' with deduced type '__auto_type' requires an initializer`,
		);
		return [];
	}
	const v = value(cx, d.init);
	const type = qualify(unqualified(v.type), decl.specs.quals);
	const attrs = collect(cx, collect(cx, noAttributes(), decl.specs.attrs), d.attrs);
	const symbol = newObject(name, type, d.declarator.span, "local", "none");
	objectAttributes(symbol, attrs);
	declareInScope(cx, name, { kind: "object", symbol }, symbol.span);
	cx.fn!.locals.push(symbol);
	if (isVoid(type)) report(cx, "incompleteType", symbol.span, `variable has incomplete type ${quote(type)}`);
	const init: LocalInit = { zero: false, stores: [{ kind: "value", offset: 0, type: unqualified(type), value: v }] };
	rememberConstant(cx, symbol, init);
	const list: TStmt[] = [{ kind: "local", symbol, init, span: d.span }];
	if (attrs.cleanup) addCleanup(cx, symbol, attrs.cleanup);
	return list;
}

// ── cleanup ─────────────────────────────────────────────────────────────────────────────────────

/** `__attribute__((cleanup(f)))`: f(&variable) runs when the variable goes out of scope, however that happens. */
function addCleanup(cx: Cx, symbol: ObjectSym, attr: Attribute): void {
	const arg = attr.args[0];
	const entity = arg?.kind === "identifier" ? lookup(cx, arg.name, attr.span.from) : undefined;
	if (entity?.kind !== "function") {
		report(cx, "badAttribute", attr.span, "'cleanup' argument is not a function");
		return;
	}
	const f = entity.symbol;
	reach(cx, f);
	cx.fn!.used.add(symbol);
	cx.fn!.uses.set(symbol, Number.MAX_SAFE_INTEGER);
	const { span } = symbol;
	const call = (): TStmt => {
		const place = { kind: "variable", symbol, type: symbol.type, span } as const;
		markAddress(place);
		const address = rvalue({ kind: "address", of: place, type: pointerTo(symbol.type), span });
		const param = f.type.params[0];
		const argument = param ? assignConvert(cx, address, unqualified(param.type), { kind: "passing" }, span) : address;
		return {
			kind: "expr",
			expr: { kind: "call", callee: { kind: "function", symbol: f }, args: [argument], fnType: f.type, type: f.type.result, span },
			span,
		};
	};
	cx.fn!.cleanups.push({ call });
}
