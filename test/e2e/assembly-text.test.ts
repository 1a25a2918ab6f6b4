/** `-S` and `-c` are the same object: what our assembler and llvm-mc make of the text equals the object, bytes and relocations. */
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { writeElf } from "../../assembler/elf/write.ts";
import { assemble } from "../../assembler/text/assemble.ts";
import { hasTool, inFolder } from "../support/clang.ts";
import { compileTo } from "../support/compile-file.ts";
import { corpusSample } from "../support/corpus.ts";
import { elfView } from "../support/elf-view.ts";
import { PROGRAMS } from "../support/programs.ts";

const llvm = hasTool("llvm-mc-19");
const examples = readdirSync("examples", { recursive: true, encoding: "utf8" })
	.filter((name) => name.endsWith(".bpf.c"))
	.map((name) => `examples/${name}`)
	.sort();
const real = await corpusSample();

function bothWays(path: string, flags: readonly string[]): boolean {
	const object = compileTo(path, "obj", flags);
	const text = compileTo(path, "asm", flags);
	if (object === null && text === null) return false;
	if (!(object instanceof Uint8Array) || typeof text !== "string") throw new Error("one of -S and -c fails");
	const wanted = elfView(object);
	const { object: ours, errors } = assemble(text);
	expect(errors).toEqual([]);
	expect(elfView(writeElf(ours!))).toEqual(wanted);
	if (llvm)
		inFolder((folder) => {
			writeFileSync(join(folder, "x.s"), text);
			execFileSync("llvm-mc-19", ["-triple", "bpfel", "-mcpu=v4", "-filetype=obj", "x.s", "-o", "x.o"], { cwd: folder });
			expect(elfView(new Uint8Array(readFileSync(join(folder, "x.o"))))).toEqual(wanted);
		});
	return true;
}

describe("-S assembles to what -c writes", () => {
	it.each(examples)("%s", (path) => expect(bothWays(path, ["-O2", "-g", "-Iexamples"])).toBe(true));

	it.each([...Object.keys(PROGRAMS).map((name) => [name, "-O2"]), ["control", "-O0"]])("%s at %s", (name, level) =>
		inFolder((folder) => {
			const path = join(folder, `${name}.c`);
			writeFileSync(path, PROGRAMS[name]);
			expect(bothWays(path, [level, "-g", "-mcpu=v4"])).toBe(true);
		}),
	);

	it.skipIf(real.length === 0)(`${real.length} real programs`, () => {
		let done = 0;
		for (const { id, path, variants } of real) {
			const compiled = variants.some((flags) => {
				try {
					return bothWays(path, ["-O2", "-g", "-w", ...flags]);
				} catch (error) {
					throw new Error(`${id}: ${error instanceof Error ? error.message : error}`);
				}
			});
			if (compiled) done++;
		}
		expect(done).toBeGreaterThan(real.length * 0.9);
	}, 1_800_000);
});
