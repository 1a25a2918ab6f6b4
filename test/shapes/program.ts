/** One C program as people write them: a packet's headers, maps, counters, functions of its own; and the packets that it gets. */
import { eth, icmp, ipv4, ipv6, packet, tcp, udp, vlan } from "../../runtime/test/index.ts";
import { generator } from "../support/random-program.ts";
import { DECLARED, Maker, type Piece } from "./maker.ts";
import { GLOBALS, MAP_PIECES } from "./maps.ts";
import { CURSORS, type Cursor, packetPieces } from "./packets.ts";

interface Hook {
	readonly section: string;
	readonly context: string;
	readonly returns: readonly number[];
	readonly writes: boolean;
}

const HOOKS: readonly Hook[] = [
	{ section: "xdp", context: "struct xdp_md", returns: [0, 1, 2], writes: true },
	{ section: "tc", context: "struct __sk_buff", returns: [0, 1, 2], writes: false },
];

export interface Shape {
	readonly source: string;
	readonly packets: readonly Uint8Array[];
}

export function makeShape(seed: number): Shape {
	const m = new Maker(generator(seed * 7919 + 131));
	const hook = m.pick(HOOKS);
	const cursor = m.pick(CURSORS);
	const pieces = [...packetPieces(cursor, hook.writes), ...MAP_PIECES];
	const nested: Piece = (one) => one.pick([() => one.choice(all), () => one.loop(one.pick([2, 3, 4, 8]), () => one.some(all, 2))])();
	const moved: Piece = (one) => inFunction(one, hook, cursor, all);
	const all: readonly Piece[] = [...pieces, ...pieces, nested, nested, nested, nested, moved, moved, moved];
	const returned = m.pick(hook.returns);
	const body = m.some(all, 6);
	const source = [
		"#include <linux/bpf.h>",
		"#include <bpf/bpf_helpers.h>",
		"#include <bpf/bpf_endian.h>",
		"#ifndef NULL\n#define NULL ((void *)0)\n#endif",
		GLOBALS,
		cursor.before,
		...m.functions,
		`SEC("${hook.section}") int f(${hook.context} *ctx)\n{`,
		`${cursor.start} ${DECLARED}`,
		body,
		`out: out[0] ^= a; out[1] += b; out[2] ^= d ^ e; out[3] += c;\nreturn ${returned};\n}`,
		'char _license[] SEC("license") = "GPL";',
	].join("\n");
	return { source, packets: Array.from({ length: 6 }, () => somePacket(m)) };
}

/** Some pieces in a function of their own, inlined, not inlined, global, or called by bpf_loop(). */
function inFunction(m: Maker, { context }: Hook, cursor: Cursor, pieces: readonly Piece[]): string {
	if (m.depth > 2 || m.functions.length > 3) return m.change();
	const name = m.name("part");
	const { leave } = m;
	m.leave = "return 0;";
	const rest = "int c = 3; __u16 d = (__u16)b; __u8 e = (__u8)a;";
	const body = m.some(pieces, 3);
	m.leave = leave;
	if (m.chance(20)) {
		m.functions.push(`struct of_${name} { ${context} *ctx; __u32 a; __u64 b; };\nstatic long ${name}(__u32 round, void *arg)\n{ struct of_${name} *s = arg; ${context} *ctx = s->ctx; __u32 a = s->a + round; __u64 b = s->b; ${rest} ${cursor.start}\n${body}\ns->a = a; s->b ^= b + d + e + c; return ${m.condition(0)}; }`.replace(/return 0;/g, "return 1;"));
		return `{ struct of_${name} s = { ctx, a, b }; bpf_loop(${m.pick(["3", "8", "a & 7"])}, ${name}, &s, 0); a = s.a; b = s.b; }`;
	}
	const kind = m.pick(["static __always_inline int", "static int", "static __attribute__((noinline)) int", "__attribute__((noinline)) int"]);
	m.functions.push(`${kind} ${name}(${context} *ctx, __u32 a, __u64 b)\n{ ${rest} ${cursor.start}\n${body}\nout[4] += b ^ d; return (a ^ e ^ c) & 0xfff; }`);
	const call = `${name}(ctx, ${m.value(1)}, ${m.value(1)})`;
	return m.pick([`c = ${call};`, `if (${call} > ${m.number(50)}) ${m.leave}`, `a += ${call};`]);
}

function somePacket(m: Maker): Uint8Array {
	return m.pick([
		() => packet(eth(), ipv4(), tcp({ dport: 80, options: Uint8Array.of(2, 4, 5, 180, 1, 1, 4, 2) }), "hello"),
		() => packet(eth(), ipv4({ tos: m.number(256) }), udp({ dport: 53 }), "\x03www\x07example\x03org\x00query."),
		() => packet(eth(), ipv6(), tcp({ dport: 80 }), "GET /index.html HTTP/1.1"),
		() => packet(eth(), vlan({ id: 7 }), ipv4(), tcp({ dport: 80 })),
		() => packet(eth(), vlan({ id: 9 }), vlan({ id: 7 }), ipv4(), udp({ dport: 80 }), "A.b"),
		() => packet(eth(), ipv4(), icmp(), "ping"),
		() => packet(eth(), ipv4({ options: new Uint8Array(8).fill(1) }), tcp({ dport: 443 }), new Uint8Array(400).fill(7)),
		() => Uint8Array.from({ length: 14 + m.number(120) }, () => m.pick([0, 1, 2, 3, 4, 46, 60, 255, m.number(256)])),
		() => Uint8Array.from({ length: 14 + m.number(120) }, (_, i) => (i === 12 ? 8 : i === 13 ? 0 : i === 14 ? 0x45 : m.number(64))),
		() => new Uint8Array(14),
	])();
}
