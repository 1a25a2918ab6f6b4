/** Writes a BPF-KV file into a sink, a megabyte at a time, in one pass. The same layers always give the same bytes. */
import { BLOCK, type Geometry, geometry, lookupPath, writeBlocks } from "./format.ts";

const BLOCKS_PER_CHUNK = 2048;

/** Who is told how far it is, and who may stop it. */
export interface CreateOptions {
	/** Called after each chunk with the bytes written so far and in all; for a sparse file, the blocks. */
	readonly onProgress?: (written: number, total: number) => void;
	readonly signal?: AbortSignal;
}

/**
 * Writes the file of so many layers, front to back.
 * @param sink takes each chunk; its bytes are reused when the returned promise resolves
 * @throws RangeError for layers out of 1–6, the signal's reason when aborted, whatever the sink throws
 */
export async function createKv(
	layers: number,
	sink: (chunk: Uint8Array) => void | Promise<void>,
	options: CreateOptions = {},
): Promise<Geometry> {
	const g = geometry(layers);
	const blocks = g.fileSize / BLOCK;
	const chunk = new Uint8Array(BLOCKS_PER_CHUNK * BLOCK);
	for (let first = 0; first < blocks; first += BLOCKS_PER_CHUNK) {
		options.signal?.throwIfAborted();
		const n = Math.min(BLOCKS_PER_CHUNK, blocks - first);
		writeBlocks(g, first, n, chunk);
		await sink(chunk.subarray(0, n * BLOCK));
		options.onProgress?.((first + n) * BLOCK, g.fileSize);
	}
	return g;
}

/**
 * The blocks that lookups of these keys read, by ascending offset: what a sparse file of so many layers must hold. The
 * rest may stay a hole, so that a file of six layers (72 GB) takes a few megabytes.
 */
export function sparseBlocks(g: Geometry, keys: Iterable<number>): number[] {
	const offsets = new Set<number>();
	for (const key of keys) for (const offset of lookupPath(g, key)) offsets.add(offset);
	return [...offsets].sort((a, b) => a - b);
}
