/**
 * Objects as nobody would write them. In: an object's bytes and a source of random numbers. Out: a copy that is wrong in one to four
 * places, mostly where structure is: section headers, the starts of tables, names.
 */
import { readLayout, type SectionHeader } from "../../assembler/elf/read.ts";
import { SHT } from "../../assembler/spec/elf.ts";

export type Random = (below: number) => number;

/** Marsaglia's xorshift with 32 bits: the same numbers everywhere. */
export function random(seed: number): Random {
	let state = seed | 0 || 1;
	return (below) => {
		state ^= state << 13;
		state ^= state >>> 17;
		state ^= state << 5;
		return (state >>> 0) % below;
	};
}

const WORDS = [0, 1, 0xff, 0xffff, 0x10000, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff];
const LONGS = [0n, 1n, 1n << 32n, 1n << 40n, 1n << 63n, 0xffff_ffff_ffff_ffffn];
/** Names that mean something to what comes after: to JavaScript, C, a shell, a file system, a terminal. */
const NAMES = ["__proto__", "constructor", "../../../etc/x", "*/ x /*", '"];x;//', "`+x+`", "\u001b[31m", "x\ny", "\ud800é", "if", ""];

export function mutate(original: Uint8Array, pick: Random): Uint8Array {
	const bytes = original.slice();
	const { headers } = readLayout(original);
	const filled = headers.filter((header) => header.size > 0 && header.type !== SHT.nobits && header.type !== SHT.null);
	for (let count = 1 + pick(4); count > 0; count--) {
		if (pick(8) === 0) rename(bytes, filled, pick);
		else change(bytes, placeOf(headers, filled, bytes.length, pick), pick);
	}
	return pick(20) === 0 ? bytes.subarray(0, pick(bytes.length)) : bytes;
}

function placeOf(headers: readonly SectionHeader[], filled: readonly SectionHeader[], length: number, pick: Random): number {
	const where = pick(20);
	const section = filled[pick(filled.length)];
	const at =
		where < 1 ? pick(64)
		: where < 6 ? headers[pick(headers.length)].at + pick(64)
		: where < 12 ? section.offset + pick(Math.min(section.size, 64))
		: where < 18 ? section.offset + pick(section.size)
		: pick(length);
	return Math.min(at, length - 8);
}

function change(bytes: Uint8Array, at: number, pick: Random): void {
	const view = new DataView(bytes.buffer);
	switch (pick(6)) {
		case 0:
			bytes[at] = pick(256);
			return;
		case 1:
			bytes[at] ^= 1 << pick(8);
			return;
		case 2:
			view.setUint32(at, [...WORDS, bytes.length][pick(WORDS.length + 1)], true);
			return;
		case 3:
			view.setBigUint64(at, LONGS[pick(LONGS.length)], true);
			return;
		case 4:
			// A field's neighbour: off by a little.
			view.setUint32(at & ~3, view.getUint32(at & ~3, true) + pick(9) - 4, true);
			return;
		default:
			// Something from elsewhere in the file: tables that overlap or refer to each other.
			bytes.copyWithin(at, pick(bytes.length - 8), pick(bytes.length - 8) + 8);
	}
}

/** Writes a name over another one, in a string table or in BTF. */
function rename(bytes: Uint8Array, filled: readonly SectionHeader[], pick: Random): void {
	const tables = filled.filter(({ name, type }) => type === SHT.strtab || name === ".BTF");
	if (tables.length === 0) return;
	const table = tables[pick(tables.length)];
	const start = bytes.indexOf(0, table.offset + pick(table.size)) + 1;
	const name = new TextEncoder().encode(`${NAMES[pick(NAMES.length)]}\0`);
	if (start > 0 && start + name.length <= table.offset + table.size) bytes.set(name, start);
}
