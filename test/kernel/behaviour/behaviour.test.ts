import { expect, it } from "vitest";
import { runBehaviour, summary } from "./run.ts";

it("60 programs of helpers behave as in the running kernel", { timeout: 120_000 }, async ({ skip }) => {
	const told: string[] = [];
	const totals = await runBehaviour(1, 60, [], (line) => told.push(line));
	if (totals === null) return skip("no kernel to ask");
	console.log(`behaviour: ${summary(totals)}`);
	expect(told).toEqual([]);
	expect(totals.programs.same).toBeGreaterThan(40);
});
