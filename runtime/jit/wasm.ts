/**
 * The Wasm engine: a bound program in, a callable out, by way of program.ts (analysis) and wasm/ (emission).
 * What a verifier passed runs without checks of ours: Wasm's own bounds are the second wall. Anything else runs with each access
 * checked against the memory's regions and with its instructions counted.
 */
import { ProgramFault } from "../fault.ts";
import type { ProgramImage } from "../image.ts";
import type { Region } from "../memory.ts";
import type { BoundProgram, Callback, Engine, Entry } from "../program.ts";
import { trusted } from "../trust.ts";
import { explainedBy, NotSimulated } from "./faults.ts";
import type { JitProgram } from "./program.ts";
import { liftProgram } from "./program.ts";
import type { HostFunction, JitOptions } from "./surroundings.ts";
import { TAIL_CALL } from "./op.ts";
import { ProgramSurroundings } from "./surroundings.ts";
import type { EmittedModule } from "./wasm/emit.ts";
import { emitModule } from "./wasm/emit.ts";
import { GLOBALS } from "./wasm/linkage.ts";
import type { Guard } from "./windows.ts";

interface Exports {
	readonly run: (r1: number, r2: number) => number;
	readonly [name: string]: unknown;
}

export function createWasmEngine(options: JitOptions = {}): Engine {
	return { name: "wasm", prepare: (program) => prepareWasm(program, options) };
}

/** What the host's functions know of the module once it is compiled. The analysis, which is many times as large, must not stay with it. */
interface Compiled {
	exports: Exports | null;
	/** Function id by first slot. */
	callbacks: ReadonlyMap<number, number>;
	guard: Guard | null;
}

/** `known`: the program as the other back end lifted it, without guards. */
export function prepareWasm(bound: BoundProgram, options: JitOptions, known: JitProgram | null = null): Entry {
	const program = trusted(bound);
	const compiled: Compiled = { exports: null, callbacks: new Map(), guard: null };
	const surroundings = new ProgramSurroundings(program, options, (target): Callback => {
		const name = `cb${compiled.callbacks.get(target)}`;
		return (...args) => (compiled.exports![name] as Callback)(...args);
	});
	const { image } = program;
	const { checked } = surroundings;
	const lifted =
		known !== null && !checked
			? known
			: liftProgram(image.insns, { facts: program.facts, checked, guarded: checked, shape: (op, slot) => surroundings.shape(op, slot) });
	if ("why" in lifted) throw new ProgramFault(image, lifted.slot, lifted.why);
	compiled.callbacks = lifted.byEntry;
	compiled.guard = lifted.functions[0].plan?.guard ?? null;
	const { shared, wasm: memory } = program.machine.memory;
	if (memory === null) throw new Error('there is no WebAssembly here: the engines "js" and "interpreter" do without');
	const emitted = emitModule(lifted, surroundings, { shared, maximumPages: 65536 });
	const imports = { m: memory, ...calledFunctions(lifted, surroundings), ...checks(program, compiled) };
	const { exports } = new WebAssembly.Instance(new WebAssembly.Module(emitted.bytes as Uint8Array<ArrayBuffer>), { e: imports });
	compiled.exports = exports as unknown as Exports;
	const { slotAt } = emitted;
	return explainedBy(compiled.exports.run, (thrown) => explain(thrown, image, slotAt));
}

/** Helpers, kernel functions and services that the instructions call, by the names of their imports. */
function calledFunctions(lifted: JitProgram, surroundings: ProgramSurroundings): Record<string, HostFunction> {
	const host: Record<string, HostFunction> = {};
	for (const { ops, entry, analysis } of lifted.functions) {
		for (let slot = entry; slot < entry + analysis.flags.length; slot++) {
			const op = ops[slot];
			if (op === null) continue;
			switch (op.kind) {
				case "helper":
				case "kfunc":
					if (op.kind === "helper" && op.id === TAIL_CALL)
						host.tail = (context, map, index, frame) => surroundings.tail(context, map, index, frame);
					else {
						const shape = surroundings.shape(op, slot);
						host[surroundings.callee(op, slot)] ??= surroundings.hostFunction(op, slot, shape.args);
					}
					break;
				case "callx":
					host.callx = (...words) => surroundings.callx(...(words as [number, number, number, number, number, number, number]));
					break;
				case "packet":
					host.packet = (offset, size) => surroundings.packet(offset, size);
					break;
			}
		}
	}
	return host;
}

/** What checked accesses ask the host: whether a guard holds, where the region of an address lies. */
function checks({ machine, image }: BoundProgram, compiled: Compiled): Record<string, HostFunction> {
	const move = (pair: number, region: Region, size: number): void => {
		(compiled.exports![`s${pair}`] as WebAssembly.Global).value = BigInt(region.start);
		(compiled.exports![`s${pair + 1}`] as WebAssembly.Global).value = BigInt(region.size - size + 1);
	};
	const guard: HostFunction = (r1) => {
		const { low, high, store } = compiled.guard!;
		const start = (r1 >>> 0) + low;
		const region = start < 0 ? undefined : machine.memory.region(start, high - low);
		if (region === undefined || (store && !region.writable)) return 0;
		move(GLOBALS.guard, region, high - low);
		return 1;
	};
	const check: HostFunction = (high, address, packed, pair, slot) => {
		const size = packed >> 1;
		const region = high === 0 ? machine.memory.region(address >>> 0, size) : undefined;
		const access = `${packed & 1 ? "store" : "load"} of ${size} byte${size === 1 ? "" : "s"} at 0x${((BigInt(high >>> 0) << 32n) | BigInt(address >>> 0)).toString(16)}`;
		if (region === undefined) throw new ProgramFault(image, slot, `${access}: outside every region`);
		if (packed & 1 && !region.writable) throw new ProgramFault(image, slot, `${access}: ${region.name} is read-only`);
		move(pair, region, size);
		return 0;
	};
	return { guard, check };
}

/** A trap as a fault of the program, at the slot whose code holds the first byte offset in the stack trace that is in one of its functions. */
function explain(thrown: unknown, image: ProgramImage, slotAt: EmittedModule["slotAt"]): unknown {
	if (!(thrown instanceof WebAssembly.RuntimeError || thrown instanceof NotSimulated)) return thrown;
	const places = (thrown.stack ?? "").matchAll(/wasm-function\[\d+\]:0x([0-9a-f]+)/g);
	const slot = [...places].map(([, offset]) => slotAt(Number.parseInt(offset, 16))).find((at) => at >= 0) ?? 0;
	const reason = thrown.message.includes("unreachable")
		? "used up its budget of instructions"
		: thrown.message.includes("memory")
			? "access outside the memory"
			: thrown.message;
	return new ProgramFault(image, slot, reason);
}
