/**
 * From ohm's recipe of the grammar to the matcher's tables (compiler/grammar/matcher.ts reads them): the parsing expressions as numbers
 * in one list, and for each choice and repetition the tokens with which its parts can begin, so that parts are passed over at a glance.
 */
import { GRAMMAR_BASE } from "../../compiler/source/kinds.ts";
import { Op } from "../../compiler/grammar/matcher-ops.ts";

/** ["seq", {}, …], as `grammar.toRecipe()` writes it. */
type Expression = readonly [string, object, ...unknown[]];
export type RecipeRules = Readonly<Record<string, readonly [string, object, string | null, readonly string[], Expression]>>;

export interface GrammarTables {
	readonly RULES: readonly string[];
	/** By rule: where its expression begins in CODE, and how many nodes it leaves. */
	readonly BODIES: readonly number[];
	readonly ARITIES: readonly number[];
	readonly CODE: readonly number[];
	/** Sets of tokens. */
	readonly SETS: readonly (readonly number[])[];
}

/** With which tokens an expression can begin. `empty`: it may match without looking at any. */
interface Start {
	readonly tokens: ReadonlySet<number>;
	readonly empty: boolean;
}

export function grammarTables(rules: RecipeRules): GrammarTables {
	const names = Object.keys(rules);
	const numbers = new Map(names.map((name, i) => [name, i]));
	const bodyOf = (name: string): Expression => rules[name][4];
	const starts = startSets(names, bodyOf);
	const code: number[] = [];
	const bodies = names.map(() => -1);
	const sets: number[][] = [];
	const setNumbers = new Map<string, number>();

	/** −1: nothing can be said. */
	function setOf(expression: Expression): number {
		const { tokens, empty } = startOf(expression, starts);
		if (empty) return -1;
		const sorted = [...tokens].sort((a, b) => a - b);
		const key = sorted.join();
		let number = setNumbers.get(key);
		if (number === undefined) {
			number = sets.push(sorted) - 1;
			setNumbers.set(key, number);
		}
		return number;
	}

	/** Parts first: the index is that of a whole expression. */
	function emit(expression: Expression): number {
		const put = (...numbers: number[]): number => code.push(...numbers) - numbers.length;
		const part = (i: number): Expression => expression[i] as Expression;
		switch (expression[0]) {
			case "terminal":
				return put(Op.token, kindOf(expression[2]));
			case "range":
				return put(Op.range, kindOf(expression[2]), kindOf(expression[3]));
			case "seq": {
				const parts = expression.slice(2).map((p) => emit(p as Expression));
				return put(Op.sequence, parts.length, ...parts);
			}
			case "alt": {
				const parts = expression.slice(2).flatMap((p) => [setOf(p as Expression), emit(p as Expression)]);
				return put(Op.choice, parts.length / 2, ...parts);
			}
			case "star":
			case "plus":
			case "opt": {
				const inner = emit(part(2));
				return put(Op.repeat, expression[0] === "plus" ? 1 : 0, expression[0] === "opt" ? 1 : 0x7fffffff, arityOf(part(2), bodyOf), setOf(part(2)), inner);
			}
			case "not":
				return put(Op.not, emit(part(2)));
			case "lookahead":
				return put(Op.lookahead, emit(part(2)));
			case "app": {
				const name = expression[2] as string;
				const args = expression[3] as readonly Expression[];
				if (name === "listOf" || name === "nonemptyListOf") {
					const [element, separator] = args.map(emit);
					return put(Op.list, name === "listOf" ? 0 : 1, element, separator);
				}
				const rule = numbers.get(name);
				if (rule === undefined || args.length > 0) throw new Error(`rule ${name} is not one that the tables know`);
				return put(Op.rule, rule);
			}
			default:
				throw new Error(`the tables know no expression '${expression[0]}'`);
		}
	}

	names.forEach((name, i) => (bodies[i] = emit(bodyOf(name))));
	return { RULES: names, BODIES: bodies, ARITIES: names.map((name) => arityOf(bodyOf(name), bodyOf)), CODE: code, SETS: sets };
}

function kindOf(character: unknown): number {
	if (typeof character !== "string" || character.length !== 1) throw new Error("a terminal is one token");
	return character.charCodeAt(0) - GRAMMAR_BASE;
}

/** How many nodes an expression leaves. */
function arityOf(expression: Expression, bodyOf: (rule: string) => Expression): number {
	switch (expression[0]) {
		case "seq":
			return expression.slice(2).reduce<number>((sum, part) => sum + arityOf(part as Expression, bodyOf), 0);
		case "not":
			return 0;
		case "alt":
		case "star":
		case "plus":
		case "opt":
		case "lookahead":
			return arityOf(expression[2] as Expression, bodyOf);
		default:
			return 1;
	}
}

type Starts = ReadonlyMap<string, Start>;
const NOTHING: Start = { tokens: new Set(), empty: false };

/** The least solution of the grammar's equations. */
function startSets(names: readonly string[], bodyOf: (rule: string) => Expression): Starts {
	const starts = new Map<string, Start>(names.map((name) => [name, NOTHING]));
	for (let changed = true; changed; ) {
		changed = false;
		for (const name of names) {
			const before = starts.get(name) as Start;
			const after = startOf(bodyOf(name), starts);
			if (after.tokens.size === before.tokens.size && after.empty === before.empty) continue;
			starts.set(name, after);
			changed = true;
		}
	}
	return starts;
}

function startOf(expression: Expression, starts: Starts): Start {
	const part = (i: number): Start => startOf(expression[i] as Expression, starts);
	switch (expression[0]) {
		case "terminal":
			return { tokens: new Set([kindOf(expression[2])]), empty: false };
		case "range": {
			const from = kindOf(expression[2]);
			return { tokens: new Set(Array.from({ length: kindOf(expression[3]) - from + 1 }, (_, i) => from + i)), empty: false };
		}
		case "seq": {
			const tokens = new Set<number>();
			for (let i = 2; i < expression.length; i++) {
				const start = part(i);
				for (const token of start.tokens) tokens.add(token);
				if (!start.empty) return { tokens, empty: false };
			}
			return { tokens, empty: true };
		}
		case "alt": {
			const parts = expression.slice(2).map((_, i) => part(i + 2));
			return { tokens: new Set(parts.flatMap((p) => [...p.tokens])), empty: parts.some((p) => p.empty) };
		}
		case "star":
		case "opt":
			return { tokens: part(2).tokens, empty: true };
		case "plus":
		case "lookahead":
			return part(2);
		case "not":
			return { tokens: new Set(), empty: true };
		case "app": {
			if (expression[2] !== "listOf" && expression[2] !== "nonemptyListOf") return starts.get(expression[2] as string) ?? NOTHING;
			const element = startOf((expression[3] as readonly Expression[])[0], starts);
			return expression[2] === "listOf" ? { tokens: element.tokens, empty: true } : element;
		}
		default:
			throw new Error(`the tables know no expression '${expression[0]}'`);
	}
}
