/**
 * The BPF-KV file: index nodes level by level, root first, then the value log. Everything is a function of the number
 * of layers, so that the whole file can be computed from nothing, byte for byte as the original `simplekv create` does.
 *
 *     node (512 bytes)   next u64 · type u64 (0 internal, 1 leaf) · key[31] u64 · ptr[31] u64, little endian
 *     ptr                bit 63 | byte offset: a child node, or in a leaf the value itself
 *     value (64 bytes)   the key as decimal text, right-aligned with spaces in 63 bytes, then NUL; eight to a block
 *
 * Layers L hold the keys 0 … 31^L − 1. Node j of layer i covers 31^(L−i) keys from j · 31^(L−i).
 * Source: "XRP: In-Kernel Storage Functions with eBPF" (OSDI'22), and its released implementation.
 */

/** Bytes of a node, and of what a chain reads at once. */
export const BLOCK = 512;
/** Keys of a node. */
export const FANOUT = 31;
/** Bytes. */
export const VALUE_SIZE = 64;
/** Of a file that `createKv` makes: 887,503,681 keys. */
export const MAX_LAYERS = 6;
const VALUES_PER_BLOCK = BLOCK / VALUE_SIZE;

/** Byte offsets in a node. */
export const NODE = { next: 0, type: 8, keys: 16, pointers: 264 } as const;

/** What follows from the number of layers. */
export interface Geometry {
	readonly layers: number;
	/** Keys are 0 … keys − 1. */
	readonly keys: number;
	readonly nodes: number;
	/** Byte offset of the value log. */
	readonly logBase: number;
	/** Bytes. */
	readonly fileSize: number;
}

/** Sizes of a file of `layers` layers (1–6). Throws RangeError otherwise. */
export function geometry(layers: number): Geometry {
	if (!Number.isInteger(layers) || layers < 1 || layers > MAX_LAYERS)
		throw new RangeError(`a BPF-KV file has 1 to ${MAX_LAYERS} layers, not ${layers}`);
	const keys = FANOUT ** layers;
	const nodes = (keys - 1) / (FANOUT - 1);
	const logBase = nodes * BLOCK;
	return { layers, keys, nodes, logBase, fileSize: logBase + Math.ceil(keys / VALUES_PER_BLOCK) * BLOCK };
}

/** The layers of a file of this size, or null when no BPF-KV file has it. */
export function layersOf(fileSize: number): number | null {
	for (let layers = 1; layers <= MAX_LAYERS; layers++) if (geometry(layers).fileSize === fileSize) return layers;
	return null;
}

/** First node of a layer, counted over the whole index. */
function firstNode(layer: number): number {
	return (FANOUT ** layer - 1) / (FANOUT - 1);
}

function nodeOffset(layer: number, index: number): number {
	return BLOCK * (firstNode(layer) + index);
}

function valueOffset(g: Geometry, key: number): number {
	return g.logBase + VALUE_SIZE * key;
}

/** Writes node `index` of `layer` at `at`. */
function writeNode(g: Geometry, layer: number, index: number, view: DataView, at: number): void {
	const leaf = layer === g.layers - 1;
	const inLayer = FANOUT ** layer;
	const keysPerEntry = FANOUT ** (g.layers - layer - 1);
	writeU64(view, at + NODE.next, index + 1 < inLayer ? nodeOffset(layer, index + 1) : 0);
	writeU64(view, at + NODE.type, leaf ? 1 : 0);
	for (let k = 0; k < FANOUT; k++) {
		const entry = index * FANOUT + k;
		writeU64(view, at + NODE.keys + 8 * k, entry * keysPerEntry);
		writeFilePointer(view, at + NODE.pointers + 8 * k, leaf ? valueOffset(g, entry) : nodeOffset(layer + 1, entry));
	}
}

/** The text of a key's value, as `create` writes it. */
export function valueText(key: number): string {
	return String(key).padStart(VALUE_SIZE - 1, " ");
}

function writeValue(key: number, bytes: Uint8Array, at: number): void {
	bytes.fill(0x20, at, at + VALUE_SIZE - 1);
	bytes[at + VALUE_SIZE - 1] = 0;
	let digit = at + VALUE_SIZE - 2;
	do {
		bytes[digit--] = 0x30 + (key % 10);
		key = Math.floor(key / 10);
	} while (key > 0);
}

/**
 * Computes `blocks` blocks from block number `first` on: any part of the file, without the rest of it.
 * `into` holds at least `blocks * 512` bytes.
 */
export function writeBlocks(g: Geometry, first: number, blocks: number, into: Uint8Array): void {
	const view = new DataView(into.buffer, into.byteOffset, into.byteLength);
	let layer = 0;
	for (let b = 0; b < blocks; b++) {
		const block = first + b;
		if (block < g.nodes) {
			while (layer + 1 < g.layers && block >= firstNode(layer + 1)) layer++;
			writeNode(g, layer, block - firstNode(layer), view, b * BLOCK);
		} else {
			const key = (block - g.nodes) * VALUES_PER_BLOCK;
			for (let v = 0; v < VALUES_PER_BLOCK; v++) writeValue(key + v, into, b * BLOCK + v * VALUE_SIZE);
		}
	}
}

/** Offsets that a lookup of `key` reads, from the root to the value's block: the model that runs are compared with. */
export function lookupPath(g: Geometry, key: number): number[] {
	const offsets: number[] = [];
	for (let layer = 0; layer < g.layers; layer++)
		offsets.push(nodeOffset(layer, Math.min(Math.floor(key / FANOUT ** (g.layers - layer)), FANOUT ** layer - 1)));
	if (key < g.keys) offsets.push(blockOf(valueOffset(g, key)));
	return offsets;
}

/** The byte offset of the block that a byte lies in. */
export function blockOf(offset: number): number {
	return offset - (offset % BLOCK);
}

function writeU64(view: DataView, at: number, value: number): void {
	view.setUint32(at, value % 2 ** 32, true);
	view.setUint32(at + 4, value / 2 ** 32, true);
}

function writeFilePointer(view: DataView, at: number, offset: number): void {
	writeU64(view, at, offset);
	view.setUint8(at + 7, 0x80);
}
