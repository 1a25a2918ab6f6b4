import { describe, expect, it } from "vitest";
import { compileAndLoad } from "../index.ts";

const source = `
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
struct value { __u64 fired; __u64 at; struct bpf_timer timer; };
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4);
	__type(key, __u32);
	__type(value, struct value);
} timers SEC(".maps");

__u64 period = 1000000;
__u32 last_key;

static int tick(void *map, __u32 *key, struct value *value)
{
	value->fired++;
	value->at = bpf_ktime_get_ns();
	last_key = *key;
	if (period)
		bpf_timer_start(&value->timer, period, 0);
	return 0;
}

SEC("tc") int start(struct __sk_buff *skb)
{
	__u32 key = skb->mark;
	struct value zero = {};
	struct value *value;

	bpf_map_update_elem(&timers, &key, &zero, BPF_NOEXIST);
	value = bpf_map_lookup_elem(&timers, &key);
	if (!value)
		return 1;
	if (bpf_timer_init(&value->timer, &timers, 1))
		return 2;
	bpf_timer_set_callback(&value->timer, tick);
	return bpf_timer_start(&value->timer, 5000000, 0);
}
char _license[] SEC("license") = "GPL";
`;

describe.each(["interpreter", "js", "wasm"] as const)("timers on %s", (engine) => {
	it("fire when time passes, each at its own moment", async () => {
		const { programs, maps, machine, globals } = await compileAndLoad(source, { engine });
		expect(programs.start.run({ context: { mark: 7 } }).retval).toBe(0);
		const started = machine.now();
		expect(machine.advance(4_000_000)).toBe(0);
		expect(machine.advance(3_500_000)).toBe(3);
		const { fired, at } = maps.timers.get(7) as { fired: bigint; at: bigint };
		expect(fired).toBe(3n);
		expect(Number(at - started)).toBeGreaterThanOrEqual(6_990_000);
		expect(Number(at - started)).toBeLessThan(7_500_000);
		expect(globals.last_key).toBe(7);
	});

	it("fire after the memory grew", async () => {
		const { programs, maps, machine } = await compileAndLoad(source, { engine });
		expect(programs.start.run({ context: { mark: 7 } }).retval).toBe(0);
		const { size } = machine.memory;
		machine.memory.alloc(size);
		expect(machine.memory.size).toBeGreaterThan(size);
		expect(machine.advance(5_500_000)).toBe(1);
		machine.memory.alloc(machine.memory.size);
		expect(machine.advance(1_000_000)).toBe(1);
		expect((maps.timers.get(7) as { fired: bigint }).fired).toBe(2n);
	});

	it("are gone with their element", async () => {
		const { programs, maps, machine } = await compileAndLoad(source, { engine });
		programs.start.run({ context: { mark: 1 } });
		expect(programs.start.run({ context: { mark: 1 } }).retval).toBe(2);
		maps.timers.delete(1);
		expect(machine.advance(10_000_000)).toBe(1);
		expect(maps.timers.size).toBe(0);
		expect(programs.start.run({ context: { mark: 1 } }).retval).toBe(0);
	});
});
