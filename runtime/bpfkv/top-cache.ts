/**
 * The top levels of a tree in memory: a lookup walks down through them and starts its chain below, which saves one
 * read for each level. Nodes are taken in when they are first needed.
 *
 * Only internal nodes are kept. They change when a split gives a node a new neighbour, and a split always makes the
 * file longer: the device's version then changes, and the cache starts again from nothing. A device that looks at its
 * file rarely notices late; whoever writes to the file in the same process says so by `clear`.
 */
import type { BlockDevice } from "../xrp/device.ts";
import { BLOCK } from "./format.ts";
import { KvNode } from "./node.ts";

/** 16 MB: three full levels have 993 nodes, four 30,784. */
const MAX_NODES = 32_768;

/** Nodes by their place, as many levels as asked for. */
export class TopCache {
	/** Nodes that were read into the cache since it was made. */
	loads = 0;
	readonly #device: BlockDevice;
	readonly #levels: number;
	readonly #nodes = new Map<number, KvNode>();
	#version: number;

	constructor(device: BlockDevice, levels: number) {
		if (!Number.isInteger(levels) || levels < 0) throw new RangeError(`the number of cached levels is a whole number, not ${levels}`);
		this.#device = device;
		this.#levels = levels;
		this.#version = device.version;
	}

	/** Where a descent to `key` goes on: the offset of the first node on its way that is not kept. */
	start(key: number): number {
		this.#device.validate?.();
		if (this.#device.version !== this.#version) this.clear();
		let offset = 0;
		for (let level = 0; level < this.#levels; level++) {
			const node = this.#nodes.get(offset) ?? this.#load(offset);
			if (node === null) return offset;
			offset = node.pointer(node.search(key));
		}
		return offset;
	}

	/** The same for a device that is waited for. */
	async startAsync(key: number): Promise<number> {
		this.#device.validate?.();
		if (this.#device.version !== this.#version) this.clear();
		let offset = 0;
		for (let level = 0; level < this.#levels; level++) {
			const node = this.#nodes.get(offset) ?? (await this.#loadAsync(offset));
			if (node === null) return offset;
			offset = node.pointer(node.search(key));
		}
		return offset;
	}

	clear(): void {
		this.#nodes.clear();
		this.#version = this.#device.version;
	}

	/** null: not to be kept, because it is a leaf, or damaged and therefore the chain's to report, or one too many. */
	#load(offset: number): KvNode | null {
		if (this.#nodes.size >= MAX_NODES) return null;
		const bytes = new Uint8Array(BLOCK);
		return this.#keep(offset, bytes, this.#device.readSync(bytes, 0, BLOCK, offset));
	}

	async #loadAsync(offset: number): Promise<KvNode | null> {
		if (this.#nodes.size >= MAX_NODES) return null;
		const { version } = this.#device;
		const bytes = new Uint8Array(BLOCK);
		const got = await this.#device.read(bytes, 0, BLOCK, offset);
		// A node of the file as it was is good for this lookup, whose chain notices by itself, and for no other.
		return this.#device.version === version ? this.#keep(offset, bytes, got) : null;
	}

	#keep(offset: number, bytes: Uint8Array, got: number): KvNode | null {
		const node = new KvNode(bytes);
		if (got < BLOCK || node.type !== 0) return null;
		this.loads++;
		this.#nodes.set(offset, node);
		return node;
	}
}
