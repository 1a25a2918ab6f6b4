import { expect, it } from "vitest";
import { hasTool } from "../support/clang.ts";
import { campaign } from "./campaign.ts";

/** A few of the programs that `npm run -s csmith` compares by the thousand. */
const SEEDS = [2, 3, 22, 26, 34, 41, 44, 47, 53, 58, 62, 64, 71, 75, 78, 80, 83, 90, 94, 95];

it.skipIf(!hasTool("csmith") || !hasTool("gcc"))("random C programs compute what gcc's code computes", { timeout: 300_000 }, () => {
	const { compared, differences } = campaign(SEEDS);
	expect(differences).toEqual([]);
	expect(compared).toBeGreaterThan(SEEDS.length / 2);
});
