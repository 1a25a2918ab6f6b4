import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { readElf } from "../../assembler/elf/read.ts";
import { clang, hasTool, inFolder, run } from "../../test/support/clang.ts";
import { PROGRAMS } from "../../test/support/programs.ts";
import { describeObject } from "./model.ts";
import { cSkeleton } from "./skeleton.ts";
import { typescriptBindings } from "./typescript.ts";

interface Codec {
	readonly size: number;
	decode(bytes: Uint8Array): unknown;
	encode(value: unknown): Uint8Array;
	padding(bytes: Uint8Array): number[];
}
type Module = {
	readonly maps: Record<string, { key: Codec; value: Codec }>;
	readonly globals: Record<string, Codec & { offset: number; section: string }>;
} & Record<string, unknown>;

describe.skipIf(!hasTool("clang-19"))("bindings", () => {
	const objects: Record<string, Uint8Array> = {};
	beforeAll(() => {
		for (const name of ["counters", "globals", "externs"]) objects[name] = clang(PROGRAMS[name]);
	});

	const texts = (name: string): { readonly declarations: string; readonly module: string } =>
		typescriptBindings(describeObject(readElf(objects[name])), name);
	const bindings = (name: string): Promise<Module> =>
		import(/* @vite-ignore */ `data:text/javascript,${encodeURIComponent(texts(name).module)}`) as Promise<Module>;

	it("the declarations are TypeScript", () => {
		inFolder((folder) => {
			const files = Object.keys(objects).map((name) => {
				writeFileSync(join(folder, `${name}.d.mts`), texts(name).declarations);
				return join(folder, `${name}.d.mts`);
			});
			run("node_modules/.bin/tsc", [
				"--ignoreConfig",
				"--noEmit",
				"--strict",
				"--target",
				"es2022",
				"--lib",
				"es2022",
				"--skipLibCheck",
				"false",
				...files,
			]);
		});
	});

	it("keys and values round-trip, padding is zeroed and found", async () => {
		const { maps } = await bindings("counters");
		const key = { address: 0x01020304, port: 80, protocol: 6 };
		const bytes = maps.counts.key.encode(key);
		expect([...bytes]).toEqual([4, 3, 2, 1, 80, 0, 6, 0]);
		expect(maps.counts.key.decode(bytes)).toEqual(key);
		bytes[7] = 1;
		expect(maps.counts.key.padding(bytes)).toEqual([7]);
		const value = { packets: 2n ** 63n, bytes: 5n, flags: 5, kind: 31, name: "new" };
		expect(maps.counts.value.decode(maps.counts.value.encode(value))).toEqual(value);
		expect(() => maps.counts.value.encode({ ...value, kind: 32 })).toThrow("kind: 32 does not fit 5 bits");
		expect(() => maps.counts.key.decode(new Uint8Array(7))).toThrow("expected 8 bytes, not 7");
	});

	it("globals have places and types", async () => {
		const { globals, mode } = await bindings("globals");
		expect(globals.limit.decode(globals.limit.encode(-3))).toBe(-3);
		expect(globals.start.encode(2n ** 40n)).toEqual(new Uint8Array([0, 0, 0, 0, 0, 1, 0, 0]));
		expect(globals.last.decode(globals.last.encode({ bytes: [1, 2, 3, 4] }))).toEqual({
			word: 0x04030201,
			bytes: new Uint8Array([1, 2, 3, 4]),
		});
		expect(globals.table.size).toBe(15);
		expect(mode).toEqual({ OFF: 0, ON: 5, AUTO: 0xffffffff });
	});

	it("names of an object are data, never code", () => {
		const model = describeObject(readElf(objects.counters));
		const evil = {
			...model,
			records: [
				{ ...model.records[0], fields: model.records[0].fields.map((field) => ({ ...field, name: "__proto__" })) },
				...model.records.slice(1),
			],
			maps: model.maps.map((map) => ({ ...map, name: '"];process.exit(1);//' })),
		};
		const { module } = typescriptBindings(evil, "*/ process.exit(1) /*\nprocess.exit(1)");
		expect(
			module
				.split("\n")
				.filter((line) => line.includes("process.exit"))
				.every((line) => line.startsWith("//") || line.includes('\\"];process')),
		).toBe(true);
	});

	it.skipIf(!hasTool("gcc"))("the C skeleton compiles and holds the object", () => {
		for (const name of ["counters", "globals", "externs"])
			inFolder((folder) => {
				writeFileSync(
					join(folder, "x.skel.h"),
					`typedef unsigned char u8; typedef unsigned int u32; typedef unsigned long long u64; union number { u32 word; u8 bytes[4]; }; enum mode { OFF }; enum wide { SMALL = 1ull << 40 };\n${cSkeleton(readElf(objects[name]), objects[name], name)}`,
				);
				writeFileSync(
					join(folder, "x.c"),
					`#include "x.skel.h"\n#include <stdio.h>\nint main(void) { size_t n; const unsigned char *b = ${name}__elf_bytes(&n); for (size_t i = 0; i < n; i++) printf("%02x", b[i]); return 0; }\n`,
				);
				run("gcc", [
					"-Wall",
					"-Werror",
					"-Wno-unused-function",
					join(folder, "x.c"),
					"-o",
					join(folder, "x"),
					"-Wl,--unresolved-symbols=ignore-all",
				]);
				expect(run(join(folder, "x"), [])).toBe(Buffer.from(objects[name]).toString("hex"));
			});
	});
});
