/** A C file to object bytes, for verbs that take C where they take objects. Diagnostics go to standard error. */
import { existsSync, readFileSync } from "node:fs";
import { parseArguments, searchDirs } from "../compiler/driver/argv.ts";
import { compile } from "../compiler/driver/compile.ts";
import { renderDiagnostic } from "../compiler/diagnostics/render.ts";
import { Complaint, readBytes } from "./files.ts";

const machineDirs = ["/usr/local/include", "/usr/include"];
export const kernelBtfFile = "/sys/kernel/btf/vmlinux";

/** @throws Complaint when there were errors, which are printed already */
export async function compileFile(path: string, flags: readonly string[] = []): Promise<Uint8Array> {
	const invocation = parseArguments(["-O2", "-g", ...flags, path]);
	const [wrong] = invocation.complaints.filter((complaint) => complaint.severity === "error");
	if (wrong !== undefined) throw new Complaint(wrong.message);
	const result = compile(path, readBytes(path), {
		target: invocation.target,
		macros: invocation.macros,
		includes: invocation.includes,
		dirs: searchDirs(invocation, machineDirs),
		provider: { read: readOrNull },
		warnings: invocation.warnings,
		stage: "obj",
		lineMarkers: true,
		vmlinux: () => (existsSync(kernelBtfFile) ? readFileSync(kernelBtfFile) : null),
	});
	const color = process.stderr.isTTY === true && process.env.NO_COLOR === undefined;
	for (const diagnostic of result.diagnostics) process.stderr.write(renderDiagnostic(diagnostic, result.tokens, { color }));
	if (!result.ok || !(result.output instanceof Uint8Array)) throw new Complaint("does not compile");
	return result.output;
}

/** An object, or C, by what the file's name says. */
export async function readProgram(path: string, flags: readonly string[] = []): Promise<Uint8Array> {
	return path.endsWith(".c") ? compileFile(path, flags) : readBytes(path);
}

function readOrNull(path: string): Uint8Array | null {
	try {
		return readFileSync(path);
	} catch {
		return null;
	}
}
