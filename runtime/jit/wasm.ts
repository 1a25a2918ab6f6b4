/**
 * The Wasm engine: a bound program in, a callable out, by way of program.ts (analysis) and wasm/ (emission).
 * What a verifier passed runs without checks of ours: Wasm's own bounds are the second wall. Anything else runs with each access
 * checked against the memory's regions and with its instructions counted.
 */
import { ProgramFault } from "../fault.ts";
import type { Region } from "../memory.ts";
import type { BoundProgram, Callback, Engine, Entry } from "../program.ts";
import { trusted } from "../trust.ts";
import type { CallShape } from "./representation.ts";
import { explainedBy } from "./faults.ts";
import { defaultFuel } from "./limits.ts";
import type { JitProgram } from "./program.ts";
import { liftProgram } from "./program.ts";
import type { HostFunction } from "./surroundings.ts";
import { ProgramSurroundings } from "./surroundings.ts";
import type { EmittedModule } from "./wasm/emit.ts";
import { emitModule } from "./wasm/emit.ts";
import type { Surroundings } from "./wasm/linkage.ts";
import { GLOBALS } from "./wasm/linkage.ts";

export interface JitOptions {
	/** Check accesses against the memory's regions. Unless said: when nothing verified the program. */
	readonly checked?: boolean;
	/** Instructions until a run is stopped, roughly; null: never. Unless said: 50 million for what nothing verified. */
	readonly fuel?: number | null;
}

interface Exports {
	readonly run: (r1: number, r2: number) => number;
	readonly [name: string]: unknown;
}

export function createWasmEngine(options: JitOptions = {}): Engine {
	return { name: "wasm", prepare: (program) => prepareWasm(program, options) };
}

/** `known`: the program as the other back end lifted it, without guards. */
export function prepareWasm(bound: BoundProgram, options: JitOptions, known: JitProgram | null = null): Entry {
	const program = trusted(bound);
	const checked = options.checked ?? program.facts === null;
	const { machine, image } = program;
	let exports: Exports | null = null;
	const surroundings = new ProgramSurroundings(program, (target): Callback => {
		const name = `cb${lifted.byEntry.get(target)}`;
		return (...args) => (exports![name] as Callback)(...args);
	});
	const lifting = known !== null && !checked ? known : liftProgram(image.insns, { facts: program.facts, checked, guarded: checked, shape: (op, slot) => surroundings.shape(op, slot) });
	if ("why" in lifting) throw new ProgramFault(image, lifting.slot, lifting.why);
	const lifted = lifting;
	const around: Surroundings = {
		facts: program.facts,
		checked,
		fuel: options.fuel !== undefined ? options.fuel : program.facts === null ? defaultFuel : null,
		shape: (op, slot) => surroundings.shape(op, slot) as CallShape,
		address: (slot) => surroundings.address(slot),
		mapLayout: (index) => surroundings.mapLayout(index),
		callee: (op, slot) => surroundings.callee(op, slot),
	};
	const shared = machine.memory.wasm.buffer instanceof ArrayBuffer === false;
	const emitted = emitModule(lifted, around, { shared, maximumPages: 65536 });

	const host: Record<string, HostFunction | WebAssembly.Memory> = { m: machine.memory.wasm };
	for (const { ops, entry, analysis } of lifted.functions) {
		for (let slot = entry; slot < entry + analysis.flags.length; slot++) {
			const op = ops[slot];
			if (op?.kind === "helper" && op.id === 12) host.tail = (context, map, index, frame) => surroundings.tail(context, map, index, frame);
			else if (op?.kind === "helper" || op?.kind === "kfunc") {
				const name = surroundings.callee(op, slot);
				const shape = surroundings.shape(op, slot);
				if (!("why" in shape)) host[name] ??= surroundings.hostFunction(op, slot, shape.args);
			} else if (op?.kind === "callx") host.callx = (...words) => surroundings.callx(...(words as [number, number, number, number, number, number, number]));
			else if (op?.kind === "packet") host.packet = (offset, size) => surroundings.packet(offset, size);
		}
	}
	const move = (pair: number, region: Region, size: number): void => {
		(exports![`s${pair}`] as WebAssembly.Global).value = BigInt(region.start);
		(exports![`s${pair + 1}`] as WebAssembly.Global).value = BigInt(region.size - size + 1);
	};
	host.guard = (r1) => {
		const { low, high, store } = lifted.functions[0].plan!.guard!;
		const start = (r1 >>> 0) + low;
		const region = start < 0 ? undefined : machine.memory.region(start, high - low);
		if (region === undefined || (store && !region.writable)) return 0;
		move(GLOBALS.guard, region, high - low);
		return 1;
	};
	host.check = (high, address, packed, pair, slot) => {
		const size = packed >> 1;
		const region = high === 0 ? machine.memory.region(address >>> 0, size) : undefined;
		const access = `${packed & 1 ? "store" : "load"} of ${size} byte${size === 1 ? "" : "s"} at 0x${((BigInt(high >>> 0) << 32n) | BigInt(address >>> 0)).toString(16)}`;
		if (region === undefined) throw new ProgramFault(image, slot, `${access}: outside every region`);
		if (packed & 1 && !region.writable) throw new ProgramFault(image, slot, `${access}: ${region.name} is read-only`);
		move(pair, region, size);
		return 0;
	};
	const instance = new WebAssembly.Instance(new WebAssembly.Module(emitted.bytes as Uint8Array<ArrayBuffer>), { e: host });
	exports = instance.exports as unknown as Exports;
	return explainedBy(exports.run, (thrown) => explain(thrown, program, emitted));
}

/** A trap as a fault of the program, at the slot whose code holds the byte offset in the stack trace. */
function explain(thrown: unknown, program: BoundProgram, emitted: EmittedModule): unknown {
	if (!(thrown instanceof WebAssembly.RuntimeError)) return thrown;
	const place = /wasm-function\[\d+\]:0x([0-9a-f]+)/.exec(thrown.stack ?? "");
	const offset = place === null ? -1 : Number.parseInt(place[1], 16);
	const slot = emitted.slotAt(offset);
	const reason = thrown.message.includes("unreachable") ? "used up its budget of instructions" : thrown.message.includes("memory") ? "access outside the memory" : thrown.message;
	return new ProgramFault(program.image, slot, reason);
}

