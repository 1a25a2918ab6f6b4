/**
 * What ring buffers and perf event arrays share on the side of user space: records come out in order, to listeners at once
 * or to whoever drains them later.
 */
export interface EventRecord {
	readonly data: Uint8Array;
	readonly cpu: number;
}

export class EventQueue {
	readonly #pending: EventRecord[] = [];
	readonly #listeners = new Set<(record: EventRecord) => void>();

	push(record: EventRecord): void {
		if (this.#listeners.size === 0) this.#pending.push(record);
		for (const listener of this.#listeners) listener(record);
	}

	/** Takes all records that wait. */
	drain(): EventRecord[] {
		return this.#pending.splice(0);
	}

	get waiting(): number {
		return this.#pending.length;
	}

	/** Gets the records that wait and all later ones, until the returned function is called. */
	listen(listener: (record: EventRecord) => void): () => void {
		for (const record of this.drain()) listener(record);
		this.#listeners.add(listener);
		return () => this.#listeners.delete(listener);
	}
}

export interface EventMap {
	readonly events: EventQueue;
}
