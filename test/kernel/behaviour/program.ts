/** One C program of a few snippets, the packets that it gets, and what it finds in its context. */
import { eth, icmp, ipv4, ipv6, packet, tcp, udp, vlan } from "../../../runtime/test/index.ts";
import { anywhere } from "./anywhere.ts";
import { cgroupSkb, lwtXmit, socketFilter, tc, xdp } from "./packets.ts";
import { RESULTS, type Snippets, Source } from "./source.ts";
import { rawTracepoint } from "./tracing.ts";

interface Hook {
	readonly section: string;
	readonly context: string;
	readonly snippets: Snippets;
	readonly returns: readonly number[];
}

const { locked: _locks, ...unlocked } = anywhere;
const skb = (section: string, snippets: Snippets, returns: readonly number[]): Hook => ({ section, context: "struct __sk_buff", snippets, returns });

export const HOOKS: Readonly<Record<string, Hook>> = {
	tc: skb("tc", { ...anywhere, ...tc }, [0, 1, 2]),
	xdp: { section: "xdp", context: "struct xdp_md", snippets: { ...anywhere, ...xdp }, returns: [0, 1, 2] },
	// Filters take no maps with locks.
	socket: skb("socket", { ...unlocked, ...socketFilter }, [0, 1, 2]),
	cgroup_skb: skb("cgroup_skb/ingress", { ...anywhere, ...cgroupSkb }, [0, 1]),
	lwt_xmit: skb("lwt_xmit", { ...anywhere, ...lwtXmit }, [0, 1, 2]),
	raw_tp: { section: "raw_tp/sys_enter", context: "struct bpf_raw_tracepoint_args", snippets: { ...unlocked, ...rawTracepoint }, returns: [0, 1, 2] },
};

const map = (name: string, type: string, key: string, value: string, entries: number, flags = 0): string =>
	`struct { __uint(type, BPF_MAP_TYPE_${type}); __type(key, ${key}); __type(value, ${value}); __uint(max_entries, ${entries}); __uint(map_flags, ${flags}); } ${name} SEC(".maps");`;
const keyless = (name: string, type: string, value: string, entries: number): string =>
	`struct { __uint(type, BPF_MAP_TYPE_${type}); ${value === "" ? "" : `__type(value, ${value}); `}__uint(max_entries, ${entries}); } ${name} SEC(".maps");`;

const maps = [
	map("hash", "HASH", "__u32", "__u64", 4),
	map("lru", "LRU_HASH", "__u32", "__u64", 100),
	map("array", "ARRAY", "__u32", "__u64", 4),
	map("percpu_array", "PERCPU_ARRAY", "__u32", "__u64", 2),
	map("percpu_hash", "PERCPU_HASH", "__u32", "__u64", 2),
	"struct prefix { __u32 length; __u8 d[4]; };",
	map("lpm", "LPM_TRIE", "struct prefix", "__u64", 5, 1),
	keyless("queue", "QUEUE", "__u64", 3),
	keyless("stack", "STACK", "__u64", 3),
	keyless("bloom", "BLOOM_FILTER", "__u32", 10),
	keyless("ring", "RINGBUF", "", 4096),
	...["programs:PROG_ARRAY", "events:PERF_EVENT_ARRAY", "devices:DEVMAP", "cpus:CPUMAP", "sockets:XSKMAP"].map((pair) => map(...(pair.split(":") as [string, string]), "__u32", "__u32", 4)),
];
const typedMaps = [
	"struct locked { struct bpf_spin_lock lock; __u32 v; };",
	map("locked_hash", "HASH", "__u32", "struct locked", 2),
	map("locked_array", "ARRAY", "__u32", "struct locked", 1),
	map("storage", "SK_STORAGE", "int", "__u64", 0, 1),
];
const tracingMaps = [
	"struct { __uint(type, BPF_MAP_TYPE_STACK_TRACE); __uint(max_entries, 8); __uint(key_size, 4); __uint(value_size, 64); } stacks SEC(\".maps\");",
	map("tasks", "TASK_STORAGE", "int", "__u64", 0, 1),
];
const MAPS: Readonly<Record<string, readonly string[]>> = { socket: maps, raw_tp: [...maps, ...tracingMaps] };

const rest = `__u64 out[${RESULTS}]; __u64 cell; __u8 store[64]; const char text[64] = "hello";
static long each(void *map, const void *key, void *value, void *c) { *(__u64 *)c += *(__u64 *)value; return *(__u64 *)value == 3; }
static long body(__u32 i, void *c) { *(__u64 *)c += i * 3 + 1; return i == 7; }`;

export interface Made {
	readonly hook: string;
	readonly section: string;
	/** Of its snippets. */
	readonly names: readonly string[];
	readonly statements: readonly string[];
	readonly source: string;
	readonly packets: readonly Uint8Array[];
	/** Of a tracing program, which gets no packets. */
	readonly args: readonly bigint[] | null;
	/** Null: none is given. */
	readonly context: { readonly mark: number; readonly priority: number; readonly cb: readonly number[]; readonly tstamp: bigint } | null;
}

const MOST_SNIPPETS = 4;

export function makeProgram(random: (limit: number) => number, only: readonly string[]): Made {
	const s = new Source(random);
	const known = Object.entries(HOOKS).filter(([, { snippets }]) => only.length === 0 || only.some((name) => name in snippets));
	const [hook, { section, context, snippets, returns }] = s.pick(known);
	const usable = Object.keys(snippets).filter((name) => only.length === 0 || only.includes(name));
	const names = Array.from({ length: 1 + s.number(MOST_SNIPPETS) }, () => s.pick(usable));
	const statements = names.map((name) => snippets[name](s));
	const source = [
		"#include <linux/bpf.h>",
		"#include <bpf/bpf_helpers.h>",
		...(MAPS[hook] ?? [...maps, ...typedMaps]),
		rest,
		`SEC("${section}") int f(${context} *ctx)\n{\n\t__builtin_memset(out, 0, sizeof(out));`,
		...statements.map((statement, i) => `\t/* ${names[i]} */ ${statement}`),
		`\treturn ${s.pick(returns)};\n}`,
		'char _license[] SEC("license") = "GPL";',
	].join("\n");
	const args = hook === "raw_tp" ? Array.from({ length: 6 }, () => BigInt(s.word())) : null;
	const given = hook !== "xdp" && args === null && s.number(3) > 0 ? { mark: s.word(), priority: s.word(), cb: [0, 1, 2, 3, 4].map(() => s.number(100)), tstamp: BigInt(s.number(1000)) } : null;
	return { hook, section, names, statements, source, packets: args === null ? [somePacket(s), somePacket(s), somePacket(s)] : [], args, context: given };
}

function somePacket(s: Source): Uint8Array {
	return s.pick([
		() => packet(eth(), ipv4(), tcp({ dport: 80 }), "hello"),
		() => packet(eth(), ipv4({ tos: s.number(256) }), udp({ dport: 53 }), "query"),
		() => packet(eth(), ipv6(), tcp({ dport: 80 }), "x"),
		() => packet(eth(), vlan({ id: 7 }), ipv4(), tcp({ dport: 80 })),
		() => packet(eth(), vlan({ id: 9 }), vlan({ id: 7 }), ipv4(), udp({ dport: 80 })),
		() => packet(eth(), ipv4(), icmp(), "ping"),
		() => packet(eth(), ipv4({ options: new Uint8Array(8) }), tcp({ dport: 80 }), new Uint8Array(400)),
		() => Uint8Array.from({ length: 14 + s.number(60) }, () => s.number(256)),
		() => new Uint8Array(14),
	])();
}
