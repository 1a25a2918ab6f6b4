/**
 * A section of an assembly file while it grows: a run of bytes with holes, and the places that symbols go into.
 *
 * It is a list of fragments, so that a `.uleb128` of a label difference can still change its length; a label is a fragment and
 * an offset in it. `place` fixes all offsets; only then do labels have addresses.
 */
import { FormatError } from "../bytes.ts";
import { SHF, SHT } from "../spec/elf.ts";
import type { Value } from "./cursor.ts";

/** How the bytes at a fixup take their value; the first three belong to instructions. */
export type FixupKind = "off" | "imm_jump" | "call" | "imm64" | "imm" | "data1" | "data2" | "data4" | "data8";

export interface Fixup {
	readonly kind: FixupKind;
	readonly label: Label;
	readonly value: Value;
	readonly line: number;
	readonly column: number;
}

export interface Label {
	readonly section: SectionBuilder;
	readonly fragment: number;
	readonly offset: number;
}

interface Fragment {
	/** The bytes are `data[start, end)` of the section's buffer. */
	readonly start: number;
	end: number;
	readonly uleb?: { readonly value: Value; readonly signed: boolean };
	/** Set by `place`. */
	address: number;
	size: number;
}

export class SectionBuilder {
	readonly name: string;
	readonly type: number;
	readonly flags: number;
	readonly entsize: number;
	align: number;
	/** When it was begun, among sections and symbols; from 0. */
	rank = 0;
	readonly fixups: Fixup[] = [];
	private bytes = new Uint8Array(256);
	private length = 0;
	private fragments: Fragment[] = [{ start: 0, end: 0, address: 0, size: 0 }];

	constructor(name: string, type: number, flags: number, entsize: number, align = 1) {
		this.name = name;
		this.type = type;
		this.flags = flags;
		this.entsize = entsize;
		this.align = align;
	}
	here(): Label {
		const last = this.fragments.length - 1;
		return { section: this, fragment: last, offset: this.length - this.fragments[last].start };
	}
	private reserve(count: number): number {
		const at = this.length;
		this.length += count;
		if (this.length > 1 << 28) throw new FormatError(`section ${this.name} is larger than 256 MB`, 0);
		if (this.length > this.bytes.length) {
			const next = new Uint8Array(Math.max(this.length, this.bytes.length * 2));
			next.set(this.bytes.subarray(0, at));
			this.bytes = next;
		}
		this.fragments[this.fragments.length - 1].end = this.length;
		return at;
	}
	put(data: Uint8Array): void {
		const at = this.reserve(data.length);
		this.bytes.set(data, at);
	}
	integer(value: bigint | number, size: number, little: boolean): void {
		const at = this.reserve(size);
		if (typeof value === "number" && size <= 4)
			for (let i = 0; i < size; i++) this.bytes[at + (little ? i : size - 1 - i)] = value >> (8 * i);
		else
			for (let i = 0, v = BigInt.asUintN(64, BigInt(value)); i < size; i++, v >>= 8n)
				this.bytes[at + (little ? i : size - 1 - i)] = Number(v & 0xffn);
	}
	fill(count: number, byte = 0): void {
		const at = this.reserve(count);
		if (byte !== 0) this.bytes.fill(byte, at, at + count);
	}
	uleb(value: Value, signed: boolean): void {
		this.fragments.push({ start: this.length, end: this.length, uleb: { value, signed }, address: 0, size: 1 });
		this.fragments.push({ start: this.length, end: this.length, address: 0, size: 0 });
	}
	alignTo(to: number, fill: number): void {
		this.align = Math.max(this.align, to);
		const rest = this.length % to;
		if (rest === 0) return;
		// Code is filled with instructions that do nothing (goto +0).
		if ((this.flags & SHF.execinstr) !== 0 && (to - rest) % 8 === 0)
			for (let i = rest; i < to; i += 8) this.put(Uint8Array.of(5, 0, 0, 0, 0, 0, 0, 0));
		else this.fill(to - rest, fill);
	}
	/** Gives fragments addresses; whether some length changed since the last time. */
	place(evaluate: (value: Value) => bigint): boolean {
		let address = 0;
		let changed = false;
		for (const fragment of this.fragments) {
			fragment.address = address;
			const size = fragment.uleb
				? Math.max(fragment.size, leb(evaluate(fragment.uleb.value), fragment.uleb.signed).length)
				: fragment.end - fragment.start;
			if (size !== fragment.size && fragment.uleb) changed = true;
			fragment.size = size;
			address += size;
		}
		return changed;
	}
	addressOf(label: Label): number {
		return this.fragments[label.fragment].address + label.offset;
	}
	get size(): number {
		const last = this.fragments[this.fragments.length - 1];
		return last.address + last.size;
	}
	contents(evaluate: (value: Value) => bigint): Uint8Array {
		if (this.type === SHT.nobits) return new Uint8Array(0);
		if (this.fragments.length === 1) return this.bytes.slice(0, this.length);
		const out = new Uint8Array(this.size);
		for (const fragment of this.fragments)
			out.set(
				fragment.uleb
					? leb(evaluate(fragment.uleb.value), fragment.uleb.signed, fragment.size)
					: this.bytes.subarray(fragment.start, fragment.end),
				fragment.address,
			);
		return out;
	}
}

/** LEB128, padded to `least` bytes. */
function leb(value: bigint, signed: boolean, least = 1): Uint8Array {
	const out: number[] = [];
	for (;;) {
		const byte = Number(value & 0x7fn);
		value >>= 7n;
		const done = signed ? (value === 0n && (byte & 0x40) === 0) || (value === -1n && (byte & 0x40) !== 0) : value === 0n;
		if (done && out.length + 1 >= least) {
			out.push(byte);
			return Uint8Array.from(out);
		}
		out.push(byte | 0x80);
		if (out.length > 10) throw new FormatError("LEB128 value is too long", 0);
	}
}
