import { describe, expect, it } from "vitest";
import { compileAndLoad } from "../../index.ts";
import { eth, ipv4, ipv6, packet, tcp } from "../test/index.ts";

const program = (version: 4 | 6, header: string, size: number) => `#include <linux/bpf.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/tcp.h>
#include <bpf/bpf_helpers.h>
long made, checked;
SEC("xdp") int f(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	${header} *ip = data + 14;
	struct tcphdr *tcp = data + 14 + ${size};
	if ((void *)tcp + 24 > end)
		return XDP_DROP;
	made = bpf_tcp_raw_gen_syncookie_ipv${version}(ip, tcp, 24);
	checked = bpf_tcp_raw_check_syncookie_ipv${version}(ip, tcp);
	return XDP_PASS;
}
char _license[] SEC("license") = "GPL";`;

describe.each([
	[4, "struct iphdr", 20, ipv4()],
	[6, "struct ipv6hdr", 40, ipv6()],
] as const)("SYN cookies over IPv%d", (version, header, size, network) => {
	const syn = (fields: Partial<Parameters<typeof tcp>[0]>, segment = 1460) => packet(eth(), network, tcp({ sport: 4000, dport: 80, seq: 1000, flags: "S", options: new Uint8Array([2, 4, segment >> 8, segment & 255]), ...fields }));

	it("are what their acknowledgement is checked by, and say a segment size", async () => {
		const object = await compileAndLoad(program(version, header, size));
		const run = (bytes: Uint8Array) => {
			object.programs.f.run({ packet: bytes });
			return { made: BigInt.asIntN(64, BigInt(object.globals.made as bigint)), checked: Number(object.globals.checked) };
		};
		const { made, checked } = run(syn({}));
		expect(Number(made >> 32n)).toBe(version === 4 ? 1460 : 1440);
		expect(checked).toBe(-13);
		const cookie = Number(made & 0xffffffffn);
		expect(run(syn({ seq: 1001, ack: (cookie + 1) >>> 0, flags: "A" })).checked).toBe(0);
		expect(run(syn({ seq: 1002, ack: (cookie + 1) >>> 0, flags: "A" })).checked).toBe(-13);
		expect(run(syn({ seq: 1001, ack: (cookie + 5) >>> 0, flags: "A" })).checked).toBe(-13);
		expect(Number(run(syn({}, 1350)).made >> 32n)).toBe(version === 4 ? 1300 : 1220);
		// The header says more options than were given.
		expect(run(packet(eth(), network, tcp({ flags: "S", options: new Uint8Array(8) }))).made).toBe(-22n);
	});
});
