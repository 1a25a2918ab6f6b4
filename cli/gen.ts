/** `ebpfcc gen`: what programs need to use an object: TypeScript types and codecs, a C skeleton; and bpftool's names for linking. */
import { basename } from "node:path";
import type { Command } from "commander";
import { typeSource } from "../assembler/btf/type-source.ts";
import { BtfView } from "../assembler/btf/view.ts";
import { writeBtf } from "../assembler/btf/write.ts";
import { isElf, readElf } from "../assembler/elf/read.ts";
import { writeElf } from "../assembler/elf/write.ts";
import { describeObject } from "../linker/bindings/model.ts";
import { cSkeleton } from "../linker/bindings/skeleton.ts";
import { typescriptBindings } from "../linker/bindings/typescript.ts";
import { minCoreBtf } from "../linker/core/min-btf.ts";
import { link } from "../linker/link.ts";
import { load } from "./btf.ts";
import { Complaint, fail, readBytes, writeWhole } from "./files.ts";
import type { LinkError } from "../linker/input.ts";

/** An object's name: its file's, without what follows the first dot. */
const stem = (file: string): string =>
	basename(file)
		.replace(/\..*$/, "")
		.replace(/[^A-Za-z0-9_]/g, "_") || "object";

export function register(program: Command): void {
	const gen = program.command("gen").description("generate bindings for an object");

	gen
		.command("types")
		.description("write NAME.d.ts and NAME.js: types and codecs of maps, globals and structs")
		.argument("<file>", "object")
		.option("-o, --output <path>", "where to, without extension; the object's name here by default")
		.action((file: string, options: { output?: string }) => {
			fail(file, () => {
				const { declarations, module } = typescriptBindings(describeObject(readElf(readBytes(file))), basename(file));
				const to = options.output ?? stem(file);
				writeWhole(`${to}.js`, module);
				writeWhole(`${to}.d.ts`, declarations);
			});
		});

	gen
		.command("skeleton")
		.description("write a C header that holds the object and opens it with libbpf, to standard output")
		.argument("<file>", "object")
		.argument("[words...]", "name NAME")
		.action((file: string, words: string[]) => {
			fail(file, () => {
				if (words.length > 0 && (words[0] !== "name" || words.length !== 2)) throw new Complaint("expected: gen skeleton FILE [name NAME]");
				const bytes = readBytes(file);
				process.stdout.write(cSkeleton(readElf(bytes), bytes, words[1] ?? stem(file)));
			});
		});

	gen
		.command("object")
		.description("link: bpftool's name for it")
		.argument("<output>", "object to write")
		.argument("<files...>", "objects")
		.action((output: string, files: string[]) => {
			fail(output, () => {
				const { object, errors } = link(files.map((name) => ({ name, object: readElf(readBytes(name)) })));
				report(errors);
				if (object === undefined) process.exitCode = 1;
				else writeWhole(output, writeElf(object));
			});
		});

	gen
		.command("min_core_btf")
		.description("write the part of a kernel's BTF that the objects' CO-RE relocations need")
		.argument("<input>", "the kernel's BTF: a raw file such as /sys/kernel/btf/vmlinux, or an ELF file")
		.argument("<output>", "BTF to write")
		.argument("<files...>", "objects")
		.action((input: string, output: string, files: string[]) => {
			const objects: { name: string; object: ReturnType<typeof readElf> }[] = [];
			for (const name of files) fail(name, () => void objects.push({ name, object: readElf(readBytes(name)) }));
			if (objects.length !== files.length) return;
			fail(input, () => {
				const bytes = readBytes(input);
				const kernel = isElf(bytes) ? typeSource(load(input)) : new BtfView(bytes);
				const { btf, errors } = minCoreBtf(kernel, objects);
				report(errors);
				if (errors.length > 0) process.exitCode = 1;
				else writeWhole(output, writeBtf(btf, { endian: "little" }).btf);
			});
		});
}

function report(errors: readonly LinkError[]): void {
	for (const { message, places } of errors)
		process.stderr.write(`ebpfcc: error: ${message}${places.map((place) => `\n  in ${place}`).join("")}\n`);
}
