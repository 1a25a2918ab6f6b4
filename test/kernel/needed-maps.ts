/** The maps that a program names; one with an arena does not load together with some others, and every map costs time. */
import type { RecordedMap } from "../support/case-image.ts";

const LD_IMM64 = 0x18;
const MAP = 1;
const MAP_VALUE = 2;

/** The instructions with indexes into the shorter list. An index without a map stays without one. */
export function neededMaps(insns: string, maps: readonly RecordedMap[]): { readonly insns: string; readonly maps: readonly RecordedMap[] } {
	const bytes = Buffer.from(insns, "hex");
	const used: number[] = [];
	for (let at = 0; at + 8 < bytes.length; at += 8) {
		if (bytes[at] !== LD_IMM64) continue;
		const pseudo = bytes[at + 1] >> 4;
		if (pseudo === MAP || pseudo === MAP_VALUE) {
			const map = bytes.readInt32LE(at + 4);
			if (maps[map] === undefined) bytes.writeInt32LE(maps.length, at + 4);
			else {
				if (!used.includes(map)) used.push(map);
				bytes.writeInt32LE(used.indexOf(map), at + 4);
			}
		}
		at += 8;
	}
	return { insns: bytes.toString("hex"), maps: used.map((index) => maps[index]) };
}
