/**
 * Our engines as a worker of the benchmark driver (engines.ts), run as users run them: as plain JavaScript in a plain Node process.
 * A TypeScript loader in the same process exchanges messages with a thread of its own and detaches buffers by that; V8 then tests at each
 * access of each view whether its buffer is still there, which costs generated JavaScript up to a third.
 */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { buildSync } from "esbuild";

const folder = mkdtempSync(join(tmpdir(), "ebpfcc-bench-"));
const outfile = join(folder, "engines.mjs");
buildSync({ entryPoints: [fileURLToPath(new URL("engines.ts", import.meta.url))], bundle: true, platform: "node", format: "esm", target: "node20", outfile, logLevel: "error" });
const child = spawn(process.execPath, [outfile], { stdio: "inherit" });
child.on("close", (code) => {
	rmSync(folder, { recursive: true, force: true });
	process.exitCode = code ?? 1;
});
