/**
 * Verifies a BPF-KV file: every node that the root reaches, its order, its pointers, the chain of each level. Damage is
 * reported by byte offset. Blocks that nothing points to are no damage: a crash may leave some behind the tree.
 *
 * Two walks. The first one claims the blocks of all nodes, without looking at leaves; the second one looks at leaves, and
 * claims the place of each value. So a pointer to another key's value, or into a node, is found whichever was met first.
 * What is claimed is a bit each: for a full file of six layers (72 GB) 170 MB.
 *
 * A file that was never written to is a function of its size. If its first or its last node is what `create` wrote,
 * every other one must be, too: then even two pointers that changed places are found.
 */
import type { BlockDevice } from "../xrp/device.ts";
import { Bitmap } from "./bitmap.ts";
import { TOMBSTONE_OFFSET } from "./bulk.ts";
import { type Damage, faultOfNode, faultOfPointer, MAX_LEVELS } from "./damage.ts";
import { BLOCK, blockOf, FANOUT, type Geometry, geometry, layersOf, VALUE_SIZE, writeBlocks } from "./format.ts";
import { KvNode } from "./node.ts";

/** What a check found; a sound file has no `damage`. */
export interface CheckReport {
	readonly damage: readonly Damage[];
	readonly layers: number;
	readonly nodes: number;
	/** Entries of leaves, tombstones among them. */
	readonly keys: number;
	/** Entries that say that a key is deleted, in a file that `bulkLoad` made. */
	readonly tombstones: number;
	/** More was found than is listed. */
	readonly truncated: boolean;
}

/** How much to list, and whom to tell how far it is. */
export interface CheckOptions {
	/** Damaged places to list at most (100). */
	readonly limit?: number;
	/** Called after each 1000 nodes with their number so far, and the checked share of the tree from 0 to 1, which never falls. */
	readonly onProgress?: (nodes: number, share: number) => void;
	/** The log beside the file holds what a writer was about to do: the file may then end in the middle of a block. */
	readonly interrupted?: boolean;
}

const PROGRESS_NODES = 1000;
/** Share of the nodes that lie above the leaves, which the first walk sees. */
const ABOVE_LEAVES = 1 / FANOUT;

/** Walks the whole tree, by plain reads. */
export function checkKv(device: BlockDevice, options: CheckOptions = {}): CheckReport {
	return new TreeCheck(device, options).run();
}

/** A part of the tree, as seen from above. */
interface Subtree {
	readonly offset: number;
	/** 1 for the root. */
	readonly depth: number;
	/** Its keys: from … to − 1. */
	readonly from: number;
	readonly to: number;
	/** Its part of the whole tree: where it begins, and its width. */
	readonly share: number;
	readonly width: number;
}

/** What one walk does: blocks that it has met, and whether it goes into leaves. */
interface Walk {
	readonly met: Bitmap;
	readonly leaves: boolean;
}

class TreeCheck {
	readonly #device: BlockDevice;
	readonly #options: CheckOptions;
	readonly #limit: number;
	readonly #damage: Damage[] = [];
	#found = 0;
	#nodes = 0;
	#keys = 0;
	#tombstones = 0;
	/** Blocks of nodes and, by 64 bytes, places of values. */
	readonly #claimedNodes = new Bitmap();
	readonly #claimedValues = new Bitmap();
	/** A buffer for each level. */
	readonly #level: KvNode[] = Array.from({ length: MAX_LEVELS + 1 }, () => new KvNode());
	/** The last node that was looked at on each level; null: its right neighbour is not known. */
	readonly #left: ({ offset: number; next: number } | null)[] = [];
	/** Of a file that was never written to. */
	readonly #created: Geometry | null;
	readonly #layers: number;

	constructor(device: BlockDevice, options: CheckOptions) {
		this.#device = device;
		this.#options = options;
		this.#limit = options.limit ?? 100;
		this.#created = this.#asCreated();
		this.#layers = this.#created?.layers ?? this.#depthOfLeaves();
	}

	run(): CheckReport {
		const { size } = this.#device;
		if (size < BLOCK) {
			this.#report(0, `${size} bytes are no BPF-KV file: there is no root`);
			return this.#summary();
		}
		if (size % BLOCK !== 0 && !this.#options.interrupted)
			this.#report(
				blockOf(size),
				`the file ends in the middle of a block (${size} bytes): a writer was interrupted, or the file was cut off`,
			);
		this.#claimedNodes.add(0);
		if (this.#layers > 1) this.#walkFromRoot({ met: this.#claimedNodes, leaves: false });
		const met = new Bitmap();
		met.add(0);
		this.#walkFromRoot({ met, leaves: true });
		return this.#summary();
	}

	#summary(): CheckReport {
		return {
			damage: this.#damage,
			layers: this.#layers,
			nodes: this.#nodes,
			keys: this.#keys,
			tombstones: this.#tombstones,
			truncated: this.#found > this.#limit,
		};
	}

	#walkFromRoot(walk: Walk): void {
		this.#left.length = 0;
		this.#walk({ offset: 0, depth: 1, from: 0, to: Number.POSITIVE_INFINITY, share: 0, width: 1 }, walk);
		for (const last of this.#left)
			if (last && last.next !== 0) this.#report(last.offset, `the last node of its level points on to ${last.next}`);
	}

	#report(offset: number, what: string): void {
		if (this.#found++ < this.#limit) this.#damage.push({ offset, what });
	}

	#walk(part: Subtree, walk: Walk): void {
		if (this.#found > this.#limit) return;
		const { offset, depth } = part;
		const leafLevel = depth === this.#layers;
		// The second walk repeats the way of the first one, which has reported what is wrong above the leaves.
		const before = this.#found;
		const report = walk.leaves && !leafLevel ? () => {} : (what: string) => this.#report(offset, what);
		const node = this.#level[depth];
		const fault =
			this.#read(node, offset) ??
			(node.leaf === leafLevel
				? null
				: node.leaf
					? `a leaf at level ${depth}, where others are at level ${this.#layers}`
					: `an internal node at level ${depth}, where leaves are`);
		if (fault !== null) {
			report(fault);
			this.#left[depth] = null;
			return;
		}
		if (!walk.leaves || leafLevel) {
			if (++this.#nodes % PROGRESS_NODES === 0)
				this.#options.onProgress?.(this.#nodes, walk.leaves ? ABOVE_LEAVES + (1 - ABOVE_LEAVES) * part.share : ABOVE_LEAVES * part.share);
			this.#checkNeighbour(node, part);
			this.#checkKeys(node, part, report);
		}
		if (leafLevel) this.#checkValues(node, report);
		const children = leafLevel ? [] : this.#children(node, part, walk, report);
		if (this.#created !== null && this.#found === before && (!walk.leaves || leafLevel)) this.#compare(this.#created, node, offset);
		if (!walk.leaves && depth + 1 === this.#layers) return;
		for (const child of children) {
			if (child === null) this.#left[depth + 1] = null;
			else this.#walk(child, walk);
		}
	}

	#read(node: KvNode, offset: number): string | null {
		let got: number;
		try {
			got = this.#device.readSync(node.bytes, 0, BLOCK, offset);
		} catch (error) {
			return `cannot be read: ${(error as Error).message}`;
		}
		return got < BLOCK ? `a node beyond the end of the file (${this.#device.size} bytes)` : faultOfNode(node);
	}

	#checkNeighbour({ next }: KvNode, { offset, depth }: Subtree): void {
		const left = this.#left[depth];
		if (left && left.next !== offset) this.#report(left.offset, `its right neighbour is at ${offset}, not at ${left.next}`);
		this.#left[depth] = { offset, next };
	}

	#checkKeys(node: KvNode, { from, to }: Subtree, report: (what: string) => void): void {
		const { count } = node;
		if (count === 0 && !node.leaf) report("an internal node without entries");
		for (let i = 0; i < count; i++) {
			const key = node.key(i);
			if (i > 0 && key <= node.key(i - 1)) report(`key ${i} (${key}) is not greater than the one before (${node.key(i - 1)})`);
			// The first key of an internal node is never compared, so it may lie below its range.
			if ((key < from && (node.leaf || i > 0)) || key >= to) report(`key ${i} (${key}) is outside the node's range ${from} to ${to}`);
		}
	}

	/** The parts below a node, in order; null for one that its pointer does not lead to. */
	#children(node: KvNode, { from, to, depth, share, width }: Subtree, { met }: Walk, report: (what: string) => void): (Subtree | null)[] {
		const count = Math.min(node.count, FANOUT);
		return Array.from({ length: count }, (_, i) => {
			const fault = faultOfPointer(node, i, this.#device.size);
			const offset = node.pointer(i);
			if (fault !== null) report(fault);
			else if (!met.add(offset / BLOCK)) report(`pointer ${i} leads to the node at ${offset}, which is reached twice`);
			else
				return {
					offset,
					depth: depth + 1,
					from: i === 0 ? from : node.key(i),
					to: i + 1 < count ? node.key(i + 1) : to,
					share: share + (width * i) / count,
					width: width / count,
				};
			return null;
		});
	}

	#checkValues(leaf: KvNode, report: (what: string) => void): void {
		const { count } = leaf;
		this.#keys += count;
		for (let i = 0; i < count; i++) {
			const to = leaf.pointer(i);
			const fault = faultOfPointer(leaf, i, this.#device.size);
			if (to === TOMBSTONE_OFFSET && leaf.marked(i)) this.#tombstones++;
			else if (fault !== null) report(fault);
			else if (this.#claimedNodes.has(Math.floor(to / BLOCK)))
				report(`pointer ${i}, of key ${leaf.key(i)}, leads to ${to}: into the node at ${blockOf(to)}`);
			else if (!this.#claimedValues.add(to / VALUE_SIZE))
				report(`pointer ${i}, of key ${leaf.key(i)}, leads to ${to}: another key's value is there`);
		}
	}

	/** A node of a file that was never written to, against what `create` writes there. */
	#compare(g: Geometry, node: KvNode, offset: number): void {
		const expected = this.#level[0];
		writeBlocks(g, offset / BLOCK, 1, expected.bytes);
		if (same(node.bytes, expected.bytes)) return;
		let differing = 0;
		while (differing < FANOUT && node.pointer(differing) === expected.pointer(differing)) differing++;
		if (differing === FANOUT)
			this.#report(offset, `not as it was created, and nothing else in this file of ${g.layers} layers was written to`);
		else
			this.#report(
				offset,
				`pointer ${differing}, of key ${node.key(differing)}, leads to ${node.pointer(differing)}; as the file was created, to ${expected.pointer(differing)}`,
			);
	}

	#asCreated(): Geometry | null {
		const layers = layersOf(this.#device.size);
		if (layers === null) return null;
		const g = geometry(layers);
		const [node, expected] = this.#level;
		for (const block of [0, g.nodes - 1]) {
			writeBlocks(g, block, 1, expected.bytes);
			if (this.#read(node, block * BLOCK) === null && same(node.bytes, expected.bytes)) return g;
		}
		return null;
	}

	/** By the first, the last and a way between them: a damaged one does not decide, unless all are. */
	#depthOfLeaves(): number {
		const ways = [0, 0.5, 1].map((place) => this.#depthBy(place));
		const sound = ways.filter(({ leaf }) => leaf);
		return Math.max(...(sound.length > 0 ? sound : ways).map(({ depth }) => depth));
	}

	#depthBy(place: number): { depth: number; leaf: boolean } {
		const [node] = this.#level;
		for (let depth = 1, offset = 0; depth < MAX_LEVELS; depth++) {
			if (this.#read(node, offset) !== null) return { depth, leaf: false };
			if (node.count === 0 || node.leaf) return { depth, leaf: node.leaf };
			const index = Math.floor(place * (node.count - 1));
			if (faultOfPointer(node, index, this.#device.size) !== null) return { depth, leaf: false };
			offset = node.pointer(index);
		}
		return { depth: MAX_LEVELS, leaf: false };
	}
}

function same(a: Uint8Array, b: Uint8Array): boolean {
	for (let i = 0; i < BLOCK; i++) if (a[i] !== b[i]) return false;
	return true;
}
