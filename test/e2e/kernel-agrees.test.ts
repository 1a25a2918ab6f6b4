import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { compileAndLoad } from "../../index.ts";
import type { LoadedObject } from "../../index.ts";
import { eth, icmp, ipv4, ipv6, packet, tcp, udp, vlan } from "../../runtime/test/index.ts";
import type { Kernel } from "../support/kernel.ts";
import { openKernel } from "../support/kernel.ts";

const source = readFileSync(new URL("../../examples/xdp-filter/xdp-filter.bpf.c", import.meta.url), "utf8");

const packets: readonly Uint8Array[] = [
	...[22, 80, 80, 443, 8080, 65535, 0].map((dport) => packet(eth(), ipv4(), tcp({ dport }))),
	packet(eth(), ipv4({ options: new Uint8Array(4) }), tcp({ dport: 80 })),
	packet(eth(), ipv4({ options: new Uint8Array(40) }), tcp({ dport: 81 })),
	packet(eth(), ipv4(), tcp({ dport: 25, flags: "SA", options: new Uint8Array([2, 4, 5, 180]) }), "mail"),
	packet(eth(), ipv4(), udp({ dport: 53 }), "query"),
	packet(eth(), ipv4(), icmp(), "ping"),
	packet(eth(), ipv6(), tcp({ dport: 80 })),
	packet(eth(), vlan({ id: 7 }), ipv4(), tcp({ dport: 80 })),
	packet(eth({ type: 0x88cc }), new Uint8Array(46)),
	packet(eth(), ipv4(), tcp({ dport: 80 })).subarray(0, 14),
	packet(eth(), ipv4(), tcp({ dport: 80 })).subarray(0, 33),
	packet(eth(), ipv4(), tcp({ dport: 80 })).subarray(0, 53),
	packet(eth(), ipv4(), tcp({ dport: 80 }), new Uint8Array(1400)),
	new Uint8Array(60).fill(0xff),
];

describe("the running kernel and the runtime agree", () => {
	let kernel: Kernel | null = null;
	beforeAll(async () => {
		kernel = await openKernel();
	});
	afterAll(() => kernel?.close());

	const compare = async (object: LoadedObject): Promise<void> => {
		if (kernel === null) return;
		const program = object.programs.xdp_filter;
		const answer = await kernel.run(program.image, packets);
		expect(answer.log ?? "").toBe("");
		expect(answer.ok).toBe(true);
		const ours = packets.map((data) => program.run({ packet: data }));
		expect(ours.map(({ retval }) => retval)).toEqual(answer.runs?.map(({ ret }) => ret));
		const counters = answer.runs?.at(-1)?.maps?.[object.maps.packets.map.def.name === program.image.maps[0].name ? 0 : 1] ?? [];
		const kernelCounts = counters.map(([key, value]) => [Buffer.from(key, "hex").readUInt16LE(), Buffer.from(value, "hex").readBigUInt64LE()] as const);
		const sorted = (list: Iterable<readonly [unknown, unknown]>): unknown[] => [...list].map(([key, value]) => `${key}: ${value}`).sort();
		expect(sorted(object.maps.packets as Iterable<readonly [unknown, unknown]>)).toEqual(sorted(kernelCounts));
	};

	it("on 20 packets through the XDP filter, results and counters", async () => {
		expect(packets).toHaveLength(20);
		await compare(await compileAndLoad(source));
	});

	it.each(["interpreter", "js"] as const)("with the %s engine too", async (engine) => {
		await compare(await compileAndLoad(source, { engine }));
	});
});
