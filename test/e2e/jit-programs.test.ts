/** What random arithmetic does not reach, in C, on every engine: maps looked up inline, callbacks, subprograms, tail calls, atomics, spills. */
import { describe, expect, it } from "vitest";
import { compileAndLoad } from "../../index.ts";
import type { ProgArray } from "../../runtime/maps/prog-array.ts";

const engines = ["interpreter", "js", "wasm"] as const;

const source = `
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
char _license[] SEC("license") = "GPL";
struct pair { __u64 a; __u32 b; __u16 c; };
struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 5); __type(key, __u32); __type(value, struct pair); } array SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY); __uint(max_entries, 2); __type(key, __u32); __type(value, __u64); } percpu SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 100); __type(key, __u64); __type(value, __u64); } hash SEC(".maps");
struct odd { __u8 bytes[7]; };
struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 100); __type(key, struct odd); __type(value, __u32); } oddly SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_LRU_HASH); __uint(max_entries, 4); __type(key, __u32); __type(value, __u64); } lru SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_PROG_ARRAY); __uint(max_entries, 4); __type(key, __u32); __type(value, __u32); __array(values, int(void *)); } programs SEC(".maps");
__u64 total = 1; const volatile __u32 limit = 9;

SEC("xdp") int arrays(struct xdp_md *ctx) {
	__u64 sum = 0;
	for (__u32 i = 0; i < 7; i++) {
		__u32 key = i;
		struct pair *p = bpf_map_lookup_elem(&array, &key);
		if (!p) { sum += 1000; continue; }
		p->a += (__u64)i << 40; p->b ^= 0xdeadbeef; p->c--;
		sum += p->a + p->b + p->c;
	}
	__u32 one = 1;
	__u64 *v = bpf_map_lookup_elem(&percpu, &one);
	if (v) sum += ++*v;
	return (sum ^ sum >> 32) & 0x7fffffff;
}

SEC("xdp") int hashes(struct xdp_md *ctx) {
	__u64 sum = 0;
	total++;
	for (__u64 i = total & 15, n = 0; n < 2; i++, n++) {
		__u64 key = i * 0x123456789abcull, value = i * i;
		if (i & 1) bpf_map_update_elem(&hash, &key, &value, BPF_ANY);
		__u64 *found = bpf_map_lookup_elem(&hash, &key);
		sum = sum * 3 + (found ? *found : 77);
		struct odd o = { { i, 1, 2, 3, 4, 5, i } };
		__u32 small = i;
		if (i % 3 == 0) bpf_map_update_elem(&oddly, &o, &small, BPF_ANY);
		__u32 *got = bpf_map_lookup_elem(&oddly, &o);
		sum = sum * 5 + (got ? *got : 11);
		bpf_map_update_elem(&lru, &small, &value, BPF_ANY);
	}
	__u32 newest = total & 15;
	__u64 *v = bpf_map_lookup_elem(&lru, &newest);
	if (v) sum += *v << (newest & 63);
	return (sum ^ sum >> 32) & 0x7fffffff;
}

struct state { __u64 sum; __u32 steps; };
static long step(__u32 i, struct state *s) {
	s->sum = s->sum * 31 + i; s->steps++;
	return s->sum % 97 == 5;
}
static long each(void *map, __u64 *key, __u64 *value, struct state *s) { s->sum += *key ^ *value; s->steps++; return 0; }
SEC("xdp") int callbacks(struct xdp_md *ctx) {
	struct state s = { .sum = 3 };
	long done = bpf_loop(50, step, &s, 0);
	__u64 key = 5, value = 6;
	bpf_map_update_elem(&hash, &key, &value, BPF_ANY);
	long n = bpf_for_each_map_elem(&hash, each, &s, 0);
	return (s.sum + s.steps * 1000 + done * 7 + n) & 0x7fffffff;
}

static __attribute__((noinline)) __u64 mix(__u64 a, __u64 b, __u32 c) { return (a ^ b >> 7) * 0x9e3779b97f4a7c15ull + c; }
static __attribute__((noinline)) __u64 fold(__u64 x) { __u64 r = 0; for (int i = 0; i < 4; i++) r += mix(x, r, i); return r; }
__attribute__((noinline)) int global_sum(__u32 a, __u32 b) { return a * 3 + b; }
SEC("xdp") int subprograms(struct xdp_md *ctx) {
	__u64 v = fold(0x1122334455667788ull) + mix(1, 2, 3);
	return (global_sum(v >> 32, v) ^ limit) & 0x7fffffff;
}

SEC("xdp") int target(struct xdp_md *ctx) { total += 100; return 42; }
static __attribute__((noinline)) int indirect(struct xdp_md *ctx) {
	volatile int x = 5;
	bpf_tail_call(ctx, &programs, 1);
	return x;
}
SEC("xdp") int tails(struct xdp_md *ctx) {
	volatile __u64 keep = 0x1234567;
	int r = indirect(ctx);
	total += keep;
	bpf_tail_call(ctx, &programs, 2);
	bpf_tail_call(ctx, &programs, 7);
	return r + 1;
}
SEC("xdp") int endless(struct xdp_md *ctx) { total++; bpf_tail_call(ctx, &programs, 0); return total; }
static __attribute__((noinline)) int deeper(struct xdp_md *ctx) {
	volatile int x = 1;
	bpf_tail_call(ctx, &programs, 3);
	return x;
}
SEC("xdp") int deep(struct xdp_md *ctx) {
	volatile int keep = 7;
	int r = deeper(ctx);
	return r + keep;
}
SEC("xdp") int fill(struct xdp_md *ctx) { return 0; }

__u64 word = 5; __u32 half = 7;
SEC("xdp") int atomics(struct xdp_md *ctx) {
	__u64 r = __sync_fetch_and_add(&word, 0x100000001ull);
	r = r * 3 + __sync_fetch_and_or(&word, 0xff00);
	r = r * 3 + __sync_fetch_and_and(&word, 0x1ffffff0f0ull);
	r = r * 3 + __sync_fetch_and_xor(&half, 0xffff);
	r = r * 3 + __sync_lock_test_and_set(&half, 3);
	r = r * 3 + __sync_val_compare_and_swap(&word, word, 9);
	r = r * 3 + __sync_val_compare_and_swap(&half, 4, 9);
	__sync_fetch_and_add(&half, 2);
	return (r + word + half ^ r >> 32) & 0x7fffffff;
}

SEC("xdp") int packets(struct xdp_md *ctx) {
	unsigned char *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	__u32 sum = end - data;
	for (int i = 0; i < 60; i++) { if (data + i + 1 > end) break; sum = sum * 31 + data[i]; }
	return sum & 0x7fffffff;
}
`;

describe("C programs give the same on every engine", () => {
	it("maps, callbacks, subprograms, tail calls, atomics, packets", async () => {
		const results: Record<string, unknown>[] = [];
		for (const engine of engines) {
			const object = await compileAndLoad(source, { engine });
			const { programs, maps } = object;
			const slots = maps.programs.map;
			const set = (index: number, name: string): void => void (slots as ProgArray).setProgram(index, programs[name].loaded);
			set(0, "endless");
			set(1, "target");
			set(3, "deep");
			const packet = Uint8Array.from({ length: 80 }, (_, i) => (i * 37) & 255);
			const seen: Record<string, unknown> = {};
			for (let round = 0; round < 20; round++) {
				for (const name of Object.keys(programs)) seen[`${name} ${round}`] = programs[name].run({ packet }).retval;
			}
			seen.total = object.globals.total;
			results.push(seen);
			object.close();
		}
		expect(results[1]).toEqual(results[0]);
		expect(results[2]).toEqual(results[0]);
		expect(results[0]["tails 0"]).toBe(43);
		expect(results[0]["endless 0"]).toBeGreaterThan(33);
		// Each of 33 tail calls leaves a frame of the caller standing.
		expect(results[0]["deep 0"]).toBe(1 + 34 * 7);
	});
});
