/**
 * An abstract register: a number of which bits and bounds are known, or a pointer to something.
 *
 * A `Reg` never changes once it is in a frame: whoever changes a register puts a new one in its place (`reg.copy()` then set fields), so that states
 * share registers freely.
 * Source: struct bpf_reg_state of include/linux/bpf_verifier.h.
 */
import type { TypeSource } from "./btf.ts";
import type { MapInfo } from "./maps.ts";
import { type Range, isZero, rangeConstNumber, unbounded, unsignedBelow32, zero } from "./range.ts";
import { NOT_INIT, SCALAR } from "./types.ts";

/** In `Reg.id` of a scalar: the value is that of its id plus `off`. */
export const ADD_CONST = 0x8000_0000;
/** The same of the low 32 bits, zero-extended. */
export const ADD_CONST_LOW = 0x4000_0000;
export const baseId = (id: number): number => id % ADD_CONST_LOW;
export const isAddConst = (id: number): boolean => id >= ADD_CONST_LOW;
export const isAddConstLow = (id: number): boolean => id >= ADD_CONST_LOW && id < ADD_CONST;

/** Packet pointers compared with packet_end: how far they may be read, or (negative) on which side of the end they are known to be. */
export const AT_PKT_END = -1;
export const BEYOND_PKT_END = -2;

export const ITER_ACTIVE = 1;
export const ITER_DRAINED = 2;

/** What only some kinds of pointers have. Shared by all registers that have the same, and never changed. */
class Traits {
	/** Frame of a stack pointer. */
	frameno = 0;
	map: MapInfo | null = null;
	mapUid = 0;
	memSize = 0;
	btf: TypeSource | null = null;
	btfId = 0;
	/** Slice of a dynptr: that dynptr's id. */
	dynptrId = 0;
	dynptrType = 0;
	dynptrFirst = false;
	iterState = 0;
	iterDepth = 0;
	irqClass = 0;
	subprog = 0;

	copy(): Traits {
		const t = new Traits();
		t.frameno = this.frameno;
		t.map = this.map;
		t.mapUid = this.mapUid;
		t.memSize = this.memSize;
		t.btf = this.btf;
		t.btfId = this.btfId;
		t.dynptrId = this.dynptrId;
		t.dynptrType = this.dynptrType;
		t.dynptrFirst = this.dynptrFirst;
		t.iterState = this.iterState;
		t.iterDepth = this.iterDepth;
		t.irqClass = this.irqClass;
		t.subprog = this.subprog;
		return t;
	}
}

const none = new Traits();

/** Most registers are numbers, and made by the thousand: what they do not need is kept apart, in `Traits`. */
export class Reg {
	type: number;
	/** Constant part of a pointer's offset; of a linked scalar, its distance from the one that gave the id. */
	off: number;
	/** The scalar, or the variable part of a pointer's offset. */
	range: Range;
	/** Pointers that are null together, packet pointers of one origin, scalars of one value. */
	id: number;
	refObjId: number;
	/** Bytes proven readable behind a packet pointer, or AT_/BEYOND_PKT_END. */
	packetRange: number;
	private traits: Traits;

	constructor(type: number, off: number, range: Range, id: number, refObjId: number, packetRange: number, traits: Traits = none) {
		this.type = type;
		this.off = off;
		this.range = range;
		this.id = id;
		this.refObjId = refObjId;
		this.packetRange = packetRange;
		this.traits = traits;
	}

	copy(): Reg {
		return new Reg(this.type, this.off, this.range, this.id, this.refObjId, this.packetRange, this.traits);
	}

	/** The same with another range. */
	withRange(range: Range): Reg {
		return new Reg(this.type, this.off, range, this.id, this.refObjId, this.packetRange, this.traits);
	}

	/** Whether all but the range and the ids, and the frame, is the same. */
	sameKind(other: Reg): boolean {
		if (this.type !== other.type || this.off !== other.off || this.packetRange !== other.packetRange) return false;
		const a = this.traits;
		const b = other.traits;
		return (
			a === b ||
			(a.map === b.map &&
				a.mapUid === b.mapUid &&
				a.memSize === b.memSize &&
				a.btf === b.btf &&
				a.btfId === b.btfId &&
				a.dynptrId === b.dynptrId &&
				a.dynptrType === b.dynptrType &&
				a.dynptrFirst === b.dynptrFirst &&
				a.iterState === b.iterState &&
				a.iterDepth === b.iterDepth &&
				a.irqClass === b.irqClass &&
				a.subprog === b.subprog)
		);
	}

	/** A copy of the traits to set one in. */
	private get own(): Traits {
		return (this.traits = this.traits.copy());
	}

	get frameno(): number {
		return this.traits.frameno;
	}

	set frameno(value: number) {
		if (this.traits.frameno !== value) this.own.frameno = value;
	}

	get map(): MapInfo | null {
		return this.traits.map;
	}

	set map(value: MapInfo | null) {
		if (this.traits.map !== value) this.own.map = value;
	}

	get mapUid(): number {
		return this.traits.mapUid;
	}

	set mapUid(value: number) {
		if (this.traits.mapUid !== value) this.own.mapUid = value;
	}

	get memSize(): number {
		return this.traits.memSize;
	}

	set memSize(value: number) {
		if (this.traits.memSize !== value) this.own.memSize = value;
	}

	get btf(): TypeSource | null {
		return this.traits.btf;
	}

	set btf(value: TypeSource | null) {
		if (this.traits.btf !== value) this.own.btf = value;
	}

	get btfId(): number {
		return this.traits.btfId;
	}

	set btfId(value: number) {
		if (this.traits.btfId !== value) this.own.btfId = value;
	}

	get dynptrId(): number {
		return this.traits.dynptrId;
	}

	set dynptrId(value: number) {
		if (this.traits.dynptrId !== value) this.own.dynptrId = value;
	}

	get dynptrType(): number {
		return this.traits.dynptrType;
	}

	set dynptrType(value: number) {
		if (this.traits.dynptrType !== value) this.own.dynptrType = value;
	}

	get dynptrFirst(): boolean {
		return this.traits.dynptrFirst;
	}

	set dynptrFirst(value: boolean) {
		if (this.traits.dynptrFirst !== value) this.own.dynptrFirst = value;
	}

	get iterState(): number {
		return this.traits.iterState;
	}

	set iterState(value: number) {
		if (this.traits.iterState !== value) this.own.iterState = value;
	}

	get iterDepth(): number {
		return this.traits.iterDepth;
	}

	set iterDepth(value: number) {
		if (this.traits.iterDepth !== value) this.own.iterDepth = value;
	}

	get irqClass(): number {
		return this.traits.irqClass;
	}

	set irqClass(value: number) {
		if (this.traits.irqClass !== value) this.own.irqClass = value;
	}

	get subprog(): number {
		return this.traits.subprog;
	}

	set subprog(value: number) {
		if (this.traits.subprog !== value) this.own.subprog = value;
	}
}

// Shared, and not frozen: frozen objects have a shape of their own, and every access would meet two.
export const notInit = new Reg(NOT_INIT, 0, unbounded, 0, 0, 0);
export const unknownScalar = scalar(unbounded);
export const unknownScalar32 = scalar(unsignedBelow32);
export const zeroScalar = scalar(zero);

export function scalar(range: Range): Reg {
	return new Reg(SCALAR, 0, range, 0, 0, 0);
}

/** The same, not to be changed: shared where many have the range. */
export function scalarOf(range: Range): Reg {
	if (range === unbounded) return unknownScalar;
	return range === unsignedBelow32 ? unknownScalar32 : scalar(range);
}

const immediates: Reg[] = [];
for (let i = -256; i <= 1024; i++) immediates.push(scalar(rangeConstNumber(i)));

/** One number, within ±2^53; shared when it is small. */
export function constScalar(value: number): Reg {
	return value >= -256 && value <= 1024 ? immediates[value + 256] : scalar(rangeConstNumber(value));
}

/** A pointer of the type with offset 0. */
export function pointer(type: number): Reg {
	return new Reg(type, 0, zero, 0, 0, 0);
}

export function isNull(reg: Reg): boolean {
	return reg.type === SCALAR && isZero(reg.range);
}
