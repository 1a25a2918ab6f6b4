/**
 * Registers, stack slots and references as the kernel's verifier log prints them: `R1=scalar(smin=0,smax=umax=255,var_off=(0x0; 0xff)) fp-8=mmmm????`.
 *
 * In: a state of ours; out: text that is the kernel's own where both know the same. Words for people are made from this text too, so that a
 * pasted log and a rejection of ours are explained alike.
 * Source: print_reg_state and print_verifier_state of kernel/bpf/log.c, Linux 6.18.
 */
import { nameOf } from "./btf.ts";
import type { Range } from "./range.ts";
import { ADD_CONST_LOW, type Frame, ITER_DRAINED, type Reg, type State, baseId } from "./state.ts";
import { tnumText } from "./tnum.ts";
import {
	CONST_PTR_TO_DYNPTR,
	CONST_PTR_TO_MAP,
	DYNPTR,
	INVALID,
	IRQ,
	ITER,
	NOT_INIT,
	PTR_TO_ARENA,
	PTR_TO_BTF_ID,
	PTR_TO_MAP_KEY,
	PTR_TO_MAP_VALUE,
	PTR_TO_MEM,
	PTR_TO_STACK,
	SCALAR,
	SPILL,
	baseOf,
	isNonOwning,
	isPacket,
	kindAt,
	typeName,
} from "./types.ts";
import { DYNPTR_NAMES } from "./dynptr-kinds.ts";

const S64_MIN = -(1n << 63n);
const S64_MAX = (1n << 63n) - 1n;
const U64 = (1n << 64n) - 1n;
const BYTES = "?rm0dif";
const hex = (value: bigint): string => `0x${BigInt.asUintN(64, value).toString(16)}`;
const signed = (value: bigint): string => (value >= -32768n && value <= 32767n ? String(value) : hex(value));
const unsigned = (value: bigint): string => (value <= 65535n ? String(value) : hex(value));

export function registerText(reg: Reg, frameno: number, precise = false): string {
	const { type, range } = reg;
	const isScalar = type === SCALAR;
	const mark = isScalar && precise ? "P" : "";
	const constant = range.tnum.mask === 0n;
	const value = BigInt.asIntN(64, range.tnum.value);
	if (isScalar && constant) return mark + signed(value);
	const name = typeName(type);
	if (type === PTR_TO_ARENA) return name;
	let head = mark + name;
	if (type === PTR_TO_STACK) {
		if (reg.frameno !== frameno) head += `[${reg.frameno}]`;
		if (constant) return head + signed(value + BigInt(reg.off));
	}
	const base = baseOf(type);
	if (base === PTR_TO_BTF_ID && reg.btf !== null) head += nameOf(reg.btf, reg.btfId);
	const parts: string[] = [];
	if (reg.id !== 0) parts.push(`id=${baseId(reg.id)}${reg.id >= ADD_CONST_LOW ? `${reg.off < 0 ? "" : "+"}${reg.off}` : ""}`);
	if (reg.refObjId !== 0) parts.push(`ref_obj_id=${reg.refObjId}`);
	if (isNonOwning(type)) parts.push("non_own_ref");
	if (reg.map !== null && (base === CONST_PTR_TO_MAP || base === PTR_TO_MAP_KEY || base === PTR_TO_MAP_VALUE)) {
		const { def } = reg.map;
		if (def.name !== "") parts.push(`map=${def.name.slice(0, 15)}`);
		parts.push(`ks=${def.keySize},vs=${def.valueSize}`);
	}
	if (!isScalar && reg.off !== 0) parts.push(`off=${signed(BigInt(reg.off))}`);
	if (isPacket(type)) parts.push(`r=${reg.packetRange < 0 ? hex(BigInt(reg.packetRange)) : unsigned(BigInt(reg.packetRange))}`);
	if (base === PTR_TO_MEM) parts.push(`sz=${unsigned(BigInt(reg.memSize))}`);
	if (type === CONST_PTR_TO_DYNPTR) parts.push(`type=${DYNPTR_NAMES[reg.dynptrType] ?? ""}`);
	if (constant) {
		if (value !== 0n) parts.push(`imm=${signed(value)}`);
	} else {
		parts.push(...bounds(range));
		if (range.tnum.mask !== U64) parts.push(`var_off=${tnumText(range.tnum)}`);
	}
	return `${head}(${parts.join(",")})`;
}

/** Bounds that say something; equal minima, and equal maxima, share one number. */
function bounds(range: Range): string[] {
	const low = (value: number): bigint => (value >= -32768 && value <= 32767 ? BigInt(value) : BigInt(value >>> 0));
	const all: readonly (readonly [name: string, value: bigint, omit: boolean])[] = [
		["smin", range.smin, range.smin === S64_MIN],
		["smax", range.smax, range.smax === S64_MAX],
		["umin", range.umin, range.umin === 0n],
		["umax", range.umax, range.umax === U64],
		["smin32", low(range.s32min), range.s32min === -0x8000_0000],
		["smax32", low(range.s32max), range.s32max === 0x7fff_ffff],
		["umin32", BigInt(range.u32min), range.u32min === 0],
		["umax32", BigInt(range.u32max), range.u32max === 0xffff_ffff],
	];
	const out: string[] = [];
	const done = new Set<number>();
	for (let i = 0; i < all.length; i++) {
		const [name, value, omit] = all[i];
		if (omit || done.has(i)) continue;
		const negative = name[0] === "s" && value < 0n;
		let names = `${name}=`;
		for (let j = i + 2; j < all.length; j += 2) {
			const [other, otherValue, otherOmit] = all[j];
			if (
				otherOmit ||
				done.has(j) ||
				BigInt.asUintN(64, otherValue) !== BigInt.asUintN(64, value) ||
				(other[0] === "s" && otherValue < 0n) !== negative
			)
				continue;
			done.add(j);
			names += `${other}=`;
		}
		out.push(names + (name[0] === "s" ? signed(value) : unsigned(value)));
	}
	return out;
}

/** What of a frame to print; everything when null. */
export interface Changed {
	readonly regs: number;
	readonly slots: ReadonlySet<number>;
}

export function stateText(state: State, frameno: number, changed: Changed | null): string {
	const frame = state.frames[frameno];
	const out: string[] = frameno > 0 ? [` frame${frameno}:`] : [];
	for (let r = 0; r < 11; r++) {
		const reg = frame.regs[r];
		if (reg.type === NOT_INIT || (changed !== null && (changed.regs & (1 << r)) === 0)) continue;
		out.push(` R${r}=${registerText(reg, frameno, (frame.preciseRegs & (1 << r)) !== 0)}`);
	}
	for (let i = 0; i < frame.kinds.length; i++) {
		if (changed !== null && !changed.slots.has(i)) continue;
		const slot = slotText(frame, i);
		if (slot !== null) out.push(` ${slot.at}=${slot.text}`);
		if (kindAt(frame.kinds[i], 7) === DYNPTR) i++;
	}
	const refs = state.refs.filter(({ id }) => id !== 0).map(({ id }) => id);
	if (refs.length > 0 && state.refs[0].id !== 0) out.push(` refs=${refs.join(",")}`);
	if (frame.inCallback) out.push(" cb");
	if (frame.inAsyncCallback) out.push(" async_cb");
	return out.join("");
}

/** Slots of the stack that functions of the kernel own: `fp-16` is "dynptr_local()", `fp-8` "iter_num(…)". */
export function ownedSlots(frame: Frame): Record<string, string> {
	const out: Record<string, string> = {};
	for (let i = 0; i < frame.kinds.length; i++) {
		const kind = kindAt(frame.kinds[i], 7);
		const slot = kind === DYNPTR || kind === ITER || kind === IRQ ? slotText(frame, i) : null;
		if (slot !== null) out[slot.at] = slot.text;
		if (kind === DYNPTR) i++;
	}
	return out;
}

function slotText(frame: Frame, i: number): { readonly at: string; readonly text: string } | null {
	const kinds = frame.kinds[i];
	const reg = frame.slots[i];
	let bytes = "";
	let valid = false;
	// Byte 7 of a slot is its lowest address in the kernel's array order reversed: the text begins with byte 0.
	for (let j = 0; j < 8; j++) {
		const kind = kindAt(kinds, j);
		if (kind !== INVALID) valid = true;
		bytes += BYTES[kind];
	}
	if (!valid) return null;
	const at = `fp${-8 * (i + 1)}`;
	switch (kindAt(kinds, 7)) {
		case SPILL: {
			const first = [...bytes].indexOf("r");
			return { at, text: `${bytes.slice(0, first)}${registerText(reg, frame.frameno, frame.slotIsPrecise(i))}` };
		}
		case DYNPTR: {
			const main = frame.slots[i + 1] ?? reg;
			// The kernel's `dynptr_id` here is the mark of the first slot, which has the same place in its union.

			const parts = [
				...(main.id ? [`id=${main.id}`] : []),
				...(main.refObjId ? [`ref_id=${main.refObjId}`] : []),
				...(main.dynptrFirst ? ["dynptr_id=1"] : []),
			];
			return { at: `fp${-8 * (i + 2)}`, text: `dynptr_${DYNPTR_NAMES[main.dynptrType] ?? ""}(${parts.join(",")})` };
		}
		case ITER:
			if (!reg.refObjId) return null;
			return {
				at,
				text: `iter_${reg.btf === null ? "" : nameOf(reg.btf, reg.btfId).replace(/^bpf_iter_/, "")}(ref_id=${reg.refObjId},state=${reg.iterState === ITER_DRAINED ? "drained" : "active"},depth=${reg.iterDepth})`,
			};
		default:
			return { at, text: bytes };
	}
}
