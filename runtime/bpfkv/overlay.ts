/** A device under blocks that are not in it yet: those of a checkpoint that is being written, or that a log holds. */
import type { BlockDevice } from "../xrp/device.ts";
import { BLOCK } from "./format.ts";

/** @param blocks by offset; null: nothing covers the device now */
export function overlaid(device: BlockDevice, blocks: () => ReadonlyMap<number, Uint8Array> | null): BlockDevice {
	const cover = (into: Uint8Array, at: number, length: number, offset: number): void => {
		const covering = blocks();
		if (covering === null) return;
		for (let block = 0; block < length; block += BLOCK) {
			const bytes = covering.get(offset + block);
			if (bytes) into.set(bytes, at + block);
		}
	};
	return {
		get size() {
			return device.size;
		},
		get version() {
			return device.version;
		},
		readSync(into, at, length, offset) {
			const got = device.readSync(into, at, length, offset);
			cover(into, at, got, offset);
			return got;
		},
		async read(into, at, length, offset) {
			const got = await device.read(into, at, length, offset);
			cover(into, at, got, offset);
			return got;
		},
		validate: (since) => device.validate?.(since),
		close: () => device.close(),
	};
}
