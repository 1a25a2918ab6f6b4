import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { clang, hasTool, inFolder, run } from "../test/support/clang.ts";
import { elfView } from "../test/support/elf-view.ts";
import { PROGRAMS } from "../test/support/programs.ts";
import { dumpBtfAsC } from "./btf/c-dump.ts";
import { printBtf } from "./btf/print.ts";
import { describeRelocations, describeSections, describeSymbols } from "./elf/describe.ts";
import { readElf, readLayout } from "./elf/read.ts";
import { writeElf } from "./elf/write.ts";
import { assemble } from "./text/assemble.ts";
import { disassemble } from "./text/disassemble.ts";
import { sourceLines } from "./text/source-lines.ts";

const tools = ["clang-19", "llvm-objdump-19", "bpftool"].every(hasTool);
const names = Object.keys(PROGRAMS);
const objects = new Map<string, Uint8Array>();

/** What gcc 12 takes: no atomics, no calls through variables. */
const FOR_GCC = `
struct packet { unsigned int length; unsigned long long time; };
int counter = 3; static int hidden; const char text[] = "hello";
__attribute__((noinline, section("helpers"))) int add(struct packet *p, int k) { return p->length + k + counter; }
__attribute__((section("xdp"), used)) int prog(struct packet *p) {
	hidden += p->time > 7 ? 1 : 2;
	if (p->length == 5) return add(p, hidden);
	return text[p->length & 3];
}
char _license[] __attribute__((section("license"), used)) = "GPL";
`;

describe.skipIf(!tools)("objects of clang, against LLVM's tools and bpftool", () => {
	beforeAll(() => {
		for (const name of names) objects.set(name, clang(PROGRAMS[name]));
	});

	/** The path of an object on disk, for the tools. */
	const withFile = <T>(bytes: Uint8Array, action: (path: string) => T): T =>
		inFolder((folder) => {
			const path = join(folder, "x.o");
			writeFileSync(path, bytes);
			return action(path);
		});

	it.each(names)("%s: write(read(file)) = file", (name) => {
		const bytes = objects.get(name)!;
		expect(Buffer.compare(writeElf(readElf(bytes)), bytes)).toBe(0);
	});

	it.each(names)("%s: the dumps are llvm-objdump's", (name) => {
		const bytes = objects.get(name)!;
		const object = readElf(bytes);
		const layout = readLayout(bytes);
		withFile(bytes, (path) => {
			const head = `\n${path}:\tfile format elf64-bpf\n`;
			expect(head + disassemble(object)).toBe(run("llvm-objdump-19", ["-d", path]));
			expect(head + disassemble(object, { relocations: true })).toBe(run("llvm-objdump-19", ["-d", "-r", path]));
			expect(head + disassemble(object, { alu32: true })).toBe(run("llvm-objdump-19", ["-d", "--mcpu=v3", path]));
			expect(head + describeSections(layout)).toBe(run("llvm-objdump-19", ["-h", path]));
			expect(head + describeSymbols(layout, object)).toBe(run("llvm-objdump-19", ["-t", path]));
			expect(head + describeRelocations(layout, object)).toBe(run("llvm-objdump-19", ["-r", path]));
		});
	});

	it.each(names)("%s: what we write, the tools read", (name) => {
		const bytes = writeElf(readElf(objects.get(name)!));
		withFile(bytes, (path) => {
			expect(run("llvm-objdump-19", ["-d", path])).toBe(
				`\n${path}:\tfile format elf64-bpf\n${disassemble(readElf(objects.get(name)!))}`,
			);
			run("llvm-readelf-19", ["-a", path]);
		});
	});

	it.each(names)("%s: BTF as text and as C are bpftool's", (name) => {
		const { btf } = readElf(objects.get(name)!);
		withFile(objects.get(name)!, (path) => {
			expect(printBtf(btf!)).toBe(run("bpftool", ["btf", "dump", "file", path]));
			// bpftool of Debian 12 does not know one-byte enums yet.
			expect(dumpBtfAsC(btf!).replaceAll("} __attribute__((mode(byte)));", "};")).toBe(
				run("bpftool", ["btf", "dump", "file", path, "format", "c"]),
			);
		});
	});

	it.each(names.flatMap((name) => ["-g", ...(PROGRAMS[name].includes("__builtin_preserve") ? [] : ["-g0"])].map((debug) => [name, debug])))("%s %s: clang's assembly assembles to clang's file", (name, debug) => {
		const text = new TextDecoder().decode(clang(PROGRAMS[name], ["-S", debug]));
		const { object, errors } = assemble(text);
		expect(errors).toEqual([]);
		const wanted = clang(PROGRAMS[name], [debug]);
		// Where it is not the same, the sections say more than the bytes.
		if (Buffer.compare(writeElf(object!), wanted) !== 0) expect(elfView(writeElf(object!))).toEqual(elfView(wanted));
		expect(Buffer.compare(writeElf(object!), wanted)).toBe(0);
	});

	it("random bytes are dumped as llvm-objdump dumps them", () => {
		let seed = 7;
		const random = (below: number): number => ((seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0) >>> 8) % below;
		const data = new Uint8Array(1500 * 8);
		for (let at = 0; at < data.length; at += 8) {
			// A wide load takes the next instruction with it, or not, and what follows says nothing of its own.
			const opcode = random(256);
			data.set([opcode === 0x18 ? 0 : opcode, random(3) === 0 ? random(256) : random(11) * 17, [0, 0, 1, 8, 0xff][random(5)], [0, 0, 0x7f, 0xff][random(4)]], at);
			for (let i = 4; i < 8; i++) data[at + i] = random(2) === 0 ? 0 : random(256);
		}
		const bytes = writeElf({ endian: "little", symbols: [{ name: "f", section: 0, value: 0, size: data.length, binding: "global", type: "function", visibility: "default" }], sections: [{ name: "xdp", type: 1, flags: 6, align: 8, entsize: 0, size: data.length, data, relocs: [] }] });
		withFile(bytes, (path) => {
			const head = `\n${path}:\tfile format elf64-bpf\n`;
			expect(head + disassemble(readElf(bytes))).toBe(run("llvm-objdump-19", ["-d", path]));
			expect(head + disassemble(readElf(bytes), { alu32: true })).toBe(run("llvm-objdump-19", ["-d", "--mcpu=v4", path]));
		});
	});

	it.skipIf(!hasTool("llvm-mc-19"))("line tables of version 4 are llvm-mc's", () =>
		inFolder((folder) => {
			const text = new TextDecoder().decode(clang(PROGRAMS.control, ["-S", "-gdwarf-4"]));
			writeFileSync(join(folder, "x.s"), text);
			run("llvm-mc-19", ["-triple", "bpfel", "-filetype=obj", "x.s", "-o", "x.o"], folder);
			const { object } = assemble(text);
			expect(elfView(writeElf(object!)).sections).toEqual(elfView(readFileSync(join(folder, "x.o"))).sections);
		}),
	);

	/** Compiles in a folder that stays while `action` looks at the object, since sources are read from there. */
	const compiled = (command: readonly string[], text: string, action: (path: string) => void): void =>
		inFolder((folder) => {
			writeFileSync(join(folder, "prog.c"), text);
			run(command[0], [...command.slice(1), "-w", "-O2", "-c", "prog.c", "-o", "x.o"], folder);
			action(join(folder, "x.o"));
		});
	const linesOf = (path: string): string[] | undefined => (existsSync(path) ? readFileSync(path, "utf8").split("\n") : undefined);

	const versions = [
		["clang-19", "-target", "bpf", "-g"],
		["clang-19", "-target", "bpf", "-gdwarf-4"],
		["clang-19", "-target", "bpfeb", "-g", "-mcpu=v3"],
		["clang-14", "-target", "bpf", "-g"],
		["clang-14", "-target", "bpfeb", "-g"],
	];
	it.each(versions.filter(([tool]) => hasTool(tool)))("%s %s %s %s: source beside code is llvm-objdump's", (...command) => {
		for (const name of ["control", "counters"])
			compiled(command, PROGRAMS[name], (path) => {
				const object = readElf(readFileSync(path));
				const head = `\n${path}:\tfile format elf64-bpf\n`;
				expect(head + disassemble(object, { before: sourceLines(object, linesOf) })).toBe(run("llvm-objdump-19", ["-S", path]));
				expect(head + disassemble(object, { relocations: true })).toBe(run("llvm-objdump-19", ["-d", "-r", path]));
				expect(printBtf(object.btf!)).toBe(run("bpftool", ["btf", "dump", "file", path]));
			});
	});

	it.skipIf(!hasTool("bpf-gcc"))("gcc's objects are read, and dumped as by LLVM", () => {
		for (const flags of [["-gbtf"], ["-g"], ["-mbig-endian"]])
			compiled(["bpf-gcc", ...flags], FOR_GCC, (path) => {
				const bytes = readFileSync(path);
				const [layout, object] = [readLayout(bytes), readElf(bytes)];
				const head = `\n${path}:\tfile format elf64-bpf\n`;
				expect(head + disassemble(object, { relocations: true })).toBe(run("llvm-objdump-19", ["-d", "-r", path]));
				expect(head + describeSections(layout) + describeSymbols(layout, object)).toBe(run("llvm-objdump-19", ["-h", "-t", path]));
				if (object.btf !== undefined) expect(printBtf(object.btf)).toBe(run("bpftool", ["btf", "dump", "file", path]));
				expect(object.btf !== undefined).toBe(flags[0] === "-gbtf");
				expect(readElf(writeElf(object)).sections).toEqual(object.sections);
			});
	});

	it("a big-endian object is read", () => {
		const big = clang(PROGRAMS.counters, ["-target", "bpfeb"]);
		withFile(big, (path) =>
			expect(`\n${path}:\tfile format elf64-bpf\n${disassemble(readElf(big))}`).toBe(
				run("llvm-objdump-19", ["-d", path]),
			),
		);
		expect(readElf(writeElf(readElf(big)))).toEqual(readElf(big));
	});
});
