/**
 * Runs recorded cases through one stage and writes what came out, a line of JSON a case:
 *
 *     npm run -s cases -- run --engine interpreter CASES.jsonl > results.jsonl
 *     npm run -s cases -- verify CASES.jsonl > verdicts.jsonl
 *     npm run -s cases -- xrp VECTORS.json
 *
 * Each command is a file in cases/ that exports `main(args)`, which returns the exit status.
 */
import { readdirSync } from "node:fs";
import { endWith, usage } from "./support/arguments.ts";

usage(import.meta.url);

const folder = new URL("./cases/", import.meta.url);
const commands = readdirSync(folder)
	.filter((file) => file.endsWith(".ts") && !file.endsWith(".test.ts"))
	.map((file) => file.slice(0, -3));

const [command, ...args] = process.argv.slice(2);
if (command === undefined || !commands.includes(command)) {
	console.error(`usage: cases ${commands.join("|")} [options] FILE`);
	process.exitCode = 2;
} else {
	const { main } = (await import(new URL(`${command}.ts`, folder).href)) as { main(args: readonly string[]): number | Promise<number> };
	try {
		process.exitCode = await main(args);
	} catch (error) {
		endWith(error);
	}
}
