/** Pieces that walk over a packet, whichever way the program keeps its place. */
import type { Maker, Piece } from "./maker.ts";

/** How a program knows where it is in a packet; `p`, `end` and what else there is are the function's locals. */
export interface Cursor {
	/** Declares the locals, of the context `ctx`. */
	readonly start: string;
	/** What is needed in front of the program. */
	readonly before: string;
	/** True where fewer than n bytes are left. */
	lacks(m: Maker, n: number | string): string;
	at(type: string, offset: number | string): string;
	move(by: string): string;
}

const bounds = "void *data = (void *)(long)ctx->data; void *end = (void *)(long)ctx->data_end;";

export const CURSORS: readonly Cursor[] = [
	{
		before: "",
		start: `${bounds} void *p = data;`,
		lacks: (m, n) => m.pick([`p + ${n} > end`, `p + ${n} > end`, `(__u8 *)p + ${n} > (__u8 *)end`]),
		at: (type, offset) => `*(${type} *)(p + ${offset})`,
		move: (by) => `p += ${by};`,
	},
	...["__u32", "__u64", "int", "__u16"].map((type) => ({
		before: "",
		start: `${bounds} ${type} off = 0;`,
		lacks: (m: Maker, n: number | string) => m.pick([`data + off + ${n} > end`, `off > 1500 || data + off + ${n} > end`]),
		at: (type: string, offset: number | string) => `*(${type} *)(data + off + ${offset})`,
		move: (by: string) => `off += ${by};`,
	})),
	{
		before: `struct cursor { void *at; void *end; };
static __always_inline int short_of(struct cursor *k, __u32 n) { return k->at + n > k->end; }`,
		start: "struct cursor k = { (void *)(long)ctx->data, (void *)(long)ctx->data_end };",
		lacks: (_m, n) => `short_of(&k, ${n})`,
		at: (type, offset) => `*(${type} *)(k.at + ${offset})`,
		move: (by) => `k.at += ${by};`,
	},
];

const fields = [["__u8", 1], ["__u16", 2], ["__u32", 4]] as const;

/** Pieces for one cursor. `writes`: where the packet may be written. */
export function packetPieces(k: Cursor, writes: boolean): readonly Piece[] {
	const note = (m: Maker, value: string): string => m.pick([`a += ${value};`, `b ^= ${value};`, `d = ${value};`, `e = ${value};`, `c = (int)(${value} & 0x7fff);`]);
	const field = (m: Maker, n: number): string => {
		const [type, size] = m.pick(fields.filter(([, size]) => size <= n));
		return k.at(type, m.number(n - size + 1));
	};
	const header: Piece = (m) => {
		const n = m.pick([2, 4, 8, 14, 20]);
		const write = writes && m.chance(20) ? `${k.at("__u8", m.number(n))} = ${m.value(1)};` : "";
		return `if (${k.lacks(m, n)}) ${m.leave} ${note(m, field(m, n))} ${m.chance(50) ? note(m, field(m, n)) : ""} ${write} ${m.chance(70) ? k.move(String(n)) : ""}`;
	};
	const ethernet: Piece = (m) => `if (${k.lacks(m, 14)}) ${m.leave} d = ${k.at("__u16", 12)}; ${k.move("14")}`;
	const tags: Piece = (m) => m.loop(m.pick([1, 2, 3]), () => `if (d != bpf_htons(0x8100)${m.chance(50) ? " && d != bpf_htons(0x88a8)" : ""}) break; if (${k.lacks(m, 4)}) ${m.leave} ${m.chance(50) ? note(m, k.at("__u16", 0)) : ""} d = ${k.at("__u16", 2)}; ${k.move("4")}`);
	const ip: Piece = (m) => {
		const n = m.name("n");
		return `if (d == bpf_htons(0x0800)) { __u32 ${n}; if (${k.lacks(m, 20)}) ${m.leave} ${n} = (${k.at("__u8", 0)} & 15) * 4; if (${n} < 20) ${m.leave} e = ${k.at("__u8", 9)}; ${note(m, k.at("__u32", 12))} ${note(m, k.at("__u32", 16))} ${m.chance(50) ? `if (${k.lacks(m, n)}) ${m.leave}` : ""} ${k.move(n)} }`;
	};
	const extensions: Piece = (m) => {
		const n = m.name("n");
		return m.loop(m.pick([2, 4, 6]), () => `__u32 ${n}; if (e != 0 && e != 43 && e != 60) break; if (${k.lacks(m, 2)}) ${m.leave} e = ${k.at("__u8", 0)}; ${n} = (${k.at("__u8", 1)} + 1) * 8; ${m.chance(50) ? `if (${k.lacks(m, n)}) ${m.leave}` : ""} ${k.move(n)}`);
	};
	const options: Piece = (m) => {
		const [kind, n] = [m.name("kind"), m.name("n")];
		return m.loop(m.pick([4, 8, 10, 20]), () => `__u8 ${kind}, ${n}; if (${k.lacks(m, 1)}) ${m.leave} ${kind} = ${k.at("__u8", 0)}; if (${kind} == 0) break; if (${kind} == 1) { ${k.move("1")} continue; } if (${k.lacks(m, 2)}) ${m.leave} ${n} = ${k.at("__u8", 1)}; if (${n} < 2) break; ${m.chance(60) ? `if (${kind} == ${2 + m.number(6)}) { if (${k.lacks(m, 8)}) ${m.leave} ${note(m, field(m, 8))} ${m.chance(30) ? "break;" : ""} }` : ""} ${k.move(n)}`, true);
	};
	const hashed: Piece = (m) => m.loop(m.pick([4, 8, 16, 32]), (i) => `if (${k.lacks(m, `${i} + 1`)}) ${m.leave} a = (a ^ ${k.at("__u8", i)}) * 16777619;`);
	const text: Piece = (m) => {
		const [key, i, byte] = [m.name("text"), m.name("j"), m.name("byte")];
		const size = m.pick([8, 16, 24]);
		return `{ char ${key}[${size}] = {}; __u32 ${i}; for (${i} = 0; ${i} < ${m.pick([size, size - 1])}; ${i}++) { __u8 ${byte}; if (${k.lacks(m, 1)}) break; ${byte} = ${k.at("__u8", 0)}; if (${byte} == ${m.pick([0, 32, 46])}) break; ${m.chance(40) ? `if (${byte} >= 'A' && ${byte} <= 'Z') ${byte} |= 32;` : ""} ${key}[${i}] = ${byte}; ${k.move("1")} } ${m.chance(50) ? `if (${i} > 0) e = ${key}[${m.pick([`${i} - 1`, `(${i} - 1) & 7`])}];` : ""} { struct row *r = bpf_map_lookup_elem(&names${size}, ${key}); if (r) r->hits++; } a += ${i}; }`;
	};
	const buffer: Piece = (m) => {
		const [copy, n] = [m.name("copy"), m.name("n")];
		const size = m.pick([8, 16, 32]);
		return `{ __u8 ${copy}[${size}] = {}; __u32 ${n} = ${m.value()}; ${m.pick([`${n} &= ${size - 1};`, `if (${n} > ${size}) ${n} = ${size};`, `if (${n} > ${size}) ${m.leave}`])} for (__u32 j = 0; j < ${size}; j++) { if (j >= ${n}) break; if (${k.lacks(m, "j + 1")}) break; ${copy}[j] = ${k.at("__u8", "j")}; } a += ${copy}[${m.number(size)}]; b ^= *(__u64 *)${copy}; }`;
	};
	const labels: Piece = (m) => {
		const [n, i] = [m.name("n"), m.name("i")];
		return `{ __u8 ${n} = 0; for (int ${i} = 0; ${i} < ${m.pick([16, 40, 64])}; ${i}++) { __u8 x; if (${k.lacks(m, 1)}) ${m.leave} x = ${k.at("__u8", 0)}; ${k.move("1")} if (${n} == 0) { if (x == 0 || x > 63) break; ${n} = x; } else { ${n}--; a = a * 33 + x; } } }`;
	};
	return [header, header, ethernet, tags, ip, extensions, options, hashed, text, buffer, labels];
}
