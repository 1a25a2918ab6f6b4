/** Byte swaps in Wasm, of registers and of what was just loaded. */
import { compilesVectors } from "../abilities.ts";
import type { Op } from "../decode.ts";
import { isNeeded, ofLeft } from "../implied.ts";
import { FLAG } from "../representation.ts";
import type { Body } from "./body.ts";
import { I32, I64, OP, VECTOR } from "./opcodes.ts";

export function emitSwap(b: Body, op: Extract<Op, { kind: "swap" }>, at: number): void {
	const flags = b.fn.analysis.flags[at];
	if (!isNeeded(flags)) return;
	if (op.bits === 64) {
		if (!op.swap && !(flags & FLAG.needHigh)) {
			b.low(op.dst, at);
			return b.setLow(op.dst, at);
		}
		b.full(op.dst, at, ofLeft(flags));
		if (op.swap && !(flags & FLAG.needHigh)) {
			b.upper();
			swap32(b);
			return b.setLow(op.dst, at);
		}
		if (op.swap) swap64(b);
		return b.setFull(op.dst, at);
	}
	b.low(op.dst, at);
	if (op.bits === 16) {
		if (op.swap) swap16(b);
		else {
			b.i32(0xffff);
			b.op(OP.i32_and);
		}
	} else if (op.swap) swap32(b);
	b.setLow(op.dst, at);
}

/** The low two bytes of the i32 on the stack, reversed; the high ones 0. */
export function swap16(b: Body): void {
	const t = b.temp("swap", I32);
	b.tee(t);
	b.i32(8);
	b.op(OP.i32_shl);
	b.get(t);
	b.i32(0xff00);
	b.op(OP.i32_and);
	b.i32(8);
	b.op(OP.i32_shr_u, OP.i32_or);
	b.i32(0xffff);
	b.op(OP.i32_and);
}

/** The bytes of the i32 on the stack, reversed. */
export function swap32(b: Body): void {
	const t = b.temp("swap", I32);
	b.tee(t);
	b.i32(8);
	b.op(OP.i32_rotl);
	b.i32(0x00ff00ff);
	b.op(OP.i32_and);
	b.get(t);
	b.i32(24);
	b.op(OP.i32_rotl);
	b.i32(0xff00ff00);
	b.op(OP.i32_and, OP.i32_or);
}

/** In a vector register: one shuffle (bytes 7 to 0 of the number; those of the second operand go nowhere). */
const SHUFFLED = [
	OP.vector,
	VECTOR.i64x2_splat,
	OP.vector,
	VECTOR.v128_const,
	...new Array<number>(16).fill(0),
	OP.vector,
	VECTOR.i8x16_shuffle,
	7,
	6,
	5,
	4,
	3,
	2,
	1,
	0,
	15,
	14,
	13,
	12,
	11,
	10,
	9,
	8,
	OP.vector,
	VECTOR.i64x2_extract_lane,
	0,
];

/** The bytes of the i64 on the stack, reversed. Without vectors: bytes within 16-bit units, 16-bit units within words, words. */
export function swap64(b: Body): void {
	if (compilesVectors()) {
		for (const byte of SHUFFLED) b.w.byte(byte);
		return;
	}
	const t = b.temp("swap", I64);
	const exchangeUnits = (mask: number, bits: number): void => {
		b.tee(t);
		b.i64(mask, mask);
		b.op(OP.i64_and);
		b.i64(bits, 0);
		b.op(OP.i64_shl);
		b.get(t);
		b.i64(bits, 0);
		b.op(OP.i64_shr_u);
		b.i64(mask, mask);
		b.op(OP.i64_and, OP.i64_or);
	};
	exchangeUnits(0x00ff00ff, 8);
	exchangeUnits(0x0000ffff, 16);
	b.i64(32, 0);
	b.op(OP.i64_rotl);
}
