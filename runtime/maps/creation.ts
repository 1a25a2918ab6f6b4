/**
 * What BPF_MAP_CREATE demands: sizes (also of maps that are made here), and flags, map_extra, inner maps and BTF as the kernel wants them.
 *
 * In: a map as libbpf would give it to the kernel; out: why it cannot be made, in a sentence without the map's name, or null.
 * Source: map_create and map_check_btf of kernel/bpf/syscall.c, the map types' alloc_check functions under kernel/bpf and net, Linux 6.18.
 */
import { type MapTypeName, type MapTypeRow, mapFlags, mapTypeById, mapTypeId } from "../../assembler/spec/map-types.ts";
import type { MapDef } from "../image.ts";

const { NO_PREALLOC, NO_COMMON_LRU, NUMA_NODE, RDONLY, WRONLY, STACK_BUILD_ID, RDONLY_PROG, WRONLY_PROG } = mapFlags;

/** Types that maps in maps cannot hold. */
const NOT_INNER: ReadonlySet<string> = new Set(["PROG_ARRAY", "ARRAY_OF_MAPS", "HASH_OF_MAPS", "STRUCT_OPS", "CGROUP_STORAGE", "PERCPU_CGROUP_STORAGE"] satisfies MapTypeName[]);

const PAGE = 4096;
/** A value of which every processor has a copy: PCPU_MIN_UNIT_SIZE. */
const PER_CPU_VALUE = 32768;
/** Frames of a stack trace: kernel.perf_event_max_stack. */
const MAX_STACK = 127;
const BUILD_ID_FRAME = 32;
/** BPF_LOCAL_STORAGE_MAX_VALUE_SIZE: what 16 bits hold, less what lies around the value. */
const STORAGE_VALUE = 65407;
/** KMALLOC_MAX_SIZE, and what the kernel's own part of an element leaves of it. */
const OBJECT = 4194304;
const HASH_ELEMENT = OBJECT - 48;
const LPM_VALUE = OBJECT - 280;
const STACK_BYTES = 512;
const HASH_FUNCTIONS = 15n;

export interface RefusedMap {
	readonly map: string;
	readonly message: string;
	/** The call of libbpf by which a loader gives what the object left out, as it may; null: the object says something wrong. */
	readonly leftOut: string | null;
}

/** Of maps, those that BPF_MAP_CREATE would refuse as they are, and why. Types that the table does not have are not judged. */
export function refusedMaps(defs: readonly MapDef[]): RefusedMap[] {
	return defs.flatMap((def) => {
		const message = creationRefusal(def);
		return message === null ? [] : [{ map: def.name, message, leftOut: leftOut(def) }];
	});
}

/** What is 0 in an object is often set at run time: the number of processors, of frames, a command line's option, what a map of descriptors must have. */
function leftOut(def: MapDef): string | null {
	const row = mapTypeById(def.type)!;
	const whole = withDescriptors({
		...def,
		maxEntries: def.maxEntries || (row.entries === "cpus" ? 0 : PAGE),
		valueSize: def.valueSize || (typeof row.value === "number" ? row.value : 8),
		inner: def.inner ?? (row.name.endsWith("_OF_MAPS") ? { ...def, type: mapTypeId("ARRAY"), keySize: 4, valueSize: 8, maxEntries: 1 } : null),
	});
	if (creationRefusal(whole) !== null) return null;
	const calls = SETTERS.flatMap(([field, call]) => (def[field] === whole[field] ? [] : [call]));
	return calls.length === 0 ? null : calls.join("() and ");
}

const SETTERS: readonly (readonly [keyof MapDef, string])[] = [
	["inner", "bpf_map__set_inner_map_fd"],
	["keySize", "bpf_map__set_key_size"],
	["valueSize", "bpf_map__set_value_size"],
	["maxEntries", "bpf_map__set_max_entries"],
];

/** The sizes of arrays of programs and of perf buffers where they were left out: they have no others. Loaders in Go set them, libbpf does not. */
export function withDescriptors(def: MapDef): MapDef {
	if (def.type !== mapTypeId("PROG_ARRAY") && def.type !== mapTypeId("PERF_EVENT_ARRAY")) return def;
	return { ...def, keySize: def.keySize || 4, valueSize: def.valueSize || 4 };
}

function creationRefusal(def: MapDef): string | null {
	const row = mapTypeById(def.type);
	if (row === undefined) return null;
	const name = row.name as MapTypeName;
	return wrongSizes(row, def) ?? wrongFlags(row, def) ?? wrongRest(name, def);
}

/** Sizes that no map of the type has. */
export function wrongSizes(row: MapTypeRow, { keySize, valueSize, maxEntries }: MapDef): string | null {
	if (typeof row.key === "number" ? keySize !== row.key : row.key === "any" ? keySize === 0 : row.key === "prefix" ? keySize < 5 || keySize > 260 : keySize !== 8 && keySize !== 16) {
		return `key size ${keySize} is not right for ${row.name}: it must be ${ruleText(row.key)}`;
	}
	if (typeof row.value === "number" ? valueSize !== row.value : row.value === "any" ? valueSize === 0 : row.value === "multiple of 8" ? valueSize === 0 || valueSize % 8 !== 0 : valueSize !== 4 && valueSize !== 8) {
		return `value size ${valueSize} is not right for ${row.name}: it must be ${ruleText(row.value)}`;
	}
	if (row.entries === "any" && maxEntries === 0) return `max_entries of ${row.name} must not be 0`;
	if (row.entries === "pages" && (maxEntries === 0 || (maxEntries & (maxEntries - 1)) !== 0 || maxEntries % PAGE !== 0)) return `max_entries ${maxEntries} of ${row.name} must be a power of two and a multiple of ${PAGE}`;
	return null;
}

function ruleText(rule: MapTypeRow["key"] | MapTypeRow["value"]): string {
	return rule === "any" ? "at least 1" : rule === "prefix" ? "5 to 260: a u32 and the bytes" : `${rule}`;
}

function wrongFlags({ name, flags: known, needs }: MapTypeRow, { flags }: MapDef): string | null {
	const unknown = (flags & ~known) >>> 0;
	if (unknown !== 0) return `${name} has no flag ${flagText(unknown)}`;
	if (needs !== undefined && (flags & mapFlags[needs]) === 0) return `${name} needs the flag BPF_F_${needs}`;
	const both = (a: number, b: number): boolean => (flags & a) !== 0 && (flags & b) !== 0;
	if (both(RDONLY, WRONLY) || both(RDONLY_PROG, WRONLY_PROG)) return "a map is read-only or write-only, not both";
	if (name.startsWith("LRU") && (flags & NO_PREALLOC) !== 0) return `${name} has its elements beforehand: it takes no BPF_F_NO_PREALLOC`;
	if (both(NUMA_NODE, NO_COMMON_LRU) || (name.endsWith("PERCPU_HASH") && (flags & NUMA_NODE) !== 0)) return "what every processor has a part of lies on no one node: BPF_F_NUMA_NODE does not fit";
	return null;
}

function flagText(flags: number): string {
	const names = Object.entries(mapFlags).filter(([, bit]) => (flags & bit) !== 0).map(([name]) => `BPF_F_${name}`);
	const rest = (flags & ~Object.values(mapFlags).reduce((a, b) => a | b, 0)) >>> 0;
	return [...names, ...(rest === 0 ? [] : [`0x${rest.toString(16)}`])].join(" and ");
}

function wrongRest(name: MapTypeName, { extra, flags, inner, keySize, keyTypeId, maxEntries, valueSize, valueTypeId }: MapDef): string | null {
	switch (name) {
		case "BLOOM_FILTER":
			return extra > HASH_FUNCTIONS ? `map_extra ${extra} of BLOOM_FILTER is more than ${HASH_FUNCTIONS} hash functions` : null;
		case "ARENA":
			if (extra % BigInt(PAGE) !== 0n) return "map_extra of ARENA, its address for user space, must be that of a page";
			if (maxEntries * PAGE > 2 ** 32) return `${maxEntries} pages are more than the 4 GiB of an ARENA`;
			return extra >> 32n === (extra + BigInt(maxEntries * PAGE) - 1n) >> 32n ? null : "an ARENA must not cross a multiple of 4 GiB in user space";
		default:
			if (extra !== 0n) return `${name} has no map_extra`;
	}
	switch (name) {
		case "ARRAY_OF_MAPS": case "HASH_OF_MAPS": {
			if (inner === null) return `${name} needs an inner map`;
			const type = mapTypeById(inner.type)?.name ?? "";
			return NOT_INNER.has(type) ? `${name} cannot hold maps of type ${type}` : null;
		}
		case "SK_STORAGE": case "INODE_STORAGE": case "TASK_STORAGE": case "CGRP_STORAGE":
			if (maxEntries !== 0) return `max_entries of ${name} must be 0`;
			if (keyTypeId === 0 || valueTypeId === 0) return `${name} needs BTF types of its key and value`;
			return valueSize > STORAGE_VALUE ? tooLarge(name, STORAGE_VALUE) : null;
		case "CGROUP_STORAGE":
			return maxEntries !== 0 ? `max_entries of ${name} must be 0` : valueSize > STORAGE_VALUE ? tooLarge(name, STORAGE_VALUE) : null;
		case "PERCPU_CGROUP_STORAGE":
			return maxEntries !== 0 ? `max_entries of ${name} must be 0` : valueSize > PER_CPU_VALUE ? tooLarge(name, PER_CPU_VALUE) : null;
		case "HASH": case "LRU_HASH":
			return keySize + valueSize >= HASH_ELEMENT ? `key and value of ${name} have fewer than ${HASH_ELEMENT} bytes together` : null;
		case "LPM_TRIE":
			return valueSize > LPM_VALUE ? tooLarge(name, LPM_VALUE) : null;
		case "QUEUE": case "STACK":
			return valueSize > OBJECT ? tooLarge(name, OBJECT) : null;
		case "STACK_TRACE": {
			const frame = flags & STACK_BUILD_ID ? BUILD_ID_FRAME : 8;
			if (valueSize % frame !== 0) return `a STACK_TRACE of build ids has values of ${BUILD_ID_FRAME} bytes a frame, not ${valueSize}`;
			return valueSize / frame > MAX_STACK ? tooLarge(name, MAX_STACK * frame) : null;
		}
		case "PERCPU_ARRAY": case "PERCPU_HASH": case "LRU_PERCPU_HASH":
			return valueSize > PER_CPU_VALUE ? tooLarge(name, PER_CPU_VALUE) : null;
		case "SOCKHASH":
			return keySize > STACK_BYTES ? `a key of SOCKHASH has at most ${STACK_BYTES} bytes` : null;
		case "STRUCT_OPS":
			return maxEntries === 1 ? null : "max_entries of STRUCT_OPS must be 1";
		default:
			return null;
	}
}

const tooLarge = (name: MapTypeName, most: number): string => `a value of ${name} has at most ${most} bytes`;
