/** The caller's side of one XRP worker: its slots, and what became of the requests in them. */
import { Worker } from "node:worker_threads";
import { DEFAULT_MAX_HOPS, type XrpResult } from "../xrp/chain.ts";
import { XRP_BLOCK, XRP_PAGE } from "../xrp/context.ts";
import { DEFAULT_MAX_OUTSTANDING } from "../xrp/fanout.ts";
import { Ring, SLOT } from "../xrp/ring.ts";
import type { XrpRequest } from "../xrp/service.ts";
import { workerFile } from "./worker-file.ts";
import type { WorkerSetup } from "./xrp-hooks.ts";

/** A request on its way. */
export interface Pending {
	readonly request: XrpRequest<unknown>;
	readonly resolve: (value: never) => void;
	readonly reject: (reason: unknown) => void;
	/** Stops listening to the request's signal. */
	unsubscribe: (() => void) | null;
	attempts: number;
	/** Where another thread left off. */
	carry: Carry | null;
}

/** A chain between two reads. All that it remembers is in its scratch page. */
export interface Carry {
	readonly scratch: Uint8Array;
	readonly offset: number;
	readonly size: number;
	readonly hops: number;
	readonly bytes: number;
}

export interface ThreadEvents {
	/** The worker ended on its own; these requests were in its slots. */
	died(thread: Thread, orphans: readonly Pending[]): void;
	/** Slots became free. */
	freed(): void;
	completed(result: XrpResult): void;
}

export class Thread {
	readonly worker: Worker;
	readonly #ring: Ring;
	readonly #pages: Uint8Array[][];
	readonly #freeSlots: number[];
	readonly #pending: (Pending | undefined)[];
	readonly #events: ThreadEvents;
	#listening = false;
	#closing = false;

	private constructor(worker: Worker, ring: Ring, pages: Uint8Array[][], events: ThreadEvents) {
		this.worker = worker;
		this.#ring = ring;
		this.#pages = pages;
		this.#freeSlots = Array.from({ length: ring.slots }, (_, i) => ring.slots - 1 - i);
		this.#pending = new Array(ring.slots).fill(undefined);
		this.#events = events;
	}

	/** @throws what the worker could not open or load */
	static async start(setup: Omit<WorkerSetup, "ring">, events: ThreadEvents): Promise<Thread> {
		const shared = new SharedArrayBuffer(Ring.bytes(setup.slots));
		const worker = new Worker(await workerFile(), { workerData: { ...setup, ring: shared } satisfies WorkerSetup });
		const ready = await new Promise<{ memories: SharedArrayBuffer[]; scratch: number[][] }>((resolve, reject) => {
			worker.once("message", resolve);
			worker.once("error", reject);
			worker.once("exit", (code) => reject(new Error(`the XRP worker ended with ${code} before it was ready`)));
		});
		worker.removeAllListeners();
		const pages = ready.memories.map((memory, i) => ready.scratch[i].map((at) => new Uint8Array(memory, at, XRP_PAGE)));
		const thread = new Thread(worker, new Ring(shared, setup.slots), pages, events);
		worker.on("error", () => {});
		worker.on("exit", () => {
			if (!thread.#closing) events.died(thread, thread.#orphans());
		});
		return thread;
	}

	/** Slots. */
	get free(): number {
		return this.#freeSlots.length;
	}

	get inFlight(): number {
		return this.#ring.slots - this.#freeSlots.length;
	}

	get busy(): boolean {
		return this.inFlight > 0;
	}

	/** Takes a request into a free slot; `publish` makes it visible to the worker. */
	submit(pending: Pending): void {
		const slot = this.#freeSlots.pop() ?? -1;
		const { request, carry } = pending;
		const program = request.program ?? 0;
		const { words } = this.#ring;
		const record = this.#ring.record(slot);
		const page = this.#pages[program][slot];
		const count = request.count ?? XRP_BLOCK;
		words[record + SLOT.hook] = program;
		this.#ring.setLong(record + SLOT.offset, carry?.offset ?? request.offset);
		words[record + SLOT.count] = count;
		words[record + SLOT.firstSize] = carry?.size ?? count;
		words[record + SLOT.maxHops] = (request.maxHops ?? DEFAULT_MAX_HOPS) - (carry?.hops ?? 0);
		words[record + SLOT.cancelled] = request.signal?.aborted ? 1 : 0;
		words[record + SLOT.fanout] = request.fanout ? 1 : 0;
		words[record + SLOT.maxOutstanding] = request.maxOutstanding ?? DEFAULT_MAX_OUTSTANDING;
		if (carry) page.set(carry.scratch);
		else {
			try {
				request.fill(page);
			} catch (error) {
				this.#freeSlots.push(slot);
				pending.reject(error);
				return;
			}
		}
		this.#pending[slot] = pending;
		if (request.signal) pending.unsubscribe = onAbort(request.signal, () => Atomics.store(words, record + SLOT.cancelled, 1));
		this.#ring.submit(slot);
	}

	/** One notify for everything that was submitted. */
	publish(): void {
		this.#ring.publishSubmissions();
		this.#listen();
	}

	/** Takes what has completed, without waiting. */
	collect(): void {
		if (this.#ring.collect((slot) => this.#complete(slot)) > 0) this.#events.freed();
	}

	async close(): Promise<void> {
		this.#closing = true;
		this.#ring.close();
		for (const pending of this.#orphans()) pending.reject(new Error("the pool was closed"));
		await this.worker.terminate();
	}

	/** Keeps exactly one wait under way while requests are in flight. */
	#listen(): void {
		while (!this.#listening && this.busy) {
			const wait = this.#ring.waitForCompletion();
			if (wait === null) {
				this.collect();
				continue;
			}
			this.#listening = true;
			void wait.then(() => {
				this.#listening = false;
				this.collect();
				this.#listen();
			});
		}
	}

	#complete(slot: number): void {
		const pending = this.#pending[slot];
		this.#pending[slot] = undefined;
		this.#freeSlots.push(slot);
		if (!pending) return;
		pending.unsubscribe?.();
		const { carry, request } = pending;
		const own = this.#ring.result(this.#ring.record(slot));
		const result = carry ? { ...own, hops: own.hops + carry.hops, bytes: own.bytes + carry.bytes } : own;
		this.#events.completed(result);
		settle(pending, result, this.#pages[request.program ?? 0][slot]);
	}

	#orphans(): Pending[] {
		const orphans = this.#pending.filter((pending) => pending !== undefined);
		this.#pending.fill(undefined);
		for (const pending of orphans) pending.unsubscribe?.();
		return orphans;
	}
}

/** Answers a request with what its `take` makes of the result. */
export function settle(pending: Pending, result: XrpResult, page: Uint8Array): void {
	try {
		pending.resolve(pending.request.take(result, page) as never);
	} catch (error) {
		pending.reject(error);
	}
}

function onAbort(signal: AbortSignal, abort: () => void): () => void {
	signal.addEventListener("abort", abort);
	return () => signal.removeEventListener("abort", abort);
}
