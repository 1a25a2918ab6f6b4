/**
 * Writes programs an instruction at a time, for campaigns: jumps and calls go to labels, kernel functions by name; `finish` makes them instructions.
 *
 *     const w = writer();
 *     const out = w.label();
 *     w.jump(JEQ, 1, 0, out);
 *     w.place(out);
 */
import { encode } from "../../assembler/encode.ts";
import type { Insn } from "../../assembler/spec/insn.ts";
import type { RecordedCase } from "../support/case-image.ts";

/** Operations of arithmetic (the high nibble of the opcode). */
export const ADD = 0x00, SUB = 0x10, MUL = 0x20, DIV = 0x30, OR = 0x40, AND = 0x50, LSH = 0x60, RSH = 0x70, NEG = 0x80, MOD = 0x90, XOR = 0xa0, MOV = 0xb0, ARSH = 0xc0, END = 0xd0;
/** Conditions of jumps. */
export const JEQ = 0x10, JGT = 0x20, JGE = 0x30, JSET = 0x40, JNE = 0x50, JSGT = 0x60, JSGE = 0x70, JLT = 0xa0, JLE = 0xb0, JSLT = 0xc0, JSLE = 0xd0;
export const ALU_OPS = [ADD, SUB, MUL, DIV, OR, AND, LSH, RSH, MOD, XOR, MOV, ARSH];
export const JUMP_OPS = [JEQ, JGT, JGE, JSET, JNE, JSGT, JSGE, JLT, JLE, JSLT, JSLE];
/** Bytes of an access → bits of the opcode. */
export const SIZE: Readonly<Record<number, number>> = { 1: 0x10, 2: 0x08, 4: 0x00, 8: 0x18 };

export type Label = number;

export interface Writer {
	readonly length: number;
	emit(opcode: number, dst: number, src: number, off: number, imm: number): void;
	/** dst = src */
	mov(dst: number, src: number): void;
	/** dst = imm */
	set(dst: number, imm: number): void;
	/** dst op= imm; `wide` 64 bits. */
	alu(op: number, dst: number, imm: number, wide?: boolean): void;
	/** dst op= src */
	aluReg(op: number, dst: number, src: number, wide?: boolean): void;
	load(size: number, dst: number, src: number, off: number): void;
	/** Sign-extending; of 1, 2, 4 bytes. */
	loadSigned(size: number, dst: number, src: number, off: number): void;
	store(size: number, dst: number, off: number, src: number): void;
	storeImm(size: number, dst: number, off: number, imm: number): void;
	/** ld_imm64; `pseudo` 1 map, 2 map value, 3 BTF variable. */
	wide(dst: number, pseudo: number, low: number, high?: number): void;
	/** dst = address of the function at the label */
	func(dst: number, to: Label): void;
	/** op 0: always. */
	jump(op: number, dst: number, imm: number, to: Label, narrow?: boolean): void;
	jumpReg(op: number, dst: number, src: number, to: Label, narrow?: boolean): void;
	mayGoto(to: Label): void;
	call(helper: number): void;
	kfunc(id: number, name: string): void;
	callLocal(to: Label): void;
	exit(): void;
	/** Pushes a pointer to the stack: dst = r10 + off */
	stack(dst: number, off: number): void;
	label(): Label;
	place(label: Label): void;
	/** The function's type, for BTF; where the instructions are now. */
	function(typeId: number): void;
	finish(): Pick<RecordedCase, "insns" | "kfuncs" | "func_info">;
}

export function writer(): Writer {
	const insns: Insn[] = [];
	const places: number[] = [];
	const fixups: { readonly at: number; readonly label: Label; readonly field: "off" | "imm" }[] = [];
	const kfuncs: { insn: number; name: string; btf_id: number }[] = [];
	const functions: [number, number][] = [];
	const emit = (opcode: number, dst: number, src: number, off: number, imm: number): void => void insns.push({ opcode, dst, src, off, imm });
	const to = (label: Label, field: "off" | "imm"): void => void fixups.push({ at: insns.length, label, field });
	return {
		get length() { return insns.length; },
		emit,
		mov: (dst, src) => emit(0xbf, dst, src, 0, 0),
		set: (dst, imm) => emit(0xb7, dst, 0, 0, imm),
		alu: (op, dst, imm, wide = true) => emit(op | (wide ? 7 : 4), dst, 0, 0, imm),
		aluReg: (op, dst, src, wide = true) => emit(op | (wide ? 0xf : 0xc), dst, src, 0, 0),
		load: (size, dst, src, off) => emit(0x61 | SIZE[size], dst, src, off, 0),
		loadSigned: (size, dst, src, off) => emit(0x81 | SIZE[size], dst, src, off, 0),
		store: (size, dst, off, src) => emit(0x63 | SIZE[size], dst, src, off, 0),
		storeImm: (size, dst, off, imm) => emit(0x62 | SIZE[size], dst, 0, off, imm),
		wide(dst, pseudo, low, high = 0) {
			emit(0x18, dst, pseudo, 0, low);
			emit(0, 0, 0, 0, high);
		},
		func(dst, label) {
			to(label, "imm");
			emit(0x18, dst, 4, 0, 0);
			emit(0, 0, 0, 0, 0);
		},
		jump(op, dst, imm, label, narrow = false) {
			to(label, "off");
			emit(op === 0 ? 0x05 : op | (narrow ? 6 : 5), dst, 0, 0, imm);
		},
		jumpReg(op, dst, src, label, narrow = false) {
			to(label, "off");
			emit(op | 8 | (narrow ? 6 : 5), dst, src, 0, 0);
		},
		mayGoto(label) {
			to(label, "off");
			emit(0xe5, 0, 0, 0, 0);
		},
		call: (helper) => emit(0x85, 0, 0, 0, helper),
		kfunc(id, name) {
			kfuncs.push({ insn: insns.length, name, btf_id: id });
			emit(0x85, 0, 2, 0, id);
		},
		callLocal(label) {
			to(label, "imm");
			emit(0x85, 0, 1, 0, 0);
		},
		exit: () => emit(0x95, 0, 0, 0, 0),
		stack(dst, off) {
			emit(0xbf, dst, 10, 0, 0);
			emit(0x07, dst, 0, 0, off);
		},
		label: () => places.push(-1) - 1,
		place: (label) => void (places[label] = insns.length),
		function: (typeId) => void functions.push([insns.length, typeId]),
		finish() {
			for (const { at, label, field } of fixups) {
				if (places[label] < 0) throw new Error(`bug: label ${label} has no place`);
				insns[at] = { ...insns[at], [field]: places[label] - at - 1 };
			}
			return { insns: Buffer.from(encode(insns)).toString("hex"), ...(kfuncs.length > 0 ? { kfuncs } : {}), ...(functions.length > 0 ? { func_info: functions } : {}) };
		},
	};
}
