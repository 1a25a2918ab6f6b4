/**
 * XRP without waiting: K worker threads, each with its own descriptor of the file and its own instance of the programs,
 * fed by rings in shared memory. A request's scratch page lies in the worker's linear memory, so that the caller fills it
 * and reads it in place; one turn of the event loop costs one notify for each worker, however many requests it submits,
 * and one for each batch that comes back.
 *
 * A few chains of each turn run on the calling thread itself (`inline`, see xrp-inline.ts), where a cached block costs
 * less than waking a thread does; what is more goes to the workers, and both work at the same time.
 *
 * One worker serves a file in the page cache best; for a device, take as many as the queue depth that is wanted.
 */
import type { Worker } from "node:worker_threads";
import { ERRNO } from "../xrp/chain.ts";
import type { XrpRequest, XrpService, XrpStatistics } from "../xrp/service.ts";
import { StatisticsCounter } from "../xrp/service.ts";
import { InlineChains } from "./xrp-inline.ts";
import type { HookObject, WorkerSetup } from "./xrp-hooks.ts";
import { type Pending, settle, Thread } from "./xrp-thread.ts";

export type { XrpRequest } from "../xrp/service.ts";

/** What chains read, which programs they run, and on how many threads. */
export interface XrpPoolOptions {
	/** The file that the chains read. */
	readonly path: string;
	/** Further files of the chains: bits 56 to 62 of an address name them, from 1 on. */
	readonly files?: readonly string[];
	/**
	 * URL of a module that opens `path` and `files` by its export `openDevice` (see `OpenDevice`), for devices other than
	 * files; each thread imports it for itself.
	 */
	readonly device?: string | URL;
	/** Programs that requests name by their place in this list. Each thread has its own instance of them, maps included. */
	readonly objects: readonly HookObject[];
	/** Threads (1). */
	readonly workers?: number;
	/** Requests in flight for each thread: a power of two (64). */
	readonly slots?: number;
	/** O_DIRECT. */
	readonly direct?: boolean;
	/**
	 * Microseconds of each turn of the event loop in which chains may run on the calling thread (1000); 0: none do. With
	 * `direct` none do, because each read then waits for the device.
	 */
	readonly inline?: number;
	/** Microseconds that a worker stays awake after its last chain while that pays (30). */
	readonly spin?: number;
}

const MAX_ATTEMPTS = 2;
const DEFAULT_INLINE = 1000;
const DEFAULT_SPIN = 30;

/** A service on worker threads, which run until it is closed. */
export class XrpPool implements XrpService {
	readonly #setup: Omit<WorkerSetup, "ring">;
	readonly #threads: Thread[] = [];
	/** Submitted in this turn, or waiting for a slot. */
	#queue: Pending[] = [];
	readonly #count = new StatisticsCounter();
	#inline: InlineChains | null = null;
	#flushing = false;
	#turning = false;
	#closed = false;

	private constructor(setup: Omit<WorkerSetup, "ring">) {
		this.#setup = setup;
	}

	/** @throws the file system's error, or the verifier's rejection of a program */
	static async open(options: XrpPoolOptions): Promise<XrpPool> {
		const slots = options.slots ?? 64;
		const workers = options.workers ?? 1;
		if (!(slots > 0) || (slots & (slots - 1)) !== 0) throw new RangeError(`slots must be a power of two, not ${slots}`);
		if (!Number.isInteger(workers) || workers < 1) throw new RangeError(`a pool has at least one worker, not ${workers}`);
		if (options.objects.length === 0) throw new RangeError("a pool needs at least one program");
		const setup = {
			path: options.path,
			files: options.files ?? [],
			device: options.device === undefined ? null : String(options.device),
			objects: options.objects,
			slots,
			direct: options.direct ?? false,
			spin: options.spin ?? DEFAULT_SPIN,
		};
		const pool = new XrpPool(setup);
		try {
			for (let i = 0; i < workers; i++) pool.#threads.push(await pool.#start());
			const inline = setup.direct ? 0 : (options.inline ?? DEFAULT_INLINE);
			if (inline > 0) pool.#inline = await InlineChains.open(setup, inline);
		} catch (error) {
			await pool.close();
			throw error;
		}
		return pool;
	}

	get statistics(): XrpStatistics {
		return this.#count.snapshot();
	}

	/** Rejects for what `fill` or `take` throw, when the pool is closed, and when a worker died twice under the request. */
	readXrp<T>(request: XrpRequest<T>): Promise<T> {
		if (this.#closed) return Promise.reject(new Error("the pool is closed"));
		const program = request.program ?? 0;
		if (this.#setup.objects[program] === undefined)
			return Promise.reject(new RangeError(`there is no program ${program}: the pool has ${this.#setup.objects.length}`));
		const wrong = wrongNumber(request);
		if (wrong !== null) return Promise.reject(new RangeError(wrong));
		return new Promise<T>((resolve, reject) => {
			this.#queue.push({ request, resolve, reject, unsubscribe: null, attempts: 0, carry: null });
			if (this.#flushing) return;
			this.#flushing = true;
			queueMicrotask(() => {
				this.#flushing = false;
				this.#flush();
			});
		});
	}

	readXrpMany<T>(requests: readonly XrpRequest<T>[]): Promise<T[]> {
		return Promise.all(requests.map((request) => this.readXrp(request)));
	}

	async close(): Promise<void> {
		this.#closed = true;
		for (const pending of this.#queue.splice(0)) pending.reject(new Error("the pool was closed"));
		await Promise.all(this.#threads.map((thread) => thread.close()));
		this.#inline?.close();
		this.#inline = null;
	}

	/** For tests of faults. */
	get threads(): readonly Worker[] {
		return this.#threads.map((thread) => thread.worker);
	}

	async #start(): Promise<Thread> {
		return Thread.start(this.#setup, {
			died: (thread, orphans) => void this.#died(thread, orphans),
			freed: () => this.#flush(),
			completed: (result) => this.#count.add(result),
		});
	}

	/** Divides what is queued: the surplus to the workers first, so that they are at work while this thread runs its share. */
	#flush(): void {
		if (this.#queue.length === 0 || this.#closed) return;
		const here: Pending[] = [];
		const inline = this.#inline;
		if (inline) {
			const { room } = inline;
			const later = room === 0;
			const share = Math.min(this.#fairShare(), later ? inline.roomInATurn : room);
			const queue = this.#queue;
			this.#queue = [];
			for (const pending of queue)
				(here.length < share && pending.carry === null && !pending.request.fanout ? here : this.#queue).push(pending);
			if (here.length > 0) this.#takeTurns();
			if (later) {
				this.#dispatch();
				this.#queue.unshift(...here);
				return;
			}
		}
		this.#dispatch();
		for (const pending of here) this.#runHere(pending);
	}

	/** Of all that is queued or with the workers, what this thread runs for all of them to be done at the same time. */
	#fairShare(): number {
		let chains = this.#queue.length;
		for (const thread of this.#threads) chains += thread.inFlight;
		return Math.ceil(chains / (1 + this.#threads.length));
	}

	/** To the workers, as far as they have slots. */
	#dispatch(): void {
		const queue = this.#queue;
		let next = 0;
		for (; next < queue.length; next++) {
			let best: Thread | undefined;
			for (const thread of this.#threads) if (thread.free > 0 && (best === undefined || thread.free > best.free)) best = thread;
			if (best === undefined) break;
			best.submit(queue[next]);
		}
		this.#queue = queue.slice(next);
		if (next > 0) for (const thread of this.#threads) thread.publish();
	}

	#runHere(pending: Pending): void {
		const inline = this.#inline;
		if (inline === null) return pending.reject(new Error("the pool was closed"));
		try {
			const outcome = inline.run(pending);
			if ("result" in outcome) {
				this.#count.inline++;
				this.#count.add(outcome.result);
				settle(pending, outcome.result, outcome.page);
				return;
			}
			this.#count.handedOver++;
			pending.carry = outcome;
			this.#queue.push(pending);
			this.#dispatch();
		} catch (error) {
			pending.reject(error);
		}
	}

	/** At the next turn of the event loop: a new budget for this thread, and a look at what the workers have done. */
	#takeTurns(): void {
		if (this.#turning) return;
		this.#turning = true;
		setImmediate(() => {
			this.#turning = false;
			this.#inline?.nextTurn();
			for (const thread of this.#threads) thread.collect();
			this.#flush();
		});
	}

	/** A thread ended on its own: another one takes its place, and its requests are tried once more. */
	async #died(thread: Thread, orphans: readonly Pending[]): Promise<void> {
		this.#threads.splice(this.#threads.indexOf(thread), 1);
		try {
			if (this.#closed) throw new Error("the pool was closed");
			this.#threads.push(await this.#start());
		} catch (error) {
			for (const pending of [...orphans, ...this.#queue.splice(0)]) pending.reject(error);
			return;
		}
		for (const pending of orphans) {
			if (++pending.attempts >= MAX_ATTEMPTS) pending.reject(new Error("the XRP worker died while it served this request"));
			else this.#queue.push(pending);
		}
		this.#flush();
	}
}

/** What would become another number on its way to a thread, or null. */
function wrongNumber({ offset, count, maxHops, maxOutstanding }: Omit<XrpRequest<unknown>, "fill" | "take">): string | null {
	// An offset has 64 bits, since its upper ones name a file.
	if (!(offset >= 0 && offset < 2 ** 64 && Math.floor(offset) === offset))
		return `the offset of a request is a whole number from 0 to 2^64 − 1, not ${offset}`;
	for (const [name, value] of Object.entries({ count, maxHops, maxOutstanding }))
		if (value !== undefined && !(value >= 0 && value < 2 ** 31))
			return `${name} of a request is a whole number from 0 to 2^31 − 1, not ${value}`;
	return null;
}

/** errno of a request that its signal cancelled. */
export const CANCELLED = -ERRNO.ECANCELED;
