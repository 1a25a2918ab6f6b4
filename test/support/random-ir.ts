/**
 * Random IR functions as text: structured control flow over a pool of live values, with loops that end, memory, calls of helpers
 * and of each other. What is undefined in C (shifts beyond the width) does not occur.
 */
export class Random {
	private state: number;

	constructor(seed: number) {
		this.state = seed | 0 || 1;
	}

	/** mulberry32 */
	next(): number {
		this.state = (this.state + 0x6d2b79f5) | 0;
		let t = Math.imul(this.state ^ (this.state >>> 15), 1 | this.state);
		t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
		return (t ^ (t >>> 14)) >>> 0;
	}

	below(n: number): number {
		return this.next() % n;
	}

	pick<T>(list: readonly T[]): T {
		return list[this.below(list.length)];
	}
}

type Ty = "i32" | "i64";
interface Val {
	readonly text: string;
	readonly ty: Ty;
}

const PREDS = ["eq", "ne", "ult", "ule", "ugt", "uge", "slt", "sle", "sgt", "sge"];
const CONSTANTS = [
	0, 1, 2, 3, 7, 8, 31, 63, 127, 128, 255, 256, 65535, 65536, 2147483647, -1, -2, -128, -32768, -2147483648,
];

export interface RandomOptions {
	/** Up to this many instructions, about. */
	readonly size: number;
	readonly signedDivision: boolean;
	readonly atomics: boolean;
}

class Writer {
	private readonly r: Random;
	private readonly options: RandomOptions;
	private readonly lines: string[] = [];
	private id = 0;
	private budget: number;
	private current = "";
	private readonly memory: { text: string; size: number }[] = [];

	constructor(r: Random, options: RandomOptions) {
		this.r = r;
		this.options = options;
		this.budget = options.size;
	}

	private fresh(): string {
		return `%${this.id++}`;
	}

	private emit(line: string): void {
		this.lines.push(`  ${line}`);
		this.budget--;
	}

	private begin(label: string): void {
		this.lines.push(`${label}:`);
		this.current = label;
	}

	private label(name: string): string {
		return `${name}.${this.id++}`;
	}

	private constant(ty: Ty): string {
		const { r } = this;
		if (ty === "i64" && r.below(6) === 0)
			return `i64 ${BigInt.asIntN(64, (BigInt(r.next()) << 32n) | BigInt(r.next()))}`;
		return `${ty} ${r.below(3) === 0 ? r.next() | 0 : r.pick(CONSTANTS)}`;
	}

	private operand(pool: readonly Val[], ty: Ty): string {
		const fitting = pool.filter((value) => value.ty === ty);
		if (fitting.length === 0 || this.r.below(4) === 0) return this.constant(ty);
		// Late values most often, early ones sometimes: long lives make registers scarce.
		return this.r.below(3) === 0
			? this.r.pick(fitting).text
			: fitting[Math.max(0, fitting.length - 1 - this.r.below(4))].text;
	}

	private arithmetic(pool: Val[]): void {
		const { r } = this;
		const ty: Ty = r.pick(["i32", "i64"]);
		const to = this.fresh();
		const kind = r.below(16);
		if (kind < 8) {
			const ops = [
				"add",
				"sub",
				"mul",
				"and",
				"or",
				"xor",
				"udiv",
				"umod",
				...(this.options.signedDivision ? ["sdiv", "smod"] : []),
			];
			this.emit(`${to} = ${r.pick(ops)} ${ty} ${this.operand(pool, ty)}, ${this.operand(pool, ty)}`);
			pool.push({ text: to, ty });
		} else if (kind < 10) {
			const op = r.pick(["shl", "lshr", "ashr"]);
			const bits = ty === "i32" ? 32 : 64;
			let count = `${ty} ${r.below(bits)}`;
			if (r.below(2) === 0) {
				const masked = this.fresh();
				this.emit(`${masked} = and ${ty} ${this.operand(pool, ty)}, ${ty} ${bits - 1}`);
				count = masked;
			}
			this.emit(`${to} = ${op} ${ty} ${this.operand(pool, ty)}, ${count}`);
			pool.push({ text: to, ty });
		} else if (kind === 10) {
			const op = r.pick(["zext", "sext"]);
			this.emit(`${to} = ${op} i64 ${this.operand(pool, "i32")}`);
			pool.push({ text: to, ty: "i64" });
		} else if (kind === 11) {
			this.emit(`${to} = trunc i32 ${this.operand(pool, "i64")}`);
			pool.push({ text: to, ty: "i32" });
		} else if (kind === 12) {
			this.emit(`${to} = sextfrom.${r.pick(ty === "i32" ? [8, 16] : [8, 16, 32])} ${ty} ${this.operand(pool, ty)}`);
			pool.push({ text: to, ty });
		} else if (kind === 13) {
			const from: Ty = r.pick(["i32", "i64"]);
			this.emit(`${to} = icmp.${r.pick(PREDS)} i32 ${this.operand(pool, from)}, ${this.operand(pool, from)}`);
			pool.push({ text: to, ty: "i32" });
		} else if (kind === 14) {
			this.emit(`${to} = bswap.${r.pick(ty === "i32" ? [16, 32] : [16, 32, 64])} ${ty} ${this.operand(pool, ty)}`);
			pool.push({ text: to, ty });
		} else {
			this.emit(`${to} = neg ${ty} ${this.operand(pool, ty)}`);
			pool.push({ text: to, ty });
		}
	}

	private access(pool: Val[]): void {
		const { r } = this;
		const place = r.pick(this.memory);
		const size = r.pick([1, 2, 4, 8].filter((bytes) => bytes <= place.size));
		let pointer = place.text;
		if (place.size > size && r.below(2) === 0) {
			const off = r.below(place.size / size) * size;
			const to = this.fresh();
			if (r.below(3) > 0) this.emit(`${to} = ptradd ptr ${pointer}, i64 ${off}`);
			else {
				const slots = place.size / size;
				const index = this.fresh();
				const scaled = this.fresh();
				this.emit(`${index} = and i64 ${this.operand(pool, "i64")}, i64 ${2 ** Math.floor(Math.log2(slots)) - 1}`);
				this.emit(`${scaled} = mul i64 ${index}, i64 ${size}`);
				this.emit(`${to} = ptradd ptr ${pointer}, ${scaled}`);
			}
			pointer = to;
		}
		const kind = r.below(this.options.atomics ? 7 : 5);
		if (kind < 2)
			this.emit(`store size=${size} ${pointer}, ${this.operand(pool, size === 8 ? "i64" : r.pick(["i32", "i64"]))}`);
		else if (kind < 5) {
			const ty: Ty = size === 8 ? "i64" : r.pick(["i32", "i64"]);
			const to = this.fresh();
			this.emit(`${to} = load ${ty} size=${size}${size < 8 && r.below(2) === 0 ? " signed" : ""} ${pointer}`);
			pool.push({ text: to, ty });
		} else if (size >= 4) {
			const ty: Ty = size === 8 ? "i64" : "i32";
			const to = this.fresh();
			if (r.below(3) === 0)
				this.emit(
					`${to} = cmpxchg ${ty} size=${size} ${pointer}, ${this.operand(pool, ty)}, ${this.operand(pool, ty)}`,
				);
			else
				this.emit(
					`${to} = atomic.${r.pick(["add", "sub", "and", "or", "xor", "xchg"])} ${ty} size=${size} fetch ${pointer}, ${this.operand(pool, ty)}`,
				);
			pool.push({ text: to, ty });
		}
	}

	private call(pool: Val[], callees: readonly string[]): void {
		const { r } = this;
		const to = this.fresh();
		const ty: Ty = r.pick(["i32", "i64"]);
		if (callees.length > 0 && r.below(3) === 0) {
			this.emit(`${to} = call i64 @${r.pick(callees)} ${this.operand(pool, "i64")}, ${this.operand(pool, "i32")}`);
			pool.push({ text: to, ty: "i64" });
			return;
		}
		const args = Array.from({ length: r.below(6) }, () => this.operand(pool, "i64"));
		this.emit(`${to} = call ${ty} helper mix#${10 + args.length} ${args.join(", ")}`.trimEnd());
		pool.push({ text: to, ty });
	}

	private condition(pool: Val[]): string {
		const { r } = this;
		if (r.below(5) === 0) return this.operand(pool, r.pick(["i32", "i64"]));
		const ty: Ty = r.pick(["i32", "i64"]);
		let left = this.operand(pool, ty);
		const to = this.fresh();
		if (r.below(4) === 0) {
			const masked = this.fresh();
			this.emit(`${masked} = and ${ty} ${left}, ${this.constant(ty)}`);
			left = masked;
			this.emit(`${to} = icmp.${r.pick(["eq", "ne"])} i32 ${left}, ${ty} 0`);
		} else this.emit(`${to} = icmp.${r.pick(PREDS)} i32 ${left}, ${this.operand(pool, ty)}`);
		return to;
	}

	/** Straight code and nested statements; returns with the block open. */
	private statements(pool: Val[], depth: number, callees: readonly string[]): void {
		const { r } = this;
		const count = 2 + r.below(8);
		for (let i = 0; i < count && this.budget > 0; i++) {
			const kind = r.below(20);
			if (kind < 11) this.arithmetic(pool);
			else if (kind < 15) this.access(pool);
			else if (kind < 16) this.call(pool, callees);
			else if (depth > 0 && kind < 18) this.conditional(pool, depth - 1, callees);
			else if (depth > 0) this.loop(pool, depth - 1, callees);
		}
	}

	private conditional(pool: Val[], depth: number, callees: readonly string[]): void {
		const { r } = this;
		const condition = this.condition(pool);
		const [yes, no, end] = [this.label("then"), this.label("else"), this.label("end")];
		const oneSided = r.below(2) === 0;
		const before = this.current;
		this.emit(`branch ${/^%/.test(condition) ? condition : this.named(condition)}, ${yes}, ${oneSided ? end : no}`);
		const merge = (): Val[] => [];
		void merge;
		this.begin(yes);
		const left = [...pool];
		this.statements(left, depth, callees);
		const leftEnd = this.current;
		this.emit(`jump ${end}`);
		const right = [...pool];
		let rightEnd = before;
		if (!oneSided) {
			this.begin(no);
			this.statements(right, depth, callees);
			rightEnd = this.current;
			this.emit(`jump ${end}`);
		}
		this.begin(end);
		for (let i = r.below(4); i > 0; i--) {
			const ty: Ty = r.pick(["i32", "i64"]);
			const to = this.fresh();
			this.emit(`${to} = phi ${ty} [${this.operand(left, ty)}, ${leftEnd}], [${this.operand(right, ty)}, ${rightEnd}]`);
			pool.push({ text: to, ty });
		}
	}

	/** A constant condition would be folded by the optimiser. */
	private named(constant: string): string {
		const to = this.fresh();
		this.lines.push(`  ${to} = load i32 size=4 volatile ${this.memory[0].text}`);
		void constant;
		return to;
	}

	private loop(pool: Val[], depth: number, callees: readonly string[]): void {
		const { r } = this;
		const [head, body, exit] = [this.label("head"), this.label("body"), this.label("exit")];
		const before = this.current;
		this.emit(`jump ${head}`);
		this.begin(head);
		const counter = this.fresh();
		const step = this.fresh();
		const carried = Array.from({ length: r.below(4) }, () => {
			const ty: Ty = r.pick(["i32", "i64"]);
			return { to: this.fresh(), ty, init: this.operand(pool, ty) };
		});
		const at = this.lines.length;
		const inner = [...pool, ...carried.map(({ to, ty }) => ({ text: to, ty })), { text: counter, ty: "i32" as Ty }];
		const more = this.fresh();
		this.emit(`${more} = icmp.ult i32 ${counter}, i32 ${1 + r.below(5)}`);
		this.emit(`branch ${more}, ${body}, ${exit}`);
		this.begin(body);
		const inBody = [...inner];
		this.statements(inBody, depth, callees);
		this.emit(`${step} = add i32 ${counter}, i32 1`);
		const latch = this.current;
		this.emit(`jump ${head}`);
		const phis = [
			`  ${counter} = phi i32 [i32 0, ${before}], [${step}, ${latch}]`,
			...carried.map(
				({ to, ty, init }) => `  ${to} = phi ${ty} [${init}, ${before}], [${this.operand(inBody, ty)}, ${latch}]`,
			),
		];
		this.lines.splice(at, 0, ...phis);
		this.begin(exit);
		pool.push(...inner.slice(pool.length));
	}

	function(name: string, callees: readonly string[]): string {
		this.lines.length = 0;
		this.memory.length = 0;
		this.id = 3;
		const pool: Val[] = [
			{ text: "%0", ty: "i64" },
			{ text: "%1", ty: "i32" },
		];
		this.begin("entry.2");
		for (const size of [8, 4, 24]) {
			const to = this.fresh();
			this.emit(`${to} = alloca ptr size=${size} align=${Math.min(size, 8)} variable="v${size}"`);
			this.memory.push({ text: to, size });
		}
		for (const { text, size } of [...this.memory]) {
			for (let at = 0; at < size; at += 4) {
				const to = this.fresh();
				this.emit(`${to} = ptradd ptr ${text}, i64 ${at}`);
				this.emit(`store size=4 ${to}, ${this.constant("i32")}`);
			}
		}
		const global = this.fresh();
		this.emit(`${global} = global ptr @state`);
		this.memory.push({ text: global, size: 64 });
		while (this.budget > 0) this.statements(pool, 3, callees);
		// Everything that is still known takes part in the result.
		let sum = "i64 0";
		for (const value of pool.slice(-12)) {
			let wide = value.text;
			if (value.ty === "i32") {
				wide = this.fresh();
				this.lines.push(`  ${wide} = ${this.r.pick(["zext", "sext"])} i64 ${value.text}`);
			}
			const times = this.fresh();
			const to = this.fresh();
			this.lines.push(`  ${times} = mul i64 ${sum}, i64 31`, `  ${to} = add i64 ${times}, ${wide}`);
			sum = to;
		}
		this.lines.push(`  ret ${sum}`);
		return `function @${name}(i64 %0, i32 %1) -> i64 global {\n${this.lines.join("\n")}\n}\n`;
	}
}

export function randomModule(seed: number, options: RandomOptions): string {
	const r = new Random(seed);
	const names = ["f0", "f1", "f2"].slice(0, 1 + r.below(3));
	const texts = names.map((name, i) =>
		new Writer(r, { ...options, size: i === names.length - 1 ? options.size : Math.ceil(options.size / 6) }).function(
			name,
			names.slice(0, i),
		),
	);
	return `global @state section ".bss" size 64 align 8 global\n\n${texts.join("\n")}`;
}
