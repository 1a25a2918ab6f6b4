/**
 * Source text and places. Every text that is read gets a stretch of one number line (a "location" is one 32-bit number, as in clang):
 * a header read twice gets two stretches, so a location also knows how the file came to be included. Text made by `#` and `##` lies
 * in scratch stretches. Line numbers are counted only when somebody asks.
 */
import { decodeToken } from "./stray-bytes.ts";

/** The only way to the outside: paths are the search's own, joined with "/". null: there is no such file. */
export interface FileProvider {
	read(path: string): Uint8Array | string | null;
	/** One name for each file, however it was reached: what `#pragma once` goes by. Without it `.` and `..` are followed. */
	identity?(path: string): string;
}

export interface SourceFile {
	/** As the search made it, shown in messages. */
	readonly path: string;
	readonly bytes: Uint8Array;
	/** Location of the first byte. */
	readonly base: number;
	/** Location of the `#include` that brought it, −1 for the main file. */
	readonly includedAt: number;
	/** From -isystem or ours; `#pragma GCC system_header` sets it later. */
	system: boolean;
	/** `#line` directives so far: from this offset on, lines count from `line` and the file is called `path`. */
	readonly lineMarks: { readonly offset: number; readonly line: number; readonly path: string }[];
	/** `<scratch space>`, `<built-in>`, `<command line>`: not a file. */
	readonly artificial: boolean;
	lineStarts: Int32Array | null;
}

export class Sources {
	readonly files: SourceFile[] = [];
	#end = 0;
	#scratch: SourceFile | null = null;
	#scratchUsed = 0;
	#last: SourceFile | null = null;

	add(path: string, bytes: Uint8Array, includedAt: number, system: boolean, artificial = false): SourceFile {
		const file: SourceFile = { path, bytes, base: this.#end, includedAt, system, lineMarks: [], artificial, lineStarts: null };
		// One more than the text, so that the end of a file is a location of its own.
		this.#end += bytes.length + 1;
		this.files.push(file);
		return file;
	}

	/** Keeps text that stands in no file; gives its location. */
	scratch(text: Uint8Array): number {
		if (this.#scratch === null || this.#scratchUsed + text.length + 1 > this.#scratch.bytes.length) {
			this.#scratch = this.add("<scratch space>", new Uint8Array(Math.max(SCRATCH_BYTES, text.length + 1)), -1, false, true);
			this.#scratchUsed = 0;
		}
		const at = this.#scratchUsed;
		this.#scratch.bytes.set(text, at);
		this.#scratch.bytes[at + text.length] = 10;
		this.#scratchUsed += text.length + 1;
		return this.#scratch.base + at;
	}

	fileAt(location: number): SourceFile {
		const last = this.#last;
		if (last !== null && location >= last.base && location <= last.base + last.bytes.length) return last;
		let low = 0;
		let high = this.files.length - 1;
		while (low < high) {
			const middle = (low + high + 1) >> 1;
			if (this.files[middle].base <= location) low = middle;
			else high = middle - 1;
		}
		this.#last = this.files[low];
		return this.#last;
	}

	/** The bytes [location, location + length) as text, backslash-newlines taken out. */
	slice(location: number, length: number): string {
		const file = this.fileAt(location);
		const from = location - file.base;
		const text = decodeToken(file.bytes.subarray(from, from + length));
		return text.includes("\\\n") || text.includes("\\\r") ? text.replace(/\\\r?\n/g, "") : text;
	}

	/** Line from 1 and byte column from 1 within the file as it is, `#line` ignored. */
	lineColumn(location: number): { readonly file: SourceFile; readonly line: number; readonly column: number } {
		const file = this.fileAt(location);
		const offset = location - file.base;
		const starts = lineStarts(file);
		let low = 0;
		let high = starts.length - 1;
		while (low < high) {
			const middle = (low + high + 1) >> 1;
			if (starts[middle] <= offset) low = middle;
			else high = middle - 1;
		}
		return { file, line: low + 1, column: offset - starts[low] + 1 };
	}

	/** With `#line` respected. */
	presumed(location: number): { readonly file: string; readonly line: number; readonly column: number } {
		const { file, line, column } = this.lineColumn(location);
		const marks = file.lineMarks;
		let mark = null;
		for (let i = marks.length - 1; i >= 0 && mark === null; i--) if (marks[i].offset <= location - file.base) mark = marks[i];
		if (mark === null) return { file: file.path, line, column };
		return { file: mark.path, line: mark.line + line - this.lineColumn(file.base + mark.offset).line, column };
	}

	lineText(file: SourceFile, line: number): string {
		const starts = lineStarts(file);
		if (line < 1 || line > starts.length) return "";
		let end = line < starts.length ? starts[line] - 1 : file.bytes.length;
		if (end > starts[line - 1] && file.bytes[end - 1] === 13) end--;
		return decode(file.bytes.subarray(starts[line - 1], Math.min(end, starts[line - 1] + MAX_SHOWN_LINE)));
	}
}

const SCRATCH_BYTES = 1 << 14;
const MAX_SHOWN_LINE = 4096;

function lineStarts(file: SourceFile): Int32Array {
	if (file.lineStarts === null) {
		const { bytes } = file;
		let count = 1;
		for (let i = 0; i < bytes.length; i++) if (bytes[i] === 10) count++;
		const starts = new Int32Array(count);
		let line = 0;
		for (let i = 0; i < bytes.length; i++) if (bytes[i] === 10) starts[++line] = i + 1;
		file.lineStarts = starts;
	}
	return file.lineStarts;
}

const decoder = new TextDecoder();
function decode(bytes: Uint8Array): string {
	return decoder.decode(bytes);
}

const encoder = new TextEncoder();
/** Source text as bytes, without a byte order mark. UTF-16 is told by its mark and converted. */
export function toBytes(text: Uint8Array | string): Uint8Array {
	if (typeof text === "string") return encoder.encode(text.charCodeAt(0) === 0xfeff ? text.slice(1) : text);
	const mark = text[0] === 0xef && text[1] === 0xbb && text[2] === 0xbf ? 3 : 0;
	// A plain Uint8Array, also of what is a subclass of it (Node's Buffer): the loops over bytes stay fast only with one kind.
	return mark === 0 && text.constructor === Uint8Array ? text : new Uint8Array(text.buffer, text.byteOffset + mark, text.length - mark);
}
