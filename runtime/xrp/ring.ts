/**
 * Submissions and completions between a caller and one worker, in shared memory: two rings of slot numbers and a
 * record for each slot. Entries of one turn are published by one store and one notify, on both sides.
 *
 *     control   submitted · taken · completed · collected · closing     (counters that only grow, modulo 2^32)
 *     submit    N slot numbers       written by the caller, read by the worker
 *     complete  N slot numbers       written by the worker, read by the caller
 *     slots     N records of 96 words; the last 72 hold why a chain was refused
 *
 * N is a power of two, and at most N requests are in flight: the rings never overflow.
 */
import { CAUSES, type AbortCause, type XrpResult } from "./chain.ts";

const CONTROL = { submitted: 0, taken: 1, completed: 2, collected: 3, closing: 4, words: 16 } as const;

/** Words of a slot's record. Offsets take two, low word first. */
export const SLOT = {
	hook: 0,
	offset: 1,
	count: 3,
	firstSize: 4,
	maxHops: 5,
	cancelled: 6,
	fanout: 7,
	maxOutstanding: 8,
	ret: 16,
	hops: 17,
	bytes: 18,
	programReturn: 20,
	cause: 21,
	reasonBytes: 22,
	reason: 24,
	words: 96,
} as const;

/** A cause's number in a record is its place here, from 1 on; 0: the chain ended well. */
const CAUSE_NAMES = Object.keys(CAUSES) as AbortCause[];

const REASON_BYTES = 4 * (SLOT.words - SLOT.reason);
const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Completions that the caller may see before the whole batch is done. */
const PUBLISH_EVERY = 8;

/** How a worker waits for submissions: awake for a while, then asleep. */
export interface Waiting {
	/** Microseconds to stay awake at most; 0: none. */
	readonly spin: number;
	/** Milliseconds. */
	readonly now: () => number;
}

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

	/** A double in two words. */
	setLong(at: number, value: number): void {
		this.words[at] = value % 2 ** 32;
		this.words[at + 1] = Math.floor(value / 2 ** 32);
	}

	long(at: number): number {
		return (this.words[at] >>> 0) + (this.words[at + 1] >>> 0) * 2 ** 32;
	}

	setResult(record: number, result: XrpResult): void {
		const { words } = this;
		words[record + SLOT.ret] = result.ret;
		words[record + SLOT.hops] = result.hops;
		this.setLong(record + SLOT.bytes, result.bytes);
		words[record + SLOT.programReturn] = result.programReturn;
		words[record + SLOT.cause] = result.cause === undefined ? 0 : 1 + CAUSE_NAMES.indexOf(result.cause);
		if (result.reason !== undefined) this.#setReason(record, result.reason);
	}

	/** As UTF-8, as much as there is room for. */
	#setReason(record: number, reason: string): void {
		const text = encoder.encode(reason);
		const room = this.#reason(record, REASON_BYTES);
		const part = text.subarray(0, room.length);
		room.set(part);
		this.words[record + SLOT.reasonBytes] = part.length;
	}

	#reason(record: number, length: number): Uint8Array {
		return new Uint8Array(this.words.buffer, this.words.byteOffset + 4 * (record + SLOT.reason), length);
	}

	result(record: number): XrpResult {
		const { words } = this;
		const result = {
			ret: words[record + SLOT.ret],
			hops: words[record + SLOT.hops],
			bytes: this.long(record + SLOT.bytes),
			programReturn: words[record + SLOT.programReturn],
		};
		const cause = words[record + SLOT.cause];
		if (cause === 0) return result;
		// A decoder takes no shared memory.
		const reason = decoder.decode(this.#reason(record, words[record + SLOT.reasonBytes]).slice());
		return { ...result, cause: CAUSE_NAMES[cause - 1], reason };
	}

	// ── caller ──

	/** Enters a slot whose record is filled in; `publishSubmissions` makes it visible. */
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

	/** Resolves when something completes that was not collected yet; null when something has. */
	waitForCompletion(): Promise<unknown> | null {
		const result = Atomics.waitAsync(this.words, CONTROL.completed, this.words[CONTROL.collected]);
		return result.async ? result.value : null;
	}

	close(): void {
		Atomics.store(this.words, CONTROL.closing, 1);
		Atomics.notify(this.words, CONTROL.submitted);
	}

	// ── worker ──

	/**
	 * Serves submissions until the ring is closed: `serve` runs one request and leaves its result in the record.
	 * Everything that is there is served before the caller is notified, so that a batch costs one notify; a caller that
	 * looks by itself sees completions earlier.
	 */
	serveAll(serve: (record: number, slot: number) => void, waiting: Waiting): void {
		const { words } = this;
		const wait = patience(waiting);
		for (;;) {
			const submitted = Atomics.load(words, CONTROL.submitted);
			let taken = words[CONTROL.taken];
			if (taken === submitted) {
				if (Atomics.load(words, CONTROL.closing)) return;
				wait(
					() => Atomics.load(words, CONTROL.submitted) !== submitted,
					() => void Atomics.wait(words, CONTROL.submitted, submitted, 1000),
				);
				continue;
			}
			let completed = words[CONTROL.completed];
			for (let served = 1; taken !== submitted; taken = (taken + 1) | 0, served++) {
				const slot = words[this.#submit + (taken & (this.slots - 1))];
				serve(this.record(slot), slot);
				words[this.#complete + (completed & (this.slots - 1))] = slot;
				completed = (completed + 1) | 0;
				if (served % PUBLISH_EVERY === 0) Atomics.store(words, CONTROL.completed, completed);
			}
			words[CONTROL.taken] = taken;
			Atomics.store(words, CONTROL.completed, completed);
			Atomics.notify(words, CONTROL.completed);
		}
	}
}

/**
 * Waking a CPU that halts costs some 55 µs in a virtual machine, several times a chain. So a worker stays awake for a
 * little while, as long as that pays: a wait in vain halves it, a submission that came soon restores it.
 */
function patience({ spin, now }: Waiting): (ready: () => boolean, sleep: () => void) => void {
	let budget = spin;
	return (ready, sleep) => {
		const began = now();
		if (budget > 0) {
			const until = began + budget / 1000;
			while (now() < until) if (ready()) return;
			budget = budget < 2 ? 0 : budget / 2;
		}
		sleep();
		if ((now() - began) * 1000 < spin) budget = spin;
	};
}
