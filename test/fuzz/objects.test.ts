import { expect, it } from "vitest";
import { fuzzObjects } from "./objects.ts";
import { ownObjects } from "./samples.ts";

/** `npm run fuzz:objects` is the campaign; this is a taste of it. */
it("mutated objects are read or refused with an offset, soon, and harm no tool", () => {
	const { tried, read, refused, failures } = fuzzObjects(ownObjects(), { seed: 1, mutations: 700, seconds: 60 });
	expect(failures).toEqual([]);
	expect(tried).toBeGreaterThan(50);
	expect(read).toBeGreaterThan(tried / 10);
	expect(refused).toBeGreaterThan(tried / 10);
});
