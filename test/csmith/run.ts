/**
 * `npm run -s csmith -- [--count N] [--seed N] [--print]`: random programs against gcc, by default 2,000 from seed 1 on. Prints each difference as it
 * is found, then the figures; status 1 when there is a difference. --print shows the one program of a seed and runs nothing.
 * The campaign is bundled and runs in plain Node, which takes half the time.
 */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { buildSync } from "esbuild";
import { hasTool, inFolder } from "../support/clang.ts";
import { usage } from "../support/arguments.ts";

usage(import.meta.url);

const here = import.meta.dirname;
const installed = ["csmith", "gcc"].map(hasTool);
process.exitCode = installed.includes(false)
	? 2
	: inFolder((folder) => {
			const outfile = join(folder, "csmith.mjs");
			buildSync({ entryPoints: [join(here, "main.ts")], bundle: true, platform: "node", format: "esm", outfile, define: { "import.meta.dirname": JSON.stringify(here) }, logLevel: "warning" });
			return spawnSync(process.execPath, ["--max-semi-space-size=64", outfile, ...process.argv.slice(2)], { stdio: "inherit" }).status ?? 1;
		});
