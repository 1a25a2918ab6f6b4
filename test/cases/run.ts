/**
 * `run --engine interpreter|js|wasm [--assemble] CASES.jsonl`: executes the programs of isa.jsonl and conformance.jsonl.
 * Only eBPF: classic BPF programs are left out. A conformance program gets r1 = its memory, r2 = the length; an isa program a socket
 * buffer over its data. "negative" and "error" cases are refused by the assembler, before the run, or in it. With --assemble the bytes come from our own assembler, out of the case's text.
 */
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { setFlagsFromString } from "node:v8";
import { gunzipSync } from "node:zlib";
import { decode } from "../../assembler/decode.ts";
import type { Insn } from "../../assembler/spec/insn.ts";
import { invoke, runState } from "../../runtime/invoke.ts";
import { Machine } from "../../runtime/machine.ts";
import { layout } from "../../runtime/memory.ts";
import type { BoundProgram, Engine } from "../../runtime/program.ts";
import type { Malformed } from "../../runtime/wellformed.ts";
import { findMalformed } from "../../runtime/wellformed.ts";
import { jsonLines } from "../support/arguments.ts";
import { engineByName, engineNames } from "../support/engines.ts";
import { bareImage } from "../support/image.ts";
import { ubpfHelpers } from "../support/ubpf-helpers.ts";

interface Case {
	readonly id: string;
	readonly suite: string;
	readonly src: string;
	readonly kind: string;
	readonly name: string;
	readonly insns?: string;
	readonly insns_file?: string;
	readonly asm?: string;
	readonly mem?: string;
	readonly data?: string;
	readonly tests?: readonly { readonly data_size: number; readonly result?: number }[];
	/** 64 bits, hexadecimal. */
	readonly result?: string;
	readonly flags?: { readonly large_mem?: boolean; readonly expected_fail?: boolean };
}

interface Outcome {
	readonly id: string;
	readonly verdict: string;
	readonly retval?: string | readonly string[];
	readonly msg?: string;
}

export async function main(args: readonly string[]): Promise<number> {
	const engineName = option(args, "--engine") ?? "interpreter";
	const file = args.filter((arg, i) => !arg.startsWith("--") && args[i - 1] !== "--engine")[0];
	const engine = await engineByName(engineName);
	if (engine === null || file === undefined) {
		console.error(`usage: cases run --engine ${engineNames.join("|")} [--assemble] CASES.jsonl`);
		return 2;
	}
	// Each case runs once. V8 would go on optimising the largest, of 200,000 instructions, for minutes after the last result, and the process could not end.
	setFlagsFromString("--liftoff-only");
	const assemble = args.includes("--assemble") ? (await import("../support/assemble.ts")).assembleCase : null;
	const folder = dirname(file);
	for (const one of jsonLines<Case>(file)) {
		if (one.kind === "cbpf") continue;
		const outcome = runCase(one, engine, folder, assemble);
		if (outcome !== null) console.log(JSON.stringify(outcome));
	}
	return 0;
}

/** What one case gives; null when it holds no program. */
export function runCase(one: Case, engine: Engine, folder: string, assemble: ((text: string) => Insn[]) | null): Outcome | null {
	try {
		const insns = instructions(one, folder, assemble);
		if (insns === null) return null;
		const malformed = findMalformed(insns) ?? (one.suite === "conformance" ? unregistered(insns) : null);
		if (malformed !== null && one.kind !== "run") return { id: one.id, verdict: "reject", msg: `instruction ${malformed.insn}: ${malformed.why}` };
		const retval = one.suite === "isa" ? (one.tests ?? []).map((test) => runOverPacket(one, insns, engine, test.data_size)) : runOverMemory(one, insns, engine);
		return { id: one.id, verdict: "accept", retval };
	} catch (thrown) {
		const expected = one.kind === "error" || one.kind === "negative";
		return { id: one.id, verdict: expected ? "reject" : "error", msg: thrown instanceof Error ? thrown.message : String(thrown) };
	}
}

function instructions(one: Case, folder: string, assemble: ((text: string) => Insn[]) | null): Insn[] | null {
	if (assemble !== null && one.asm !== undefined) return assemble(one.asm);
	if (one.insns !== undefined) return decode(Buffer.from(one.insns, "hex"));
	if (one.insns_file !== undefined) return decode(gunzipSync(readFileSync(join(folder, one.insns_file))));
	return null;
}

/** The conformance suite's host has uBPF's helpers and no others. */
function unregistered(insns: readonly Insn[]): Malformed | null {
	const insn = insns.findIndex((one) => one.opcode === 0x85 && one.src === 0 && !ubpfHelpers.has(one.imm));
	return insn < 0 ? null : { insn, why: `calls helper ${insns[insn].imm}, which is not registered` };
}

let machine = new Machine();
let used = 0;

function fresh(one: Case, insns: readonly Insn[]): BoundProgram {
	// One memory serves many cases: each Wasm memory reserves gigabytes of addresses.
	if (++used % 1000 === 0) machine = new Machine();
	machine.helpers.clear();
	if (one.suite === "conformance") for (const [id, helper] of ubpfHelpers) machine.helpers.set(id, helper);
	machine.memory.u8.fill(0, layout.stackBase, layout.stackTop);
	return { image: bareImage(one.name, insns), machine, maps: [], ksyms: new Map(), facts: null };
}

function runOverMemory(one: Case, insns: readonly Insn[], engine: Engine): string {
	const bound = fresh(one, insns);
	const program = { ...bound, entry: engine.prepare(bound) };
	const bytes = Buffer.from(one.mem ?? "", "hex");
	const at = bytes.length === 0 ? 0 : machine.memory.alloc(bytes.length, 8, "input");
	machine.memory.u8.set(bytes, at);
	try {
		return hex(invoke(program, at, bytes.length, runState(program, at)));
	} finally {
		machine.memory.free(at);
	}
}

function runOverPacket(one: Case, insns: readonly Insn[], engine: Engine, size: number): string {
	const bound = fresh(one, insns);
	const program = { ...bound, entry: engine.prepare(bound) };
	const bytes = Buffer.from(one.data ?? "", "hex").subarray(0, size);
	const { memory } = machine;
	// Some tests store all over their context: for them it is a plain buffer.
	const context = memory.alloc(one.flags?.large_mem === true ? 0x20000 : 192, 8, "context");
	const data = memory.alloc(Math.max(size, 1), 8, "packet");
	memory.u8.set(bytes, data);
	memory.view.setUint32(context, size, true);
	memory.view.setUint32(context + 76, data, true);
	memory.view.setUint32(context + 80, data + size, true);
	try {
		const packet = { start: data, end: data + size, meta: data, data, dataEnd: data + size, encapsulated: false, checksum: -1, hashed: false, sync: () => undefined };
		return hex(invoke(program, context, 0, runState(program, context, { packet })));
	} finally {
		memory.free(data);
		memory.free(context);
	}
}

function hex(value: bigint): string {
	return `0x${value.toString(16)}`;
}

function option(args: readonly string[], name: string): string | undefined {
	const at = args.indexOf(name);
	return at < 0 ? undefined : args[at + 1];
}
