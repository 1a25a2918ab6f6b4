/**
 * What makes a block no node of a tree, and where a descent meets such a block: for everything that walks a tree by plain
 * reads, and to explain why a chain was refused. A program can only return a number.
 */
import type { XrpResult } from "../xrp/chain.ts";
import type { BlockDevice } from "../xrp/device.ts";
import { TOMBSTONE_OFFSET } from "./bulk.ts";
import { BLOCK, VALUE_SIZE } from "./format.ts";
import { KvNode } from "./node.ts";

/** A place in the file, and what is wrong with it. */
export interface Damage {
	/** In bytes, of the block concerned. */
	readonly offset: number;
	readonly what: string;
}

/** Levels that a descent goes down before the tree is called damaged. */
export const MAX_LEVELS = 32;

/** What our programs (examples/bpf-kv/bpf-kv.h) return at damage. */
const PROGRAM_FAULTS: Readonly<Record<number, string>> = {
	[-1]: "a block that is no node",
	[-2]: "a pointer that is not marked as a file offset",
	[-3]: "a tree, or a row of leaves, that leads in circles",
};

/** Why a chain was refused, in words. */
export function reasonOf({ cause, programReturn, reason = "no reason given" }: XrpResult): string {
	const fault = cause === "program" ? PROGRAM_FAULTS[programReturn] : undefined;
	return fault === undefined ? reason : `${reason}: ${fault}`;
}

/** The damage that ended a chain for these keys, or null when it was something else. */
export function damageBehind({ cause }: XrpResult, device: BlockDevice, keys: Iterable<number>): KvDamage | null {
	return cause === "program" || cause === "address" || cause === "hops" ? damageOnTheWay(device, keys) : null;
}

/** A file that is not the tree it was written as. */
export class KvDamage extends Error implements Damage {
	override readonly name = "KvDamage";
	readonly offset: number;
	readonly what: string;

	constructor(offset: number, what: string) {
		super(`the tree is damaged at ${offset}: ${what}`);
		this.offset = offset;
		this.what = what;
	}
}

/** Why a block of 512 bytes is no node, or null. */
export function faultOfNode(node: KvNode): string | null {
	if (node.type > 1) return `no node: its type is ${node.type}`;
	if (!node.leaf && node.bytes.every((byte) => byte === 0)) return "all zeros: a node that was never written, or a hole in a sparse file";
	return null;
}

/** Why a node's pointer leads nowhere in a file of `size` bytes, or null. */
export function faultOfPointer(node: KvNode, index: number, size: number): string | null {
	if (!node.marked(index)) return `pointer ${index} is not marked as a file offset`;
	const unit = node.leaf ? VALUE_SIZE : BLOCK;
	const to = node.pointer(index);
	if (to + unit > size) return `pointer ${index} leads to ${to}, which lies outside the file's ${size} bytes`;
	return to % unit === 0 ? null : `pointer ${index} leads to ${to}, which is no multiple of ${unit}`;
}

/**
 * Reads the node at `offset` into `node`.
 * @throws KvDamage when it is none
 */
function readNode(device: BlockDevice, node: KvNode, offset: number): KvNode {
	const got = device.readSync(node.bytes, 0, BLOCK, offset);
	const fault = got < BLOCK ? `the file ends at ${offset + got}, in the middle of a node` : faultOfNode(node);
	if (fault !== null) throw new KvDamage(offset, fault);
	return node;
}

/**
 * Walks down from the root to the leaf in which `key` is, or would be. Returns where the node lies.
 * @throws KvDamage, and whatever the device throws
 */
function descendTo(device: BlockDevice, node: KvNode, key: number): number {
	for (let offset = 0, level = 0; level < MAX_LEVELS; level++) {
		readNode(device, node, offset);
		const index = node.search(key);
		// A leaf's other entries are not looked at, nor is a tombstone, which leads nowhere.
		if (node.leaf && (node.key(index) !== key || node.pointer(index) === TOMBSTONE_OFFSET)) return offset;
		const fault = faultOfPointer(node, index, device.size);
		if (fault !== null) throw new KvDamage(offset, fault);
		if (node.leaf) return offset;
		offset = node.pointer(index);
	}
	throw new KvDamage(0, `more than ${MAX_LEVELS} levels above key ${key}: the tree has a loop`);
}

/** The damage that lookups of these keys meet first, or null. */
function damageOnTheWay(device: BlockDevice, keys: Iterable<number>): KvDamage | null {
	const node = new KvNode();
	try {
		for (const key of keys) descendTo(device, node, key);
	} catch (error) {
		if (error instanceof KvDamage) return error;
		// A device that cannot be read at all has told so already.
	}
	return null;
}

/** The last key of a tree, −1 when it is empty. @throws KvDamage, and whatever the device throws */
export function greatestKey(device: BlockDevice): number {
	const node = new KvNode();
	for (let offset = 0, level = 0; level < MAX_LEVELS; level++) {
		const { count } = readNode(device, node, offset);
		if (node.leaf || count === 0) return count === 0 ? -1 : node.key(count - 1);
		offset = node.pointer(count - 1);
	}
	throw new KvDamage(0, `more than ${MAX_LEVELS} levels above the last key: the tree has a loop`);
}
