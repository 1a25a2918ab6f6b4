/** Values of the keys that were asked for last, in memory. The least recently used one goes first. */
export class ObjectCache {
	hits = 0;
	misses = 0;
	readonly #capacity: number;
	/** In the order of their last use. */
	readonly #values = new Map<number, Uint8Array | null>();

	/** @param capacity keys, found or not */
	constructor(capacity: number) {
		if (!Number.isInteger(capacity) || capacity < 0)
			throw new RangeError(`the number of cached objects is a whole number, not ${capacity}`);
		this.#capacity = capacity;
	}

	get size(): number {
		return this.#values.size;
	}

	/** null: the key is known not to be there; undefined: nothing is known of it. */
	get(key: number): Uint8Array | null | undefined {
		const value = this.#values.get(key);
		if (value === undefined) {
			this.misses++;
			return undefined;
		}
		this.hits++;
		this.#values.delete(key);
		this.#values.set(key, value);
		return value;
	}

	/** Takes the bytes as they are: who passes a view of a page copies it first. */
	set(key: number, value: Uint8Array | null): void {
		if (this.#capacity === 0) return;
		this.#values.delete(key);
		this.#values.set(key, value);
		if (this.#values.size > this.#capacity) for (const oldest of this.#values.keys()) return void this.#values.delete(oldest);
	}

	delete(key: number): void {
		this.#values.delete(key);
	}

	clear(): void {
		this.#values.clear();
	}
}
