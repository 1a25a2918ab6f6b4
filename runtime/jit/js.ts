/**
 * The JavaScript engine: a bound program in, a callable out, by way of program.ts (analysis) and js/ (emission).
 * As fast as JavaScript gets without BigInt, for places without Wasm compilation, and for debuggers and coverage: the text can carry
 * a source map to the C lines. A function too large for V8's optimiser (61,440 bytes of bytecode) goes to Wasm instead.
 */
import { ProgramFault } from "../fault.ts";
import type { ProgramImage } from "../image.ts";
import type { BoundProgram, Callback, Engine, Entry } from "../program.ts";
import { trusted } from "../trust.ts";
import { divider } from "./js/divide.ts";
import type { EmittedText } from "./js/emit.ts";
import { emitText } from "./js/emit.ts";
import { compilesWasm } from "./abilities.ts";
import { explainedBy, NotSimulated } from "./faults.ts";
import type { JitProgram } from "./program.ts";
import { liftProgram } from "./program.ts";
import { TAIL_CALL } from "./op.ts";
import { type JitOptions, ProgramSurroundings } from "./surroundings.ts";
import { printedSize } from "./unroll.ts";
import { prepareWasm } from "./wasm.ts";

export interface JsOptions extends JitOptions {
	/**
	 * Appends a source map to the generated text, so that debuggers, stack traces and coverage show the C: `inlineSourceMap` of
	 * sourcemap.ts. A function and not a flag, so that the map generator is only loaded by who wants it.
	 */
	readonly sourceMap?: SourceMapper;
	/** C text by the file name in the line records, for the map's sourcesContent. */
	readonly sources?: ReadonlyMap<string, string>;
	/** Gives a text that is already part of a module as that module's function, instead of compiling it anew; null: compile it. */
	readonly instantiate?: (image: ProgramImage, emitted: EmittedText, names: readonly string[]) => TextFunction | null;
}

/** A generated text as a function of its host values, in the order of `names`. */
export type TextFunction = (...host: readonly unknown[]) => unknown;

export type SourceMapper = (image: ProgramImage, emitted: EmittedText, file: string, sources?: ReadonlyMap<string, string>) => string;

/**
 * Lines of one generated function that V8 optimises within some 150 ms. Its time grows with their square: of 2,700 it takes two seconds, in which the program runs a hundred
 * times slower than afterwards, and beyond 61,440 bytes of bytecode it gives up without a word.
 */
const LARGEST = 1000;
/** Four copies of a step of Murmur, in whose products the constants of one block are made once. */
const EVEN_BUDGET = 128;
/** Two copies of a large loop: more text would cost V8 more than it gains. */
const LARGE_BUDGET = 400;

interface Instance {
	run(r1: number, r2: number): number;
	readonly callbacks: Readonly<Record<number, Callback>>;
}

let texts = 0;

export function createJsEngine(options: JsOptions = {}): Engine {
	return { name: "js", prepare: (program) => prepareJs(program, options) };
}

export function prepareJs(bound: BoundProgram, options: JsOptions): Entry {
	const program = trusted(bound);
	const mayBeWasm = !options.sourceMap && !options.instantiate && compilesWasm();
	if (mayBeWasm && program.image.insns.length > 8 * LARGEST) return prepareWasm(program, options);
	const { machine, image } = program;
	let instance: Instance | null = null;
	const surroundings = new ProgramSurroundings(program, options, (target): Callback => {
		const id = lifted.byEntry.get(target)!;
		return (...args) => current().callbacks[id](...args);
	});
	const mapped = options.sourceMap !== undefined || options.instantiate !== undefined;
	const lifting = liftProgram(image.insns, {
		facts: program.facts,
		checked: surroundings.checked,
		evenBudget: EVEN_BUDGET,
		largeBudget: LARGE_BUDGET,
		mapped,
		shape: (op, slot) => surroundings.shape(op, slot),
	});
	if ("why" in lifting) throw new ProgramFault(image, lifting.slot, lifting.why);
	const lifted = lifting;
	if (mayBeWasm && lifted.functions.some((fn) => printedSize(fn) > LARGEST)) return prepareWasm(program, options, lifted);
	const emitted = emitText(lifted, surroundings, mapped);
	if (mayBeWasm && emitted.longest > LARGEST) return prepareWasm(program, options, lifted);
	const host = hostValues(program, lifted, emitted, surroundings);
	const file = `ebpfcc-${++texts}.js`;
	const map = options.sourceMap?.(image, emitted, file, options.sources) ?? "";
	const names = Object.keys(host);

	const ready = options.instantiate?.(image, emitted, ["B", "D", "W", ...names]) ?? null;
	const build = (): Instance => {
		const { memory } = machine;
		if (ready !== null) return ready(memory.u8, memory.view, memory.i32, ...Object.values(host)) as Instance;
		// A text of its own each time: V8 shares feedback between functions of one text, and views would be no constants.
		const text = `${emitted.text}\n// ${texts++}\n//# sourceURL=${file}${map}`;
		return new Function("B", "D", "W", ...names, text)(memory.u8, memory.view, memory.i32, ...Object.values(host)) as Instance;
	};
	const current = (): Instance => (instance ??= build());
	const held: Held = { ebpfccRun: current().run, ebpfccCurrent: current, ebpfccForget: () => void (instance = null) };
	machine.memory.onGrowOf(held, renew);
	// A text of its own here too, so that V8 can inline what it calls.
	const entry = new Function("held", `/* ${texts++} */ return (r1, r2) => held.ebpfccRun(r1, r2);`)(held) as Entry;
	return explainedBy(entry, (thrown) => explain(thrown, program, emitted, file));
}

/**
 * The generated function, replaced when the memory grew, since its views are then new. A property that was never assigned again is a constant to V8, for all objects with
 * these properties together: the call costs nothing before the first growth in the process, and 1.5 ns afterwards. Nobody else's objects have these names.
 */
interface Held {
	ebpfccRun: Entry;
	readonly ebpfccCurrent: () => Instance;
	readonly ebpfccForget: () => void;
}

/** Built when it is next called, by its entry or as a callback of a timer: a memory may grow many times until then. */
function renew(held: Held): void {
	held.ebpfccForget();
	held.ebpfccRun = (r1, r2) => {
		held.ebpfccRun = held.ebpfccCurrent().run;
		return held.ebpfccRun(r1, r2);
	};
}

/** Everything that generated text may name besides its own locals. */
function hostValues(
	program: BoundProgram,
	lifted: JitProgram,
	emitted: EmittedText,
	surroundings: ProgramSurroundings,
): Record<string, unknown> {
	const { machine, image } = program;
	const { memory } = machine;
	const host: Record<string, unknown> = { ...divider() };
	for (const fn of lifted.functions) {
		fn.ops.forEach((op, slot) => {
			if (op?.kind === "helper" || op?.kind === "kfunc") {
				const name = surroundings.callee(op, slot);
				const shape = surroundings.shape(op, slot);
				if (op.kind === "kfunc" || op.id !== TAIL_CALL) host[name] ??= surroundings.hostFunction(op, slot, shape.args);
			}
		});
	}
	const fault = (slot: number, reason: string): never => {
		throw new ProgramFault(image, slot, reason);
	};
	const services: Record<string, unknown> = {
		tail: (context: number, map: number, index: number, frame: number) => surroundings.tail(context, map, index, frame),
		packet: (offset: number, bytes: number) => surroundings.packet(offset, bytes),
		callx: (...words: number[]) => surroundings.callx(...(words as [number, number, number, number, number, number, number])),
		outside: (slot: number) => fault(slot, "access outside the memory"),
		fuel: (slot: number) => fault(slot, "used up its budget of instructions"),
		check: checker(program),
		kload: (high: number, low: number, off: number, bytes: number, signed: boolean) => {
			const address = (high >>> 0) * 2 ** 32 + (low >>> 0) + off;
			const inside = address >= 0x10000 && address + bytes <= memory.size;
			const view = memory.view;
			const read = (): bigint => {
				if (bytes === 8) return view.getBigInt64(address, true);
				if (bytes === 4) return BigInt(signed ? view.getInt32(address, true) : view.getUint32(address, true));
				if (bytes === 2) return BigInt(signed ? view.getInt16(address, true) : view.getUint16(address, true));
				return BigInt(signed ? view.getInt8(address) : view.getUint8(address));
			};
			return machine.result(inside ? read() : 0n);
		},
	};
	for (const name of emitted.names) if (name in services) host[name] = services[name];
	return host;
}

/** (high, base, off, size × 2 + store, slot) → the address, or a fault. Remembers the region of the last access. */
function checker(program: BoundProgram): (high: number, base: number, off: number, packed: number, slot: number) => number {
	const { memory } = program.machine;
	return (high, base, off, packed, slot) => {
		const bytes = packed >> 1;
		const wide = (BigInt(high) << 32n) + BigInt(base >>> 0) + BigInt(off);
		const region = wide >= 0n && wide < 2n ** 32n ? memory.region(Number(wide), bytes) : undefined;
		const access = `${packed & 1 ? "store" : "load"} of ${bytes} byte${bytes === 1 ? "" : "s"} at 0x${BigInt.asUintN(64, wide).toString(16)}`;
		if (region === undefined) throw new ProgramFault(program.image, slot, `${access}: outside every region`);
		if (packed & 1 && !region.writable) throw new ProgramFault(program.image, slot, `${access}: ${region.name} is read-only`);
		return Number(wide) | 0;
	};
}

/** V8 counts lines from the wrapper that `new Function` puts around: two lines. */
const WRAPPER_LINES = 2;

/** A range error of a view as a fault of the program, at the slot of the first line in the stack trace that has one: a lookup's lines do not. */
function explain(thrown: unknown, program: BoundProgram, emitted: EmittedText, file: string): unknown {
	if (!(thrown instanceof RangeError || thrown instanceof NotSimulated)) return thrown;
	const places = [...(thrown.stack ?? "").matchAll(new RegExp(`${file.replace(".", "\\.")}:(\\d+):`, "g"))];
	if (places.length === 0) return thrown;
	const slots = places.map((place) => emitted.slots[Number(place[1]) - 1 - WRAPPER_LINES] ?? 0);
	return new ProgramFault(
		program.image,
		slots.find((slot) => slot >= 0) ?? 0,
		thrown instanceof NotSimulated ? thrown.message : "access outside the memory",
	);
}
