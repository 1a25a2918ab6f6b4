/** Connection tracking: what each step gave in BPF_PROG_TEST_RUN of Linux 6.18. Addresses count from one that the program draws: the kernel keeps connections between runs. */
import { describe, expect, it } from "vitest";
import { compileAndLoad } from "../../index.node.ts";

type Rows = readonly (readonly [before: string, expression: string, value: number])[];

const ERRORS: Rows = [
	["RESET(6);", "LOOK(12, 16)", -2],
	["", "LOOK(11, 16)", -97],
	["", "LOOK(36, 16)", -2],
	["", "LOOK(12, 12)", -2],
	["", "LOOK(12, 13)", -22],
	["", "LOOK(12, 11)", -22],
	["RESET(1);", "LOOK(12, 16)", -71],
	["", "MAKE(12, 16)", -71],
	["", "LOOK(11, 16)", -71],
	["", "MAKE(11, 16)", -71],
	["o.netns_id = -2;", "LOOK(12, 16)", -71],
	["", "MAKE(12, 16)", -22],
	["o.netns_id = 77;", "LOOK(12, 16)", -71],
	["", "MAKE(12, 16)", -71],
	["RESET(6); o.netns_id = 77;", "LOOK(12, 16)", -64],
	["", "MAKE(12, 16)", -64],
	["", "LOOK(11, 16)", -97],
	["", "MAKE(11, 16)", -97],
	["o.netns_id = -2;", "LOOK(11, 16)", -22],
	["", "MAKE(11, 16)", -22],
	["RESET(1); o.reserved[1] = 1;", "LOOK(12, 16)", -22],
	["", "MAKE(12, 16)", -22],
	["", "LOOK(12, 12)", -71],
	["RESET(6); o.zone = 3;", "LOOK(12, 12)", -22],
	["", "LOOK(12, 16)", -2],
	["", "o.directions", 3],
];

/** `t` is the tuple in use, `back` what its answers look like. */
const TABLE: Rows = [
	["RESET(6); PORT(0x1234);", "MAKE(12, 16)", 1],
	["", "LOOK(12, 16)", 1000],
	["TURN;", "LOOK(12, 16)", 1001],
	["", "MAKE(12, 16)", 2],
	["TURN;", "MAKE(12, 16)", 2],
	["RESET(17);", "LOOK(12, 16)", -2],
	["", "MAKE(12, 12)", 1],
	["", "LOOK(12, 16)", 1000],
	// In a zone for one direction, the other one lies in zone 0: where a connection is already.
	["RESET(6); o.zone = 10; o.directions = 1;", "LOOK(12, 16)", -2],
	["", "MAKE(12, 16)", 2],
	["TURN;", "LOOK(12, 16)", 1001],
	["TURN; PORT(0x4321);", "MAKE(12, 16)", 1],
	["", "LOOK(12, 16)", 1000],
	["TURN;", "LOOK(12, 16)", 1001],
	["o.directions = 2;", "LOOK(12, 16)", -2],
	["TURN;", "LOOK(12, 16)", -2],
	["o.directions = 3;", "LOOK(12, 16)", 1000],
	["TURN;", "LOOK(12, 16)", -2],
	["o.zone = 0;", "LOOK(12, 16)", 1001],
	["TURN;", "LOOK(12, 16)", -2],
];

/** Of `ct`, before it is put into the table. */
const NEW: Rows = [
	["", "bpf_ct_set_status(ct, IPS_SEEN_REPLY)", 0],
	["", "bpf_ct_set_status(ct, 0)", -16],
	["", "bpf_ct_set_status(ct, IPS_CONFIRMED)", -16],
	["", "bpf_ct_set_status(ct, IPS_SEEN_REPLY | IPS_HELPER | IPS_OFFLOAD | IPS_SEQ_ADJUST)", 0],
	["bpf_ct_set_timeout(ct, 20000); ct->mark = 77; a.ip = base + 9;", "bpf_ct_set_nat_info(ct, &a, 4660, NF_NAT_MANIP_SRC)", 0],
	["", "bpf_ct_set_nat_info(ct, &a, 4661, NF_NAT_MANIP_DST)", 0],
];

/** And of `in`, which is in it. */
const CONFIRMED: Rows = [
	["", "in->status", 8634],
	["", "in->mark", 77],
	["", "(int)(in->timeout - (__u32)bpf_jiffies64()) > 1000", 1],
	["struct nf_conntrack_tuple *first = &in->tuplehash[0].tuple, *answer = &in->tuplehash[1].tuple;", "first->src.u3.ip - base", 0],
	["", "first->src.u.all", 0x9999],
	["", "first->src.l3num", 2],
	["", "first->dst.u3.ip - base", 1],
	["", "first->dst.u.all", 0x5678],
	["", "first->dst.protonum", 6],
	["", "first->dst.dir", 0],
	["", "answer->src.u3.ip - base", 9],
	["", "answer->src.u.all", 0x3512],
	["", "answer->src.l3num", 2],
	["", "answer->dst.u3.ip - base", 9],
	["", "answer->dst.u.all", 0x3412],
	["", "answer->dst.protonum", 6],
	["", "answer->dst.dir", 1],
	["", "bpf_ct_change_status(in, in->status)", 0],
	["", "bpf_ct_change_status(in, IPS_CONFIRMED)", -16],
	["", "bpf_ct_change_status(in, in->status | IPS_ASSURED)", 0],
	["", "in->status", 8638],
	["", "bpf_ct_change_status(in, in->status & ~IPS_ASSURED)", -16],
	["", "bpf_ct_change_status(in, in->status | IPS_FIXED_TIMEOUT)", 0],
	["", "in->status", 9662],
	["", "bpf_ct_change_timeout(in, 1)", -1],
	["", "bpf_ct_change_status(in, in->status | IPS_DYING)", -16],
	["", "bpf_ct_change_status(in, in->status | 0x20000)", 0],
	["", "in->status", 9662],
];

const program = (body: string): string => `
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
char LICENSE[] SEC("license") = "GPL";
struct opts { __s32 netns_id, error; __u8 l4proto, dir; __u16 zone; __u8 directions, reserved[3]; };
struct nf_conn *bpf_xdp_ct_alloc(struct xdp_md *, struct bpf_sock_tuple *, __u32, struct opts *, __u32) __ksym;
struct nf_conn *bpf_xdp_ct_lookup(struct xdp_md *, struct bpf_sock_tuple *, __u32, struct opts *, __u32) __ksym;
struct nf_conn *bpf_ct_insert_entry(struct nf_conn *) __ksym;
void bpf_ct_release(struct nf_conn *) __ksym;
void bpf_ct_set_timeout(struct nf_conn *, __u32) __ksym;
int bpf_ct_change_timeout(struct nf_conn *, __u32) __ksym;
int bpf_ct_set_status(struct nf_conn *, __u32) __ksym;
int bpf_ct_change_status(struct nf_conn *, __u32) __ksym;
int bpf_ct_set_nat_info(struct nf_conn *, union nf_inet_addr *, int, enum nf_nat_manip_type) __ksym;
int out[64];
unsigned n;
#define PUT(x) do { int v_ = (x); if (n < 64) out[n++] = v_; } while (0)
#define RESET(protocol) do { __builtin_memset(&o, 0, sizeof o); o.netns_id = -1; o.l4proto = protocol; o.dir = 9; } while (0)
#define PORT(number) do { t.ipv4.saddr = base; t.ipv4.daddr = base + 1; t.ipv4.sport = number; t.ipv4.dport = 0x5678; } while (0)
#define TURN do { back = t; t.ipv4.saddr = back.ipv4.daddr; t.ipv4.daddr = back.ipv4.saddr; t.ipv4.sport = back.ipv4.dport; t.ipv4.dport = back.ipv4.sport; } while (0)
/* The error, or 1000 and the direction. */
#define LOOK(tuple_size, options_size) ({ struct nf_conn *f_ = bpf_xdp_ct_lookup(ctx, &t, tuple_size, &o, options_size); int r_ = o.error; if (f_) { r_ = 1000 + o.dir; bpf_ct_release(f_); } r_; })
/* The error, 1: made, 2: there is one already. */
#define MAKE(tuple_size, options_size) ({ struct nf_conn *f_ = bpf_xdp_ct_alloc(ctx, &t, tuple_size, &o, options_size); int r_ = o.error; if (f_) { f_ = bpf_ct_insert_entry(f_); r_ = 2; if (f_) { r_ = 1; bpf_ct_release(f_); } } r_; })
SEC("xdp") int steps(struct xdp_md *ctx)
{
	struct bpf_sock_tuple t, back;
	struct opts o;
	union nf_inet_addr a = {};
	__u32 base = bpf_get_prandom_u32();
	__builtin_memset(&t, 0, sizeof t);
	__builtin_memset(&back, 0, sizeof back);
	RESET(6);
	${body}
	return XDP_PASS;
}`;

const steps = (rows: Rows): string => rows.map(([before, expression]) => `${before} PUT(${expression});`).join("\n");

/** Compiles, runs, and lays the rows' values beside what came out. */
async function check(engine: "interpreter" | "js" | "wasm", rows: Rows, body = steps(rows)): Promise<void> {
	const object = await compileAndLoad(program(body), { engine });
	expect(object.programs.steps.run({ packet: new Uint8Array(64) }).retval).toBe(2);
	const { out, n } = object.globals as { readonly out: number[]; readonly n: number };
	expect(out.slice(0, n).map((value, i) => [rows[i]?.[1], value])).toEqual(rows.map(([, expression, value]) => [expression, value]));
	object.close();
}

describe.each(["interpreter", "js", "wasm"] as const)("connection tracking (%s)", (engine) => {
	it("finds the kernel's errors, in its order", () => check(engine, ERRORS));
	it("has both directions of what was put into it, by protocol and zone", () => check(engine, TABLE));
	it("keeps status, timeout, mark and addresses", () => {
		const found: Rows = [
			["bpf_ct_release(in);", "LOOK(12, 16)", 1000],
			["TURN;", "LOOK(12, 16)", -2],
			["t.ipv4.saddr = t.ipv4.daddr = base + 9; t.ipv4.sport = 0x3512; t.ipv4.dport = 0x3412;", "LOOK(12, 16)", 1001],
		];
		const rows = [...NEW, ...CONFIRMED, ...found];
		return check(
			engine,
			rows,
			`PORT(0x9999);
			struct nf_conn *ct = bpf_xdp_ct_alloc(ctx, &t, 12, &o, 16);
			if (!ct) return 0;
			${steps(NEW)}
			struct nf_conn *in = bpf_ct_insert_entry(ct);
			if (!in) return 0;
			${steps([...CONFIRMED, ...found])}`,
		);
	});
	it("forgets a connection whose time is over, and leaves a port alone that nobody named", () => {
		const rows: Rows = [
			["", "bpf_ct_set_nat_info(ct, &a, 0, NF_NAT_MANIP_SRC)", 0],
			["ct = bpf_ct_insert_entry(ct); if (!ct) return 0;", "ct->status", 152],
			["", "ct->tuplehash[1].tuple.dst.u.all", 0x7777],
			["", "ct->tuplehash[1].tuple.dst.u3.ip - base", 9],
			["", "LOOK(12, 16)", -2],
		];
		const start = "PORT(0x7777); struct nf_conn *ct = bpf_xdp_ct_alloc(ctx, &t, 12, &o, 16); if (!ct) return 0; bpf_ct_set_timeout(ct, 0); a.ip = base + 9;";
		return check(engine, rows, `${start} ${steps(rows)} bpf_ct_release(ct);`);
	});
});
