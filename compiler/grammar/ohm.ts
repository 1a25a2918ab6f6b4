/**
 * ohm-js itself, for the texts that `matcher.ts` gives up: those that do not match, where ohm knows how far it got and what it
 * expected, and those on which only remembering helps. Also the few things of ohm that its type declarations leave out.
 */
import type { Grammar, MatchResult } from "ohm-js";
import * as ohm from "ohm-js";
import { RULES } from "./tables.ts";
import { type Action, ITERATION, Node, TERMINAL } from "./tree.ts";

/** The other end of `grammar.toRecipe()`. */
export function loadRecipe(recipe: string): Grammar {
	const { makeRecipe } = ohm as unknown as { makeRecipe(recipe: unknown): Grammar };
	return makeRecipe(JSON.parse(recipe));
}

/** Where a failed match got to, and the literals that would have let it go on. */
export function failureOf(match: MatchResult): { readonly at: number; readonly expected: readonly string[] } {
	const failed = match as unknown as { getRightmostFailurePosition(): number; getRightmostFailures(): readonly { getText(): string }[] };
	return { at: failed.getRightmostFailurePosition(), expected: failed.getRightmostFailures().map((f) => f.getText()) };
}

/** A node of ohm's own tree; places are relative to the parent's. */
interface OhmNode {
	readonly ctorName: string;
	readonly matchLength: number;
	readonly children?: readonly OhmNode[];
	readonly childOffsets?: readonly number[];
}

/** A match of ohm's as our tree; `base` is the number of the text's first token. */
export function treeOf(match: MatchResult, base: number, actions: readonly (Action | undefined)[]): Node {
	const numbers = new Map(RULES.map((name, number) => [name, number]));
	const { _cst: root, _cstOffset: at } = match as unknown as { readonly _cst: OhmNode; readonly _cstOffset: number };
	return convert(root, base + at, base + at);

	/** `parent`: where the closest rule began; its parts' places count from there. */
	function convert(node: OhmNode, from: number, parent: number): Node {
		const { ctorName, children = [], childOffsets = [] } = node;
		const to = from + Math.max(0, node.matchLength);
		if (ctorName === "_terminal") return new Node(TERMINAL, from, to, [], actions);
		const origin = ctorName === "_iter" ? parent : from;
		const child = (i: number): Node => convert(children[i], origin + childOffsets[i], origin);
		if (ctorName === "listOf") return child(0);
		if (ctorName === "emptyListOf") return new Node(ITERATION, from, from, [], actions);
		if (ctorName === "nonemptyListOf") return new Node(ITERATION, from, to, [child(0), ...child(2).children], actions);
		const parts = children.map((_, i) => child(i));
		return new Node(ctorName === "_iter" ? ITERATION : (numbers.get(ctorName) as number), from, to, parts, actions);
	}
}
