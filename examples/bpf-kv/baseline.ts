/**
 * The same lookups without XRP: one awaited read of the file for each level of the tree, each looked into by hand.
 * This is what an application on Node does today, and what the chain is compared with.
 */
import type { FileHandle } from "node:fs/promises";
import { BLOCK, blockOf, FANOUT, NODE, type RangeBounds, VALUE_SIZE } from "ebpfcc/runtime";

const FILE_MASK_HIGH = 0x7fffffff;

export class LevelByLevel {
	/** Blocks read. */
	hops = 0;
	readonly #file: FileHandle;
	readonly #block: Uint8Array;
	readonly #view: DataView;

	/** @param block memory for the block that is looked at; O_DIRECT wants it page-aligned */
	constructor(file: FileHandle, block: Uint8Array = new Uint8Array(BLOCK)) {
		this.#file = file;
		this.#block = block;
		this.#view = new DataView(block.buffer, block.byteOffset, BLOCK);
	}

	/** The value's 64 bytes, or null. */
	async get(key: number): Promise<Uint8Array | null> {
		for (let offset = 0; ; ) {
			await this.#read(offset);
			const at = this.#search(key);
			const child = this.#pointer(at);
			if (this.#isLeaf()) return this.#key(at) === key ? this.#value(child) : null;
			offset = child;
		}
	}

	/** Pairs with begin ≤ key < end, in order. */
	async range({ begin, end }: RangeBounds): Promise<{ key: number; value: Uint8Array }[]> {
		const pairs: { key: number; value: Uint8Array }[] = [];
		let offset = 0;
		for (;;) {
			await this.#read(offset);
			if (this.#isLeaf()) break;
			offset = this.#pointer(this.#search(begin));
		}
		for (;;) {
			const leaf = Array.from({ length: FANOUT }, (_, i) => ({ key: this.#key(i), offset: this.#pointer(i) }));
			const next = this.#u64(NODE.next);
			for (const entry of leaf) {
				if (entry.key < begin) continue;
				if (entry.key >= end) return pairs;
				pairs.push({ key: entry.key, value: await this.#value(entry.offset) });
			}
			if (next === 0) return pairs;
			await this.#read(next);
		}
	}

	async #read(offset: number): Promise<void> {
		const { bytesRead } = await this.#file.read(this.#block, 0, BLOCK, offset);
		if (bytesRead !== BLOCK) throw new Error(`the file ends at ${offset + bytesRead}, in the middle of a block`);
		this.hops++;
	}

	async #value(offset: number): Promise<Uint8Array> {
		await this.#read(blockOf(offset));
		return this.#block.slice(offset % BLOCK, (offset % BLOCK) + VALUE_SIZE);
	}

	/** Last entry whose key is not greater. */
	#search(key: number): number {
		let at = 0;
		while (at + 1 < FANOUT && key >= this.#key(at + 1)) at++;
		return at;
	}

	#isLeaf(): boolean {
		return this.#view.getUint32(NODE.type, true) === 1;
	}

	#key(index: number): number {
		return this.#u64(NODE.keys + 8 * index);
	}

	#pointer(index: number): number {
		const at = NODE.pointers + 8 * index;
		return this.#view.getUint32(at, true) + (this.#view.getUint32(at + 4, true) & FILE_MASK_HIGH) * 2 ** 32;
	}

	#u64(at: number): number {
		return this.#view.getUint32(at, true) + this.#view.getUint32(at + 4, true) * 2 ** 32;
	}
}
