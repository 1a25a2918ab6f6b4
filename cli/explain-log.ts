/**
 * `ebpfcc explain-log`: a log that a kernel's verifier wrote, mapped back to the C lines of the object. Reads libbpf's, bpftool's, cilium's and
 * dmesg's forms. Exit status 1 when some program was rejected, 2 when the log says nothing.
 */
import { readFileSync } from "node:fs";
import type { Command } from "commander";
import { LoadFailure } from "../runtime/loader/error.ts";
import { type LogAnswer, explainLog, renderExplanation } from "../runtime/verifier/index.ts";
import { readProgram } from "./compile-file.ts";
import { Complaint } from "./files.ts";
import { openPrograms } from "./verify.ts";

interface Options {
	json?: boolean;
	type?: string;
	cc?: string[];
}

export function register(program: Command): void {
	program
		.command("explain-log")
		.description("explain a kernel verifier's log in the C lines of the object")
		.argument("<object>", "the object (or C file) that was loaded")
		.argument("[log]", "file with the log; - or nothing: standard input", "-")
		.option("--type <type>", "program type in place of what the section's name says: tc, sched_cls, its number")
		.option("--json", "one JSON object per program")
		.option("--cc <flag...>", "flags for the compiler")
		.action(async (object: string, log: string, options: Options) => {
			try {
				process.exitCode = await explainFile(object, log, options);
			} catch (error) {
				if (!(error instanceof Complaint || error instanceof LoadFailure)) throw error;
				process.stderr.write(`ebpfcc: error: ${object}: ${error.message}\n`);
				process.exitCode = 1;
			}
		});
}

async function explainFile(object: string, log: string, options: Options): Promise<number> {
	const images = openPrograms(await readProgram(object, options.cc), options).programs.map(({ image }) => image);
	const answers = explainLog(images, readText(log));
	if (answers.length === 0)
		throw new Complaint(
			`${log === "-" ? "standard input" : log} has no verifier log: no instructions and no message that a verifier gives`,
		);
	for (const answer of answers) process.stdout.write(options.json ? `${JSON.stringify(answer)}\n` : text(answer));
	return answers.some(({ accepted }) => !accepted) ? 1 : 0;
}

function readText(file: string): string {
	try {
		return readFileSync(file === "-" ? 0 : file, "utf8");
	} catch (error) {
		throw new Complaint(`cannot read ${file === "-" ? "standard input" : file}: ${error instanceof Error ? error.message : String(error)}`);
	}
}

function text({ explanation, program, message, accepted, remarks }: LogAnswer): string {
	const color = process.stdout.isTTY === true && process.env.NO_COLOR === undefined;
	const head =
		explanation !== null
			? renderExplanation(explanation, color)
			: `${program ?? "program"}: ${accepted ? "accepted" : (message ?? "no message")}\n`;
	return head + remarks.map((remark) => `  note:   ${remark}\n`).join("");
}
