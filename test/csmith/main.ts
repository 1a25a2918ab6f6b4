/** The campaign as a process of its own, which run.ts bundles and starts. Ends with status 1 when something differs. */
import { campaign } from "./campaign.ts";
import { generate } from "./generate.ts";
import { scriptArguments } from "../support/arguments.ts";

const { values } = scriptArguments({ options: { count: { type: "string", default: "2000" }, seed: { type: "string", default: "1" }, print: { type: "boolean", default: false } } });
const count = Number(values.count);
const first = Number(values.seed);

if (values.print) process.stdout.write(generate(first) ?? "");
else {
	const seeds = Array.from({ length: count }, (_, i) => first + i);
	const { generated, compared, codes, left, leftCodes, differences } = campaign(seeds, ({ seed, variant, engine, got, expected }) => {
		console.log(`seed ${seed}, -O${variant.level} -mcpu=v${variant.cpu}, ${engine}: ${got}, natively ${expected}`);
	});
	console.log(`${generated} programs, ${compared} compared at -O2 -mcpu=v3 on 3 engines, ${codes - compared} more at other levels and processors: ${differences.length} differences`);
	const list = (title: string, causes: ReadonlyMap<string, number>): void => {
		for (const [cause, n] of [...causes].sort((a, b) => b[1] - a[1])) console.log(`${title} ${String(n).padStart(5)}  ${cause}`);
	};
	list("left out           ", left);
	list("left out, elsewhere", leftCodes);
	if (differences.length > 0) process.exitCode = 1;
}
