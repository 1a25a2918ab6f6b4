/**
 * What compiling costs beside clang-19, both with -O2 -g, taking turns in one run:
 *
 *     npm run -s build && npm run -s bench -- compile [--cli FILE] [--rounds N] [--programs N]
 *
 * Three classes: programs that include a vmlinux.h of their own and plain ones, each as a whole process from a cold start; and the library
 * in a warm process, beside clang's whole process. Programs are those of the corpus's cache (../shared/corpus) where it is, else the
 * examples. The least of the rounds counts; user and system time together say more than wall time where other work goes on.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArguments } from "../../compiler/driver/argv.ts";
import { compile } from "../../compiler/driver/compile.ts";
import { compileOptions } from "../../cli/compile-options.ts";

interface Program {
	readonly folder: string;
	readonly file: string;
	readonly flags: readonly string[];
}

/** Milliseconds. */
interface Cost {
	readonly cpu: number;
	readonly wall: number;
}

const CORPUS = join(process.env.CORPUS_DIR ?? join(homedir(), ".cache/bpf-corpus"));
const COMMON = ["-O2", "-g", "-target", "bpf", "-mcpu=v3"];
const HEADERS = [`-I${CORPUS}/include`, `-I${CORPUS}/include/libbpf`];

/** Evenly spread over the list. */
function some<T>(list: readonly T[], count: number): T[] {
	return list.length <= count ? [...list] : Array.from({ length: count }, (_, i) => list[Math.floor((i * list.length) / count)]);
}

function withVmlinux(count: number): Program[] {
	const folder = join(CORPUS, "src/pcp/vendor/github.com/iovisor/bcc/libbpf-tools");
	if (!existsSync(folder)) return [];
	const files = readdirSync(folder).filter((name) => name.endsWith(".bpf.c")).sort();
	return some(files, count).map((file) => ({ folder, file, flags: ["-D__TARGET_ARCH_x86", "-I.", "-Ix86", ...HEADERS] }));
}

function plain(count: number): Program[] {
	const folder = join(CORPUS, "src/linux/tools/testing/selftests/bpf/progs");
	const examples = ["bpf-kv/get.bpf.c", "bpf-kv/range.bpf.c", "xdp-filter/xdp-filter.bpf.c", "ringbuf-events/ringbuf-events.bpf.c"];
	if (!existsSync(folder)) return examples.map((file) => ({ folder: "examples", file, flags: [] }));
	const files = readdirSync(folder).filter((name) => {
		if (!/^(test_|xdp|bpf_flow|pyperf|strobemeta|sockopt)\w*\.c$/.test(name)) return false;
		const text = readFileSync(join(folder, name), "utf8");
		return !/#include "(?!bpf)|vmlinux|#include <(?!linux|bpf\/bpf|std|string|sys)/.test(text);
	});
	return some(files.sort(), count).map((file) => ({ folder, file, flags: ["-D__TARGET_ARCH_x86", "-I.", "-I..", "-I/usr/include/x86_64-linux-gnu", ...HEADERS] }));
}

function run(command: readonly string[], folder: string): Cost | null {
	const { status, stderr } = spawnSync("bash", ["-c", 'TIMEFORMAT="%U %S %R"; time "$@" 2>/dev/null', "bash", ...command], { cwd: folder, encoding: "utf8", timeout: 60_000 });
	if (status !== 0) return null;
	const [user, system, real] = stderr.trim().split(" ").map((word) => Number(word) * 1000);
	return { cpu: user + system, wall: real };
}

const least = (a: Cost | null, b: Cost): Cost => (a === null ? b : { cpu: Math.min(a.cpu, b.cpu), wall: Math.min(a.wall, b.wall) });
const mean = (ratios: readonly number[]): string => Math.exp(ratios.reduce((sum, r) => sum + Math.log(r), 0) / ratios.length).toFixed(2);

function processes(title: string, programs: readonly Program[], cli: string, rounds: number): void {
	console.log(`\n${title}: whole processes, ms`);
	if (programs.length === 0) return console.log("skipped: the corpus is not here");
	const folder = mkdtempSync(join(tmpdir(), "ebpfcc-bench-"));
	const ratios: Cost[] = [];
	for (const program of programs) {
		const args = [...COMMON, ...program.flags, "-c", program.file, "-o", join(folder, "out.o")];
		let clang: Cost | null = null;
		let ours: Cost | null = null;
		for (let round = 0; round < rounds; round++) {
			const one = run(["clang-19", ...args], program.folder);
			const two = one === null ? null : run([process.execPath, cli, ...args], program.folder);
			if (one === null || two === null) break;
			clang = least(clang, one);
			ours = least(ours, two);
		}
		if (clang === null || ours === null) {
			console.log(`${program.file}: does not compile here`);
			continue;
		}
		ratios.push({ cpu: ours.cpu / clang.cpu, wall: ours.wall / clang.wall });
		console.log(`${program.file.padEnd(36)} clang ${clang.cpu.toFixed(0).padStart(5)} cpu ${clang.wall.toFixed(0).padStart(5)} wall   ours ${ours.cpu.toFixed(0).padStart(5)} cpu ${ours.wall.toFixed(0).padStart(5)} wall   ratio ${(ours.cpu / clang.cpu).toFixed(2)} cpu ${(ours.wall / clang.wall).toFixed(2)} wall`);
	}
	if (ratios.length > 0) console.log(`${title}: geometric mean of ${ratios.length} ratios: ${mean(ratios.map((r) => r.cpu))} cpu, ${mean(ratios.map((r) => r.wall))} wall`);
	rmSync(folder, { recursive: true });
}

/** A program of 200 lines where the corpus is, compiled again and again by the library. */
function warm(rounds: number): void {
	const folder = join(CORPUS, "src/linux/tools/testing/selftests/bpf/progs");
	const file = existsSync(folder) ? join(folder, "test_xdp.c") : "examples/xdp-filter/xdp-filter.bpf.c";
	const text = readFileSync(file);
	const flags = [...COMMON, `-I${folder}/..`, "-I/usr/include/x86_64-linux-gnu", ...HEADERS, "-c", file];
	const invocation = parseArguments(flags);
	let ours: Cost | null = null;
	for (let round = 0; round < 20 + 4 * rounds; round++) {
		const before = process.cpuUsage();
		const start = performance.now();
		if (!compile(file, text, compileOptions(invocation)).ok) throw new Error(`${file} does not compile`);
		const { user, system } = process.cpuUsage(before);
		ours = least(ours, { cpu: (user + system) / 1000, wall: performance.now() - start });
	}
	let clang: Cost | null = null;
	for (let round = 0; round < rounds; round++) {
		const one = run(["clang-19", ...flags, "-o", "/dev/null"], ".");
		if (one !== null) clang = least(clang, one);
	}
	console.log(`\nin a warm process: ${file}, ${text.toString().split("\n").length} lines: ${ours?.cpu.toFixed(1)} ms cpu, ${ours?.wall.toFixed(1)} wall; clang's whole process ${clang === null ? "does not compile it" : `${clang.cpu.toFixed(0)} cpu, ${clang.wall.toFixed(0)} wall`}`);
}

export function compileBench(args: readonly string[]): void {
	const option = (name: string, otherwise: string): string => (args.includes(name) ? args[args.indexOf(name) + 1] : otherwise);
	const cli = resolve(option("--cli", "dist/cli/main.js"));
	if (spawnSync("clang-19", ["--version"]).status !== 0) return console.log("compile: skipped, clang-19 is not installed");
	if (!existsSync(cli)) return console.log(`compile: skipped, ${cli} is not built`);
	const rounds = Number(option("--rounds", "5"));
	const programs = Number(option("--programs", "8"));
	processes("with vmlinux.h", withVmlinux(programs), cli, rounds);
	processes("plain", plain(programs), cli, rounds);
	warm(rounds);
}
