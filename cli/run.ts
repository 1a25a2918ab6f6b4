/**
 * `ebpfcc run`: runs one program of an object or of a C file over an input, as `bpftool prog run` does, without a kernel.
 * Prints the result, the maps that changed and what the program printed.
 */
import type { Command } from "commander";
import type { EngineName, Program } from "../runtime/load.ts";
import { load, VerifierRejection } from "../runtime/load.ts";
import { LoadFailure } from "../runtime/loader/error.ts";
import { lineAt, ProgramFault } from "../runtime/fault.ts";
import { createInterpreter } from "../runtime/interpreter.ts";
import { fastestEngine } from "../runtime/jit/abilities.ts";
import type { Engine } from "../runtime/program.ts";
import { PerfEventArray } from "../runtime/maps/perf-event-array.ts";
import { RingBuffer } from "../runtime/maps/ringbuf.ts";
import type { MapView } from "../runtime/maps/view.ts";
import { kernelConfig, nodeEnvironment } from "../runtime/node/environment.ts";
import type { RunInput, RunOutput } from "../runtime/programs/run.ts";
import { readPcap } from "../runtime/test/pcap.ts";
import { printInsn } from "../assembler/text/print.ts";
import { readProgram } from "./compile-file.ts";
import { Complaint, readBytes, writeWhole } from "./files.ts";
import { typeOption } from "./program-type.ts";
import { BTF_OPTION, flagsFor, kernelBtfOf } from "./kernel-btf.ts";
import { InputError } from "../runtime/programs/input-error.ts";

interface Options {
	program?: string;
	packet?: string;
	pcap?: string;
	dataIn?: string;
	dataOut?: string;
	ctxIn?: string;
	arg?: string[];
	repeat: string;
	engine: EngineName;
	verify: boolean;
	type?: string;
	maxEntries?: string[];
	trace?: boolean;
	json?: boolean;
	btf?: string;
	cc?: string[];
}

export function register(program: Command): void {
	program
		.command("run")
		.description("run a program of an object or C file over an input, without a kernel")
		.argument("<file>", "object or C file")
		.option("-p, --program <name>", "which program (needed when there are several)")
		.option("--packet <hex>", "packet, from its Ethernet header on; blanks between bytes are skipped")
		.option("--pcap <file>", "run once for each packet of a capture")
		.option("--data-in <file>", "packet, or an XRP program's block, from a file")
		.option("--data-out <file>", "where the packet after the run goes")
		.option("--ctx-in <file>", "context's bytes")
		.option("--arg <value...>", "arguments of a traced function")
		.option("--repeat <n>", "run so many times and give the time of one", "1")
		.option("--engine <name>", "interpreter, js or wasm", "default")
		.option("--no-verify", "run in the interpreter with every access checked instead of verifying")
		.option("--type <type>", "program type in place of what the section's name says: tc, sched_cls, its number, xrp")
		.option("--max-entries <map=n...>", "sizes of maps that the object leaves to its loader")
		.option("--trace", "print each instruction with its registers")
		.option("--json", "one JSON object")
		.option(...BTF_OPTION)
		.option("--cc <flag...>", "flags for the compiler")
		.action(async (file: string, options: Options) => {
			try {
				await run(file, options);
			} catch (error) {
				if (
					!(
						error instanceof Complaint ||
						error instanceof LoadFailure ||
						error instanceof VerifierRejection ||
						error instanceof ProgramFault ||
						error instanceof InputError ||
						error instanceof RangeError
					)
				)
					throw error;
				process.stderr.write(error instanceof VerifierRejection ? `${error.message}\n` : `ebpfcc: error: ${file}: ${error.message}\n`);
				process.exitCode = 1;
			}
		});
}

const engines: readonly string[] = ["default", "interpreter", "js", "wasm"] satisfies readonly EngineName[];

async function run(file: string, options: Options): Promise<void> {
	if (!engines.includes(options.engine)) throw new Complaint(`--engine is interpreter, js or wasm, not ${options.engine}`);
	if (!/^[1-9]\d*$/.test(options.repeat)) throw new Complaint(`--repeat is a number of runs, not ${options.repeat}`);
	const bytes = await readProgram(file, flagsFor(options.cc, options.btf));
	const printed: string[] = [];
	const btf = kernelBtfOf(options.btf);
	const object = await load(bytes, {
		engine: options.trace ? tracer() : engineFor(options),
		verify: options.verify,
		environment: nodeEnvironment({ print: (line) => void printed.push(line) }),
		...typeOption(options.type),
		...(btf === null ? {} : { kernelBtf: btf }),
		kconfig: kernelConfig(),
		guessType: true,
		maxEntries: mapSizes(options.maxEntries ?? []),
	});
	const program = choose(object.programs, options.program);
	const inputs = readInputs(options, program.takes);
	const results = inputs.map((input) => ({ output: program.run(input), nanoseconds: time(program, input, Number(options.repeat)) }));
	const last = results[results.length - 1]?.output;
	if (options.dataOut !== undefined && last?.packet) writeWhole(options.dataOut, last.packet);
	process.stdout.write(
		options.json
			? `${JSON.stringify({ program: program.name, results: results.map(describe), maps: dumpMaps(object.maps), printed }, plain)}\n`
			: text(program, results, object.maps, printed),
	);
	object.close();
}

function mapSizes(words: readonly string[]): Record<string, number> {
	return Object.fromEntries(
		words.map((word) => {
			const match = /^(.+)=([1-9]\d{0,8})$/.exec(word);
			if (match === null) throw new Complaint(`--max-entries takes MAP=NUMBER, not ${word}`);
			return [match[1], Number(match[2])];
		}),
	);
}

function choose(programs: Readonly<Record<string, Program>>, name: string | undefined): Program {
	const names = Object.keys(programs);
	const chosen = name ?? (names.length === 1 ? names[0] : undefined);
	if (chosen === undefined) throw new Complaint(`has ${names.length} programs; say which with --program: ${names.join(", ")}`);
	const program = programs[chosen];
	if (program === undefined) throw new Complaint(`has no program ${chosen}; it has ${names.join(", ")}`);
	return program;
}

/** An input file: what is wrong with it is said with its own name. */
function input(path: string): Uint8Array {
	try {
		return readBytes(path);
	} catch (error) {
		throw error instanceof Complaint ? new Complaint(`${path}: ${error.message}`) : error;
	}
}

function readInputs(options: Options, takes: readonly (keyof RunInput)[]): RunInput[] {
	const common: RunInput = {
		...(options.ctxIn === undefined ? {} : { context: input(options.ctxIn) }),
		...(options.arg === undefined
			? {}
			: { args: options.arg.map((value) => (/^-?(0x[0-9a-f]+|\d+)$/i.test(value) ? BigInt(value) : value)) }),
	};
	if (options.pcap !== undefined) return readPcap(input(options.pcap)).map(({ data }) => ({ ...common, packet: data }));
	if (options.packet !== undefined) {
		const digits = options.packet.replace(/\s+/g, "");
		if (!/^([0-9a-f]{2})*$/i.test(digits)) throw new Complaint("--packet is pairs of hexadecimal digits");
		return [{ ...common, packet: new Uint8Array(Buffer.from(digits, "hex")) }];
	}
	if (options.dataIn !== undefined) {
		const data = input(options.dataIn);
		return [{ ...common, ...(takes.includes("data") ? { data } : { packet: data }) }];
	}
	return [common];
}

/** The time of a run is not the time to compile the program, which the first ones of many would take. */
function engineFor({ engine, repeat }: Options): EngineName {
	return engine === "default" && Number(repeat) > 1 ? fastestEngine() : engine;
}

/** Time of one run over many, 0 for one. */
function time(program: Program, input: RunInput, repeat: number): number {
	if (!(repeat > 1)) return 0;
	const start = process.hrtime.bigint();
	program.run({ ...input, repeat });
	return Number(process.hrtime.bigint() - start) / repeat;
}

/** An interpreter that prints each instruction before it runs, with the registers. */
function tracer(): Engine {
	let line = -1;
	return createInterpreter({
		onStep: ({ program: { image }, pc, registers }) => {
			const at = lineAt(image, pc);
			if (at !== null && at.line !== line) process.stdout.write(`; ${at.file}:${at.line}: ${at.text.trim()}\n`);
			line = at?.line ?? line;
			const shown = Array.from(registers.subarray(0, 10), (value, i) => (value === 0n ? "" : `r${i}=0x${value.toString(16)}`)).filter(
				Boolean,
			);
			process.stdout.write(
				`${String(pc).padStart(5)}: ${(printInsn(image.insns[pc], image.insns[pc + 1]) ?? "?").padEnd(36)} ${shown.join(" ")}\n`,
			);
		},
	});
}

function describe({ output, nanoseconds }: { readonly output: RunOutput; readonly nanoseconds: number }): Record<string, unknown> {
	return {
		retval: output.retval,
		redirect: output.redirect,
		packet: output.packet === null ? null : Buffer.from(output.packet).toString("hex"),
		fields: output.fields,
		...(nanoseconds > 0 ? { nanoseconds } : {}),
	};
}

function dumpMaps(maps: Readonly<Record<string, MapView>>): Record<string, unknown> {
	const out: Record<string, unknown> = {};
	for (const [name, view] of Object.entries(maps)) {
		if (!name.startsWith("."))
			out[name] =
				view.map instanceof RingBuffer || view.map instanceof PerfEventArray
					? view.drain().map(({ data }) => data)
					: [...view].slice(0, 100);
	}
	return out;
}

function plain(_key: string, value: unknown): unknown {
	if (typeof value === "bigint") return value.toString();
	return value instanceof Uint8Array ? Buffer.from(value).toString("hex") : value;
}

function text(
	program: Program,
	results: readonly { readonly output: RunOutput; readonly nanoseconds: number }[],
	maps: Readonly<Record<string, MapView>>,
	printed: readonly string[],
): string {
	const lines = [...printed];
	for (const { output, nanoseconds } of results) {
		const redirect = output.redirect === null ? "" : `, redirected to ${output.redirect.target} ${output.redirect.index}`;
		lines.push(
			`${program.name} (${program.engine}): ${output.retval}${redirect}${nanoseconds > 0 ? `, ${nanoseconds.toFixed(0)} ns` : ""}`,
		);
	}
	for (const [name, entries] of Object.entries(dumpMaps(maps))) {
		for (const entry of entries as readonly unknown[]) lines.push(`  ${name}: ${JSON.stringify(entry, plain)}`);
	}
	return `${lines.join("\n")}\n`;
}
