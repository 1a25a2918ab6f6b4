/**
 * Bulk load: any ascending stream of keys and values becomes a BPF-KV file in one pass. Each leaf is followed by the
 * blocks of its values, so that its place, and that of the leaf after it, is known before the stream goes on:
 *
 *     root · leaf 0 · 4 blocks of values · leaf 1 · 4 blocks of values · … · the nodes between, level by level
 *
 * A key without a value becomes a tombstone (its pointer is the root's offset, where no value can be), which a lookup
 * over several files takes for "deleted". Memory: 16 bytes for each leaf.
 */
import { BLOCK, FANOUT, VALUE_SIZE } from "./format.ts";
import { KvNode } from "./node.ts";

/** Where the file goes: pieces one after the other, and at the end its first block once more. */
export interface BulkSink {
	append(bytes: Uint8Array): void | Promise<void>;
	writeFirstBlock(bytes: Uint8Array): void | Promise<void>;
}

/** null: the key is deleted. */
export type BulkPair = readonly [key: number, value: Uint8Array | null];

/** What was written. */
export interface BulkResult {
	readonly keys: number;
	readonly layers: number;
	/** In bytes. */
	readonly fileSize: number;
}

/** A leaf's pointer for a deleted key. */
export const TOMBSTONE_OFFSET = 0;

const GROUP = BLOCK + Math.ceil((FANOUT * VALUE_SIZE) / BLOCK) * BLOCK;

/** What a node above points to. */
interface Child {
	readonly first: number;
	readonly offset: number;
}

/**
 * Writes a BPF-KV file of these pairs into `sink`, in one pass.
 * @param pairs keys in strictly ascending order; values of at most 64 bytes, null for a tombstone
 * @throws RangeError naming the key that is out of order or too large, or whose value is too long
 */
export async function bulkLoad(
	pairs: Iterable<BulkPair> | AsyncIterable<BulkPair>,
	sink: BulkSink,
	onProgress?: (keys: number) => void,
): Promise<BulkResult> {
	await sink.append(new Uint8Array(BLOCK));
	let offset = BLOCK;
	const leaves: Child[] = [];
	let group = new Uint8Array(GROUP);
	let leaf = leafIn(group);
	let used = 0;
	let keys = 0;
	let last = -1;

	const finishLeaf = async (more: boolean) => {
		leaf.next = more ? offset + GROUP : 0;
		leaves.push({ first: leaf.key(0), offset });
		await sink.append(group);
		offset += GROUP;
		group = new Uint8Array(GROUP);
		leaf = leafIn(group);
		used = 0;
	};

	for await (const [key, value] of pairs) {
		checkPair(key, value, last);
		last = key;
		if (used === FANOUT) await finishLeaf(true);
		const at = BLOCK + VALUE_SIZE * used;
		if (value) group.set(value, at);
		leaf.insert(used++, key, value ? offset + at : TOMBSTONE_OFFSET);
		if (++keys % 4096 === 0) onProgress?.(keys);
	}
	onProgress?.(keys);
	if (keys === 0) {
		await sink.writeFirstBlock(leaf.bytes);
		return { keys, layers: 1, fileSize: offset };
	}
	await finishLeaf(false);

	let level = leaves;
	let layers = 2;
	for (; level.length > FANOUT; layers++) {
		const above: Child[] = [];
		for (let from = 0; from < level.length; from += FANOUT) {
			const children = level.slice(from, from + FANOUT);
			const more = from + FANOUT < level.length;
			above.push({ first: children[0].first, offset });
			await sink.append(nodeOver(children, more ? offset + BLOCK : 0));
			offset += BLOCK;
		}
		level = above;
	}
	await sink.writeFirstBlock(nodeOver(level, 0));
	return { keys, layers, fileSize: offset };
}

function leafIn(group: Uint8Array): KvNode {
	group.set(new KvNode().bytes);
	const leaf = new KvNode(group.subarray(0, BLOCK));
	leaf.type = 1;
	return leaf;
}

function nodeOver(children: readonly Child[], next: number): Uint8Array {
	const node = new KvNode();
	for (const [i, { first, offset }] of children.entries()) node.insert(i, first, offset);
	node.next = next;
	return node.bytes;
}

function checkPair(key: number, value: Uint8Array | null, last: number): void {
	if (!Number.isSafeInteger(key) || key < 0) throw new RangeError(`key ${key} is no whole number from 0 to 2^53 − 1`);
	if (key <= last) throw new RangeError(`key ${key} comes after ${last}: a bulk load needs ascending keys`);
	if (value && value.length > VALUE_SIZE)
		throw new RangeError(`the value of key ${key} has ${value.length} bytes, more than ${VALUE_SIZE}`);
}
