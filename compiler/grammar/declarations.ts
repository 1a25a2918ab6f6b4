/** Actions for declarations (C11 6.7): specifiers, declarators, records, enums, initialisers, attributes. */
import { spellingOf } from "../source/kinds.ts";
import { type Actions, all, ast, type Builder, maybe, spanOf, textOf } from "./actions.ts";
import type {
	Attribute,
	AttributeArg,
	CompoundStmt,
	Declaration,
	Declarator,
	DeclSpecs,
	Designator,
	EnumSpec,
	Expr,
	FileAsm,
	FunctionDef,
	InitDeclarator,
	Initializer,
	InitList,
	MemberDecl,
	MemberDeclarator,
	ParamDecl,
	Qualifiers,
	RecordSpec,
	StaticAssert,
	TypeName,
	TypeSpec,
} from "./ast.ts";
import { joinStrings } from "./strings.ts";
import type { Node } from "./tree.ts";

type Storage = DeclSpecs["storage"][number];
type FunctionSpec = DeclSpecs["functionSpecs"][number];
type Qualifier = keyof Qualifiers;
/** One word among the specifiers. */
type Spec =
	| { readonly kind: "storage"; readonly word: Storage }
	| { readonly kind: "function"; readonly word: FunctionSpec }
	| { readonly kind: "qualifier"; readonly word: Qualifier }
	| { readonly kind: "attributes"; readonly attrs: readonly Attribute[] }
	| { readonly kind: "alignas"; readonly value: Expr | TypeName }
	| { readonly kind: "word"; readonly word: string }
	| { readonly kind: "nothing" };
/** A declarator is read inside out: each part wraps what is known so far. */
type Wrap = (inner: Declarator) => Declarator;

const NO_QUALIFIERS: Qualifiers = { const: false, volatile: false, restrict: false, atomic: false };

export function declarationActions(builder: Builder): Actions {
	const spelling = (node: Node): string => spellingOf(builder.tokens.kinds[node.from]);

	function specs(node: Node, parts: readonly Spec[], type: TypeSpec | null): DeclSpecs {
		const storage: Storage[] = [];
		const functionSpecs: FunctionSpec[] = [];
		const attrs: Attribute[] = [];
		const alignas: (Expr | TypeName)[] = [];
		const words: string[] = [];
		let quals = NO_QUALIFIERS;
		for (const part of parts) {
			switch (part.kind) {
				case "storage":
					storage.push(part.word);
					break;
				case "function":
					functionSpecs.push(part.word);
					break;
				case "qualifier":
					quals = { ...quals, [part.word]: true };
					break;
				case "attributes":
					attrs.push(...part.attrs);
					break;
				case "alignas":
					alignas.push(part.value);
					break;
				case "word":
					words.push(part.word);
					break;
			}
		}
		return {
			storage,
			functionSpecs,
			quals,
			type: type ?? { kind: "builtin", words, span: spanOf(node) },
			attrs,
			alignas,
			span: spanOf(node),
		};
	}

	/** Qualifiers and attributes behind a `*`. */
	function pointerSpecs(parts: readonly Spec[]): { quals: Qualifiers; attrs: Attribute[] } {
		let quals = NO_QUALIFIERS;
		const attrs: Attribute[] = [];
		for (const part of parts) {
			if (part.kind === "qualifier") quals = { ...quals, [part.word]: true };
			else if (part.kind === "attributes") attrs.push(...part.attrs);
		}
		return { quals, attrs };
	}

	/** Pointers bind looser than the suffixes: `*a[3]` is an array of pointers, so the name's node gets the suffixes outermost-last. */
	function declare(pointers: readonly Wrap[], direct: Declarator): Declarator {
		return pointers.reduceRight((inner, wrap) => wrap(inner), direct);
	}
	const suffixed = (head: Declarator, suffixes: readonly Wrap[]): Declarator => suffixes.reduce((inner, wrap) => wrap(inner), head);

	return {
		// ── file scope ──
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
		attributes(attrs) {
			return all<Attribute[]>(attrs).flat();
		},

		// ── specifiers ──
		declSpecs_single(before, type, after) {
			return specs(this, [...all<Spec>(before), ...all<Spec>(after)], ast<TypeSpec>(type));
		},
		declSpecs_words(parts) {
			return specs(this, all<Spec>(parts), null);
		},
		storage(word): Spec {
			return { kind: "storage", word: spelling(word) as Storage };
		},
		functionSpec(word): Spec {
			return { kind: "function", word: spelling(word) as FunctionSpec };
		},
		qualifier(word): Spec {
			const text = spelling(word);
			return { kind: "qualifier", word: text === "_Atomic" ? "atomic" : (text as Qualifier) };
		},
		attribute_gnu(_word, _open, _open2, items, _close, _close2) {
			return all<Attribute | null>(items).filter((a) => a !== null);
		},
		attribute_standard(_open, _open2, items, _close, _close2) {
			return all<Attribute | null>(items).filter((a) => a !== null);
		},
		attribute_declspec(_word, _open, items, _close) {
			return all<Attribute>(items);
		},
		noType(part): Spec {
			const value = part.isTerminal() ? null : ast<Spec | Attribute[]>(part);
			if (value === null) return { kind: "nothing" };
			return Array.isArray(value) ? { kind: "attributes", attrs: value } : value;
		},
		pointerSpec(part): Spec {
			const value = ast<Spec | Attribute[]>(part);
			return Array.isArray(value) ? { kind: "attributes", attrs: value } : value;
		},
		alignas_type(_word, _open, type, _close): Spec {
			return { kind: "alignas", value: ast<TypeName>(type) };
		},
		alignas_value(_word, _open, value, _close): Spec {
			return { kind: "alignas", value: ast<Expr>(value) };
		},
		builtinWord(_word): Spec {
			return { kind: "word", word: textOf(builder, this) === "_BitInt" ? "_BitInt" : spelling(this) };
		},
		oneType(type) {
			return type.isTerminal() ? ({ kind: "auto-type", span: spanOf(this) } satisfies TypeSpec) : ast(type);
		},
		typedefName(_token) {
			return { kind: "typedef-name", name: textOf(builder, this), span: spanOf(this) } satisfies TypeSpec;
		},
		typeof_type(word, _open, type, _close) {
			return { kind: "typeof-type", type: ast<TypeName>(type), unqual: spelling(word) !== "typeof", span: spanOf(this) } satisfies TypeSpec;
		},
		typeof_value(word, _open, value, _close) {
			return { kind: "typeof-expr", expr: ast<Expr>(value), unqual: spelling(word) !== "typeof", span: spanOf(this) } satisfies TypeSpec;
		},
		atomicType(_word, _open, type, _close) {
			return { kind: "atomic-type", type: ast<TypeName>(type), span: spanOf(this) } satisfies TypeSpec;
		},

		// ── records and enums ──
		record_definition(word, before, name, members, after) {
			const attrs = [
				...all<Attribute[]>(before).flat(),
				...all<Attribute[]>(after).flat(),
				...builder.pragmaAttributes(this.from, "record"),
			];
			const tag = name.children.length === 0 ? {} : { name: textOf(builder, name.children[0]) };
			return {
				kind: "record",
				union: spelling(word) === "union",
				...tag,
				members: ast<(MemberDecl | StaticAssert)[]>(members),
				attrs,
				span: spanOf(this),
			} satisfies RecordSpec;
		},
		record_reference(word, attrs, name) {
			return {
				kind: "record",
				union: spelling(word) === "union",
				name: textOf(builder, name),
				attrs: all<Attribute[]>(attrs).flat(),
				span: spanOf(this),
			} satisfies RecordSpec;
		},
		memberList(_open, members, _close) {
			return all<MemberDecl | StaticAssert | null>(members).filter((m) => m !== null);
		},
		memberEnd_semicolon(_semicolon) {
			return null;
		},
		memberEnd_missing(_close) {
			builder.lacksSemicolon(this.from);
			return null;
		},
		member_declaration(specifiers, declarators, end) {
			end.ast();
			return {
				kind: "member",
				specs: ast<DeclSpecs>(specifiers),
				declarators: all<MemberDeclarator>(declarators),
				span: spanOf(this),
			} satisfies MemberDecl;
		},
		member_assert(assert) {
			return ast(assert);
		},
		member_empty(_semicolon) {
			return null;
		},
		member_erased(_tokens) {
			return null;
		},
		memberDeclarator_named(declarator, _colon, bits, attrs) {
			const width = maybe<Expr>(bits);
			return {
				declarator: ast<Declarator>(declarator),
				...(width === undefined ? {} : { bits: width }),
				attrs: all<Attribute[]>(attrs).flat(),
				span: spanOf(this),
			} satisfies MemberDeclarator;
		},
		memberDeclarator_unnamed(_colon, bits, attrs) {
			return { bits: ast<Expr>(bits), attrs: all<Attribute[]>(attrs).flat(), span: spanOf(this) } satisfies MemberDeclarator;
		},
		enumSpec_definition(_word, before, name, base, enumerators, after) {
			const attrs = [...all<Attribute[]>(before).flat(), ...all<Attribute[]>(after).flat(), ...builder.pragmaAttributes(this.from, "enum")];
			const tag = name.children.length === 0 ? {} : { name: textOf(builder, name.children[0]) };
			const underlying = maybe<TypeName>(base);
			return {
				kind: "enum",
				...tag,
				...(underlying === undefined ? {} : { underlying }),
				enumerators: ast(enumerators),
				attrs,
				span: spanOf(this),
			} satisfies EnumSpec;
		},
		enumSpec_reference(_word, attrs, name, base) {
			const underlying = maybe<TypeName>(base);
			return {
				kind: "enum",
				name: textOf(builder, name),
				...(underlying === undefined ? {} : { underlying }),
				attrs: all<Attribute[]>(attrs).flat(),
				span: spanOf(this),
			} satisfies EnumSpec;
		},
		enumBase(_colon, type) {
			return ast(type);
		},
		enumerators(_open, items, _comma, _close) {
			return all(items);
		},
		enumerator(name, attrs, _equals, value) {
			const expr = maybe<Expr>(value);
			return {
				name: textOf(builder, name),
				...(expr === undefined ? {} : { value: expr }),
				attrs: all<Attribute[]>(attrs).flat(),
				span: spanOf(this),
			};
		},

		// ── declarators ──
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
			return array(words, maybe<Expr>(length), close);
		},
		declaratorSuffix_star(_open, words, _star, close): Wrap {
			return array(words, undefined, close);
		},
		declaratorSuffix_function(_open, params, close): Wrap {
			const { list: parameters, variadic, unprototyped } = ast<Params>(params);
			const to = close.from + 1;
			return (inner) => ({ kind: "function", inner, params: parameters, variadic, unprototyped, span: { from: inner.span.from, to } });
		},
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

		// ── initialisers ──
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

		// ── attributes ──
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
	};

	interface Params {
		readonly list: readonly ParamDecl[];
		readonly variadic: boolean;
		readonly unprototyped: boolean;
	}

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

	function array(words: Node, length: Expr | undefined, close: Node): Wrap {
		let quals = NO_QUALIFIERS;
		let isStatic = false;
		for (const word of words.children) {
			const text = spelling(word);
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
}

/** `__packed__` is packed. */
function plainName(name: string): string {
	return name.replace(/^__(.+)__$/, "$1");
}
