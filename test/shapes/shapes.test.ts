import { expect, it } from "vitest";
import { hasTool } from "../support/clang.ts";
import { campaign } from "./campaign.ts";
import { makeShape } from "./program.ts";

/** A few of the programs that `npm run -s shapes` compares by the hundred; some were refused once, or walked twenty times as long as clang's. */
const SEEDS = [2002, 2246, 2300, 2301];

it.skipIf(!hasTool("clang-19"))("made programs pass the verifier where clang's code does, and compute what it computes", { timeout: 300_000 }, async () => {
	const lines: string[] = [];
	for (const seed of SEEDS) {
		const totals = await campaign(seed, 1, (line) => lines.push(line));
		expect([totals.lost, totals.different, totals.failed], `seed ${seed}`).toEqual([0, 0, 0]);
	}
	expect(lines).toEqual([]);
});

it("a seed is one program", () => {
	expect(makeShape(7)).toEqual(makeShape(7));
	expect(makeShape(7).source).not.toBe(makeShape(8).source);
});
