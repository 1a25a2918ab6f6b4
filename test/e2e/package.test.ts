/** What `npm pack` packs: every file that package.json's exports name, code and declarations, and the kernel's types. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { compile, compileAndLoad, defaultOptions } from "ebpfcc";

const root = fileURLToPath(new URL("../..", import.meta.url));

interface Package {
	readonly exports: Readonly<Record<string, string | Readonly<Record<string, string>>>>;
	readonly bin: Readonly<Record<string, string>>;
}

test("has all files that its exports name", () => {
	const out = mkdtempSync(join(tmpdir(), "package-"));
	try {
		const { status, stderr, stdout } = spawnSync(process.execPath, ["test/scripts/build.mjs", join(out, "dist")], { cwd: root, encoding: "utf8", env: { ...process.env, npm_command: "pack" } });
		expect(stdout + stderr).toBe("");
		expect(status).toBe(0);
		const { exports, bin } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as Package;
		const files = [...Object.values(exports).flatMap((target) => (typeof target === "string" ? [target] : Object.values(target))), ...Object.values(bin)].filter((file) => file.startsWith("./dist/"));
		expect(files.length).toBeGreaterThan(15);
		expect(files.filter((file) => !existsSync(join(out, file)))).toEqual([]);
		expect(existsSync(join(out, "dist/compiler/headers/vmlinux.btf.gz"))).toBe(true);
	} finally {
		rmSync(out, { recursive: true, force: true });
	}
});

const TRACING = `
	#include "vmlinux.h"
	#include <bpf/bpf_helpers.h>
	#include <bpf/bpf_tracing.h>
	struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 8); __type(key, u32); __type(value, u64); } seen SEC(".maps");
	SEC("tp_btf/sched_switch") int BPF_PROG(on_switch, bool preempt, struct task_struct *prev, struct task_struct *next) {
		u32 key = next->pid;
		u64 one = 1;
		return bpf_map_update_elem(&seen, &key, &one, BPF_ANY);
	}
	char LICENSE[] SEC("license") = "GPL";`;

test("in Node, vmlinux.h is there without a kernel: types, constants, and what a program is attached to", async () => {
	const { programs } = await compileAndLoad(TRACING);
	expect(Object.keys(programs)).toEqual(["on_switch"]);
	expect(compile("a.bpf.c", TRACING, defaultOptions({ read: () => null })).ok).toBe(true);
});

test("types of one's own win, and null means none", async () => {
	await expect(compileAndLoad(TRACING, { vmlinux: () => null })).rejects.toThrow("'vmlinux.h' file not found");
});
