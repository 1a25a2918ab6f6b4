import { expect, it } from "vitest";
import { ownSources } from "./source-samples.ts";
import { fuzzSources } from "./sources.ts";

/** `npm run fuzz:sources` is the campaign; this is a taste of it. */
it("mutated C is compiled or refused, soon, and without a fault of ours", { timeout: 120_000 }, () => {
	const { tried, compiled, refused, failures } = fuzzSources(ownSources(), { seed: 1, mutations: 60, seconds: 8 });
	expect(failures).toEqual([]);
	expect(tried).toBeGreaterThan(10);
	expect(compiled).toBeGreaterThan(0);
	expect(refused).toBeGreaterThan(tried / 4);
});
