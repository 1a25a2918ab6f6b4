/**
 * From object bytes to the first result in a warm process, step by step: ELF and BTF, maps and relocations, verifier, engine, first call.
 * `default` interprets the first runs of these two; `wasm` and `js` compile before the first.
 * In: the XDP objects `lat100` (111 instructions) and `lat4000` of the peers' benchmark. Out: milliseconds, the best of many.
 */
import { existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { type EngineName, load, readObject } from "../../runtime/load.ts";
import { openObject } from "../../runtime/loader/open.ts";
import { verify } from "../../runtime/verifier/index.ts";
import { shared } from "../support/shared.ts";
import { best } from "./clock.ts";

/** A warm process: V8's last tier has seen the loader, the verifier and the engine a few hundred times. */
const WARM = 200;
const RUNS = 100;
/** Where the peers' build script leaves its programs. */
const FOLDERS = [process.env.BENCH_PROGS, shared("bench/build/progs"), join(homedir(), ".cache/ebpf-bench/progs")].filter((one) => typeof one === "string");
/** Milliseconds wanted. */
const LIMITS: Readonly<Record<string, number>> = { lat100: 3, lat4000: 15 };

async function measure(): Promise<void> {
	console.log(`from object bytes to the first result, ms (best and median of ${RUNS} after ${WARM}; parts in CPU time, the whole by the wall's clock)`);
	for (const [name, limit] of Object.entries(LIMITS)) {
		const file = FOLDERS.map((folder) => join(folder, `${name}.kern.o`)).find((path) => existsSync(path));
		if (file === undefined) {
			console.log(`${name}: skipped, build the programs with ../shared/bench/build.sh`);
			continue;
		}
		const bytes = new Uint8Array(readFileSync(file));
		const opened = openObject(readObject(bytes));
		const images = opened.programs.map(({ image }) => image);
		const parse = await best(RUNS, () => openObject(readObject(bytes)));
		const verified = await best(RUNS, () => images.map((image) => verify(image, { facts: true })));
		console.log(`${name}: ${images.map((image) => image.insns.length).join("+")} instructions; ELF, BTF, maps, relocations ${parse.toFixed(2)}, verifier ${verified.toFixed(2)}`);
		for (const engine of ["default", "wasm", "js"] as const) {
			for (let i = 0; i < WARM; i++) await firstResult(bytes, engine);
			const times: number[] = [];
			for (let i = 0; i < RUNS; i++) {
				const before = performance.now();
				await firstResult(bytes, engine);
				times.push(performance.now() - before);
			}
			times.sort((a, b) => a - b);
			console.log(`${name}: ${engine.padEnd(7)} ${times[0].toFixed(2)}, ${times[RUNS / 2].toFixed(2)} (${limit} wanted)`);
		}
	}
}

async function firstResult(bytes: Uint8Array, engine: EngineName): Promise<number> {
	const object = await load(bytes, { engine });
	let sum = 0;
	for (const program of Object.values(object.programs)) sum += program.run({ packet: new Uint8Array(64) }).retval;
	object.close();
	return sum;
}

await measure();
