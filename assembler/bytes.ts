/**
 * Reading and writing binary formats: a cursor over bytes that never reads outside them, a growing buffer, a string table.
 * A malformed input throws `FormatError` with the offset in the file: the one exception of this folder, caught at its callers' edge.
 */

/** Malformed input. `offset` is in bytes from the start of the file or section that was read. */
export class FormatError extends Error {
	readonly offset: number;
	constructor(message: string, offset: number) {
		super(`${message} (at offset ${offset}, 0x${offset.toString(16)})`);
		this.name = "FormatError";
		this.offset = offset;
	}
}

const utf8 = new TextDecoder("utf-8", { ignoreBOM: true });
const utf8Encoder = new TextEncoder();
export const encodeUtf8 = (text: string): Uint8Array => utf8Encoder.encode(text);

/**
 * A section of NUL-terminated strings, decoded once. While it is all one-byte characters a string is a slice of that one text, so that
 * a hostile file of overlapping strings costs no memory.
 */
export class StringPool {
	private readonly bytes: Uint8Array;
	private readonly text: string | null;
	constructor(bytes: Uint8Array) {
		this.bytes = bytes;
		const text = utf8.decode(bytes);
		// A sequence of several bytes decodes to fewer characters than bytes, so equal lengths mean equal offsets.
		this.text = text.length === bytes.length ? text : null;
	}
	get length(): number {
		return this.bytes.length;
	}
	/** All strings, in their order. */
	all(): string[] {
		const text = this.text ?? utf8.decode(this.bytes);
		return text.split("\0").filter((one) => one !== "" && one.length <= 0x10000);
	}
	/** Whether `get` gives a string. */
	has(at: number): boolean {
		return this.text === null ? this.get(at) !== null : at >= 0 && at < this.bytes.length && this.text.indexOf("\0", at) >= 0;
	}
	/** Nothing when `at` is outside or the string has no end. */
	get(at: number): string | null {
		if (!(at >= 0 && at < this.bytes.length)) return null;
		if (this.text !== null) {
			const end = this.text.indexOf("\0", at);
			return end < 0 ? null : this.text.slice(at, end);
		}
		const end = this.bytes.indexOf(0, at);
		// Longer than any name or source line: such a string is not worth its memory.
		return end < 0 || end - at > 0x10000 ? null : utf8.decode(this.bytes.subarray(at, end));
	}
}

export class Reader {
	readonly bytes: Uint8Array;
	readonly view: DataView;
	readonly little: boolean;
	/** Where `bytes` starts in the file, for messages. */
	readonly base: number;
	constructor(bytes: Uint8Array, little: boolean, base = 0) {
		this.bytes = bytes;
		this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
		this.little = little;
		this.base = base;
	}
	/** Throws unless `[at, at + length)` lies inside. */
	need(at: number, length: number, what: string): void {
		if (!(at >= 0 && length >= 0 && at + length <= this.bytes.length))
			throw new FormatError(`${what} of ${length} bytes does not fit into the ${this.bytes.length} bytes there are`, this.base + at);
	}
	u8(at: number, what = "a byte"): number {
		this.need(at, 1, what);
		return this.bytes[at];
	}
	u16(at: number, what = "a 16-bit field"): number {
		this.need(at, 2, what);
		return this.view.getUint16(at, this.little);
	}
	u32(at: number, what = "a 32-bit field"): number {
		this.need(at, 4, what);
		return this.view.getUint32(at, this.little);
	}
	/** A 64-bit field that must be a count or an offset: anything above 2^53 is malformed. */
	u64(at: number, what = "a 64-bit field"): number {
		this.need(at, 8, what);
		const low = this.view.getUint32(this.little ? at : at + 4, this.little);
		const high = this.view.getUint32(this.little ? at + 4 : at, this.little);
		if (high > 0x1fffff) throw new FormatError(`${what} is too large`, this.base + at);
		return high * 0x1_0000_0000 + low;
	}
	fail(message: string, at: number): never {
		throw new FormatError(message, this.base + at);
	}
}

export class Writer {
	private buffer = new Uint8Array(1024);
	private view = new DataView(this.buffer.buffer);
	length = 0;
	readonly little: boolean;
	constructor(little: boolean) {
		this.little = little;
	}
	private grow(by: number): number {
		const at = this.length;
		this.length += by;
		if (this.length > this.buffer.length) {
			const next = new Uint8Array(Math.max(this.length, this.buffer.length * 2));
			next.set(this.buffer.subarray(0, at));
			this.buffer = next;
			this.view = new DataView(next.buffer);
		}
		return at;
	}
	u8(value: number): void {
		const at = this.grow(1);
		this.view.setUint8(at, value);
	}
	u16(value: number): void {
		const at = this.grow(2);
		this.view.setUint16(at, value, this.little);
	}
	u32(value: number): void {
		const at = this.grow(4);
		this.view.setUint32(at, value, this.little);
	}
	u64(value: number): void {
		const high = Math.floor(value / 0x1_0000_0000);
		this.u32(this.little ? value >>> 0 : high);
		this.u32(this.little ? high : value >>> 0);
	}
	put(bytes: Uint8Array): void {
		const at = this.grow(bytes.length);
		this.buffer.set(bytes, at);
	}
	align(to: number): void {
		if (to > 1) while (this.length % to !== 0) this.u8(0);
	}
	patchU32(at: number, value: number): void {
		this.view.setUint32(at, value, this.little);
	}
	patchU64(at: number, value: number): void {
		const high = Math.floor(value / 0x1_0000_0000);
		this.patchU32(this.little ? at : at + 4, value >>> 0);
		this.patchU32(this.little ? at + 4 : at, high);
	}
	/** Overwrites from `at` what `write` writes. */
	patch(at: number, write: (out: Writer) => void): void {
		const part = new Writer(this.little);
		write(part);
		this.buffer.set(part.bytes(), at);
	}
	bytes(): Uint8Array {
		return this.buffer.slice(0, this.length);
	}
}

/** Strings to offsets, each once, in the order in which they are first named. */
export class StringTable {
	private readonly offsets = new Map<string, number>();
	private readonly out = new Writer(true);
	constructor(...first: readonly string[]) {
		for (const text of first) this.add(text);
	}
	add(text: string): number {
		const known = this.offsets.get(text);
		if (known !== undefined) return known;
		const at = this.out.length;
		this.offsets.set(text, at);
		this.out.put(encodeUtf8(text));
		this.out.u8(0);
		return at;
	}
	bytes(): Uint8Array {
		return this.out.bytes();
	}
}
