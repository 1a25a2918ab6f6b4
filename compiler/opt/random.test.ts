import { describe, expect, it } from "vitest";
import { evalFunction, OutOfFuel } from "../../test/support/ir-eval.ts";
import { randomModule } from "../../test/support/random-ir.ts";
import { checkIr } from "../ir/check.ts";
import { parseModule } from "../ir/parse.ts";
import { printModule } from "../ir/print.ts";
import { optimize } from "./pipeline.ts";

/** RANDOM_IR=20000 runs as many programs instead of the sample; RANDOM_IR_SEED starts elsewhere. */
const runs = Number(process.env.RANDOM_IR ?? 100);
const start = Number(process.env.RANDOM_IR_SEED ?? 1);
const GLOBALS = 64;
const mix = (id: number, args: readonly bigint[]): bigint => args.slice(0, id - 10).reduce((sum, arg) => BigInt.asUintN(64, sum * 1000003n + arg), 17n);

function memory(): Uint8Array {
	const bytes = new Uint8Array(16384);
	for (let i = 0; i < 64; i++) bytes[GLOBALS + i] = (i * 37) & 0xff;
	return bytes;
}

/** The result of the last function, and the bytes of the global that it works on. */
function run(module: ReturnType<typeof parseModule>, seed: number): string {
	const args = [BigInt.asIntN(64, BigInt(seed) * 0x9e3779b97f4a7c15n), BigInt(seed * 77) << 3n];
	const world = { memory: memory(), stack: 1024, globals: new Map([["state", GLOBALS]]), helper: mix, fuel: 40_000 };
	const result = evalFunction(module, module.functions[module.functions.length - 1], args, world);
	return `${result} ${Buffer.from(world.memory.slice(GLOBALS, GLOBALS + 64)).toString("hex")}`;
}

describe("the pipeline", () => {
	for (const level of [0, 2] as const) {
		it(`keeps what random programs compute at -O${level}`, { timeout: 120_000 + runs * 200 }, () => {
			let compared = 0;
			for (let seed = start; seed < start + runs; seed++) {
				const source = randomModule(seed * 13 + level, { size: 20 + (seed % 10) * 25, signedDivision: true, atomics: true });
				const module = parseModule(source);
				let before: string;
				try {
					before = run(module, seed);
				} catch (error) {
					if (error instanceof OutOfFuel) continue;
					throw error;
				}
				const changed = parseModule(source);
				optimize(changed, { level, cpu: seed % 2 === 0 ? 3 : 1, diagnostics: { report: (d) => expect.fail(d.message) }, check: true });
				expect(changed.functions.flatMap(checkIr)).toEqual([]);
				expect(run(changed, seed), `seed ${seed}\n${source}\n--- optimised ---\n${printModule(changed)}`).toBe(before);
				compared++;
			}
			expect(compared).toBeGreaterThan(runs / 4);
		});
	}
});
