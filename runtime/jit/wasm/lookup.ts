/**
 * A hash map's lookup as a Wasm function: the address of a key in, the address of its value or 0 out.
 * The table's shape and its hash are those of maps/hash-table.ts; key size, mask and addresses are constants here, so that
 * hashing and comparing are a handful of loads each.
 */
import { HASH_END, HASH_WORD } from "../../maps/hash-table.ts";
import type { HashLayout } from "../../maps/map.ts";
import type { WasmFunction } from "./encode.ts";
import type { ValueType } from "./opcodes.ts";
import { ByteWriter } from "./bytes.ts";
import { I32, OP, VOID } from "./opcodes.ts";

const KEY = 0;
const HASH = 1;
const INDEX = 2;
const SLOT = 3;
const ENTRY = 4;
const locals: readonly ValueType[] = [I32, I32, I32, I32];

export function emitHashLookup(shape: HashLayout): WasmFunction {
	const w = new ByteWriter(512);
	const op = (...codes: number[]): void => {
		for (const code of codes) w.byte(code);
	};
	const constant = (value: number): void => {
		op(OP.i32_const);
		w.s32(value | 0);
	};
	const get = (local: number): void => op(OP.local_get, local);
	const load = (code: number, offset: number): void => {
		op(code, 0);
		w.u32(offset);
	};
	/** Pops a word, mixes it into the hash. */
	const mix = ({ multiplier, shift }: { readonly multiplier: number; readonly shift: number }): void => {
		constant(multiplier);
		op(OP.i32_mul, OP.local_tee, HASH);
		get(HASH);
		constant(shift);
		op(OP.i32_shr_u, OP.i32_xor, OP.local_set, HASH);
	};
	constant(shape.keySize);
	op(OP.local_set, HASH);
	let at = 0;
	for (; at + 4 <= shape.keySize; at += 4) {
		get(HASH);
		get(KEY);
		load(OP.i32_load, at);
		op(OP.i32_xor);
		mix(HASH_WORD);
	}
	if (at < shape.keySize) {
		get(HASH);
		for (let shift = 0; at < shape.keySize; at++, shift += 8) {
			get(KEY);
			load(OP.i32_load8_u, at);
			constant(shift);
			op(OP.i32_shl, OP.i32_xor);
		}
		mix(HASH_WORD);
	}
	get(HASH);
	mix(HASH_END);

	get(HASH);
	op(OP.local_set, INDEX, OP.loop, VOID);
	get(INDEX);
	constant(shape.mask);
	op(OP.i32_and);
	constant(3);
	op(OP.i32_shl);
	constant(shape.slots);
	op(OP.i32_add, OP.local_tee, SLOT);
	load(OP.i32_load, 4);
	op(OP.local_tee, ENTRY, OP.i32_eqz, OP.if, VOID);
	constant(0);
	op(OP.return, OP.end);
	get(SLOT);
	load(OP.i32_load, 0);
	get(HASH);
	op(OP.i32_eq, OP.if, VOID);
	compareKeys(shape.keySize, op, get, load);
	op(OP.i64_eqz, OP.if, VOID);
	if (shape.referenceOffset >= 0) {
		get(ENTRY);
		constant(1);
		load(OP.i32_store, shape.referenceOffset);
	}
	get(ENTRY);
	constant(shape.valueOffset);
	op(OP.i32_add, OP.return, OP.end, OP.end);
	get(INDEX);
	constant(1);
	op(OP.i32_add, OP.local_set, INDEX, OP.br, 0, OP.end, OP.unreachable);
	return { type: { params: [I32], results: [I32] }, locals, code: w.written() };
}

/** Pushes an i64 that is 0 when entry and key agree. */
function compareKeys(
	size: number,
	op: (...codes: number[]) => void,
	get: (local: number) => void,
	load: (code: number, offset: number) => void,
): void {
	let first = true;
	for (let at = 0; at < size; ) {
		const [code, step] =
			size - at >= 8
				? [OP.i64_load, 8]
				: size - at >= 4
					? [OP.i64_load32_u, 4]
					: size - at >= 2
						? [OP.i64_load16_u, 2]
						: [OP.i64_load8_u, 1];
		get(ENTRY);
		load(code, at);
		get(KEY);
		load(code, at);
		op(OP.i64_xor);
		if (!first) op(OP.i64_or);
		first = false;
		at += step;
	}
}
