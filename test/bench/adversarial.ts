/** Time and peak memory of the verifier on programs made to exhaust it, each in a process of its own. */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { kernelBtf } from "../../runtime/node/environment.ts";
import { kernelTypes, verify } from "../../runtime/verifier/index.ts";
import { ADVERSARIES, adversary, ITERATORS, nestedIterators } from "../support/adversarial.ts";
import { cpu } from "./clock.ts";

export function adversarial(names: readonly string[]): void {
	const [name] = names;
	if (name !== undefined) return one(name);
	console.log("program                               insns    walked   states     peak    CPU s   peak MB  verdict");
	for (const each of [...ADVERSARIES, ITERATORS]) {
		const { stdout, stderr } = spawnSync(process.execPath, ["--import", "tsx", fileURLToPath(new URL("./run.ts", import.meta.url)), "adversarial", each], { encoding: "utf8" });
		process.stdout.write(stdout === "" ? `${each}: ended without a verdict: ${stderr.slice(0, 400)}\n` : stdout);
	}
}

function one(name: string): void {
	const btf = kernelBtf();
	if (name === ITERATORS && btf === null) return console.log(`${name}: skipped, this kernel has no BTF`);
	const image = name === ITERATORS && btf !== null ? nestedIterators((kfunc) => btf.find(kfunc).find((id) => btf.type(id).kind === "func") ?? 0) : adversary(name);
	const before = cpu();
	const verdict = verify(image, { kernel: btf === null ? null : kernelTypes(btf) });
	const took = cpu() - before;
	const { insnsProcessed, totalStates, peakStates } = verdict.stats;
	const number = (value: number | string): string => String(value).padStart(9);
	console.log(`${name.padEnd(34)}${number(image.insns.length)}${number(insnsProcessed).padStart(10)}${number(totalStates)}${number(peakStates)}${number((took / 1000).toFixed(1))}${number((process.resourceUsage().maxRSS / 1024).toFixed(0)).padStart(10)}  ${verdict.verdict}${verdict.verdict === "accept" ? "" : `: ${verdict.rejection.message.slice(0, 60)}`}`);
}
