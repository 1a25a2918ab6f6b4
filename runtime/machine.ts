/**
 * The state that programs share while they run: one memory, the maps in it, callbacks by handle, the outside world.
 * Helpers get a Machine as their first argument. One machine holds everything that one `load` made; programs of several objects may share one.
 */
import type { Environment } from "./environment.ts";
import { deterministicEnvironment } from "./environment.ts";
import { bug } from "./bug.ts";
import type { BpfMap } from "./maps/map.ts";
import type { MemoryOptions } from "./memory.ts";
import { exchange, layout, LinearMemory } from "./memory.ts";
import { taskSize, writeTask } from "./task-struct.ts";
import { type TypeSource, typeSource } from "../assembler/btf/type-source.ts";
import type { PacketState } from "./programs/packet.ts";
import type { HelperImplementation } from "./helpers/helper.ts";
import { helperImplementation, kfuncImplementation } from "./helpers/index.ts";
import type { BoundProgram, Callback, LoadedProgram } from "./program.ts";
import { runTimers } from "./timers.ts";

/** MAX_TAIL_CALL_CNT */
const maxTailCalls = 33;

/** What a machine is made of; all of it has a default. */
export interface MachineOptions {
	readonly memory?: LinearMemory | MemoryOptions;
	/** How many CPUs per-CPU maps have; 1 unless said. */
	readonly cpus?: number;
	readonly environment?: Partial<Environment>;
}

/** What belongs to one run of one program; helpers read and write it. */
export interface RunState {
	readonly program: BoundProgram;
	/** Address of the context. */
	readonly context: number;
	packet: PacketState | null;
	/** bpf_get_attach_cookie, bpf_get_func_ip, bpf_get_func_arg and such. */
	readonly cookie: bigint;
	readonly functionAddress: bigint;
	/** Return value that cgroup programs see and set with bpf_get_retval, bpf_set_retval. */
	retval: number;
	/** Where bpf_redirect and its relatives send the packet. */
	redirect: {
		readonly target: "interface" | "peer" | "neighbour" | "map" | "socket";
		readonly index: number;
		readonly flags: number;
	} | null;
	/** Stack of whatever extra state a helper family needs, by its own key. */
	readonly extra: Map<string, unknown>;
}

/** Memory, maps, clock and surroundings that programs share: what a kernel is to them. Objects that are loaded onto one machine see each other's pinned maps. */
export class Machine {
	readonly memory: LinearMemory;
	readonly cpus: number;
	environment: Environment;
	readonly maps: BpfMap[] = [];
	/** The run under way; helpers are only called inside one. */
	run: RunState | null = null;
	/** Maps that objects share by name (LIBBPF_PIN_BY_NAME). */
	readonly pins = new Map<string, BpfMap>();
	/** Addresses of kernel variables that the host simulates. */
	readonly kernelSymbols = new Map<string, number>();
	/** Helpers and kernel functions that the host application adds or replaces. */
	readonly helpers = new Map<number, HelperImplementation>();
	readonly kfuncs = new Map<string, HelperImplementation>();
	/** The kernel's types, by which the current task is laid out; null: those of the program that runs. */
	kernelTypes: TypeSource | null = null;
	#task = 0;
	readonly #callbacks: Callback[] = [];
	readonly #byAddress = new Map<number, BpfMap>();
	readonly #closers: (() => void)[] = [];

	constructor(options: MachineOptions = {}) {
		this.memory = options.memory instanceof LinearMemory ? options.memory : new LinearMemory(options.memory);
		this.cpus = options.cpus ?? 1;
		if (!Number.isInteger(this.cpus) || this.cpus < 1) throw new RangeError(`cpus is a whole number from 1 on, not ${this.cpus}`);
		this.environment = deterministicEnvironment(options.environment);
		this.memory.i32[exchange.cpu >> 2] = this.environment.cpu;
	}

	/** Lets the following runs be on another CPU, or as another task: whatever the overrides say. */
	setEnvironment(overrides: Partial<Environment>): void {
		this.environment = { ...this.environment, ...overrides };
		this.memory.i32[exchange.cpu >> 2] = this.environment.cpu;
	}

	/** Nanoseconds that `advance` added to the environment's clocks. */
	elapsed = 0n;

	/** The monotonic clock that programs read. */
	now(): bigint {
		return this.environment.monotonic() + this.elapsed;
	}

	/** Lets time pass: timers that come due and queued work run, each at its time. Returns how many callbacks ran. */
	advance(nanoseconds: number | bigint): number {
		const wait = (moment: bigint): void => {
			const now = this.now();
			if (moment > now) this.elapsed += moment - now;
		};
		const end = this.now() + BigInt(nanoseconds);
		const ran = runTimers(this, end, wait);
		wait(end);
		return ran;
	}

	/** Makes the map known by its address. */
	addMap(map: BpfMap): void {
		this.maps.push(map);
		this.#byAddress.set(map.address, map);
	}

	/** The map whose handle a program passes; undefined when the address is none's. */
	mapAt(address: number): BpfMap | undefined {
		return this.#byAddress.get(address >>> 0);
	}

	/** Its address is no map's any more. */
	removeMap(map: BpfMap): void {
		this.#byAddress.delete(map.address);
		const at = this.maps.indexOf(map);
		if (at >= 0) this.maps.splice(at, 1);
	}

	/** A number for a subprogram that programs pass around as a function pointer; it lies in the null guard, so it is no address. */
	addCallback(callback: Callback): number {
		this.#callbacks.push(callback);
		return 0x100 + 8 * (this.#callbacks.length - 1);
	}

	/** The subprogram behind a number of `addCallback`. */
	callback(handle: number): Callback | undefined {
		return this.#callbacks[(handle - 0x100) / 8];
	}

	/** Helper by number: the host's own first, then the standard ones. */
	helper(id: number): HelperImplementation | undefined {
		return this.helpers.get(id) ?? helperImplementation(id);
	}

	/** Kernel function by name. */
	kfunc(name: string): HelperImplementation | undefined {
		return this.kfuncs.get(name) ?? kfuncImplementation(name);
	}

	/**
	 * The program that a tail call goes to; undefined: no such entry, or 33 calls were made already, and the caller goes on.
	 * Counts the call. The engine then returns the target's `entry(context, 0)` from the calling frame.
	 */
	tailCall(mapAddress: number, index: number): LoadedProgram | undefined {
		const target = this.mapAt(mapAddress)?.programAt(index >>> 0);
		const words = this.memory.i32;
		if (target === undefined || words[exchange.tailCalls >> 2] >= maxTailCalls) return undefined;
		words[exchange.tailCalls >> 2]++;
		return target;
	}

	/** Runs the target of a tail call, whose stack begins at the top again; the frames below which `frameTop` lies are back afterwards. */
	onFreshStack(frameTop: number, run: () => number): number {
		const { u8 } = this.memory;
		const callers = frameTop < layout.stackTop ? u8.slice(layout.stackBase, layout.stackTop) : null;
		const low = run();
		// The memory may have grown.
		if (callers !== null) this.memory.u8.set(callers, layout.stackBase);
		return low;
	}

	/** Calls back into the program; arguments are low words, zero-extended. */
	call(handle: number, a1: number, a2 = 0, a3 = 0, a4 = 0, a5 = 0): number {
		const target = this.callback(handle);
		if (target === undefined) bug(`no callback has handle ${handle}`);
		return target(a1, a2, a3, a4, a5);
	}

	/** The current task's struct: the one that the environment has, or one that tells what the environment says; storages may belong to it. */
	currentTask(): number {
		const { task } = this.environment;
		if (task.address !== 0) return task.address;
		const types = this.typesOfKernel();
		if (this.#task === 0) this.#task = this.memory.alloc(taskSize(types), 64, "current task");
		if (types !== null && this.#task !== 0) writeTask(this.memory, this.#task, task, types);
		return this.#task;
	}

	/** The kernel's types; where nobody gave them, those that the running program has of it. Null: neither. */
	typesOfKernel(): TypeSource | null {
		const { btf } = this.run?.program.image ?? { btf: null };
		return this.kernelTypes ?? (btf === null ? null : typeSource(btf));
	}

	/** High word of argument k (1 to 5) of the helper call under way. Only there when the helper's row asks for it. */
	high(k: number): number {
		return this.memory.i32[(exchange.args >> 2) + k - 1];
	}

	/** Argument k as a 64-bit number, from its low word. */
	wide(k: number, low: number): bigint {
		return (BigInt(this.high(k) >>> 0) << 32n) | BigInt(low >>> 0);
	}

	/** Leaves the high word of a "wide" result and returns the low one. */
	result(value: bigint): number {
		this.memory.i32[exchange.result >> 2] = Number(BigInt.asIntN(32, value >> 32n));
		return Number(BigInt.asIntN(32, value));
	}

	/** What to call when the machine is closed. */
	onClose(closer: () => void): void {
		this.#closers.push(closer);
	}

	/** Calls what `onClose` was given. */
	close(): void {
		for (const closer of this.#closers.splice(0)) closer();
	}
}
