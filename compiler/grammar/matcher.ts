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

/** Kinds of a text's tokens, with END_OF_TEXT behind the last; the number of its first token in the unit; the rule it is to match. */
export type Match = (kinds: Uint8Array, base: number, rule: string) => Node | null;

export function createMatcher(actions: readonly (Action | undefined)[]): Match {
	/** A rule of one part without an action is left out of the tree. */
	const transparent = Uint8Array.from(ARITIES, (arity, rule) => (arity === 1 && actions[rule] === undefined ? 1 : 0));
	let text: Uint8Array = new Uint8Array(0);
	let base = 0;
	let pos = 0;
	let steps = 0;
	let nodes: Node[] = [];

	return (kinds, first, rule) => {
		text = kinds;
		base = first;
		pos = 0;
		nodes = [];
		steps = STEPS + STEPS_PER_TOKEN * kinds.length;
		const number = ruleNumber.get(rule) as number;
		if (!run(bodies[number]) || pos !== kinds.length - 1 || steps < 0) return null;
		return new Node(number, base, base + pos, nodes, actions);
	};

	/** Matches the expression here: moves on and leaves its nodes, or gives false with position and nodes anywhere. */
	function run(at: number): boolean {
		if (--steps < 0) return false;
		switch (code[at]) {
			case Op.token:
				if (text[pos] !== code[at + 1]) return false;
				terminal();
				return true;
			case Op.range: {
				const kind = text[pos];
				if (kind < code[at + 1] || kind > code[at + 2]) return false;
				terminal();
				return true;
			}
			case Op.sequence: {
				const last = at + 1 + code[at + 1];
				for (let part = at + 2; part <= last; part++) if (!run(code[part])) return false;
				return true;
			}
			case Op.choice: {
				const start = pos;
				const count = nodes.length;
				const kind = text[pos];
				const last = at + 2 * code[at + 1];
				for (let part = at + 2; part <= last; part += 2) {
					const set = code[part];
					if (set >= 0 && member[set * KINDS + kind] === 0) continue;
					if (run(code[part + 1])) return true;
					pos = start;
					nodes.length = count;
				}
				return false;
			}
			case Op.repeat:
				return repeat(at);
			case Op.not: {
				const start = pos;
				const count = nodes.length;
				const matched = run(code[at + 1]);
				pos = start;
				nodes.length = count;
				return !matched;
			}
			case Op.lookahead: {
				const start = pos;
				const matched = run(code[at + 1]);
				pos = start;
				return matched;
			}
			case Op.rule: {
				const rule = code[at + 1];
				if (transparent[rule] === 1) return run(bodies[rule]);
				const start = pos;
				const count = nodes.length;
				if (!run(bodies[rule])) return false;
				const parts = take(count);
				nodes.push(new Node(rule, base + start, base + pos, parts, actions));
				return true;
			}
			default:
				return list(at);
		}
	}

	function terminal(): void {
		const at = base + pos++;
		nodes.push(new Node(TERMINAL, at, at + 1, NO_NODES, actions));
	}

	/** The nodes from `count` on, taken off. */
	function take(count: number): readonly Node[] {
		if (nodes.length === count) return NO_NODES;
		const taken = nodes.slice(count);
		nodes.length = count;
		return taken;
	}

	function repeat(at: number): boolean {
		const least = code[at + 1];
		const most = code[at + 2];
		const arity = code[at + 3];
		const set = code[at + 4];
		const inner = code[at + 5];
		const start = pos;
		const count = nodes.length;
		let rounds = 0;
		while (rounds < most) {
			const before = pos;
			const matched = nodes.length;
			if (set >= 0 && member[set * KINDS + text[pos]] === 0) break;
			if (!run(inner)) {
				pos = before;
				nodes.length = matched;
				break;
			}
			rounds++;
		}
		if (rounds < least) return false;
		const taken = take(count);
		for (let column = 0; column < arity; column++)
			nodes.push(iteration(arity === 1 ? taken : taken.filter((_, i) => i % arity === column), start));
		return true;
	}

	function list(at: number): boolean {
		const element = code[at + 2];
		const separator = code[at + 3];
		const start = pos;
		const count = nodes.length;
		let behind = start;
		let matched = count;
		while (run(element)) {
			behind = pos;
			matched = nodes.length;
			if (!run(separator)) break;
			nodes.length = matched;
		}
		// Back to behind the last element.
		pos = behind;
		nodes.length = matched;
		if (matched === count && code[at + 1] > 0) return false;
		nodes.push(iteration(take(count), start));
		return true;
	}

	function iteration(children: readonly Node[], start: number): Node {
		const at = base + start;
		return children.length === 0
			? new Node(ITERATION, at, at, NO_NODES, actions)
			: new Node(ITERATION, children[0].from, children[children.length - 1].to, children, actions);
	}
}
