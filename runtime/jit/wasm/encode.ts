/**
 * WebAssembly's binary format, as much of it as one module needs: sections and function bodies.
 * In: types, imports, functions as plain data. Out: the module's bytes.
 * Source: WebAssembly Core Specification 1.0, section 5 (Binary Format).
 *
 *     \0asm 1 │ type │ import │ function │ global │ export │ code
 *             └ each: id, byte length, count, entries
 */
import { ByteWriter } from "./bytes.ts";
import type { ValueType } from "./opcodes.ts";
import { I32, OP } from "./opcodes.ts";

export interface FunctionType {
	readonly params: readonly ValueType[];
	readonly results: readonly ValueType[];
}

export interface WasmImport {
	readonly name: string;
	readonly type: FunctionType;
}

export interface WasmFunction {
	readonly type: FunctionType;
	/** Types of the locals after the parameters. */
	readonly locals: readonly ValueType[];
	/** Instructions without the final `end`. */
	readonly code: Uint8Array;
	/** Export name. */
	readonly name?: string;
}

export interface WasmModule {
	/** Imported as "e" "m"; shared memories state their maximum. */
	readonly memory: { readonly shared: boolean; readonly maximumPages: number };
	/** All from module "e". */
	readonly imports: readonly WasmImport[];
	readonly functions: readonly WasmFunction[];
	/** Mutable globals with initial values; exported by name where they have one. */
	readonly globals: readonly { readonly type: ValueType; readonly initial: number; readonly name?: string }[];
}

const HEADER = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0];
const SECTION = { type: 1, import: 2, function: 3, global: 6, export: 7, code: 10 } as const;
/** What is imported or exported. */
const KIND = { function: 0, memory: 2, global: 3 } as const;

/** The module, and where each function's code begins in it: stack traces count from the start of the module. */
export function encodeModule(module: WasmModule): { bytes: Uint8Array; codeStarts: number[] } {
	const types = new TypeTable();
	const importTypes = module.imports.map(({ type }) => types.index(type));
	const functionTypes = module.functions.map(({ type }) => types.index(type));
	const out = new ByteWriter(4096 + module.functions.reduce((n, f) => n + f.code.length, 0));
	for (const byte of HEADER) out.byte(byte);
	section(out, SECTION.type, types.all, writeType);
	writeImports(out, module, importTypes);
	section(out, SECTION.function, functionTypes, (w, type) => w.u32(type));
	section(out, SECTION.global, module.globals, writeGlobal);
	section(out, SECTION.export, exportsOf(module), writeExport);
	const codeStarts = writeCode(out, module.functions);
	return { bytes: out.written(), codeStarts };
}

/** A section of so many entries; without any it is left out. */
function section<T>(out: ByteWriter, id: number, entries: readonly T[], write: (w: ByteWriter, entry: T) => void): void {
	if (entries.length === 0) return;
	const w = new ByteWriter();
	w.u32(entries.length);
	for (const entry of entries) write(w, entry);
	out.byte(id);
	out.u32(w.length);
	out.append(w.written());
}

/** Each type once, in the order in which they are asked for. */
class TypeTable {
	readonly all: FunctionType[] = [];
	readonly #keys = new Map<string, number>();

	index(type: FunctionType): number {
		const key = `${type.params}>${type.results}`;
		let index = this.#keys.get(key);
		if (index === undefined) this.#keys.set(key, (index = this.all.push(type) - 1));
		return index;
	}
}

function writeType(w: ByteWriter, { params, results }: FunctionType): void {
	w.byte(0x60);
	for (const list of [params, results]) {
		w.u32(list.length);
		for (const type of list) w.byte(type);
	}
}

/** The memory first. */
function writeImports(out: ByteWriter, { memory, imports }: WasmModule, types: readonly number[]): void {
	const writeMemory = (w: ByteWriter): void => {
		w.byte(KIND.memory);
		w.byte(memory.shared ? 3 : 0);
		w.u32(0);
		if (memory.shared) w.u32(memory.maximumPages);
	};
	const entries = imports.map(({ name }, i) => ({ name, type: types[i] }));
	section(out, SECTION.import, [{ name: "m", type: -1 }, ...entries], (w, { name, type }) => {
		w.name("e");
		w.name(name);
		if (type < 0) return writeMemory(w);
		w.byte(KIND.function);
		w.u32(type);
	});
}

function writeGlobal(w: ByteWriter, { type, initial }: WasmModule["globals"][number]): void {
	w.byte(type);
	w.byte(1);
	w.byte(type === I32 ? OP.i32_const : OP.i64_const);
	w.s32(initial);
	w.byte(OP.end);
}

interface Export {
	readonly name: string;
	readonly kind: number;
	readonly index: number;
}

function exportsOf({ imports, functions, globals }: WasmModule): Export[] {
	const named = (list: readonly { readonly name?: string }[], kind: number, first: number): Export[] =>
		list.flatMap(({ name }, i) => (name === undefined ? [] : [{ name, kind, index: first + i }]));
	return [...named(functions, KIND.function, imports.length), ...named(globals, KIND.global, 0)];
}

function writeExport(w: ByteWriter, { name, kind, index }: Export): void {
	w.name(name);
	w.byte(kind);
	w.u32(index);
}

/** The code section; where each function's instructions begin in `out`. */
function writeCode(out: ByteWriter, functions: readonly WasmFunction[]): number[] {
	const starts: number[] = [];
	const w = new ByteWriter(out.bytes.length);
	w.u32(functions.length);
	for (const { locals, code } of functions) {
		const head = localRuns(locals);
		w.u32(head.length + code.length + 1);
		w.append(head.written());
		starts.push(w.length);
		w.append(code);
		w.byte(OP.end);
	}
	out.byte(SECTION.code);
	out.u32(w.length);
	const at = out.length;
	out.append(w.written());
	return starts.map((start) => at + start);
}

/** Locals in a row that have one type are written as their number and the type. */
function localRuns(locals: readonly ValueType[]): ByteWriter {
	const runs: { readonly type: ValueType; count: number }[] = [];
	for (const type of locals) {
		const last = runs[runs.length - 1];
		if (last?.type === type) last.count++;
		else runs.push({ type, count: 1 });
	}
	const w = new ByteWriter(16);
	w.u32(runs.length);
	for (const { type, count } of runs) {
		w.u32(count);
		w.byte(type);
	}
	return w;
}
