/**
 * Maps as the verifier sees them: the definition, plus the fields that the kernel manages in their values.
 *
 * In: `MapDef`s of the image; out: one `MapInfo` each, whose identity stands for the map (two registers hold the same map when theirs are the same).
 */
import { mapFlags, mapTypeIds } from "../../assembler/spec/map-types.ts";
import type { MapDef } from "../image.ts";
import type { TypeSource } from "./btf.ts";
import { typeSource } from "./btf.ts";
import { FIELD, FieldError, type Fields, KPTR, hasField, mapFields } from "./fields.ts";

/** Map types by number. */
export const MAP = { ...mapTypeIds, /** Of later kernels. */ INSN_ARRAY: 34 };

export const F_RDONLY_PROG = mapFlags.RDONLY_PROG;
export const F_WRONLY_PROG = mapFlags.WRONLY_PROG;

/** BPF_F_INNER_MAP: maps of other sizes may take its place. */
export const F_INNER_MAP = mapFlags.INNER_MAP;

export interface MapInfo {
	readonly index: number;
	readonly def: MapDef;
	readonly name: string;
	readonly type: number;
	readonly keySize: number;
	readonly valueSize: number;
	readonly maxEntries: number;
	readonly flags: number;
	readonly types: TypeSource | null;
	readonly fields: Fields | null;
	/** Of maps in maps: what an element is. */
	readonly inner: MapInfo | null;
	/** Program and user space can only read: loads are constants. */
	readonly constant: boolean;
}

const sources = new WeakMap<object, TypeSource>();

/** One `TypeSource` per BTF, so that types of one BTF are recognised as such. */
export function sourceOf(btf: NonNullable<MapDef["btf"]>): TypeSource {
	let source = sources.get(btf);
	if (!source) sources.set(btf, (source = typeSource(btf)));
	return source;
}

/** What a lookup gives is the kernel's own device number: the kernel adds the flag itself. */
const READ_ONLY_TYPES: ReadonlySet<number> = new Set([MAP.DEVMAP, MAP.DEVMAP_HASH]);

const STORAGES = [MAP.SK_STORAGE, MAP.INODE_STORAGE, MAP.TASK_STORAGE, MAP.CGRP_STORAGE];
const HASHES = [MAP.HASH, MAP.LRU_HASH];

/** What the kernel manages in values, and the types of maps that may hold it. */
const HOLDERS: readonly (readonly [fields: number, types: ReadonlySet<number>])[] = [
	[FIELD.spinLock | FIELD.resSpinLock, new Set([MAP.HASH, MAP.ARRAY, MAP.CGROUP_STORAGE, ...STORAGES])],
	[FIELD.timer | FIELD.wq | FIELD.taskWork | FIELD.listHead | FIELD.rbRoot, new Set([...HASHES, MAP.ARRAY])],
	[KPTR | FIELD.refcount, new Set([...HASHES, MAP.PERCPU_HASH, MAP.LRU_PERCPU_HASH, MAP.ARRAY, MAP.PERCPU_ARRAY, ...STORAGES])],
	[FIELD.uptr, new Set([MAP.TASK_STORAGE])],
];

/** Whether a map of this type has such values. Source: map_check_btf of kernel/bpf/syscall.c. */
function typesFit({ type, flags }: MapDef, source: TypeSource | null, fields: Fields | null): boolean {
	if (source === null || fields === null) return true;
	return (flags & (F_RDONLY_PROG | F_WRONLY_PROG)) === 0 && HOLDERS.every(([mask, types]) => !hasField(fields, mask) || types.has(type));
}

export function mapInfo(def: MapDef, index: number, kernel: TypeSource | null): MapInfo {
	const source = def.btf && def.valueTypeId ? sourceOf(def.btf) : null;
	const parsed = source ? mapFields(source, kernel, def.valueTypeId, def.valueSize) : null;
	// Of fields that are wrong in themselves the kernel knows nothing.
	const fields = parsed instanceof FieldError ? null : parsed;
	// A map whose type cannot have them is made without types: libbpf tries again.
	const types = typesFit(def, source, fields) ? source : null;
	return {
		index,
		def,
		name: def.name,
		type: def.type,
		keySize: def.keySize,
		valueSize: def.valueSize,
		maxEntries: def.maxEntries,
		flags: def.flags | (READ_ONLY_TYPES.has(def.type) ? F_RDONLY_PROG : 0),
		types,
		fields: types === null ? null : fields,
		inner: def.inner && (def.type === MAP.ARRAY_OF_MAPS || def.type === MAP.HASH_OF_MAPS) ? mapInfo(def.inner, -1, kernel) : null,
		constant: (def.flags & F_RDONLY_PROG) !== 0 && def.frozen,
	};
}

/** Map types with values at known addresses. */
export const hasDirectValue = (type: number): boolean => type === MAP.ARRAY || type === MAP.ARENA || type === MAP.INSN_ARRAY;

/** Reads a constant map's value as an unsigned (or sign-extended) number. */
export function readConstant(map: MapInfo, off: number, size: number, signed: boolean): bigint {
	const bytes = map.def.initial;
	let value = 0n;
	for (let i = size - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes && off + i < bytes.length ? bytes[off + i] : 0);
	return signed ? BigInt.asUintN(64, BigInt.asIntN(size * 8, value)) : value;
}
