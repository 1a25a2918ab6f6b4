/** The text of one program while it is made: a seeded choice for every number, and places in `out` for every result. */

/** Words of `out`; what does not fit is added up in the last one. */
export const RESULTS = 48;

export class Source {
	readonly #random: (limit: number) => number;
	#next = 0;

	constructor(random: (limit: number) => number) {
		this.#random = random;
	}

	/** Below `limit`. */
	number(limit: number): number {
		return this.#random(limit);
	}

	pick<T>(list: readonly T[]): T {
		return list[this.#random(list.length)];
	}

	/** One of several statements. */
	one(...statements: readonly (() => string)[]): string {
		return this.pick(statements)();
	}

	/** A statement that keeps an expression's value. */
	note(expression: string): string {
		return this.#next < RESULTS - 1 ? `out[${this.#next++}] = (__u64)(${expression});` : `out[${RESULTS - 1}] += (__u64)(${expression});`;
	}

	notes(...expressions: readonly string[]): string {
		return expressions.map((expression) => this.note(expression)).join(" ");
	}

	/** 32 bits, often at an edge. */
	word(): number {
		return this.pick([0, 1, 2, 0xff, 0xffff, 0x10000, 0x12345678, 0x80000000, 0xffffffff, this.number(1 << 30)]);
	}

	bytes(count: number): string {
		return Array.from({ length: count }, () => this.number(256)).join(", ");
	}

	/** A buffer `b` of 32 bytes whose first `length` are rubbish, what is done with it, and what it holds afterwards. */
	buffer(length: number, use: string): string {
		return `{ __attribute__((aligned(8))) __u8 b[32] = { ${this.bytes(length)} }; ${use} ${this.notes("*(__u64 *)b", "*(__u64 *)(b + 8)", "*(__u64 *)(b + 16)", "*(__u64 *)(b + 24)")} }`;
	}
}

/** Makes one statement, which may use `ctx`, the maps and `out`. */
export type Snippet = (s: Source) => string;
export type Snippets = Readonly<Record<string, Snippet>>;
