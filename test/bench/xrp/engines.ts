/**
 * The ways to look a key up, all with one face: so many lookups from a place in the list of keys, at some concurrency.
 * Every value is checked, and every block that was read is counted, to be compared with the tree's shape.
 */
import { read } from "node:fs";
import type { FileHandle } from "node:fs/promises";
import { BLOCK, blockOf, GetPage, KvFile, KvNode, MAX_KEYS, type KvPrograms, VALUE_SIZE } from "ebpfcc/runtime";
import type { FileDevice, XrpPool } from "ebpfcc/runtime/node";
import { LevelByLevel } from "../../../examples/bpf-kv/baseline.ts";
import { isValueOf, RANGE_LENGTH, type Workload } from "./file.ts";
import type { NativeReads } from "./native.ts";

export interface Run {
	readonly milliseconds: number;
	readonly hops: number;
	readonly wrong: number;
}

export interface LookupEngine {
	readonly name: string;
	/** `count` lookups from key number `from` on. */
	run(from: number, count: number, concurrency: number): Run | Promise<Run>;
}

type Check = (key: number, value: Uint8Array | null) => void;

export function awaitedReads(file: FileHandle, w: Workload): LookupEngine {
	return {
		name: "await filehandle.read",
		run: (from, count, concurrency) =>
			timed(async (check) => {
				let next = from;
				let hops = 0;
				const client = async () => {
					const reads = new LevelByLevel(file);
					while (next < from + count) {
						const key = w.keys[next++ % w.keys.length];
						check(key, await reads.get(key));
					}
					hops += reads.hops;
				};
				await Promise.all(Array.from({ length: concurrency }, client));
				return hops;
			}),
	};
}

export function callbackReads(fd: number, w: Workload): LookupEngine {
	return {
		name: "fs.read callbacks",
		run: (from, count, concurrency) =>
			timed(
				(check) =>
					new Promise((resolve, reject) => {
						let next = from;
						let hops = 0;
						let clients = concurrency;
						const client = () => {
							const node = new KvNode(new Uint8Array(BLOCK));
							const start = () => {
								if (next >= from + count) return --clients === 0 ? resolve(hops) : undefined;
								descend(w.keys[next++ % w.keys.length], 0);
							};
							const block = (offset: number, then: () => void) =>
								read(fd, node.bytes, 0, BLOCK, offset, (error, got) => {
									if (error || got !== BLOCK) return reject(error ?? new Error(`the file ends at ${offset + got}`));
									hops++;
									then();
								});
							const descend = (key: number, offset: number) =>
								block(offset, () => {
									const at = node.search(key);
									const child = node.pointer(at);
									if (!node.leaf) return descend(key, child);
									block(blockOf(child), () => {
										check(key, node.bytes.subarray(child % BLOCK, (child % BLOCK) + VALUE_SIZE));
										start();
									});
								});
							start();
						};
						for (let i = 0; i < concurrency; i++) client();
					}),
			),
	};
}

export function syncChains(name: string, device: FileDevice, programs: KvPrograms, w: Workload): LookupEngine {
	const kv = new KvFile(device, programs);
	return {
		name,
		run: (from, count) => {
			let wrong = 0;
			const before = kv.hops;
			const start = performance.now();
			for (let i = from; i < from + count; i++) {
				const key = w.keys[i % w.keys.length];
				if (!isValueOf(key, kv.getBytes(key))) wrong++;
			}
			return { milliseconds: performance.now() - start, hops: kv.hops - before, wrong };
		},
	};
}

export function pooledChains(pool: XrpPool, w: Workload): LookupEngine {
	return {
		name: "readXrp",
		run: (from, count, concurrency) =>
			timed(async (check) => {
				let next = from;
				let hops = 0;
				const client = async () => {
					let key = 0;
					const request = {
						offset: 0,
						fill: (scratch: Uint8Array) => pageOf(scratch).prepareOne(key),
						take: (result: { readonly hops: number }, scratch: Uint8Array) => {
							hops += result.hops;
							const page = pageOf(scratch);
							check(key, page.found(0) ? page.value(0) : null);
						},
					};
					while (next < from + count) {
						key = w.keys[next++ % w.keys.length];
						await pool.readXrp(request);
					}
				};
				await Promise.all(Array.from({ length: concurrency }, client));
				return hops;
			}),
	};
}

/** 32 keys to a chain; `concurrency` counts chains. */
export function pooledGets(pool: XrpPool, w: Workload): LookupEngine {
	return {
		name: `readXrpMany, ${MAX_KEYS} keys`,
		run: (from, count, concurrency) =>
			timed(async (check) => {
				let next = from;
				let hops = 0;
				const client = async () => {
					while (next < from + count) {
						const keys = Array.from({ length: Math.min(MAX_KEYS, from + count - next) }, () => w.keys[next++ % w.keys.length]);
						await pool.readXrpMany([
							{
								offset: 0,
								fill: (scratch: Uint8Array) => pageOf(scratch).prepare(keys),
								take: (result: { readonly hops: number }, scratch: Uint8Array) => {
									hops += result.hops;
									const page = pageOf(scratch);
									for (const [i, key] of keys.entries()) check(key, page.found(i) ? page.value(i) : null);
								},
							},
						]);
					}
				};
				await Promise.all(Array.from({ length: concurrency }, client));
				return hops;
			}),
	};
}

export function nativeReads(native: NativeReads): LookupEngine {
	return { name: "C, pread chain", run: async (from, count) => ({ ...(await native.run(from, count)), wrong: 0 }) };
}

export interface RangeEngine {
	readonly name: string;
	/** `count` ranges of `length` keys. */
	run(from: number, count: number, length: number): Run | Promise<Run>;
}

export function awaitedRanges(file: FileHandle, w: Workload): RangeEngine {
	const reads = new LevelByLevel(file);
	return {
		name: "await filehandle.read",
		run: (from, count, length) =>
			timed(async (check) => {
				const before = reads.hops;
				for (let i = from; i < from + count; i++) {
					let next = w.begins[i % w.begins.length];
					const end = next + length;
					for (const pair of await reads.range({ begin: next, end })) check(next++, pair.value);
					if (next !== end) check(next, null);
				}
				return reads.hops - before;
			}),
	};
}

export function syncRanges(device: FileDevice, programs: KvPrograms, w: Workload): RangeEngine {
	const kv = new KvFile(device, programs);
	return {
		name: "readXrpSync",
		run: (from, count, length) =>
			timed((check) => {
				const before = kv.hops;
				for (let i = from; i < from + count; i++) {
					let next = w.begins[i % w.begins.length];
					const end = next + length;
					kv.forEachInRange({ begin: next, end }, (_, value) => check(next++, value));
					if (next !== end) check(next, null);
				}
				return kv.hops - before;
			}),
	};
}

export { RANGE_LENGTH };

/** One view of each scratch page: they are the same few for the whole run. */
const pages = new WeakMap<Uint8Array, GetPage>();

function pageOf(scratch: Uint8Array): GetPage {
	let page = pages.get(scratch);
	if (page === undefined) pages.set(scratch, (page = new GetPage(scratch)));
	return page;
}

async function timed(work: (check: Check) => number | Promise<number>): Promise<Run> {
	let wrong = 0;
	const start = performance.now();
	const hops = await work((key, value) => {
		if (!isValueOf(key, value)) wrong++;
	});
	return { milliseconds: performance.now() - start, hops, wrong };
}
