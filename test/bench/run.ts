/**
 * What the compiler and the JITs cost, measured:
 *
 *     npm run -s bench                    all of the below
 *     npm run -s bench -- start           from object bytes to the first result, verifier included, warm process
 *     npm run -s bench -- verifier [OBJ…] instructions per second of the verifier, beside the kernel's
 *     npm run -s bench -- adversarial     time and memory of the verifier on programs made to exhaust it
 *     npm run -s bench -- calls           a call from JavaScript, a hash lookup from a program
 *     npm run -s bench -- compile         the compiler beside clang-19 (compile.ts)
 *     npm run -s bench -- peers [args]    15 programs beside gcc -O2 and others, by ../shared/bench's driver
 *
 * Times are the best of many, by the process's CPU clock: other work on the machine counts little.
 */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Insn } from "../../assembler/spec/insn.ts";
import { createJsEngine } from "../../runtime/jit/js.ts";
import { createWasmEngine } from "../../runtime/jit/wasm.ts";
import { Machine } from "../../runtime/machine.ts";
import { createMap } from "../../runtime/maps/index.ts";
import type { BpfMap } from "../../runtime/maps/map.ts";
import type { Engine } from "../../runtime/program.ts";
import { bareImage } from "../support/image.ts";
import { shared } from "../support/shared.ts";
import { adversarial } from "./adversarial.ts";
import { compileBench } from "./compile.ts";
import { cpu } from "./clock.ts";
import { runPlain } from "./plain.ts";
import { verifier } from "./verifier.ts";
import { usage } from "../support/arguments.ts";

// Behind a name they are that measurement's.
usage(import.meta.url, process.argv.slice(2, 3));

const engines: readonly (readonly [string, () => Engine])[] = [
	["wasm", () => createWasmEngine({ checked: false, fuel: null })],
	["js", () => createJsEngine({ checked: false, fuel: null })],
];

function prepare(engine: Engine, machine: Machine, insns: readonly Insn[], maps: readonly BpfMap[] = []): (r1: number, r2: number) => number {
	return engine.prepare({ image: bareImage("bench", insns, { maps: maps.map((m) => m.def) }), machine, maps, ksyms: new Map(), facts: null });
}

type Loop = (f: (r1: number, r2: number) => number, a: number, n: number) => number;

function nanoseconds(name: string, f: (r1: number, r2: number) => number, a: number): number {
	const loop = new Function(`/* ${name} */ return (f, a, n) => { let r = 0; for (let i = 0; i < n; i++) r = r + f(a, i) | 0; return r; }`)() as Loop;
	let best = Number.POSITIVE_INFINITY;
	for (let i = 0; i < 60; i++) {
		const before = cpu();
		loop(f, a, 100_000);
		best = Math.min(best, ((cpu() - before) * 1e6) / 100_000);
	}
	return best;
}

const insn = (opcode: number, dst: number, src: number, off: number, imm: number): Insn => ({ opcode, dst, src, off, imm });
const EXIT = insn(0x95, 0, 0, 0, 0);

function calls(): void {
	for (const [name, make] of engines) {
		const machine = new Machine();
		const empty = prepare(make(), machine, [insn(0xbf, 0, 2, 0, 0), EXIT]);
		const perCall = nanoseconds(`empty ${name}`, empty, 0);
		const map = createMap(machine, { name: "hash", type: 1, keySize: 8, valueSize: 8, maxEntries: 1024, flags: 0, extra: 0n, keyTypeId: 0, valueTypeId: 0, btf: null, inner: null, initial: null, frozen: false, pinning: 0, slots: [] });
		if (typeof map === "string") throw new Error(map);
		const at = machine.memory.alloc(16, 8, "key and value");
		for (let key = 0; key < 512; key++) {
			machine.memory.view.setBigUint64(at, BigInt(key), true);
			map.update(at, at + 8, 0);
		}
		// r10[-8] = r2 & 511; r0 = *lookup(map, r10 - 8)
		const lookup = prepare(
			make(),
			machine,
			[insn(0x57, 2, 0, 0, 511), insn(0x7b, 10, 2, -8, 0), insn(0x18, 1, 1, 0, 0), insn(0, 0, 0, 0, 0), insn(0xbf, 2, 10, 0, 0), insn(0x07, 2, 0, 0, -8), insn(0x85, 0, 0, 0, 1), insn(0x15, 0, 0, 1, 0), insn(0x79, 0, 0, 0, 0), EXIT],
			[map],
		);
		const perLookup = nanoseconds(`lookup ${name}`, lookup, 0);
		console.log(`${name}: a call ${perCall.toFixed(1)} ns, a hash lookup ${(perLookup - perCall).toFixed(1)} ns (loop included in the former)`);
	}
}

function peers(args: readonly string[]): void {
	const driver = shared("bench/run.mjs");
	if (driver === null) return console.log("peers: skipped, ../shared/bench is not here");
	const here = fileURLToPath(new URL("../..", import.meta.url));
	spawnSync(process.execPath, [driver, "--engines", "gcc,clang,ebpfcc-wasm,ebpfcc-js,ebpfcc-wasm-checked", "--worker", `npm run -s bench:worker --prefix ${here}`, ...args], { stdio: "inherit" });
}

const BENCHES = ["start", "verifier", "adversarial", "calls", "compile", "peers"];
const [what, ...rest] = process.argv.slice(2);
if (what !== undefined && !BENCHES.includes(what)) {
	console.error(`usage: bench [${BENCHES.join("|")}] [args]`);
	process.exit(2);
}
if (what === undefined || what === "start") process.exitCode = await runPlain(new URL("start.ts", import.meta.url).href);
if (what === "verifier") await verifier(rest);
if (what === "adversarial") adversarial(rest);
if (what === undefined || what === "calls") calls();
if (what === undefined || what === "compile") compileBench(rest);
if (what === undefined || what === "peers") peers(rest);
