/** Actions for declarations (C11 6.7): those at file scope, initialisers and attributes; their other parts are files of their own. */
import { type Actions, all, ast, type Builder, maybe, spanOf, textOf } from "./actions.ts";
import type {
	Attribute,
	AttributeArg,
	CompoundStmt,
	Declaration,
	Declarator,
	DeclSpecs,
	Designator,
	Expr,
	FileAsm,
	FunctionDef,
	InitDeclarator,
	Initializer,
	InitList,
	StaticAssert,
} from "./ast.ts";
import { declaratorActions } from "./declarators.ts";
import { enumActions, memberActions, recordActions } from "./records.ts";
import { specifierActions, specs } from "./specifiers.ts";
import { joinStrings } from "./strings.ts";

export const declarationActions = (builder: Builder): Actions => ({
	...fileScopeActions(builder),
	...specifierActions(builder),
	...recordActions(builder),
	...memberActions(builder),
	...enumActions(builder),
	...declaratorActions(builder),
	...initializerActions(builder),
	...attributeActions(builder),
});

const fileScopeActions = (builder: Builder): Actions => ({
	declaration(specifiers, declarators, _semicolon) {
		return {
			kind: "declaration",
			specs: ast<DeclSpecs>(specifiers),
			declarators: all<InitDeclarator>(declarators),
			span: spanOf(this),
		} satisfies Declaration;
	},
	functionDef(specifiers, declarator, attrs, body) {
		const pragmas = builder.pragmaAttributes(this.from, "function");
		return {
			kind: "function",
			specs: ast<DeclSpecs>(specifiers),
			declarator: ast<Declarator>(declarator),
			attrs: [...all<Attribute[]>(attrs).flat(), ...pragmas],
			body: ast<CompoundStmt>(body),
			span: spanOf(this),
		} satisfies FunctionDef;
	},
	implicitFunctionDef(declarator, attrs, body) {
		return {
			kind: "function",
			specs: specs(declarator, [], null),
			declarator: ast<Declarator>(declarator),
			attrs: all<Attribute[]>(attrs).flat(),
			body: ast<CompoundStmt>(body),
			span: spanOf(this),
		} satisfies FunctionDef;
	},
	staticAssert(_word, _open, condition, _comma, message, _close, _semicolon) {
		const text = maybe<Expr & { kind: "string" }>(message);
		return {
			kind: "static-assert",
			condition: ast<Expr>(condition),
			...(text === undefined ? {} : { message: joinStrings(text.parts) }),
			span: spanOf(this),
		} satisfies StaticAssert;
	},
	fileAsm(_asm, _qualifiers, _open, text, _close, _semicolon) {
		return { kind: "file-asm", text: joinStrings(ast<Expr & { kind: "string" }>(text).parts), span: spanOf(this) } satisfies FileAsm;
	},
	emptyDeclaration(_attrs, _semicolon) {
		return null;
	},
});

const initializerActions = (builder: Builder): Actions => ({
	initList(_open, first, _comma, rest, _trailing, _close) {
		return {
			kind: "init-list",
			items: [...all<InitList["items"][number]>(first), ...rest.children.flatMap((node) => all<InitList["items"][number]>(node))],
			span: spanOf(this),
		} satisfies InitList;
	},
	initItem_designated(designators, _equals, value) {
		return { designators: all<Designator>(designators), value: ast<Initializer>(value), span: spanOf(this) };
	},
	initItem_old(name, _colon, value) {
		return {
			designators: [{ kind: "field", name: textOf(builder, name), span: spanOf(name) }],
			value: ast<Initializer>(value),
			span: spanOf(this),
		};
	},
	initItem_plain(value) {
		return { designators: [], value: ast<Initializer>(value), span: spanOf(this) };
	},
	designator_field(_dot, name) {
		return { kind: "field", name: textOf(builder, name), span: spanOf(this) } satisfies Designator;
	},
	designator_index(_open, from, _dots, to, _close) {
		const end = maybe<Expr>(to);
		return { kind: "index", from: ast<Expr>(from), ...(end === undefined ? {} : { to: end }), span: spanOf(this) } satisfies Designator;
	},
});

const attributeActions = (builder: Builder): Actions => ({
	attributes(attrs) {
		return all<Attribute[]>(attrs).flat();
	},
	attributeItem(name, args) {
		return { name: ast<string>(name), args: maybe<AttributeArg[]>(args) ?? [], span: spanOf(this) } satisfies Attribute;
	},
	attributeName_scoped(_space, _colons, name) {
		return plainName(textOf(builder, name));
	},
	attributeName_plain(name) {
		return plainName(textOf(builder, name));
	},
	attributeArgs(_open, args, _close) {
		return all<AttributeArg>(args);
	},
});

/** `__packed__` is packed. */
function plainName(name: string): string {
	return name.replace(/^__(.+)__$/, "$1");
}
