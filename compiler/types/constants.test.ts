import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { readElf } from "../../assembler/elf/read.ts";
import { checkText } from "../../test/support/typed.ts";

/** Bytes of every initialised object, hexadecimal. */
function ours(text: string): Map<string, string> {
	const { typed, errors } = checkText(text);
	expect(errors).toEqual([]);
	return new Map(typed.objects.map((o) => [o.name, hex(o.init?.bytes ?? new Uint8Array())]));
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

/** One section per object: name → its bytes as clang wrote them. */
function clangs(text: string): Map<string, string> {
	const dir = mkdtempSync(join(tmpdir(), "constants-"));
	try {
		// clang takes no initialiser that overflows in signed arithmetic: such lines are left out.
		const lines = text.split("\n");
		for (let done = false; !done; ) {
			writeFileSync(join(dir, "t.c"), lines.join("\n"));
			const run = spawnSync("clang-19", ["-target", "bpf", "-O1", "-w", "-fdata-sections", "-ferror-limit=0", "-c", "t.c", "-o", "t.o"], { cwd: dir, encoding: "utf8" });
			const refused = [...run.stderr.matchAll(/^t\.c:(\d+):\d+: error: initializer element/gm)].map((m) => Number(m[1]) - 1);
			if (run.status !== 0 && refused.length === 0) throw new Error(run.stderr);
			for (const line of refused) lines[line] = "";
			done = run.status === 0;
		}
		const object = readElf(readFileSync(join(dir, "t.o")));
		return new Map(object.sections.filter((s) => /^\.data\./.test(s.name)).map((s) => [s.name.slice(6), hex(s.data)]));
	} finally {
		rmSync(dir, { recursive: true });
	}
}

const value = (expression: string, type = "long long"): bigint => {
	const bytes = Buffer.from(ours(`${type} v = ${expression};`).get("v")!, "hex");
	return bytes.length === 8 ? bytes.readBigInt64LE() : BigInt(bytes.readInt32LE());
};

describe("constant expressions", () => {
	it.each([
		["5+20-4", 21n],
		["-7/2", -3n],
		["-7%2", -1n],
		["1u-2", 0xffffffffn],
		["-1 < 1u", 0n],
		["-1 < 1ul", 0n],
		["-1 < (unsigned char)1", 1n],
		["(char)200", -56n],
		["(unsigned char)-1", 255n],
		["(_Bool)0.5", 1n],
		["(int)3000000000u", -1294967296n],
		["~0u", 0xffffffffn],
		["~0", -1n],
		["1 ? 2 : 3u", 2n],
		["sizeof(1 ? 1 : 1l)", 8n],
		["-1 >> 1", -1n],
		["-1u >> 1", 0x7fffffffn],
		["'ab'", 24930n],
		["'\\xff'", -1n],
		["L'\\xff'", 255n],
		["u'\\uffff'", 65535n],
		["sizeof \"abc\" \"d\"", 5n],
		["sizeof L\"ab\"", 12n],
		["0x80000000 > 0", 1n],
		["2147483648 - 1", 2147483647n],
		["0b101", 5n],
		["0777", 511n],
		["__builtin_offsetof(struct { char c; struct { int x[4]; } s; }, s.x[2])", 12n],
		["(long)&((struct { char c; long l; } *)0)->l", 8n],
		["__builtin_types_compatible_p(int[], int[3])", 1n],
		["__builtin_types_compatible_p(const int, int)", 1n],
		["__builtin_types_compatible_p(int *, const int *)", 0n],
		["_Generic((char)1, int: 1, char: 2, default: 3)", 2n],
		["_Generic(\"s\", char *: 1, default: 2)", 1n],
		["_Generic(1L + 1u, long: 1, unsigned long: 2)", 1n],
		["_Generic(const int, int: 1, const int: 2)", 2n],
		["_Generic(int[3], int *: 1, int[3]: 2)", 2n],
		["_Generic((const int)1, const int: 1, int: 2)", 2n],
		["__builtin_popcount(0xf0f) + __builtin_clz(1) + __builtin_ctzll(8) + __builtin_ffs(0)", 42n],
		["__builtin_bswap32(0x12345678)", 0x78563412n],
		["__builtin_constant_p(3 + 4)", 1n],
		["__builtin_choose_expr(1, 5, (void *)0)", 5n],
		["(1, 2) + sizeof(char[3])", 5n],
		["!0.0 + !!1.5f", 2n],
		["(int)(1.5 * 4)", 6n],
		["sizeof(struct { int a : 3; long : 0; char c; })", 12n],
		["_Alignof(long double)", 8n],
		["sizeof(int (*)[3])", 8n],
		["0 && 1/0", 0n],
		["1 ?: 2", 1n],
		["(__int128)1 << 100 >> 98", 4n],
		["sizeof(typeof(({ int x; x; })))", 4n],
	])("%s = %s", (expression, expected) => {
		expect(value(expression)).toBe(expected);
	});
});

describe("lengths of constant texts", () => {
	const CONSTANT = 'static const char name[] = "hello"; static char other[] = "hi"; static const struct { int n; char s[4]; } r = { 1, "ab" };';
	it("are constants", () => {
		expect(ours(`${CONSTANT} int v[] = { __builtin_strlen(name), __builtin_strlen(&name[2]), __builtin_strlen(r.s) };`).get("v")).toBe("050000000300000002000000");
	});
	it("are not, of what may change", () => {
		expect(checkText(`${CONSTANT} int v = __builtin_strlen(other);`).errors).toEqual(["initializer element is not a compile-time constant"]);
	});
});

describe("static initialisers", () => {
	it.each([
		["int v[4] = { 1, [2] = 5, 6 };", "01000000000000000500000006000000"],
		["int v[] = { [2] = 1, [0 ... 1] = 7 };", "070000000700000001000000"],
		["struct { int a[2]; struct { char b, c; } d; } v = { 1, 2, 3, 4 };", "010000000200000003040000"],
		["struct { int a; struct { int b, c; } d; int e; } v = { .d.c = 1, 2 };", "00000000000000000100000002000000"],
		["struct { int a; union { int b; long c; }; } v = { 1, .c = 2 };", "01000000000000000200000000000000"],
		["char v[] = \"ab\" \"c\";", "61626300"],
		["char v[2] = \"ab\";", "6162"],
		["char v[5] = { \"ab\" };", "6162000000"],
		["struct { char n[4]; int x; } v[2] = { \"ab\", 1, \"cd\", 2 };", "61620000010000006364000002000000"],
		["struct { unsigned a : 3, b : 7; int : 0; unsigned c : 4; } v = { 5, 100, 9 };", "2503000009000000"],
		["struct { int n; short t[]; } v = { 1, { 2, 3 } };", "0100000002000300"],
		["struct s { int x, y; } v = (struct s){ 1, 2 };", "0100000002000000"],
		["int v = { 3 };", "03000000"],
		["unsigned short v[] = u\"a\\u00e9\";", "6100e9000000"],
		["float v = 1.5f;", "0000c03f"],
		["struct { int x[0]; int y; } v = { {}, 3 };", "03000000"],
		["int v[2][2] = { 1, 2, { 3 } };", "01000000020000000300000000000000"],
		["int v[2][2] = { 1, 2, 3, 4, [0] = 9, [1][0] = 7, 8 };", "09000000020000000700000008000000"],
		["struct { struct { int a[2]; } s[2]; int t; } v = { .s[1] = 5, 6, 7 };", "0000000000000000050000000600000007000000"],
		["int v[2][3] = { [1][1] = 5, 6 };", "000000000000000000000000000000000500000006000000"],
	])("%s", (text, bytes) => {
		expect(ours(text).get("v")).toBe(bytes);
	});

	it("keeps addresses as relocations", () => {
		const { typed, errors } = checkText(`
			int target[4]; void f(void) {} struct { int *p; void (*f)(void); const char *s; long n; } v = { &target[2], f, "hi" + 1, 7 };
			int *pointers[] = { &target[1] - 1, target + 3, (int *)8 };`);
		expect(errors).toEqual([]);
		const relocs = (name: string): string[] => typed.objects.find((o) => o.name === name)!.init!.relocs.map((r) => `${r.offset}=${r.symbol.name.replace(/init\d+/, "")}+${r.addend}`);
		expect(relocs("v")).toEqual(["0=target+8", "8=f+0", "16=.L.str.+1"]);
		expect(relocs("pointers")).toEqual(["0=target+0", "8=target+12"]);
	});

	const clang = spawnSync("clang-19", ["--version"]).status === 0;
	it.skipIf(!clang)("have the bytes that clang writes", () => {
		const count = Number(process.env.CONSTANT_OBJECTS ?? 400);
		const text = randomObjects(count, Number(process.env.CONSTANT_SEED ?? 3));
		const a = ours(text);
		const b = clangs(text);
		expect(b.size).toBeGreaterThan(count / 3);
		const differ = [...b].filter(([name, bytes]) => a.get(name) !== bytes).map(([name, bytes]) => ({ clang: bytes, ours: a.get(name), text: new RegExp(`^.*\\b${name}\\b.*$`, "m").exec(text)?.[0] }));
		expect(differ.slice(0, 5)).toEqual([]);
	});
});

const TYPES = ["char", "signed char", "unsigned char", "short", "unsigned short", "int", "unsigned", "long", "unsigned long", "long long", "unsigned long long", "_Bool", "enum e"] as const;

/** Objects of random types with random constant initialisers that mean something in C (no division by zero, no wild shifts). */
function randomObjects(count: number, seed: number): string {
	let state = seed;
	const below = (n: number): number => {
		state = (Math.imul(state, 1103515245) + 12345) >>> 0;
		return (state >>> 8) % n;
	};
	const pick = <T>(list: readonly T[]): T => list[below(list.length)]!;
	const literal = (): string => {
		const digits = pick(["0", "1", "2", "7", "127", "128", "255", "256", "32767", "65535", "65536", "2147483647", "2147483648", "4294967295", "4294967296", "0x7fffffffffffffff", "0xffffffffffffffff", "0x123456789", "'a'", "'\\377'"]);
		return digits.startsWith("'") ? digits : digits + pick(["", "", "u", "l", "ul", "ll", "ull"]);
	};
	const expr = (depth: number): string => {
		if (depth === 0) return literal();
		switch (below(9)) {
			case 0:
				return `(${pick(TYPES)})${expr(depth - 1)}`;
			case 1:
				return `${pick(["-", "~", "!", "+"])} ${expr(depth - 1)}`;
			case 2:
				return `(${expr(depth - 1)} ${pick(["<<", ">>"])} (${expr(depth - 1)} & 31))`;
			case 3:
				return `(${expr(depth - 1)} ${pick(["/", "%"])} (${expr(depth - 1)} | 1))`;
			case 4:
				return `(${expr(depth - 1)} ? ${expr(depth - 1)} : ${expr(depth - 1)})`;
			case 5:
				return `(${expr(depth - 1)} ${pick(["<", ">", "<=", ">=", "==", "!=", "&&", "||"])} ${expr(depth - 1)})`;
			case 6:
				return `sizeof(${expr(depth - 1)})`;
			default:
				return `(${expr(depth - 1)} ${pick(["+", "-", "*", "&", "|", "^"])} ${expr(depth - 1)})`;
		}
	};
	interface Shape {
		readonly text: string;
		readonly names: readonly { readonly name: string; readonly shape: Shape }[];
		readonly elements: { readonly count: number; readonly shape: Shape } | null;
	}
	const scalar = (type: string): Shape => ({ text: type, names: [], elements: null });
	const shape = (depth: number): Shape => {
		const what = depth === 0 ? 0 : below(5);
		if (what < 2) return scalar(pick(TYPES));
		if (what === 2) return { text: "array", names: [], elements: { count: 1 + below(4), shape: shape(depth - 1) } };
		const names = Array.from({ length: 1 + below(4) }, (_, i) => ({ name: `m${i}`, shape: shape(depth - 1) }));
		return { text: below(5) ? "struct" : "union", names, elements: null };
	};
	const declare = (s: Shape, name: string): string => {
		if (s.elements) return declare(s.elements.shape, `${name}[${s.elements.count}]`);
		if (s.names.length === 0) return `${s.text} ${name}`;
		const members = s.names.map((m) => {
			const bits = m.shape.names.length === 0 && !m.shape.elements && below(4) === 0 && !/_Bool|enum/.test(m.shape.text) ? ` : ${1 + below(7)}` : "";
			return `${declare(m.shape, m.name)}${bits};`;
		});
		return `${s.text} { ${members.join(" ")} } ${name}`;
	};
	const init = (s: Shape, top: boolean): string => {
		if (s.elements) {
			const items = Array.from({ length: below(s.elements.count + 1) }, (_, i) => `${below(4) === 0 ? `[${i}] = ` : ""}${init(s.elements!.shape, false)}`);
			return `{ ${items.join(", ")} }`;
		}
		if (s.names.length > 0) {
			const named = s.text === "union" ? [pick(s.names)] : s.names.filter(() => below(4) > 0);
			return `{ ${named.map((m) => `.${m.name} = ${init(m.shape, false)}`).join(", ")} }`;
		}
		return !top && below(10) === 0 ? `{ ${expr(2)} }` : expr(below(4));
	};
	const lines = ["enum e { E0, E1 = 7 };"];
	for (let i = 0; i < count; i++) {
		const s = shape(3);
		lines.push(`${declare(s, `v${i}`)} = ${init(s, true)};`);
	}
	return lines.join("\n");
}

it("reads a part of a literal of a record in an initialiser", () => {
	const made = ours(`struct version { unsigned number; }; struct map { unsigned least, most; };
#define VERSION(v) ((struct version){ .number = (v) })
static const struct version NEWEST = { 9 };
struct map limits = { .least = VERSION(5).number, .most = (NEWEST).number };
_Static_assert(VERSION(7).number == 7, "seven");`);
	expect(made.get("limits")).toBe("0500000009000000");
});

it("gives an array of a record in the arena elements in the arena", () => {
	const { errors } = checkText(`#define arena __attribute__((address_space(1)))
struct bits { unsigned long words[4]; struct { int counts[3]; } in; };
unsigned long first(struct bits arena *b) { unsigned long arena *w = b->words; int arena *c = b->in.counts; return w[1] + c[2]; }`);
	expect(errors).toEqual([]);
});
