/** BPF-KV lookups on the threads of a pool: `AsyncKvFile` over a file. */
import { AsyncKvFile, type AsyncKvOptions, type AsyncKvStatistics } from "../bpfkv/async-client.ts";
import { type FileDevice, openFileDevice } from "./file-device.ts";
import type { HookObject } from "./xrp-hooks.ts";
import { XrpPool, type XrpPoolOptions } from "./xrp-pool.ts";

/** The programs, and all options of the pool and of the client. */
export interface KvPoolOptions extends Omit<XrpPoolOptions, "objects" | "files">, Omit<AsyncKvOptions, "service" | "device"> {
	/** The compiled get program. */
	readonly get: HookObject;
	/** The others, for ranges and for sums. */
	readonly range?: HookObject;
	readonly sum?: HookObject;
}

/** What the clients of a pool have done, added up. */
export type KvPoolStatistics = AsyncKvStatistics;

/**
 * A client with a pool of its own.
 * @example const kv = await KvPoolClient.open({ path: "db", get: { bytes } }); await kv.getMany([1, 2, 3]); await kv.close();
 */
export class KvPoolClient extends AsyncKvFile {
	readonly pool: XrpPool;
	readonly #file: FileDevice;

	private constructor(pool: XrpPool, file: FileDevice, options: KvPoolOptions) {
		super({ ...options, service: pool, device: file });
		this.pool = pool;
		this.#file = file;
	}

	/** @throws the file system's error, or the verifier's rejection of a program */
	static async open(options: KvPoolOptions): Promise<KvPoolClient> {
		const { get, range, sum } = options;
		if (sum && !range) throw new RangeError("a sum program comes with a range program: programs go by their place");
		const file = openFileDevice(options.path);
		try {
			const objects = [get, ...(range ? [range] : []), ...(sum ? [sum] : [])];
			return new KvPoolClient(await XrpPool.open({ ...options, objects }), file, options);
		} catch (error) {
			file.close();
			throw error;
		}
	}

	async close(): Promise<void> {
		await this.pool.close();
		this.#file.close();
	}
}
