/** Actions for records, their members, and enums (C11 6.7.2.1, 6.7.2.2). */
import { spellingOf } from "../source/kinds.ts";
import { type Actions, all, ast, type Builder, maybe, spanOf, textOf } from "./actions.ts";
import type {
	Attribute,
	Declarator,
	DeclSpecs,
	EnumSpec,
	Expr,
	MemberDecl,
	MemberDeclarator,
	RecordSpec,
	StaticAssert,
	TypeName,
} from "./ast.ts";

export const recordActions = (builder: Builder): Actions => ({
	record_definition(word, before, name, members, after) {
		const attrs = [...all<Attribute[]>(before).flat(), ...all<Attribute[]>(after).flat(), ...builder.pragmaAttributes(this.from, "record")];
		const tag = name.children.length === 0 ? {} : { name: textOf(builder, name.children[0]) };
		return {
			kind: "record",
			union: spellingOf(builder.tokens.kinds[word.from]) === "union",
			...tag,
			members: ast<(MemberDecl | StaticAssert)[]>(members),
			attrs,
			span: spanOf(this),
		} satisfies RecordSpec;
	},
	record_reference(word, attrs, name) {
		return {
			kind: "record",
			union: spellingOf(builder.tokens.kinds[word.from]) === "union",
			name: textOf(builder, name),
			attrs: all<Attribute[]>(attrs).flat(),
			span: spanOf(this),
		} satisfies RecordSpec;
	},
});

export const memberActions = (builder: Builder): Actions => ({
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
});

export const enumActions = (builder: Builder): Actions => ({
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
});
