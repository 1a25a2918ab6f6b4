/**
 * Matches tokens against the grammar: kinds in, a tree or null out. The grammar is c.ohm as ohm-js read it at build time (`tables.ts`),
 * with ohm's meaning of every expression: ordered choice, greedy repetition, no left recursion. What it leaves to ohm is what costs ohm its
 * time: remembering each rule's result at each place, and what was expected where. A choice looks only at parts that can begin with the
 * token at hand, so little is tried twice; a text on which that does not hold runs out of steps, and it as well as a text
 * that does not match is given to ohm (`parser.ts`), which has the last word.
 */
import { Op } from "./matcher-ops.ts";
import { ARITIES, BODIES, CODE, RULES, SETS } from "./tables.ts";
import { type Action, ITERATION, Node, NO_NODES, TERMINAL } from "./tree.ts";

const code = Int32Array.from(CODE);
const bodies = Int32Array.from(BODIES);
const KINDS = 256;
/** 1 where a set has a kind. */
const member = new Uint8Array(SETS.length * KINDS);
SETS.forEach((kinds, set) => kinds.forEach((kind) => (member[set * KINDS + kind] = 1)));
const ruleNumber = new Map(RULES.map((name, number) => [name, number]));

/** Stands behind the last token; in no set. */
export const END_OF_TEXT = KINDS - 1;

/** Enough for any text without much backtracking: an expression's token takes about forty. */
const STEPS_PER_TOKEN = 500;
const STEPS = 20_000;

/** Actions by rule number. */
export function actionTable(actions: Readonly<Record<string, Action>>): readonly (Action | undefined)[] {
	return RULES.map((name) => actions[name]);
}

export class Matcher {
	/** By rule number. */
	readonly #actions: readonly (Action | undefined)[];
	/** A rule of one part without an action is left out of the tree. */
	readonly #transparent: Uint8Array;
	#text: Uint8Array = new Uint8Array(0);
	#base = 0;
	#pos = 0;
	#steps = 0;
	#nodes: Node[] = [];

	constructor(actions: readonly (Action | undefined)[]) {
		this.#actions = actions;
		this.#transparent = Uint8Array.from(ARITIES, (arity, rule) => (arity === 1 && actions[rule] === undefined ? 1 : 0));
	}

	/** Of the kinds of a text's tokens, with END_OF_TEXT behind the last, and the number of its first token in the unit. */
	match(kinds: Uint8Array, first: number, rule: string): Node | null {
		this.#text = kinds;
		this.#base = first;
		this.#pos = 0;
		this.#nodes = [];
		this.#steps = STEPS + STEPS_PER_TOKEN * kinds.length;
		const number = ruleNumber.get(rule) as number;
		if (!this.#run(bodies[number]) || this.#pos !== kinds.length - 1 || this.#steps < 0) return null;
		return new Node(number, first, first + this.#pos, this.#nodes, this.#actions);
	}

	/** Matches the expression here: moves on and leaves its nodes, or gives false with position and nodes anywhere. */
	#run(at: number): boolean {
		if (--this.#steps < 0) return false;
		switch (code[at]) {
			case Op.token:
				if (this.#text[this.#pos] !== code[at + 1]) return false;
				this.#terminal();
				return true;
			case Op.range: {
				const kind = this.#text[this.#pos];
				if (kind < code[at + 1] || kind > code[at + 2]) return false;
				this.#terminal();
				return true;
			}
			case Op.sequence: {
				const last = at + 1 + code[at + 1];
				for (let part = at + 2; part <= last; part++) if (!this.#run(code[part])) return false;
				return true;
			}
			case Op.choice: {
				const start = this.#pos;
				const count = this.#nodes.length;
				const kind = this.#text[this.#pos];
				const last = at + 2 * code[at + 1];
				for (let part = at + 2; part <= last; part += 2) {
					const set = code[part];
					if (set >= 0 && member[set * KINDS + kind] === 0) continue;
					if (this.#run(code[part + 1])) return true;
					this.#pos = start;
					this.#nodes.length = count;
				}
				return false;
			}
			case Op.repeat:
				return this.#repeat(at);
			case Op.not: {
				const start = this.#pos;
				const count = this.#nodes.length;
				const matched = this.#run(code[at + 1]);
				this.#pos = start;
				this.#nodes.length = count;
				return !matched;
			}
			case Op.lookahead: {
				const start = this.#pos;
				const matched = this.#run(code[at + 1]);
				this.#pos = start;
				return matched;
			}
			case Op.rule: {
				const rule = code[at + 1];
				if (this.#transparent[rule] === 1) return this.#run(bodies[rule]);
				const start = this.#pos;
				const count = this.#nodes.length;
				if (!this.#run(bodies[rule])) return false;
				const parts = this.#take(count);
				this.#nodes.push(new Node(rule, this.#base + start, this.#base + this.#pos, parts, this.#actions));
				return true;
			}
			default:
				return this.#list(at);
		}
	}

	#terminal(): void {
		const at = this.#base + this.#pos++;
		this.#nodes.push(new Node(TERMINAL, at, at + 1, NO_NODES, this.#actions));
	}

	/** The nodes from `count` on, taken off. */
	#take(count: number): readonly Node[] {
		if (this.#nodes.length === count) return NO_NODES;
		const taken = this.#nodes.slice(count);
		this.#nodes.length = count;
		return taken;
	}

	#repeat(at: number): boolean {
		const least = code[at + 1];
		const most = code[at + 2];
		const arity = code[at + 3];
		const set = code[at + 4];
		const inner = code[at + 5];
		const start = this.#pos;
		const count = this.#nodes.length;
		let rounds = 0;
		while (rounds < most) {
			const before = this.#pos;
			const matched = this.#nodes.length;
			if (set >= 0 && member[set * KINDS + this.#text[this.#pos]] === 0) break;
			if (!this.#run(inner)) {
				this.#pos = before;
				this.#nodes.length = matched;
				break;
			}
			rounds++;
		}
		if (rounds < least) return false;
		const taken = this.#take(count);
		for (let column = 0; column < arity; column++)
			this.#nodes.push(this.#iteration(arity === 1 ? taken : taken.filter((_, i) => i % arity === column), start));
		return true;
	}

	#list(at: number): boolean {
		const element = code[at + 2];
		const separator = code[at + 3];
		const start = this.#pos;
		const count = this.#nodes.length;
		let behind = start;
		let matched = count;
		while (this.#run(element)) {
			behind = this.#pos;
			matched = this.#nodes.length;
			if (!this.#run(separator)) break;
			this.#nodes.length = matched;
		}
		// Back to behind the last element.
		this.#pos = behind;
		this.#nodes.length = matched;
		if (matched === count && code[at + 1] > 0) return false;
		this.#nodes.push(this.#iteration(this.#take(count), start));
		return true;
	}

	#iteration(children: readonly Node[], start: number): Node {
		const at = this.#base + start;
		return children.length === 0
			? new Node(ITERATION, at, at, NO_NODES, this.#actions)
			: new Node(ITERATION, children[0].from, children[children.length - 1].to, children, this.#actions);
	}
}
