/**
 * A lazy view of BTF bytes: built by one pass that only finds where each type starts, so that the kernel's 200,000 types
 * open in milliseconds; a type is decoded when asked for, names are indexed when first looked up.
 *
 *     24 bytes header │ types: { name_off, info = kflag:1 ·:2 kind:5 ·:8 vlen:16, size|type } + tail │ strings
 *
 * Bad bytes throw `FormatError` with the offset in the file. Source: Documentation/bpf/btf.rst.
 */
import { FormatError, Reader, StringPool } from "../bytes.ts";
import { BTF_HEADER_SIZE, BTF_KINDS, BTF_MAGIC, BTF_TAIL, BTF_VERSION, type BtfKind } from "../spec/btf.ts";
import { TypeDecoder, VOID } from "./decode.ts";
import type { BtfType } from "./types.ts";

/** Where the bytes belong. */
export interface BtfViewOptions {
	/** Where the bytes start in their file, for messages. */
	readonly fileOffset?: number;
	/** The base of a split BTF (a kernel module's): its ids and strings come first. */
	readonly base?: BtfView;
}

const TAIL_FIXED = BTF_KINDS.map((kind) => BTF_TAIL[kind].fixed);
const TAIL_EACH = BTF_KINDS.map((kind) => BTF_TAIL[kind].each);

/** Types by id and by name. @throws FormatError for malformed bytes, when it is made or when the type is asked for */
export class BtfView {
	readonly base: BtfView | undefined;
	readonly endian: "little" | "big";
	/** One more than the greatest id; void is id 0. */
	readonly count: number;
	/** The first id of these bytes: 1, or the base's count. */
	readonly firstId: number;
	readonly strings: StringPool;
	private readonly r: Reader;
	private readonly offsets: Uint32Array;
	private readonly cache = new Map<number, BtfType>();
	private byName: Map<string, number[]> | undefined;

	constructor(bytes: Uint8Array, options: BtfViewOptions = {}) {
		const at = options.fileOffset ?? 0;
		if (bytes.length < BTF_HEADER_SIZE) throw new FormatError("the BTF header is cut off", at);
		const little = bytes[0] === (BTF_MAGIC & 0xff) && bytes[1] === BTF_MAGIC >> 8;
		if (!little && !(bytes[1] === (BTF_MAGIC & 0xff) && bytes[0] === BTF_MAGIC >> 8))
			throw new FormatError("not BTF: wrong magic number", at);
		const r: Reader = new Reader(bytes, little, at);
		if (r.u8(2) !== BTF_VERSION) r.fail(`BTF version ${r.u8(2)} is unknown`, 2);
		const headerLength = r.u32(4);
		if (headerLength < BTF_HEADER_SIZE || headerLength > bytes.length) r.fail(`BTF header of ${headerLength} bytes`, 4);
		const typeStart = headerLength + r.u32(8);
		const typeLength = r.u32(12);
		const stringStart = headerLength + r.u32(16);
		const stringLength = r.u32(20);
		r.need(typeStart, typeLength, "the BTF type section");
		r.need(stringStart, stringLength, "the BTF string section");
		if (typeStart % 4 !== 0) r.fail("the BTF type section is not aligned", 8);
		this.base = options.base;
		const strings = bytes.subarray(stringStart, stringStart + stringLength);
		if (stringLength > 0 ? strings[stringLength - 1] !== 0 || (!this.base && strings[0] !== 0) : !this.base)
			r.fail("the BTF string section does not begin and end with NUL", stringStart);
		this.strings = new StringPool(strings);
		this.endian = little ? "little" : "big";
		this.r = r;
		this.firstId = this.base ? this.base.count : 1;

		const offsets = new Uint32Array(Math.floor(typeLength / 12));
		const { view } = r;
		const end = typeStart + typeLength;
		let count = 0;
		for (let p = typeStart; p < end; ) {
			if (p + 12 > end) r.fail("the last BTF type is cut off", p);
			const info = view.getUint32(p + 4, little);
			const kind = (info >>> 24) & 31;
			if (kind === 0 || kind >= BTF_KINDS.length) r.fail(`BTF kind ${kind} of type ${this.firstId + count} is unknown`, p + 4);
			offsets[count++] = p;
			p += 12 + TAIL_FIXED[kind] + TAIL_EACH[kind] * (info & 0xffff);
			if (p > end) r.fail(`BTF type ${this.firstId + count - 1} is cut off`, offsets[count - 1]);
		}
		this.offsets = offsets.subarray(0, count);
		this.count = this.firstId + count;
	}

	/** Throws unless there is a string at the offset: for who makes it later. */
	needString(offset: number, at: number): void {
		const baseLength = this.base?.stringLength ?? 0;
		if (!(offset < baseLength ? this.base!.strings.has(offset) : this.strings.has(offset - baseLength))) this.noString(offset, at);
	}

	private noString(offset: number, at: number): never {
		this.r.fail(`string offset ${offset} is outside the BTF string section`, at);
	}

	/** The text at an offset of the (joined) string section. */
	string(offset: number, at: number): string {
		const baseLength = this.base?.stringLength ?? 0;
		const text = offset < baseLength ? this.base!.strings.get(offset) : this.strings.get(offset - baseLength);
		if (text === null) this.noString(offset, at);
		return text;
	}

	get stringLength(): number {
		return (this.base?.stringLength ?? 0) + this.strings.length;
	}

	kindOf(id: number): BtfKind {
		if (id < this.firstId) return this.base ? this.base.kindOf(id) : "void";
		return BTF_KINDS[(this.r.view.getUint32(this.at(id) + 4, this.r.little) >>> 24) & 31];
	}

	nameOf(id: number): string {
		if (id < this.firstId) return this.base ? this.base.nameOf(id) : "";
		return this.string(this.r.u32(this.at(id)), this.at(id));
	}

	private at(id: number): number {
		if (!(id >= this.firstId && id < this.count)) throw new RangeError(`no BTF type ${id}`);
		return this.offsets[id - this.firstId];
	}

	/** Decodes a type (and remembers it). Type ids in it are checked to exist. */
	type(id: number): BtfType {
		if (id < this.firstId) return this.base ? this.base.type(id) : VOID;
		let type = this.cache.get(id);
		if (type === undefined) this.cache.set(id, (type = this.decode(this.at(id))));
		return type;
	}

	/** The ids with a name, of one kind if given; in ascending order. */
	find(name: string, kind?: BtfKind): readonly number[] {
		const inBase = this.base?.find(name, kind) ?? [];
		const ids = (this.byName ??= this.indexNames()).get(name) ?? [];
		const own = kind === undefined ? ids : ids.filter((id) => this.kindOf(id) === kind);
		return inBase.length === 0 ? own : [...inBase, ...own];
	}

	private indexNames(): Map<string, number[]> {
		const map = new Map<string, number[]>();
		for (let i = 0; i < this.offsets.length; i++) {
			const offset = this.r.view.getUint32(this.offsets[i], this.r.little);
			if (offset === 0) continue;
			const name = this.string(offset, this.offsets[i]);
			const ids = map.get(name);
			if (ids === undefined) map.set(name, [this.firstId + i]);
			else ids.push(this.firstId + i);
		}
		return map;
	}

	private decode(p: number): BtfType {
		return new TypeDecoder(this.r, p, this.count, (offset, at) => this.string(offset, at)).decode();
	}
}
