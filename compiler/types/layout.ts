import { canonical } from "./basic.ts";
import type { CType, Member, RecordBody } from "./types.ts";

/**
 * In: types, the members of a record with their attributes. Out: sizes, alignments and bit offsets.
 * The one idea: a record is filled bit by bit; an ordinary member starts at a multiple of its alignment, a bit-field wherever
 * it does not straddle a storage unit of its declared type (System V x86-64 psABI 3.1.2, which clang's BPF target follows;
 * clang's RecordLayoutBuilder for packed, aligned and `#pragma pack`).
 */

const POINTER_SIZE = 8;

export function sizeOf(type: CType): number {
	const t = canonical(type);
	switch (t.kind) {
		case "void":
		case "function":
			return 1; // GNU C: arithmetic on void * and on function pointers counts bytes.
		case "int":
		case "float":
			return t.size;
		case "pointer":
			return POINTER_SIZE;
		case "array":
			return t.length === null ? 0 : t.length * sizeOf(t.element);
		case "record":
			return t.body?.size ?? 0;
		case "enum":
			return t.body?.underlying.size ?? 4;
	}
}

export function alignOf(type: CType): number {
	let t = type;
	for (;;) {
		switch (t.kind) {
			case "typedef":
				// `aligned(n)` on a typedef changes the alignment of what it names, up or down.
				if (t.align !== undefined) return t.align;
				t = t.target;
				continue;
			case "qualified":
			case "tagged":
				t = t.target;
				continue;
			case "array":
				t = t.element;
				continue;
			case "void":
			case "function":
				return 1;
			case "int":
			case "float":
				return t.size;
			case "pointer":
				return POINTER_SIZE;
			case "record":
				return t.body?.align ?? 1;
			case "enum":
				return t.body?.underlying.size ?? 4;
		}
	}
}

export interface MemberPlan {
	readonly name: string | null;
	readonly type: CType;
	readonly bits: number | null;
	/** `aligned(n)` on the member; 0 when none. */
	readonly align: number;
	readonly packed: boolean;
	readonly declTags: readonly string[];
}

export interface RecordPlan {
	readonly union: boolean;
	readonly members: readonly MemberPlan[];
	readonly packed: boolean;
	/** `aligned(n)` on the record; 0 when none. */
	readonly align: number;
	/** `#pragma pack(n)`; 0 when none. */
	readonly pack: number;
}

const up = (value: number, to: number): number => Math.ceil(value / to) * to;

/** Everything in bits until the end. */
export function layOut(plan: RecordPlan): RecordBody {
	const members: Member[] = [];
	/** First free bit; after a bit-field it may lie within a byte. */
	let at = 0;
	let size = 0;
	let align = 1;
	for (const m of plan.members) {
		const packed = plan.packed || m.packed;
		const natural = alignOf(m.type);
		let fieldAlign = packed && m.bits !== 0 ? 1 : natural;
		fieldAlign = Math.max(fieldAlign, m.align);
		if (plan.pack && m.bits !== 0) {
			// clang: under `#pragma pack` a packed bit-field is aligned as if it were not packed.
			if (packed && m.bits !== null) fieldAlign = Math.max(natural, m.align);
			fieldAlign = Math.min(fieldAlign, plan.pack);
		}
		let bitOffset: number;
		if (m.bits !== null) {
			const unit = sizeOf(m.type) * 8;
			const bitAlign = packed && m.bits !== 0 && m.align === 0 && plan.pack === 0 ? 1 : fieldAlign * 8;
			bitOffset = plan.union ? 0 : at;
			const mayPad = plan.pack === 0;
			if (m.bits === 0 || (mayPad && (bitOffset % bitAlign) + m.bits > unit)) bitOffset = up(bitOffset, bitAlign);
			else if (m.align > 0 && (plan.pack === 0 || m.align <= plan.pack)) bitOffset = up(bitOffset, m.align * 8);
			// An unnamed bit-field moves its followers but does not align the record.
			if (m.name === null) fieldAlign = 1;
			at = bitOffset + m.bits;
		} else {
			bitOffset = plan.union ? 0 : up(up(at, 8), fieldAlign * 8);
			at = bitOffset + sizeOf(m.type) * 8;
		}
		align = Math.max(align, fieldAlign);
		size = Math.max(size, at);
		members.push({ name: m.name, type: m.type, bitOffset, bitWidth: m.bits, declTags: m.declTags, ...(packed ? { packed } : {}) });
	}
	align = Math.max(align, plan.align);
	return { members, size: up(Math.ceil(size / 8), align), align };
}
