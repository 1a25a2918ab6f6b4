import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { compile, defaultOptions, load } from "../../index.ts";
import { arp, eth, icmp, ipv4, ipv6, packet, tcp, udp } from "../../runtime/test/index.ts";
import { loadInKernel, whyNoKernel } from "../support/bpftool.ts";

const why = whyNoKernel();
if (why) console.log(`comparison with the running kernel skipped: ${why}`);

const path = fileURLToPath(new URL("../../examples/xdp-filter/xdp-filter.bpf.c", import.meta.url));
const { object, output } = compile(path, readFileSync(path, "utf8"), defaultOptions({ read: () => null }));

/** Twenty packets: whole, cut off at each header, with options, of other protocols. */
function packets(): Uint8Array[] {
	const whole = packet(eth(), ipv4(), tcp({ sport: 40000, dport: 443 }), "payload");
	const cut = [14, 20, 33, 34, 40, 53, 54].map((length) => whole.slice(0, length));
	const withIhl = (ihl: number) => {
		const bytes = packet(eth(), ipv4(), tcp({ dport: 80 }), new Uint8Array(64));
		bytes[14] = 0x40 | ihl;
		return bytes;
	};
	return [
		whole,
		...cut,
		...[0, 4, 5, 6, 15].map(withIhl),
		packet(eth(), ipv4(), tcp({ dport: 22 })),
		packet(eth(), ipv4(), tcp({ dport: 0 })),
		packet(eth(), ipv4(), udp({ dport: 53 }), "query"),
		packet(eth(), ipv6(), tcp({ dport: 443 })),
		packet(eth(), ipv4(), icmp()),
		packet(eth(), arp()),
		packet(eth(), ipv4(), tcp({ dport: 65535 }), new Uint8Array(1400)),
	];
}

describe.skipIf(why !== null)("the XDP filter in the running kernel", () => {
	it("loads, and returns what the runtime returns for the same 20 packets", async () => {
		const all = packets();
		expect(all).toHaveLength(20);
		const { programs } = await load(object as NonNullable<typeof object>);
		const kernel = loadInKernel(output as Uint8Array);
		try {
			for (const [i, bytes] of all.entries()) {
				const ours = programs.xdp_filter.run({ packet: bytes });
				const theirs = kernel.run(bytes);
				expect(ours.retval, `packet ${i}`).toBe(theirs.retval);
				expect(Buffer.from(ours.packet ?? []).toString("hex"), `packet ${i}`).toBe(Buffer.from(theirs.data).toString("hex"));
			}
		} finally {
			kernel.unload();
		}
	});
});
