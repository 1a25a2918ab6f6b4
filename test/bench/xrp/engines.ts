/**
 * The ways to look a key up, all with one face: so many lookups from a place in the list of keys, at some concurrency.
 * Every value is checked, and every block that was read is counted, to be compared with the tree's shape.
 */
import { read, readSync } from "node:fs";
import type { FileHandle } from "node:fs/promises";
import { BLOCK, blockOf, GetPage, KvFile, KvNode, lookupPath, MAX_KEYS, type KvPrograms, VALUE_SIZE } from "ebpfcc/runtime";
import type { FileDevice, XrpPool } from "ebpfcc/runtime/node";
import { LevelByLevel } from "../../../examples/bpf-kv/baseline.ts";
import { isValueOf, type Workload } from "./file.ts";
import type { NativeReads } from "./native.ts";

export interface Run {
	readonly milliseconds: number;
	readonly hops: number;
	readonly wrong: number;
	/** Of each lookup in milliseconds, for engines that take them one by one. */
	readonly latencies?: readonly number[];
}

/** A lookup that checks its value and resolves to the blocks that it read, or to NaN when the value was wrong. */
export type LookUp = (key: number) => Promise<number>;

export interface LookupEngine {
	readonly name: string;
	/** `count` lookups from key number `from` on. */
	run(from: number, count: number, concurrency: number): Run | Promise<Run>;
	/** One lookup; as many as wanted may be under way. */
	readonly one?: LookUp;
}

/** Clients in a closed loop: each starts its next lookup when the one before is over. */
function closedLoop(name: string, w: Workload, one: LookUp): LookupEngine {
	return {
		name,
		one,
		run: async (from, count, concurrency) => {
			const latencies: number[] = [];
			let next = from;
			let hops = 0;
			let wrong = 0;
			const client = async () => {
				while (next < from + count) {
					const key = w.keys[next++ % w.keys.length];
					const begun = performance.now();
					const read = await one(key);
					latencies.push(performance.now() - begun);
					if (Number.isNaN(read)) wrong++;
					else hops += read;
				}
			};
			const start = performance.now();
			await Promise.all(Array.from({ length: concurrency }, client));
			return { milliseconds: performance.now() - start, hops, wrong, latencies };
		},
	};
}

/** @param alignedBlock memory for one block, where the file wants it aligned */
export function awaitedReads(name: string, file: FileHandle, w: Workload, alignedBlock: () => Uint8Array = () => new Uint8Array(BLOCK)): LookupEngine {
	const idle: LevelByLevel[] = [];
	return closedLoop(name, w, async (key) => {
		const reads = idle.pop() ?? new LevelByLevel(file, alignedBlock());
		const before = reads.hops;
		const right = isValueOf(key, await reads.get(key));
		idle.push(reads);
		return right ? reads.hops - before : Number.NaN;
	});
}

export function callbackReads(fd: number, w: Workload): LookupEngine {
	const idle: KvNode[] = [];
	return closedLoop("fs.read callbacks", w, (key) => {
		return new Promise((resolve, reject) => {
			const node = idle.pop() ?? new KvNode(new Uint8Array(BLOCK));
			let hops = 0;
			const block = (offset: number, then: () => void) =>
				read(fd, node.bytes, 0, BLOCK, offset, (error, got) => {
					if (error || got !== BLOCK) return reject(error ?? new Error(`the file ends at ${offset + got}`));
					hops++;
					then();
				});
			const descend = (offset: number) =>
				block(offset, () => {
					const child = node.pointer(node.search(key));
					if (!node.leaf) return descend(child);
					block(blockOf(child), () => {
						const right = isValueOf(key, node.bytes.subarray(child % BLOCK, (child % BLOCK) + VALUE_SIZE));
						idle.push(node);
						resolve(right ? hops : Number.NaN);
					});
				});
			descend(0);
		});
	});
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

/**
 * The floor of whatever reads by `fs`: the same blocks, at offsets that are known beforehand, and nothing done with them
 * but to check the value.
 */
export function knownReads(fd: number, w: Workload): LookupEngine {
	const block = new Uint8Array(BLOCK);
	const paths = w.keys.map((key) => lookupPath(w.g, key));
	return {
		name: "fs.readSync, offsets known",
		run: (from, count) => {
			let hops = 0;
			let wrong = 0;
			const start = performance.now();
			for (let i = from; i < from + count; i++) {
				const path = paths[i % paths.length];
				for (const offset of path) if (readSync(fd, block, 0, BLOCK, offset) === BLOCK) hops++;
				const key = w.keys[i % w.keys.length];
				const at = (key * VALUE_SIZE) % BLOCK;
				if (!isValueOf(key, block.subarray(at, at + VALUE_SIZE))) wrong++;
			}
			return { milliseconds: performance.now() - start, hops, wrong };
		},
	};
}

export function pooledChains(name: string, pool: XrpPool, w: Workload): LookupEngine {
	return closedLoop(name, w, (key) =>
		pool.readXrp({
			offset: 0,
			fill: (scratch) => pageOf(scratch).prepareOne(key),
			take: ({ hops }, scratch) => {
				const page = pageOf(scratch);
				return isValueOf(key, page.found(0) ? page.value(0) : null) ? hops : Number.NaN;
			},
		}),
	);
}

/** 32 keys to a chain; `concurrency` counts chains. */
export function pooledGets(name: string, pool: XrpPool, w: Workload): LookupEngine {
	return {
		name,
		run: async (from, count, concurrency) => {
			let next = from;
			let hops = 0;
			let wrong = 0;
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
								for (const [i, key] of keys.entries()) if (!isValueOf(key, page.found(i) ? page.value(i) : null)) wrong++;
							},
						},
					]);
				}
			};
			const start = performance.now();
			await Promise.all(Array.from({ length: concurrency }, client));
			return { milliseconds: performance.now() - start, hops, wrong };
		},
	};
}

export function nativeReads(native: NativeReads): LookupEngine {
	return { name: "C, pread chain", run: async (from, count) => ({ ...(await native.run(from, count)), wrong: 0 }) };
}

/** One view of each scratch page: they are the same few for the whole run. */
const pages = new WeakMap<Uint8Array, GetPage>();

function pageOf(scratch: Uint8Array): GetPage {
	let page = pages.get(scratch);
	if (page === undefined) pages.set(scratch, (page = new GetPage(scratch)));
	return page;
}
