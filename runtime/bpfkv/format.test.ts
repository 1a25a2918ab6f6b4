import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { shared } from "../../test/support/shared.ts";
import { createKv } from "./create.ts";
import { geometry, layersOf, lookupPath } from "./format.ts";

/** Recorded from the original implementation's `simplekv create`. */
const SHA256 = {
	1: "2757afcb90ee48c7",
	2: "1f8c8325524dec8d",
	3: "ffc77526670193fb",
	4: "4c2fed56cdc64e9a",
} as const;

async function sha256(layers: number): Promise<string> {
	const hash = createHash("sha256");
	await createKv(layers, (chunk) => void hash.update(chunk));
	return hash.digest("hex");
}

describe("the BPF-KV file", () => {
	it.each([1, 2, 3, 4] as const)("of %i layers is the original's, byte for byte", async (layers) => {
		expect((await sha256(layers)).slice(0, 16)).toBe(SHA256[layers]);
	});

	it("has the size that tells its layers", () => {
		for (let layers = 1; layers <= 6; layers++) expect(layersOf(geometry(layers).fileSize)).toBe(layers);
		expect(layersOf(geometry(3).fileSize - 1)).toBeNull();
		expect(() => geometry(7)).toThrow("1 to 6 layers");
	});

	it("is read along the recorded paths", () => {
		const file = shared("xrp/bpfkv-3-layer.json");
		if (!file) return console.log("recorded paths skipped: no ../shared/xrp");
		const g = geometry(3);
		const queries = JSON.parse(readFileSync(file, "utf8")).queries as { op: string; n_keys: number; start: number; keys: string[]; trace: number[] }[];
		const single = queries.filter((q) => q.op === "get" && q.n_keys === 1 && q.start === 0);
		expect(single.length).toBeGreaterThan(20);
		for (const q of single) expect(lookupPath(g, Number(q.keys[0]))).toEqual(q.trace);
	});
});
