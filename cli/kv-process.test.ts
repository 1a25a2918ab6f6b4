/** `ebpfcc kv` as a process of its own: what signals and readers that go away do to it. */
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { checkKv } from "../runtime/bpfkv/index.ts";
import { openFileDevice } from "../runtime/node/file-device.ts";
import { createKvFile } from "../runtime/node/kv-file.ts";

const folder = mkdtempSync(join(tmpdir(), "kv-process-"));
const db = join(folder, "test.db");
beforeAll(async () => void (await createKvFile(db, 3)));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const start = (...args: string[]) => spawn(process.execPath, ["--import", "tsx", fileURLToPath(new URL("main.ts", import.meta.url)), "kv", ...args]);

/** How a process ended, and what it said. */
function ended(child: ChildProcessWithoutNullStreams): Promise<{ code: number | null; out: string; err: string }> {
	let out = "";
	let err = "";
	child.stdout.on("data", (text) => (out += text));
	child.stderr.on("data", (text) => (err += text));
	return new Promise((resolve) => child.once("close", (code) => resolve({ code, out, err })));
}

/** Waits for a file that is being written aside. */
async function aside(inside: string): Promise<void> {
	while (!readdirSync(inside).some((name) => name.endsWith(".tmp"))) await new Promise((resolve) => setTimeout(resolve, 20));
}

describe("a command that is interrupted", () => {
	it.each([
		["a load from a pipe that says nothing more", ["load"], "SIGINT", 130],
		["a large create", ["create", "--layers", "5"], "SIGTERM", 143],
		["a create with a million holes", ["create", "--layers", "6", "--sparse", "200000"], "SIGHUP", 129],
	] as const)("leaves nothing behind: %s", async (_, [verb, ...options], signal, status) => {
		const inside = join(folder, signal);
		mkdirSync(inside);
		const child = start(verb, join(inside, "new.db"), ...options);
		const end = ended(child);
		child.stdin.write("1\tone\n2\ttwo\n");
		await aside(inside);
		child.kill(signal);
		expect(await end).toEqual({ code: status, out: "", err: `ebpfcc: error: ${join(inside, "new.db")}: interrupted by ${signal}\n` });
		expect(readdirSync(inside)).toEqual([]);
	});

	it("tells what a benchmark has measured so far, and leaves a sound file", async () => {
		const child = start("bench", db, "-w", "A", "-n", "1000000000");
		const end = ended(child);
		while (!readdirSync(folder).includes("test.db.wal")) await new Promise((resolve) => setTimeout(resolve, 20));
		await new Promise((resolve) => setTimeout(resolve, 300));
		child.kill("SIGINT");
		const { code, out, err } = await end;
		expect(code).toBe(130);
		expect(out).toMatch(/Workload A .* operations in/);
		expect(err).toBe(`ebpfcc: error: ${db}: interrupted by SIGINT\n`);
		const device = openFileDevice(db);
		expect(checkKv(device)).toMatchObject({ damage: [], keys: 29791 });
		device.close();
	});
});

describe("a reader that has seen enough", () => {
	it.each([["range", "0", "29791", "--json"], ["get", ...Array.from({ length: 5000 }, (_, key) => String(key))]])("ends the command without a word: %s", async (verb, ...args) => {
		const child = start(verb, db, ...args);
		child.stdout.once("data", () => child.stdout.destroy());
		expect(await ended(child)).toMatchObject({ code: 141, err: "" });
	});
});
