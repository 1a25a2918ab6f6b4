/** `ebpfcc dump`: looks into an object, with the options and the output of `llvm-objdump`. */
import type { Command } from "commander";
import { describeRelocations, describeSections, describeSymbols } from "../assembler/elf/describe.ts";
import { readElf, readLayout } from "../assembler/elf/read.ts";
import { sourceLines } from "../assembler/text/source-lines.ts";
import { disassemble } from "../assembler/text/disassemble.ts";
import { Complaint, fail, readBytes } from "./files.ts";
import { SourceFiles } from "./source-files.ts";

interface Options {
	disassemble?: boolean;
	disassembleAll?: boolean;
	reloc?: boolean;
	source?: boolean;
	sourceRoot?: string[];
	sectionHeaders?: boolean;
	syms?: boolean;
	section?: string[];
	mcpu?: string;
	showRawInsn: boolean;
}

export function register(program: Command): void {
	program
		.command("dump")
		.description("show an object's code, relocations, sections and symbols as llvm-objdump does")
		.argument("<file...>", "objects")
		.option("-d, --disassemble", "disassemble executable sections")
		.option("-D, --disassemble-all", "disassemble all sections")
		.option("-r, --reloc", "show relocations, with -d between the instructions")
		.option("-S, --source", "show source lines between the instructions")
		.option("--source-root <folder...>", "where sources may be read besides the current folder; others are not")
		.option("-h, --section-headers", "show section headers")
		.option("-t, --syms", "show the symbol table")
		.option("-j, --section <name...>", "only these sections")
		.option("--mcpu <level>", "v3 and v4 name 32-bit registers in loads and stores")
		.option("--no-show-raw-insn", "no instruction bytes")
		.helpOption("--help", "show this help")
		.action((files: string[], options: Options) => {
			let sources: SourceFiles | undefined;
			for (const file of files)
				fail(file, () => {
					sources ??= openSources(options);
					process.stdout.write(dump(file, readBytes(file), options, sources));
				});
			const [first, ...more] = sources?.skipped ?? [];
			if (first !== undefined)
				process.stderr.write(
					`ebpfcc: note: ${JSON.stringify(first)}${more.length === 0 ? " lies" : ` and ${more.length} other files lie`} outside the current folder and were not read: --source-root allows a folder\n`,
				);
		});
}

function dump(file: string, bytes: Uint8Array, options: Options, sources: SourceFiles): string {
	const layout = readLayout(bytes);
	const object = readElf(bytes);
	const code = options.disassemble || options.disassembleAll || options.source;
	let text = `\n${file}:\tfile format elf64-bpf\n`;
	if (options.sectionHeaders) text += describeSections(layout);
	if (options.syms) text += describeSymbols(layout, object);
	if (options.reloc && !code) text += describeRelocations(layout, object);
	if (code || (!options.sectionHeaders && !options.syms && !options.reloc))
		text += disassemble(object, {
			all: options.disassembleAll,
			relocations: options.reloc,
			sections: options.section,
			alu32: options.mcpu === "v3" || options.mcpu === "v4",
			raw: options.showRawInsn,
			before: options.source ? sourceLines(object, (name) => sources.lines(name)) : undefined,
		});
	return text;
}

function openSources({ sourceRoot }: Options): SourceFiles {
	try {
		return new SourceFiles([process.cwd(), ...(sourceRoot ?? [])]);
	} catch (error) {
		throw new Complaint(`--source-root: ${(error as Error).message}`);
	}
}
