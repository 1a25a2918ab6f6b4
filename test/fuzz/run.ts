/**
 * `npm run fuzz:objects -- [--mutations N] [--seconds S] [--seed N] [--only I] [object.o…]`: the campaign over mutated objects, by
 * default 100,000 mutations of 50, for half an hour at most. Without objects: of the corpus, and what our own compiler makes.
 * The campaign is bundled and runs in plain Node, as users run the tools, so that the memory it reports is theirs.
 */
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { buildSync } from "esbuild";
import { inFolder } from "../support/clang.ts";
import { corpusObjects, ownObjects } from "./samples.ts";
import { usage } from "../support/arguments.ts";

usage(import.meta.url);

const OBJECTS = 50;

const arguments_ = process.argv.slice(2);
process.exitCode = inFolder((folder) => {
	const given = arguments_.some((word) => word.endsWith(".o"));
	const own = given ? [] : ownObjects();
	const samples = [...own, ...(given ? [] : corpusObjects(OBJECTS - own.length))].map(({ name, bytes }, i) => {
		const path = join(folder, `${i}-${name.replaceAll("/", "-")}`);
		writeFileSync(path, bytes);
		return path;
	});
	const outfile = join(folder, "campaign.mjs");
	buildSync({ entryPoints: ["test/fuzz/campaign.ts"], bundle: true, platform: "node", format: "esm", outfile, logLevel: "warning" });
	return spawnSync(process.execPath, [outfile, ...arguments_, ...samples], { stdio: "inherit" }).status ?? 1;
});
