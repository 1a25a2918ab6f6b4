/**
 * What both emitters ask about the program around the instructions: shapes of helpers, addresses that ld_imm64 leaves, maps'
 * layouts, and the functions of the host by the names under which generated code imports them.
 * In: a bound program. The names are ours and numbers; nothing of the object reaches generated text.
 */
import { helperById } from "../../assembler/spec/helpers.ts";
import { absentHelper, absentKfunc, ProgramFault } from "../fault.ts";
import type { HelperImplementation } from "../helpers/helper.ts";
import { packetLoad } from "../interpreter/legacy.ts";
import type { MapLayout } from "../maps/map.ts";
import { defaultFuel } from "../limits.ts";
import { exchange } from "../memory.ts";
import type { BoundProgram, Callback, Entry } from "../program.ts";
import { resolveImm64 } from "../program.ts";
import type { Facts } from "../verifier/facts.ts";
import type { CallShape } from "./representation.ts";
import { type Op, TAIL_CALL } from "./op.ts";
import { explainFault, NotSimulated } from "./faults.ts";

/** Engine's words in the exchange area. */
export const WORDS = { tailResult: exchange.engine, packetFailed: exchange.engine + 4 } as const;

export type HostFunction = (...words: number[]) => number;

/** The helper is only known when it is called: everything is passed. */
const registerShape: CallShape = { args: 5, wide: 31, result: "wide" };
const tailShape: CallShape = { args: 3, wide: 0, result: "signed" };

/** Arguments by helper number, from the prototypes. */
function argumentsOf(params: string): number {
	if (params === "void") return 0;
	return params.includes("...") ? 5 : params.split(",").length;
}

function runTarget(entry: Entry, context: number): number {
	try {
		return entry(context, 0);
	} catch (thrown) {
		throw explainFault(entry, thrown);
	}
}

export interface JitOptions {
	/** Check accesses against the memory's regions. Unless said: when nothing verified the program. */
	readonly checked?: boolean;
	/** Instructions until a run is stopped, roughly; null: never. Unless said: 50 million for what nothing verified. */
	readonly fuel?: number | null;
}

/** What the emitters ask. */
export interface Surroundings {
	readonly facts: Facts | null;
	/** Accesses are checked against the memory's regions. */
	readonly checked: boolean;
	/** Instructions, counted at loop heads and entries, until the run is stopped; null: it is not. */
	readonly fuel: number | null;
	shape(op: Op, slot: number): CallShape;
	/** Value that a ld_imm64 with a pseudo source leaves. */
	address(slot: number): number;
	mapLayout(index: number): MapLayout;
	/** A name under which the host provides the helper or kernel function that this slot calls. */
	callee(op: Op, slot: number): string;
}

export class ProgramSurroundings implements Surroundings {
	readonly program: BoundProgram;
	readonly facts: Facts | null;
	readonly checked: boolean;
	readonly fuel: number | null;
	readonly #shapes = new Map<string, CallShape>();
	readonly #callbacks: (target: number) => Callback;
	readonly #handles = new Map<number, number>();

	/** `callback` makes a subprogram callable by helpers; it may wait until one asks for it. */
	constructor(program: BoundProgram, options: JitOptions, callback: (target: number) => Callback) {
		this.program = program;
		this.facts = program.facts;
		this.checked = options.checked ?? program.facts === null;
		this.fuel = options.fuel !== undefined ? options.fuel : program.facts === null ? defaultFuel : null;
		this.#callbacks = callback;
	}

	shape(op: Op, slot: number): CallShape {
		if (op.kind === "helper" && op.id === TAIL_CALL) return tailShape;
		if (op.kind === "callx") return registerShape;
		const name = this.callee(op, slot);
		const known = this.#shapes.get(name);
		if (known !== undefined) return known;
		const helper = this.#implementation(op, slot);
		// The host's own helper under a known number may take more arguments than the kernel's.
		const replaced = op.kind !== "helper" || this.program.machine.helpers.has(op.id);
		const args = replaced ? 5 : argumentsOf(helperById(op.id)?.params ?? "...");
		const shape: CallShape = { args: Math.min(5, args), wide: helper.wide, result: helper.result };
		this.#shapes.set(name, shape);
		return shape;
	}

	callee(op: Op, slot: number): string {
		if (op.kind === "helper") return `c${op.id}`;
		if (op.kind === "callx") return "callx";
		return `k${this.program.image.kfuncs.findIndex((k) => k.name === this.#kfuncName(slot))}`;
	}

	/** The host's function behind an import's name. Fresh closures: an implementation may be replaced between preparations. */
	hostFunction(op: Op, slot: number, args: number): HostFunction {
		const { machine } = this.program;
		const { run } = this.#implementation(op, slot);
		// Exact arity: a Wasm import that adapts its arguments is slower.
		switch (args) {
			case 0:
				return () => run(machine, 0, 0, 0, 0, 0);
			case 1:
				return (a) => run(machine, a, 0, 0, 0, 0);
			case 2:
				return (a, b) => run(machine, a, b, 0, 0, 0);
			case 3:
				return (a, b, c) => run(machine, a, b, c, 0, 0);
			case 4:
				return (a, b, c, d) => run(machine, a, b, c, d, 0);
			default:
				return (a, b, c, d, e) => run(machine, a, b, c, d, e);
		}
	}

	/** Calls the helper whose number is in a register: no kernel does, some other runtimes do. */
	callx(slot: number, number: number, a1: number, a2: number, a3: number, a4: number, a5: number): number {
		const { machine, image } = this.program;
		const helper = machine.helper(number);
		if (helper === undefined) throw new ProgramFault(image, slot, absentHelper(number));
		const low = helper.run(machine, a1, a2, a3, a4, a5) | 0;
		if (helper.result !== "wide") machine.memory.i32[exchange.result >> 2] = helper.result === "signed" ? low >> 31 : 0;
		return low;
	}

	/** 1 when another program ran; the low word of its r0 is then at WORDS.tailResult. Callers' frames survive it. */
	tail(context: number, map: number, index: number, frameTop: number): number {
		const { machine } = this.program;
		const target = machine.tailCall(map >>> 0, index);
		if (target === undefined) return 0;
		const low = machine.onFreshStack(frameTop, () => runTarget(target.entry, context));
		machine.memory.i32[WORDS.tailResult >> 2] = low;
		return 1;
	}

	packet(offset: number, size: number): number {
		const { machine } = this.program;
		const value = packetLoad(machine, offset, size);
		machine.memory.i32[WORDS.packetFailed >> 2] = value === null ? 1 : 0;
		return value === null ? 0 : Number(BigInt.asIntN(32, value));
	}

	address(slot: number): number {
		const value = resolveImm64(this.program, slot, (target) => this.#handle(target));
		// Unresolved symbols are refused by the loader; what is left are weak ones, whose address is 0.
		return value === null ? 0 : Number(BigInt.asIntN(32, value));
	}

	mapLayout(index: number): MapLayout {
		const map = this.program.maps[index];
		if (map === undefined) return { kind: "opaque" };
		const shape = map.layout;
		if (this.program.machine.cpus > 1) return shape;
		// With one CPU a per-CPU map is a plain one.
		if (shape.kind === "array") return { ...shape, perCpu: false };
		return shape.kind === "hash" ? { ...shape, cpuStride: 0 } : shape;
	}

	#handle(target: number): number {
		const known = this.#handles.get(target);
		if (known !== undefined) return known;
		const handle = this.program.machine.addCallback(this.#callbacks(target));
		this.#handles.set(target, handle);
		return handle;
	}

	/** What is not simulated fails where it is called, and not before: a test may never come there. */
	#implementation(op: Op, slot: number): HelperImplementation {
		const { machine } = this.program;
		const known = op.kind === "helper" ? machine.helper(op.id) : machine.kfunc(this.#kfuncName(slot));
		if (known !== undefined) return known;
		const words = op.kind === "helper" ? absentHelper(op.id) : absentKfunc(this.#kfuncName(slot));
		return {
			wide: 0,
			result: "unsigned",
			run: () => {
				throw new NotSimulated(words);
			},
		};
	}

	#kfuncName(slot: number): string {
		return this.program.image.kfuncs.find((k) => k.insn === slot)?.name ?? "";
	}
}
