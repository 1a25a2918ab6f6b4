/** Actions for statements (C11 6.8 and GNU): chains of `else if` and runs of labels are read flat and nested here. */
import { type Actions, all, ast, type Builder, maybe, spanOf, textOf } from "./actions.ts";
import { asmActions } from "./asm-statements.ts";
import type { Attribute, CompoundStmt, Declaration, Expr, StaticAssert, Stmt } from "./ast.ts";
import type { Node } from "./tree.ts";

export const statementActions = (builder: Builder): Actions => ({
	...plainActions(builder),
	...labelActions(builder),
	...choiceActions,
	...loopActions(builder),
	...jumpActions(builder),
	...asmActions(builder),
});

const plainActions = (builder: Builder): Actions => ({
	compound(_open, items, _close) {
		return { kind: "compound", body: all<Stmt>(items), span: spanOf(this) } satisfies CompoundStmt;
	},
	attributedEmpty(attrs, _semicolon) {
		return { kind: "empty", attrs: all<Attribute[]>(attrs).flat(), span: spanOf(this) } satisfies Stmt;
	},
	localDeclaration(_start, declaration) {
		return { kind: "decl", decl: ast<Declaration>(declaration), span: spanOf(this) } satisfies Stmt;
	},
	statement_erased(_tokens) {
		return { kind: "empty", attrs: [], span: spanOf(this) } satisfies Stmt;
	},
	attributedStatement(attrs, statement) {
		const attributes = all<Attribute[]>(attrs).flat();
		const body = ast<Stmt>(statement);
		if (body.kind === "expr") return { ...body, attrs: [...attributes, ...body.attrs], span: spanOf(this) } satisfies Stmt;
		return body;
	},
	assertStatement(assert) {
		return { kind: "static-assert-stmt", assert: ast<StaticAssert>(assert), span: spanOf(this) } satisfies Stmt;
	},
	emptyStatement(_semicolon) {
		return { kind: "empty", attrs: [], span: spanOf(this) } satisfies Stmt;
	},
	expressionStatement(expr, _semicolon) {
		return { kind: "expr", expr: ast<Expr>(expr), attrs: [], span: spanOf(this) } satisfies Stmt;
	},
	localLabels(_word, names, _semicolon) {
		return { kind: "local-labels", names: names.children.map((node: Node) => textOf(builder, node)), span: spanOf(this) } satisfies Stmt;
	},
});

type Label = { readonly from: number } & (
	| { readonly kind: "case"; readonly value: Expr; readonly to?: Expr }
	| { readonly kind: "default" }
	| { readonly kind: "name"; readonly name: string; readonly attrs: readonly Attribute[] }
);

const labelActions = (builder: Builder): Actions => ({
	labeled(labels, statement) {
		let body = ast<Stmt>(statement);
		for (const label of all<Label>(labels).reverse()) {
			const at = { from: label.from, to: body.span.to };
			if (label.kind === "case")
				body = { kind: "case", from: label.value, ...(label.to === undefined ? {} : { to: label.to }), body, span: at };
			else if (label.kind === "default") body = { kind: "default", body, span: at };
			else body = { kind: "label", name: label.name, attrs: label.attrs, body, span: at };
		}
		return body;
	},
	blockEnd(_close) {
		return { kind: "empty", attrs: [], span: { from: this.from, to: this.from } } satisfies Stmt;
	},
	label_case(word, value, _dots, to, _colon): Label {
		const end = maybe<Expr>(to);
		return { kind: "case", value: ast<Expr>(value), ...(end === undefined ? {} : { to: end }), from: word.from };
	},
	label_default(word, _colon): Label {
		return { kind: "default", from: word.from };
	},
	label_name(name, _colon, attrs): Label {
		return { kind: "name", name: textOf(builder, name), attrs: all<Attribute[]>(attrs).flat(), from: name.from };
	},
});

const choiceActions: Actions = {
	ifStatement(_if, _open, condition, _close, then, elses, ifs, _open2, conditions, _close2, thens, _else, otherwise) {
		let rest = maybe<Stmt>(otherwise);
		const chain = [
			{ from: this.from, condition: ast<Expr>(condition), then: ast<Stmt>(then) },
			...ifs.children.map((word, i) => ({
				from: word.from,
				condition: ast<Expr>(conditions.children[i]),
				then: ast<Stmt>(thens.children[i]),
			})),
		];
		void elses;
		for (const link of chain.reverse()) {
			rest = {
				kind: "if",
				condition: link.condition,
				then: link.then,
				...(rest === undefined ? {} : { else: rest }),
				span: { from: link.from, to: (rest ?? link.then).span.to },
			};
		}
		return rest;
	},
	switchStatement(_switch, _open, value, _close, body) {
		return { kind: "switch", value: ast<Expr>(value), body: ast<Stmt>(body), span: spanOf(this) } satisfies Stmt;
	},
};

const loopActions = (builder: Builder): Actions => ({
	pragmaStatement(pragmas, statement) {
		let body = ast<Stmt>(statement);
		for (const pragma of pragmas.children) body = onLoop(body, builder.tokens.values[pragma.from]);
		return body;
	},
	loop_while(_while, _open, condition, _close, body) {
		return { kind: "while", condition: ast<Expr>(condition), body: ast<Stmt>(body), span: spanOf(this) } satisfies Stmt;
	},
	loop_do(_do, body, _while, _open, condition, _close, _semicolon) {
		return { kind: "do", body: ast<Stmt>(body), condition: ast<Expr>(condition), span: spanOf(this) } satisfies Stmt;
	},
	loop_for(_for, _open, init, condition, _semicolon, step, _close, body) {
		const start = ast<Declaration | Expr | undefined>(init);
		const test = maybe<Expr>(condition);
		const next = maybe<Expr>(step);
		return {
			kind: "for",
			...(start === undefined ? {} : { init: start }),
			...(test === undefined ? {} : { condition: test }),
			...(next === undefined ? {} : { step: next }),
			body: ast<Stmt>(body),
			span: spanOf(this),
		} satisfies Stmt;
	},
	forInit_declaration(_start, declaration) {
		return ast(declaration);
	},
	forInit_expression(expr, _semicolon) {
		return maybe<Expr>(expr);
	},
});

/** Puts an attribute or loop pragma on the statement behind it, through labels. */
function onLoop(statement: Stmt, unroll: number): Stmt {
	if (statement.kind === "while" || statement.kind === "do" || statement.kind === "for") return { ...statement, loop: { unroll } };
	if (statement.kind === "label" || statement.kind === "case" || statement.kind === "default")
		return { ...statement, body: onLoop(statement.body, unroll) };
	return statement;
}

const jumpActions = (builder: Builder): Actions => ({
	jump_goto(_goto, name, _semicolon) {
		return { kind: "goto", label: textOf(builder, name), span: spanOf(this) } satisfies Stmt;
	},
	jump_computed(_goto, _star, target, _semicolon) {
		return { kind: "computed-goto", target: ast<Expr>(target), span: spanOf(this) } satisfies Stmt;
	},
	jump_break(_word, _semicolon) {
		return { kind: "break", span: spanOf(this) } satisfies Stmt;
	},
	jump_continue(_word, _semicolon) {
		return { kind: "continue", span: spanOf(this) } satisfies Stmt;
	},
	jump_return(_word, value, _semicolon) {
		const result = maybe<Expr>(value);
		return { kind: "return", ...(result === undefined ? {} : { value: result }), span: spanOf(this) } satisfies Stmt;
	},
});
