/**
 * The verifier against the running kernel, a campaign at a time: programs made from a seed, loaded and never run or attached.
 *
 *     npm run -s campaign -- contexts --seed 1 --count 2000 [--seconds 100] [--only TEXT] [--deep] [--cap-bpf] [--flags N] [--out FILE] [--reasons] [--log 1|2]
 *
 * Prints each disagreement and the totals; exits with 1 when there is a false accept or reject. `--out` keeps the disagreements as cases:
 * `npm run -s cases -- verify --kernel-btf=/sys/kernel/btf/vmlinux FILE`. `--only` is a word of the campaign's own (a helper, a struct, a case).
 * `--deep` compares what both say of rejected programs, and how many instructions both walk of accepted ones.
 * `--cap-bpf` loads with CAP_BPF alone; most program types ask for more, and are not measurable then. `--flags` adds BPF_F_*: 8 keeps a state at every
 * instruction, which asks far more of pruning; 1 wants aligned accesses; 128 refuses ranges that contradict each other. `--reasons` lists what the kernel
 * refused programs for, the most frequent first. `--log` compares the whole logs of that level, line by line.
 */
import { CAMPAIGNS, runCampaign } from "./run-campaign.ts";
import { summary } from "./judge.ts";
import { scriptArguments, usage } from "../support/arguments.ts";

usage(import.meta.url);

const MAX_LOADS = 200_000;

const { values, positionals } = scriptArguments({
	allowPositionals: true,
	options: {
		seed: { type: "string", default: "1" }, count: { type: "string", default: "1000" }, seconds: { type: "string", default: "600" }, only: { type: "string" }, out: { type: "string" },
		deep: { type: "boolean", default: false }, "cap-bpf": { type: "boolean", default: false }, flags: { type: "string", default: "0" }, reasons: { type: "boolean", default: false }, log: { type: "string", default: "0" },
	},
});
const [name] = positionals;
const count = Number(values.count);
if (name === undefined || !(name in CAMPAIGNS) || !(count > 0 && count <= MAX_LOADS)) {
	console.error(`usage: campaign NAME [--seed N] [--count N, at most ${MAX_LOADS}] [--seconds N] [--only TEXT] [--deep] [--cap-bpf] [--flags N] [--out FILE] [--reasons] [--log 1|2]\n${Object.entries(CAMPAIGNS).map(([key, { summary: words }]) => `  ${key.padEnd(18)}${words}`).join("\n")}`);
	process.exitCode = 2;
} else {
	const result = await runCampaign(name as keyof typeof CAMPAIGNS, {
		seed: Number(values.seed), count, only: values.only ?? null,
		judgement: { seconds: Number(values.seconds), deep: values.deep, capBpf: values["cap-bpf"], flags: Number(values.flags), logLevel: Number(values.log), print: console.log, ...(values.out === undefined ? {} : { out: values.out }) },
	});
	if (result !== null) {
		const { totals, of } = result;
		if (values.reasons) for (const [text, n] of [...totals.reasons].sort((a, b) => b[1] - a[1])) console.log(`${String(n).padStart(6)} ${text}`);
		console.log(`${name}, seed ${values.seed}${of === null ? "" : ` (of ${of} questions)`}: ${summary(totals, { deep: values.deep, logLevel: Number(values.log) })}${totals.finished ? "" : "; ended by --seconds"}`);
		if (totals.falseAccept + totals.falseReject + totals.internal > 0) process.exitCode = 1;
	}
}
