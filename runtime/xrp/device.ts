/**
 * What an XRP chain reads from: blocks of 512 bytes, addressed by byte offset. A file is one (runtime/node), memory is
 * one; a host application writes its own for anything else.
 */
export interface BlockDevice {
	/** Bytes. Reads at or past it fail. */
	readonly size: number;
	/**
	 * Reads `length` bytes at `offset` into `into` at `at`; returns how many bytes there were.
	 * Throws an error with an errno `code` ("EIO") when the device fails.
	 */
	readSync(into: Uint8Array, at: number, length: number, offset: number): number;
	/** The same without blocking. */
	read(into: Uint8Array, at: number, length: number, offset: number): Promise<number>;
	/**
	 * Changes whenever the mapping of offsets to blocks may have changed: the version that the kernel's metadata digest
	 * keeps by file. A chain that sees it change is aborted.
	 */
	readonly version: number;
	/**
	 * Asked before, during and after a chain: the device may look whether its mapping changed. Cheap, or rarely more than
	 * that. `since`: so many reads of this chain ago it was asked before; absent, nobody knows how long ago that was.
	 */
	validate?(since?: number): void;
	/** Looks at once, for devices that others may write to meanwhile. */
	lookNow?(): void;
	close(): void;
}

/** A device over bytes in memory. */
export function memoryDevice(bytes: Uint8Array): BlockDevice & { remap(): void } {
	let version = 0;
	const readSync = (into: Uint8Array, at: number, length: number, offset: number) => {
		const part = bytes.subarray(offset, offset + length);
		into.set(part, at);
		return part.length;
	};
	return {
		size: bytes.length,
		readSync,
		read: (into, at, length, offset) => Promise.resolve(readSync(into, at, length, offset)),
		get version() {
			return version;
		},
		remap: () => {
			version++;
		},
		close: () => {},
	};
}
