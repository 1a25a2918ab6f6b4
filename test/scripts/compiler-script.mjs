/**
 * The compiler's command as one script (`cli/compiler-script.ts` loads it) and the code that V8 makes of it.
 *
 *     node test/scripts/compiler-script.mjs FOLDER/NAME     writes the code of FOLDER/NAME.cjs, in a process of its own
 */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { Script } from "node:vm";
import { build } from "esbuild";

/**
 * How much bytecode of a function V8 runs before it thinks of optimising it, in bytes: four times what it would. A process ends too soon for
 * most of what would be optimised otherwise, which is more than half of its time; the command sets it before it reads the script.
 */
export const FLAG = "--interrupt-budget=270336";

/** Writes the script into `folder`; gives its name without ending. */
export async function buildScript(folder) {
	const { outputFiles } = await build({
		entryPoints: ["cli/compile.ts"],
		write: false,
		bundle: true,
		format: "cjs",
		platform: "node",
		target: "node20",
		// Names stay as they are, for stacks.
		minifyWhitespace: true,
		minifySyntax: true,
		legalComments: "eof",
		define: { "import.meta.url": "importMetaUrl" },
		// A script has `require` alone.
		supported: { "dynamic-import": false },
		banner: { js: "(function (require, importMetaUrl) { const module = { exports: {} };" },
		footer: { js: "return module.exports; })" },
		loader: { ".c": "text", ".h": "text", ".ohm": "text" },
		plugins: [ohmWhenNeeded],
		logLevel: "warning",
	});
	const [{ contents }] = outputFiles;
	const name = `compiler-${createHash("sha256").update(contents).digest("hex").slice(0, 8)}`;
	writeFileSync(join(folder, `${name}.cjs`), contents);
	return name;
}

/** ohm-js is wanted only where a program does not parse. */
const ohmWhenNeeded = {
	name: "ohm-when-needed",
	setup({ onResolve, onLoad }) {
		onResolve({ filter: /^ohm-js$/ }, ({ importer }) => (importer.endsWith("ohm.ts") ? { path: "ohm-js", namespace: "when-needed" } : undefined));
		onLoad({ filter: /.*/, namespace: "when-needed" }, () => ({ contents: 'export const makeRecipe = (recipe) => require("ohm-js").makeRecipe(recipe);', resolveDir: process.cwd() }));
	},
};

/** Has V8 compile what a compilation needs, and keeps it beside the script. Without it the command works, only slower. */
export function buildCode(script) {
	const { NODE_OPTIONS, NODE_V8_COVERAGE, ...env } = process.env;
	const { status, stderr } = spawnSync(process.execPath, [FLAG, fileURLToPath(import.meta.url), script], { env, encoding: "utf8" });
	if (status !== 0) process.stderr.write(`no code was made of ${script}:\n${stderr}`);
}

/** What programs do that include vmlinux.h; the header is long enough to be outlined. */
const HEADER = `typedef unsigned int u32;
typedef unsigned long long u64;
typedef int (*callback)(struct record1 *, u32);
typedef struct { u32 val; } kuid_t;
struct pt_regs {
	unsigned long rdi, rsi, rdx, rcx, r8, rax, rbp, rsp, rip;
};
enum { ANY = 0, NOEXIST = 1, };
enum kind { KIND_A = 1, KIND_B = 2, };
${Array.from({ length: 3000 }, (_, i) => `struct record${i} {\n\tu32 a;\n\tunion {\n\t\tu64 b;\n\t\tstruct record${i + 1} *next;\n\t} u;\n};\n`).join("")}`;
const PROGRAM = `#pragma clang attribute push (__attribute__((preserve_access_index)), apply_to = record)
#include "header.h"
#pragma clang attribute pop
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>
struct key { u32 pid; char name[16]; };
struct { __uint(type, 1); __uint(max_entries, 64); __type(key, struct key); __type(value, u64); } counts SEC(".maps");
const volatile u32 wanted = 0;
static __always_inline u64 *find(struct key *key, u64 start)
{
	u64 *value = bpf_map_lookup_elem(&counts, key);
	if (value)
		return value;
	bpf_map_update_elem(&counts, key, &start, NOEXIST);
	return bpf_map_lookup_elem(&counts, key);
}
SEC("kprobe/f")
int BPF_KPROBE(on_f, struct record1 *r, enum kind kind)
{
	struct key key = {};
	u64 now = bpf_ktime_get_ns();
	key.pid = bpf_get_current_pid_tgid() >> 32;
	if (wanted && key.pid != wanted)
		return 0;
	bpf_get_current_comm(key.name, sizeof(key.name));
	for (int i = 0; i < 16; i++) {
		if (!key.name[i])
			break;
		now += key.name[i] << (i & 7);
	}
	switch (kind) {
	case KIND_A: now ^= BPF_CORE_READ(r, u.next, a); break;
	case KIND_B: now = now / 3 % 1000; break;
	default: bpf_printk("kind %d", kind);
	}
	u64 *value = find(&key, now);
	if (value)
		__sync_fetch_and_add(value, bpf_ntohl(now) > 5 ? 1 : 2);
	return 0;
}
char LICENSE[] SEC("license") = "GPL";
`;

async function writeCode(script) {
	const compiled = new Script(readFileSync(`${script}.cjs`, "latin1"), { filename: `${script}.cjs` });
	const url = pathToFileURL(`${script}.cjs`).href;
	const { compileCommand } = compiled.runInThisContext()(createRequire(url), url);
	const folder = mkdtempSync(join(tmpdir(), "ebpfcc-"));
	try {
		writeFileSync(join(folder, "header.h"), HEADER);
		writeFileSync(join(folder, "program.c"), PROGRAM);
		const examples = ["examples/bpf-kv/get.bpf.c", "examples/xdp-filter/xdp-filter.bpf.c", "examples/ringbuf-events/ringbuf-events.bpf.c", "examples/wiredtiger/wt-lookup.bpf.c"];
		for (const program of [join(folder, "program.c"), ...examples]) {
			const status = await compileCommand(["-O2", "-g", "-D__TARGET_ARCH_x86", "-c", program, "-o", join(folder, "program.o")], []);
			if (status !== 0) throw new Error(`${program} does not compile`);
		}
	} finally {
		rmSync(folder, { recursive: true });
	}
	writeFileSync(`${script}-${process.versions.v8}-${process.arch}.code`, compiled.createCachedData());
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await writeCode(process.argv[2]);
