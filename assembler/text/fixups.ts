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

/** Writes what is known into the bytes; returns the relocation that is left. */
export function applyFixup(
	o: ObjectBuilder,
	{ kind, label, value, line, column }: Fixup,
	bytes: Uint8Array,
	addresses: Addresses,
): { offset: number; type: number; target: SymbolBuilder | SectionBuilder } | undefined {
	const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
	const { little } = o;
	const at = label.section.addressOf(label);
	const fault = (message: string): never => {
		throw new TextFault(message, { line, column });
	};
	const put = (width: 1 | 2 | 4 | 8, where: number, constant: bigint): void => {
		if (width === 8) view.setBigInt64(where, BigInt.asIntN(64, constant), little);
		else if (constant < -(1n << BigInt(width * 8 - 1)) || constant >= 1n << BigInt(width * 8))
			fault(`${constant} does not fit ${width * 8} bits`);
		else if (width === 4) view.setInt32(where, Number(BigInt.asIntN(32, constant)), little);
		else if (width === 2) view.setInt16(where, Number(BigInt.asIntN(16, constant)), little);
		else view.setInt8(where, Number(BigInt.asIntN(8, constant)));
	};
	const width = { data1: 1, data2: 2, data4: 4, data8: 8, off: 2, imm_jump: 4, call: 4, imm64: 8, imm: 4 }[kind] as 1 | 2 | 4 | 8;
	if (value.minus !== undefined) {
		put(width, at, addresses.difference(value));
		return undefined;
	}
	const name = value.symbol!;
	const place = addresses.locate(name, label);
	const symbol = o.symbols.get(name);
	if (typeof place === "bigint") {
		const constant = place + value.constant;
		if (kind === "imm64") {
			put(4, at + 4, BigInt.asIntN(32, constant));
			put(4, at + 12, BigInt.asIntN(32, constant >> 32n));
		} else if (kind === "off") put(2, at + 2, constant);
		else put(kind.startsWith("data") ? width : 4, kind.startsWith("data") ? at : at + 4, constant);
		return undefined;
	}
	const addend = Number(value.constant);
	const bound = symbol?.binding === "global" || symbol?.binding === "weak" || place === undefined;
	switch (kind) {
		case "off":
		case "imm_jump": {
			if (place === undefined) return fault(`label "${name}" is not defined`);
			if (place.section !== label.section) return fault(`label "${name}" is in section ${place.section.name}`);
			const distance = (place.address + addend - at - 8) / 8;
			if (!Number.isInteger(distance)) return fault(`"${name}" is not at an instruction`);
			if (kind === "off" && (distance < -0x8000 || distance > 0x7fff))
				return fault(`"${name}" is ${distance} instructions away: too far for 16 bits`);
			put(kind === "off" ? 2 : 4, kind === "off" ? at + 2 : at + 4, BigInt(distance));
			return undefined;
		}
		case "call": {
			if (!bound && place!.section === label.section) {
				put(4, at + 4, BigInt((place!.address + addend - at - 8) / 8));
				return undefined;
			}
			put(4, at + 4, BigInt(Math.floor(((bound ? 0 : place!.address) + addend - 8) / 8)));
			return { offset: at, type: R_BPF_64_32, target: bound ? symbol! : place!.section };
		}
		case "imm64":
			put(4, at + 4, BigInt((bound ? 0 : place!.address) + addend));
			return { offset: at, type: R_BPF_64_64, target: bound ? symbolOf(o, name) : place!.section };
		case "imm":
			return fault(`"${name}" is not a number`);
		case "data4":
		case "data8": {
			put(width, at, BigInt((bound ? 0 : place!.address) + addend));
			// What BTF says of places is for no loader to touch.
			const told =
				place !== undefined &&
				(name.startsWith(".L")
					? (place.section.flags & SHF.execinstr) !== 0
					: (place.section.flags & (SHF.alloc | SHF.write)) === (SHF.alloc | SHF.write));
			return {
				offset: at,
				type: kind === "data8" ? R_BPF_64_ABS64 : told ? R_BPF_64_NODYLD32 : R_BPF_64_ABS32,
				target: bound ? symbolOf(o, name) : place!.section,
			};
		}
		case "data1":
		case "data2":
			return fault(`the address of "${name}" does not fit ${width * 8} bits`);
		default:
			return kind satisfies never;
	}
}

const symbolOf = (o: ObjectBuilder, name: string): SymbolBuilder => o.symbol(name);
