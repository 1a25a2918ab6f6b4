/** `ebpfcc [clang's options] file.c…`: the compiler driver over real files. */
import { readFileSync } from "node:fs";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { type Invocation, searchDirs } from "../compiler/driver/argv.ts";
import { compile } from "../compiler/driver/compile.ts";
import { dependencyRule } from "../compiler/driver/depfile.ts";
import type { CompileResult } from "../compiler/driver/options.ts";
import { jsonDiagnostic } from "../compiler/diagnostics/json.ts";
import { InternalError } from "../compiler/diagnostics/diagnostic.ts";
import { renderDiagnostic } from "../compiler/diagnostics/render.ts";
import { commandLine } from "./command-line.ts";
import { compileOptions, KERNEL_BTF, MACHINE_DIRS } from "./compile-options.ts";
import { Complaint, readSource, writeWhole } from "./files.ts";

/** Well below the 8 MB that systems give a process. */
const DEEP_STACK_KB = 6000;

/** The exit status. */
export async function compileCommand(argv: readonly string[], verbs: readonly string[]): Promise<number> {
	const invocation = commandLine(argv);
	if (invocation.print !== null) {
		process.stdout.write(await information(invocation, verbs));
		return 0;
	}
	const message = (severity: "error" | "warning", text: string): void => {
		if (invocation.diagnosticsFormat === "json") process.stdout.write(`${JSON.stringify({ severity, message: text, place: null })}\n`);
		else process.stderr.write(`ebpfcc: ${severity}: ${text}\n`);
	};
	const silent = invocation.warnings.none || invocation.warnings.flags.includes("no-unused-command-line-argument");
	for (const complaint of invocation.complaints)
		if (complaint.severity === "error" || !silent) message(complaint.severity, complaint.message);
	if (invocation.complaints.some((c) => c.severity === "error")) return 1;
	if (invocation.verbose || invocation.dryRun) process.stderr.write(verboseText(invocation));
	if (invocation.dryRun) return 0;
	if (invocation.inputs.length === 0) {
		if (invocation.verbose) return 0;
		message("error", "no input files");
		return 1;
	}
	const many = invocation.inputs.length > 1;
	const linking = many && invocation.stage === "obj" && !invocation.compileOnly;
	if (many && invocation.output !== null && !linking && invocation.stage !== "syntax") {
		message("error", "cannot specify -o when generating multiple output files");
		return 1;
	}
	let status = 0;
	const objects: { path: string; bytes: Uint8Array }[] = [];
	for (const input of invocation.inputs) {
		try {
			if (linking && input.path.endsWith(".o")) {
				objects.push({ path: input.path, bytes: readFileSync(input.path) });
				continue;
			}
			if (input.path.endsWith(".o") || input.path.endsWith(".a")) {
				message("warning", `${input.path}: linker input is unused: nothing is linked`);
				continue;
			}
			const elsewhere = notC(input);
			if (elsewhere !== null) throw new Complaint(elsewhere);
			const result = await compileFile(input.path, invocation, message);
			if (result === null || !result.ok) status = 1;
			else if (linking && result.output instanceof Uint8Array) objects.push({ path: input.path, bytes: result.output });
			else if (result.output !== null) writeWhole(outputPath(input.path, invocation), result.output);
		} catch (error) {
			if (!(error instanceof Complaint) && (error as NodeJS.ErrnoException).code === undefined) throw error;
			message("error", `${input.path}: ${(error as Error).message}`);
			status = 1;
		}
	}
	if (linking && status === 0) status = await linkObjects(objects, invocation.output ?? "a.out", message);
	return status;
}

/** What to do with an input that is not C; null for C, which any name may hold. */
function notC({ path, language }: Invocation["inputs"][number]): string | null {
	if (language?.startsWith("assembler") || (language === null && /\.s$/i.test(path)))
		return `assembly: 'ebpfcc as ${path} -o FILE' makes an object of it`;
	return language === null && /\.(ll|bc)$/.test(path) ? "LLVM's code, and there is no LLVM here" : null;
}

async function linkObjects(
	objects: readonly { readonly path: string; readonly bytes: Uint8Array }[],
	output: string,
	message: (severity: "error" | "warning", text: string) => void,
): Promise<number> {
	const [{ link }, { readElf }, { writeElf }] = await Promise.all([
		import("../linker/link.ts"),
		import("../assembler/elf/read.ts"),
		import("../assembler/elf/write.ts"),
	]);
	const { object, errors } = link(objects.map(({ path, bytes }) => ({ name: path, object: readElf(bytes) })));
	for (const error of errors) message("error", `${error.message}${error.places.map((place) => `\n  in ${place}`).join("")}`);
	if (object === undefined) return 1;
	writeWhole(output, writeElf(object));
	return 0;
}

async function compileFile(
	path: string,
	invocation: Invocation,
	message: (severity: "error" | "warning", text: string) => void,
): Promise<CompileResult | null> {
	let text: Uint8Array;
	try {
		text = path === "-" ? readFileSync(0) : readSource(path);
	} catch (error) {
		if (error instanceof Complaint) throw error;
		message(
			"error",
			`no such file or directory: '${path}'`.replace(
				"no such file or directory",
				(error as NodeJS.ErrnoException).code === "ENOENT" ? "no such file or directory" : "cannot read",
			),
		);
		return null;
	}
	const options = compileOptions(invocation, path);
	let result: CompileResult;
	try {
		result = compile(path === "-" ? "<stdin>" : path, text, options);
	} catch (error) {
		if (error instanceof InternalError) error.message = `${path}: ${error.message}`;
		throw error;
	}
	if (result.diagnostics.some((d) => d.code === "E0190") && !process.execArgv.some((arg) => arg.startsWith("--stack-size"))) {
		// Rare enough that a second process with a deeper stack is cheaper than a deep stack for everybody.
		const { spawnSync } = await import("node:child_process");
		const again = spawnSync(process.execPath, [`--stack-size=${DEEP_STACK_KB}`, ...process.execArgv, ...process.argv.slice(1)], {
			stdio: [path === "-" ? "pipe" : "inherit", "inherit", "inherit"],
			...(path === "-" ? { input: text } : {}),
		});
		if (again.signal === null && again.status !== null) process.exit(again.status);
	}
	show(result, invocation);
	const { wanted, file, targets, system, phony } = invocation.dependencies;
	if (wanted !== "none" && (result.ok || wanted === "only")) {
		const object = outputPath(path, { ...invocation, stage: "obj", output: invocation.stage === "obj" ? invocation.output : null });
		const rule = dependencyRule(result.dependencies, { targets: targets.length > 0 ? targets : [object], system, phony });
		if (wanted === "only") {
			if (result.ok) writeWhole(file ?? invocation.output ?? "-", rule);
			return { ...result, output: null };
		}
		writeWhole(file ?? `${(invocation.output ?? outputPath(path, invocation)).replace(/\.[^./]*$/, "")}.d`, rule);
	}
	return result;
}

function show(result: CompileResult, invocation: Invocation): void {
	if (invocation.diagnosticsFormat === "json") {
		for (const diagnostic of result.diagnostics) process.stdout.write(`${JSON.stringify(jsonDiagnostic(diagnostic, result.tokens))}\n`);
		return;
	}
	const color = invocation.color ?? (process.stderr.isTTY === true && process.env.NO_COLOR === undefined);
	let errors = 0;
	let warnings = 0;
	let text = "";
	for (const diagnostic of result.diagnostics) {
		if (diagnostic.severity === "error") errors++;
		else if (diagnostic.severity === "warning") warnings++;
		text += renderDiagnostic(diagnostic, result.tokens, { color });
	}
	const count = (n: number, what: string): string => `${n} ${what}${n === 1 ? "" : "s"}`;
	const total = [...(warnings > 0 ? [count(warnings, "warning")] : []), ...(errors > 0 ? [count(errors, "error")] : [])].join(" and ");
	if (total !== "") text += `${total} generated.\n`;
	process.stderr.write(text);
}

/** Where the result goes: -o, standard output for what is text to be looked at, or beside the working directory as clang does. */
function outputPath(input: string, invocation: Pick<Invocation, "output" | "stage">): string {
	if (invocation.output !== null) return invocation.output;
	if (invocation.stage !== "obj" && invocation.stage !== "asm") return "-";
	const name = input === "-" ? "-" : input.slice(input.lastIndexOf("/") + 1).replace(/\.[^.]*$/, "");
	return `${name}${invocation.stage === "asm" ? ".s" : ".o"}`;
}

async function information(invocation: Invocation, verbs: readonly string[]): Promise<string> {
	switch (invocation.print) {
		case "version":
			return "ebpfcc version 0.1.0 (language and predefined macros as clang version 19.1.7)\nTarget: bpf\nThread model: posix\n";
		case "target":
			return "bpf\n";
		case "version-number":
			return "19.1.7\n";
		case "targets":
			return "  Registered Targets:\n    bpf        - BPF (host endian)\n    bpfel      - BPF (little endian)\n";
		case "resource-dir":
			return `${resourceFolder()}\n`;
		case "search-dirs":
			return "programs: =\nlibraries: =\n";
		case "supported-cpus":
			return "Target: bpf\nAvailable CPUs for this target:\n\n\tgeneric\n\tprobe\n\tv1\n\tv2\n\tv3\n\tv4\n";
		case "help":
		case null:
			return HELP + (verbs.length > 0 ? `\nOther commands: ${verbs.join(", ")} (ebpfcc VERB --help)\n` : "");
		default:
			// Makefiles put the folder of the compiler's own headers behind -isystem; ours are built in, so any folder does.
			return `${"program" in invocation.print ? invocation.print.program : invocation.print.file === "include" ? resourceFolder() : invocation.print.file}\n`;
	}
}

/** A path that a shell takes as it is: the folder of this program. */
function resourceFolder(): string {
	return dirname(fileURLToPath(import.meta.url));
}

function verboseText(invocation: Invocation): string {
	const dirs = searchDirs(invocation, MACHINE_DIRS);
	const angled = dirs.filter((d) => d === "built-in" || !d.quoteOnly).map((d) => ` ${d === "built-in" ? "<ebpfcc> (built in)" : d.path}`);
	const quoted = dirs.filter((d) => d !== "built-in" && d.quoteOnly).map((d) => ` ${d === "built-in" ? "" : d.path}`);
	return [
		`ebpfcc version 0.1.0`,
		"Target: bpf",
		`#include "..." search starts here:`,
		...quoted,
		"#include <...> search starts here:",
		...angled,
		"End of search list.",
		"",
	].join("\n");
}

const HELP = `ebpfcc [options] file.c...      compile C to eBPF, with clang's options

  -c -S -E -fsyntax-only        how far to go; --emit=tokens|ast|ir|asm|obj prints a stage
  -o FILE                       output
  -O0 -O1 -O2 -O3 -Os  -g       optimisation, BTF debug information
  -mcpu=v1|v2|v3|v4             instruction set level (default v3)
  --target=bpf|bpfel            (little-endian; ebpfcc as --big-endian assembles for others)
  -I -iquote -isystem -idirafter DIR, -include FILE, -imacros FILE, -D NAME[=TEXT], -U NAME, -nostdinc
  -f[debug|macro|file]-prefix-map=OLD=NEW, -fdebug-compilation-dir=DIR
                                how the object names files (default: relative)
  -std=gnu17|c11|...            language
  -Wall -Wextra -W[no-]GROUP -Werror[=GROUP] -w -ferror-limit=N
  -MD -MMD -MF -MT -MQ -MP -M -MM -MG
  --diagnostics=json            one JSON object for each message, on standard output
  --btf FILE                    what #include "vmlinux.h" means when there is no such file
                                (default: ${KERNEL_BTF}, else bundled: those of Linux 6.18)
  -v -### --version --help
`;
