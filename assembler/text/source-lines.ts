/**
 * Source lines for a disassembly, from `.BTF.ext`: each line's text before the first instruction that it made, not repeated while the
 * line stays the same. In: an object. Out: what to write before the instruction at an offset.
 */
import type { LineInfo } from "../btf/ext.ts";
import type { ObjectFile, Section } from "../object.ts";

export function sourceLines(object: ObjectFile): (section: Section, offset: number) => string {
	const bySection = new Map<string, Map<number, LineInfo>>();
	for (const { section, records } of object.btfExt?.lineInfo ?? []) {
		const byOffset = bySection.get(section) ?? new Map<number, LineInfo>();
		bySection.set(section, byOffset);
		for (const record of records) byOffset.set(record.insnOffset, record);
	}
	let shown = "";
	let current: Section | undefined;
	return (section, offset) => {
		if (section !== current) {
			current = section;
			shown = "";
		}
		const info = bySection.get(section.name)?.get(offset);
		if (info === undefined) return "";
		// Code of no line in between: the line is shown again after it.
		if (info.line === 0) shown = "";
		if (info.line === 0) return "";
		const place = `${info.file}:${info.line}`;
		if (place === shown) return "";
		shown = place;
		return `; ${info.text}\n`;
	};
}
