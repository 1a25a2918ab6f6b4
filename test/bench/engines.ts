/**
 * Our engines for the benchmark driver: a line in, a line out.
 *
 *     list                        → engine names
 *     run <engine> <prog> <ms>    → ok <ns per run> <r0: 64 bits, hex> <runs per batch>, or err <why>
 *
 * $BENCH_PROGS holds the programs as raw instructions (<prog>.v3.bin), their input and its length. r1 is the input's address, r2 the
 * length. Nothing verified these raw instructions, so the engines are told to trust them, as the peers do; `-checked` engines do not.
 * A sample is the best of batches of 1 to 2 ms; the memory is refilled before each, and results are summed, so that V8 cannot hoist.
 */
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { decode } from "../../assembler/decode.ts";
import { createInterpreter } from "../../runtime/interpreter.ts";
import { createJsEngine } from "../../runtime/jit/js.ts";
import { createWasmEngine } from "../../runtime/jit/wasm.ts";
import { Machine } from "../../runtime/machine.ts";
import { exchange } from "../../runtime/memory.ts";
import type { Engine } from "../../runtime/program.ts";
import { bareImage } from "../support/image.ts";

const engines: Readonly<Record<string, () => Engine>> = {
	"ebpfcc-wasm": () => createWasmEngine({ checked: false, fuel: null }),
	"ebpfcc-js": () => createJsEngine({ checked: false, fuel: null }),
	"ebpfcc-wasm-checked": () => createWasmEngine({ checked: true, fuel: 2_000_000_000 }),
	"ebpfcc-interpreter": () => createInterpreter({ checked: false, budget: Number.MAX_SAFE_INTEGER }),
};

type Sample = (ms: number) => string;
type Loop = (entry: (r1: number, r2: number) => number, args: Int32Array, n: number) => number;

const folder = process.env.BENCH_PROGS ?? ".";
const made = new Map<string, Sample>();
/** $BENCH_CLOCK=cpu counts the process's own time instead of the wall's: on a busy machine the only way to compare. */
const now = (): number => {
	if (process.env.BENCH_CLOCK !== "cpu") return Number(process.hrtime.bigint());
	const { user, system } = process.cpuUsage();
	return (user + system) * 1000;
};

function make(engineName: string, name: string): Sample {
	const machine = new Machine();
	const input = readFileSync(`${folder}/${name}.in`);
	const at = machine.memory.alloc(input.length, 4096, "input");
	const image = bareImage(name, decode(readFileSync(`${folder}/${name}.v3.bin`)));
	const entry = engines[engineName]().prepare({ image, machine, maps: [], ksyms: new Map(), facts: null });
	const args = Int32Array.of(at, Number(readFileSync(`${folder}/${name}.len`, "utf8")));
	// A text of its own for each, or V8 would share what it learned between programs.
	const loop = new Function(`/* ${engineName} ${name} */ return (f, A, n) => { let r = 0; for (let i = 0; i < n; i++) r = r + f(A[0], A[1]) | 0; return r; }`)() as Loop;
	const batch = (n: number): number => {
		machine.memory.u8.set(input, at);
		const start = now();
		loop(entry, args, n);
		return now() - start;
	};
	// Warm until V8's last tier is in: its compiler runs on other threads, late on a busy machine.
	let n = 1;
	let best = Number.POSITIVE_INFINITY;
	let quiet = 0;
	for (const start = now(); quiet < 80 || now() - start < 400e6; ) {
		const took = batch(n);
		if (took < 1.5e6) n *= 2;
		const each = took / n;
		if (each < best * 0.97) (best = each), (quiet = 0);
		else quiet++;
		if (now() - start > 3e9) break;
	}
	return (ms) => {
		let best = Number.POSITIVE_INFINITY;
		for (let k = 0; k < Math.max(3, ms / 1.5); k++) best = Math.min(best, batch(n) / n);
		const low = entry(args[0], args[1]);
		const r0 = (BigInt(machine.memory.i32[exchange.result >> 2] >>> 0) << 32n) | BigInt(low >>> 0);
		return `ok ${best.toFixed(3)} ${r0.toString(16)} ${n}`;
	};
}

createInterface({ input: process.stdin }).on("line", (line) => {
	const [command, engine, name, ms] = line.split(" ");
	try {
		if (command === "list") return console.log(Object.keys(engines).join(" "));
		const key = `${engine}/${name}`;
		let sample = made.get(key);
		if (sample === undefined) made.set(key, (sample = make(engine, name)));
		console.log(sample(Number(ms)));
	} catch (thrown) {
		console.log(`err ${String(thrown instanceof Error ? thrown.message : thrown).split("\n")[0]}`);
	}
});
