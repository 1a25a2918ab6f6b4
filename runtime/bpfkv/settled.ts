/**
 * Whether a key that a reader did not find may have been on the move. A checkpoint changes blocks in place: a reader in
 * another process, or on a pool's worker, may read a node before a split and its child after it, where the key is gone.
 * What is found is always right, since values and new nodes only come behind the file's end.
 *
 * So a checkpoint marks itself by the file's size, like a sequence lock: before it changes blocks, the size becomes no
 * multiple of a block; afterwards it is a whole number of blocks again, and greater than it ever was. A reader that found
 * nothing looks at the size: the same as before its chain, and whole, then nothing was changed meanwhile.
 */
import type { BlockDevice } from "../xrp/device.ts";
import { BLOCK } from "./format.ts";

/** @param size of the file with all that the checkpoint appends: a multiple of a block */
export function sizeWhileChanging(size: number): number {
	return size + 1;
}

export function sizeAfterChange(size: number): number {
	return size + BLOCK;
}

/** Chains in a row that a writer may disturb, one checkpoint each. */
export const MAX_DISTURBED = 20;
/** Milliseconds to wait for a writer that is changing blocks; it then is taken for dead. */
export const LONGEST_CHANGE = 2000;

export type Settled = "settled" | "changed" | "changing";

/** @param version of the device before the chain */
export function settled(device: BlockDevice, version: number): Settled {
	if (device.lookNow === undefined) return "settled";
	device.lookNow();
	if (device.size % BLOCK !== 0) return "changing";
	return device.version === version ? "settled" : "changed";
}

/** A key that was not found, in a file of which nobody can say that it stood still meanwhile. */
export class KvUnsettled extends Error {
	override readonly name = "KvUnsettled";
}

export function disturbed(what: string, changing: boolean): KvUnsettled {
	return new KvUnsettled(
		`${what}: not found, and the file ${changing ? "is in the middle of a change: its writer died, or is stopped. Opening it for writing, as a put does, repairs it" : "never stood still while it was read"}`,
	);
}
