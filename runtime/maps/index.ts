/** Map types by name to what implements them; the switch covers every row of the table of map types. */
import type { MapTypeName } from "../../assembler/spec/map-types.ts";
import { mapTypeById } from "../../assembler/spec/map-types.ts";
import type { MapDef } from "../image.ts";
import type { Machine } from "../machine.ts";
import { Arena } from "./arena.ts";
import { ArrayMap } from "./array.ts";
import { BloomFilter } from "./bloom-filter.ts";
import { withDescriptors, wrongSizes } from "./creation.ts";
import { HashMap } from "./hash.ts";
import { CgroupStorage, LocalStorage } from "./local-storage.ts";
import { LpmTrie } from "./lpm-trie.ts";
import type { BpfMap } from "./map.ts";
import { roundUp8 } from "./map.ts";
import { ArrayOfMaps, HashOfMaps } from "./map-in-map.ts";
import { PerfEventArray } from "./perf-event-array.ts";
import { ProgArray } from "./prog-array.ts";
import { QueueStack } from "./queue-stack.ts";
import { RingBuffer } from "./ringbuf.ts";
import { SlotArray, SlotHash } from "./slots.ts";
import { StackTrace } from "./stack-trace.ts";
import { UserRingBuffer } from "./user-ringbuf.ts";

/** Makes the map; a string says why not, in a sentence without the map's name. */
export function createMap(machine: Machine, given: MapDef): BpfMap | string {
	const row = mapTypeById(given.type);
	if (row === undefined) return `map type ${given.type} does not exist`;
	const def = withDescriptors(given);
	const wrong = wrongSizes(row, def);
	if (wrong !== null) return wrong;
	const map = construct(machine, row.name as MapTypeName, def);
	machine.addMap(map);
	return map;
}

function construct(machine: Machine, type: MapTypeName, def: MapDef): BpfMap {
	switch (type) {
		case "HASH":
			return new HashMap(machine, def, { perCpu: false, lru: false });
		case "PERCPU_HASH":
			return new HashMap(machine, def, { perCpu: true, lru: false });
		case "LRU_HASH":
			return new HashMap(machine, def, { perCpu: false, lru: true });
		case "LRU_PERCPU_HASH":
			return new HashMap(machine, def, { perCpu: true, lru: true });
		case "ARRAY":
		case "STRUCT_OPS":
			return new ArrayMap(machine, def, false);
		case "PERCPU_ARRAY":
			return new ArrayMap(machine, def, true);
		case "PROG_ARRAY":
			return new ProgArray(machine, def);
		case "PERF_EVENT_ARRAY":
			return new PerfEventArray(machine, def.maxEntries === 0 ? { ...def, maxEntries: machine.cpus } : def, false);
		case "STACK_TRACE":
			return new StackTrace(machine, def);
		case "LPM_TRIE":
			return new LpmTrie(machine, def);
		case "ARRAY_OF_MAPS":
			return new ArrayOfMaps(machine, def);
		case "HASH_OF_MAPS":
			return new HashOfMaps(machine, def);
		case "CGROUP_ARRAY":
		case "DEVMAP":
		case "SOCKMAP":
		case "CPUMAP":
		case "XSKMAP":
		case "REUSEPORT_SOCKARRAY":
			return new SlotArray(machine, def);
		case "SOCKHASH":
		case "DEVMAP_HASH":
			return new SlotHash(machine, def);
		case "CGROUP_STORAGE":
			return new CgroupStorage(machine, def, false);
		case "PERCPU_CGROUP_STORAGE":
			return new CgroupStorage(machine, def, true);
		case "QUEUE":
			return new QueueStack(machine, def, false);
		case "STACK":
			return new QueueStack(machine, def, true);
		case "SK_STORAGE":
		case "INODE_STORAGE":
		case "TASK_STORAGE":
		case "CGRP_STORAGE":
			return new LocalStorage(machine, def);
		case "RINGBUF":
			return new RingBuffer(machine, def);
		case "USER_RINGBUF":
			return new UserRingBuffer(machine, def);
		case "BLOOM_FILTER":
			return new BloomFilter(machine, def);
		case "ARENA":
			return new Arena(machine, def);
		default:
			return type satisfies never;
	}
}

/**
 * About how many bytes of memory the maps will take, for a memory that need not grow: growing replaces its views, and everything compiled against them.
 * Too little costs that, too much only address space; types that allocate as they fill are counted as full.
 */
export function estimateBytes(defs: readonly MapDef[], cpus: number): number {
	let bytes = 0;
	for (const { type, keySize, valueSize, maxEntries, extra } of defs) {
		const name = mapTypeById(type)?.name;
		const perEntry = roundUp8(keySize) + roundUp8(valueSize) * (name?.includes("PERCPU") ? cpus : 1) + ENTRY_OVERHEAD;
		bytes +=
			MAP_OVERHEAD +
			(name === "RINGBUF" || name === "USER_RINGBUF"
				? 2 * maxEntries
				: name === "ARENA"
					? (maxEntries + 1) * PAGE
					: perEntry * maxEntries + (name === "BLOOM_FILTER" ? Number(extra & 15n) * maxEntries : 0));
	}
	return bytes;
}

/** Slots of a table at most half full, and what hangs on an entry. */
const ENTRY_OVERHEAD = 48;
const MAP_OVERHEAD = 1024;
const PAGE = 4096;
