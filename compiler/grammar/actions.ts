/** From the parse tree to the syntax tree: what the three tables of actions share. */
import type { TokenSpan } from "../diagnostics/diagnostic.ts";
import type { TokenBuffer } from "../preprocess/buffer.ts";
import type { Attribute } from "./ast.ts";
import type { Action, Node } from "./tree.ts";

export interface Builder {
	readonly tokens: TokenBuffer;
	/** Attributes that pragmas add to a record, enum or function that begins at the token. */
	pragmaAttributes(token: number, subject: "record" | "enum" | "function" | "variable"): readonly Attribute[];
	/** Warns that the last member of a record ends without its semicolon in front of the token. */
	lacksSemicolon(token: number): void;
}

/** By rule. */
export type Actions = Record<string, Action>;

/** The tree that the node stands for. Which type it has is the grammar's business, so the caller says it. */
export function ast<T>(node: Node): T {
	return node.ast() as T;
}
/** Of a repetition. */
export function all<T>(node: Node): T[] {
	return node.children.map((child) => child.ast() as T);
}
/** Of an option. */
export function maybe<T>(node: Node): T | undefined {
	return node.children.length === 0 ? undefined : (node.children[0].ast() as T);
}

export function spanOf(node: Node): TokenSpan {
	return { from: node.from, to: node.to };
}
export function textOf(builder: Builder, node: Node): string {
	return builder.tokens.text(node.from);
}
