/**
 * WebAssembly's binary format, as much of it as one module needs: LEB128 numbers, sections, function bodies.
 * In: types, imports, functions as plain data. Out: the module's bytes.
 * Source: WebAssembly Core Specification 1.0, section 5 (Binary Format).
 *
 *     \0asm 1 │ type │ import │ function │ global │ export │ code
 *             └ each: id, byte length, count, entries
 */

export const I32 = 0x7f;
export const I64 = 0x7e;
export const VOID = 0x40;
export type ValueType = typeof I32 | typeof I64;

export interface FunctionType {
	readonly params: readonly ValueType[];
	readonly results: readonly ValueType[];
}

/** Opcodes by their names in the specification. */
export const OP = {
	unreachable: 0x00,
	nop: 0x01,
	block: 0x02,
	loop: 0x03,
	if: 0x04,
	else: 0x05,
	end: 0x0b,
	br: 0x0c,
	br_if: 0x0d,
	br_table: 0x0e,
	return: 0x0f,
	call: 0x10,
	drop: 0x1a,
	select: 0x1b,
	local_get: 0x20,
	local_set: 0x21,
	local_tee: 0x22,
	global_get: 0x23,
	global_set: 0x24,
	i32_load: 0x28,
	i64_load: 0x29,
	i32_load8_s: 0x2c,
	i32_load8_u: 0x2d,
	i32_load16_s: 0x2e,
	i32_load16_u: 0x2f,
	i64_load8_s: 0x30,
	i64_load8_u: 0x31,
	i64_load16_s: 0x32,
	i64_load16_u: 0x33,
	i64_load32_s: 0x34,
	i64_load32_u: 0x35,
	i32_store: 0x36,
	i64_store: 0x37,
	i32_store8: 0x3a,
	i32_store16: 0x3b,
	i64_store8: 0x3c,
	i64_store16: 0x3d,
	i64_store32: 0x3e,
	memory_size: 0x3f,
	i32_const: 0x41,
	i64_const: 0x42,
	i32_eqz: 0x45,
	i32_eq: 0x46,
	i32_ne: 0x47,
	i32_lt_s: 0x48,
	i32_lt_u: 0x49,
	i32_gt_s: 0x4a,
	i32_gt_u: 0x4b,
	i32_le_s: 0x4c,
	i32_le_u: 0x4d,
	i32_ge_s: 0x4e,
	i32_ge_u: 0x4f,
	i64_eqz: 0x50,
	i64_eq: 0x51,
	i64_ne: 0x52,
	i64_lt_s: 0x53,
	i64_lt_u: 0x54,
	i64_gt_s: 0x55,
	i64_gt_u: 0x56,
	i64_le_s: 0x57,
	i64_le_u: 0x58,
	i64_ge_s: 0x59,
	i64_ge_u: 0x5a,
	i32_add: 0x6a,
	i32_sub: 0x6b,
	i32_mul: 0x6c,
	i32_div_s: 0x6d,
	i32_div_u: 0x6e,
	i32_rem_s: 0x6f,
	i32_rem_u: 0x70,
	i32_and: 0x71,
	i32_or: 0x72,
	i32_xor: 0x73,
	i32_shl: 0x74,
	i32_shr_s: 0x75,
	i32_shr_u: 0x76,
	i32_rotl: 0x77,
	i64_add: 0x7c,
	i64_sub: 0x7d,
	i64_mul: 0x7e,
	i64_div_s: 0x7f,
	i64_div_u: 0x80,
	i64_rem_s: 0x81,
	i64_rem_u: 0x82,
	i64_and: 0x83,
	i64_or: 0x84,
	i64_xor: 0x85,
	i64_shl: 0x86,
	i64_shr_s: 0x87,
	i64_shr_u: 0x88,
	i64_rotl: 0x89,
	i32_wrap_i64: 0xa7,
	i64_extend_i32_s: 0xac,
	i64_extend_i32_u: 0xad,
	i32_extend8_s: 0xc0,
	i32_extend16_s: 0xc1,
	i64_extend8_s: 0xc2,
	i64_extend16_s: 0xc3,
	i64_extend32_s: 0xc4,
	/** Prefix of those below. */
	vector: 0xfd,
} as const;

export const VECTOR = { v128_const: 12, i8x16_shuffle: 13, i64x2_splat: 18, i64x2_extract_lane: 29 } as const;

/** Bytes that grow. */
export class ByteWriter {
	bytes: Uint8Array;
	length = 0;

	constructor(capacity = 1024) {
		this.bytes = new Uint8Array(capacity);
	}

	byte(value: number): void {
		if (this.length === this.bytes.length) this.#grow(1);
		this.bytes[this.length++] = value;
	}

	/** Unsigned LEB128, below 2^32. */
	u32(value: number): void {
		value >>>= 0;
		while (value > 0x7f) {
			this.byte((value & 0x7f) | 0x80);
			value >>>= 7;
		}
		this.byte(value);
	}

	/** Signed LEB128 of an int32. */
	s32(value: number): void {
		for (;;) {
			const low = value & 0x7f;
			value >>= 7;
			if ((value === 0 && (low & 0x40) === 0) || (value === -1 && (low & 0x40) !== 0)) return this.byte(low);
			this.byte(low | 0x80);
		}
	}

	/** Signed LEB128 of the 64-bit number with these words. */
	s64(low: number, high: number): void {
		for (;;) {
			const seven = low & 0x7f;
			low = (low >>> 7) | (high << 25);
			high >>= 7;
			if ((low === 0 && high === 0 && (seven & 0x40) === 0) || (low === -1 && high === -1 && (seven & 0x40) !== 0)) return this.byte(seven);
			this.byte(seven | 0x80);
		}
	}

	append(other: Uint8Array): void {
		if (this.length + other.length > this.bytes.length) this.#grow(other.length);
		this.bytes.set(other, this.length);
		this.length += other.length;
	}

	/** ASCII only: all names here are ours. */
	name(text: string): void {
		this.u32(text.length);
		for (let i = 0; i < text.length; i++) this.byte(text.charCodeAt(i));
	}

	written(): Uint8Array {
		return this.bytes.subarray(0, this.length);
	}

	#grow(by: number): void {
		const larger = new Uint8Array(Math.max(this.bytes.length * 2, this.length + by));
		larger.set(this.written());
		this.bytes = larger;
	}
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

/** The module, and where each function's code begins in it: stack traces count from the start of the module. */
export function encodeModule(module: WasmModule): { bytes: Uint8Array; codeStarts: number[] } {
	const types: FunctionType[] = [];
	const keys = new Map<string, number>();
	const typeIndex = (type: FunctionType): number => {
		const key = `${type.params}>${type.results}`;
		let index = keys.get(key);
		if (index === undefined) {
			index = types.length;
			types.push(type);
			keys.set(key, index);
		}
		return index;
	};
	const importTypes = module.imports.map((i) => typeIndex(i.type));
	const functionTypes = module.functions.map((f) => typeIndex(f.type));
	const out = new ByteWriter(4096 + module.functions.reduce((n, f) => n + f.code.length, 0));
	for (const b of [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]) out.byte(b);
	const section = (id: number, count: number, write: (w: ByteWriter) => void): void => {
		if (count === 0) return;
		const w = new ByteWriter();
		w.u32(count);
		write(w);
		out.byte(id);
		out.u32(w.length);
		out.append(w.written());
	};
	section(1, types.length, (w) => {
		for (const type of types) {
			w.byte(0x60);
			w.u32(type.params.length);
			for (const p of type.params) w.byte(p);
			w.u32(type.results.length);
			for (const r of type.results) w.byte(r);
		}
	});
	section(2, 1 + module.imports.length, (w) => {
		w.name("e");
		w.name("m");
		w.byte(2);
		w.byte(module.memory.shared ? 3 : 0);
		w.u32(0);
		if (module.memory.shared) w.u32(module.memory.maximumPages);
		module.imports.forEach((entry, i) => {
			w.name("e");
			w.name(entry.name);
			w.byte(0);
			w.u32(importTypes[i]);
		});
	});
	section(3, module.functions.length, (w) => {
		for (const t of functionTypes) w.u32(t);
	});
	section(6, module.globals.length, (w) => {
		for (const global of module.globals) {
			w.byte(global.type);
			w.byte(1);
			w.byte(global.type === I32 ? OP.i32_const : OP.i64_const);
			w.s32(global.initial);
			w.byte(OP.end);
		}
	});
	const exported = module.functions.flatMap((f, i) =>
		f.name === undefined ? [] : [{ name: f.name, kind: 0, index: module.imports.length + i }],
	);
	module.globals.forEach((g, index) => {
		if (g.name !== undefined) exported.push({ name: g.name, kind: 3, index });
	});
	section(7, exported.length, (w) => {
		for (const e of exported) {
			w.name(e.name);
			w.byte(e.kind);
			w.u32(e.index);
		}
	});
	const codeStarts: number[] = [];
	const code = new ByteWriter(out.bytes.length);
	code.u32(module.functions.length);
	for (const f of module.functions) {
		const locals = new ByteWriter(16);
		const runs: { type: ValueType; count: number }[] = [];
		for (const type of f.locals) {
			const last = runs[runs.length - 1];
			if (last?.type === type) last.count++;
			else runs.push({ type, count: 1 });
		}
		locals.u32(runs.length);
		for (const run of runs) {
			locals.u32(run.count);
			locals.byte(run.type);
		}
		code.u32(locals.length + f.code.length + 1);
		code.append(locals.written());
		codeStarts.push(code.length);
		code.append(f.code);
		code.byte(OP.end);
	}
	out.byte(10);
	out.u32(code.length);
	const at = out.length;
	out.append(code.written());
	return { bytes: out.written(), codeStarts: codeStarts.map((start) => at + start) };
}
