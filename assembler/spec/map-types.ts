/**
 * The map types of Linux 6.18 (enum bpf_map_type): number, name without BPF_MAP_TYPE_, first kernel, and what BPF_MAP_CREATE
 * demands of key_size, value_size, max_entries and map_flags (the *_alloc_check functions under kernel/bpf and net/core).
 */
export interface MapTypeRow {
	readonly id: number;
	readonly name: string;
	readonly since: string;
	/** Bytes, or a rule: "any" is at least 1; "prefix" 5 to 260 with a u32 prefix length in front; a choice of sizes. */
	readonly key: number | "any" | "prefix" | "8 or 16";
	readonly value: number | "any" | "multiple of 8" | "4 or 8";
	/** "any" at least 1; "cpus": 0 means one per CPU; "pages": bytes, a power of two and a multiple of the page size. */
	readonly entries: number | "any" | "cpus" | "pages";
	/** Those of map_flags that it knows. */
	readonly flags: number;
	/** The flag that it is not made without. */
	readonly needs?: keyof typeof mapFlags;
}

/** map_flags of BPF_MAP_CREATE. */
export const mapFlags = {
	NO_PREALLOC: 0x1,
	NO_COMMON_LRU: 0x2,
	NUMA_NODE: 0x4,
	RDONLY: 0x8,
	WRONLY: 0x10,
	STACK_BUILD_ID: 0x20,
	ZERO_SEED: 0x40,
	RDONLY_PROG: 0x80,
	WRONLY_PROG: 0x100,
	CLONE: 0x200,
	MMAPABLE: 0x400,
	PRESERVE_ELEMS: 0x800,
	INNER_MAP: 0x1000,
	LINK: 0x2000,
	PATH_FD: 0x4000,
	VTYPE_BTF_OBJ_FD: 0x8000,
	TOKEN_FD: 0x10000,
	SEGV_ON_FAULT: 0x20000,
	NO_USER_CONV: 0x40000,
} as const;

const { NO_PREALLOC, NO_COMMON_LRU, NUMA_NODE, RDONLY, WRONLY, STACK_BUILD_ID, ZERO_SEED, RDONLY_PROG, WRONLY_PROG } = mapFlags;
const { CLONE, MMAPABLE, PRESERVE_ELEMS, INNER_MAP, LINK, VTYPE_BTF_OBJ_FD, SEGV_ON_FAULT, NO_USER_CONV } = mapFlags;
/** How its file may be used, and how programs may use it. */
const BY_FILE = RDONLY | WRONLY;
const ACCESS = BY_FILE | RDONLY_PROG | WRONLY_PROG;
const HASH = NO_PREALLOC | NUMA_NODE | ZERO_SEED | ACCESS;
const STORAGE = NO_PREALLOC | CLONE;

export const mapTypes = [
	{ id: 1, name: "HASH", since: "3.19", key: "any", value: "any", entries: "any", flags: HASH },
	{ id: 2, name: "ARRAY", since: "3.19", key: 4, value: "any", entries: "any", flags: NUMA_NODE | ACCESS | MMAPABLE | INNER_MAP },
	{ id: 3, name: "PROG_ARRAY", since: "4.2", key: 4, value: 4, entries: "any", flags: NUMA_NODE | BY_FILE },
	{ id: 4, name: "PERF_EVENT_ARRAY", since: "4.3", key: 4, value: 4, entries: "cpus", flags: NUMA_NODE | BY_FILE | PRESERVE_ELEMS },
	{ id: 5, name: "PERCPU_HASH", since: "4.6", key: "any", value: "any", entries: "any", flags: HASH },
	{ id: 6, name: "PERCPU_ARRAY", since: "4.6", key: 4, value: "any", entries: "any", flags: ACCESS },
	{ id: 7, name: "STACK_TRACE", since: "4.6", key: 4, value: "multiple of 8", entries: "any", flags: NUMA_NODE | BY_FILE | STACK_BUILD_ID },
	{ id: 8, name: "CGROUP_ARRAY", since: "4.8", key: 4, value: 4, entries: "any", flags: NUMA_NODE | BY_FILE },
	{ id: 9, name: "LRU_HASH", since: "4.10", key: "any", value: "any", entries: "any", flags: HASH | NO_COMMON_LRU },
	{ id: 10, name: "LRU_PERCPU_HASH", since: "4.10", key: "any", value: "any", entries: "any", flags: HASH | NO_COMMON_LRU },
	{ id: 11, name: "LPM_TRIE", since: "4.11", key: "prefix", value: "any", entries: "any", flags: NO_PREALLOC | NUMA_NODE | ACCESS, needs: "NO_PREALLOC" },
	{ id: 12, name: "ARRAY_OF_MAPS", since: "4.12", key: 4, value: 4, entries: "any", flags: NUMA_NODE | BY_FILE },
	{ id: 13, name: "HASH_OF_MAPS", since: "4.12", key: "any", value: 4, entries: "any", flags: HASH },
	{ id: 14, name: "DEVMAP", since: "4.14", key: 4, value: "4 or 8", entries: "any", flags: NUMA_NODE | BY_FILE },
	{ id: 15, name: "SOCKMAP", since: "4.14", key: 4, value: "4 or 8", entries: "any", flags: NUMA_NODE | BY_FILE },
	{ id: 16, name: "CPUMAP", since: "4.15", key: 4, value: "4 or 8", entries: "any", flags: NUMA_NODE },
	{ id: 17, name: "XSKMAP", since: "4.18", key: 4, value: 4, entries: "any", flags: NUMA_NODE | BY_FILE },
	{ id: 18, name: "SOCKHASH", since: "4.18", key: "any", value: "4 or 8", entries: "any", flags: NUMA_NODE | BY_FILE },
	{ id: 19, name: "CGROUP_STORAGE", since: "4.19", key: "8 or 16", value: "any", entries: 0, flags: NUMA_NODE | ACCESS },
	{ id: 20, name: "REUSEPORT_SOCKARRAY", since: "4.19", key: 4, value: "4 or 8", entries: "any", flags: NUMA_NODE | ACCESS },
	{ id: 21, name: "PERCPU_CGROUP_STORAGE", since: "4.20", key: "8 or 16", value: "any", entries: 0, flags: NUMA_NODE | ACCESS },
	{ id: 22, name: "QUEUE", since: "4.20", key: 0, value: "any", entries: "any", flags: NUMA_NODE | ACCESS },
	{ id: 23, name: "STACK", since: "4.20", key: 0, value: "any", entries: "any", flags: NUMA_NODE | ACCESS },
	{ id: 24, name: "SK_STORAGE", since: "5.2", key: 4, value: "any", entries: 0, flags: STORAGE, needs: "NO_PREALLOC" },
	{ id: 25, name: "DEVMAP_HASH", since: "5.4", key: 4, value: "4 or 8", entries: "any", flags: NUMA_NODE | BY_FILE },
	{ id: 26, name: "STRUCT_OPS", since: "5.6", key: 4, value: "any", entries: 1, flags: LINK | VTYPE_BTF_OBJ_FD },
	{ id: 27, name: "RINGBUF", since: "5.8", key: 0, value: 0, entries: "pages", flags: NUMA_NODE },
	{ id: 28, name: "INODE_STORAGE", since: "5.10", key: 4, value: "any", entries: 0, flags: STORAGE, needs: "NO_PREALLOC" },
	{ id: 29, name: "TASK_STORAGE", since: "5.11", key: 4, value: "any", entries: 0, flags: STORAGE, needs: "NO_PREALLOC" },
	{ id: 30, name: "BLOOM_FILTER", since: "5.16", key: 0, value: "any", entries: "any", flags: NUMA_NODE | ZERO_SEED | ACCESS },
	{ id: 31, name: "USER_RINGBUF", since: "6.1", key: 0, value: 0, entries: "pages", flags: NUMA_NODE },
	{ id: 32, name: "CGRP_STORAGE", since: "6.2", key: 4, value: "any", entries: 0, flags: STORAGE, needs: "NO_PREALLOC" },
	{ id: 33, name: "ARENA", since: "6.9", key: 0, value: 0, entries: "any", flags: MMAPABLE | SEGV_ON_FAULT | NO_USER_CONV, needs: "MMAPABLE" },
] as const satisfies readonly MapTypeRow[];

export type MapTypeName = (typeof mapTypes)[number]["name"];

const byId: ReadonlyMap<number, MapTypeRow> = new Map(mapTypes.map((row) => [row.id, row]));

/** Numbers by name. @example mapTypeIds.RINGBUF // 27 */
export const mapTypeIds = Object.fromEntries(mapTypes.map(({ name, id }) => [name, id])) as Readonly<Record<MapTypeName, number>>;

export function mapTypeById(id: number): MapTypeRow | undefined {
	return byId.get(id);
}

/** @example mapTypeId("RINGBUF") // 27 */
export function mapTypeId(name: MapTypeName): number {
	return mapTypeIds[name];
}
