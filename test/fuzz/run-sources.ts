/**
 * `npm run fuzz:sources -- [--mutations N] [--seconds S] [--seed N] [--only I]`: the campaign over mutated C, by default 5,000 mutations of our own
 * programs, the examples and, with EBPFCC_CORPUS=30, as many real ones. Ends with status 1 when something failed.
 */
import { corpusSources, ownSources } from "./source-samples.ts";
import { fuzzSources } from "./sources.ts";
import { scriptArguments, usage } from "../support/arguments.ts";

usage(import.meta.url);

const { values } = scriptArguments({ options: { mutations: { type: "string" }, seconds: { type: "string" }, seed: { type: "string" }, only: { type: "string" } } });
const number = (text: string | undefined, otherwise: number): number => (text === undefined ? otherwise : Number(text));
const sources = [...ownSources(), ...(await corpusSources())];
const { tried, compiled, refused, slowest, failures } = fuzzSources(sources, {
	seed: number(values.seed, 1),
	mutations: number(values.mutations, 5_000),
	seconds: number(values.seconds, 1800),
	...(values.only === undefined ? {} : { only: Number(values.only) }),
});
for (const { mutation, source, problem } of failures) console.log(`mutation ${mutation} of ${source}: ${problem}\n`);
console.log(
	`${tried} mutations of ${sources.length} sources: ${compiled} compiled, ${refused} refused, ${failures.length} failures\n` +
		`slowest ${slowest.milliseconds.toFixed(0)} ms of processor time (mutation ${slowest.mutation})`,
);
if (failures.length > 0) process.exitCode = 1;
