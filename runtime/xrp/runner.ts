/**
 * Chains over any device on the event loop: so many scratch pages for each program, and as many chains under way;
 * further requests wait in line. Programs run between two reads and share everything but the scratch page.
 */
import { readXrpAsync } from "./async.ts";
import type { StorageHook } from "./chain.ts";
import type { BlockDevice } from "./device.ts";
import { type XrpRequest, type XrpService, type XrpStatistics, StatisticsCounter } from "./service.ts";

/** What chains read and which programs they run. */
export interface RunnerOptions {
	readonly device: BlockDevice;
	/** Further files of the chains: bits 56 to 62 of an address name them, from 1 on. */
	readonly files?: readonly BlockDevice[];
	/** For each program the hooks that `storageHooks` made of it: one for each chain that may be under way. */
	readonly programs: readonly (readonly StorageHook[])[];
	/** Reads of a chain with fan-out that are under way at a time (16). */
	readonly queueDepth?: number;
}

/** A service on the calling thread's event loop. */
export class XrpRunner implements XrpService {
	readonly #options: RunnerOptions;
	readonly #free: StorageHook[][];
	readonly #waiting: (() => void)[][];
	readonly #count = new StatisticsCounter();
	readonly #closed = new AbortController();
	readonly #running = new Set<Promise<unknown>>();

	constructor(options: RunnerOptions) {
		this.#options = options;
		this.#free = options.programs.map((hooks) => [...hooks]);
		this.#waiting = options.programs.map(() => []);
	}

	get statistics(): XrpStatistics {
		return this.#count.snapshot();
	}

	readXrp<T>(request: XrpRequest<T>): Promise<T> {
		const work = this.#run(request);
		this.#running.add(work);
		const over = () => void this.#running.delete(work);
		work.then(over, over);
		return work;
	}

	readXrpMany<T>(requests: readonly XrpRequest<T>[]): Promise<T[]> {
		return Promise.all(requests.map((request) => this.readXrp(request)));
	}

	/** Cancels what is under way and waits for it; the devices are their owner's to close. */
	async close(): Promise<void> {
		this.#closed.abort();
		for (const queue of this.#waiting) for (const wake of queue.splice(0)) wake();
		await Promise.allSettled(this.#running);
	}

	async #run<T>(request: XrpRequest<T>): Promise<T> {
		const program = request.program ?? 0;
		const free = this.#free[program];
		if (free === undefined) throw new RangeError(`there is no program ${program}: the service has ${this.#free.length}`);
		// Again after each wake: a request that came meanwhile may have been quicker.
		while (free.length === 0 && !this.#closed.signal.aborted) await new Promise<void>((resolve) => this.#waiting[program].push(resolve));
		if (this.#closed.signal.aborted) throw new Error("the service is closed");
		const hook = free.pop() as StorageHook;
		try {
			request.fill(pageOf(hook));
			const result = await readXrpAsync(this.#options.device, hook, request.offset, {
				...request,
				...(this.#options.files ? { files: this.#options.files } : {}),
				...(this.#options.queueDepth ? { queueDepth: this.#options.queueDepth } : {}),
				cancelled: () => this.#closed.signal.aborted,
			});
			this.#count.add(result);
			return request.take(result, pageOf(hook));
		} finally {
			free.push(hook);
			this.#waiting[program].shift()?.();
		}
	}
}

/** A new view at each use: the memory may have grown meanwhile. */
function pageOf(hook: StorageHook): Uint8Array {
	return hook.memory.u8.subarray(hook.scratch, hook.scratch + 4096);
}
