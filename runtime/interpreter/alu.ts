/**
 * What the arithmetic, byte swap, comparison and atomic instructions compute (RFC 9669, sections 4.1–4.3 and 5.3), on bigints that
 * hold unsigned 64-bit register values. Slow and plain on purpose: the two JITs are compared with it.
 */
export const u64 = (value: bigint): bigint => BigInt.asUintN(64, value);
const s64 = (value: bigint): bigint => BigInt.asIntN(64, value);
export const u32 = (value: bigint): bigint => BigInt.asUintN(32, value);
const s32 = (value: bigint): bigint => BigInt.asIntN(32, value);

/** Operation codes: the high nibble of an ALU opcode. */
const op = {
	add: 0x00,
	sub: 0x10,
	mul: 0x20,
	div: 0x30,
	or: 0x40,
	and: 0x50,
	lsh: 0x60,
	rsh: 0x70,
	neg: 0x80,
	mod: 0x90,
	xor: 0xa0,
	mov: 0xb0,
	arsh: 0xc0,
	end: 0xd0,
} as const;

/**
 * The new value of dst; undefined: no such operation. `off` 1 makes division signed, 8, 16 or 32 a move sign-extending.
 * Division by zero gives 0 and modulo by zero leaves dst, the most negative number divided by −1 stays itself.
 */
export function alu(code: number, is64: boolean, dst: bigint, src: bigint, off: number): bigint | undefined {
	const bits = is64 ? 64 : 32;
	const trim = is64 ? u64 : u32;
	const sign = is64 ? s64 : s32;
	const a = trim(dst);
	const b = trim(src);
	const shift = b & BigInt(bits - 1);
	switch (code) {
		case op.add:
			return trim(a + b);
		case op.sub:
			return trim(a - b);
		case op.mul:
			return trim(a * b);
		case op.div:
			if (off === 1) return b === 0n ? 0n : trim(sign(a) / sign(b));
			return b === 0n ? 0n : a / b;
		case op.or:
			return a | b;
		case op.and:
			return a & b;
		case op.lsh:
			return trim(a << shift);
		case op.rsh:
			return a >> shift;
		case op.neg:
			return trim(-a);
		case op.mod:
			if (b === 0n) return a;
			return off === 1 ? trim(sign(a) % sign(b)) : a % b;
		case op.xor:
			return a ^ b;
		case op.mov:
			return off === 0 ? b : trim(BigInt.asIntN(off, b));
		case op.arsh:
			return trim(sign(a) >> shift);
		default:
			return undefined;
	}
}

/** Reverses the low `width` bits' bytes; the rest becomes 0. */
export function byteSwap(value: bigint, width: number): bigint {
	let out = 0n;
	for (let bit = 0; bit < width; bit += 8) out = (out << 8n) | ((value >> BigInt(bit)) & 0xffn);
	return out;
}

/** Whether a conditional jump is taken; undefined: no such condition. */
export function condition(code: number, is64: boolean, dst: bigint, src: bigint): boolean | undefined {
	const trim = is64 ? u64 : u32;
	const sign = is64 ? s64 : s32;
	const a = trim(dst);
	const b = trim(src);
	switch (code) {
		case 0x10:
			return a === b;
		case 0x20:
			return a > b;
		case 0x30:
			return a >= b;
		case 0x40:
			return (a & b) !== 0n;
		case 0x50:
			return a !== b;
		case 0x60:
			return sign(a) > sign(b);
		case 0x70:
			return sign(a) >= sign(b);
		case 0xa0:
			return a < b;
		case 0xb0:
			return a <= b;
		case 0xc0:
			return sign(a) < sign(b);
		case 0xd0:
			return sign(a) <= sign(b);
		default:
			return undefined;
	}
}

/** Value to store for the read-modify-write operations; `code` is the imm without the fetch bit. Undefined: no such operation. */
export function atomic(code: number, old: bigint, src: bigint): bigint | undefined {
	switch (code) {
		case 0x00:
			return old + src;
		case 0x40:
			return old | src;
		case 0x50:
			return old & src;
		case 0xa0:
			return old ^ src;
		default:
			return undefined;
	}
}
