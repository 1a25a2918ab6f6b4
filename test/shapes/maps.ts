/** Pieces that look up and change maps, memory of the program's own, and buffers that are filled bit by bit. */
import type { Maker, Piece } from "./maker.ts";

const map = (name: string, type: string, key: string, value: string, entries: number): string => `struct { __uint(type, BPF_MAP_TYPE_${type}); __type(key, ${key}); __type(value, ${value}); __uint(max_entries, ${entries}); } ${name} SEC(".maps");`;

export const GLOBALS = [
	"struct row { __u64 hits; __u64 bytes; __u32 last[8]; __u16 ports[16]; __u8 state; __u8 flags : 3; __u8 kind : 5; };",
	"struct key { __u32 from; __u32 to; __u16 port; __u8 proto; __u8 pad; };",
	"struct buffer { __u32 used; __u8 bytes[1024]; };",
	map("rows", "ARRAY", "__u32", "struct row", 4),
	map("flows", "HASH", "struct key", "struct row", 64),
	map("cpu_rows", "PERCPU_ARRAY", "__u32", "struct row", 2),
	map("buffers", "PERCPU_ARRAY", "__u32", "struct buffer", 1),
	...[8, 16, 24].map((size) => `struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(key_size, ${size}); __type(value, struct row); __uint(max_entries, 16); } names${size} SEC(".maps");`),
	"const volatile __u32 limit = 5; const volatile __u8 wanted = 6;",
	"static const __u32 table[16] = { 3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8, 9, 7, 9, 3 };",
	"__u64 out[16]; __u8 bytes[64]; struct row own;",
].join("\n");

/** Statements on `r`, a row that is there. */
function onRow(m: Maker): string {
	const port = m.name("p");
	return m.pick([
		() => "r->hits++; r->bytes += d;",
		() => "__sync_fetch_and_add(&r->hits, 1);",
		() => m.index(8, (i) => `r->last[${i}] = a;`),
		() => m.index(16, (i) => `r->ports[${i}]++; a += r->ports[${m.number(16)}];`),
		() => `r->flags = ${m.value(1)} & 7; r->kind += ${m.number(4)}; if (r->flags == ${m.number(8)}) r->state |= ${1 << m.number(8)};`,
		() => m.loop(16, (i) => `if (r->ports[${i}] == d) { a += ${i}; break; } if (!r->ports[${i}]) { r->ports[${i}] = d; break; }`),
		() => `{ __u32 ${port} = 0; for (int j = 1; j < 8; j++) if (r->last[j] < r->last[${port}]) ${port} = j; r->last[${port}] = a; }`,
		() => "switch (r->state) { case 0: r->state = 1; break; case 1: if (e & 1) r->state = 2; break; case 2: r->hits += 2; default: r->state = 0; }",
		() => "if (r->hits > limit) { b += r->hits; r->hits = 0; } else if (r->bytes) b /= r->bytes;",
	])();
}

export const MAP_PIECES: readonly Piece[] = [
	(m) => {
		const key = m.name("key");
		return `{ __u32 ${key} = ${m.pick(["0", "a & 3", "e % 4", "wanted & 3", m.value(1)])}; struct row *r = bpf_map_lookup_elem(&rows, &${key}); if (${m.pick(["!r", "r == NULL"])}) ${m.leave} ${onRow(m)} ${onRow(m)} }`;
	},
	(m) => {
		const key = m.name("key");
		return `{ __u32 ${key} = ${m.number(2)}; struct row *r = bpf_map_lookup_elem(&cpu_rows, &${key}); if (r) { ${onRow(m)} } }`;
	},
	(m) => {
		const [key, fresh] = [m.name("key"), m.name("fresh")];
		const fill = m.pick([`struct key ${key} = {}; ${key}.from = a; ${key}.port = d; ${key}.proto = e;`, `struct key ${key}; __builtin_memset(&${key}, 0, sizeof(${key})); ${key}.to = (__u32)b; ${key}.port = ${m.value(1)};`, `struct key ${key} = { .from = a, .to = (__u32)b, .port = d, .proto = e };`]);
		return `{ ${fill} struct row *r = bpf_map_lookup_elem(&flows, &${key}); if (!r) { struct row ${fresh} = {}; ${fresh}.hits = 1; ${fresh}.last[${m.number(8)}] = a; bpf_map_update_elem(&flows, &${key}, &${fresh}, ${m.pick(["BPF_ANY", "BPF_NOEXIST"])}); ${m.pick([m.leave, `r = bpf_map_lookup_elem(&flows, &${key}); if (!r) ${m.leave}`, ""])} } if (r) { ${onRow(m)} ${onRow(m)} ${m.chance(15) ? `if (r->state == 2) bpf_map_delete_elem(&flows, &${key});` : ""} } }`;
	},
	(m) => m.index(16, (i) => `out[${i}] += ${m.value(1)};`),
	(m) => m.index(16, (i) => `a += table[${i}];`),
	(m) => m.index(64, (i) => `bytes[${i}] = e; d += bytes[(${i}) / 2];`),
	(m) => `{ struct row *r = &own; ${onRow(m)} }`,
	(m) => m.loop(16, (i) => `if (table[${i}] == (a & 15)) { out[${i}]++; break; }`),
	// What is put together for user space: each part behind the last, with the room asked for in one way or another.
	(m) => {
		const [f, zero] = [m.name("f"), m.name("zero")];
		const part = (): string => {
			const n = m.pick([1, 2, 4, 8]);
			const [type] = [({ 1: "__u8", 2: "__u16", 4: "__u32", 8: "__u64" } as const)[n]];
			return m.pick([
				`if (${f}->used > sizeof(${f}->bytes) - ${n}) ${m.leave} *(${type} *)&${f}->bytes[${f}->used] = ${m.value(1)}; ${f}->used += ${n};`,
				`{ __u32 w = ${f}->used; if (w <= 1024 - ${n}) { __builtin_memcpy(&${f}->bytes[w], &b, ${n}); ${f}->used = w + ${n}; } }`,
				`*(${type} *)&${f}->bytes[${f}->used & 511] = ${m.value(1)}; ${f}->used = (${f}->used & 511) + ${n};`,
			]);
		};
		return `{ __u32 ${zero} = 0; struct buffer *${f} = bpf_map_lookup_elem(&buffers, &${zero}); if (!${f}) ${m.leave} ${m.chance(50) ? `${f}->used = 0;` : ""} ${Array.from({ length: 1 + m.number(4) }, part).join(" ")} }`;
	},
	// A text of the kernel's, as long as it is; another behind it.
	(m) => {
		const [f, zero, n] = [m.name("f"), m.name("zero"), m.name("n")];
		return `{ __u32 ${zero} = 0; struct buffer *${f} = bpf_map_lookup_elem(&buffers, &${zero}); if (${f}) { __u32 w = ${f}->used & 511; long ${n} = bpf_probe_read_kernel_str(&${f}->bytes[w], ${m.pick(["64", "256"])}, bytes); if (${n} > 0${m.pick(["", ` && ${n} <= 64`, ` && ${n} < 300`])}) { ${m.pick([`${f}->used = w + ${n};`, `w += ${n}; if (w < 1024 - 8) ${f}->bytes[w] = e; ${f}->used = w;`, `bpf_probe_read_kernel(&${f}->bytes[(w + ${n}) & 511], ${n} & 63, bytes); ${f}->used = w;`])} } } }`;
	},
	(m) => `{ __u32 n = ${m.value()}; ${m.pick(["n &= 63;", "if (n > 64) n = 64;", `if (n > 64) ${m.leave}`, "n = n > 60 ? 60 : n;"])} char t[64] = {}; bpf_probe_read_kernel(t, n, bytes); a += t[${m.number(64)}]; }`,
];
