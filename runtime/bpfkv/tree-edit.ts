/** Changes to the tree of a BPF-KV file: new values and nodes behind its end, and the blocks that change in place, from the root down. */
import { faultOfNode, KvDamage, MAX_LEVELS } from "./damage.ts";
import { BLOCK, VALUE_SIZE } from "./format.ts";
import { KvNode } from "./node.ts";

/** One file with positioned writes. All of it may throw the file system's errors (ENOSPC, EIO). */
export interface WritableFile {
	size(): Promise<number>;
	read(offset: number, length: number): Promise<Uint8Array>;
	write(offset: number, bytes: Uint8Array): Promise<void>;
	/** Returns when everything written is on the disk. */
	sync(): Promise<void>;
	truncate(size: number): Promise<void>;
	close(): Promise<void>;
}

/** A set of changes to the tree, held in memory until they are written. */
export class TreeEdit {
	readonly #file: WritableFile;
	readonly #originalSize: number;
	readonly #nodes = new Map<number, KvNode>();
	readonly #dirty = new Set<number>();
	readonly #appended: { readonly offset: number; readonly bytes: Uint8Array }[] = [];
	/** Free bytes of the last value block that this edit started. */
	#valueBlock: { offset: number; used: number; bytes: Uint8Array } | null = null;
	/** Size of the file with everything appended. */
	size: number;

	private constructor(file: WritableFile, size: number) {
		this.#file = file;
		this.#originalSize = size;
		this.size = size;
	}

	static async begin(file: WritableFile): Promise<TreeEdit> {
		const size = await file.size();
		// An append that a crash cut short may have left part of a block; nothing points there.
		return new TreeEdit(file, Math.ceil(size / BLOCK) * BLOCK);
	}

	async put(key: number, value: Uint8Array): Promise<void> {
		const path = await this.#descend(key);
		const { node: leaf, offset } = path[path.length - 1];
		const at = leaf.search(key);
		const where = this.#appendValue(value);
		if (leaf.count > 0 && leaf.key(at) === key) {
			leaf.setPointer(at, where);
			this.#dirty.add(offset);
			return;
		}
		await this.#insert(path, key, where);
	}

	async delete(key: number): Promise<void> {
		const path = await this.#descend(key);
		const { node: leaf, offset } = path[path.length - 1];
		const at = leaf.search(key);
		if (leaf.count === 0 || leaf.key(at) !== key) return;
		leaf.remove(at);
		this.#dirty.add(offset);
	}

	/** Writes what lies behind the old end of the file. */
	async writeAppended(): Promise<void> {
		for (const { offset, bytes } of this.#appended) await this.#file.write(offset, bytes);
	}

	/** Blocks to be written in place, parents before their children. */
	overwritten(): { readonly offset: number; readonly bytes: Uint8Array }[] {
		const blocks: { offset: number; bytes: Uint8Array }[] = [];
		for (let level = [0]; level.length > 0; ) {
			const below: number[] = [];
			for (const offset of level) {
				const node = this.#nodes.get(offset);
				if (node === undefined) continue;
				if (this.#dirty.has(offset) && offset < this.#originalSize) blocks.push({ offset, bytes: node.bytes });
				if (!node.leaf) for (let i = 0; i < node.count; i++) below.push(node.pointer(i));
			}
			level = below;
		}
		return blocks;
	}

	async #descend(key: number): Promise<{ node: KvNode; offset: number; index: number }[]> {
		const path: { node: KvNode; offset: number; index: number }[] = [];
		for (let offset = 0; ; ) {
			const node = await this.#node(offset);
			const index = node.search(key);
			path.push({ node, offset, index });
			if (node.leaf) return path;
			if (path.length > MAX_LEVELS) throw new KvDamage(0, `more than ${MAX_LEVELS} levels above key ${key}: the tree has a loop`);
			offset = node.pointer(index);
		}
	}

	async #insert(path: { node: KvNode; offset: number; index: number }[], key: number, pointer: number): Promise<void> {
		const { node, offset, index } = path[path.length - 1];
		const place = node.count > 0 && key > node.key(index) ? index + 1 : index;
		if (node.count < 31) {
			node.insert(place, key, pointer);
			this.#dirty.add(offset);
			return;
		}
		if (path.length === 1) {
			// The root stays at offset 0: its contents move down by one level.
			const moved = new KvNode(node.bytes.slice());
			const movedOffset = this.#appendNode(moved);
			node.bytes.set(new KvNode().bytes);
			node.insert(0, 0, movedOffset);
			this.#dirty.add(0);
			await this.#insert(
				[
					{ node, offset: 0, index: 0 },
					{ node: moved, offset: movedOffset, index },
				],
				key,
				pointer,
			);
			return;
		}
		const right = node.split();
		const rightOffset = this.#appendNode(right);
		right.next = node.next;
		node.next = rightOffset;
		this.#dirty.add(offset);
		const into = key >= right.key(0) ? right : node;
		const at = into.search(key);
		into.insert(into.count > 0 && key > into.key(at) ? at + 1 : at, key, pointer);
		const parents = path.slice(0, -1);
		const parent = parents[parents.length - 1];
		parents[parents.length - 1] = { ...parent, index: parent.node.search(right.key(0)) };
		await this.#insert(parents, right.key(0), rightOffset);
	}

	#appendNode(node: KvNode): number {
		const offset = this.size;
		this.size += BLOCK;
		this.#nodes.set(offset, node);
		this.#appended.push({ offset, bytes: node.bytes });
		return offset;
	}

	#appendValue(value: Uint8Array): number {
		if (this.#valueBlock === null || this.#valueBlock.used === BLOCK) {
			this.#valueBlock = { offset: this.size, used: 0, bytes: new Uint8Array(BLOCK) };
			this.#appended.push(this.#valueBlock);
			this.size += BLOCK;
		}
		const block = this.#valueBlock;
		const offset = block.offset + block.used;
		block.bytes.set(value, block.used);
		block.used += VALUE_SIZE;
		return offset;
	}

	async #node(offset: number): Promise<KvNode> {
		let node = this.#nodes.get(offset);
		if (!node) {
			const bytes = await this.#file.read(offset, BLOCK);
			if (bytes.length < BLOCK) throw new KvDamage(offset, `the file ends at ${offset + bytes.length}, in the middle of a node`);
			node = new KvNode(bytes);
			const fault = faultOfNode(node);
			if (fault !== null) throw new KvDamage(offset, fault);
			this.#nodes.set(offset, node);
		}
		return node;
	}
}
