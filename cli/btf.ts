/** `ebpfcc btf dump file X [format c]`: types of an object, of a BTF file or of the running kernel, with bpftool's words. */
import type { Command } from "commander";
import { CDump, dumpBtfAsC } from "../assembler/btf/c-dump.ts";
import { printBtf } from "../assembler/btf/print.ts";
import { readBtf } from "../assembler/btf/read.ts";
import type { Btf } from "../assembler/btf/types.ts";
import { BtfView } from "../assembler/btf/view.ts";
import { isElf, readElf } from "../assembler/elf/read.ts";
import { Complaint, fail, readBytes } from "./files.ts";

export function register(program: Command): void {
	program
		.command("btf")
		.description("dump file FILE [format raw|c] [root_id N]: show types")
		.argument("<words...>", "dump file FILE, then options as words")
		.option("-B, --base-btf <file>", "the base of a split BTF")
		.action((words: string[], options: { baseBtf?: string }) => {
			const [verb, source, file, ...rest] = words;
			if (verb !== "dump" || source !== "file" || file === undefined) return usage();
			let format = "raw";
			let root: number | undefined;
			for (let i = 0; i < rest.length; i += 2) {
				if (rest[i] === "format" && (rest[i + 1] === "c" || rest[i + 1] === "raw")) format = rest[i + 1];
				else if (rest[i] === "root_id" && /^\d+$/.test(rest[i + 1] ?? "")) root = Number(rest[i + 1]);
				else return usage();
			}
			fail(file, () => {
				const btf = load(file, options.baseBtf);
				if (root !== undefined && root >= btf.types.length) throw new Complaint(`there is no type ${root}`);
				process.stdout.write(format === "raw" ? printBtf(btf) : root === undefined ? dumpBtfAsC(btf) : new CDump(btf).type(root));
			});
		});
}

function usage(): void {
	process.stderr.write("ebpfcc: error: expected: btf dump file FILE [format raw|c] [root_id N]\n");
	process.exitCode = 1;
}

/** The BTF of an ELF object, or a file that is BTF. */
export function load(file: string, base?: string): Btf {
	const bytes = readBytes(file);
	if (!isElf(bytes)) return readBtf(new BtfView(bytes, base === undefined ? {} : { base: new BtfView(readBytes(base)) }));
	const { btf } = readElf(bytes);
	if (btf === undefined) throw new Complaint("the object has no BTF");
	return btf;
}
