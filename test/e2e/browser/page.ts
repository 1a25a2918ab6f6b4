/** What a page does with the package: compiles, runs on each engine, is told of a mistake, follows a chain of blocks. `outcome` gives one line of JSON. */
import { compileAndLoad, type EngineName, memoryDevice, readXrpAsync, readXrpSync, storageHook } from "../../../index.ts";

const FILTER = `
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_endian.h>
struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 64); __type(key, __u32); __type(value, __u64); } counts SEC(".maps");
SEC("xdp") int count(struct xdp_md *ctx) {
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	struct ethhdr *eth = data;
	if ((void *)(eth + 1) > end || eth->h_proto != bpf_htons(ETH_P_IP)) return XDP_PASS;
	struct iphdr *ip = (void *)(eth + 1);
	if ((void *)(ip + 1) > end) return XDP_DROP;
	__u32 key = ip->saddr;
	__u64 one = 1, *value = bpf_map_lookup_elem(&counts, &key);
	if (value) __sync_fetch_and_add(value, 1);
	else bpf_map_update_elem(&counts, &key, &one, BPF_ANY);
	return XDP_PASS;
}
char LICENSE[] SEC("license") = "GPL";`;

/** Each block holds the offset of the next; 0 ends the chain. */
const CHAIN = `
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
SEC("xrp") int follow(struct bpf_xrp *ctx) {
	__u64 *block = (__u64 *)ctx->data, *last = (__u64 *)ctx->scratch;
	last[0] = block[1];
	if (block[0] == 0) { ctx->done = 1; return 0; }
	ctx->next_addr[0] = block[0];
	ctx->size[0] = 512;
	return 0;
}
char LICENSE[] SEC("license") = "GPL";`;

async function counted(name: EngineName): Promise<unknown> {
	const { programs, maps } = await compileAndLoad(FILTER, { engine: name });
	const packet = new Uint8Array(64);
	packet[12] = 8;
	packet.set([1, 2, 3, 4], 26);
	const retvals = [1, 2, 3].map(() => programs.count.run({ packet }).retval);
	return [programs.count.engine, ...retvals, String(maps.counts.get(0x04030201))];
}

async function mistake(): Promise<string> {
	const wrong = FILTER.replace("if ((void *)(ip + 1) > end) return XDP_DROP;", "");
	return compileAndLoad(wrong).then(() => "accepted", (error: Error) => error.message.split("\n")[0]);
}

async function chain(): Promise<unknown> {
	const device = new Uint8Array(512 * 4);
	const words = new BigUint64Array(device.buffer);
	for (const [block, next] of [[0, 3], [3, 1], [1, 0]]) words.set([BigInt(512 * next), BigInt(100 + block)], 64 * block);
	const { programs } = await compileAndLoad(CHAIN);
	const hook = storageHook(programs.follow.loaded);
	const answer = () => Number(new DataView(hook.memory.u8.buffer).getBigUint64(hook.scratch, true));
	return [readXrpSync(memoryDevice(device), hook, 0).hops, answer(), (await readXrpAsync(memoryDevice(device), hook, 0)).hops, answer()];
}

/** Never rejects: what went wrong is its text. */
export async function outcome(...engines: EngineName[]): Promise<string> {
	try {
		const counts: unknown[] = [];
		for (const name of engines) counts.push(await counted(name));
		return JSON.stringify({ counts, mistake: await mistake(), chain: await chain() });
	} catch (error) {
		return String((error as Error).stack);
	}
}
