/** What pieces of a program are made with: a seeded choice for every number, names, the variables that every program has, and how to leave. */

export type Piece = (m: Maker) => string;

/** The program's variables. All are unsigned but `c`, which stays within 16 bits, so that nothing overflows. */
const VARIABLES = ["a", "b", "c", "d", "e"] as const;
/** Values that no compiler knows: what a global holds, and a number. */
export const DECLARED = "__u32 a = own.state + 1; __u64 b = own.bytes + 2; int c = own.state + 3; __u16 d = own.ports[0] + 4; __u8 e = own.state + 5;";

export class Maker {
	readonly #random: (limit: number) => number;
	#names = 0;
	/** Functions that pieces moved out of the way. */
	readonly functions: string[] = [];
	/** How a piece that cannot go on leaves: a statement. */
	leave = "goto out;";
	/** Pieces within pieces. */
	depth = 0;

	constructor(random: (limit: number) => number) {
		this.#random = random;
	}

	/** Below `limit`. */
	number(limit: number): number {
		return this.#random(limit);
	}

	chance(percent: number): boolean {
		return this.#random(100) < percent;
	}

	pick<T>(list: readonly T[]): T {
		return list[this.#random(list.length)];
	}

	name(stem: string): string {
		return `${stem}${this.#names++}`;
	}

	/** A value of any unsigned type, of variables and constants. */
	value(depth = 2): string {
		if (depth === 0 || this.chance(30)) return this.chance(60) ? this.pick(VARIABLES.filter((name) => name !== "c")) : String(this.pick([0, 1, 2, 3, 4, 7, 8, 15, 16, 31, 63, 64, 100, 255, 256, 1000, 0xffff]));
		const [x, y] = [this.value(depth - 1), this.value(depth - 1)];
		return this.pick([
			`(${x} + ${y})`,
			`((__u32)(${x}) * 31 + ${y})`,
			`(${x} ^ ${y})`,
			`(${x} & ${y})`,
			`(${x} | ${y})`,
			`((__u64)(${x}) << (${y} & 7))`,
			`((__u64)(${x}) >> (${y} & 15))`,
			`(${x} % ${this.pick([3, 7, 10, 16, 100])})`,
			`(${x} > ${y} ? ${x} - ${y} : ${y})`,
			`(${this.condition(depth - 1)} ? ${x} : ${y})`,
		]);
	}

	condition(depth = 1): string {
		const [x, y] = [this.value(depth), this.value(Math.max(0, depth - 1))];
		const simple = this.pick([`${x} == ${y}`, `${x} != ${y}`, `${x} < ${y}`, `${x} >= ${y}`, `${x} & ${this.pick([1, 2, 4, 8, 0x80])}`, `c < ${this.number(100)}`, `c == ${this.number(8)}`, `!${this.pick(VARIABLES)}`]);
		return this.chance(20) ? `(${simple} ${this.pick(["&&", "||"])} ${this.pick(VARIABLES)} ${this.pick(["<", ">", "=="])} ${this.number(40)})` : `(${simple})`;
	}

	/** A statement on the variables. */
	change(): string {
		const name = this.pick(VARIABLES);
		if (name === "c") return this.pick([`c = (int)(${this.value()} & 0xfff);`, "if (c < 1000) c++;", "if (c > 0) c--;", `c = ${this.number(9)};`]);
		return this.pick([`${name} = ${this.value()};`, `${name} += ${this.value(1)};`, `${name} ^= ${this.value(1)};`, `${name}++;`, `if ${this.condition()} ${name} = ${this.value(1)};`, `if ${this.condition()} ${name} = ${this.value(1)}; else ${this.pick(["a", "b", "d"])} += ${this.value(1)};`]);
	}

	/** An index below `size`, a power of two, as people make sure of it; `use` gets the index. */
	index(size: number, use: (index: string) => string): string {
		const value = this.value();
		const i = this.name("i");
		return this.pick([
			() => use(`(${value}) & ${size - 1}`),
			() => `{ __u32 ${i} = ${value}; if (${i} < ${size}) { ${use(i)} } }`,
			() => `{ __u32 ${i} = ${value}; if (${i} >= ${size}) ${i} = ${size - 1}; ${use(i)} }`,
			() => `{ __u64 ${i} = ${value}; if (${i} >= ${size}) ${this.leave} ${use(i)} }`,
			() => `{ __u8 ${i} = ${value}; ${i} %= ${size}; ${use(i)} }`,
			() => `{ int ${i} = (int)((${value}) & 0xffff); if (${i} >= 0 && ${i} < ${size}) { ${use(i)} } }`,
			() => `{ __u16 ${i} = ${value}; ${i} &= ${size * 2 - 1}; if (${i} > ${size - 1}) ${this.leave} ${use(i)} }`,
		])();
	}

	/** Two or three pieces one after another. */
	some(pieces: readonly Piece[], most = 3): string {
		if (this.depth > 2) return this.change();
		this.depth++;
		const text = Array.from({ length: 1 + this.number(most) }, () => (this.chance(25) ? this.change() : this.pick(pieces)(this))).join("\n");
		this.depth--;
		return text;
	}

	/** A loop of at most `rounds` rounds, in one of the forms that people write. `continues`: the body does, so that the step must stand in the head. */
	loop(rounds: number, body: (i: string) => string, continues = false): string {
		const i = this.name("i");
		const leave = this.leave;
		this.leave = this.pick(["break;", "break;", leave]);
		const text = body(i);
		this.leave = leave;
		const type = this.pick(["int", "__u32", "__u64", "__u8", "int"]);
		return this.pick([
			`for (${type} ${i} = 0; ${i} < ${rounds}; ${i}++) { ${text} }`,
			`_Pragma("unroll") for (${type} ${i} = 0; ${i} < ${rounds}; ${i}++) { ${text} }`,
			`for (${type} ${i} = 0; ${i} < ${rounds} && ${i} < (${this.pick(["a", "b", "d"])} & 31); ${i}++) { ${text} }`,
			...(continues ? [] : [`{ ${type} ${i} = 0; while (${i} < ${rounds}) { ${text} ${i}++; } }`]),
		]);
	}

	/** A condition round pieces, or a switch over them. */
	choice(pieces: readonly Piece[]): string {
		const one = (): string => this.some(pieces, 2);
		return this.pick([
			() => `if ${this.condition()} { ${one()} }`,
			() => `if ${this.condition()} { ${one()} } else { ${one()} }`,
			() => `switch (${this.pick(["a", "d", "e", "c"])}) { case ${this.number(4)}: { ${one()} } break; case ${4 + this.number(4)}: ${this.change()} ${this.pick(["break;", ""])} case 8 ... 9: case 17: { ${this.change()} } break; default: { ${this.change()} } }`,
		])();
	}
}
