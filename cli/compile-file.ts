/** A C file to object bytes, for verbs that take C where they take objects. Diagnostics go to standard error. */
import { existsSync } from "node:fs";
import { compile } from "../compiler/driver/compile.ts";
import { machineMacros } from "../compiler/driver/options.ts";
import { renderDiagnostic } from "../compiler/diagnostics/render.ts";
import { commandLine, slashed } from "./command-line.ts";
import { compileOptions, KERNEL_BTF } from "./compile-options.ts";
import { Complaint, readBytes } from "./files.ts";

/** Names of libbpf's for the machine whose kernel types are taken when none are asked for. */
const MACHINES: Readonly<Partial<Record<NodeJS.Architecture, string>>> = {
	x64: "x86",
	arm64: "arm64",
	arm: "arm",
	s390x: "s390",
	ppc64: "powerpc",
	mips: "mips",
	riscv64: "riscv",
	loong64: "loongarch",
};

/** @throws Complaint when there were errors, which are printed already */
async function compileFile(path: string, flags: readonly string[] = []): Promise<Uint8Array> {
	const invocation = commandLine(["-O2", "-g", ...flags, path]);
	const [wrong] = invocation.complaints.filter((complaint) => complaint.severity === "error");
	if (wrong !== undefined) throw new Complaint(wrong.message);
	const options = compileOptions(invocation);
	const machine = invocation.btf === null && existsSync(KERNEL_BTF) ? MACHINES[process.arch] : "x86";
	const result = compile(slashed(path), readBytes(path), { ...options, macros: machineMacros(options.macros, machine) });
	const color = process.stderr.isTTY === true && process.env.NO_COLOR === undefined;
	for (const diagnostic of result.diagnostics) process.stderr.write(renderDiagnostic(diagnostic, result.tokens, { color }));
	if (!result.ok || !(result.output instanceof Uint8Array)) throw new Complaint("does not compile");
	return result.output;
}

/** An object, or C, by what the file's name says. */
export async function readProgram(path: string, flags: readonly string[] = []): Promise<Uint8Array> {
	return path.endsWith(".c") ? compileFile(path, flags) : readBytes(path);
}
