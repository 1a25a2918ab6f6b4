/**
 * A TypeScript module as plain JavaScript in a plain Node process, as users run it: bundled, started, waited for.
 * A TypeScript loader in the same process exchanges messages with a thread of its own and detaches buffers by that; V8 then tests at each
 * access of each view whether its buffer is still there, which costs generated JavaScript up to a third, and its sources cost memory.
 */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { buildSync } from "esbuild";

/** The exit code. `module`: its URL. */
export function runPlain(module: string): Promise<number> {
	const entry = fileURLToPath(module);
	const folder = mkdtempSync(join(tmpdir(), "ebpfcc-bench-"));
	const outfile = join(folder, "main.mjs");
	buildSync({ entryPoints: [entry], bundle: true, platform: "node", format: "esm", target: "node20", outfile, define: { "import.meta.url": JSON.stringify(module) }, logLevel: "error" });
	return new Promise((resolve) => {
		const child = spawn(process.execPath, [outfile], { stdio: "inherit" });
		child.on("close", (code) => {
			rmSync(folder, { recursive: true, force: true });
			resolve(code ?? 1);
		});
	});
}
