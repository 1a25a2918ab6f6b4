/** A few programs of each campaign: no disagreement with the running kernel, in the whole log. `npm run -s campaign` asks for more. */
import { expect, it } from "vitest";
import { CAMPAIGNS, type CampaignName, runCampaign } from "./run-campaign.ts";
import { openOracle } from "./oracle.ts";

/** Programs a campaign: a few seconds for all. */
const COUNT = 40;
const SEED = 7;

const oracle = await openOracle(1);
await oracle?.close();

it.skipIf(oracle === null).each(Object.keys(CAMPAIGNS) as CampaignName[])("the campaign of %s finds no disagreement", async (name) => {
	const lines: string[] = [];
	const result = await runCampaign(name, { seed: SEED, count: COUNT, only: null, judgement: { seconds: 20, logLevel: 2, print: (line) => void lines.push(line) } });
	if (result === null) return;
	const { totals } = result;
	expect(lines.filter((line) => /^(FALSE-ACCEPT|false-reject|unsupported|internal|other-log)/.test(line))).toEqual([]);
	expect(totals.compared).toBeGreaterThan(0);
});
