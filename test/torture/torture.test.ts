import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { compile } from "../../compiler/driver/compile.ts";
import { defaultOptions } from "../../compiler/driver/options.ts";
import { load } from "../../runtime/load.ts";
import { files, testsIn } from "./expectations.ts";

/**
 * Hundreds of small C functions with the value each returns. TORTURE=all runs every level and processor;
 * otherwise the optimised and the unoptimised code of v3.
 */
const folder = import.meta.dirname;
const read = (path: string): Uint8Array | null => (existsSync(path) && statSync(path).isFile() ? readFileSync(path) : null);
const all = process.env.TORTURE === "all";
const variants = all ? ([1, 2, 3, 4] as const).flatMap((cpu) => ([0, 1, 2, "s"] as const).map((level) => ({ cpu, level }))) : [{ cpu: 3, level: 2 } as const, { cpu: 3, level: 0 } as const];

for (const { cpu, level } of variants) {
	describe(`-O${level} -mcpu=v${cpu}`, () => {
		for (const file of files()) {
			const path = join(folder, file);
			const text = readFileSync(path, "utf8");
			it(`${file}: ${testsIn(text).length} functions return what they should`, { timeout: 60_000 }, async () => {
				const options = defaultOptions({ read });
				// Atomics that give the old value, and on 32 bits, are of v3.
				const made = compile(path, cpu < 3 ? text.replace(/^TEST\((?:sync|atomic)_.*$/gm, "") : text, { ...options, target: { ...options.target, cpu, optimize: level === "s" ? 2 : level, optimizeSize: level === "s" } });
				expect(made.diagnostics.filter((d) => d.severity === "error").map((d) => d.message)).toEqual([]);
				const object = await load(made.output as Uint8Array, { verify: false, engine: "interpreter" });
				const wrong: string[] = [];
				for (const { name, expected } of testsIn(text)) {
					const program = object.programs[name];
					if (program === undefined && cpu < 3 && /^(sync|atomic)_/.test(name)) continue;
					const got = program === undefined ? "missing" : BigInt.asIntN(64, program.run({}).r0);
					if (got !== expected) wrong.push(`${name} is ${got}, not ${expected}`);
				}
				object.close();
				expect(wrong).toEqual([]);
			});
		}
	});
}
