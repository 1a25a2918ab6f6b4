/**
 * The places in code and data that take a symbol's value: written where it is known, left as relocations by LLVM's rules where it is not (a local symbol
 * is its section plus an offset in the bytes; BPF's relocations have no addend of their own).
 *
 * Source: LLVM's BPFELFObjectWriter; Documentation/bpf/llvm_reloc.rst for the types.
 */
import { R_BPF_64_32, R_BPF_64_64, R_BPF_64_ABS32, R_BPF_64_ABS64, R_BPF_64_NODYLD32, SHF } from "../spec/elf.ts";
import type { Addresses } from "./addresses.ts";
import type { ObjectBuilder, SymbolBuilder } from "./builder.ts";
import { TextFault } from "./lex.ts";
import type { Fixup, SectionBuilder } from "./section.ts";

/** What is left for a linker or loader to do. */
export interface LeftRelocation {
	readonly offset: number;
	readonly type: number;
	readonly target: SymbolBuilder | SectionBuilder;
}

const WIDTHS = { data1: 1, data2: 2, data4: 4, data8: 8, off: 2, imm_jump: 4, call: 4, imm64: 8, imm: 4 } as const satisfies Record<
	Fixup["kind"],
	1 | 2 | 4 | 8
>;

/** Writes what is known into the bytes; returns the relocation that is left. */
export function applyFixup(o: ObjectBuilder, fixup: Fixup, bytes: Uint8Array, addresses: Addresses): LeftRelocation | undefined {
	return new Patch(o, fixup, bytes).apply(addresses);
}

class Patch {
	readonly #o: ObjectBuilder;
	readonly #fixup: Fixup;
	readonly #view: DataView;
	readonly #at: number;

	constructor(o: ObjectBuilder, fixup: Fixup, bytes: Uint8Array) {
		this.#o = o;
		this.#fixup = fixup;
		this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
		this.#at = fixup.label.section.addressOf(fixup.label);
	}

	apply(addresses: Addresses): LeftRelocation | undefined {
		const { kind, label, value } = this.#fixup;
		if (value.minus !== undefined) {
			this.#put(WIDTHS[kind], this.#at, addresses.difference(value));
			return undefined;
		}
		const place = addresses.locate(value.symbol!, label);
		if (typeof place === "bigint") {
			this.#constant(place + value.constant);
			return undefined;
		}
		if (kind === "off" || kind === "imm_jump") {
			this.#jump(kind, place);
			return undefined;
		}
		return this.#relocation(place);
	}

	#fault(message: string): never {
		throw new TextFault(message, this.#fixup);
	}

	#put(width: 1 | 2 | 4 | 8, where: number, constant: bigint): void {
		const { little } = this.#o;
		const view = this.#view;
		if (width === 8) view.setBigInt64(where, BigInt.asIntN(64, constant), little);
		else if (constant < -(1n << BigInt(width * 8 - 1)) || constant >= 1n << BigInt(width * 8))
			this.#fault(`${constant} does not fit ${width * 8} bits`);
		else if (width === 4) view.setInt32(where, Number(BigInt.asIntN(32, constant)), little);
		else if (width === 2) view.setInt16(where, Number(BigInt.asIntN(16, constant)), little);
		else view.setInt8(where, Number(BigInt.asIntN(8, constant)));
	}

	#constant(constant: bigint): void {
		const { kind } = this.#fixup;
		const at = this.#at;
		if (kind === "imm64") {
			this.#put(4, at + 4, BigInt.asIntN(32, constant));
			this.#put(4, at + 12, BigInt.asIntN(32, constant >> 32n));
		} else if (kind === "off") this.#put(2, at + 2, constant);
		else if (kind.startsWith("data")) this.#put(WIDTHS[kind], at, constant);
		else this.#put(4, at + 4, constant);
	}

	#jump(kind: "off" | "imm_jump", place: Place | undefined): void {
		const { label, value } = this.#fixup;
		const name = value.symbol!;
		if (place === undefined) return this.#fault(`label "${name}" is not defined`);
		if (place.section !== label.section) return this.#fault(`label "${name}" is in section ${place.section.name}`);
		const distance = (place.address + Number(value.constant) - this.#at - 8) / 8;
		if (!Number.isInteger(distance)) return this.#fault(`"${name}" is not at an instruction`);
		if (kind === "off" && (distance < -0x8000 || distance > 0x7fff))
			return this.#fault(`"${name}" is ${distance} instructions away: too far for 16 bits`);
		this.#put(WIDTHS[kind], kind === "off" ? this.#at + 2 : this.#at + 4, BigInt(distance));
	}

	#relocation(place: Place | undefined): LeftRelocation | undefined {
		const { kind, label, value } = this.#fixup;
		const at = this.#at;
		const name = value.symbol!;
		const symbol = this.#o.symbols.get(name);
		const bound = symbol?.binding === "global" || symbol?.binding === "weak" || place === undefined;
		const address = (bound ? 0 : place.address) + Number(value.constant);
		const target = (): SymbolBuilder | SectionBuilder => (bound ? this.#o.symbol(name) : place.section);
		switch (kind) {
			case "call":
				if (!bound && place.section === label.section) {
					this.#put(4, at + 4, BigInt((address - at - 8) / 8));
					return undefined;
				}
				this.#put(4, at + 4, BigInt(Math.floor((address - 8) / 8)));
				return { offset: at, type: R_BPF_64_32, target: bound ? symbol! : place.section };
			case "imm64":
				this.#put(4, at + 4, BigInt(address));
				return { offset: at, type: R_BPF_64_64, target: target() };
			case "data4":
			case "data8": {
				this.#put(WIDTHS[kind], at, BigInt(address));
				const type = kind === "data8" ? R_BPF_64_ABS64 : isForBtf(name, place) ? R_BPF_64_NODYLD32 : R_BPF_64_ABS32;
				return { offset: at, type, target: target() };
			}
			case "imm":
				return this.#fault(`"${name}" is not a number`);
			default:
				return this.#fault(`the address of "${name}" does not fit ${WIDTHS[kind] * 8} bits`);
		}
	}
}

type Place = Exclude<ReturnType<Addresses["locate"]>, bigint | undefined>;

/** What BTF says of places is for no loader to touch. */
function isForBtf(name: string, place: Place | undefined): boolean {
	if (place === undefined) return false;
	const { flags } = place.section;
	return name.startsWith(".L") ? (flags & SHF.execinstr) !== 0 : (flags & (SHF.alloc | SHF.write)) === (SHF.alloc | SHF.write);
}
