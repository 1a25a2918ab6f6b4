/**
 * Source lines for a disassembly, from DWARF's line table or, where there is none, `.BTF.ext`: each line's text before the first
 * instruction that it made, not repeated while the line stays the same. In: an object. Out: what to write before the instruction at an offset.
 *
 * DWARF knows only the place; the text is what BTF says of that line, or the file's, through `read`.
 */
import type { ObjectFile, Section } from "../object.ts";
import { dwarfLines, type LineRow } from "./dwarf-lines.ts";

interface Place {
	readonly file: string;
	/** 0: code of no line. */
	readonly line: number;
	/** As far as the debug information has it. */
	readonly text?: string;
}

/** `read` gives the lines of a file, if there is such a file. */
export function sourceLines(
	object: ObjectFile,
	read?: (file: string) => readonly string[] | undefined,
): (section: Section, offset: number) => string {
	const place = placesOfDwarf(object) ?? placesOfBtf(object);
	const files = new Map<string, readonly string[]>();
	const textOf = ({ file, line, text }: Place): string | undefined => {
		if (text !== undefined) return text;
		let lines = files.get(file);
		if (lines === undefined) files.set(file, (lines = read?.(file) ?? []));
		return lines[line - 1];
	};
	let shown = "";
	let current: Section | undefined;
	return (section, offset) => {
		if (section !== current) {
			current = section;
			shown = "";
		}
		const here = place(section, offset);
		if (here === undefined) return "";
		// Code of no line in between: the line is shown again after it.
		const key = here.line === 0 ? "" : `${here.file}:${here.line}`;
		if (key === shown) return "";
		shown = key;
		const text = key === "" ? undefined : textOf(here);
		return text === undefined ? "" : `; ${text}\n`;
	};
}

/** The last record at or before each offset counts, up to the end of its sequence. */
function placesOfDwarf(object: ObjectFile): ((section: Section, offset: number) => Place | undefined) | undefined {
	const lines = dwarfLines(object);
	if (lines === undefined) return undefined;
	const texts = new Map<string, string>();
	const files = new Set<string>();
	for (const { records } of object.btfExt?.lineInfo ?? [])
		for (const { file, line, text } of records) {
			files.add(file);
			texts.set(`${file}:${line}`, text);
		}
	// Up to DWARF 4 a name may be relative to a folder that only .debug_info knows, and BTF.
	const whole = new Map<string, string>();
	const wholeName = (file: string): string => {
		let found = whole.get(file);
		if (found === undefined)
			whole.set(file, (found = files.has(file) ? file : ([...files].find((known) => known.endsWith(`/${file}`)) ?? file)));
		return found;
	};
	return (section, offset) => {
		const row = rowAt(lines.get(section.name) ?? [], offset);
		if (row === undefined || row.end) return { file: "", line: 0 };
		const file = wholeName(row.file);
		return { file, line: row.line, text: texts.get(`${file}:${row.line}`) };
	};
}

function rowAt(rows: readonly LineRow[], offset: number): LineRow | undefined {
	let [low, high] = [0, rows.length];
	while (low < high) {
		const middle = (low + high) >>> 1;
		if (rows[middle].address <= offset) low = middle + 1;
		else high = middle;
	}
	return rows[low - 1];
}

/** Only where a record begins does BTF say anything. */
function placesOfBtf(object: ObjectFile): (section: Section, offset: number) => Place | undefined {
	const bySection = new Map<string, Map<number, Place>>();
	for (const { section, records } of object.btfExt?.lineInfo ?? []) {
		const byOffset = bySection.get(section) ?? new Map<number, Place>();
		bySection.set(section, byOffset);
		for (const record of records) byOffset.set(record.insnOffset, record);
	}
	return (section, offset) => bySection.get(section.name)?.get(offset);
}
