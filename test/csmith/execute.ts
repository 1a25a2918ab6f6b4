/**
 * A C program of Csmith's through our compiler, and its object on an engine. The programs are not for the kernel: nothing verifies them,
 * and their globals hold each other's addresses, which no loader of eBPF can fill in. Both is done here: every access is checked, and the
 * data sections' relocations are applied to the maps' memory.
 */
import { existsSync, readFileSync, statSync } from "node:fs";
import { readElf } from "../../assembler/elf/read.ts";
import type { ObjectFile } from "../../assembler/object.ts";
import { R_BPF_64_ABS64 } from "../../assembler/spec/elf.ts";
import { compile } from "../../compiler/driver/compile.ts";
import { defaultOptions } from "../../compiler/driver/options.ts";
import { bindProgram, createMaps } from "../../runtime/bind.ts";
import { invokePlain } from "../../runtime/invoke.ts";
import { createInterpreter } from "../../runtime/interpreter.ts";
import { createJsEngine } from "../../runtime/jit/js.ts";
import { createWasmEngine } from "../../runtime/jit/wasm.ts";
import { openObject } from "../../runtime/loader/open.ts";
import { Machine } from "../../runtime/machine.ts";
import type { BpfMap } from "../../runtime/maps/map.ts";
import type { Engine } from "../../runtime/program.ts";
import { includeFolder } from "./generate.ts";

export interface Variant {
	readonly cpu: 1 | 2 | 3 | 4;
	readonly level: 0 | 1 | 2;
}

/** Instructions after which a run is given up. */
export const BUDGET = 4_000_000;

export const ENGINES: readonly Engine[] = [createInterpreter({ budget: BUDGET }), createJsEngine({ fuel: BUDGET }), createWasmEngine({ fuel: BUDGET })];

const read = (path: string): Uint8Array | null => (existsSync(path) && statSync(path).isFile() ? readFileSync(path) : null);

/** The object, or the first error. */
export function compiled(text: string, { cpu, level }: Variant): ObjectFile | { readonly code: string; readonly message: string } {
	const options = defaultOptions({ read });
	const made = compile("program.c", text, {
		...options,
		target: { ...options.target, cpu, optimize: level },
		dirs: [{ path: includeFolder, system: false, quoteOnly: false }, "built-in"],
		warnings: { ...options.warnings, none: true },
	});
	const error = made.diagnostics.find(({ severity }) => severity === "error");
	return error === undefined ? readElf(made.output as Uint8Array) : { code: error.code, message: error.message };
}

/** What `entry` returns. Faults come as exceptions. */
export function execute(object: ObjectFile, engine: Engine): bigint {
	const opened = openObject(object);
	const entry = opened.programs.find(({ image }) => image.name === "entry")!;
	const errors = [...opened.errors, ...entry.errors];
	if (errors.length > 0) throw new Error(errors.map(({ message, symbol }) => `${symbol}: ${message}`).join("; "));
	const machine = new Machine({ memory: { initial: 1024 * 1024 } });
	try {
		const maps = createMaps(machine, entry.image);
		if (typeof maps === "string") throw new Error(maps);
		relocateData(object, machine, maps);
		return invokePlain(bindProgram(machine, entry.image, maps, null, engine), 0, 0);
	} finally {
		machine.close();
	}
}

function relocateData(object: ObjectFile, machine: Machine, maps: readonly BpfMap[]): void {
	const base = (section: number): number | null => maps.find(({ def }) => def.name === object.sections[section].name)?.valueBase() ?? null;
	for (const [index, { relocs }] of object.sections.entries()) {
		const from = base(index);
		if (from === null) continue;
		for (const { offset, type, symbol } of relocs) {
			const target = object.symbols[symbol];
			const to = typeof target.section === "number" ? base(target.section) : null;
			if (type !== R_BPF_64_ABS64 || to === null) throw new Error(`a relocation of type ${type} to ${target.name} in data`);
			const at = from + offset;
			machine.memory.view.setBigUint64(at, machine.memory.view.getBigUint64(at, true) + BigInt(to + target.value), true);
		}
	}
}
