/**
 * BPF-KV lookups that do not block the caller, through any place that runs chains: a pool of threads over a file, or the
 * event loop over a remote object. 32 keys make a chain. One that was refused because the file changed under it runs
 * again; one that keeps being refused is answered by plain reads: late then, but never missing.
 */
import { ERRNO, type XrpResult } from "../xrp/chain.ts";
import type { BlockDevice } from "../xrp/device.ts";
import type { XrpRequest, XrpService } from "../xrp/service.ts";
import { type KvPair, textOf, XrpError } from "./client.ts";
import { TOMBSTONE_OFFSET } from "./bulk.ts";
import { faultOfNode, faultOfPointer, KvDamage, MAX_LEVELS } from "./damage.ts";
import { BLOCK, blockOf, VALUE_SIZE } from "./format.ts";
import { KvNode } from "./node.ts";
import { type Aggregate, GetPage, MAX_KEYS, type RangeBounds, RangePage, type RangeRest } from "./query.ts";
import { disturbed, LONGEST_CHANGE, MAX_DISTURBED, settled } from "./settled.ts";
import { TopCache } from "./top-cache.ts";

/** Where chains run, and how often they are tried. */
export interface AsyncKvOptions {
	/** Runs the chains. Its programs are get, range and sum, as far as they are used. */
	readonly service: XrpService;
	/** The same file, for plain reads and for the levels that are kept. */
	readonly device: BlockDevice;
	/** Levels from the root to keep in memory (0): each chain starts below them. */
	readonly cacheLevels?: number;
	/** Further chains after one that was refused (3). */
	readonly retries?: number;
}

/** Sums since the file was opened. */
export interface AsyncKvStatistics {
	/** Keys asked for by get and getMany. */
	readonly keys: number;
	readonly chains: number;
	/** Blocks that chains read. */
	readonly hops: number;
	/** Chains that were run again because the file's mapping had changed. */
	readonly retries: number;
	/** Keys that plain reads answered, and the blocks read for them. */
	readonly fallbacks: number;
	readonly plainReads: number;
}

const PROGRAM = { get: 0, range: 1, sum: 2 } as const;

const MAX_RANGE_HOPS = 1 << 24;

/** The typed client of a service: keys in, values of 64 bytes out; null for what is not there. */
export class AsyncKvFile {
	readonly #service: XrpService;
	readonly #device: BlockDevice;
	readonly #top: TopCache | null;
	readonly #retries: number;
	readonly #getPage = pagesOf(GetPage);
	readonly #rangePage = pagesOf(RangePage);
	readonly #count = { keys: 0, chains: 0, hops: 0, retries: 0, fallbacks: 0, plainReads: 0 };

	constructor({ service, device, cacheLevels, retries }: AsyncKvOptions) {
		this.#service = service;
		this.#device = device;
		this.#top = cacheLevels ? new TopCache(device, cacheLevels) : null;
		this.#retries = retries ?? 3;
	}

	get statistics(): AsyncKvStatistics {
		return { ...this.#count };
	}

	/** Forgets the levels kept in memory: for whoever changes the file in the same process. */
	clearCache(): void {
		this.#top?.clear();
	}

	/** The value's 64 bytes, or null. */
	async get(key: number, signal?: AbortSignal): Promise<Uint8Array | null> {
		return (await this.#getChain([key], signal))[0];
	}

	/** The values in the order of the keys; 32 keys make a chain, and all chains are submitted at once. */
	async getMany(keys: readonly number[], signal?: AbortSignal): Promise<(Uint8Array | null)[]> {
		const chains: Promise<(Uint8Array | null)[]>[] = [];
		for (let from = 0; from < keys.length; from += MAX_KEYS) chains.push(this.#getChain(keys.slice(from, from + MAX_KEYS), signal));
		return (await Promise.all(chains)).flat();
	}

	/** The pairs of a range, by ascending key: one chain for each 32. */
	async *pairs(bounds: RangeBounds, signal?: AbortSignal): AsyncGenerator<readonly [key: number, value: Uint8Array]> {
		let rest: RangeRest | null = null;
		for (let begin: RangeBounds | null = bounds; begin !== null; begin = rest) {
			const found: (readonly [number, Uint8Array])[] = [];
			const { count, next } = await this.#rangeChain(begin, rest, (key, value) => void found.push([key, value.slice()]), signal);
			yield* found;
			// A full page that happened to end the range leaves a rest only if more may follow.
			rest = count === 0 ? null : next;
		}
	}

	/**
	 * Calls `take` for each pair in key order; the value's bytes are valid during the call. Resolves to how many there
	 * were. Faster than `pairs`, which costs a turn of the promise queue for each of them.
	 */
	async forEachInRange(bounds: RangeBounds, take: (key: number, value: Uint8Array) => void, signal?: AbortSignal): Promise<number> {
		let total = 0;
		let rest: RangeRest | null = null;
		for (let begin: RangeBounds | null = bounds; begin !== null; begin = rest) {
			const { count, next } = await this.#rangeChain(begin, rest, take, signal);
			total += count;
			rest = count === 0 ? null : next;
		}
		return total;
	}

	async range(bounds: RangeBounds, signal?: AbortSignal): Promise<KvPair[]> {
		const pairs: KvPair[] = [];
		await this.forEachInRange(bounds, (key, value) => void pairs.push({ key, value: textOf(value) }), signal);
		return pairs;
	}

	/** As `KvFile.aggregate`. */
	async aggregate(
		op: Aggregate,
		bounds: RangeBounds,
		options: { readonly decimal?: boolean; readonly signal?: AbortSignal } = {},
	): Promise<bigint | null> {
		const nothing = op === "sum" || op === "count" ? 0n : null;
		return this.#retrying(`${op} from ${bounds.begin}`, async () => {
			const offset = await this.#start(bounds.begin);
			return this.#submit({
				program: PROGRAM.sum,
				offset,
				maxHops: MAX_RANGE_HOPS,
				fill: (scratch) => new RangePage(scratch).prepare(bounds, { op, decimal: options.decimal ?? true }),
				take: (result, scratch) => {
					const page = new RangePage(scratch);
					return this.#taken(result) ?? { value: page.length === 0 ? nothing : page.aggregateValue };
				},
				...(options.signal ? { signal: options.signal } : {}),
			});
		}).then(({ value }) => value);
	}

	async #getChain(keys: readonly number[], signal?: AbortSignal): Promise<(Uint8Array | null)[]> {
		this.#count.keys += keys.length;
		for (let disturbances = 0; ; disturbances++) {
			const { version } = this.#device;
			const values = await this.#getOnce(keys, signal);
			if (!values.includes(null) || (await this.#missing(version, disturbances, keys))) return values;
		}
	}

	/** True: what was not found is not there. False: a writer may have moved it meanwhile, so look again. */
	async #missing(version: number, disturbances: number, keys: readonly number[]): Promise<boolean> {
		const until = performance.now() + LONGEST_CHANGE;
		let state = settled(this.#device, version);
		if (state === "settled") return true;
		for (; state === "changing" && performance.now() < until; state = settled(this.#device, version))
			await new Promise((resolve) => setTimeout(resolve, 1));
		if (state === "changing" || disturbances >= MAX_DISTURBED) throw disturbed(`keys from ${keys[0]}`, state === "changing");
		this.#top?.clear();
		this.#count.retries++;
		return false;
	}

	async #getOnce(keys: readonly number[], signal?: AbortSignal): Promise<(Uint8Array | null)[]> {
		try {
			return await this.#retrying(`get of ${keys.length} keys from ${keys[0]}`, async () => {
				const starts = await Promise.all(keys.map((key) => this.#start(key)));
				return this.#submit({
					program: PROGRAM.get,
					offset: starts[0],
					maxHops: keys.length * (MAX_LEVELS + 1),
					fill: (scratch) => this.#getPage(scratch).prepare(keys, 0, starts),
					take: (result, scratch) => {
						const page = this.#getPage(scratch);
						return this.#taken(result) ?? keys.map((_, i) => (page.found(i) ? page.value(i).slice() : null));
					},
					...(signal ? { signal } : {}),
				});
			});
		} catch (error) {
			if (!(error instanceof XrpError) || error.result.ret !== -ERRNO.EOPNOTSUPP) throw error;
			return this.#plainly(keys);
		}
	}

	#rangeChain(
		bounds: RangeBounds,
		rest: RangeRest | null,
		take: (key: number, value: Uint8Array) => void,
		signal?: AbortSignal,
	): Promise<{ count: number; next: RangeRest | null }> {
		let from = rest;
		return this.#retrying(`range from ${bounds.begin}`, async () => {
			const resumed = from;
			// A second attempt does not trust the leaf's place any more.
			from = null;
			const offset = resumed ? resumed.leaf : await this.#start(bounds.begin);
			return this.#submit({
				program: PROGRAM.range,
				offset,
				maxHops: MAX_RANGE_HOPS,
				fill: (scratch) => (resumed ? this.#rangePage(scratch).prepareRest(resumed) : this.#rangePage(scratch).prepare(bounds)),
				take: (result, scratch) => {
					const page = this.#rangePage(scratch);
					const refused = this.#taken(result);
					if (refused) return refused;
					const count = page.length;
					for (let i = 0; i < count; i++) take(page.key(i), page.value(i));
					return { count, next: page.rest() };
				},
				...(signal ? { signal } : {}),
			});
		});
	}

	#submit<T>(request: XrpRequest<T>): Promise<T> {
		return this.#service.readXrp(request);
	}

	/** Counts a chain; its result when it did not end well. */
	#taken(result: XrpResult): XrpResult | null {
		this.#count.chains++;
		this.#count.hops += result.hops;
		return result.ret < 0 ? result : null;
	}

	/** Again while the mapping changes under it: that is soon over. */
	async #retrying<T extends object>(what: string, run: () => Promise<T | XrpResult>): Promise<T> {
		for (let attempt = 0; ; attempt++) {
			const answer = await run();
			if (!isResult(answer)) return answer;
			if (answer.cause !== "mapping" || attempt >= this.#retries) throw new XrpError(what, answer);
			this.#count.retries++;
		}
	}

	async #start(key: number): Promise<number> {
		return this.#top === null ? 0 : this.#top.startAsync(key);
	}

	async #plainly(keys: readonly number[]): Promise<(Uint8Array | null)[]> {
		const values: (Uint8Array | null)[] = [];
		for (const key of keys) values.push(await this.#plainGet(key));
		return values;
	}

	async #plainGet(key: number): Promise<Uint8Array | null> {
		this.#count.fallbacks++;
		for (let offset = 0, level = 0; ; level++) {
			if (level === MAX_LEVELS) throw new KvDamage(0, `more than ${MAX_LEVELS} levels above key ${key}: the tree has a loop`);
			const node = new KvNode(await this.#read(offset));
			const at = node.search(key);
			const to = node.pointer(at);
			if (node.leaf && (node.key(at) !== key || to === TOMBSTONE_OFFSET)) return null;
			const fault = faultOfNode(node) ?? faultOfPointer(node, at, this.#device.size);
			if (fault !== null) throw new KvDamage(offset, fault);
			offset = to;
			if (!node.leaf) continue;
			const block = await this.#read(blockOf(offset));
			return block.slice(offset % BLOCK, (offset % BLOCK) + VALUE_SIZE);
		}
	}

	async #read(offset: number): Promise<Uint8Array> {
		const block = new Uint8Array(BLOCK);
		const got = await this.#device.read(block, 0, BLOCK, offset);
		this.#count.plainReads++;
		if (got < BLOCK) throw new KvDamage(offset, `the file ends at ${offset + got}, in the middle of a block`);
		return block;
	}
}

/** One view of each scratch page: they are the same few for as long as the service lives. */
function pagesOf<Page>(Page: new (scratch: Uint8Array) => Page): (scratch: Uint8Array) => Page {
	const pages = new WeakMap<Uint8Array, Page>();
	return (scratch) => {
		let page = pages.get(scratch);
		if (page === undefined) pages.set(scratch, (page = new Page(scratch)));
		return page;
	};
}

function isResult(answer: object): answer is XrpResult {
	return "programReturn" in answer;
}
