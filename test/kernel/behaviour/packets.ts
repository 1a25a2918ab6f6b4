/** Helpers over packets, by who has them. */
import type { Source, Snippet, Snippets } from "./source.ts";

const OFFSETS = [0, 1, 2, 6, 12, 13, 14, 16, 18, 23, 24, 26, 30, 34, 36, 38, 40, 50, 54, 60, 62, 64, 100, 1500, 0xffff, -1, 0x7fffffff];
const FIELDS = [0, 10, 14, 16, 24, 26, 28, 34, 40, 50, 52, 60, 62, 63, 25, 1000, 70000];
const length = (s: Source): number => s.pick([1, 2, 3, 4, 6, 8, 14, 16, 20, 24, 32]);

const access = (call: (s: Source, offset: number, bytes: number) => string): Snippet => (s) => {
	const bytes = length(s);
	return s.buffer(bytes, s.note(call(s, s.pick(OFFSETS), bytes)));
};

const load = access((_s, offset, bytes) => `bpf_skb_load_bytes(ctx, ${offset}, b, ${bytes})`);
const loadRelative = access((s, offset, bytes) => `bpf_skb_load_bytes_relative(ctx, ${offset}, b, ${bytes}, ${s.pick([0, 1, 2])})`);
const store = access((s, offset, bytes) => `bpf_skb_store_bytes(ctx, ${offset}, b, ${bytes}, ${s.pick([0, 1, 2, 3, 4])})`);

/** A read through data and data_end, and where it is allowed a write. */
const direct = (writes: boolean): Snippet => (s) => {
	const at = s.pick([0, 6, 12, 14, 15, 20, 23, 30, 40]);
	const write = writes && s.number(2) === 1 ? `*(__u16 *)(data + ${at}) = ${s.number(65536)};` : "";
	return `{ void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end; if (data + ${at + 4} <= end) { ${s.note(`*(__u32 *)(data + ${at})`)} ${write} } ${s.note("end - data")} }`;
};

const l3 = (s: Source): string => s.note(`bpf_l3_csum_replace(ctx, ${s.pick(FIELDS)}, ${s.word()}u, ${s.word()}u, ${s.pick([0, 2, 4, 1, 8, 16])})`);
const l4 = (s: Source): string => s.note(`bpf_l4_csum_replace(ctx, ${s.pick(FIELDS)}, ${s.pick([0, s.word()])}u, ${s.word()}u, ${s.pick([0, 2, 4, 20, 18, 34, 36, 98, 1, 128, 256])})`);
const csumDiff = (s: Source): string => {
	const [from, to] = [s.pick([0, 4, 8, 16, 20]), s.pick([0, 4, 8, 16, 20])];
	return `{ __attribute__((aligned(8))) __u8 a[20] = { ${s.bytes(20)} }; __attribute__((aligned(8))) __u8 c[20] = { ${s.bytes(20)} }; ${s.note(`bpf_csum_diff(${from ? "(void *)a" : "0"}, ${from}, ${to ? "(void *)c" : "0"}, ${to}, ${s.word()}u)`)} }`;
};
const changeHead = (s: Source): string => s.note(`bpf_skb_change_head(ctx, ${s.pick([0, 1, 4, 14, 100, 300, 4000, 15000, 16000])}, ${s.pick([0, 0, 1])})`);
const changeTail = (s: Source): string => s.note(`bpf_skb_change_tail(ctx, ${s.pick([0, 13, 14, 20, 34, 60, 64, 70, 100, 300, 70000])}, ${s.pick([0, 0, 1])})`);
const pull = (s: Source): string => s.note(`bpf_skb_pull_data(ctx, ${s.pick([0, 14, 34, 60, 64, 1000, 5000])})`);
const redirect = (s: Source): string => s.note(`bpf_redirect(${s.pick([0, 1, 5])}, ${s.pick([0, 1, 2, 4])})`);
const mtu = (s: Source): string =>
	`{ __u32 m = ${s.pick([0, 0, 100, 1500, 1514, 65536])}; ${s.notes(`bpf_check_mtu(ctx, ${s.pick([1, 1, 0, 999])}, &m, ${s.pick([0, 0, 10, -10, 65500, -70])}, ${s.pick([0, 0, 1, 2])})`, "m")} }`;
const ecn: Snippet = (s) => s.note("bpf_skb_ecn_set_ce(ctx)");
const socketField: Snippet = (s) => {
	const field = s.pick(["family", "type", "protocol", "state", "src_ip4", "dst_ip4", "src_port", "dst_port", "bound_dev_if", "rx_queue_mapping"]);
	return `{ struct bpf_sock *k = ctx->sk; ${s.note("!!k")} if (k) { k = bpf_sk_fullsock(k); if (k) { ${s.note(`k->${field}`)} } } }`;
};

const VISIBLE = [
	"len", "pkt_type", "mark", "queue_mapping", "protocol", "vlan_present", "vlan_tci", "vlan_proto", "priority", "ingress_ifindex", "ifindex", "tc_index", "cb[0]", "cb[4]", "tc_classid", "napi_id", "gso_segs", "gso_size", "tstamp",
	"tstamp_type", "hwtstamp", "hash",
];

export const tc: Snippets = {
	load, load_relative: loadRelative, store, pull, l3, l4, csum_diff: csumDiff, change_head: changeHead, change_tail: changeTail, redirect, mtu, ecn, direct: direct(true), socket: socketField,
	csum_update: (s) => s.note(`bpf_csum_update(ctx, ${s.word()}u)`),
	csum_level: (s) => s.note(`bpf_csum_level(ctx, ${s.pick([0, 0, 1, 1, 2, 3, 4])})`),
	change_proto: (s) => s.note(`bpf_skb_change_proto(ctx, ${s.pick(["0x0008", "0xdd86", "0x0608"])}, ${s.pick([0, 0, 0, 1])})`),
	change_type: (s) => s.note(`bpf_skb_change_type(ctx, ${s.pick([0, 1, 2, 3, 4, 6, 255])})`),
	adjust_room: (s) => {
		const flags = s.pick(["0", "0", "0", "1", "2", "3", "4", "6", "8", "10", "12", "18", "20", "26", "64", "66", "0x0e00000000000042ull", "0x0400000000000042ull", "128", "256", "384", "32", "160", "512"]);
		return s.note(`bpf_skb_adjust_room(ctx, ${s.pick([0, 1, 4, 8, 20, 40, 100, -1, -4, -8, -20, -40, -64, 1000, 4095, 4096])}, ${s.pick([0, 1, 2])}, ${flags})`);
	},
	vlan_push: (s) => s.note(`bpf_skb_vlan_push(ctx, ${s.pick(["0x0081", "0xa888", "0", "0x0008"])}, ${s.pick([0, 1, 100, 4095, 0x1064, 65535])})`),
	vlan_pop: (s) => s.note("bpf_skb_vlan_pop(ctx)"),
	set_hash: (s) => s.notes(`bpf_set_hash(ctx, ${s.word()}u)`, "bpf_get_hash_recalc(ctx)"),
	set_hash_invalid: () => "bpf_set_hash_invalid(ctx);",
	set_tstamp: (s) => s.note(`bpf_skb_set_tstamp(ctx, ${s.pick([0, 5, 1000])}, ${s.pick([0, 1, 2, 3])})`),
	field: (s) => s.note(`ctx->${s.pick(VISIBLE)}`),
	put: (s) => `ctx->${s.pick(["mark", "priority", "tc_index", "cb[1]", "cb[4]", "tc_classid", "queue_mapping", "tstamp"])} = ${s.word()}u;`,
	metadata: (s) => `{ void *data = (void *)(long)ctx->data, *m = (void *)(long)ctx->data_meta; ${s.note("data - m")} }`,
	route_realm: (s) => s.note("bpf_get_route_realm(ctx)"),
	redirect_peer: (s) => s.note(`bpf_redirect_peer(${s.pick([0, 1, 5])}, ${s.pick([0, 1])})`),
	redirect_neigh: (s) => s.note(`bpf_redirect_neigh(${s.pick([0, 1, 5])}, 0, 0, ${s.pick([0, 1])})`),
	sk_lookup: (s) => `{ struct bpf_sock_tuple t = {}; struct bpf_sock *k = bpf_sk_lookup_${s.pick(["tcp", "udp"])}(ctx, &t, ${s.pick(["sizeof(t.ipv4)", "sizeof(t.ipv6)", "4"])}, ${s.pick(["-1", "0", "99999"])}, ${s.pick([0, 0, 1])}); ${s.note("!!k")} if (k) bpf_sk_release(k); }`,
	sk_storage: (s) =>
		`{ struct bpf_sock *k = ctx->sk; if (k) { k = bpf_sk_fullsock(k); ${s.note("!!k")} if (k) { __u64 *p = bpf_sk_storage_get(&storage, k, 0, ${s.pick([0, 1, 2])}); ${s.note("p ? *p : 99")} if (p) *p += 5; ${s.number(2) ? s.note("bpf_sk_storage_delete(&storage, k)") : ""} } } }`,
	tcp_sock: (s) => `{ struct bpf_sock *k = ctx->sk; if (k) { struct bpf_tcp_sock *t = bpf_tcp_sock(k); ${s.note("!!t")} struct bpf_sock *l = bpf_get_listener_sock(k); ${s.note("!!l")} } }`,
	// The host has no routes, and takes programs for ingress: what is refused is the same.
	sk_assign: (s) => `{ struct bpf_sock *k = ctx->sk; if (k) { k = bpf_sk_fullsock(k); if (k) ${s.note("bpf_sk_assign(ctx, k, 1)")} } }`,
	fib_lookup: (s) => `{ struct bpf_fib_lookup f = { .family = ${s.pick([2, 2, 10, 0])}, .ifindex = 99 }; ${s.note(`bpf_fib_lookup(ctx, &f, ${s.pick(["sizeof(f)", "sizeof(f)", "32"])}, ${s.pick([0, 0, 1, 2, 4, 64])})`)} }`,
	get_tunnel_key: (s) => `{ struct bpf_tunnel_key t = {}; ${s.notes(`bpf_skb_get_tunnel_key(ctx, &t, ${s.pick(["sizeof(t)", "sizeof(t)", "28", "24", "22", "8", "4"])}, ${s.pick([0, 1, 2, 16])})`, "t.tunnel_id", "t.tunnel_ttl", "t.tunnel_flags")} }`,
	set_tunnel_key: (s) =>
		`{ struct bpf_tunnel_key t = { .tunnel_id = ${s.word()}u, .tunnel_ttl = 64, .remote_ipv4 = 7, .local_ipv4 = 9, .tunnel_label = ${s.pick([0, 0, 5])} }; ${s.note(`bpf_skb_set_tunnel_key(ctx, &t, ${s.pick(["sizeof(t)", "sizeof(t)", "28", "24", "4"])}, ${s.pick([0, 0, 1, 2, 4, 8, 16, 31, 32])})`)} }`,
	tunnel_options: (s) => `{ __u64 o = ${s.word()}u; ${s.note(`bpf_skb_set_tunnel_opt(ctx, &o, ${s.pick([4, 8, 6])})`)} o = 0; ${s.notes(`bpf_skb_get_tunnel_opt(ctx, &o, ${s.pick([4, 8])})`, "o")} }`,
};

export const xdp: Snippets = {
	redirect, mtu, csum_diff: csumDiff, direct: direct(true),
	adjust_head: (s) => s.note(`bpf_xdp_adjust_head(ctx, ${s.pick([0, 1, 4, 14, 20, 50, 51, 100, -1, -4, -14, -100, -216, -217, -256, -257, 1000, -1000])})`),
	adjust_tail: (s) => s.note(`bpf_xdp_adjust_tail(ctx, ${s.pick([0, 1, 4, 50, 100, 300, 3800, -1, -4, -14, -46, -50, -51, -60, -1000])})`),
	adjust_meta: (s) => s.note(`bpf_xdp_adjust_meta(ctx, ${s.pick([0, 4, 8, 32, -4, -8, -32, -36, -1, -216, -220, -252, -255, -256, 100, -300])})`),
	load: access((_s, offset, bytes) => `bpf_xdp_load_bytes(ctx, ${offset}, b, ${bytes})`),
	store: access((_s, offset, bytes) => `bpf_xdp_store_bytes(ctx, ${offset}, b, ${bytes})`),
	length: (s) => s.note("bpf_xdp_get_buff_len(ctx)"),
	field: (s) => s.note(s.pick(["ctx->ingress_ifindex", "ctx->rx_queue_index"])),
	metadata: (s) => `{ void *data = (void *)(long)ctx->data, *m = (void *)(long)ctx->data_meta; ${s.note("data - m")} if (m + 4 <= data) { ${s.note("*(__u32 *)m")} *(__u32 *)m = ${s.word()}u; } }`,
	redirect_map: (s) => s.note(`bpf_redirect_map(&${s.pick(["devices", "cpus", "sockets"])}, ${s.number(5)}, ${s.pick([0, 1, 2, 3, 4, 8, 16])})`),
};

export const socketFilter: Snippets = {
	load, load_relative: loadRelative,
	field: (s) => s.note(s.pick(["ctx->len", "ctx->protocol", "ctx->pkt_type", "ctx->mark", "ctx->ifindex", "ctx->vlan_present", "ctx->cb[1]", "ctx->priority", "ctx->hash", "ctx->ingress_ifindex", "ctx->queue_mapping", "ctx->gso_segs"])),
	put: (s) => `ctx->cb[${s.number(5)}] = ${s.word()}u;`,
};

export const cgroupSkb: Snippets = {
	load, load_relative: loadRelative, direct: direct(false), ecn, socket: socketField,
	put: (s) => `ctx->${s.pick(["mark", "priority", "cb[1]"])} = ${s.word()}u;`,
};

export const lwtXmit: Snippets = { load, store, pull, l3, l4, csum_diff: csumDiff, change_head: changeHead, change_tail: changeTail, direct: direct(true) };
