/**
 * The parse tree that actions walk: a node says which rule matched, where (tokens of the unit), and what its parts are. `ast()` runs the
 * rule's action on it. It is ohm's tree without ohm's wrappers, which cost more than the match.
 */
import { bug } from "../diagnostics/diagnostic.ts";

/** In place of a rule's number. */
export const TERMINAL = -1;
/** The matches of a repetition, an option or a list (its separators left out). */
export const ITERATION = -2;

/** What a rule means: its parts in, a piece of the syntax tree out. */
export type Action = (this: Node, ...parts: Node[]) => unknown;

export class Node {
	readonly rule: number;
	readonly from: number;
	readonly to: number;
	readonly children: readonly Node[];
	readonly actions: readonly (Action | undefined)[];

	constructor(rule: number, from: number, to: number, children: readonly Node[], actions: readonly (Action | undefined)[]) {
		this.rule = rule;
		this.from = from;
		this.to = to;
		this.children = children;
		this.actions = actions;
	}

	isTerminal(): boolean {
		return this.rule === TERMINAL;
	}

	/** The action's result; a rule of one part without an action means what its part means. */
	ast(): unknown {
		const { rule, children } = this;
		const action = this.actions[rule];
		if (action !== undefined) return action.apply(this, children as Node[]);
		if (rule >= 0 && children.length === 1) return children[0].ast();
		return bug(`rule ${rule} of the grammar has no action`);
	}
}

export const NO_NODES: readonly Node[] = [];
