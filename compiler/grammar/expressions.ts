/** Actions for expressions (C11 6.5.1 to 6.5.4): what is in front of an operand and behind it, operands, and the built-in ones. */
import { Kind, spellingOf } from "../source/kinds.ts";
import { type Actions, all, ast, type Builder, spanOf, textOf } from "./actions.ts";
import type { CompoundStmt, Designator, Expr, InitList, TypeName, UnaryOp } from "./ast.ts";
import { operatorActions } from "./operators.ts";
import type { Node } from "./tree.ts";

/** What a prefix means to the expression behind it. */
type Prefix = { readonly from: number } & (
	| { readonly kind: "op"; readonly op: UnaryOp }
	| { readonly kind: "sizeof-expr" | "alignof-expr" }
	| { readonly kind: "cast"; readonly type: TypeName }
);
/** What a suffix makes of the expression in front of it. */
type Suffix = (base: Expr) => Expr;

export const expressionActions = (builder: Builder): Actions => ({
	...operatorActions(builder),
	...unaryActions(builder),
	...primaryActions(builder),
	...builtinActions(builder),
});

function unaryActions(builder: Builder): Actions {
	const op = (node: Node): string => spellingOf(builder.tokens.kinds[node.from]);
	function member(name: Node, arrow: boolean): Suffix {
		const at = name.from;
		const text = textOf(builder, name);
		return (base) => ({ kind: "member", base, name: text, arrow, at, span: { from: base.span.from, to: at + 1 } });
	}

	return {
		unary(prefixes, primary, suffixes) {
			let value = ast<Expr>(primary);
			for (const suffix of all<Suffix>(suffixes)) value = suffix(value);
			for (const prefix of all<Prefix>(prefixes).reverse()) {
				const at = { from: prefix.from, to: value.span.to };
				if (prefix.kind === "op") value = { kind: "unary", op: prefix.op, operand: value, span: at };
				else if (prefix.kind === "cast") value = { kind: "cast", type: prefix.type, operand: value, span: at };
				else value = { kind: prefix.kind, operand: value, span: at };
			}
			return value;
		},
		prefix_op(operator): Prefix {
			return { kind: "op", op: op(operator) as UnaryOp, from: operator.from };
		},
		prefix_size(word): Prefix {
			return { kind: op(word) === "sizeof" ? "sizeof-expr" : "alignof-expr", from: word.from };
		},
		prefix_cast(open, type, _close): Prefix {
			return { kind: "cast", type: ast(type), from: open.from };
		},
		postfixOp_index(_open, index, close): Suffix {
			const inner = ast<Expr>(index);
			const to = close.from + 1;
			return (base) => ({ kind: "index", base, index: inner, span: { from: base.span.from, to } });
		},
		postfixOp_call(_open, args, close): Suffix {
			const values = all<Expr>(args);
			const to = close.from + 1;
			return (callee) => ({ kind: "call", callee, args: values, span: { from: callee.span.from, to } });
		},
		postfixOp_member(_dot, name): Suffix {
			return member(name, false);
		},
		postfixOp_arrow(_arrow, name): Suffix {
			return member(name, true);
		},
		postfixOp_increment(operator): Suffix {
			const to = operator.from + 1;
			return (operand) => ({ kind: "postfix", op: "++", operand, span: { from: operand.span.from, to } });
		},
		postfixOp_decrement(operator): Suffix {
			const to = operator.from + 1;
			return (operand) => ({ kind: "postfix", op: "--", operand, span: { from: operand.span.from, to } });
		},
		typeArgument(type) {
			return { kind: "type-argument", type: ast<TypeName>(type), span: spanOf(this) } satisfies Expr;
		},
	};
}

const primaryActions = (builder: Builder): Actions => ({
	atom(_token): Expr {
		const text = textOf(builder, this);
		switch (builder.tokens.kinds[this.from]) {
			case Kind.number:
				return { kind: "number", text, span: spanOf(this) };
			case Kind.char:
				return { kind: "char", text, span: spanOf(this) };
			default:
				return { kind: "identifier", name: text, span: spanOf(this) };
		}
	},
	strings(tokens) {
		return { kind: "string", parts: tokens.children.map((token) => textOf(builder, token)), span: spanOf(this) } satisfies Expr;
	},
	primary_expr(_open, inner, _close) {
		// Parentheses leave no node.
		return ast(inner);
	},
	primary_literal(_open, type, _close, init) {
		return { kind: "compound-literal", type: ast<TypeName>(type), init: ast<InitList>(init), span: spanOf(this) } satisfies Expr;
	},
	primary_statement(_open, body, _close) {
		return { kind: "statement", body: ast<CompoundStmt>(body), span: spanOf(this) } satisfies Expr;
	},
	sizeofType(word, _open, type, _close) {
		return {
			kind: spellingOf(builder.tokens.kinds[word.from]) === "sizeof" ? "sizeof-type" : "alignof-type",
			type: ast<TypeName>(type),
			span: spanOf(this),
		} satisfies Expr;
	},
	labelAddress(_and, name) {
		return { kind: "label-address", label: textOf(builder, name), span: spanOf(this) } satisfies Expr;
	},
	generic(_word, _open, control, _comma, cases, _close) {
		return { kind: "generic", control: ast<Expr | TypeName>(control), cases: all(cases), span: spanOf(this) } satisfies Expr;
	},
	genericCase_default(_default, _colon, value) {
		return { value: ast<Expr>(value), span: spanOf(this) };
	},
	genericCase_type(type, _colon, value) {
		return { type: ast<TypeName>(type), value: ast<Expr>(value), span: spanOf(this) };
	},
});

const builtinActions = (builder: Builder): Actions => ({
	offsetof(_word, _open, type, _comma, name, rest, _close) {
		const first: Designator = { kind: "field", name: textOf(builder, name), span: spanOf(name) };
		return { kind: "offsetof", type: ast<TypeName>(type), path: [first, ...all<Designator>(rest)], span: spanOf(this) } satisfies Expr;
	},
	offsetDesignator_field(_dot, name) {
		return { kind: "field", name: textOf(builder, name), span: spanOf(this) } satisfies Designator;
	},
	offsetDesignator_index(_open, index, _close) {
		return { kind: "index", from: ast<Expr>(index), span: spanOf(this) } satisfies Designator;
	},
	typesCompatible(_word, _open, left, _comma, right, _close) {
		return { kind: "types-compatible", left: ast<TypeName>(left), right: ast<TypeName>(right), span: spanOf(this) } satisfies Expr;
	},
	choose(_word, _open, condition, _comma, then, _comma2, otherwise, _close) {
		return {
			kind: "choose",
			condition: ast<Expr>(condition),
			then: ast<Expr>(then),
			else: ast<Expr>(otherwise),
			span: spanOf(this),
		} satisfies Expr;
	},
	vaArg(_word, _open, from, _comma, type, _close) {
		return { kind: "va-arg", list: ast<Expr>(from), type: ast<TypeName>(type), span: spanOf(this) } satisfies Expr;
	},
});
