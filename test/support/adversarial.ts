/**
 * Programs that make a verifier work: they end in its limits, and what counts is how much time and memory that takes.
 *
 * Out: by name, the instructions and kernel functions of a program of each kind: paths that never meet, loops without end, full stacks, eight frames,
 * iterators in iterators, callbacks, chains of calls, code without branches.
 */
import type { BtfType } from "../../assembler/btf/types.ts";
import type { Insn } from "../../assembler/spec/insn.ts";
import type { ProgramImage } from "../../runtime/image.ts";
import { bareImage } from "./image.ts";

const insn = (opcode: number, dst = 0, src = 0, off = 0, imm = 0): Insn => ({ opcode, dst, src, off, imm });
const set = (dst: number, imm: number): Insn => insn(0xb7, dst, 0, 0, imm);
const move = (dst: number, src: number): Insn => insn(0xbf, dst, src);
const add = (dst: number, imm: number): Insn => insn(0x07, dst, 0, 0, imm);
const addReg = (dst: number, src: number): Insn => insn(0x0f, dst, src);
const and = (dst: number, imm: number): Insn => insn(0x57, dst, 0, 0, imm);
const store = (off: number, src: number): Insn => insn(0x7b, 10, src, off);
const load = (dst: number, src: number, off: number): Insn => insn(0x79, dst, src, off);
const random = (): Insn => insn(0x85, 0, 0, 0, 7);
const ifEqual = (dst: number, imm: number, off: number): Insn => insn(0x15, dst, 0, off, imm);
const ifNot = (dst: number, imm: number, off: number): Insn => insn(0x55, dst, 0, off, imm);
const ifAbove = (dst: number, imm: number, off: number): Insn => insn(0x25, dst, 0, off, imm);
const exit = (): Insn => insn(0x95);
/** Back to `top` for a hundred million turns of r6. */
const turn = (code: Insn[], top: number): void => {
	code.push(add(6, 1));
	code.push(insn(0xa5, 6, 0, top - code.length - 1, 100_000_000));
};
const readAll = (code: Insn[], slots: number): void => {
	for (let s = 1; s <= slots; s++) code.push(load(1, 10, -8 * s));
	code.push(set(0, 0), exit());
};

/** Function by function; `call(f)` stands for a call of the f-th. */
function functions(count: number, body: (f: number, code: Insn[], call: (to: number) => void) => void): Insn[] {
	const code: Insn[] = [];
	const starts: number[] = [];
	const calls: { readonly at: number; readonly to: number }[] = [];
	for (let f = 0; f < count; f++) {
		starts.push(code.length);
		body(f, code, (to) => {
			calls.push({ at: code.length, to });
			code.push(exit());
		});
	}
	for (const { at, to } of calls) code[at] = insn(0x85, 0, 1, 0, starts[to] - at - 1);
	return code;
}

/** Ten calls in each of eight functions, each with a slot of its caller's; the last function has `tail` instructions that are jumped over. */
const callChains = (tail: number): Insn[] =>
	functions(8, (f, code, call) => {
		if (f > 0) code.push(load(2, 1, 0));
		code.push(set(3, 1), store(-8, 3));
		if (f === 7 && tail > 0) {
			code.push(ifEqual(3, 1, tail));
			for (let i = 0; i < tail; i++) code.push(store(-8, 3));
		}
		for (let c = 0; f < 7 && c < 10; c++) {
			code.push(move(1, 10), add(1, -8));
			call(f + 1);
		}
		code.push(set(0, 0), exit());
	});

/** Unknown scalars to slot after slot, with jumps whose way is known, until the code is full. */
function unrolled(code: Insn[], slots: number, length: number): void {
	code.push(set(7, 0));
	for (let s = 0; code.length < length; s += 2) {
		code.push(random(), store(-8 * ((s % slots) + 1), 0), ifNot(7, 0, 0), ifNot(7, 0, 0), random(), store(-8 * (((s + 1) % slots) + 1), 0), ifNot(7, 0, 0));
	}
}

const programs: Readonly<Record<string, () => Insn[]>> = {
	"paths that never meet": () => {
		const code = [set(6, 0)];
		for (let i = 0; i < 24; i++) code.push(random(), ifNot(0, 0, 1), add(6, 1 << i));
		return [...code, move(1, 10), and(6, 0x38), addReg(1, 6), insn(0x7a, 1, 0, -64, 0), set(0, 0), exit()];
	},
	"loop without end": () => [set(6, 0), add(6, 1), insn(0xa5, 6, 0, -2, 100_000_000), set(0, 0), exit()],
	"loop over a full stack": () => {
		const code = [set(6, 0)];
		for (let s = 1; s <= 63; s++) code.push(random(), store(-8 * s, 0));
		turn(code, 1);
		readAll(code, 63);
		return code;
	},
	"branches over a full stack": () => {
		const code = [set(6, 0)];
		for (let s = 1; s <= 63; s++) code.push(random(), store(-8 * s, 0), ifAbove(0, s, 0), ifAbove(0, s + 100, 0));
		turn(code, 1);
		readAll(code, 63);
		return code;
	},
	"sixty exact slots": () => {
		const code: Insn[] = [];
		for (let s = 1; s <= 60; s++) code.push(random(), and(0, 1), store(-8 * s, 0), ifNot(0, 0, 0));
		for (let s = 1; s <= 60; s++) code.push(load(1, 10, -8 * s), and(1, 7), move(2, 10), addReg(2, 1), insn(0x72, 2, 0, -8, 1));
		return [...code, set(0, 0), exit()];
	},
	"eight frames": () =>
		functions(8, (f, code, call) => {
			for (let s = 1; s <= 7; s++) code.push(random(), store(-8 * s, 0));
			if (f < 7) call(f + 1);
			else {
				code.push(set(6, 0));
				const top = code.length;
				for (let s = 1; s <= 7; s++) code.push(random(), store(-8 * s, 0));
				turn(code, top);
			}
			readAll(code, 7);
		}),
	"a million chains of calls": () => callChains(0),
	"long functions in a million chains": () => callChains(20_000),
	"no branch": () => [...Array.from({ length: 999_999 }, (_, i) => set(0, i)), exit()],
	"a state every eight instructions": () => {
		const code: Insn[] = [];
		unrolled(code, 63, 999_900);
		readAll(code, 63);
		return code;
	},
	"the same in eight frames": () =>
		functions(8, (f, code, call) => {
			for (let s = 1; s <= 7; s++) code.push(random(), store(-8 * s, 0));
			if (f < 7) call(f + 1);
			else unrolled(code, 7, 999_000);
			readAll(code, 7);
		}),
	"more branches than may wait": () => {
		const code = [random(), move(6, 0), set(7, 0)];
		for (let i = 0; i < 100_000; i++) code.push(ifEqual(6, i, 1), add(7, 0));
		return [...code, set(0, 0), exit()];
	},
};

const CALLBACKS = "callbacks that come round";

/** A callback over a full stack of its caller, with 65,536 paths that never meet, all of which come round: within the budget, and walked twice. */
function callbacks(): ProgramImage {
	const code: Insn[] = [];
	for (let s = 1; s <= 55; s++) code.push(random(), store(-8 * s, 0));
	code.push(set(1, 1000), insn(0x18, 2, 4, 0, 0), insn(0), move(3, 10), add(3, -440), set(4, 0), insn(0x85, 0, 0, 0, 181));
	readAll(code, 55);
	const address = code.findIndex(({ opcode }) => opcode === 0x18);
	const step = code.length;
	code[address] = insn(0x18, 2, 4, 0, step - address - 1);
	code.push(set(6, 0));
	for (let i = 0; i < 16; i++) code.push(random(), ifNot(0, 0, 1), add(6, 1 << i));
	code.push(move(1, 10), and(6, 0x38), addReg(1, 6), insn(0x7a, 1, 0, -64, 0), set(0, 0), exit());
	const types: BtfType[] = [
		{ kind: "void" },
		{ kind: "int", name: "int", size: 4, bits: 32, offset: 0, encoding: 1 },
		{ kind: "func_proto", result: 1, params: [] },
		{ kind: "func", name: "f", type: 2, linkage: "static" },
	];
	return bareImage(CALLBACKS, code, { btf: { types } as NonNullable<ProgramImage["btf"]>, funcInfo: [[0, 3], [step, 3]] });
}

export const ADVERSARIES: readonly string[] = [...Object.keys(programs), CALLBACKS];

export function adversary(name: string): ProgramImage {
	return name === CALLBACKS ? callbacks() : bareImage(name, programs[name]());
}

export const ITERATORS = "iterators in iterators";

/** Seven loops in one another, each turn with new scalars on the stack; `id` is a kernel function's in the kernel's BTF. */
export function nestedIterators(id: (name: string) => number): ProgramImage {
	const code: Insn[] = [set(6, 0)];
	const kfuncs: { insn: number; name: string; btfId: number }[] = [];
	const call = (name: string): void => {
		kfuncs.push({ insn: code.length, name, btfId: id(name) });
		code.push(insn(0x85, 0, 2, 0, id(name)));
	};
	const iterator = (depth: number): void => {
		code.push(move(1, 10), add(1, -8 * (depth + 1)));
	};
	for (let s = 9; s <= 50; s++) code.push(random(), store(-8 * s, 0));
	const nest = (depth: number): void => {
		iterator(depth);
		code.push(set(2, 0), set(3, 1000));
		call("bpf_iter_num_new");
		const top = code.length;
		iterator(depth);
		call("bpf_iter_num_next");
		const done = code.length;
		code.push(exit());
		for (let s = 9; s <= 20; s++) code.push(random(), store(-8 * (s + depth * 4), 0));
		code.push(random(), ifAbove(0, 5, 1), add(6, 1));
		if (depth < 6) nest(depth + 1);
		code.push(insn(0x05, 0, 0, top - code.length - 1));
		code[done] = ifEqual(0, 0, code.length - done - 1);
		iterator(depth);
		call("bpf_iter_num_destroy");
	};
	nest(0);
	code.push(move(1, 10), and(6, 8), addReg(1, 6), insn(0x7a, 1, 0, -480, 0), set(0, 0), exit());
	return { ...bareImage(ITERATORS, code), type: 3, kfuncs };
}
