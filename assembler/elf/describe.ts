/**
 * Section headers, symbols and relocations as `llvm-objdump -h -t -r` prints them. In: the file's layout, since these tables show what
 * `ObjectFile` leaves out. Out: text.
 */
import type { ObjectFile } from "../object.ts";
import { relocationName, SHF, SHT } from "../spec/elf.ts";
import type { ElfLayout } from "./read.ts";

const hex = (value: number, digits: number): string => value.toString(16).padStart(digits, "0");

export function describeSections({ headers }: ElfLayout): string {
	const width = Math.max(13, ...headers.map((h) => h.name.length));
	let text = `\nSections:\nIdx ${"Name".padEnd(width)} Size     VMA              Type\n`;
	headers.forEach((h, i) => {
		// A section of any other type than these says nothing of itself.
		const type =
			(h.flags & SHF.execinstr) !== 0
				? "TEXT"
				: h.type === SHT.nobits
					? "BSS"
					: (h.flags & SHF.alloc) !== 0 && h.type === SHT.progbits
						? "DATA"
						: h.name.startsWith(".debug")
							? "DEBUG"
							: "";
		text += `${String(i).padStart(3)} ${h.name.padEnd(width)} ${hex(h.size, 8)} ${hex(0, 16)} ${type}\n`;
	});
	return text;
}

export function describeSymbols({ headers, reader: r }: ElfLayout, object: ObjectFile): string {
	let text = "\nSYMBOL TABLE:\n";
	const table = headers.find((h) => h.type === SHT.symtab);
	object.symbols.forEach((symbol, i) => {
		// gcc has symbols of sections that an ObjectFile leaves out, such as .BTF.
		const index = table === undefined ? 0 : r.u16(table.offset + (i + 1) * 24 + 6);
		const section =
			index > 0 && index < headers.length
				? headers[index].name
				: typeof symbol.section === "number"
					? object.sections[symbol.section].name
					: { undefined: "*UND*", absolute: "*ABS*", common: "*COM*" }[symbol.section];
		const binding = symbol.binding === "weak" ? " w" : symbol.section === "undefined" ? "  " : symbol.binding === "local" ? "l " : "g ";
		const debug = symbol.type === "file" || symbol.type === "section" ? "d" : " ";
		const type = { file: "f", function: "F", object: "O", none: " ", section: " " }[symbol.type];
		const visibility = symbol.visibility === "default" ? "" : ` .${symbol.visibility}`;
		const name = symbol.type === "section" && symbol.name === "" ? section : symbol.name;
		text += `${hex(symbol.value, 16)} ${binding}   ${debug}${type} ${section}\t${hex(symbol.size, 16)}${visibility} ${name}\n`;
	});
	return text;
}

/** Straight from the tables: also those of `.BTF` and of the debug sections. `object` has been read from the same file, so its symbols are right. */
export function describeRelocations({ headers, reader: r }: ElfLayout, object: ObjectFile): string {
	let text = "";
	for (const h of headers) {
		if (h.type !== SHT.rel || h.size === 0) continue;
		text += `\nRELOCATION RECORDS FOR [${headers[h.info].name}]:\nOFFSET           TYPE                     VALUE\n`;
		for (let at = h.offset; at < h.offset + h.size; at += 16) {
			const type = r.u32(r.little ? at + 8 : at + 12);
			const target = object.symbols[r.u32(r.little ? at + 12 : at + 8) - 1];
			const name =
				target?.type === "section" && typeof target.section === "number" ? object.sections[target.section].name : (target?.name ?? "*ABS*");
			text += `${hex(r.u64(at), 16)} ${(relocationName(type) ?? "Unknown").padEnd(24)} ${name}\n`;
		}
	}
	return text;
}
