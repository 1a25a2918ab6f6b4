/**
 * Chains on the calling thread, while their blocks come from the page cache. A chain of six levels then takes about as
 * long as it takes to wake another thread, and less than the event loop needs for the seven reads that it replaces.
 *
 * What bounds it: no chain begins that is not expected to end within so many microseconds of a turn of the event loop,
 * the first of a turn excepted. One that takes longer than all of them goes on in a worker from the block where it
 * stands: all its state is in the scratch page, which moves along. So a turn is held up for two budgets at most, or by
 * one slow read. Two chains in a row whose reads take as long as a device does say that the file is not cached: nothing
 * runs here then for a while, at first 10 ms, and twice as long each time that it happens again.
 */
import { CAUSES, DEFAULT_MAX_HOPS, nextAddress, nextSize, type StorageHook, type XrpResult } from "../xrp/chain.ts";
import { XRP_BLOCK, XRP_PAGE } from "../xrp/context.ts";
import { readXrpSync } from "../xrp/engine.ts";
import type { BlockDevice } from "../xrp/device.ts";
import { deviceOpener, openAll } from "./pool-device.ts";
import type { Carry, Pending } from "./xrp-thread.ts";
import { loadHooks, type WorkerSetup } from "./xrp-hooks.ts";

/** Milliseconds that a cached block never takes, unless the thread was made to wait. */
const SLOW_HOP = 0.05;
/** That many slow chains in a row are the device's doing. */
const SLOW_CHAINS = 2;
/** Reads between two looks at the clock, which costs a quarter of a cached read. */
const CLOCK_EVERY = 8;
const FIRST_PAUSE = 10;
const LONGEST_PAUSE = 5_000;
/** Weight of the latest chain in what one is thought to cost. */
const WEIGHT = 0.1;

export class InlineChains {
	/** Milliseconds. */
	readonly #budget: number;
	readonly #device: BlockDevice;
	readonly #files: readonly BlockDevice[];
	readonly #hooks: readonly StorageHook[];
	readonly #pages: readonly Uint8Array[];
	#left: number;
	#chainCost = 0.01;
	#slowInARow = 0;
	#pausedUntil = 0;
	#pause = FIRST_PAUSE;

	private constructor(budget: number, files: readonly BlockDevice[], hooks: readonly StorageHook[]) {
		this.#budget = budget;
		this.#left = budget;
		[this.#device, ...this.#files] = files;
		this.#hooks = hooks;
		this.#pages = hooks.map((hook) => hook.memory.u8.subarray(hook.scratch, hook.scratch + XRP_PAGE));
	}

	/** @param microseconds of each turn */
	static async open(setup: Omit<WorkerSetup, "ring">, microseconds: number): Promise<InlineChains> {
		const hooks = (await loadHooks(setup.objects, 0)).map(({ hook }) => hook);
		const files = await openAll(await deviceOpener(setup.device), [setup.path, ...setup.files], false);
		return new InlineChains(microseconds / 1000, files, hooks);
	}

	/** How many chains this turn still has room for. */
	get room(): number {
		if (this.#paused) return 0;
		const chains = Math.floor(this.#left / this.#chainCost);
		return this.#left === this.#budget ? Math.max(1, chains) : Math.max(0, chains);
	}

	/** How many a whole turn has room for. */
	get roomInATurn(): number {
		return this.#paused ? 0 : Math.max(1, Math.floor(this.#budget / this.#chainCost));
	}

	nextTurn(): void {
		this.#left = this.#budget;
	}

	/** Runs a request as far as one budget allows: its result and page, or where a worker goes on. */
	run({ request }: Pending): { readonly result: XrpResult; readonly page: Uint8Array } | Carry {
		const program = request.program ?? 0;
		const hook = this.#hooks[program];
		const page = this.#pages[program];
		request.fill(page);
		const began = performance.now();
		const until = began + this.#budget;
		const count = request.count ?? XRP_BLOCK;
		let hops = 0;
		const result = readXrpSync(this.#device, hook, request.offset, {
			count,
			maxHops: request.maxHops ?? DEFAULT_MAX_HOPS,
			files: this.#files,
			cancelled: () => request.signal?.aborted === true || (++hops % CLOCK_EVERY === 0 && performance.now() > until),
		});
		this.#account(performance.now() - began, result.hops);
		if (result.ret !== -CAUSES.cancelled || request.signal?.aborted) return { result, page };
		const { view } = hook.memory;
		return {
			scratch: page.slice(),
			offset: nextAddress(view, hook.context, 0),
			size: nextSize(view, hook.context, 0) || count,
			hops: result.hops,
			bytes: result.bytes,
		};
	}

	close(): void {
		for (const file of [this.#device, ...this.#files]) file.close();
	}

	get #paused(): boolean {
		return this.#pausedUntil > 0 && performance.now() < this.#pausedUntil;
	}

	#account(milliseconds: number, hops: number): void {
		this.#left -= milliseconds;
		if (milliseconds > SLOW_HOP * Math.max(1, hops)) {
			// One alone may be a thread that was made to wait.
			if (++this.#slowInARow < SLOW_CHAINS) return;
			this.#pausedUntil = performance.now() + this.#pause;
			this.#pause = Math.min(LONGEST_PAUSE, 2 * this.#pause);
			return;
		}
		this.#slowInARow = 0;
		this.#chainCost += WEIGHT * (milliseconds - this.#chainCost);
		if (this.#pausedUntil > 0 && performance.now() > this.#pausedUntil + this.#pause) {
			this.#pausedUntil = 0;
			this.#pause = FIRST_PAUSE;
		}
	}
}
