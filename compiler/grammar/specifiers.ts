/** Actions for declaration specifiers (C11 6.7.1 to 6.7.5, without records and enums): storage, qualifiers, words of types, typeof, alignment. */
import { spellingOf } from "../source/kinds.ts";
import { type Actions, all, ast, type Builder, spanOf, textOf } from "./actions.ts";
import type { Attribute, DeclSpecs, Expr, Qualifiers, TypeName, TypeSpec } from "./ast.ts";
import type { Node } from "./tree.ts";

type Storage = DeclSpecs["storage"][number];
type FunctionSpec = DeclSpecs["functionSpecs"][number];
type Qualifier = keyof Qualifiers;
/** One word among the specifiers. */
export type Spec =
	| { readonly kind: "storage"; readonly word: Storage }
	| { readonly kind: "function"; readonly word: FunctionSpec }
	| { readonly kind: "qualifier"; readonly word: Qualifier }
	| { readonly kind: "attributes"; readonly attrs: readonly Attribute[] }
	| { readonly kind: "alignas"; readonly value: Expr | TypeName }
	| { readonly kind: "word"; readonly word: string }
	| { readonly kind: "nothing" };

export const NO_QUALIFIERS: Qualifiers = { const: false, volatile: false, restrict: false, atomic: false };

export function specifierActions(builder: Builder): Actions {
	const spelling = (node: Node): string => spellingOf(builder.tokens.kinds[node.from]);
	return {
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
	};
}

/** The parts of one declaration, put together. `type` null: it is made of words, or of none. */
export function specs(node: Node, parts: readonly Spec[], type: TypeSpec | null): DeclSpecs {
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
export function pointerSpecs(parts: readonly Spec[]): { quals: Qualifiers; attrs: Attribute[] } {
	let quals = NO_QUALIFIERS;
	const attrs: Attribute[] = [];
	for (const part of parts) {
		if (part.kind === "qualifier") quals = { ...quals, [part.word]: true };
		else if (part.kind === "attributes") attrs.push(...part.attrs);
	}
	return { quals, attrs };
}
