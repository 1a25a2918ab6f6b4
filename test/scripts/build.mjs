// Bundles the public entry points, the CLI and the examples into dist/, or the folder given (ES modules that share chunks), and the
// compiler's command once more as a script with its machine code (compiler-script.mjs).
// Declarations as well when the package is packed, published or installed from a repository; `npm ci` in a clone does without their 10 s.
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { build } from "esbuild";
import { buildCode, buildScript, FLAG } from "./compiler-script.mjs";

const entries = [
	"index.ts",
	"index.node.ts",
	"compiler/index.ts",
	"assembler/index.ts",
	"linker/index.ts",
	"runtime/index.ts",
	"runtime/node/index.ts",
	"runtime/test/index.ts",
	"runtime/vite.ts",
	"cli/main.ts",
	...workers("runtime"),
	...examples(),
].filter((file) => existsSync(file));

const outdir = process.argv[2] ?? "dist";
rmSync(outdir, { recursive: true, force: true });
mkdirSync(`${outdir}/cli`, { recursive: true });
const script = await buildScript(`${outdir}/cli`);
await build({
	entryPoints: entries,
	outdir,
	outbase: ".",
	bundle: true,
	splitting: true,
	format: "esm",
	platform: "node",
	target: "node20",
	packages: "external",
	chunkNames: "chunks/[name]-[hash]",
	define: { EBPFCC_SCRIPT: JSON.stringify(script), EBPFCC_FLAG: JSON.stringify(FLAG) },
	loader: { ".c": "text", ".h": "text", ".ohm": "text" },
	logLevel: "warning",
});

cpSync("compiler/headers/vmlinux.btf.gz", `${outdir}/compiler/headers/vmlinux.btf.gz`);
buildCode(`${outdir}/cli/${script}`);
// The storage functions that `ebpfcc kv` compiles.
for (const name of readdirSync("examples/bpf-kv")) if (/\.[ch]$/.test(name)) cpSync(`examples/bpf-kv/${name}`, `${outdir}/examples/bpf-kv/${name}`);

if (["pack", "publish", "install"].includes(process.env.npm_command)) {
	const { status } = spawnSync("npx", ["tsc", "-p", "tsconfig.build.json", "--outDir", outdir], { stdio: "inherit", shell: process.platform === "win32" });
	if (status !== 0) process.exit(1);
}

/** Files started as worker threads: they need an output file of their own. */
function workers(folder) {
	return readdirSync(folder, { recursive: true })
		.map((name) => `${folder}/${name}`)
		.filter((name) => name.endsWith(".worker.ts"));
}

function examples() {
	return readdirSync("examples", { recursive: true })
		.map((name) => `examples/${name}`)
		.filter((name) => name.endsWith(".ts") && !name.endsWith(".test.ts"));
}
