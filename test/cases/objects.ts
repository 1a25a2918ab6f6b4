/**
 * The verifier's verdicts over real objects beside the running kernel's, and what both took:
 *
 *     npm run -s cases -- objects [--out=DIR] [--set=clang|ours] [--only=TEXT] [--rounds=N] [--json=FILE] [--kernel=FILE]
 *
 * In: the folder that the corpus measurement wrote (default: the cache's `out`), with a record of each program of clang's objects and of ours. Out: agreement,
 * false accepts, false rejects and what is unsupported, each by cause and program; the programs that the kernel's verifier never saw, counted; times.
 * Times are milliseconds of `verify` alone in the warm process, the least of the rounds (of CPU and of elapsed time the lesser: the CPU clock itself takes
 * as long as a small program); the kernel's are those that its verifier reported, the least where FILE has the loader's lines of another run.
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { kernelAddresses, kernelBtf, kernelConfig } from "../../runtime/node/environment.ts";
import { kernelTypes, verify } from "../../runtime/verifier/index.ts";
import { cpu } from "../bench/clock.ts";
import { CACHE, type KernelRecord, measuredObjects, openMeasured } from "../support/measured.ts";

const hasAddress = kernelAddresses();
const addresses = hasAddress === undefined ? {} : { hasAddress };

interface Row {
	readonly id: string;
	readonly prog: string;
	/** Of the kernel. */
	readonly accepted: boolean;
	readonly verdict: "accept" | "reject" | "unsupported" | "unopened";
	readonly message: string;
	readonly theirMessage: string;
	readonly ms: number;
	readonly kernelMs: number;
	readonly walked: number;
	readonly kernelWalked: number;
}

export function main(args: readonly string[]): number {
	const option = (name: string): string | undefined => args.find((a) => a.startsWith(`--${name}=`))?.slice(name.length + 3);
	const out = option("out") ?? join(CACHE, "out");
	const btf = kernelBtf();
	if (btf === null || !existsSync(join(out, "programs.jsonl"))) {
		console.error(btf === null ? "objects: this kernel has no BTF" : `objects: nothing measured in ${out}`);
		return 2;
	}
	const kernel = kernelTypes(btf);
	const kconfig = kernelConfig();
	const again = kernelTimes(option("kernel"));
	const rounds = Number(option("rounds") ?? 1);
	const only = option("only");
	let wrong = 0;
	const all: (Row & { readonly set: string })[] = [];
	for (const set of ["clang", "ours"] as const) {
		if ((option("set") ?? set) !== set) continue;
		const rows: Row[] = [];
		const unseen = new Map<string, number>();
		const began = cpu();
		let verifying = 0;
		for (const object of measuredObjects(out, set)) {
			if (only !== undefined && !object.records.some(({ prog }) => `${object.id} ${prog}`.includes(only))) continue;
			const opened = openMeasured(object, btf, kconfig);
			for (const record of object.records) {
				if (only !== undefined && !`${object.id} ${record.prog}`.includes(only)) continue;
				const why = unmeasured(record);
				if (why !== null) {
					unseen.set(why, (unseen.get(why) ?? 0) + 1);
					continue;
				}
				const usec = Math.min(record.verify_usec ?? 0, again.get(`${object.file} ${record.prog}`) ?? Number.POSITIVE_INFINITY);
				rows.push(compare(object.id, { ...record, verify_usec: usec }, opened.program(record), kernel, rounds, (ms) => (verifying += ms)));
			}
		}
		console.log(report(set, rows, unseen, { all: cpu() - began, verifying }));
		all.push(...rows.map((row) => ({ ...row, set })));
		wrong += rows.filter((row) => (row.verdict === "accept") !== row.accepted).length;
	}
	const json = option("json");
	if (json !== undefined) writeFileSync(json, all.map((row) => `${JSON.stringify(row)}\n`).join(""));
	return wrong === 0 ? 0 : 1;
}

/** By object and program, in microseconds. */
function kernelTimes(file: string | undefined): ReadonlyMap<string, number> {
	const times = new Map<string, number>();
	if (file === undefined) return times;
	for (const line of readFileSync(file, "utf8").split("\n")) {
		if (!line.startsWith("{")) continue;
		const { obj, prog, verify_usec: usec } = JSON.parse(line) as { obj?: string; prog?: string | null; verify_usec?: number };
		if (obj !== undefined && prog && usec !== undefined && usec >= 0) times.set(`${obj} ${prog}`, usec);
	}
	return times;
}

/** Why the kernel's verifier did not judge the program; null when it did. */
function unmeasured(record: KernelRecord): string | null {
	// EPERM before the first instruction: what this machine does not let anybody attach to.
	if (record.err === -1 && record.processed === 0) return "eperm";
	if (record.accepted || record.verifier_ran === true) return null;
	return record.why ?? record.stage ?? "not loaded";
}

function compare(id: string, record: KernelRecord, image: ReturnType<ReturnType<typeof openMeasured>["program"]>, kernel: ReturnType<typeof kernelTypes>, rounds: number, spent: (ms: number) => void): Row {
	const base = { id, prog: record.prog ?? "", accepted: record.accepted, theirMessage: record.accepted ? "" : saidOf(record), kernelMs: (record.verify_usec ?? 0) / 1000, kernelWalked: record.processed ?? 0 };
	if (typeof image === "string") return { ...base, verdict: "unopened", message: image, ms: 0, walked: 0 };
	let ms = Number.POSITIVE_INFINITY;
	let verdict = verifyTimed();
	for (let i = 1; i < rounds; i++) verdict = verifyTimed();
	return { ...base, verdict: verdict.verdict, message: verdict.verdict === "accept" ? "" : verdict.rejection.message, ms, walked: verdict.stats.insnsProcessed };

	function verifyTimed() {
		const before = cpu();
		const started = performance.now();
		const result = verify(image as Exclude<typeof image, string>, { kernel, ...addresses });
		const elapsed = performance.now() - started;
		const took = Math.min(elapsed, cpu() - before);
		spent(took);
		ms = Math.min(ms, took);
		return result;
	}
}

/** The kernel's last message before its statistics. */
function saidOf({ reason = [] }: KernelRecord): string {
	return reason.findLast((line) => !/^(processed|verification time|stack depth|max_states|insns )/.test(line)) ?? "";
}

const shape = (text: string): string => text.split("\n")[0].replace(/'[^']*'|"[^"]*"/g, "'…'").replace(/0x[0-9a-f]+|-?\d+/g, "N").slice(0, 140);

function report(set: string, rows: readonly Row[], unseen: ReadonlyMap<string, number>, time: { readonly all: number; readonly verifying: number }): string {
	const agree = rows.filter((row) => row.verdict === (row.accepted ? "accept" : "reject"));
	const lines = [`${set}'s objects: ${rows.length} programs that the kernel's verifier judged, ${agree.length} agree (${agree.filter((row) => row.accepted).length} accepted, ${agree.filter((row) => !row.accepted).length} rejected)`];
	list("false accepts", rows.filter((row) => row.verdict === "accept" && !row.accepted), (row) => row.theirMessage);
	list("false rejects", rows.filter((row) => row.verdict === "reject" && row.accepted), (row) => row.message);
	list("unsupported", rows.filter((row) => row.verdict === "unsupported"), (row) => row.message);
	list("not opened here", rows.filter((row) => row.verdict === "unopened"), (row) => row.message);
	lines.push(`  never seen by the kernel's verifier: ${[...unseen].sort((a, b) => b[1] - a[1]).map(([why, n]) => `${why} ${n}`).join(", ") || "none"}`);
	const timed = rows.filter((row) => row.verdict === (row.accepted ? "accept" : "reject") && row.kernelMs > 0);
	const sum = (value: (row: Row) => number): number => timed.reduce((s, row) => s + value(row), 0);
	const ours = timed.map((row) => row.ms).sort((a, b) => a - b);
	const theirs = timed.map((row) => row.kernelMs).sort((a, b) => a - b);
	const ratios = timed.map((row) => row.ms / row.kernelMs).sort((a, b) => a - b);
	const at = (sorted: readonly number[]): string => [0.5, 0.9, 0.99, 1].map((p) => (sorted[Math.min(sorted.length - 1, Math.floor(p * sorted.length))] ?? 0).toFixed(3)).join(" / ");
	lines.push(`  time of ${timed.length} programs: ours ${sum((row) => row.ms).toFixed(1)} ms, the kernel's ${sum((row) => row.kernelMs).toFixed(1)} ms: ${(sum((row) => row.ms) / sum((row) => row.kernelMs)).toFixed(2)}×; instructions walked ${sum((row) => row.walked)} and ${sum((row) => row.kernelWalked)}`);
	lines.push(`  median / 90 / 99 / worst, ms: ours ${at(ours)}, the kernel's ${at(theirs)}; ratio ${at(ratios)}`);
	lines.push(`  the whole run, reading objects included: ${time.all.toFixed(0)} ms, of which verifying ${time.verifying.toFixed(0)} ms`);
	lines.push("  dearest:", ...[...timed].sort((a, b) => b.ms - a.ms).slice(0, 8).map((row) => `    ${row.ms.toFixed(2)} ms, kernel ${row.kernelMs.toFixed(2)}, walked ${row.walked}: ${row.id} ${row.prog}`));
	lines.push("  most over the kernel, of those beyond a millisecond:", ...timed.filter((row) => row.ms > 1).sort((a, b) => b.ms / b.kernelMs - a.ms / a.kernelMs).slice(0, 8).map((row) => `    ${(row.ms / row.kernelMs).toFixed(1)}× ${row.ms.toFixed(2)} ms, kernel ${row.kernelMs.toFixed(2)}, walked ${row.walked}, kernel ${row.kernelWalked}: ${row.id} ${row.prog}`));
	return lines.join("\n");

	function list(title: string, some: readonly Row[], cause: (row: Row) => string): void {
		const groups = new Map<string, Row[]>();
		for (const row of some) groups.set(shape(cause(row)), [...(groups.get(shape(cause(row))) ?? []), row]);
		lines.push(`  ${title}: ${some.length}`);
		for (const [why, group] of [...groups].sort((a, b) => b[1].length - a[1].length)) {
			lines.push(`    ${group.length} × ${why}`);
			for (const row of group) lines.push(`        ${row.id} ${row.prog}: ${row.accepted ? "kernel accepts" : `kernel: ${row.theirMessage}`}${row.message === "" ? "" : `; ours: ${row.message.split("\n")[0]}`}`);
		}
	}
}
