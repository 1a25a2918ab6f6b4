/**
 * The shortest formula of each truth function of three values, in `and`, `or` and `xor`.
 *
 * A function is its table as a number of 8 bits: bit i is the answer where value j is bit j of i. Functions of fewer values are those whose answer
 * does not depend on the others.
 */
export const VALUES: readonly number[] = [0b10101010, 0b11001100, 0b11110000];
export const ALWAYS = 0xff;
export const NEVER = 0;

export interface Formula {
	/** Operations. */
	readonly cost: number;
	/** Null: one of the values, or a constant. */
	readonly op: "and" | "or" | "xor" | null;
	/** Tables of its operands. */
	readonly left: number;
	readonly right: number;
}

const OPS = [
	["and", (a: number, b: number): number => a & b],
	["or", (a: number, b: number): number => a | b],
	["xor", (a: number, b: number): number => a ^ b],
] as const;

let formulas: readonly Formula[] | null = null;

/** The formula of a table. */
export function shortest(table: number): Formula {
	formulas ??= findAll();
	return formulas[table];
}

/** Formulas by rising cost: two of costs i and j make one of cost i + j + 1. */
function findAll(): Formula[] {
	const found = new Array<Formula>(256);
	const byCost: number[][] = [[...VALUES, ALWAYS, NEVER]];
	for (const table of byCost[0]) found[table] = { cost: 0, op: null, left: table, right: table };
	for (let cost = 1, left = 256 - byCost[0].length; left > 0; cost++) {
		const fresh: number[] = [];
		for (let i = 0; i < cost; i++) {
			for (const a of byCost[i]) {
				for (const b of byCost[cost - 1 - i]) {
					for (const [op, apply] of OPS) {
						const table = apply(a, b);
						if (found[table] !== undefined) continue;
						found[table] = { cost, op, left: a, right: b };
						fresh.push(table);
						left--;
					}
				}
			}
		}
		byCost.push(fresh);
	}
	return found;
}
