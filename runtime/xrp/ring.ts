/**
 * Submissions and completions between a caller and one worker, in shared memory: two rings of slot numbers and a
 * record for each slot. Entries of one turn are published by one store and one notify, on both sides.
 *
 *     control   submitted · taken · completed · collected · closing     (counters that only grow, modulo 2^32)
 *     submit    N slot numbers       written by the caller, read by the worker
 *     complete  N slot numbers       written by the worker, read by the caller
 *     slots     N records of 16 words
 *
 * N is a power of two, and at most N requests are in flight: the rings never overflow.
 */
const CONTROL = { submitted: 0, taken: 1, completed: 2, collected: 3, closing: 4, words: 16 } as const;

/** Words of a slot's record. */
export const SLOT = { hook: 0, offset: 1, offsetHigh: 2, count: 3, maxHops: 4, cancelled: 5, ret: 8, hops: 9, programReturn: 10, words: 16 } as const;

export class Ring {
	readonly words: Int32Array;
	readonly slots: number;
	readonly #submit: number;
	readonly #complete: number;
	readonly #records: number;
	/** Entries written and not yet published by this side. */
	#unpublished = 0;

	/** Over memory that `Ring.bytes` sized. */
	constructor(shared: SharedArrayBuffer, slots: number) {
		this.words = new Int32Array(shared);
		this.slots = slots;
		this.#submit = CONTROL.words;
		this.#complete = this.#submit + slots;
		this.#records = this.#complete + slots;
	}

	static bytes(slots: number): number {
		return 4 * (CONTROL.words + 2 * slots + SLOT.words * slots);
	}

	/** Index of the first word of a slot's record. */
	record(slot: number): number {
		return this.#records + SLOT.words * slot;
	}

	// ── caller ──

	/** Enters a slot whose record is filled in; `publish` makes it visible. */
	submit(slot: number): void {
		const at = (Atomics.load(this.words, CONTROL.submitted) + this.#unpublished++) & (this.slots - 1);
		this.words[this.#submit + at] = slot;
	}

	publishSubmissions(): void {
		if (this.#unpublished === 0) return;
		Atomics.add(this.words, CONTROL.submitted, this.#unpublished);
		this.#unpublished = 0;
		Atomics.notify(this.words, CONTROL.submitted);
	}

	/** Hands each completed slot to `take`; returns how many there were. */
	collect(take: (slot: number) => void): number {
		const completed = Atomics.load(this.words, CONTROL.completed);
		const from = this.words[CONTROL.collected];
		const n = (completed - from) | 0;
		for (let i = 0; i < n; i++) take(this.words[this.#complete + ((from + i) & (this.slots - 1))]);
		this.words[CONTROL.collected] = completed;
		return n;
	}

	/** Resolves when something completes that was not collected yet. */
	waitForCompletion(): Promise<unknown> | null {
		const result = Atomics.waitAsync(this.words, CONTROL.completed, this.words[CONTROL.collected]);
		return result.async ? result.value : null;
	}

	/** Blocks until something completes. */
	blockForCompletion(): void {
		Atomics.wait(this.words, CONTROL.completed, this.words[CONTROL.collected]);
	}

	close(): void {
		Atomics.store(this.words, CONTROL.closing, 1);
		Atomics.notify(this.words, CONTROL.submitted);
		Atomics.add(this.words, CONTROL.submitted, 0);
	}

	// ── worker ──

	/**
	 * Serves submissions until the ring is closed: `serve` runs one request and leaves its result in the record.
	 * Everything that is there is served before anything is published, so that a batch costs one notify.
	 */
	serveAll(serve: (record: number, slot: number) => void): void {
		const { words } = this;
		for (;;) {
			const submitted = Atomics.load(words, CONTROL.submitted);
			let taken = words[CONTROL.taken];
			if (taken === submitted) {
				if (Atomics.load(words, CONTROL.closing)) return;
				Atomics.wait(words, CONTROL.submitted, submitted, 1000);
				continue;
			}
			let completed = words[CONTROL.completed];
			for (; taken !== submitted; taken = (taken + 1) | 0) {
				const slot = words[this.#submit + (taken & (this.slots - 1))];
				serve(this.record(slot), slot);
				words[this.#complete + (completed & (this.slots - 1))] = slot;
				completed = (completed + 1) | 0;
			}
			words[CONTROL.taken] = taken;
			Atomics.store(words, CONTROL.completed, completed);
			Atomics.notify(words, CONTROL.completed);
		}
	}
}
