import { describe, expect, it } from "vitest";
import { type CompileAndLoadOptions, CompileFailure, compile, compileAndLoad, defaultOptions, LoadFailure, load, VerifierRejection } from "../index.ts";
import { type LinkInput, link } from "../linker/index.ts";
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
	it("takes objects that were linked, in which files have static variables of one name", async () => {
		const file = (name: string, value: number): LinkInput => {
			const text = `#include <bpf/bpf_helpers.h>\nstatic volatile int counter = ${value}; SEC("socket") int ${name}(void *ctx) { return ++counter; }`;
			return { name: `${name}.o`, object: compile(`${name}.c`, text, defaultOptions({ read: () => null })).object! };
		};
		const { object, errors } = link([file("first", 10), file("second", 20)]);
		expect(errors).toEqual([]);
		const { programs, globals } = await load(object!);
		expect([programs.second.run().retval, programs.first.run().retval, globals.counter]).toEqual([21, 11, 11]);
	});

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

	it("what is no object, and no C", async () => {
		const { object, output } = compile("f.c", '__attribute__((section("xdp"), used)) int f(void *c) { return 2; }', defaultOptions({ read: () => null }));
		const bytes = Uint8Array.from(output as Uint8Array);
		for (const source of [bytes, bytes.buffer, object!]) expect((await load(source)).programs.f.run().retval).toBe(2);
		for (const source of ["f.o", null, 7]) await expect(load(source as unknown as Uint8Array)).rejects.toThrow(/^an object is the bytes of an ELF file, not /);
		await expect(compileAndLoad(null as unknown as string)).rejects.toThrow("the source is C text, not null");
		await expect(compileAndLoad("bpf/filter.bpf.c")).rejects.toThrow('not the name of a file: compileAndLoad(readFileSync("bpf/filter.bpf.c", "utf8"))');
		await expect(load(bytes, { cpus: 0 })).rejects.toThrow("cpus is a whole number from 1 on, not 0");
	});

	it("values that are none, or do not fit: another value would be tested", async () => {
		const { programs, maps, globals } = await compileAndLoad(`${filter}\nint count; struct { signed char small; unsigned flag : 1; } pair;`);
		const { only_tcp } = programs;
		const { protocols } = maps;
		const run = (input: unknown) => (): unknown => only_tcp.run(input as Parameters<typeof only_tcp.run>[0]);
		for (const packet of ["abc", 3, [1, 2], null]) expect(run({ packet })).toThrow("packet is bytes, a Uint8Array");
		expect(run({ paket: new Uint8Array(64) })).toThrow("not run over paket, but over packet, meta, context, cpu");
		expect(run({ args: [1], packet: undefined })).toThrow("not run over args");
		expect(run({ cpu: 1 })).toThrow("cpu 1 is none of the machine's, which has 1");
		expect(run({ context: { rx_queue_index: "x" } })).toThrow("field rx_queue_index is a whole number of 32 bits, not x");
		expect(run({ context: { rx_queue_index: 2n ** 32n } })).toThrow("field rx_queue_index: 4294967296 does not fit 32 bits");
		expect(run({ context: { rx_queue_index: [1, 2] } })).toThrow("field rx_queue_index has 1 element, not 2");
		expect(run({ context: { rx_queue_index: -1 } })()).toMatchObject({ fields: { rx_queue_index: 0xffffffff } });
		expect(() => protocols.get("tcp")).toThrow('key of protocols: expected a whole number, not "tcp"');
		for (const key of [256, -129]) expect(() => protocols.get(key)).toThrow(`key of protocols: ${key} does not fit 8 bits`);
		expect(() => protocols.set(1, 2n ** 64n)).toThrow("does not fit 64 bits");
		protocols.set(1, -1);
		expect(protocols.get(1)).toBe(2n ** 64n - 1n);
		expect(() => (globals.count = 2 ** 32)).toThrow("count: 4294967296 does not fit 32 bits");
		expect(() => (globals.pair = { small: 1, flag: 2 })).toThrow("pair.flag: 2 does not fit 1 bits");
		expect(() => (globals.pair = { small: 1.5 })).toThrow("pair.small: expected a whole number, not 1.5");
		expect(() => (globals.cuont = 1)).toThrow(TypeError);
	});

	it("the same source once more starts from its initial state, and another where anything that it is compiled from differs", async () => {
		const source = '#include "limit.h"\nint count; __attribute__((section("syscall"), used)) int f(void *c) { return count++ + LIMIT; }';
		const result = async (files: Record<string, string>, options: CompileAndLoadOptions = {}): Promise<number> => (await compileAndLoad(source, { files, ...options })).programs.f.run().retval;
		const files = { "limit.h": "#define LIMIT 5" };
		for (const _ of [1, 2]) expect(await result(files)).toBe(5);
		expect(await result(files, { globals: { count: 3 } })).toBe(8);
		files["limit.h"] = "#define LIMIT 7";
		expect(await result(files)).toBe(7);
		expect(await result({ "limit.h": "" }, { compiler: { macros: [{ kind: "define", text: "LIMIT=9" }] } })).toBe(9);
	});

	it("names in the options that the object does not have", async () => {
		await expect(compileAndLoad(filter, { only: ["only_tpc"] })).rejects.toThrow("only_tpc: the object has no such program");
		await expect(compileAndLoad(filter, { maxEntries: { protocol: 1 } })).rejects.toThrow("protocol: the object has no such map");
	});

	it("an unknown section", async () => {
		await expect(compileAndLoad('__attribute__((section("nonsense"), used)) int f(void *c) { return 0; }')).rejects.toThrow(/nonsense\+0x0: f: the section's name says no program type/);
	});
});
