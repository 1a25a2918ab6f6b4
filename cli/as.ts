/** `ebpfcc as`: an assembly file to an object. */
import type { Command } from "commander";
import { writeElf } from "../assembler/elf/write.ts";
import { assemble } from "../assembler/text/assemble.ts";
import { fail, readBytes, writeWhole } from "./files.ts";

export function register(program: Command): void {
	program
		.command("as")
		.description("assemble a file: LLVM's and the kernel's syntax, or uBPF's")
		.argument("<file>", "assembly file")
		.option("-o, --output <file>", "object to write", "a.o")
		.option("--big-endian", "for a big-endian kernel")
		.option("--dialect <name>", "kernel or ubpf", "kernel")
		.action((file: string, options: { output: string; bigEndian?: boolean; dialect: string }) => {
			if (options.dialect !== "kernel" && options.dialect !== "ubpf") {
				process.stderr.write(`ebpfcc: error: unknown dialect "${options.dialect}": kernel or ubpf\n`);
				process.exitCode = 1;
				return;
			}
			const { dialect } = options;
			fail(file, () => {
				const text = new TextDecoder().decode(readBytes(file));
				const { object, errors } = assemble(text, { dialect, endian: options.bigEndian ? "big" : "little" });
				const lines = text.split("\n");
				for (const { message, line, column } of errors) {
					const source = lines[line - 1] ?? "";
					process.stderr.write(
						`${file}:${line}:${column}: error: ${message}\n${source}\n${source.slice(0, column - 1).replace(/[^\t]/g, " ")}^\n`,
					);
				}
				if (object === undefined) process.exitCode = 1;
				else writeWhole(options.output, writeElf(object));
			});
		});
}
