/**
 * BPF-KV lookups that do not block the caller: chains on the workers of a pool, 32 keys to a chain. When a chain is
 * refused because the file changed under it, or keeps being refused, the lookup is done by plain reads: an answer is
 * late then, but never missing.
 */
import { type FileHandle, open } from "node:fs/promises";
import { XrpError } from "../bpfkv/client.ts";
import { BLOCK, blockOf, VALUE_SIZE } from "../bpfkv/format.ts";
import { KvNode } from "../bpfkv/node.ts";
import { GetPage, MAX_KEYS } from "../bpfkv/query.ts";
import { ERRNO, type XrpResult } from "../xrp/chain.ts";
import type { HookObject } from "./xrp-hooks.ts";
import { XrpPool, type XrpPoolOptions } from "./xrp-pool.ts";

export interface KvPoolOptions extends Omit<XrpPoolOptions, "objects"> {
	/** The compiled get program. */
	readonly get: HookObject;
}

export interface KvPoolStatistics {
	/** Keys asked for. */
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

/** Levels that plain reads descend before they call the tree damaged. */
const MAX_LEVELS = 32;

export class KvPoolClient {
	readonly #pool: XrpPool;
	readonly #file: FileHandle;
	readonly #pages = new WeakMap<Uint8Array, GetPage>();
	readonly #count = { keys: 0, chains: 0, hops: 0, retries: 0, fallbacks: 0, plainReads: 0 };

	private constructor(pool: XrpPool, file: FileHandle) {
		this.#pool = pool;
		this.#file = file;
	}

	/** @throws the file system's error, or the verifier's rejection of the program */
	static async open({ get, ...options }: KvPoolOptions): Promise<KvPoolClient> {
		const file = await open(options.path, "r");
		try {
			return new KvPoolClient(await XrpPool.open({ ...options, objects: [get] }), file);
		} catch (error) {
			await file.close();
			throw error;
		}
	}

	get statistics(): KvPoolStatistics {
		return { ...this.#count };
	}

	/** The value's 64 bytes, or null. */
	async get(key: number, signal?: AbortSignal): Promise<Uint8Array | null> {
		return (await this.#chain([key], signal))[0];
	}

	/** The values in the order of the keys; 32 keys make a chain, and all chains are submitted at once. */
	async getMany(keys: readonly number[], signal?: AbortSignal): Promise<(Uint8Array | null)[]> {
		const chains: Promise<(Uint8Array | null)[]>[] = [];
		for (let from = 0; from < keys.length; from += MAX_KEYS) chains.push(this.#chain(keys.slice(from, from + MAX_KEYS), signal));
		return (await Promise.all(chains)).flat();
	}

	async close(): Promise<void> {
		await this.#pool.close();
		await this.#file.close();
	}

	async #chain(keys: readonly number[], signal?: AbortSignal): Promise<(Uint8Array | null)[]> {
		this.#count.keys += keys.length;
		for (let attempt = 0; ; attempt++) {
			const answer = await this.#pool.readXrp({
				offset: 0,
				maxHops: keys.length * (MAX_LEVELS + 1),
				fill: (scratch) => this.#pageOf(scratch).prepare(keys),
				take: (result, scratch) => this.#take(keys.length, result, scratch),
				...(signal ? { signal } : {}),
			});
			if (Array.isArray(answer)) return answer;
			if (answer.ret !== -ERRNO.EOPNOTSUPP) throw new XrpError(`get of ${keys.length} keys from`, answer);
			// A changed mapping is over soon; a program that the data confuses stays confused.
			if (attempt === 0) this.#count.retries++;
			else return this.#plainly(keys);
		}
	}

	#take(count: number, result: XrpResult, scratch: Uint8Array): (Uint8Array | null)[] | XrpResult {
		this.#count.chains++;
		this.#count.hops += result.hops;
		if (result.ret < 0) return result;
		const page = this.#pageOf(scratch);
		return Array.from({ length: count }, (_, i) => (page.found(i) ? page.value(i).slice() : null));
	}

	async #plainly(keys: readonly number[]): Promise<(Uint8Array | null)[]> {
		const values: (Uint8Array | null)[] = [];
		for (const key of keys) values.push(await this.#plainGet(key));
		return values;
	}

	async #plainGet(key: number): Promise<Uint8Array | null> {
		this.#count.fallbacks++;
		for (let offset = 0, level = 0; ; level++) {
			if (level === MAX_LEVELS) throw new Error(`the tree is damaged: more than ${MAX_LEVELS} levels above key ${key}`);
			const node = new KvNode(await this.#read(offset));
			if (node.type > 1) throw new Error(`the tree is damaged: no node at ${offset}`);
			const at = node.search(key);
			offset = node.pointer(at);
			if (!node.leaf) continue;
			if (node.count === 0 || node.key(at) !== key) return null;
			const block = await this.#read(blockOf(offset));
			return block.slice(offset % BLOCK, (offset % BLOCK) + VALUE_SIZE);
		}
	}

	async #read(offset: number): Promise<Uint8Array> {
		const block = new Uint8Array(BLOCK);
		const { bytesRead } = await this.#file.read(block, 0, BLOCK, offset);
		this.#count.plainReads++;
		if (bytesRead < BLOCK) throw new Error(`the file ends at ${offset + bytesRead}, in the middle of a block`);
		return block;
	}

	#pageOf(scratch: Uint8Array): GetPage {
		let page = this.#pages.get(scratch);
		if (page === undefined) this.#pages.set(scratch, (page = new GetPage(scratch)));
		return page;
	}
}
