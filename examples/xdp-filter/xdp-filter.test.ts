import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { compileAndLoad } from "ebpfcc";
import { eth, ipv4, packet, tcp, udp } from "../../runtime/test/index.ts";

const source = readFileSync(fileURLToPath(new URL("./xdp-filter.bpf.c", import.meta.url)), "utf8");
const XDP_DROP = 1;
const XDP_PASS = 2;

it("counts TCP packets by port and drops the blocked ones", async () => {
	const { programs, maps } = await compileAndLoad(source);
	const send = (port: number) => programs.xdp_filter.run({ packet: packet(eth(), ipv4(), tcp({ dport: port })) }).retval;
	maps.blocked.set(23, 1);
	expect([443, 443, 80, 23].map(send)).toEqual([XDP_PASS, XDP_PASS, XDP_PASS, XDP_DROP]);
	expect(programs.xdp_filter.run({ packet: packet(eth(), ipv4(), udp({ dport: 443 })) }).retval).toBe(XDP_PASS);
	expect(new Map(maps.packets.entries())).toEqual(new Map([[443, 2n], [80, 1n], [23, 1n]]));
});
