import { expect, it } from "vitest";
import { filter, maps } from "./filter.bpf.c";

function packet(ttl: number): Uint8Array {
	const bytes = new Uint8Array(60);
	bytes.set([0x08, 0x00, 0x45], 12);
	bytes[22] = ttl;
	return bytes;
}

it("drops a packet without an IP header, and counts it", () => {
	expect(filter.run({ packet: new Uint8Array(20) }).retval).toBe(1);
	expect(maps.dropped.get(0)).toBe(1n);
});

it("lets a packet of few hops pass", () => {
	expect(filter.run({ packet: packet(64) }).retval).toBe(2);
});
