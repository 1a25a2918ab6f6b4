/**
 * Arithmetic that the engines compute in forms of their own, at the edges of those forms, beside BigInt: products by literals, quotients by
 * small divisors, loads whose bytes are reversed at once.
 */
import { describe, expect, it } from "vitest";
import type { Insn } from "../../assembler/spec/insn.ts";
import { bareImage } from "../../test/support/image.ts";
import { Machine } from "../machine.ts";
import { exchange } from "../memory.ts";
import type { Engine } from "../program.ts";
import { divider, plainDivider } from "./js/divide.ts";
import { createJsEngine } from "./js.ts";
import { createWasmEngine } from "./wasm.ts";

const machine = new Machine();
const memory = machine.memory.alloc(16, 8, "memory");
const engines: readonly (readonly [string, () => Engine])[] = [
	["js", () => createJsEngine({ checked: false, fuel: null })],
	["js, checked", () => createJsEngine({ checked: true })],
	["wasm", () => createWasmEngine({ checked: false, fuel: null })],
];
const insn = (opcode: number, dst: number, src: number, off: number, imm: number): Insn => ({ opcode, dst, src, off, imm });
const EXIT = insn(0x95, 0, 0, 0, 0);
const LOAD = insn(0x79, 0, 1, 0, 0);
/** r2 := a 64-bit immediate. */
const immediate = (value: bigint): Insn[] => [insn(0x18, 2, 0, 0, Number(BigInt.asIntN(32, value))), insn(0, 0, 0, 0, Number(BigInt.asIntN(32, value >> 32n)))];

const EDGES = [0n, 1n, 2n, 0xffffn, 0x10000n, 0xfffffn, 0x1fffffn, 0x200000n, 0x7fffffffn, 0x80000000n, 0xffffffffn, 0x100000000n, 0x1fffffffffffffn, 0x20000000000000n, 0x7fffffffffffffffn, 0x8000000000000000n, 0xc6a4a7935bd1e995n, 0xfffffffeffffffffn, 0xffffffffffffffffn];
/** Edges and numbers between them, the same ones each time. */
const NUMBERS = [...EDGES, ...EDGES.map((edge, i) => BigInt.asUintN(64, (edge + 1n) * 0x9e3779b97f4a7c15n + BigInt(i)))];

const U64 = 2n ** 64n;

/** Numbers whose product with an odd literal has a low word just below and above a multiple of 2^32, the hardest for doubles. */
function beside(literal: bigint): bigint[] {
	let inverse = 1n;
	for (let i = 0; i < 6; i++) inverse = BigInt.asUintN(32, inverse * (2n - inverse * literal));
	return [-3n, -2n, -1n, 0n, 1n, 2n].map((low) => BigInt.asUintN(32, inverse * low) | 0x1234567800000000n);
}

/** Numbers around large multiples of a divisor. */
const around = (divisor: bigint): bigint[] => [U64 / divisor, U64 / divisor / 2n, 0xffffffffn, 0x100000000n].flatMap((k) => [k * divisor - 1n, k * divisor]).filter((x) => x < U64);

/** r0 of the program for each number in memory. */
function outcomes(engine: Engine, insns: readonly Insn[], numbers: readonly bigint[] = NUMBERS): bigint[] {
	const entry = engine.prepare({ image: bareImage("arithmetic", insns), machine, maps: [], ksyms: new Map(), facts: null });
	return numbers.map((number) => {
		machine.memory.view.setBigUint64(memory, number, true);
		const low = entry(memory, 16);
		return (BigInt(machine.memory.i32[exchange.result >> 2] >>> 0) << 32n) | BigInt(low >>> 0);
	});
}

describe.each(engines)("on %s", (_, make) => {
	it.each(NUMBERS)("products by the literal %d", (literal) => {
		const numbers = [...NUMBERS, ...beside(literal | 1n)];
		expect(outcomes(make(), [LOAD, ...immediate(literal), insn(0x2f, 0, 2, 0, 0), EXIT], numbers)).toEqual(numbers.map((x) => BigInt.asUintN(64, x * literal)));
	});

	it.each([16, 20, 21, 22, 24, 31, 32])("products of numbers of 32 and %d bits", (bits) => {
		const factors = [insn(0x61, 0, 1, 0, 0), insn(0x61, 2, 1, 4, 0), insn(0x67, 2, 0, 0, 64 - bits), insn(0x77, 2, 0, 0, 64 - bits)];
		const most = 2n ** BigInt(bits) - 1n;
		const numbers = [...NUMBERS, ...[most, most - 2n, most >> 1n].flatMap((factor) => beside(factor | 1n).map((x) => (x & 0xffffffffn) | (factor << 32n)))];
		expect(outcomes(make(), [...factors, insn(0x2f, 0, 2, 0, 0), EXIT], numbers)).toEqual(numbers.map((x) => (x & 0xffffffffn) * ((x >> 32n) & most)));
	});

	it.each([0, 1, 4, 5, 6])("sums of products, doubled %d times: 3, 6, 48, 96 and 192 of them", (doublings) => {
		const factors = [insn(0x61, 3, 1, 0, 0), insn(0x61, 4, 1, 4, 0)];
		const product = (dst: number, a: number, c: number): Insn[] => [insn(0xbf, dst, a, 0, 0), insn(0x2f, dst, c, 0, 0)];
		const add = (dst: number, src: number): Insn => insn(0x0f, dst, src, 0, 0);
		const doubled = Array.from({ length: doublings }, () => add(0, 0));
		const program = [...factors, ...product(0, 3, 4), ...product(2, 3, 3), add(0, 2), ...product(5, 4, 4), add(0, 5), ...doubled];
		const numbers = [...NUMBERS, ...beside(0xffffffffn), ...beside(0x80000001n)];
		const [word, upper] = [(x: bigint) => x & 0xffffffffn, (x: bigint) => x >> 32n];
		const sum = (x: bigint): bigint => BigInt.asUintN(64, (word(x) * upper(x) + word(x) ** 2n + upper(x) ** 2n) << BigInt(doublings));
		expect(outcomes(make(), [...program, EXIT], numbers)).toEqual(numbers.map(sum));
		// What was added is asked for afterwards, and is itself a sum that goes on in the next block.
		expect(outcomes(make(), [...program, add(2, 5), insn(0xaf, 0, 2, 0, 0), insn(0x15, 4, 0, 1, 7), add(0, 5), EXIT], numbers)).toEqual(
			numbers.map((x) => BigInt.asUintN(64, (sum(x) ^ BigInt.asUintN(64, word(x) ** 2n + upper(x) ** 2n)) + (upper(x) === 7n ? 0n : upper(x) ** 2n))),
		);
	});

	it.each([1n, 2n, 3n, 10n, 1000n, 1_000_000n, 0x1ffffen, 0x1fffffn, 0x200000n, 0x200001n, 0x3fffffn])("quotients and remainders by %d", (divisor) => {
		const numbers = [...NUMBERS, ...around(divisor)];
		expect(outcomes(make(), [LOAD, insn(0x37, 0, 0, 0, Number(divisor)), EXIT], numbers)).toEqual(numbers.map((x) => x / divisor));
		expect(outcomes(make(), [LOAD, insn(0x97, 0, 0, 0, Number(divisor)), EXIT], numbers)).toEqual(numbers.map((x) => x % divisor));
	});

	it("quotients and remainders by a register between 1 and 2^21 − 1", () => {
		const divisor = [insn(0xbf, 2, 0, 0, 0), insn(0x57, 2, 0, 0, 0x1ffffe), insn(0x47, 2, 0, 0, 1)];
		const by = (x: bigint): bigint => (x & 0x1ffffen) | 1n;
		expect(outcomes(make(), [LOAD, ...divisor, insn(0x3f, 0, 2, 0, 0), EXIT])).toEqual(NUMBERS.map((x) => x / by(x)));
		expect(outcomes(make(), [LOAD, ...divisor, insn(0x9f, 0, 2, 0, 0), EXIT])).toEqual(NUMBERS.map((x) => x % by(x)));
		// The divisor where the quotient goes.
		expect(outcomes(make(), [LOAD, ...divisor, insn(0x3f, 0, 2, 0, 0), insn(0x3f, 2, 2, 0, 0), insn(0x0f, 0, 2, 0, 0), EXIT])).toEqual(NUMBERS.map((x) => x / by(x) + 1n));
	});

	// The count is what the number's top byte says, within bounds that the analysis sees: below 32, from 32 on, and either.
	it.each([
		[0, 31],
		[32, 31],
		[0, 63],
		[0, 7],
		[56, 7],
	])("shifts by %d and what the mask %d leaves", (least, mask) => {
		const count = [insn(0xbf, 2, 0, 0, 0), insn(0x77, 2, 0, 0, 56), insn(0x57, 2, 0, 0, mask), insn(0x47, 2, 0, 0, least)];
		const by = (x: bigint): bigint => ((x >> 56n) & BigInt(mask)) | BigInt(least);
		const numbers = NUMBERS.flatMap((x) => [0n, 1n, 31n, 32n, 33n, 63n].map((k) => (x & 0xffffffffffffffn) | (k << 56n)));
		const narrow = [insn(0xbc, 0, 0, 0, 0)];
		for (const [opcode, expected] of [
			[0x6f, (x: bigint, k: bigint) => BigInt.asUintN(64, x << k)],
			[0x7f, (x: bigint, k: bigint) => x >> k],
			[0xcf, (x: bigint, k: bigint) => BigInt.asUintN(64, BigInt.asIntN(64, x) >> k)],
		] as const) {
			expect(outcomes(make(), [LOAD, ...count, insn(opcode, 0, 2, 0, 0), EXIT], numbers)).toEqual(numbers.map((x) => expected(x, by(x))));
			// Of a number whose high word is known to be 0, and where nobody asks for the high word of the result.
			expect(outcomes(make(), [LOAD, ...count, ...narrow, insn(opcode, 0, 2, 0, 0), EXIT], numbers)).toEqual(numbers.map((x) => expected(x & 0xffffffffn, by(x))));
			expect(outcomes(make(), [LOAD, ...count, insn(opcode, 0, 2, 0, 0), ...narrow, EXIT], numbers)).toEqual(numbers.map((x) => expected(x, by(x)) & 0xffffffffn));
		}
	});

	it.each([
		[2, 0x69],
		[4, 0x61],
		[8, 0x79],
	])("%d bytes loaded and reversed, by be and by bswap", (size, load) => {
		const reversed = (x: bigint): bigint => {
			let result = 0n;
			for (let i = 0n; i < size; i++) result = (result << 8n) | ((x >> (8n * i)) & 255n);
			return result;
		};
		for (const opcode of [0xdc, 0xd7]) {
			expect(outcomes(make(), [insn(load, 0, 1, 0, 0), insn(opcode, 0, 0, 0, size * 8), EXIT])).toEqual(NUMBERS.map(reversed));
			// Into the register that the address comes from, and what the load left is not asked for otherwise.
			expect(outcomes(make(), [insn(load, 1, 1, 0, 0), insn(opcode, 1, 0, 0, size * 8), insn(0xbf, 0, 1, 0, 0), insn(0x47, 0, 0, 0, 1), EXIT])).toEqual(NUMBERS.map((x) => reversed(x) | 1n));
		}
	});
});

describe("division", () => {
	it("by BigInt is division by Wasm", () => {
		const [wasm, plain] = [divider(), plainDivider()];
		const words = (value: bigint): [number, number] => [Number(BigInt.asIntN(32, value)), Number(BigInt.asIntN(32, value >> 32n))];
		for (const a of NUMBERS) {
			for (const b of NUMBERS) {
				for (const name of ["udiv", "umod", "sdiv", "smod"] as const) {
					const [one, other] = [wasm, plain].map((by) => [by[name](...words(a), ...words(b)), by.Q[0]]);
					expect(other, `${name} ${a} ${b}`).toEqual(one);
				}
			}
		}
	});
});
