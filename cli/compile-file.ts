/** A C file to object bytes, for verbs that take C where they take objects. Diagnostics go to standard error. */
import { compile } from "../compiler/driver/compile.ts";
import { renderDiagnostic } from "../compiler/diagnostics/render.ts";
import { commandLine, slashed } from "./command-line.ts";
import { compileOptions } from "./compile-options.ts";
import { Complaint, readBytes } from "./files.ts";

/** @throws Complaint when there were errors, which are printed already */
async function compileFile(path: string, flags: readonly string[] = []): Promise<Uint8Array> {
	const invocation = commandLine(["-O2", "-g", ...flags, path]);
	const [wrong] = invocation.complaints.filter((complaint) => complaint.severity === "error");
	if (wrong !== undefined) throw new Complaint(wrong.message);
	const result = compile(slashed(path), readBytes(path), compileOptions(invocation));
	const color = process.stderr.isTTY === true && process.env.NO_COLOR === undefined;
	for (const diagnostic of result.diagnostics) process.stderr.write(renderDiagnostic(diagnostic, result.tokens, { color }));
	if (!result.ok || !(result.output instanceof Uint8Array)) throw new Complaint("does not compile");
	return result.output;
}

/** An object, or C, by what the file's name says. */
export async function readProgram(path: string, flags: readonly string[] = []): Promise<Uint8Array> {
	return path.endsWith(".c") ? compileFile(path, flags) : readBytes(path);
}
