/** What two object files must have in common to be the same to a linker or loader: the order of symbols and sections aside. */
import { readElf } from "../../assembler/elf/read.ts";
import { writeBtf } from "../../assembler/btf/write.ts";
import type { ObjectFile } from "../../assembler/object.ts";

const LLVM_ADDRSIG = 0x6fff4c03;
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

export interface ElfView {
	readonly sections: Readonly<Record<string, unknown>>;
	readonly symbols: readonly string[];
	readonly btf: string;
	readonly btfExt: string;
}

export function elfView(bytes: Uint8Array): ElfView {
	const object = readElf(bytes);
	const sections: Record<string, unknown> = {};
	object.sections.forEach(({ name, type, flags, align, entsize, size, data, relocs }, i) => {
		// Assemblers begin every file with an empty .text.
		if (type === LLVM_ADDRSIG || (name === ".text" && size === 0)) return;
		sections[`${name}#${object.sections.slice(0, i).filter((other) => other.name === name).length}`] = {
			header: { type, flags, align, entsize, size },
			data: hex(data),
			relocs: relocs.map((reloc) => `${reloc.offset}: ${reloc.type} ${nameOf(object, reloc.symbol)}`),
		};
	});
	const symbols = object.symbols
		.filter((symbol) => symbol.type !== "section")
		.map(({ name, section, value, size, binding, type, visibility }) =>
			[name, typeof section === "number" ? object.sections[section].name : section, value, size, binding, type, visibility].join(" "),
		);
	const { btf, ext } = object.btf === undefined ? { btf: undefined, ext: undefined } : writeBtf(object.btf, { endian: object.endian, ext: object.btfExt });
	return { sections, symbols: symbols.sort(), btf: btf === undefined ? "" : hex(btf), btfExt: ext === undefined ? "" : hex(ext) };
}

function nameOf(object: ObjectFile, index: number): string {
	const symbol = object.symbols[index];
	return symbol.type === "section" ? object.sections[symbol.section as number].name : symbol.name;
}
