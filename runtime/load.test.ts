import { describe, expect, it } from "vitest";
import { CompileFailure, compileAndLoad, LoadFailure, load, VerifierRejection } from "../index.ts";
import { eth, ipv4, matchers, packet, type PacketMatchers, tcp, udp } from "./test/index.ts";

expect.extend(matchers);
declare module "vitest" {
	interface Assertion<T> extends PacketMatchers<T> {}
}

const filter = `
	#include <linux/bpf.h>
	#include <linux/if_ether.h>
	#include <linux/ip.h>
	#include <bpf/bpf_helpers.h>
	#include <bpf/bpf_endian.h>

	struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 16); __type(key, __u8); __type(value, __u64); } protocols SEC(".maps");

	SEC("xdp") int only_tcp(struct xdp_md *ctx)
	{
		void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
		struct iphdr *ip = data + sizeof(struct ethhdr);
		if ((void *)(ip + 1) > end)
			return XDP_ABORTED;
		__u8 protocol = ip->protocol;
		__u64 one = 1, *seen = bpf_map_lookup_elem(&protocols, &protocol);
		if (seen) *seen += 1;
		else bpf_map_update_elem(&protocols, &protocol, &one, BPF_ANY);
		return protocol == 6 ? XDP_PASS : XDP_DROP;
	}
	char _license[] SEC("license") = "GPL";
`;

describe("compile and run", () => {
	it("takes a C string, runs the function and gives its result", async () => {
		const { programs } = await compileAndLoad(`
			#include <bpf/bpf_helpers.h>
			SEC("socket") int square(void *ctx) { volatile int n = 12; return n * n; }
		`);
		expect(programs.square.run().retval).toBe(144);
	});

	it.each(["interpreter", "js", "wasm"] as const)("filters packets and counts them in a map, with the %s engine", async (engine) => {
		const { programs, maps } = await compileAndLoad(filter, { engine });
		const web = packet(eth(), ipv4(), tcp({ dport: 80 }));
		expect(programs.only_tcp.run({ packet: web })).toPass();
		expect(programs.only_tcp.run({ packet: web })).toPass();
		expect(programs.only_tcp.run({ packet: packet(eth(), ipv4(), udp(), "hello") })).toDrop();
		expect(programs.only_tcp.run({ packet: new Uint8Array(14) })).toAbort();
		expect([...maps.protocols].sort()).toEqual([[17, 1n], [6, 2n]]);
	});

	it("reads and writes globals, and sets constants before verification", async () => {
		const { programs, globals } = await compileAndLoad(
			`#include <linux/bpf.h>
			#include <bpf/bpf_helpers.h>
			struct point { int x; short y; } where = { 3, 4 };
			const volatile int limit = 10;
			long long total;
			SEC("socket") int add(void *ctx) { total += where.x + where.y; return total > limit; }`,
			{ globals: { limit: 13 } },
		);
		expect([programs.add.run().retval, programs.add.run().retval]).toEqual([0, 1]);
		expect(globals.total).toBe(14n);
		globals.where = { x: -100, y: 0 };
		expect(programs.add.run().retval).toBe(0);
		expect(() => {
			globals.limit = 5;
		}).toThrow(/limit is constant/);
	});
});

describe("what is wrong is said", () => {
	it("a C error with its place", async () => {
		await expect(compileAndLoad("int f(void) { return x; }")).rejects.toThrow(CompileFailure);
		await expect(compileAndLoad("int f(void) { return x; }")).rejects.toThrow(/program.bpf.c:1:22: error/);
	});

	it("a program that the verifier refuses", async () => {
		const unchecked = `#include <linux/bpf.h>
			#include <bpf/bpf_helpers.h>
			SEC("xdp") int careless(struct xdp_md *ctx) { return *(char *)(long)ctx->data; }`;
		await expect(compileAndLoad(unchecked)).rejects.toThrow(VerifierRejection);
		const { programs } = await compileAndLoad(unchecked, { verify: false });
		expect(programs.careless.run({ packet: new Uint8Array(60).fill(7) }).retval).toBe(7);
	});

	it.each(["interpreter", "js", "wasm"] as const)("a helper that is not simulated, where it is called and not before, with the %s engine", async (engine) => {
		const object = await compileAndLoad(
			`#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
SEC("tc") int prog(struct __sk_buff *skb)
{
	struct bpf_xfrm_state state = {};
	if (skb->mark == 7)
		return bpf_skb_get_xfrm_state(skb, 0, &state, sizeof(state), 0);
	return 5;
}
char _license[] SEC("license") = "GPL";`,
			{ engine },
		);
		const { prog } = object.programs;
		expect(prog.run().retval).toBe(5);
		expect(() => prog.run({ context: { mark: 7 } })).toThrow(/program\.bpf\.c:7:\d+: calls helper bpf_skb_get_xfrm_state, which does not exist or is not simulated/);
	});

	it("bytes that are no object", async () => {
		await expect(load(new Uint8Array([1, 2, 3]))).rejects.toThrow(LoadFailure);
	});

	it("an unknown section", async () => {
		await expect(compileAndLoad('__attribute__((section("nonsense"), used)) int f(void *c) { return 0; }')).rejects.toThrow(/nonsense\+0x0: f: the section's name says no program type/);
	});
});
