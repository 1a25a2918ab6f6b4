/**
 * Verifies a BPF-KV file: every node that the root reaches, its order, its pointers, the chain of leaves. Damage is
 * reported by byte offset; blocks that nothing points to are counted, since a crash may leave some behind the tree.
 */
import type { BlockDevice } from "../xrp/device.ts";
import { BLOCK, FANOUT, VALUE_SIZE } from "./format.ts";
import { KvNode } from "./node.ts";

export interface Damage {
	/** In bytes, of the block concerned. */
	readonly offset: number;
	readonly what: string;
}

export interface CheckReport {
	readonly damage: readonly Damage[];
	readonly layers: number;
	readonly nodes: number;
	readonly keys: number;
	/** More was found than is listed. */
	readonly truncated: boolean;
}

export interface CheckOptions {
	/** Damaged places to list at most (100). */
	readonly limit?: number;
	readonly onProgress?: (nodes: number) => void;
}

export function checkKv(device: BlockDevice, options: CheckOptions = {}): CheckReport {
	const limit = options.limit ?? 100;
	const damage: Damage[] = [];
	let found = 0;
	let nodes = 0;
	let keys = 0;
	let layers = 0;
	let lastLeaf: { offset: number; next: number } | null = null;
	const report = (offset: number, what: string) => {
		if (found++ < limit) damage.push({ offset, what });
	};

	const seen = new Set<number>();
	const visit = (offset: number, depth: number, from: number, to: number): void => {
		if (found > limit) return;
		if (seen.has(offset)) return report(offset, "a node that is reached twice");
		seen.add(offset);
		if (depth > 32) return report(offset, "more than 32 levels: the tree has a loop");
		if (offset % BLOCK !== 0) return report(offset, "a node that does not start at a block");
		const bytes = new Uint8Array(BLOCK);
		let got = 0;
		try {
			got = device.readSync(bytes, 0, BLOCK, offset);
		} catch (error) {
			return report(offset, `cannot be read: ${(error as Error).message}`);
		}
		if (got < BLOCK) return report(offset, `a node beyond the end of the file (${device.size} bytes)`);
		const node = new KvNode(bytes);
		if (node.type > 1) return report(offset, `no node: its type is ${node.type}`);
		if (depth > 1 && node.type === 0 && bytes.every((byte) => byte === 0)) return report(offset, "all zeros: a node that was never written, or a hole in a sparse file");
		if (++nodes % 1000 === 0) options.onProgress?.(nodes);
		const { count } = node;
		if (count === 0 && !node.leaf) report(offset, "an internal node without entries");
		for (let i = 0; i < count; i++) {
			const key = node.key(i);
			if (i > 0 && key <= node.key(i - 1)) report(offset, `key ${i} (${key}) is not greater than the one before (${node.key(i - 1)})`);
			// The first key of an internal node is never compared, so it may lie below its range.
			if ((key < from && (node.leaf || i > 0)) || key >= to) report(offset, `key ${i} (${key}) is outside the node's range ${from} to ${to}`);
			if (!node.marked(i)) report(offset, `pointer ${i} is not marked as a file offset`);
		}
		if (node.leaf) {
			layers = Math.max(layers, depth);
			keys += count;
			if (lastLeaf && lastLeaf.next !== offset) report(lastLeaf.offset, `its next leaf is ${offset}, not ${lastLeaf.next}`);
			lastLeaf = { offset, next: node.next };
			for (let i = 0; i < count; i++) {
				const value = node.pointer(i);
				if (value % VALUE_SIZE !== 0 || value + VALUE_SIZE > device.size) report(offset, `pointer ${i} leads to ${value}, where no value can be`);
			}
			return;
		}
		for (let i = 0; i < Math.min(count, FANOUT); i++)
			visit(node.pointer(i), depth + 1, i === 0 ? from : node.key(i), i + 1 < count ? node.key(i + 1) : to);
	};
	visit(0, 1, 0, Number.POSITIVE_INFINITY);
	const last = lastLeaf as { offset: number; next: number } | null;
	if (last && last.next !== 0) report(last.offset, `the last leaf points on to ${last.next}`);
	return { damage, layers, nodes, keys, truncated: found > limit };
}
