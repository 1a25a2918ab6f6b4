/** Writes the logs that the running kernel gives for our small programs: `tsx test/kernel/record-logs.ts`. Loads only. */
import { writeFileSync } from "node:fs";
import { comparable, LOGGED, loggedImage } from "../support/logged-programs.ts";
import { openKernel } from "../support/kernel.ts";

const kernel = await openKernel();
if (kernel === null) process.exit(1);
for (const program of LOGGED) {
	const logs: string[] = [];
	for (const level of [1, 2]) logs.push(`log_level ${level}\n${comparable(await kernel.log(loggedImage(program), level))}\n`);
	writeFileSync(new URL(`../../runtime/verifier/kernel-logs/${program.name.replaceAll(" ", "-")}.txt`, import.meta.url), logs.join("\n"));
}
await kernel.close();
