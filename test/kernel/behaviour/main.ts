/**
 * Helpers, maps and contexts against the running kernel: C programs made from a seed, compiled here, test-run there and here over the same packets.
 *
 *     npm run -s behaviour -- --seed 1 --count 500 [--only adjust_room,vlan_push]
 *
 * Prints each program that behaves otherwise and the totals; exits with 1 when there is one. `--only`: programs of these snippets alone.
 */
import { scriptArguments, usage } from "../../support/arguments.ts";
import { HOOKS } from "./program.ts";
import { runBehaviour, summary } from "./run.ts";

usage(import.meta.url);

const MOST = 100_000;
const { values } = scriptArguments({ options: { seed: { type: "string", default: "1" }, count: { type: "string", default: "500" }, only: { type: "string", default: "" } } });
const count = Number(values.count);
const only = values.only === "" ? [] : values.only.split(",");
const names = new Set(Object.values(HOOKS).flatMap(({ snippets }) => Object.keys(snippets)));
const unknown = only.find((name) => !names.has(name));
if (!(count > 0 && count <= MOST) || unknown !== undefined) {
	console.error(`usage: behaviour [--seed N] [--count N, at most ${MOST}] [--only NAME,…]${unknown === undefined ? "" : `\nno snippet ${unknown}`}\nsnippets: ${[...names].sort().join(" ")}`);
	process.exitCode = 2;
} else {
	const totals = await runBehaviour(Number(values.seed), count, only, console.log);
	if (totals !== null) {
		console.log(`behaviour, seed ${values.seed}: ${summary(totals)}`);
		if (totals.programs.different > 0) process.exitCode = 1;
	}
}
