/**
 * Source maps from generated text to C: each line that an instruction wrote points to the C line and column of its line record;
 * the bookkeeping of jumps points nowhere, so that coverage does not take it for code.
 * In: the image's line records, the emitted text's slots. Out: the map's JSON, or the comment that carries it inline.
 * Source: ECMA-426 (Source map format), by way of the `source-map` package.
 */
import { SourceMapGenerator } from "source-map";
import { lineAt } from "../fault.ts";
import type { ProgramImage } from "../image.ts";

/** Lines that `new Function` puts before the text. */
const WRAPPER_LINES = 2;

export interface MappedText {
	readonly text: string;
	readonly slots: readonly number[];
}

/** @param before lines in front of the emitted text in the file that the map is for */
function sourceMap(image: ProgramImage, emitted: MappedText, file: string, sources?: ReadonlyMap<string, string>, before = 0): string {
	return moduleMap([{ image, emitted, before }], file, sources);
}

export interface ModulePart {
	readonly image: ProgramImage;
	readonly emitted: MappedText;
	/** Lines in front of the text in the module. */
	readonly before: number;
}

/**
 * The map of a file that holds several texts. A place of the C from which code was made twice (unrolled loops, tails that were copied) gets
 * a column further right for each copy: coverage counts copies by themselves then, and takes a line for covered when one of them ran.
 */
export function moduleMap(parts: readonly ModulePart[], file: string, sources?: ReadonlyMap<string, string>): string {
	const generator = new SourceMapGenerator({ file });
	const seen = new Set<string>();
	const copies = new Map<string, number>();
	for (const { image, emitted, before } of parts) {
		const lines = emitted.text.split("\n");
		let last = "";
		let copy = 0;
		emitted.slots.forEach((slot, i) => {
			const generated = { line: i + 1 + before, column: /^\t*/.exec(lines[i])![0].length };
			const record = slot < 0 ? null : lineAt(image, slot);
			if (record === null || record.line < 1) {
				last = "";
				return generator.addMapping({ generated: { line: generated.line, column: 0 } } as Parameters<typeof generator.addMapping>[0]);
			}
			const place = `${record.line}:${record.column}:${record.file}`;
			if (place !== last) {
				copy = copies.get(place) ?? 0;
				copies.set(place, copy + 1);
				last = place;
			}
			seen.add(record.file);
			generator.addMapping({
				generated,
				original: { line: record.line, column: Math.max(0, record.column - 1) + copy },
				source: record.file,
			});
		});
	}
	for (const source of seen) {
		const content = sources?.get(source);
		if (content !== undefined) generator.setSourceContent(source, content);
	}
	return generator.toString();
}

/** A comment line for the end of a text that `new Function` compiles. */
export function inlineSourceMap(image: ProgramImage, emitted: MappedText, file: string, sources?: ReadonlyMap<string, string>): string {
	const json = sourceMap(image, emitted, file, sources, WRAPPER_LINES);
	const bytes = new TextEncoder().encode(json);
	let binary = "";
	for (const byte of bytes) binary += String.fromCharCode(byte);
	return `\n//# sourceMappingURL=data:application/json;charset=utf-8;base64,${btoa(binary)}`;
}
