/**
 * The campaign as a process of its own, so that its memory is its own: run.ts bundles and starts it. Arguments: options and objects.
 * Ends with status 1 when something failed.
 */
import { readFileSync } from "node:fs";
import { fuzzObjects, type NamedObject } from "./objects.ts";
import { scriptArguments } from "../support/arguments.ts";

const MEMORY_LIMIT = 200e6;

const { values, positionals } = scriptArguments({
	allowPositionals: true,
	options: { mutations: { type: "string" }, seconds: { type: "string" }, seed: { type: "string" }, only: { type: "string" } },
});
const number = (text: string | undefined, otherwise: number): number => (text === undefined ? otherwise : Number(text));
const objects: NamedObject[] = positionals.map((name) => ({ name, bytes: new Uint8Array(readFileSync(name)) }));
const { tried, read, refused, slowest, memory, failures } = fuzzObjects(objects, {
	seed: number(values.seed, 1),
	mutations: number(values.mutations, 100_000),
	seconds: number(values.seconds, 1800),
	...(values.only === undefined ? {} : { only: Number(values.only) }),
});
for (const { mutation, problem } of failures) console.log(`mutation ${mutation}: ${problem}\n`);
console.log(
	`${tried} mutations of ${objects.length} objects: ${read} read, ${refused} refused with an offset, ${failures.length} failures\n` +
		`slowest ${slowest.milliseconds.toFixed(0)} ms of processor time (mutation ${slowest.mutation}); memory at most ${(memory / 1e6).toFixed(0)} MB`,
);
if (failures.length > 0 || memory > MEMORY_LIMIT) process.exitCode = 1;
