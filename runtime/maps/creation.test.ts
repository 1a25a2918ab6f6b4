/** Maps that Linux 6.18 makes and does not make: its answers, by type, sizes, flags and map_extra. */
import { describe, expect, it } from "vitest";
import { type MapTypeName, mapFlags, mapTypeId } from "../../assembler/spec/map-types.ts";
import type { MapDef } from "../image.ts";
import { emptyMap } from "../loader/placed-map.ts";
import { refusedMaps } from "./creation.ts";

type Sizes = readonly [key: number, value: number, entries: number];
const { NO_PREALLOC, NO_COMMON_LRU, NUMA_NODE, RDONLY, WRONLY, STACK_BUILD_ID, RDONLY_PROG, WRONLY_PROG, CLONE, MMAPABLE, INNER_MAP, SEGV_ON_FAULT } = mapFlags;

const map = (type: MapTypeName, [keySize, valueSize, maxEntries]: Sizes, flags = 0, more: Partial<MapDef> = {}): MapDef => ({ ...emptyMap("m", null), type: mapTypeId(type), keySize, valueSize, maxEntries, flags, ...more });
const why = (def: MapDef): string | null => refusedMaps([def])[0]?.message ?? null;
const typed = { keyTypeId: 1, valueTypeId: 1 };

describe("maps that the kernel makes", () => {
	it.each([
		["a hash of any flags", map("HASH", [5, 7, 1], NO_PREALLOC | NUMA_NODE | RDONLY_PROG)],
		["a list of its own for each processor", map("LRU_HASH", [4, 4, 8], NO_COMMON_LRU)],
		["an array for user space", map("ARRAY", [4, 8, 1], MMAPABLE | INNER_MAP)],
		["a large value of every processor", map("PERCPU_ARRAY", [4, 32768, 1])],
		["stacks of build ids", map("STACK_TRACE", [4, 127 * 32, 1], STACK_BUILD_ID)],
		["a trie", map("LPM_TRIE", [8, 4, 1], NO_PREALLOC)],
		["a socket's storage", map("SK_STORAGE", [4, 65407, 0], NO_PREALLOC | CLONE, typed)],
		["a control group's storage", map("CGROUP_STORAGE", [8, 65407, 0])],
		["an arena", map("ARENA", [0, 0, 2 ** 20], MMAPABLE | SEGV_ON_FAULT, { extra: 0x1000_0000_0000n })],
		["hashes of a filter", map("BLOOM_FILTER", [0, 4, 10], 0, { extra: 15n })],
		["arrays in an array", map("ARRAY_OF_MAPS", [4, 4, 1], 0, { inner: map("ARRAY", [4, 4, 1]) })],
		["a value as large as the kernel allocates", map("HASH", [4, 4194251, 1], NO_PREALLOC)],
	])("%s", (_, def) => expect(why(def)).toBe(null));
});

describe("maps that it does not make", () => {
	it.each([
		[map("HASH", [4, 4, 1], MMAPABLE), "HASH has no flag BPF_F_MMAPABLE"],
		[map("HASH", [4, 4, 1], NO_COMMON_LRU), "HASH has no flag BPF_F_NO_COMMON_LRU"],
		[map("ARRAY", [4, 4, 1], NO_PREALLOC | 0x80000000), "ARRAY has no flag BPF_F_NO_PREALLOC and 0x80000000"],
		[map("PERCPU_ARRAY", [4, 4, 1], MMAPABLE), "PERCPU_ARRAY has no flag BPF_F_MMAPABLE"],
		[map("PROG_ARRAY", [4, 4, 1], RDONLY_PROG), "PROG_ARRAY has no flag BPF_F_RDONLY_PROG"],
		[map("RINGBUF", [0, 0, 4096], RDONLY), "RINGBUF has no flag BPF_F_RDONLY"],
		[map("LRU_HASH", [4, 4, 1], NO_PREALLOC), "LRU_HASH has its elements beforehand: it takes no BPF_F_NO_PREALLOC"],
		[map("LRU_HASH", [4, 4, 1], NO_COMMON_LRU | NUMA_NODE), "what every processor has a part of lies on no one node: BPF_F_NUMA_NODE does not fit"],
		[map("LPM_TRIE", [8, 4, 1]), "LPM_TRIE needs the flag BPF_F_NO_PREALLOC"],
		[map("TASK_STORAGE", [4, 4, 0], 0, typed), "TASK_STORAGE needs the flag BPF_F_NO_PREALLOC"],
		[map("TASK_STORAGE", [4, 4, 0], NO_PREALLOC), "TASK_STORAGE needs BTF types of its key and value"],
		[map("CGRP_STORAGE", [4, 4, 1], NO_PREALLOC, typed), "max_entries of CGRP_STORAGE must be 0"],
		[map("SK_STORAGE", [4, 65408, 0], NO_PREALLOC, typed), "a value of SK_STORAGE has at most 65407 bytes"],
		[map("ARRAY", [4, 4, 1], RDONLY_PROG | WRONLY_PROG), "a map is read-only or write-only, not both"],
		[map("ARRAY", [4, 4, 1], RDONLY | WRONLY), "a map is read-only or write-only, not both"],
		[map("PERCPU_HASH", [4, 32769, 1]), "a value of PERCPU_HASH has at most 32768 bytes"],
		[map("STACK_TRACE", [4, 128 * 8, 1]), "a value of STACK_TRACE has at most 1016 bytes"],
		[map("STACK_TRACE", [4, 40, 1], STACK_BUILD_ID), "a STACK_TRACE of build ids has values of 32 bytes a frame, not 40"],
		[map("ARENA", [0, 0, 1]), "ARENA needs the flag BPF_F_MMAPABLE"],
		[map("ARENA", [0, 0, 2 ** 20 + 1], MMAPABLE), "1048577 pages are more than the 4 GiB of an ARENA"],
		[map("ARENA", [0, 0, 2], MMAPABLE, { extra: 0xffff_f000n }), "an ARENA must not cross a multiple of 4 GiB in user space"],
		[map("ARRAY", [4, 4, 1], 0, { extra: 1n }), "ARRAY has no map_extra"],
		[map("BLOOM_FILTER", [0, 4, 10], 0, { extra: 16n }), "map_extra 16 of BLOOM_FILTER is more than 15 hash functions"],
		[map("HASH_OF_MAPS", [4, 4, 1]), "HASH_OF_MAPS needs an inner map"],
		[map("ARRAY_OF_MAPS", [4, 4, 1], 0, { inner: map("PROG_ARRAY", [4, 4, 1]) }), "ARRAY_OF_MAPS cannot hold maps of type PROG_ARRAY"],
		[map("SOCKHASH", [513, 4, 1]), "a key of SOCKHASH has at most 512 bytes"],
		[map("HASH", [4, 4194252, 1], NO_PREALLOC), "key and value of HASH have fewer than 4194256 bytes together"],
	])("%#", (def, message) => expect(why(def)).toBe(message));
});

describe("what an object leaves out", () => {
	const calls = (def: MapDef): string | null => refusedMaps([def])[0]?.leftOut ?? null;

	it.each([
		[map("HASH", [4, 8, 0]), "bpf_map__set_max_entries"],
		[map("HASH", [4, 0, 0]), "bpf_map__set_value_size() and bpf_map__set_max_entries"],
		[map("PERF_EVENT_ARRAY", [0, 0, 0]), "bpf_map__set_key_size() and bpf_map__set_value_size"],
		[map("PROG_ARRAY", [0, 4, 2]), "bpf_map__set_key_size"],
		[map("ARRAY_OF_MAPS", [4, 4, 2]), "bpf_map__set_inner_map_fd"],
	])("its loader may set: %#", (def, expected) => expect(calls(def)).toBe(expected));

	it.each([map("HASH", [0, 8, 1]), map("PERF_EVENT_ARRAY", [8, 4, 0]), map("QUEUE", [4, 8, 1])])("but not what is wrong: %#", (def) => {
		expect([why(def) !== null, calls(def)]).toEqual([true, null]);
	});
});
