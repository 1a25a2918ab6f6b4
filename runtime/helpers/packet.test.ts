/**
 * What helpers over packets did in BPF_PROG_TEST_RUN of Linux 6.18, a program a row: expressions with their values one after another, and the packet afterwards ("": not
 * compared, it is long). test/kernel/behaviour asks a running kernel about thousands more.
 */
import { expect, it } from "vitest";
import { compileAndLoad } from "../../index.ts";
import { ArrayMap } from "../maps/array.ts";
import { eth, ipv4, ipv6, packet, tcp, udp, vlan } from "../test/index.ts";

const packets = {
	tcp4: packet(eth(), ipv4(), tcp({ dport: 80 })),
	udp6: packet(eth(), ipv6(), udp({ dport: 53 })),
	tagged: packet(eth(), vlan({ id: 7 }), ipv4(), udp({ dport: 80 })),
	ect: packet(eth(), ipv4({ tos: 2 }), udp({ dport: 53 })),
};

type Row = readonly [section: string, packet: keyof typeof packets, values: readonly (readonly [expression: string, value: number])[], after: string];

const rows: readonly Row[] = [
	["tc", "tcp4", [["bpf_skb_adjust_room(ctx, 8, 0, 0)", 0], ["ctx->len", 62]], "02000000000202000000000108004500002800004000400626ce0a0000010a0000020000000000000000c000005000000000000000005002ffffdb8f0000"],
	["tc", "tcp4", [["bpf_skb_adjust_room(ctx, 4, 1, 0)", 0]], "0200000000020200000000010800000000004500002800004000400626ce0a0000010a000002c000005000000000000000005002ffffdb8f0000"],
	["tc", "tcp4", [["bpf_skb_adjust_room(ctx, -8, 0, 0)", 0]], "02000000000202000000000108004500002800004000400626ce0a0000010a000002000000005002ffffdb8f0000"],
	["tc", "tcp4", [["bpf_skb_adjust_room(ctx, -40, 0, 0)", -524]], "02000000000202000000000108004500002800004000400626ce0a0000010a000002c000005000000000000000005002ffffdb8f0000"],
	["tc", "tcp4", [["bpf_skb_adjust_room(ctx, 40, 1, 4)", 0], ["ctx->protocol", 56710], ["bpf_skb_adjust_room(ctx, 40, 1, 4)", -114]], "0200000000020200000000010800000000000000000000000000000000000000000000000000000000000000000000000000000000004500002800004000400626ce0a0000010a000002c000005000000000000000005002ffffdb8f0000"],
	["tc", "udp6", [["bpf_skb_adjust_room(ctx, 28, 1, 18)", 0], ["ctx->protocol", 8], ["bpf_skb_change_tail(ctx, 100, 0)", -524]], "02000000000202000000000186dd000000000000000000000000000000000000000000000000000000006000000000081140fd000000000000000000000000000001fd000000000000000000000000000002c0000035000845a4"],
	["tc", "tcp4", [["bpf_skb_adjust_room(ctx, 4096, 0, 0)", -14], ["bpf_skb_adjust_room(ctx, 4, 2, 0)", -524], ["bpf_skb_adjust_room(ctx, 4, 0, 512)", -22], ["bpf_skb_adjust_room(ctx, 4, 0, 128)", -22], ["bpf_skb_adjust_room(ctx, 4, 0, 6)", -22], ["bpf_skb_adjust_room(ctx, 4, 0, 26)", -22], ["bpf_skb_adjust_room(ctx, -20, 1, 384)", -22]], "02000000000202000000000108004500002800004000400626ce0a0000010a000002c000005000000000000000005002ffffdb8f0000"],
	["tc", "tagged", [["bpf_skb_adjust_room(ctx, 4, 0, 0)", -524]], "0200000000020200000000018100000708004500001c00004000401126cf0a0000010a000002c000005000082b8b"],
	["tc", "udp6", [["bpf_skb_adjust_room(ctx, -8, 1, 128)", 0], ["ctx->protocol", 8]], "02000000000202000000000186ddfd000000000000000000000000000001fd000000000000000000000000000002c0000035000845a4"],
	["tc", "tcp4", [["bpf_skb_change_proto(ctx, 0xdd86, 0)", 0], ["ctx->protocol", 56710], ["ctx->len", 74]], "020000000002020000000001080000000000000000000000000000000000000000004500002800004000400626ce0a0000010a000002c000005000000000000000005002ffffdb8f0000"],
	["tc", "udp6", [["bpf_skb_change_proto(ctx, 0x0008, 0)", 0], ["ctx->protocol", 8], ["bpf_skb_change_proto(ctx, 0x0008, 0)", -524], ["bpf_skb_change_proto(ctx, 0xdd86, 1)", -22]], "02000000000202000000000186dd00000001fd000000000000000000000000000002c0000035000845a4"],
	["tc", "tcp4", [["bpf_skb_vlan_push(ctx, 0x0081, 7)", 0], ["ctx->vlan_tci", 7], ["ctx->protocol", 8], ["ctx->len", 54]], "02000000000202000000000108004500002800004000400626ce0a0000010a000002c000005000000000000000005002ffffdb8f0000"],
	["tc", "tcp4", [["bpf_skb_vlan_push(ctx, 0xa888, 7)", 0], ["bpf_skb_vlan_push(ctx, 0, 9)", 0], ["ctx->vlan_tci", 9], ["ctx->vlan_proto", 129], ["ctx->protocol", 43144], ["bpf_skb_load_bytes_relative(ctx, 0, &word, 4, 1)", 0], ["word", 526080]], "02000000000202000000000188a8000708004500002800004000400626ce0a0000010a000002c000005000000000000000005002ffffdb8f0000"],
	["tc", "tagged", [["bpf_skb_vlan_pop(ctx)", 0], ["ctx->vlan_present", 0], ["ctx->protocol", 8], ["ctx->len", 42]], "02000000000202000000000108004500001c00004000401126cf0a0000010a000002c000005000082b8b"],
	["tc", "tagged", [["bpf_skb_vlan_push(ctx, 0x0081, 5)", 0], ["bpf_skb_vlan_pop(ctx)", 0], ["ctx->vlan_present", 1], ["ctx->vlan_tci", 7], ["ctx->len", 42]], "02000000000202000000000108004500001c00004000401126cf0a0000010a000002c000005000082b8b"],
	["tc", "tcp4", [["bpf_skb_change_head(ctx, 14, 0)", 0], ["bpf_skb_load_bytes_relative(ctx, 0, &word, 4, 1)", 0], ["word", 671088709]], "000000000000000000000000000002000000000202000000000108004500002800004000400626ce0a0000010a000002c000005000000000000000005002ffffdb8f0000"],
	["tc", "tcp4", [["bpf_skb_change_head(ctx, 16050, 0)", -22], ["bpf_skb_change_head(ctx, 4, 1)", -22], ["bpf_skb_change_head(ctx, -1, 0)", -22]], "02000000000202000000000108004500002800004000400626ce0a0000010a000002c000005000000000000000005002ffffdb8f0000"],
	["tc", "tcp4", [["bpf_skb_change_tail(ctx, 13, 0)", -22], ["bpf_skb_change_tail(ctx, 20, 0)", 0], ["bpf_skb_change_tail(ctx, 24, 0)", 0]], "020000000002020000000001080045000028000000000000"],
	["lwt_xmit", "tcp4", [["bpf_skb_change_tail(ctx, 13, 0)", 0]], "00000000000000000000000000004500002800004000400626ce0a"],
	["tc", "tcp4", [["bpf_l3_csum_replace(ctx, 24, 0x1234, 0x80005678u, 2)", 0], ["bpf_l3_csum_replace(ctx, 24, 0x12345678, 0x9abcdef0u, 4)", 0], ["bpf_l3_csum_replace(ctx, 24, 0, 0xffff, 0)", 0], ["bpf_l3_csum_replace(ctx, 24, 1ull << 40, 5, 0)", -22], ["bpf_l3_csum_replace(ctx, 25, 0, 5, 0)", -14], ["bpf_l3_csum_replace(ctx, 24, 0, 5, 16)", -22]], "020000000002020000000001080045000028000040004006e1780a0000010a000002c000005000000000000000005002ffffdb8f0000"],
	["tc", "tcp4", [["bpf_l4_csum_replace(ctx, 50, 0xffff1234u, 0xffff5678u, 18)", 0], ["bpf_l4_csum_replace(ctx, 52, 1, 2, 34)", 0], ["bpf_l4_csum_replace(ctx, 52, 0, 0xffff, 96)", 0], ["bpf_l4_csum_replace(ctx, 50, 1, 2, 256)", -22]], "02000000000202000000000108004500002800004000400626ce0a0000010a000002c000005000000000000000005002ffff974bffff"],
	["tc", "tcp4", [["bpf_csum_update(ctx, 5)", -524], ["bpf_csum_level(ctx, 0)", -13], ["bpf_csum_level(ctx, 1)", 0], ["bpf_csum_level(ctx, 1)", 0], ["bpf_csum_level(ctx, 0)", 1], ["bpf_csum_level(ctx, 2)", 0], ["bpf_csum_level(ctx, 2)", 0], ["bpf_csum_level(ctx, 0)", -13], ["bpf_csum_level(ctx, 4)", -22]], "02000000000202000000000108004500002800004000400626ce0a0000010a000002c000005000000000000000005002ffffdb8f0000"],
	["tc", "tcp4", [["bpf_set_hash(ctx, 0)", 0], ["bpf_get_hash_recalc(ctx)", 0], ["bpf_skb_set_tstamp(ctx, 5, 1)", 0], ["bpf_skb_set_tstamp(ctx, 0, 2)", -22], ["bpf_skb_change_type(ctx, 4)", -22]], "02000000000202000000000108004500002800004000400626ce0a0000010a000002c000005000000000000000005002ffffdb8f0000"],
	["tc", "tagged", [["bpf_skb_set_tstamp(ctx, 5, 1)", -95]], "0200000000020200000000018100000708004500001c00004000401126cf0a0000010a000002c000005000082b8b"],
	["cgroup_skb/ingress", "ect", [["bpf_skb_ecn_set_ce(ctx)", 1], ["bpf_skb_load_bytes(ctx, 0, &word, 4)", 0], ["word", 469762885]], "00000000000000000000000000004503001c00004000401126cc0a0000010a000002c000003500082ba6"],
	["cgroup_skb/ingress", "tcp4", [["bpf_skb_ecn_set_ce(ctx)", 0], ["!!ctx->sk", 1], ["ctx->family", 2]], "00000000000000000000000000004500002800004000400626ce0a0000010a000002c000005000000000000000005002ffffdb8f0000"],
	["tc", "tcp4", [["bpf_skb_load_bytes(ctx, -1, &word, 4)", -14], ["bpf_skb_load_bytes(ctx, 52, &word, 4)", -14], ["bpf_skb_load_bytes_relative(ctx, 0, &word, 4, 2)", -14], ["bpf_skb_load_bytes_relative(ctx, 12, &word, 4, 1)", 0], ["word", 16777226], ["bpf_skb_store_bytes(ctx, 52, &word, 4, 0)", -14], ["bpf_skb_store_bytes(ctx, 0, &word, 4, 4)", -22]], "02000000000202000000000108004500002800004000400626ce0a0000010a000002c000005000000000000000005002ffffdb8f0000"],
	["tc", "tcp4", [["bpf_clone_redirect(ctx, 0, 0)", -22], ["bpf_clone_redirect(ctx, 1, 2)", -22]], "02000000000202000000000108004500002800004000400626ce0a0000010a000002c000005000000000000000005002ffffdb8f0000"],
	["tc", "tcp4", [["bpf_skb_get_tunnel_opt(ctx, &word, 4)", -2], ["bpf_skb_set_tunnel_opt(ctx, &word, 4)", -22]], "02000000000202000000000108004500002800004000400626ce0a0000010a000002c000005000000000000000005002ffffdb8f0000"],
	["xdp", "tcp4", [["bpf_xdp_adjust_head(ctx, -216)", 0], ["bpf_xdp_adjust_head(ctx, -1)", -22], ["bpf_xdp_adjust_head(ctx, 216)", 0]], "02000000000202000000000108004500002800004000400626ce0a0000010a000002c000005000000000000000005002ffffdb8f0000"],
	["xdp", "tcp4", [["bpf_xdp_adjust_meta(ctx, -8)", 0], ["bpf_xdp_adjust_head(ctx, -208)", 0], ["bpf_xdp_adjust_head(ctx, -1)", -22], ["bpf_xdp_adjust_head(ctx, 228)", 0], ["ctx->data - ctx->data_meta", 8]], "00000000000000004000400626ce0a0000010a000002c000005000000000000000005002ffffdb8f0000"],
	["xdp", "tcp4", [["bpf_xdp_adjust_meta(ctx, -256)", -22], ["bpf_xdp_adjust_meta(ctx, -6)", -13], ["bpf_xdp_adjust_meta(ctx, 4)", -22], ["bpf_xdp_adjust_meta(ctx, -32)", 0]], "000000000000000000000000000000000000000000000000000000000000000002000000000202000000000108004500002800004000400626ce0a0000010a000002c000005000000000000000005002ffffdb8f0000"],
	["xdp", "tcp4", [["bpf_xdp_adjust_tail(ctx, -41)", -22], ["bpf_xdp_adjust_tail(ctx, -40)", 0], ["bpf_xdp_adjust_tail(ctx, 4)", 0], ["bpf_xdp_adjust_tail(ctx, 4000)", -22]], "020000000002020000000001080000000000"],
	["xdp", "tcp4", [["bpf_xdp_load_bytes(ctx, 52, &word, 4)", -22], ["bpf_xdp_load_bytes(ctx, 0x10000, &word, 4)", -14], ["bpf_xdp_load_bytes(ctx, 26, &word, 4)", 0], ["word", 16777226], ["bpf_xdp_store_bytes(ctx, 52, &word, 4)", -22], ["bpf_xdp_store_bytes(ctx, 0, &word, 4)", 0]], "0a000001000202000000000108004500002800004000400626ce0a0000010a000002c000005000000000000000005002ffffdb8f0000"],
	["xdp", "tcp4", [["bpf_redirect_map(&devices, 1, 8)", 4], ["bpf_redirect_map(&devices, 1, 2)", 2], ["bpf_redirect_map(&cpus, 1, 8)", 0], ["bpf_redirect_map(&cpus, 1, 3)", 3]], "02000000000202000000000108004500002800004000400626ce0a0000010a000002c000005000000000000000005002ffffdb8f0000"],
];

const maps = ["devices:DEVMAP", "cpus:CPUMAP"].map((pair) => pair.split(":")).map(([name, type]) => `struct { __uint(type, BPF_MAP_TYPE_${type}); __type(key, __u32); __type(value, __u32); __uint(max_entries, 4); } ${name} SEC(".maps");`).join("\n");

it.each(rows)("%s %s %j", async (section, name, values, after) => {
	const context = section === "xdp" ? "struct xdp_md" : "struct __sk_buff";
	const body = values.map(([expression], i) => `out[${i}] = (__u64)(${expression});`).join(" ");
	const object = await compileAndLoad(`#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
${maps}
__u64 out[10];
SEC("${section}") int f(${context} *ctx) { __u32 word = 0; ${body} return 1; }
char _license[] SEC("license") = "GPL";`);
	const ran = object.programs.f.run({ packet: packets[name] });
	const bss = object.machine.maps.find((map) => map.def.name.endsWith(".bss"));
	if (!(bss instanceof ArrayMap)) throw new Error("no .bss");
	expect(values.map(([expression], i) => [expression, Number(object.machine.memory.view.getBigInt64(bss.base + 8 * i, true))])).toEqual(values);
	const packet = [...(section === "xdp" ? [ran.meta ?? new Uint8Array(0)] : []), ran.packet ?? new Uint8Array(0)];
	if (after !== "") expect(Buffer.concat(packet).toString("hex")).toBe(after);
	object.close();
});
