/**
 * A file as the log beside it will make it, for those who only read: nothing is written, so that a full disk, a file that
 * may not be written to, or somebody else who is writing to it are no hindrance. Committed blocks of a checkpoint lie
 * over the file's; entries that came after it wait in a table.
 *
 * A checkpoint changes the file's size, and so the device's version: the log is then read again. What was put since the
 * log was read, and by no checkpoint moved into the tree, is not seen.
 */
import type { BlockDevice } from "../xrp/device.ts";
import { blockOf } from "./format.ts";
import { overlaid } from "./overlay.ts";
import type { RangeBounds } from "./query.ts";
import type { PendingWrites } from "./reader.ts";
import { within } from "./store.ts";
import { type Unapplied, unapplied } from "./wal.ts";

/** What a log says, over the device that it belongs to. */
export class LogView implements PendingWrites {
	/** The file under the log's blocks. */
	readonly device: BlockDevice;
	readonly #below: BlockDevice;
	readonly #readLog: () => Uint8Array;
	#version = 0;
	#log: Unapplied;

	/**
	 * @param readLog the log's bytes as they are now; none when there is no log
	 * @throws what it throws
	 */
	constructor(device: BlockDevice, readLog: () => Uint8Array) {
		this.#below = device;
		this.#readLog = readLog;
		this.#log = this.#read();
		this.device = this.#cover();
	}

	pending(key: number): Uint8Array | null | undefined {
		return this.#current().entries.get(key);
	}

	pendingBetween(bounds: RangeBounds): (readonly [key: number, value: Uint8Array | null])[] {
		return [...this.#current().entries].filter(([key]) => within(bounds, key)).sort(([a], [b]) => a - b);
	}

	get pendingCount(): number {
		return this.#log.entries.size;
	}

	#read(): Unapplied {
		// Before the log: a change after this moment is noticed later, and the log then read again.
		this.#below.lookNow?.();
		this.#version = this.#below.version;
		return unapplied(this.#readLog());
	}

	#current(): Unapplied {
		this.#below.validate?.();
		return this.#again();
	}

	#again(): Unapplied {
		if (this.#below.version !== this.#version) this.#log = this.#read();
		return this.#log;
	}

	/**
	 * A checkpoint that is under way, or was cut off, has made the file a byte longer: here it is over. Before its commit
	 * it only appends, and nothing points to what it has appended so far. Without a log nobody knows.
	 */
	#size({ fileSize, entries }: Unapplied): number {
		const { size } = this.#below;
		return fileSize ?? (entries.size > 0 ? blockOf(size) : size);
	}

	#cover(): BlockDevice {
		const below = this.#below;
		const device = overlaid(below, () => this.#again().blocks);
		const view = this;
		return {
			...device,
			get size() {
				return view.#size(view.#again());
			},
			get version() {
				return below.version;
			},
			lookNow() {
				below.lookNow?.();
			},
		};
	}
}
