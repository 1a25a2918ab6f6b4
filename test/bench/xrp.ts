/**
 * Storage functions beside plain reads, measured: `npm run -s bench:xrp`.
 *
 *     --depths 4,6     tree depths of the table (6)
 *     --rounds 15      paired rounds; every figure is a median over them
 *     --out DIR        depths 1–6, concurrency 1–64 and range lengths 1–96 as SVG plots too
 *
 * This file only bundles the benchmark as the package is bundled, so that what is timed is what is shipped, and runs it.
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { usage } from "../support/arguments.ts";

usage(import.meta.url);

const root = fileURLToPath(new URL("../..", import.meta.url));
const outdir = join(root, "node_modules", ".cache", "ebpfcc", `bench-xrp.${process.pid}`);
mkdirSync(outdir, { recursive: true });
try {
	// A package of its own: folders within node_modules do not inherit the type of the one around them.
	writeFileSync(join(outdir, "package.json"), '{"type":"module"}\n');
	await build({
		absWorkingDir: root,
		entryPoints: { bench: "test/bench/xrp/main.ts", "xrp.worker": "runtime/node/xrp.worker.ts" },
		outdir,
		bundle: true,
		splitting: true,
		format: "esm",
		platform: "node",
		target: "node20",
		packages: "external",
		alias: { ebpfcc: "./index.ts", "ebpfcc/runtime": "./runtime/index.ts", "ebpfcc/runtime/node": "./runtime/node/index.ts" },
		loader: { ".c": "text", ".h": "text", ".ohm": "text" },
		logLevel: "error",
	});
	process.exitCode = spawnSync(process.execPath, [join(outdir, "bench.js"), ...process.argv.slice(2)], { stdio: "inherit" }).status ?? 1;
} finally {
	rmSync(outdir, { recursive: true, force: true });
}
