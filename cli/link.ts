/** `ebpfcc link`: joins objects, as `bpftool gen object` does. */
import type { Command } from "commander";
import { readElf } from "../assembler/elf/read.ts";
import { writeElf } from "../assembler/elf/write.ts";
import { link } from "../linker/link.ts";
import { fail, readBytes, writeWhole } from "./files.ts";
import type { LinkInput } from "../linker/input.ts";

export function register(program: Command): void {
	program
		.command("link")
		.description("join objects into one: symbols, sections, maps, BTF")
		.argument("<files...>", "objects")
		.requiredOption("-o, --output <file>", "object to write")
		.action((files: string[], options: { output: string }) => {
			const inputs: LinkInput[] = [];
			for (const name of files) fail(name, () => void inputs.push({ name, object: readElf(readBytes(name)) }));
			if (inputs.length !== files.length) return;
			const { object, errors } = link(inputs);
			for (const { message, places } of errors)
				process.stderr.write(`ebpfcc: error: ${message}${places.map((place) => `\n  in ${place}`).join("")}\n`);
			if (object === undefined) process.exitCode = 1;
			else fail(options.output, () => writeWhole(options.output, writeElf(object)));
		});
}
