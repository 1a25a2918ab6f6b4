/**
 * XRP without blocking the caller: K worker threads, each with its own descriptor of the file and its own instance of
 * the programs, fed by rings in shared memory. A request's scratch page lies in the worker's linear memory, so that
 * the caller fills it and reads it in place; one turn of the event loop costs one notify for each worker, however many
 * requests it submits, and one for each batch that comes back.
 *
 * One worker serves a file in the page cache best; for a device, take as many as the queue depth that is wanted.
 */
import { existsSync, rmSync } from "node:fs";
import { fileURLToPath, pathToFileURL } from "node:url";
import { Worker } from "node:worker_threads";
import { DEFAULT_MAX_HOPS, ERRNO, type XrpResult } from "../xrp/chain.ts";
import { XRP_BLOCK, XRP_PAGE } from "../xrp/context.ts";
import { Ring, SLOT } from "../xrp/ring.ts";
import type { HookObject, WorkerSetup } from "./xrp-hooks.ts";

export interface XrpPoolOptions {
	/** The file that the chains read. */
	readonly path: string;
	/** Programs that requests name by their place in this list. */
	readonly objects: readonly HookObject[];
	/** Threads (1). */
	readonly workers?: number;
	/** Requests in flight for each thread: a power of two (64). */
	readonly slots?: number;
	/** O_DIRECT. */
	readonly direct?: boolean;
}

export interface XrpRequest<T> {
	/** Index into the pool's objects (0). */
	readonly program?: number;
	/** Where the first read goes. */
	readonly offset: number;
	readonly count?: number;
	readonly maxHops?: number;
	/** Writes the query into the scratch page, 4096 bytes that still hold what the request before left. */
	readonly fill: (scratch: Uint8Array) => void;
	/** Takes the answer out of it; the page is somebody else's afterwards. */
	readonly take: (result: XrpResult, scratch: Uint8Array) => T;
	readonly signal?: AbortSignal;
}

interface Pending {
	readonly request: XrpRequest<unknown>;
	readonly resolve: (value: never) => void;
	readonly reject: (reason: unknown) => void;
	/** Stops listening to the request's signal. */
	unsubscribe: (() => void) | null;
	attempts: number;
}

const MAX_ATTEMPTS = 2;

export class XrpPool {
	readonly #options: XrpPoolOptions;
	readonly #threads: Thread[] = [];
	readonly #waiting: Pending[] = [];
	#closed = false;

	private constructor(options: XrpPoolOptions) {
		this.#options = options;
	}

	/** @throws the file system's error, or the verifier's rejection of a program */
	static async open(options: XrpPoolOptions): Promise<XrpPool> {
		const pool = new XrpPool(options);
		try {
			for (let i = 0; i < (options.workers ?? 1); i++) pool.#threads.push(await pool.#start());
		} catch (error) {
			await pool.close();
			throw error;
		}
		return pool;
	}

	/** Runs one chain. Rejects only when the pool is closed or a worker died twice under the request. */
	readXrp<T>(request: XrpRequest<T>): Promise<T> {
		if (this.#closed) return Promise.reject(new Error("the pool is closed"));
		return new Promise<T>((resolve, reject) => this.#enter({ request, resolve, reject, unsubscribe: null, attempts: 0 }));
	}

	/** Runs many chains from one submission; the answers come in the order of the requests. */
	readXrpMany<T>(requests: readonly XrpRequest<T>[]): Promise<T[]> {
		return Promise.all(requests.map((request) => this.readXrp(request)));
	}

	async close(): Promise<void> {
		this.#closed = true;
		for (const pending of this.#waiting.splice(0)) pending.reject(new Error("the pool was closed"));
		await Promise.all(this.#threads.map((thread) => thread.close()));
	}

	/** For tests of faults: the threads' ids. */
	get threads(): readonly Worker[] {
		return this.#threads.map((thread) => thread.worker);
	}

	async #start(): Promise<Thread> {
		return Thread.start(this.#options, (thread, orphans) => void this.#died(thread, orphans), () => this.#next());
	}

	#enter(pending: Pending): void {
		let best: Thread | undefined;
		for (const thread of this.#threads)
			if (thread.free > 0 && (best === undefined || thread.free > best.free)) best = thread;
		if (best) best.submit(pending);
		else this.#waiting.push(pending);
	}

	#next(): void {
		while (this.#waiting.length > 0 && this.#threads.some((thread) => thread.free > 0)) {
			const pending = this.#waiting.shift();
			if (pending) this.#enter(pending);
		}
	}

	/** A thread ended on its own: another one takes its place, and its requests are tried once more. */
	async #died(thread: Thread, orphans: readonly Pending[]): Promise<void> {
		this.#threads.splice(this.#threads.indexOf(thread), 1);
		if (this.#closed) {
			for (const pending of orphans) pending.reject(new Error("the pool was closed"));
			return;
		}
		try {
			this.#threads.push(await this.#start());
		} catch (error) {
			for (const pending of [...orphans, ...this.#waiting.splice(0)]) pending.reject(error);
			return;
		}
		for (const pending of orphans) {
			if (++pending.attempts >= MAX_ATTEMPTS) pending.reject(new Error("the XRP worker died while it served this request"));
			else this.#enter(pending);
		}
		this.#next();
	}
}

/** The caller's side of one worker. */
class Thread {
	readonly worker: Worker;
	readonly #ring: Ring;
	readonly #pages: Uint8Array[][];
	readonly #freeSlots: number[];
	readonly #pending: (Pending | undefined)[];
	readonly #freed: () => void;
	#flushing = false;
	#listening = false;
	#closing = false;

	private constructor(worker: Worker, ring: Ring, pages: Uint8Array[][], freed: () => void) {
		this.worker = worker;
		this.#ring = ring;
		this.#pages = pages;
		this.#freeSlots = Array.from({ length: ring.slots }, (_, i) => ring.slots - 1 - i);
		this.#pending = new Array(ring.slots).fill(undefined);
		this.#freed = freed;
	}

	static async start(
		options: XrpPoolOptions,
		died: (thread: Thread, orphans: readonly Pending[]) => void,
		freed: () => void,
	): Promise<Thread> {
		const slots = options.slots ?? 64;
		if ((slots & (slots - 1)) !== 0) throw new RangeError(`slots must be a power of two, not ${slots}`);
		const shared = new SharedArrayBuffer(Ring.bytes(slots));
		const setup: WorkerSetup = { path: options.path, objects: options.objects, slots, ring: shared, direct: options.direct ?? false };
		const worker = new Worker(await workerFile(), { workerData: setup });
		const ready = await new Promise<{ memories: SharedArrayBuffer[]; scratch: number[][] }>((resolve, reject) => {
			worker.once("message", resolve);
			worker.once("error", reject);
			worker.once("exit", (code) => reject(new Error(`the XRP worker ended with ${code} before it was ready`)));
		});
		worker.removeAllListeners();
		const pages = ready.memories.map((memory, i) => ready.scratch[i].map((at) => new Uint8Array(memory, at, XRP_PAGE)));
		const thread = new Thread(worker, new Ring(shared, slots), pages, freed);
		worker.on("error", () => {});
		worker.on("exit", () => {
			if (!thread.#closing) died(thread, thread.#orphans());
		});
		return thread;
	}

	get free(): number {
		return this.#freeSlots.length;
	}

	submit(pending: Pending): void {
		const slot = this.#freeSlots.pop() ?? -1;
		const { request } = pending;
		const program = request.program ?? 0;
		const { words } = this.#ring;
		const record = this.#ring.record(slot);
		words[record + SLOT.hook] = program;
		words[record + SLOT.offset] = request.offset % 2 ** 32;
		words[record + SLOT.offsetHigh] = Math.floor(request.offset / 2 ** 32);
		words[record + SLOT.count] = request.count ?? XRP_BLOCK;
		words[record + SLOT.maxHops] = request.maxHops ?? DEFAULT_MAX_HOPS;
		words[record + SLOT.cancelled] = request.signal?.aborted ? 1 : 0;
		request.fill(this.#pages[program][slot]);
		this.#pending[slot] = pending;
		if (request.signal) pending.unsubscribe = onAbort(request.signal, () => Atomics.store(words, record + SLOT.cancelled, 1));
		this.#ring.submit(slot);
		if (this.#flushing) return;
		this.#flushing = true;
		queueMicrotask(this.#flush);
	}

	readonly #flush = (): void => {
		this.#flushing = false;
		this.#ring.publishSubmissions();
		this.#listen();
	};

	/** Keeps exactly one wait under way while requests are in flight. */
	#listen(): void {
		if (this.#listening || this.#freeSlots.length === this.#ring.slots) return;
		const wait = this.#ring.waitForCompletion();
		if (wait === null) {
			this.#collect();
			return;
		}
		this.#listening = true;
		void wait.then(() => {
			this.#listening = false;
			this.#collect();
		});
	}

	#collect(): void {
		this.#ring.collect((slot) => this.#complete(slot));
		this.#freed();
		this.#listen();
	}

	#complete(slot: number): void {
		const pending = this.#pending[slot];
		this.#pending[slot] = undefined;
		this.#freeSlots.push(slot);
		if (!pending) return;
		pending.unsubscribe?.();
		const { words } = this.#ring;
		const record = this.#ring.record(slot);
		const result: XrpResult = {
			ret: words[record + SLOT.ret],
			hops: words[record + SLOT.hops],
			programReturn: words[record + SLOT.programReturn],
		};
		try {
			pending.resolve(pending.request.take(result, this.#pages[pending.request.program ?? 0][slot]) as never);
		} catch (error) {
			pending.reject(error);
		}
	}

	#orphans(): Pending[] {
		const orphans = this.#pending.filter((pending) => pending !== undefined);
		this.#pending.fill(undefined);
		for (const pending of orphans) pending.unsubscribe?.();
		return orphans;
	}

	async close(): Promise<void> {
		this.#closing = true;
		this.#ring.close();
		for (const pending of this.#orphans()) pending.reject(new Error("the pool was closed"));
		await this.worker.terminate();
	}
}

function onAbort(signal: AbortSignal, abort: () => void): () => void {
	signal.addEventListener("abort", abort);
	return () => signal.removeEventListener("abort", abort);
}

/** The worker's file: in its own place in the built package; among the sources it is bundled first, since a thread loads no TypeScript. */
async function workerFile(): Promise<URL> {
	if (import.meta.url.endsWith(".ts")) return bundledWorker();
	for (const path of ["./xrp.worker.js", "../runtime/node/xrp.worker.js", "./runtime/node/xrp.worker.js"]) {
		const file = new URL(path, import.meta.url);
		if (existsSync(fileURLToPath(file))) return file;
	}
	throw new Error("the package lacks runtime/node/xrp.worker.js");
}

let bundle: Promise<URL> | undefined;

function bundledWorker(): Promise<URL> {
	bundle ??= (async () => {
		// A name that bundlers do not follow: the built package neither has nor needs it.
		const name = "esbuild";
		const { build } = (await import(name)) as typeof import("esbuild");
		const outfile = fileURLToPath(new URL(`../../node_modules/.cache/ebpfcc/xrp.worker.${process.pid}.mjs`, import.meta.url));
		await build({ entryPoints: [fileURLToPath(new URL("./xrp.worker.ts", import.meta.url))], outfile, bundle: true, format: "esm", platform: "node", target: "node20", packages: "external", logLevel: "error" });
		process.once("exit", () => rmSync(outfile, { force: true }));
		return pathToFileURL(outfile);
	})();
	return bundle;
}

/** errno of a request that its signal cancelled. */
export const CANCELLED = -ERRNO.ECANCELED;
