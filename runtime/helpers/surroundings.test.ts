/** Helpers over what lies around a program: counters, interfaces, sets of CPUs. */
import { describe, expect, it } from "vitest";
import { machineMacros } from "../../compiler/index.ts";
import { compileAndLoad } from "../../index.ts";
import { Machine } from "../machine.ts";
import { cpumasks } from "./cpumask.ts";

describe("counters", () => {
	const text = `
		#include <linux/bpf.h>
		#include <bpf/bpf_helpers.h>
		struct { __uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY); __uint(max_entries, 2); __type(key, int); __type(value, int); } events SEC(".maps");
		struct bpf_perf_event_value value;
		long long one;
		SEC("tracepoint") int read(void *ctx) {
			one = bpf_perf_event_read(&events, 1);
			return bpf_perf_event_read_value(&events, BPF_F_CURRENT_CPU, &value, sizeof(value));
		}
		char _license[] SEC("license") = "GPL";`;

	it.each(["interpreter", "js", "wasm"] as const)("are what the environment says, with the %s engine", async (engine) => {
		const counter = (map: string, index: number) => (map === "events" ? { counter: (1n << 40n) + BigInt(index), enabled: 20n, running: 10n } : null);
		const { programs, globals } = await compileAndLoad(text, { engine, environment: { counter } });
		expect(programs.read.run().retval).toBe(0);
		expect(globals.value).toEqual({ counter: 1n << 40n, enabled: 20n, running: 10n });
		expect(globals.one).toBe((1n << 40n) + 1n);
	});

	it("there is none where nobody opened one", async () => {
		const { programs, globals } = await compileAndLoad(text);
		expect(programs.read.run().retval).toBe(-2);
		expect(globals.one).toBe(-2n);
	});
});

describe("the size of an interface", () => {
	it("decides whether a packet fits", async () => {
		const { programs, globals } = await compileAndLoad(
			`
			#include <linux/bpf.h>
			#include <bpf/bpf_helpers.h>
			__u32 mtu; __u32 index; int more; int result;
			SEC("tc") int check(struct __sk_buff *skb) { __u32 length = 0; result = bpf_check_mtu(skb, index, &length, more, 0); mtu = length; return 0; }
			char _license[] SEC("license") = "GPL";`,
			{ environment: { mtu: (index) => (index === 9 ? null : 100) } },
		);
		const check = (size: number, more: number, index = 0): unknown => {
			Object.assign(globals, { more, index });
			programs.check.run({ packet: new Uint8Array(size) });
			return globals.result;
		};
		expect(check(114, 0)).toBe(0);
		expect(globals.mtu).toBe(100);
		expect(check(114, 1)).toBe(1);
		expect(check(115, -1)).toBe(0);
		expect(check(60, 0, 9)).toBe(-19);
	});
});

describe("sets of CPUs", () => {
	it("are sets", () => {
		const machine = new Machine({ cpus: 5 });
		const call = (name: string, ...args: readonly number[]): number => cpumasks[`bpf_cpumask_${name}`].run(machine, args[0] ?? 0, args[1] ?? 0, args[2] ?? 0, 0, 0);
		const [a, b, c] = [call("create"), call("create"), call("create")];
		for (const cpu of [1, 3, 7]) call("set_cpu", cpu, a);
		for (const cpu of [3, 4]) call("set_cpu", cpu, b);
		expect([0, 1, 2, 3, 4, 7].filter((cpu) => call("test_cpu", cpu, a))).toEqual([1, 3]);
		expect(call("weight", a)).toBe(2);
		expect([call("first", a), call("first_zero", a), call("first_and", a, b), call("first", c)]).toEqual([1, 0, 3, 5]);
		expect([call("and", c, a, b), call("weight", c), call("subset", c, a), call("subset", a, c)]).toEqual([1, 1, 1, 0]);
		call("xor", a, a, b);
		expect([call("test_cpu", 1, a), call("test_cpu", 3, a), call("test_cpu", 4, a), call("intersects", a, c)]).toEqual([1, 0, 1, 0]);
		call("setall", c);
		expect([call("full", c), call("empty", c), call("equal", c, a)]).toEqual([1, 0, 0]);
		expect([call("test_and_clear_cpu", 2, c), call("test_and_clear_cpu", 2, c), call("test_and_set_cpu", 9, c)]).toEqual([1, 0, 0]);
		call("copy", a, c);
		expect(call("equal", a, c)).toBe(1);
		call("acquire", a);
		call("release", a);
		expect(call("weight", a)).toBe(4);
		call("release", a);
	});
});

it("registers of a traced function are x86-64's without a word, and those asked for otherwise", async () => {
	const source = `#include <linux/bpf.h>
#include <linux/ptrace.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
SEC("kprobe/f") int BPF_KPROBE(second, int a, long b) { return b; }
char LICENSE[] SEC("license") = "GPL";`;
	const { programs } = await compileAndLoad(source);
	expect(programs.second.run({ args: [1, 42n] }).retval).toBe(42);
	const macros = [{ kind: "define", text: "OTHER" }] as const;
	expect((await compileAndLoad(source, { compiler: { macros } })).programs.second.run({ args: [1, 7n] }).retval).toBe(7);
	const other = [{ kind: "define", text: "__TARGET_ARCH_arm64" }] as const;
	expect(machineMacros(other)).toEqual(other);
});
