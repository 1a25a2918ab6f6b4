/** The ways to read a range of keys. How many blocks that takes depends on where it begins and how it is cut: `rangeHops` is the model. */
import type { FileHandle } from "node:fs/promises";
import { AsyncKvFile, FANOUT, type Geometry, KvFile, type KvPrograms, MAX_KEYS } from "ebpfcc/runtime";
import type { FileDevice, XrpPool } from "ebpfcc/runtime/node";
import { LevelByLevel } from "../../../examples/bpf-kv/baseline.ts";
import type { Run } from "./engines.ts";
import { isValueOf, type Workload } from "./file.ts";

export interface RangeEngine {
	readonly name: string;
	/** `count` ranges of `length` keys. */
	run(from: number, count: number, length: number): Promise<Run>;
	/** Blocks that a range reads. */
	hops(begin: number, length: number): number;
}

type Pairs = (begin: number, end: number, take: (value: Uint8Array) => void) => void | Promise<void>;

function rangeEngine(name: string, w: Workload, pairs: Pairs, hops: () => number, model: RangeEngine["hops"]): RangeEngine {
	return {
		name,
		hops: model,
		run: async (from, count, length) => {
			const before = hops();
			let wrong = 0;
			const start = performance.now();
			for (let i = from; i < from + count; i++) {
				const begin = w.begins[i % w.begins.length];
				let next = begin;
				const pending = pairs(begin, begin + length, (value) => {
					if (!isValueOf(next++, value)) wrong++;
				});
				if (pending) await pending;
				if (next !== begin + length) wrong++;
			}
			return { milliseconds: performance.now() - start, hops: hops() - before, wrong };
		},
	};
}

export function awaitedRanges(file: FileHandle, w: Workload): RangeEngine {
	const reads = new LevelByLevel(file);
	return rangeEngine(
		"await filehandle.read",
		w,
		async (begin, end, take) => {
			for (const { value } of await reads.range({ begin, end })) take(value);
		},
		() => reads.hops,
		(begin, length) => descent(w.g) + length + crossings(begin, length, w.g),
	);
}

export function syncRanges(device: FileDevice, programs: KvPrograms, w: Workload): RangeEngine {
	const kv = new KvFile(device, programs);
	return rangeEngine("readXrpSync", w, (begin, end, take) => void kv.forEachInRange({ begin, end }, (_, value) => take(value)), () => kv.hops, chainHops(w));
}

export function pooledRanges(name: string, pool: XrpPool, device: FileDevice, w: Workload): RangeEngine {
	const kv = new AsyncKvFile({ service: pool, device });
	return rangeEngine(
		name,
		w,
		async (begin, end, take) => void (await kv.forEachInRange({ begin, end }, (_, value) => take(value))),
		() => kv.statistics.hops,
		chainHops(w),
	);
}

function descent(g: Geometry): number {
	return g.layers;
}

/** Leaves after the first that must be read: to the one that holds the range's end, which is looked at to see that it lies beyond. */
function crossings(begin: number, length: number, g: Geometry): number {
	return Math.floor(Math.min(begin + length, g.keys - 1) / FANOUT) - Math.floor(begin / FANOUT);
}

/** Chains of 32 pairs: each after the first reads its leaf again. */
function chainHops(w: Workload): RangeEngine["hops"] {
	return (begin, length) => {
		let hops = descent(w.g);
		for (let done = 0; done < length; done += MAX_KEYS) {
			const part = Math.min(MAX_KEYS, length - done);
			const full = part === MAX_KEYS;
			// A chain that is full stops at its last pair; the next one starts at the leaf of that pair.
			const first = done === 0 ? begin : begin + done - 1;
			const last = full ? begin + done + part - 1 : Math.min(begin + length, w.g.keys - 1);
			hops += part + Math.floor(last / FANOUT) - Math.floor(first / FANOUT) + (done === 0 ? 0 : 1);
		}
		return hops;
	};
}
