import { execFileSync } from "node:child_process";
import { closeSync, existsSync, lstatSync, mkdtempSync, openSync, readdirSync, readFileSync, readSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { createKvFile } from "../runtime/node/kv-file.ts";
import { commandLine } from "./command-line.ts";
import { compileOptions } from "./compile-options.ts";
import { Complaint, readSource, writeWhole } from "./files.ts";

const folder = mkdtempSync(join(tmpdir(), "files-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("a source text", () => {
	it("may be a device that has an end, and no other", () => {
		if (!existsSync("/dev/zero")) return console.log("skipped: no /dev/zero on this machine");
		expect(readSource("/dev/null")).toHaveLength(0);
		expect(() => readSource("/dev/zero")).toThrow(Complaint);
		// `-include /dev/null` is how build systems include nothing.
		const { provider } = compileOptions(commandLine(["x.c"]));
		expect([provider.read("/dev/null")?.length, provider.read("/dev/zero")]).toEqual([0, null]);
	});
});

describe.skipIf(process.platform === "win32")("a file that is written whole", () => {
	const read = (name: string): string => readFileSync(join(folder, name), "utf8");

	it("takes the old one's place and permissions, where its links lead", () => {
		writeFileSync(join(folder, "old"), "old", { mode: 0o600 });
		symlinkSync("old", join(folder, "link"));
		writeWhole(join(folder, "link"), "new");
		expect([read("old"), statSync(join(folder, "old")).mode & 0o777, lstatSync(join(folder, "link")).isSymbolicLink()]).toEqual(["new", 0o600, true]);
		symlinkSync("made", join(folder, "dangling"));
		writeWhole(join(folder, "dangling"), "made");
		expect([read("made"), lstatSync(join(folder, "dangling")).isSymbolicLink()]).toEqual(["made", true]);
		expect(readdirSync(folder).filter((name) => name.endsWith(".tmp"))).toEqual([]);
	});

	// By root, renaming over a device puts a file where the device was: `-o /dev/null` is how build systems try options.
	it("leaves devices and pipes what they are", async () => {
		symlinkSync("/dev/null", join(folder, "null"));
		writeWhole(join(folder, "null"), "nobody reads this");
		expect(lstatSync(join(folder, "null")).isSymbolicLink()).toBe(true);
		const pipe = join(folder, "pipe");
		execFileSync("mkfifo", [pipe]);
		const reader = openSync(pipe, "r+");
		writeWhole(pipe, "through");
		const bytes = new Uint8Array(7);
		readSync(reader, bytes);
		closeSync(reader);
		expect([new TextDecoder().decode(bytes), lstatSync(pipe).isFIFO()]).toEqual(["through", true]);
		await expect(createKvFile(pipe, 1)).rejects.toThrow(/pipe: a device, a pipe or a link to nothing/);
		expect(lstatSync(pipe).isFIFO()).toBe(true);
	});

	it("says in one line what is in the way", () => {
		expect(() => writeWhole(folder, "x")).toThrow("is a directory");
		expect(() => writeWhole(join(folder, "old", "x"), "x")).toThrow("not a directory");
		expect(() => writeWhole(join(folder, "none", "x"), "x")).toThrow("no such file");
	});
});
