/**
 * `load`: object bytes in, runnable programs and typed maps out.
 *
 *     const { programs, maps } = await load(bytes);
 *     programs.xdp_filter.run({ packet }).retval
 *
 * Steps: read ELF → open (maps, externs, CO-RE, relocations) → verify each program → create the maps in one linear memory → an engine makes each program callable.
 * A program that the verifier rejects throws `VerifierRejection`; an object that cannot be loaded `LoadFailure`.
 */
import { FormatError } from "../assembler/bytes.ts";
import { readElf } from "../assembler/elf/read.ts";
import type { ObjectFile } from "../assembler/object.ts";
import { bindProgram } from "./bind.ts";
import type { Globals } from "./globals.ts";
import { globalsOf, presetGlobals } from "./globals.ts";
import type { MapDef, ProgramImage } from "./image.ts";
import { createInterpreter } from "./interpreter.ts";
import { fastestEngine } from "./jit/abilities.ts";
import { invoke } from "./invoke.ts";
import { LoadFailure, type LoadError } from "./loader/error.ts";
import type { OpenedObject, OpenOptions } from "./loader/open.ts";
import { openObject } from "./loader/open.ts";
import { Machine } from "./machine.ts";
import { layout } from "./memory.ts";
import type { MachineOptions } from "./machine.ts";
import type { Value } from "./maps/codec.ts";
import { createMap, estimateBytes } from "./maps/index.ts";
import type { BpfMap } from "./maps/map.ts";
import { ArrayOfMaps, HashOfMaps } from "./maps/map-in-map.ts";
import { ProgArray } from "./maps/prog-array.ts";
import { specialFields } from "./maps/special-fields.ts";
import { MapView } from "./maps/view.ts";
import type { ProgramTypeDescription } from "./programs/custom.ts";
import { contextLayout, descriptionProblem, verifierType } from "./programs/custom.ts";
import { familyOf } from "./programs/index.ts";
import type { Prepared, RunInput, RunOutput } from "./programs/run.ts";
import { inputProblem } from "./programs/run.ts";
import type { Engine, LoadedProgram } from "./program.ts";
import type { Facts, Rejection, Verdict } from "./verifier/facts.ts";
import { InputError } from "./programs/input-error.ts";
import { tiered } from "./tiers.ts";

const ENGINE_NAMES = ["interpreter", "js", "wasm", "default"] as const;
/**
 * `default`: Wasm where it compiles, JavaScript where text may be compiled, else the interpreter. What has no loop is interpreted the first few times, which
 * takes less than to compile it (`tiers.ts`).
 */
export type EngineName = (typeof ENGINE_NAMES)[number];

/** How to open an object, what to run it on, and what to check. */
export interface LoadOptions extends OpenOptions, MachineOptions {
	/** Share memory, maps and pins with other objects. */
	readonly machine?: Machine;
	readonly engine?: EngineName | Engine;
	/** False loads unverified programs, with every access checked; the interpreter runs them, whatever `engine` names, unless that is an engine itself. */
	readonly verify?: boolean | ((image: ProgramImage) => Verdict);
	/** Initial values of global variables, constants included. */
	readonly globals?: Readonly<Record<string, Value>>;
	/** The host's own program types. */
	readonly programTypes?: readonly ProgramTypeDescription[];
	/** max_entries of maps by name, as bpf_map__set_max_entries() would set them. */
	readonly maxEntries?: Readonly<Record<string, number>>;
	/** Only these programs. */
	readonly only?: readonly string[];
	/** Bytes set aside for what programs allocate while they run. */
	readonly heap?: number;
}

/** Bytes for what programs allocate while they run, unless said. */
const HEAP = 1024 * 1024;
/** Contexts, packets and kernel variables. */
const CONTEXTS = 64 * 1024;
/** What a memory has at most from the start: maps that are declared far larger than they get full grow it when they are made. */
const LARGEST_START = 256 * 1024 * 1024;

/** Thrown by `load` for a program that the verifier does not take. `message` explains it in C, `log` is what a kernel would print. */
export class VerifierRejection extends Error {
	readonly program: string;
	readonly image: ProgramImage;
	readonly rejection: Rejection;
	/** The log in the kernel's style. */
	readonly log: string;

	/** `words`: the rejection explained in the program's C lines, as `ebpfcc verify` prints it. */
	constructor(image: ProgramImage, rejection: Rejection, log: string, words: string) {
		super(words);
		this.name = "VerifierRejection";
		this.program = image.name;
		this.image = image;
		this.rejection = rejection;
		this.log = log;
	}
}

/** A program that is ready to run. */
export class Program {
	readonly loaded: LoadedProgram;
	readonly engine: string;
	readonly verdict: Verdict | null;
	readonly #prepare: (input: RunInput) => Prepared;
	/** Inputs that its type is run over, besides those that any program has (`cpu`, `task`, `cookie`, `repeat`). @example ["packet", "meta", "context"] */
	readonly takes: readonly (keyof RunInput)[];

	constructor(
		loaded: LoadedProgram,
		engine: string,
		verdict: Verdict | null,
		prepare: (input: RunInput) => Prepared,
		takes: readonly (keyof RunInput)[],
	) {
		this.loaded = loaded;
		this.engine = engine;
		this.verdict = verdict;
		this.#prepare = prepare;
		this.takes = takes;
	}

	get name(): string {
		return this.loaded.image.name;
	}

	get image(): ProgramImage {
		return this.loaded.image;
	}

	/** Runs the program once (or `repeat` times) over an input, as BPF_PROG_TEST_RUN would. */
	run(input: RunInput = {}): RunOutput {
		const { machine } = this.loaded;
		const outer = machine.environment;
		const wrong = inputProblem(input, machine.cpus, this.takes);
		if (wrong !== null) throw new InputError(wrong);
		if (input.cpu !== undefined || input.task !== undefined)
			machine.setEnvironment({ cpu: input.cpu ?? outer.cpu, task: { ...outer.task, ...input.task } });
		try {
			const prepared = this.#prepare(input);
			let r0 = 0n;
			for (let i = 0; i < Math.max(1, input.repeat ?? 1); i++) r0 = invoke(this.loaded, prepared.r1, 0, prepared.state);
			const { redirect } = prepared.state;
			return {
				type: this.image.type,
				retval: Number(BigInt.asIntN(32, r0)),
				r0,
				packet: null,
				meta: null,
				context: new Uint8Array(0),
				fields: {},
				scratch: null,
				optval: null,
				...prepared.finish(),
				redirect,
			};
		} finally {
			if (machine.environment !== outer) machine.setEnvironment(outer);
		}
	}
}

/** Programs, maps and global variables by name. `close` gives their memory back. */
export interface LoadedObject {
	readonly programs: Readonly<Record<string, Program>>;
	readonly maps: Readonly<Record<string, MapView>>;
	readonly globals: Globals;
	readonly machine: Machine;
	close(): void;
}

/** Opens an object without running anything: for tools that only look. @throws LoadFailure; TypeError for what is no object at all */
export function readObject(source: Uint8Array | ArrayBuffer | ObjectFile): ObjectFile {
	if (source === null || typeof source !== "object" || !("sections" in source || ArrayBuffer.isView(source) || "byteLength" in source))
		throw new TypeError(`an object is the bytes of an ELF file, not ${source === null ? "null" : typeof source}`);
	if ("sections" in source) return source;
	try {
		return readElf(source instanceof Uint8Array ? source : new Uint8Array(source));
	} catch (thrown) {
		if (!(thrown instanceof FormatError)) throw thrown;
		throw new LoadFailure([{ section: "", offset: thrown.offset, symbol: "", message: thrown.message }]);
	}
}

/**
 * Opens an object, verifies its programs and makes them callable.
 * @param source the bytes of an ELF file, or what `readElf`, `compile` or `link` made of one
 * @throws LoadFailure for an object that cannot be loaded, with all that is wrong; VerifierRejection; RangeError for an engine that there is not
 */
export async function load(source: Uint8Array | ArrayBuffer | ObjectFile, options: LoadOptions = {}): Promise<LoadedObject> {
	const { images, maps } = chosenOf(source, options);
	const custom = Object.fromEntries((options.programTypes ?? []).map((one) => [one.name, contextLayout(one)]));
	const rows = images.map((image) => knownFamily(image, custom));
	const verify = await verifierOf(options);
	const verdicts = images.map((image) => (verify === null ? null : verify(image)));
	await refuseRejected(images, verdicts);

	const engine = await engineOf(options.engine ?? "default", verify !== null);
	const heap = options.heap ?? HEAP;
	const machine =
		options.machine ??
		new Machine({
			...options,
			memory: options.memory ?? {
				initial: Math.min(layout.heap + estimateBytes(maps, options.cpus ?? 1) + heap + CONTEXTS, LARGEST_START),
			},
		});
	machine.kernelTypes ??= options.kernelBtf ?? null;
	const runtimeMaps = createMaps(machine, maps);
	const programs: Record<string, Program> = {};
	for (const [i, image] of images.entries()) {
		const row = rows[i];
		const verdict = verdicts[i];
		const facts: Facts | null = verdict?.verdict === "accept" ? verdict.facts : null;
		const loaded = bindProgram(machine, image, runtimeMaps, facts, engine);
		programs[image.name] = new Program(loaded, engine.name, verdict, row.family(loaded, options.kernelBtf), row.takes);
	}
	fillSlots(runtimeMaps, programs);
	machine.memory.reserve(heap);
	return {
		programs,
		maps: Object.fromEntries(runtimeMaps.map((map) => [map.def.name, new MapView(map)])),
		globals: globalsOf(runtimeMaps),
		machine,
		close: () => {
			for (const map of runtimeMaps) map.close();
			if (options.machine === undefined) machine.close();
		},
	};
}

/** The programs and maps of the object that the options ask for. @throws LoadFailure with all that is wrong */
function chosenOf(
	source: Uint8Array | ArrayBuffer | ObjectFile,
	options: LoadOptions,
): { images: ProgramImage[]; maps: readonly MapDef[] } {
	const problem = (options.programTypes ?? []).map(descriptionProblem).find((one) => one !== null);
	if (problem !== undefined) throw new LoadFailure([{ section: "", offset: -1, symbol: "", message: problem }]);
	const opened = openObject(readObject(source), { ...options, type: options.type ?? ownSections(options) });
	const stranger = strangerTo(opened, options);
	if (stranger !== null) throw new LoadFailure([stranger]);
	const sized = opened.maps.map((def) =>
		options.maxEntries?.[def.name] === undefined ? def : { ...def, maxEntries: options.maxEntries[def.name] },
	);
	const maps = presetGlobals(sized, options.globals ?? {});
	if (typeof maps === "string")
		throw new LoadFailure([{ section: "", offset: -1, symbol: maps, message: "the object has no such global variable" }]);
	const chosen = opened.programs.filter(({ autoload, image }) =>
		options.only === undefined ? autoload : options.only.includes(image.name),
	);
	const errors = [...opened.errors, ...chosen.flatMap((program) => program.errors)];
	if (errors.length > 0) throw new LoadFailure(errors);
	// A copy would make the line records, which nobody may ask for.
	const asOpened = maps.every((def, i) => def === opened.maps[i]);
	return { images: chosen.map(({ image }): ProgramImage => (asOpened ? image : { ...image, maps })), maps };
}

function knownFamily(image: ProgramImage, custom: Parameters<typeof familyOf>[1]): NonNullable<ReturnType<typeof familyOf>> {
	const row = familyOf(image.type, custom);
	if (row !== null) return row;
	const message = `program type ${image.type} is not known; describe it in the programTypes option`;
	throw new LoadFailure([{ section: image.section, offset: -1, symbol: image.name, message }]);
}

async function refuseRejected(images: readonly ProgramImage[], verdicts: readonly (Verdict | null)[]): Promise<void> {
	for (const [i, verdict] of verdicts.entries()) {
		if (verdict === null || verdict.verdict === "accept") continue;
		const { explain, renderExplanation } = await import("./verifier/index.ts");
		const explanation = renderExplanation(explain(images[i], verdict.rejection)).trimEnd();
		throw new VerifierRejection(images[i], verdict.rejection, verdict.log, explanation);
	}
}

/** A name among the options that the object does not have: what it should have done would not be done. */
function strangerTo(opened: OpenedObject, { maxEntries = {}, only = [] }: LoadOptions): LoadError | null {
	const maps = opened.maps.map(({ name }) => name);
	const map = Object.keys(maxEntries).find((name) => !maps.includes(name));
	if (map !== undefined) return { section: "", offset: -1, symbol: map, message: "the object has no such map" };
	const programs = opened.programs.map(({ image }) => image.name);
	const program = only.find((name) => !programs.includes(name));
	return program === undefined ? null : { section: "", offset: -1, symbol: program, message: "the object has no such program" };
}

/** A section that has the name of a type that the host describes says that type. */
function ownSections({ programTypes = [] }: LoadOptions): OpenOptions["type"] {
	return ({ section }) => {
		const own = programTypes.find(({ name }) => section === name || section.startsWith(`${name}/`));
		return own === undefined ? undefined : { type: own.name };
	};
}

async function verifierOf(options: LoadOptions): Promise<((image: ProgramImage) => Verdict) | null> {
	if (options.verify === false) return null;
	if (typeof options.verify === "function") return options.verify;
	const { kernelTypes, verify } = await import("./verifier/index.ts");
	const { kernelBtf, programTypes } = options;
	const kernel = kernelBtf === undefined ? null : kernelTypes(kernelBtf);
	return (image) =>
		verify(image, {
			kernel,
			facts: true,
			cpus: options.cpus ?? options.machine?.cpus ?? 1,
			...(programTypes === undefined ? {} : { programTypes: programTypes.map(verifierType) }),
		});
}

async function engineOf(name: EngineName | Engine, verified: boolean): Promise<Engine> {
	if (typeof name !== "string") return name;
	if (!ENGINE_NAMES.includes(name)) throw new RangeError(`there is no engine ${name}; there are ${ENGINE_NAMES.join(", ")}`);
	// Unverified code needs every access checked.
	if (!verified || name === "interpreter") return createInterpreter();
	const compiled = name === "default" ? fastestEngine() : name;
	if (compiled === "interpreter") return createInterpreter();
	const compiler =
		compiled === "wasm" ? (await import("./jit/wasm.ts")).createWasmEngine() : (await import("./jit/js.ts")).createJsEngine();
	return name === "default" ? tiered(createInterpreter(), compiler) : compiler;
}

/** Maps are created in order; a pinned name that exists already is shared. */
function createMaps(machine: Machine, defs: readonly MapDef[]): BpfMap[] {
	return defs.map((def) => {
		const pinned = def.pinning === 1 ? machine.pins.get(def.name) : undefined;
		if (pinned !== undefined) {
			const same =
				pinned.def.type === def.type &&
				pinned.def.keySize === def.keySize &&
				pinned.def.valueSize === def.valueSize &&
				pinned.def.maxEntries === def.maxEntries;
			if (!same)
				throw new LoadFailure([
					{ section: ".maps", offset: -1, symbol: def.name, message: "a map of this name is pinned with other attributes" },
				]);
			return pinned;
		}
		const map = createMap(machine, def);
		if (typeof map === "string") throw new LoadFailure([{ section: ".maps", offset: -1, symbol: def.name, message: map }]);
		map.specialFields = specialFields(def);
		if (def.pinning === 1) machine.pins.set(def.name, map);
		return map;
	});
}

/** Initialisers of prog arrays and maps of maps. */
function fillSlots(maps: readonly BpfMap[], programs: Readonly<Record<string, Program>>): void {
	for (const map of maps) {
		for (const { index, map: inner, program } of map.def.slots) {
			const key = new Uint8Array(map.def.keySize);
			if (key.length >= 4) new DataView(key.buffer).setUint32(0, index, true);
			const target = maps.find((one) => one.def.name === inner);
			if (map instanceof ProgArray && program !== undefined && programs[program] !== undefined)
				map.setProgram(index, programs[program].loaded);
			else if ((map instanceof ArrayOfMaps || map instanceof HashOfMaps) && target !== undefined) map.setInner(key, target);
		}
	}
}
