/**
 * The kernel's log of recorded cases, asked of the running kernel, and ours: line for line the same. One case in `STEP`; `KERNEL_LOG=1`: all.
 * Left out, and counted: cases whose verdict here is not the recorded one, and logs that say how long it took.
 */
import { readFileSync } from "node:fs";
import { dirname } from "node:path";
import { expect, it } from "vitest";
import { verify } from "../../runtime/verifier/verify.ts";
import { loadKernelTypes } from "../cases/verify.ts";
import { caseImage, type RecordedCase } from "../support/case-image.ts";
import { comparable } from "../support/logged-programs.ts";
import { shared } from "../support/shared.ts";

const STEP = Number(process.env.KERNEL_LOG ?? 6);
const cases = shared("verify/classic.jsonl");
const oracleFile = shared("oracle/oracle.mjs");

interface Oracle {
	loadCase(one: RecordedCase, folder: string, more: Readonly<Record<string, unknown>>): Promise<{ readonly ok?: boolean; readonly fulllog?: string }>;
	close(): Promise<void>;
}
interface OracleModule {
	probe(): Promise<string | null>;
	openOracle(): Promise<Oracle>;
}

const module = oracleFile === null ? null : ((await import(oracleFile)) as OracleModule);
const why = module === null ? "no oracle" : await module.probe();
if (why !== null) console.log(`comparison of logs with the running kernel skipped: ${why}`);

it.skipIf(why !== null || cases === null)("logs are the running kernel's, of both levels", { timeout: 600_000 }, async () => {
	const folder = dirname(cases!);
	const kernel = loadKernelTypes(`${folder}/btf/vmlinux.btf.gz`);
	const oracle = await module!.openOracle();
	const count = { same: 0, different: [] as string[], leftOut: 0 };
	const list = readFileSync(cases!, "utf8").trim().split("\n").map((line) => JSON.parse(line) as RecordedCase & { verdict: string | null; kernel: { processed?: number } });
	for (const [i, one] of list.entries()) {
		if (i % STEP !== 0) continue;
		if (one.verdict === null || (one.kernel.processed ?? 0) > 20_000) {
			count.leftOut++;
			continue;
		}
		for (const level of [1, 2]) {
			const answer = await oracle.loadCase(one, folder, { log: level, logMax: 1 << 20 });
			const said = answer.fulllog ?? "";
			if (answer.ok !== (one.verdict === "accept") || said === "" || said.startsWith("verification time")) {
				count.leftOut++;
				continue;
			}
			// The oracle's maps have no names.
			const image = caseImage(one, folder);
			const maps = image.maps.map((map) => ({ ...map, name: "", ...(map.inner ? { inner: { ...map.inner, name: "" } } : {}) }));
			const ours = verify({ ...image, maps }, { kernel, logLevel: level }).log;
			if (comparable(ours) === comparable(said)) count.same++;
			else count.different.push(`${one.id} level ${level}`);
		}
	}
	await oracle.close();
	console.log(`logs: ${count.same} the same, ${count.different.length} not (${count.different.join(", ")}), ${count.leftOut} left out`);
	expect(count.same).toBeGreaterThan(50);
	expect(count.same / (count.same + count.different.length)).toBeGreaterThan(0.97);
});
