/** What goes into one run of a program from user space, and what comes out: BPF_PROG_TEST_RUN, and more types than the kernel runs. */
import type { Task } from "../environment.ts";
import type { RunState } from "../machine.ts";
import type { TypeSource } from "../../assembler/btf/type-source.ts";
import type { Value } from "../maps/codec.ts";
import type { LoadedProgram } from "../program.ts";

/** What a program is run over; which of it counts depends on the program's type. */
export interface RunInput {
	/** Network programs: the packet from its link layer header on. */
	readonly packet?: Uint8Array;
	/** XDP and TC: metadata in front of the packet, a multiple of 4 bytes. */
	readonly meta?: Uint8Array;
	/** The context's bytes, or the fields to set in it; of a tracepoint's record, text is welcome for `__data_loc_` members. */
	readonly context?: Uint8Array | Readonly<Record<string, Value>>;
	/** Arguments of a traced function or raw tracepoint, u64s; of a kprobe, the argument registers. Bytes become an address of a copy of them. */
	readonly args?: readonly (number | bigint | Uint8Array | string)[];
	/** The traced function's result, for fexit and kretprobe programs. */
	readonly result?: number | bigint;
	/** XRP: the block just read, and the scratch page, which is written back. */
	readonly data?: Uint8Array;
	readonly scratch?: Uint8Array;
	/** Socket option programs: the option's bytes. */
	readonly optval?: Uint8Array;
	readonly cpu?: number;
	readonly task?: Partial<Task>;
	readonly cookie?: bigint;
	/** Runs this many times; the outputs are the last run's. */
	readonly repeat?: number;
}

/** What a run left. What the program's type does not have is null or empty. */
export interface RunOutput {
	/** The program's: a number of enum bpf_prog_type, or a custom type's name. */
	readonly type: number | string;
	/** Low 32 bits of r0, signed as a C int would be read. */
	readonly retval: number;
	readonly r0: bigint;
	/** The packet after the run, when there was one. */
	readonly packet: Uint8Array | null;
	readonly meta: Uint8Array | null;
	/** The context's bytes after the run, and its fields where the type has named ones. */
	readonly context: Uint8Array;
	readonly fields: Readonly<Record<string, Value>>;
	readonly redirect: RunState["redirect"];
	readonly scratch: Uint8Array | null;
	readonly optval: Uint8Array | null;
}

/** One prepared run: `finish` collects what the program left. */
export interface Prepared {
	readonly r1: number;
	readonly state: RunState;
	finish(): Partial<Pick<RunOutput, "packet" | "meta" | "context" | "fields" | "scratch" | "optval">>;
}

/** A type family lays out input; `program` lives as long as its machine, so buffers may be kept. `kernel`: the types of the kernel that it was loaded for. */
export type Family = (program: LoadedProgram, kernel?: TypeSource) => (input: RunInput) => Prepared;

const BYTES = ["packet", "meta", "data", "scratch", "optval"] as const;

/** What every program may be given. */
const ANY = ["cpu", "task", "cookie", "repeat"] as const satisfies readonly (keyof RunInput)[];

/** What callers without types get wrong: it would run over zeroes instead. `takes`: what the program's type is run over. null: nothing. */
export function inputProblem(input: RunInput, cpus: number, takes: readonly (keyof RunInput)[]): string | null {
	const known: readonly string[] = [...takes, ...ANY];
	const stray = Object.entries(input).find(([name, value]) => value !== undefined && !known.includes(name));
	if (stray !== undefined) return `a program of this type is not run over ${stray[0]}, but over ${known.join(", ")}`;
	for (const name of BYTES) if (input[name] !== undefined && !ArrayBuffer.isView(input[name])) return `${name} is bytes, a Uint8Array`;
	if (input.cpu !== undefined && !(Number.isInteger(input.cpu) && input.cpu >= 0 && input.cpu < cpus))
		return `cpu ${input.cpu} is none of the machine's, which has ${cpus} (option cpus of load)`;
	return null;
}
