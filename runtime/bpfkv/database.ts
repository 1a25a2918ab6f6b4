/** A BPF-KV file to read and to write in one process: puts go to the store's log, reads see them at once. */
import type { BlockDevice } from "../xrp/device.ts";
import type { KvPrograms } from "./client.ts";
import { overlaid } from "./overlay.ts";
import { KvReader, type ReaderOptions } from "./reader.ts";
import type { KvStore } from "./store.ts";

/**
 * The only writer of its file, and a reader of it.
 * @example const db = await openKvDatabase("db", programs); await db.put(5, bytes); db.get(5); await db.close();
 */
export class KvDatabase extends KvReader {
	readonly #store: KvStore;

	/**
	 * @param device reads the file that `store` writes; it is closed with the database
	 * @throws Error when it is no BPF-KV file
	 */
	constructor(device: BlockDevice, store: KvStore, programs: KvPrograms, options: ReaderOptions = {}) {
		// Checkpoints write block by block while chains run between two of their writes: chains see all of them or none.
		super(
			overlaid(device, () => store.overlay),
			store,
			programs,
			options,
		);
		this.#store = store;
	}

	/** Resolves when the value is on the disk. At most 64 bytes. */
	async put(key: number, value: Uint8Array): Promise<void> {
		await this.#store.put(key, value);
		this.forget(key);
	}

	async delete(key: number): Promise<void> {
		await this.#store.delete(key);
		this.forget(key);
	}

	/** Moves what was put into the tree. */
	checkpoint(): Promise<void> {
		return this.#store.checkpoint();
	}

	override async close(): Promise<void> {
		try {
			await this.#store.close();
		} finally {
			super.close();
		}
	}
}
