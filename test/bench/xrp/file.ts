/**
 * A BPF-KV file that holds just the blocks which the chosen lookups and ranges read: the rest stays a hole, so that a
 * file of six layers (57 GB) takes a few megabytes.
 */
import { closeSync, fsyncSync, ftruncateSync, openSync, writeSync } from "node:fs";
import { BLOCK, blockOf, FANOUT, type Geometry, geometry, lookupPath, seededRandom, VALUE_SIZE, writeBlocks } from "ebpfcc/runtime";

export interface Workload {
	readonly path: string;
	readonly g: Geometry;
	/** For lookups, uniform. */
	readonly keys: readonly number[];
	/** First keys of ranges of `RANGE_LENGTH`. */
	readonly begins: readonly number[];
}

export const RANGE_LENGTH = 96;

export function createWorkload(path: string, layers: number, lookups: number, ranges: number): Workload {
	const g = geometry(layers);
	const random = seededRandom(2022 + layers);
	const keys = Array.from({ length: lookups }, () => Math.floor(random() * g.keys));
	const begins = Array.from({ length: g.keys > RANGE_LENGTH ? ranges : 0 }, () => Math.floor(random() * (g.keys - RANGE_LENGTH)));
	const offsets = new Set<number>();
	for (const key of keys) for (const offset of lookupPath(g, key)) offsets.add(offset);
	for (const begin of begins)
		// One entry more than the range has, up to the leaf's end: a chain looks at the first key that is too large.
		for (let key = begin; key <= Math.min(g.keys - 1, begin + RANGE_LENGTH + FANOUT); key++) for (const offset of lookupPath(g, key)) offsets.add(offset);
	const fd = openSync(path, "w");
	try {
		ftruncateSync(fd, g.fileSize);
		const block = new Uint8Array(BLOCK);
		for (const offset of offsets) {
			writeBlocks(g, blockOf(offset) / BLOCK, 1, block);
			writeSync(fd, block, 0, BLOCK, offset);
		}
		// Blocks that get their place on the disk later would change the file's mapping under the chains.
		fsyncSync(fd);
	} finally {
		closeSync(fd);
	}
	return { path, g, keys, begins };
}

/** Whether these 64 bytes are the value of `key`: its decimal text at the end of 63 bytes, then NUL. */
export function isValueOf(key: number, value: Uint8Array | null): boolean {
	if (value === null || value[VALUE_SIZE - 1] !== 0) return false;
	let at = VALUE_SIZE - 2;
	do {
		if (value[at--] !== 0x30 + (key % 10)) return false;
		key = Math.floor(key / 10);
	} while (key > 0);
	return value[at] === 0x20;
}
