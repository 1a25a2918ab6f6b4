/**
 * `ebpfcc verify`: the kernel's verdict on each program of an object or C file, without a kernel, and in the words of the C code.
 * Exit status 1 when some program is rejected.
 */
import type { Command } from "commander";
import { sectionNames, sectionRow } from "../assembler/spec/attach-types.ts";
import { programTypeById } from "../assembler/spec/program-types.ts";
import { nearest } from "../compiler/diagnostics/suggest.ts";
import type { MapDef, ProgramImage } from "../runtime/image.ts";
import { lineAt } from "../runtime/fault.ts";
import { readObject } from "../runtime/load.ts";
import { formatLoadError, LoadFailure } from "../runtime/loader/error.ts";
import { type OpenedProgram, openObject } from "../runtime/loader/open.ts";
import { refusedMaps } from "../runtime/maps/creation.ts";
import { kernelAddresses, kernelConfig } from "../runtime/node/environment.ts";
import {
	bill,
	compareReleases,
	type Cost,
	explain,
	kernelTypes,
	needs,
	oldestKernel,
	renderExplanation,
	renderReport,
	type TypeSource,
	type Verdict,
	verify,
} from "../runtime/verifier/index.ts";
import { readProgram } from "./compile-file.ts";
import { Complaint } from "./files.ts";
import { typeOption } from "./program-type.ts";
import { BTF_OPTION, flagsFor, kernelBtfOf } from "./kernel-btf.ts";

interface Options {
	program?: string;
	type?: string;
	log?: string;
	logLevel?: string;
	json?: boolean;
	cost?: boolean;
	kernels?: string;
	capbpf?: boolean;
	btf?: string;
	cc?: string[];
}

export function register(program: Command): void {
	program
		.command("verify")
		.description("say whether Linux would load the programs of an object or C file, and why not")
		.argument("<file>", "object or C file")
		.option("-p, --program <name>", "only this one")
		.option("--type <type>", "program type in place of what the section's name says: tc, sched_cls, its number, xrp")
		.option(
			"--log <style>",
			"the kernel's own log too: kernel, the path to the rejection; kernel2, all paths, registers and marks; report, with Linux 7.3's report below it",
		)
		.option("--log-level <n>", "the same by libbpf's log_level: 1, 2; 4 adds the stack depth, 6 is 2 with it")
		.option("--json", "one JSON object per program")
		.option("--cost", "instructions, verifier visits and stack bytes per C line and variable")
		.option("--kernels <range>", "which kernels have what the programs use: 5.4..6.18")
		.option("--capbpf", "the rules for CAP_BPF without CAP_PERFMON")
		.option(...BTF_OPTION)
		.option("--cc <flag...>", "flags for the compiler")
		.action(async (file: string, options: Options) => {
			try {
				if (!(await verifyFile(file, options))) process.exitCode = 1;
			} catch (error) {
				if (!(error instanceof Complaint || error instanceof LoadFailure)) throw error;
				process.stderr.write(`ebpfcc: error: ${file}: ${error.message}\n`);
				process.exitCode = 1;
			}
		});
}

async function verifyFile(file: string, options: Options): Promise<boolean> {
	const logLevel = logLevelOf(options);
	const range = options.kernels === undefined ? null : parseRange(options.kernels);
	const { programs, maps, types } = openPrograms(await readProgram(file, flagsFor(options.cc, options.btf)), options);
	const hasAddress = kernelAddresses();
	let good = mapsAreGood(maps, options);
	for (const { image, errors, guessed } of programs) {
		if (errors.length > 0) {
			// What cannot be loaded is no case for the verifier; the other programs are.
			good = false;
			const message = errors.map(formatLoadError).join("; ");
			process.stdout.write(
				options.json
					? `${JSON.stringify({ program: image.name, section: image.section, verdict: "refused", message })}\n`
					: `${image.name}: cannot be loaded: ${message}\n`,
			);
			continue;
		}
		if (guessed) process.stderr.write(`ebpfcc: note: ${image.name}: ${guessWords(image)}\n`);
		const verdict = verify(image, {
			kernel: types,
			capBpfOnly: options.capbpf === true,
			logLevel,
			...(hasAddress === undefined ? {} : { hasAddress }),
		});
		if (verdict.logCut) process.stderr.write(`ebpfcc: note: ${image.name}: the log is longer than 16 MiB; its end is shown\n`);
		if (verdict.verdict !== "accept") good = false;
		if (options.json) process.stdout.write(`${JSON.stringify(describe(image, verdict, options))}\n`);
		else process.stdout.write(text(image, verdict, options));
		if (range !== null && !options.json) {
			const report = kernelsText(image, range);
			if (!report.good) good = false;
			process.stdout.write(report.text);
		}
	}
	return good;
}

/** No program is loaded before all maps are made. What the object leaves out, its loader may set. */
function mapsAreGood(maps: readonly MapDef[], options: Options): boolean {
	const refused = refusedMaps(maps);
	for (const { map, message, leftOut } of refused) {
		if (leftOut !== null) process.stderr.write(`ebpfcc: note: ${map}: ${message}; whoever loads it has to call ${leftOut}()\n`);
		else
			process.stdout.write(
				options.json ? `${JSON.stringify({ map, verdict: "refused", message })}\n` : `${map}: cannot be created: ${message}\n`,
			);
	}
	return refused.every(({ leftOut }) => leftOut !== null);
}

/** Where the type comes from when no loader but one of the program's own would know it. */
function guessWords({ section, type }: ProgramImage): string {
	const context = `its context says ${typeof type === "number" ? (programTypeById(type)?.name ?? type) : type}`;
	if (sectionRow(section) !== undefined) return `section ${section} names no program type; ${context}`;
	if (section === ".text") return `it has no SEC("…"), and libbpf loads no program that has none; ${context}`;
	const [stem] = section.replace(/^\?/, "").split("/");
	const meant = nearest(
		stem,
		sectionNames.map(({ pattern }) => pattern.replace(/[/+].*$/, "")),
	);
	return `section ${section} names no program type that libbpf knows${meant === null ? "" : `; did you mean SEC("${section.replace(stem, meant)}")?`}; ${context}`;
}

const STYLES: Readonly<Record<string, number>> = { kernel: 1, kernel1: 1, kernel2: 2, report: 1 };

/** libbpf's log_level, of either option; 0: no log. */
function logLevelOf({ log, logLevel }: Options): number {
	if (logLevel !== undefined) {
		if (!/^[0-7]$/.test(logLevel)) throw new Complaint("--log-level is a number from 0 to 7, as libbpf's log_level");
		return Number(logLevel);
	}
	if (log === undefined) return 0;
	const level = STYLES[log];
	if (level === undefined) throw new Complaint(`--log is one of ${Object.keys(STYLES).join(", ")}`);
	return level;
}

/** The programs of an object as the kernel would get them. @throws LoadFailure, Complaint */
export function openPrograms(
	bytes: Uint8Array,
	options: { readonly program?: string; readonly type?: string; readonly btf?: string },
): { readonly programs: readonly OpenedProgram[]; readonly maps: readonly MapDef[]; readonly types: TypeSource | null } {
	const btf = kernelBtfOf(options.btf);
	const opened = openObject(readObject(bytes), {
		...(btf === null ? {} : { kernelBtf: btf }),
		kconfig: kernelConfig(),
		guessType: true,
		...typeOption(options.type),
	});
	const chosen = opened.programs.filter(({ image }) => options.program === undefined || image.name === options.program);
	if (chosen.length === 0)
		throw new Complaint(
			options.program === undefined
				? "has no programs"
				: `has no program ${options.program}; it has ${opened.programs.map(({ image }) => image.name).join(", ")}`,
		);
	if (opened.errors.length > 0) throw new LoadFailure(opened.errors);
	return { programs: chosen, maps: opened.maps, types: btf === null ? null : kernelTypes(btf) };
}

function text(image: ProgramImage, verdict: Verdict, options: Options): string {
	const { stats } = verdict;
	const out: string[] = [];
	if (options.log === "report" && verdict.verdict !== "accept") return renderReport(image, explain(image, verdict.rejection), verdict.log);
	if (logLevelOf(options) > 0) out.push(verdict.log);
	if (verdict.verdict === "accept")
		out.push(
			`${image.name}: accepted; ${stats.insnsProcessed} instructions walked of 1,000,000, ${stats.stackDepth.join("+")} bytes of stack`,
		);
	else
		out.push(
			renderExplanation(explain(image, verdict.rejection), process.stdout.isTTY === true && process.env.NO_COLOR === undefined).trimEnd(),
		);
	if (options.cost) out.push(...costLines(image, verdict));
	return `${out.join("\n")}\n`;
}

function costLines(image: ProgramImage, verdict: Verdict): string[] {
	const { lines, variables } = bill(image, verdict.stats.visits);
	const row = ({ insns, visits, stack, name, text: line }: Cost): string =>
		`${String(insns).padStart(8)}  ${String(visits).padStart(8)}  ${String(stack).padStart(6)}  ${name}${line === "" ? "" : `  ${line}`}`;
	return [
		"   insns    visits   stack  line",
		...lines.map(row),
		...(variables.length === 0 ? [] : ["   insns    visits   stack  variable", ...variables.map(row)]),
	];
}

function describe(image: ProgramImage, verdict: Verdict, options: Options): Record<string, unknown> {
	const { stats } = verdict;
	return {
		program: image.name,
		section: image.section,
		verdict: verdict.verdict,
		...(verdict.verdict === "accept" ? {} : { errno: verdict.rejection.errno, ...explain(image, verdict.rejection) }),
		stats: {
			insnsProcessed: stats.insnsProcessed,
			totalStates: stats.totalStates,
			peakStates: stats.peakStates,
			maxStatesPerInsn: stats.maxStatesPerInsn,
			stackDepth: stats.stackDepth,
		},
		...(options.cost ? { cost: bill(image, verdict.stats.visits) } : {}),
		...(options.kernels === undefined ? {} : { needs: needs(image) }),
		...(logLevelOf(options) > 0 ? { log: verdict.log } : {}),
	};
}

function parseRange(range: string): readonly [string, string] {
	const match = /^(\d+\.\d+)(?:\.\.(\d+\.\d+))?$/.exec(range);
	if (match === null) throw new Complaint("--kernels is a release, or two: 5.4..6.18");
	return [match[1], match[2] ?? match[1]];
}

function kernelsText(image: ProgramImage, [from, to]: readonly [string, string]): { readonly good: boolean; readonly text: string } {
	const list = needs(image);
	const oldest = oldestKernel(list);
	const good = compareReleases(oldest, from) <= 0;
	const head = good
		? `${image.name}: Linux ${from} to ${to} have all that it uses (${oldest} is enough)`
		: `${image.name}: needs Linux ${oldest}${compareReleases(oldest, to) > 0 ? `, newer than ${to}` : `: not ${from}`}`;
	const missing = list
		.filter(({ since }) => compareReleases(since, from) > 0)
		.map((n) => {
			const line = n.insn < 0 ? null : lineAt(image, n.insn);
			return `  ${n.since.padEnd(5)} ${n.what}${line === null ? (n.insn < 0 ? "" : ` (instruction ${n.insn})`) : ` (${line.file}:${line.line}: ${line.text.trim()})`}`;
		});
	return { good, text: `${[head, ...missing].join("\n")}\n` };
}
