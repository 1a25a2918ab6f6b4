/**
 * What ring buffers and perf event arrays share on the side of user space: records come out in order, to a listener at once or to whoever drains
 * them later. Until then they take up room, as in the kernel: a program that finds none is told so.
 */
export interface EventRecord {
	readonly data: Uint8Array;
	readonly cpu: number;
}

export interface EventSource {
	/** Takes all records that wait. */
	drain(): EventRecord[];
	/** Gets the records that wait and all later ones, until the returned function is called. */
	listen(listener: (record: EventRecord) => void): () => void;
	/** How many records found no room. Perf buffers count them; for ring buffers the program has to. */
	readonly lost: number;
}

export interface EventMap {
	readonly events: EventSource;
}

/** Listeners of one map. */
export class Listeners {
	readonly #all = new Set<(record: EventRecord) => void>();

	get any(): boolean {
		return this.#all.size > 0;
	}

	tell(record: EventRecord): void {
		for (const listener of this.#all) listener(record);
	}

	add(listener: (record: EventRecord) => void): () => void {
		this.#all.add(listener);
		return () => this.#all.delete(listener);
	}
}

/** A buffer of so many bytes for each CPU. */
export class EventQueue implements EventSource {
	readonly #capacity: number;
	readonly #pending: EventRecord[] = [];
	readonly #used = new Map<number, number>();
	readonly #listeners = new Listeners();
	lost = 0;

	constructor(capacity: number) {
		this.#capacity = capacity;
	}

	/** Whether there was room for `size` bytes. */
	push(record: EventRecord, size: number): boolean {
		if (this.#listeners.any) {
			this.#listeners.tell(record);
			return true;
		}
		const used = (this.#used.get(record.cpu) ?? 0) + size;
		if (used > this.#capacity) {
			this.lost++;
			return false;
		}
		this.#used.set(record.cpu, used);
		this.#pending.push(record);
		return true;
	}

	drain(): EventRecord[] {
		this.#used.clear();
		return this.#pending.splice(0);
	}

	listen(listener: (record: EventRecord) => void): () => void {
		for (const record of this.drain()) listener(record);
		return this.#listeners.add(listener);
	}
}
