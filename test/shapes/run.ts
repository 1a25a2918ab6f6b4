/**
 * `npm run -s shapes -- [--count N] [--seed N] [--print]`: made programs by clang and by us, 500 from seed 1 on. Prints what clang's object passes the
 * verifier with and ours does not, what computes something else, and what costs far more; then the figures. Status 1 for the first two.
 * --print shows the program of a seed.
 */
import { scriptArguments, usage } from "../support/arguments.ts";
import { hasTool } from "../support/clang.ts";
import { makeShape } from "./program.ts";
import { campaign } from "./campaign.ts";

usage(import.meta.url);

const { values } = scriptArguments({ options: { count: { type: "string", default: "500" }, seed: { type: "string", default: "1" }, print: { type: "boolean", default: false } } });
const first = Number(values.seed);
if (values.print) process.stdout.write(makeShape(first).source);
else if (!hasTool("clang-19")) process.exitCode = 2;
else {
	const totals = await campaign(first, Number(values.count), (line) => console.log(line));
	console.log(totals.text);
	if (totals.lost + totals.different + totals.failed > 0) process.exitCode = 1;
}
