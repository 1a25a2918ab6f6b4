import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { readElf } from "../../assembler/elf/read.ts";
import { writeElf } from "../../assembler/elf/write.ts";
import type { ObjectFile } from "../../assembler/object.ts";
import { assemble } from "../../assembler/text/assemble.ts";
import { randomModule } from "../../test/support/random-ir.ts";
import { compileIr } from "./testing/compile.ts";

const MODULE = `global @counts section ".bss" size 16 align 8 static
global @shared section ".data" size 8 align 8 global bytes 0100000000000000
global @.L.str section ".rodata.str1.1" size 3 align 1 static readonly bytes 686900
global @table section ".data" size 16 align 8 global bytes 00000000000000000000000000000000 reloc 0 @far+0 reloc 8 @counts+8
global @LICENSE section "license" size 4 align 1 global bytes 4d495400

function @near(i64 %0) -> i64 static {
entry.1:
  %2 = call i64 @far %0
  ret %2
}

function @far(i64 %0) -> i64 global section "xdp" {
entry.1:
  %2 = global ptr @counts offset=8
  %3 = load i64 size=8 %2
  %4 = global ptr @shared
  %5 = load i64 size=8 %4
  %6 = add i64 %3, %5
  %7 = global ptr @.L.str
  %8 = call i64 helper h#6 %7, i64 3
  %9 = call i64 @near %6
  %10 = add i64 %9, %8
  ret %10
}

function @also(i64 %0) -> i64 static {
entry.1:
  %2 = call i64 @near %0
  %3 = add i64 %2, i64 1
  ret %3
}
`;

const relocations = (object: ObjectFile, section: string): string[] =>
	object.sections
		.find(({ name }) => name === section)!
		.relocs.map(
			({ offset, type, symbol }) =>
				`${offset} ${type} ${object.symbols[symbol].name || object.sections[Number(object.symbols[symbol].section)].name}`,
		);

/** What must survive text and assembler: bytes and relocations of every section. */
const contents = (object: ObjectFile): unknown =>
	object.sections
		.filter(({ size }) => size > 0)
		.map((section) => ({
			name: section.name,
			flags: section.flags,
			size: section.size,
			bytes: [...section.data],
			relocs: relocations(object, section.name),
		}));

describe("objects", () => {
	it("name local symbols by section, others by name", () => {
		const { object } = compileIr(MODULE);
		expect(relocations(object, "xdp")).toEqual(
			["0 1 .bss", "24 1 shared", "48 1 .rodata.str1.1", "80 10 .text"].map((line) =>
				expect.stringMatching(line.replace(/^\d+ /, "^\\d+ ")),
			),
		);
		expect(relocations(object, ".text")).toEqual(["0 10 far"]);
		expect(relocations(object, ".data")).toEqual(["8 2 far", "16 2 .bss"]);
	});
	it("read back from ELF as they are", () => {
		const { object } = compileIr(MODULE);
		expect(contents(readElf(writeElf(object)))).toEqual(contents(object));
	});
	it("are what their own assembly text assembles to", () => {
		for (const source of [
			MODULE,
			...[1, 2, 3, 4, 5, 6].map((seed) => randomModule(seed, { size: 120, signedDivision: true, atomics: true })),
		]) {
			const { object, asm } = compileIr(source, "v4");
			const { object: again, errors } = assemble(asm);
			expect(errors).toEqual([]);
			expect(contents(again!)).toEqual(contents(object));
		}
	});
	const llvm = "/usr/bin/llvm-mc-19";
	it.skipIf(!existsSync(llvm))("are what llvm-mc makes of their assembly text", () => {
		const folder = mkdtempSync(join(tmpdir(), "ebpfcc-"));
		try {
			for (const source of [MODULE, randomModule(7, { size: 200, signedDivision: true, atomics: true })]) {
				const { object, asm } = compileIr(source, "v4");
				writeFileSync(join(folder, "x.s"), asm);
				execFileSync(llvm, [
					"-triple",
					"bpfel",
					"-mcpu=v4",
					"-filetype=obj",
					join(folder, "x.s"),
					"-o",
					join(folder, "x.o"),
				]);
				expect(contents(readElf(readFileSync(join(folder, "x.o"))))).toEqual(contents(object));
			}
		} finally {
			rmSync(folder, { recursive: true });
		}
	});
});
