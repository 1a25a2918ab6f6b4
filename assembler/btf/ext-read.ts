/**
 * `.BTF.ext` bytes to `BtfExt` (Documentation/bpf/btf.rst, section 4.3). Its strings are those of `.BTF`.
 *
 *     magic version flags hdr_len │ { off len } × func_info, line_info, core_relo │ each: rec_size, { sec_name_off num_info records… }…
 */
import { FormatError, Reader } from "../bytes.ts";
import { BTF_MAGIC, BTF_VERSION } from "../spec/btf.ts";
import type { BtfExt, LineInfo, SectionRecords } from "./ext.ts";
import type { BtfView } from "./view.ts";

/**
 * The bytes of a `.BTF.ext` section to records by section; names are those of its `.BTF`. @throws FormatError
 * @param btf has the strings
 * @param fileOffset where the bytes start in their file, for messages
 * @throws FormatError with the offset in the file
 */
export function readBtfExt(bytes: Uint8Array, btf: BtfView, fileOffset = 0): BtfExt {
	const r: Reader = new Reader(bytes, btf.endian === "little", fileOffset);
	if (bytes.length < 24) throw new FormatError("the .BTF.ext header is cut off", fileOffset);
	if (r.u16(0) !== BTF_MAGIC) r.fail("wrong magic number of .BTF.ext", 0);
	if (r.u8(2) !== BTF_VERSION) r.fail(`.BTF.ext version ${r.u8(2)} is unknown`, 2);
	const headerLength = r.u32(4);
	if (headerLength < 24 || headerLength > bytes.length) r.fail(`.BTF.ext header of ${headerLength} bytes`, 4);
	const text = (at: number): string => btf.string(r.u32(at), at);

	/** With `check` the records are looked at now and made when somebody asks for them. */
	const part = <T>(
		field: number,
		what: string,
		least: number,
		one: (at: number) => T,
		check: ((at: number) => void) | null = null,
	): SectionRecords<T>[] => {
		// Before CO-RE the header had no third part.
		if (field + 8 > headerLength) return [];
		const start = headerLength + r.u32(field);
		const length = r.u32(field + 4);
		if (length === 0) return [];
		r.need(start, length, `the ${what} of .BTF.ext`);
		if (length < 4) r.fail(`the ${what} of .BTF.ext is cut off`, start);
		const size = r.u32(start);
		if (size < least || size % 4 !== 0) r.fail(`${what} records of ${size} bytes`, start);
		const end = start + length;
		const out: SectionRecords<T>[] = [];
		for (let p = start + 4; p < end; ) {
			if (p + 8 > end) r.fail(`the ${what} of .BTF.ext is cut off`, p);
			const section = text(p);
			const count = r.u32(p + 4);
			p += 8;
			if (count === 0) r.fail(`no ${what} records for section ${section}`, p - 4);
			if (p + count * size > end) r.fail(`${count} ${what} records do not fit`, p - 4);
			const first = p;
			const make = (): T[] => {
				const records: T[] = new Array(count);
				for (let i = 0; i < count; i++) records[i] = one(first + i * size);
				return records;
			};
			p += count * size;
			if (check === null) out.push({ section, records: make() });
			else {
				for (let i = 0; i < count; i++) check(first + i * size);
				out.push(madeLater(section, make));
			}
		}
		return out;
	};
	const typeId = (at: number): number => {
		const id = r.u32(at);
		if (id >= btf.count) r.fail(`type id ${id} does not exist (there are ${btf.count})`, at);
		return id;
	};
	const line = (at: number): LineInfo => {
		const place = r.u32(at + 12);
		return { insnOffset: r.u32(at), file: text(at + 4), text: text(at + 8), line: place >>> 10, column: place & 0x3ff };
	};
	return {
		funcInfo: part(8, "func_info", 8, (at) => ({ insnOffset: r.u32(at), typeId: typeId(at + 4) })),
		lineInfo: part(16, "line_info", 16, line, (at) => {
			btf.needString(r.u32(at + 4), at + 4);
			btf.needString(r.u32(at + 8), at + 8);
		}),
		coreRelos: part(24, "CO-RE", 16, (at) => ({
			insnOffset: r.u32(at),
			typeId: typeId(at + 4),
			access: text(at + 8),
			kind: r.u32(at + 12),
		})),
	};
}

/** Lines are many, and only asked for by what explains something. */
function madeLater<T>(section: string, make: () => T[]): SectionRecords<T> {
	let made: T[] | null = null;
	return {
		section,
		get records() {
			return (made ??= make());
		},
	};
}
