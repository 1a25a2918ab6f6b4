/**
 * A BPF-KV file opened for reading through XRP: each call is one chain (or, for a long range, one chain for each 32
 * pairs), which the storage hook walks by itself.
 */
import { XRP_PAGE } from "../xrp/context.ts";
import type { BlockDevice } from "../xrp/device.ts";
import type { StorageHook, XrpOptions, XrpResult } from "../xrp/chain.ts";
import { readXrpSync } from "../xrp/engine.ts";
import { damageBehind, type KvDamage, MAX_LEVELS, reasonOf } from "./damage.ts";
import { BLOCK, layersOf, VALUE_SIZE } from "./format.ts";
import { KvNode } from "./node.ts";
import { disturbed, LONGEST_CHANGE, MAX_DISTURBED, settled } from "./settled.ts";
import { TopCache } from "./top-cache.ts";
import { type Aggregate, GetPage, MAX_KEYS, type RangeBounds, RangePage } from "./query.ts";

/** The loaded programs of examples/bpf-kv as hooks. */
export interface KvPrograms {
	readonly get: StorageHook;
	readonly range: StorageHook;
	readonly sum: StorageHook;
}

/** A chain that did not end well. */
export class XrpError extends Error {
	override readonly name = "XrpError";
	readonly result: XrpResult;
	/** What was wrong with the file, when that is known. */
	readonly damage: KvDamage | null;

	constructor(what: string, result: XrpResult, damage: KvDamage | null = null) {
		super(`${what}: ${damage?.message ?? reasonOf(result)} (errno ${-result.ret}, after ${result.hops} reads)`);
		this.result = result;
		this.damage = damage;
	}
}

/** How to read a file. */
export interface KvOptions {
	/** Levels of the tree; found out when absent. */
	readonly layers?: number;
	readonly trace?: number[];
	/** Levels from the root to keep in memory (0): each call starts its chain below them. */
	readonly cacheLevels?: number;
	/** Reads that one chain may issue; by default as many as a sound tree may need. */
	readonly maxHops?: number;
	/** Further chains after one that a changed mapping ended (3). */
	readonly retries?: number;
}

/**
 * Reads on the calling thread; values come as text, null for what is not there. A chain that ends without an answer throws `XrpError`.
 * @example const kv = new KvFile(openFileDevice("db"), programs, { cacheLevels: 2 }); kv.get(5);
 */
export class KvFile {
	/** Levels of the tree when it was opened. */
	readonly layers: number;
	/** Blocks read since opening. */
	hops = 0;
	/** Chains that were run again because the file's mapping had changed. */
	retries = 0;
	readonly #device: BlockDevice;
	readonly #programs: Partial<KvPrograms>;
	readonly #get = new PageOf(GetPage);
	readonly #range = new PageOf(RangePage);
	readonly #sum = new PageOf(RangePage);
	readonly #trace: number[] | undefined;
	/** Of a chain of one get: the same object each time. */
	readonly #oneGet: XrpOptions;
	readonly #maxHops: number | undefined;
	readonly #top: TopCache | null;
	readonly #retries: number;

	/**
	 * @param programs those that are used: get for gets, range and sum for what they say
	 * @throws Error when the device is no BPF-KV file, or one that was cut off
	 */
	constructor(device: BlockDevice, programs: Partial<KvPrograms>, options: KvOptions = {}) {
		this.layers = options.layers ?? layersOf(device.size) ?? depthOf(device);
		this.#device = device;
		this.#programs = programs;
		this.#top = options.cacheLevels ? new TopCache(device, options.cacheLevels) : null;
		this.#trace = options.trace;
		this.#maxHops = options.maxHops;
		this.#oneGet = this.#optionsFor(MAX_LEVELS + 1);
		this.#retries = options.retries ?? 3;
	}

	/** Forgets the levels kept in memory: for whoever changes the file in the same process (`KvStoreOptions.onCheckpoint`). */
	clearCache(): void {
		this.#top?.clear();
	}

	/** The value's 64 bytes, in place until the next call, or null. One chain. */
	getBytes(key: number): Uint8Array | null {
		const hook = this.#program("get");
		const page = this.#get.in(hook);
		for (let disturbances = 0; ; disturbances++) {
			const { version } = this.#device;
			for (let attempt = 0; ; attempt++) {
				page.prepareOne(key);
				if (this.#chain(hook, this.#start(key), this.#oneGet, "get", key, attempt)) break;
			}
			if (page.found(0)) return page.value(0);
			if (this.#missing(version, disturbances, key)) return null;
		}
	}

	/** The value as text without padding, or null. */
	get(key: number): string | null {
		const bytes = this.getBytes(key);
		return bytes && textOf(bytes);
	}

	/** Up to 32 keys in one chain; more are cut into several. */
	getMany(keys: readonly number[]): (string | null)[] {
		const values: (string | null)[] = [];
		const hook = this.#program("get");
		const page = this.#get.in(hook);
		for (let from = 0; from < keys.length; from += MAX_KEYS) {
			const part = keys.slice(from, from + MAX_KEYS);
			for (let disturbances = 0; ; disturbances++) {
				const { version } = this.#device;
				this.#getPart(hook, page, part);
				if (part.every((_, i) => page.found(i)) || this.#missing(version, disturbances, part[0])) break;
			}
			for (let i = 0; i < part.length; i++) values.push(page.found(i) ? textOf(page.value(i)) : null);
		}
		return values;
	}

	#getPart(hook: StorageHook, page: GetPage, keys: readonly number[]): void {
		for (let attempt = 0; ; attempt++) {
			const starts = keys.map((key) => this.#start(key));
			page.prepare(keys, 0, starts);
			if (this.#chain(hook, starts[0], this.#optionsFor(keys.length * (MAX_LEVELS + 1)), "get of several from", keys[0], attempt, keys))
				return;
		}
	}

	/** True: what was not found is not there. False: a writer may have moved it meanwhile, so look again. */
	#missing(version: number, disturbances: number, key: number): boolean {
		const until = performance.now() + LONGEST_CHANGE;
		let state = settled(this.#device, version);
		if (state === "settled") return true;
		for (; state === "changing" && performance.now() < until; state = settled(this.#device, version))
			Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
		if (state === "changing" || disturbances >= MAX_DISTURBED) throw disturbed(`key ${key}`, state === "changing");
		this.#top?.clear();
		this.retries++;
		return false;
	}

	/**
	 * Calls `take` for each pair in key order, until it returns false; the value's bytes are valid during the call.
	 * Returns how many there were.
	 */
	forEachInRange(bounds: RangeBounds, take: (key: number, value: Uint8Array) => unknown): number {
		const hook = this.#program("range");
		const page = this.#range.in(hook);
		const options = this.#optionsFor(this.#rangeHops());
		let count = 0;
		page.prepare(bounds);
		let start = this.#start(bounds.begin);
		while (!page.empty()) {
			// A page that a chain was refused in the middle of is begun again: where, its leaf's place may have changed as well.
			const before = page.rest() ?? { ...bounds, leaf: 0 };
			for (let attempt = 0; !this.#chain(hook, start, options, "range from", bounds.begin, attempt); ) {
				attempt++;
				page.prepare(before);
				start = this.#start(before.begin);
			}
			const n = page.length;
			for (let i = 0; i < n; i++) {
				count++;
				if (take(page.key(i), page.value(i)) === false) return count;
			}
			// A full page that happened to end the range leaves it non-empty only if more may follow.
			if (n === 0) break;
			start = page.resume();
		}
		return count;
	}

	range(bounds: RangeBounds): KvPair[] {
		return pairsOf(this, bounds);
	}

	/**
	 * Folds the values of a range where they are stored. `decimal` reads a value as decimal text; without it the first
	 * eight bytes are taken as a little-endian number, as the original does. null: min or max of nothing.
	 */
	aggregate(op: Aggregate, bounds: RangeBounds, options: { readonly decimal?: boolean } = {}): bigint | null {
		const hook = this.#program("sum");
		const page = this.#sum.in(hook);
		for (let attempt = 0; ; attempt++) {
			page.prepare(bounds, { op, decimal: options.decimal ?? true });
			if (page.empty()) return op === "sum" || op === "count" ? 0n : null;
			if (this.#chain(hook, this.#start(bounds.begin), this.#optionsFor(this.#rangeHops()), `${op} from`, bounds.begin, attempt)) break;
		}
		return page.length === 0 && (op === "min" || op === "max") ? null : page.aggregateValue;
	}

	#program(name: keyof KvPrograms): StorageHook {
		const hook = this.#programs[name];
		if (hook === undefined) throw new Error(`the file was opened without a ${name} program`);
		return hook;
	}

	#start(key: number): number {
		return this.#top === null ? 0 : this.#top.start(key);
	}

	/** Each value once, and each leaf: a chain of leaves that a damaged file leads in circles ends as well. */
	#rangeHops(): number {
		return Math.min(2 ** 31 - 1, MAX_LEVELS + Math.ceil((2 * this.#device.size) / VALUE_SIZE));
	}

	#optionsFor(maxHops: number): XrpOptions {
		return { maxHops: this.#maxHops ?? maxHops, ...(this.#trace ? { trace: this.#trace } : {}) };
	}

	/** False: the mapping changed, and there are attempts left. */
	#chain(
		hook: StorageHook,
		offset: number,
		options: XrpOptions,
		what: string,
		key: number,
		attempt: number,
		keys?: readonly number[],
	): boolean {
		const result = readXrpSync(this.#device, hook, offset, options);
		this.hops += result.hops;
		if (result.ret >= 0) return true;
		if (result.cause !== "mapping" || attempt >= this.#retries)
			throw new XrpError(`${what} ${key}`, result, damageBehind(result, this.#device, keys ?? [key]));
		this.retries++;
		return false;
	}
}

/** Levels of a tree that was written to, whose size therefore does not tell. */
function depthOf(device: BlockDevice): number {
	const bytes = new Uint8Array(BLOCK);
	const node = new KvNode(bytes);
	for (let depth = 1, offset = 0; depth <= MAX_LEVELS; depth++, offset = node.pointer(0)) {
		const got = device.readSync(bytes, 0, BLOCK, offset);
		if (got < BLOCK) throw new Error(`${device.size} bytes are no BPF-KV file: it ends at ${offset + got}, in the middle of a node`);
		if (node.type > 1) throw new Error(`no BPF-KV file: the block at ${offset} is no node (type ${node.type})`);
		if (node.leaf && node.count === 0) return depth;
		if (!node.marked(0)) throw new Error(`no BPF-KV file: the first pointer of the node at ${offset} is no file offset`);
		if (node.leaf) return depth;
	}
	throw new Error(`no BPF-KV file: more than ${MAX_LEVELS} levels`);
}

/** The scratch page of a hook as one of the query pages, made again when the memory has grown. */
class PageOf<Page> {
	readonly #Page: new (
		bytes: Uint8Array,
	) => Page;
	#page: Page | undefined;
	#buffer: ArrayBufferLike | undefined;

	constructor(Page: new (bytes: Uint8Array) => Page) {
		this.#Page = Page;
	}

	in(hook: StorageHook): Page {
		const { u8 } = hook.memory;
		if (this.#page === undefined || this.#buffer !== u8.buffer) {
			this.#buffer = u8.buffer;
			this.#page = new this.#Page(u8.subarray(hook.scratch, hook.scratch + XRP_PAGE));
		}
		return this.#page;
	}
}

/** `value` is the text, without the padding. */
export interface KvPair {
	readonly key: number;
	readonly value: string;
}

interface Ranged {
	forEachInRange(bounds: RangeBounds, take: (key: number, value: Uint8Array) => unknown): number;
}

export function pairsOf(file: Ranged, bounds: RangeBounds): KvPair[] {
	const pairs: KvPair[] = [];
	file.forEachInRange(bounds, (key, value) => pairs.push({ key, value: textOf(value) }));
	return pairs;
}

/** A value's text, without the padding before and the NULs behind it. */
export function textOf(value: Uint8Array): string {
	let from = 0;
	while (from < VALUE_SIZE - 1 && value[from] === 0x20) from++;
	let to = from;
	while (to < VALUE_SIZE && value[to] !== 0) to++;
	return decoder.decode(value.slice(from, to));
}

const decoder = new TextDecoder();
