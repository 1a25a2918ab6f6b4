/**
 * From ohm's parse to the syntax tree: what the three tables of actions share. An action reads a node's place in the chunk's string;
 * `Builder` turns that into tokens of the unit.
 */
import type { Node } from "ohm-js";
import type { TokenSpan } from "../diagnostics/diagnostic.ts";
import type { TokenBuffer } from "../preprocess/buffer.ts";
import type { Attribute } from "./ast.ts";

export interface Builder {
	readonly tokens: TokenBuffer;
	/** Token of the string's first character. */
	base: number;
	/** Attributes that pragmas add to a record, enum or function that begins at the token. */
	pragmaAttributes(token: number, subject: "record" | "enum" | "function" | "variable"): readonly Attribute[];
}

export type Actions = Record<string, (this: Node, ...children: Node[]) => unknown>;

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
/** Of `listOf`. */
export function list<T>(node: Node): T[] {
	return node.asIteration().children.map((child: Node) => child.ast() as T);
}

export function spanOf(builder: Builder, node: Node): TokenSpan {
	const { source } = node;
	return { from: builder.base + source.startIdx, to: builder.base + source.endIdx };
}
export function tokenOf(builder: Builder, node: Node): number {
	return builder.base + node.source.startIdx;
}
export function textOf(builder: Builder, node: Node): string {
	return builder.tokens.text(builder.base + node.source.startIdx);
}
