/** Actions for declarators and parameters (C11 6.7.6), abstract ones, too (6.7.7). */
import { spellingOf } from "../source/kinds.ts";
import { type Actions, all, ast, type Builder, maybe, spanOf, textOf } from "./actions.ts";
import type { Attribute, Declarator, DeclSpecs, Expr, InitDeclarator, Initializer, ParamDecl, TypeName } from "./ast.ts";
import { NO_QUALIFIERS, pointerSpecs, type Spec } from "./specifiers.ts";
import { joinStrings } from "./strings.ts";
import type { Node } from "./tree.ts";

/** A declarator is read inside out: each part wraps what is known so far. */
type Wrap = (inner: Declarator) => Declarator;

export const declaratorActions = (builder: Builder): Actions => ({
	...namedActions(builder),
	...parameterActions,
	...abstractActions,
});

const namedActions = (builder: Builder): Actions => ({
	initDeclarator(before, declarator, middle, label, after, _equals, init) {
		const asmLabel = maybe<string>(label);
		const value = maybe<Initializer>(init);
		const attrs = [before, middle, after].flatMap((node) => all<Attribute[]>(node).flat());
		return {
			declarator: ast<Declarator>(declarator),
			...(asmLabel === undefined ? {} : { asmLabel }),
			attrs,
			...(value === undefined ? {} : { init: value }),
			span: spanOf(this),
		} satisfies InitDeclarator;
	},
	asmLabel(_asm, _qualifiers, _open, text, _close) {
		return joinStrings(ast<Expr & { kind: "string" }>(text).parts);
	},
	declarator(pointers, direct) {
		return declare(all<Wrap>(pointers), ast<Declarator>(direct));
	},
	pointer(_star, parts): Wrap {
		const { quals, attrs } = pointerSpecs(all<Spec>(parts));
		const at = spanOf(this);
		return (inner) => ({ kind: "pointer", quals, attrs, inner, span: { from: at.from, to: Math.max(at.to, inner.span.to) } });
	},
	directDeclarator(head, suffixes) {
		return suffixed(ast<Declarator>(head), all<Wrap>(suffixes));
	},
	declaratorHead_name(name) {
		return { kind: "name", name: textOf(builder, name), span: spanOf(this) } satisfies Declarator;
	},
	declaratorHead_nested(_open, attrs, inner, _close) {
		return attributed(this, all<Attribute[]>(attrs).flat(), ast<Declarator>(inner));
	},
	declaratorSuffix_array(_open, words, length, close): Wrap {
		return array(builder, words, maybe<Expr>(length), close);
	},
	declaratorSuffix_star(_open, words, _star, close): Wrap {
		return array(builder, words, undefined, close);
	},
	declaratorSuffix_function(_open, params, close): Wrap {
		const { list: parameters, variadic, unprototyped } = ast<Params>(params);
		const to = close.from + 1;
		return (inner) => ({ kind: "function", inner, params: parameters, variadic, unprototyped, span: { from: inner.span.from, to } });
	},
});

interface Params {
	readonly list: readonly ParamDecl[];
	readonly variadic: boolean;
	readonly unprototyped: boolean;
}

const parameterActions: Actions = {
	params_some(params, more): Params {
		const parameters = all<ParamDecl>(params);
		// `(void)`: no parameters.
		if (parameters.length === 1 && more.children.length === 0 && isVoid(parameters[0]))
			return { list: [], variadic: false, unprototyped: false };
		return { list: parameters, variadic: more.children.length > 0, unprototyped: false };
	},
	params_variadic(_dots): Params {
		return { list: [], variadic: true, unprototyped: false };
	},
	params_none(): Params {
		return { list: [], variadic: false, unprototyped: true };
	},
	param(specifiers, declarator, attrs) {
		return {
			specs: ast<DeclSpecs>(specifiers),
			declarator: ast<Declarator>(declarator),
			attrs: all<Attribute[]>(attrs).flat(),
			span: spanOf(this),
		} satisfies ParamDecl;
	},
};

const abstractActions: Actions = {
	typeName(_start, specifiers, declarator) {
		return {
			kind: "type-name",
			specs: ast<DeclSpecs>(specifiers),
			declarator: ast<Declarator>(declarator),
			span: spanOf(this),
		} satisfies TypeName;
	},
	abstractDeclarator(pointers, direct) {
		return declare(all<Wrap>(pointers), maybe<Declarator>(direct) ?? nameless(this));
	},
	abstractDirect_nested(_open, attrs, inner, _close, suffixes) {
		return suffixed(attributed(this, all<Attribute[]>(attrs).flat(), ast<Declarator>(inner)), all<Wrap>(suffixes));
	},
	abstractDirect_suffixes(suffixes) {
		return suffixed(nameless(this), all<Wrap>(suffixes));
	},
	abstractNested_pointer(pointers, direct) {
		return declare(all<Wrap>(pointers), maybe<Declarator>(direct) ?? nameless(this));
	},
	abstractNested_direct(direct) {
		return ast(direct);
	},
};

/** Pointers bind looser than the suffixes: `*a[3]` is an array of pointers, so the name's node gets the suffixes outermost-last. */
function declare(pointers: readonly Wrap[], direct: Declarator): Declarator {
	return pointers.reduceRight((inner, wrap) => wrap(inner), direct);
}
const suffixed = (head: Declarator, suffixes: readonly Wrap[]): Declarator => suffixes.reduce((inner, wrap) => wrap(inner), head);

function isVoid(param: ParamDecl): boolean {
	const { type, quals } = param.specs;
	return (
		type.kind === "builtin" &&
		type.words.length === 1 &&
		type.words[0] === "void" &&
		!quals.const &&
		!quals.volatile &&
		param.declarator.kind === "name" &&
		param.declarator.name === undefined
	);
}

function array(builder: Builder, words: Node, length: Expr | undefined, close: Node): Wrap {
	let quals = NO_QUALIFIERS;
	let isStatic = false;
	for (const word of words.children) {
		const text = spellingOf(builder.tokens.kinds[word.from]);
		if (text === "static") isStatic = true;
		else quals = { ...quals, [text]: true };
	}
	const to = close.from + 1;
	return (inner) => ({
		kind: "array",
		inner,
		...(length === undefined ? {} : { length }),
		static: isStatic,
		quals,
		span: { from: inner.span.from, to },
	});
}

function attributed(node: Node, attrs: readonly Attribute[], inner: Declarator): Declarator {
	return attrs.length === 0 ? inner : { kind: "attributed", attrs, inner, span: spanOf(node) };
}

/** An abstract declarator's missing name stands at its end. */
function nameless(node: Node): Declarator {
	const { from } = spanOf(node);
	return { kind: "name", span: { from, to: from } };
}
