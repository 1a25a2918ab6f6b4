import { spawnSync } from "node:child_process";
import { closeSync, mkdtempSync, openSync, readFileSync, readSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { transformSync } from "esbuild";
import { afterAll, describe, expect, it } from "vitest";
import { bareRead } from "./bare-read.ts";

const folder = mkdtempSync(join(tmpdir(), "bare-read-"));
const path = join(folder, "file");
writeFileSync(path, Uint8Array.from({ length: 1300 }, (_, i) => i % 251));
const fd = openSync(path, "r");
afterAll(() => {
	closeSync(fd);
	rmSync(folder, { recursive: true });
});

describe("a read without fs.readSync's checks", () => {
	it.each([
		["a block", 512, 512],
		["the file's last bytes", 512, 1024],
		["nothing behind the end", 512, 4096],
	] as const)("returns the same for %s", (_, length, position) => {
		const [ours, theirs] = [new Uint8Array(1024), new Uint8Array(1024)];
		expect(bareRead()(fd, ours, 16, length, position)).toBe(readSync(fd, theirs, 16, length, position));
		expect(ours).toEqual(theirs);
	});

	it("reports a failure as fs.readSync does", () => {
		const directory = openSync(folder, "r");
		try {
			expect(() => bareRead()(directory, new Uint8Array(512), 0, 512, 0)).toThrowError(expect.objectContaining({ code: "EISDIR", syscall: "read" }));
		} finally {
			closeSync(directory);
		}
	});

	it.each([
		["bytes behind the buffer", 513, 512, 0],
		["a negative place", -1, 512, 0],
		["half a byte", 0.5, 16, 0],
		["a position that is no whole number", 0, 16, 0.5],
		["a position that is no number", 0, 16, Number.NaN],
	] as const)("leaves %s to fs.readSync, whose error it is", (_, at, length, position) => {
		expect(() => bareRead()(fd, new Uint8Array(1024), at, length, position)).toThrowError(expect.objectContaining({ code: "ERR_OUT_OF_RANGE" }));
	});

	it("is fs.readSync where that has been replaced", () => {
		const replaced = (() => 7) as typeof readSync;
		expect(bareRead(replaced)).toBe(replaced);
	});

	it.each([["--pending-deprecation"], ["--throw-deprecation"], ["--experimental-permission", "--allow-fs-read=*"]] as const)("is fs.readSync, without a warning of ours, under %s", (...options) => {
		const script = join(folder, "bare-read.mjs");
		const source = readFileSync(fileURLToPath(new URL("./bare-read.ts", import.meta.url)), "utf8");
		writeFileSync(script, `${transformSync(source, { loader: "ts", format: "esm" }).code}\nconsole.log(bareRead() === readSync);\n`);
		const { stdout, stderr } = spawnSync(process.execPath, [...options, script], { encoding: "utf8" });
		expect(stdout).toBe("true\n");
		expect(stderr).not.toContain("DEP0111");
	});
});
