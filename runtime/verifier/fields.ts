/**
 * Fields that the kernel manages inside map values and allocated objects: locks, timers, kptrs, list and tree roots.
 *
 * In: a record or data section and which fields are wanted; out: `Fields`, their places sorted, or an errno when the type cannot be used so.
 * Programs may touch such bytes only through helpers and kfuncs.
 * Source: btf_parse_fields and btf_parse_struct_metas of kernel/bpf/btf.c.
 */
import { type BtfType, type TypeSource, isRecord, nameOf, skipModifiers } from "./btf.ts";
import { wordSet } from "../../assembler/words.ts";

export const FIELD = {
	spinLock: 1,
	timer: 2,
	kptrUnref: 4,
	kptrRef: 8,
	kptrPercpu: 16,
	listHead: 32,
	listNode: 64,
	rbRoot: 128,
	rbNode: 256,
	refcount: 512,
	wq: 1024,
	uptr: 2048,
	resSpinLock: 4096,
	taskWork: 8192,
} as const;
export const KPTR = FIELD.kptrUnref | FIELD.kptrRef | FIELD.kptrPercpu;
const GRAPH_ROOT = FIELD.listHead | FIELD.rbRoot;
export const GRAPH_NODE = FIELD.listNode | FIELD.rbNode;
const MAP_FIELDS =
	FIELD.spinLock |
	FIELD.resSpinLock |
	FIELD.timer |
	KPTR |
	FIELD.listHead |
	FIELD.rbRoot |
	FIELD.refcount |
	FIELD.wq |
	FIELD.uptr |
	FIELD.taskWork;
const OBJECT_FIELDS =
	FIELD.spinLock | FIELD.resSpinLock | FIELD.listHead | FIELD.listNode | FIELD.rbRoot | FIELD.rbNode | FIELD.refcount | KPTR;

/** By type name: bit, size, alignment, and whether one record may hold only one. */
const BY_NAME: Readonly<Record<string, readonly [bit: number, size: number, align: number, unique: boolean]>> = {
	bpf_spin_lock: [FIELD.spinLock, 4, 4, true],
	bpf_res_spin_lock: [FIELD.resSpinLock, 4, 4, true],
	bpf_timer: [FIELD.timer, 16, 8, true],
	bpf_wq: [FIELD.wq, 16, 8, true],
	bpf_task_work: [FIELD.taskWork, 8, 8, true],
	bpf_list_head: [FIELD.listHead, 16, 8, false],
	bpf_list_node: [FIELD.listNode, 24, 8, false],
	bpf_rb_root: [FIELD.rbRoot, 16, 8, false],
	bpf_rb_node: [FIELD.rbNode, 32, 8, false],
	bpf_refcount: [FIELD.refcount, 4, 4, false],
};

const NAMES: Readonly<Record<number, string>> = {
	[FIELD.spinLock]: "bpf_spin_lock",
	[FIELD.timer]: "bpf_timer",
	[FIELD.kptrUnref]: "kptr",
	[FIELD.kptrRef]: "kptr",
	[FIELD.kptrPercpu]: "percpu_kptr",
	[FIELD.listHead]: "bpf_list_head",
	[FIELD.listNode]: "bpf_list_node",
	[FIELD.rbRoot]: "bpf_rb_root",
	[FIELD.rbNode]: "bpf_rb_node",
	[FIELD.refcount]: "bpf_refcount",
	[FIELD.wq]: "bpf_wq",
	[FIELD.uptr]: "uptr",
	[FIELD.resSpinLock]: "bpf_res_spin_lock",
	[FIELD.taskWork]: "bpf_task_work",
};
export const fieldName = (bit: number): string => NAMES[bit] ?? "field";

export interface Field {
	readonly kind: number;
	readonly offset: number;
	readonly size: number;
	/** kptr: what it points to. */
	readonly types?: TypeSource;
	readonly typeId?: number;
	/** Roots: the record that its nodes are embedded in, and where in it. */
	readonly valueId?: number;
	readonly nodeOffset?: number;
}

export interface Fields {
	readonly list: readonly Field[];
	readonly mask: number;
	/** Offset of the only one of each kind; −1: none. */
	readonly spinLock: number;
	readonly resSpinLock: number;
	readonly timer: number;
	readonly wq: number;
	readonly taskWork: number;
	readonly refcount: number;
}

export const hasField = (fields: Fields | null, mask: number): boolean => fields !== null && (fields.mask & mask) !== 0;

/** The field that covers offset `off`, of one of the kinds. */
export function fieldAt(fields: Fields | null, off: number, mask: number): Field | null {
	if (fields === null || (fields.mask & mask) === 0) return null;
	return fields.list.find((f) => f.offset === off && (f.kind & mask) !== 0) ?? null;
}

export class FieldError {
	readonly errno: number;
	constructor(errno: number) {
		this.errno = errno;
	}
}

interface Found {
	kind: number;
	off: number;
	size: number;
	typeId: number;
	nodeName: string;
}

/** Fields of a map value (or null), or the reason why the map cannot be made. */
export function mapFields(types: TypeSource, kernel: TypeSource | null, valueId: number, valueSize: number): Fields | FieldError | null {
	const record = parse(types, kernel, skipModifiers(types, valueId), MAP_FIELDS, valueSize);
	if (record instanceof FieldError || record === null) return record;
	for (const f of record.list) {
		if ((f.kind & GRAPH_ROOT) !== 0 && objectFields(types, kernel, f.valueId!) === null) return new FieldError(22);
	}
	return record;
}

const objectCache = new WeakMap<TypeSource, Map<number, Fields | null>>();

/** Fields of a record as a local object, null when it has none that the kernel manages. */
export function objectFields(types: TypeSource, kernel: TypeSource | null, id: number): Fields | null {
	if (types.kernel) return null;
	let cache = objectCache.get(types);
	if (!cache) objectCache.set(types, (cache = new Map()));
	let record = cache.get(id);
	if (record === undefined) {
		const t = types.type(id);
		const parsed = isRecord(t) && t.kind === "struct" && hasOwnField(types, t) ? parse(types, kernel, id, OBJECT_FIELDS, t.size) : null;
		record = parsed instanceof FieldError ? null : parsed;
		cache.set(id, record);
	}
	return record;
}

/** Types that make an object of a struct, when a member has one of them itself: not in a struct of its own, nor in an array. */
const IN_OBJECTS = ["bpf_spin_lock", "bpf_list_head", "bpf_list_node", "bpf_rb_root", "bpf_rb_node", "bpf_refcount"];
const inObjects = new WeakMap<TypeSource, ReadonlySet<number>>();

function hasOwnField(types: TypeSource, { members }: Extract<BtfType, { kind: "struct" | "union" }>): boolean {
	let ids = inObjects.get(types);
	if (!ids) inObjects.set(types, (ids = new Set(IN_OBJECTS.map((name) => types.find(name, "struct")))));
	const wanted = ids;
	return members.some(({ type }) => {
		if (wanted.has(type)) return true;
		const kptr = kptrOf(types, type);
		return kptr !== null && typeof kptr !== "number" && (kptr.kind & KPTR) !== 0;
	});
}

/** Whether the record types of the BTF can all be parsed: the kernel refuses the BTF otherwise. */
function parse(types: TypeSource, kernel: TypeSource | null, id: number, wanted: number, size: number): Fields | FieldError | null {
	const t = types.type(id);
	const found: Found[] = [];
	let error = 0;
	if (isRecord(t)) error = inRecord(types, t, id, 0, wanted, found, 0);
	else if (t.kind === "datasec") {
		let seen = 0;
		for (const v of t.vars) {
			const variable = types.type(v.type);
			if (variable.kind !== "var") continue;
			const result = one(types, v.type, -1, variable.type, v.offset, v.size, wanted, seen, found, 0);
			if (result < 0) return new FieldError(-result);
			seen |= result;
		}
	} else return null;
	if (error < 0) return new FieldError(-error);
	if (found.length === 0) return null;
	if (found.length > 11) return new FieldError(7);
	const list: Field[] = [];
	let next = 0;
	let mask = 0;
	const unique: Record<number, number> = {};
	for (const f of found) {
		if (f.off + f.size > size) return new FieldError(14);
		if (f.off < next) return new FieldError(17);
		next = f.off + f.size;
		mask |= f.kind;
		unique[f.kind] = f.off;
		if (f.kind & (KPTR | FIELD.uptr)) {
			const target = types.type(f.typeId);
			const kernelId = kernel ? kernel.find(nameOf(types, f.typeId), target.kind) : -1;
			const inKernel = kernelId > 0;
			if (f.kind === FIELD.kptrRef && inKernel && !DESTRUCTORS.has(nameOf(types, f.typeId))) return new FieldError(2);
			if (f.kind === FIELD.uptr && inKernel) return new FieldError(22);
			list.push({ kind: f.kind, offset: f.off, size: f.size, types: inKernel ? kernel! : types, typeId: inKernel ? kernelId : f.typeId });
		} else if (f.kind & GRAPH_ROOT) {
			const node = rootNode(types, f);
			if (typeof node === "number") list.push({ kind: f.kind, offset: f.off, size: f.size, types, valueId: f.typeId, nodeOffset: node });
			else return node;
		} else list.push({ kind: f.kind, offset: f.off, size: f.size });
	}
	if (mask & FIELD.spinLock && mask & FIELD.resSpinLock) return new FieldError(22);
	if (mask & GRAPH_ROOT && !(mask & (FIELD.spinLock | FIELD.resSpinLock))) return new FieldError(22);
	if (!(mask & FIELD.refcount) && mask & FIELD.listNode && mask & FIELD.rbNode) return new FieldError(22);
	list.sort((a, b) => a.offset - b.offset);
	const at = (kind: number): number => unique[kind] ?? -1;
	return {
		list,
		mask,
		spinLock: at(FIELD.spinLock),
		resSpinLock: at(FIELD.resSpinLock),
		timer: at(FIELD.timer),
		wq: at(FIELD.wq),
		taskWork: at(FIELD.taskWork),
		refcount: at(FIELD.refcount),
	};
}

/** Kernel types that a referenced kptr may point to: those with a registered destructor. */
const DESTRUCTORS = wordSet(`
	task_struct cgroup bpf_cpumask bpf_crypto_ctx prog_test_ref_kfunc prog_test_member sk_buff bpf_testmod_ctx
`);

/** 0 or a negative errno. */
function inRecord(
	types: TypeSource,
	t: Extract<BtfType, { kind: "struct" | "union" }>,
	id: number,
	base: number,
	wanted: number,
	found: Found[],
	level: number,
): number {
	let seen = 0;
	for (let i = 0; i < t.members.length; i++) {
		const m = t.members[i];
		if (m.bitOffset % 8) return -22;
		const result = one(types, id, i, m.type, base + (m.bitOffset >> 3), 0, wanted, seen, found, level);
		if (result < 0) return result;
		seen |= result;
	}
	return 0;
}

/** The unique kinds met (a mask), or a negative errno. */
function one(
	types: TypeSource,
	owner: number,
	member: number,
	typeId: number,
	off: number,
	expected: number,
	wanted: number,
	seen: number,
	found: Found[],
	level: number,
): number {
	let elements = 1;
	let t = types.type(typeId);
	for (let i = 0; i < 32 && t.kind === "array"; i++) {
		elements *= t.length;
		typeId = t.type;
		t = types.type(typeId);
	}
	if (elements === 0) return 0;
	const named = BY_NAME[(t as { name?: string }).name ?? ""];
	const first = found.length;
	if (named && wanted & named[0]) {
		const [kind, size, align, unique] = named;
		if (unique && seen & kind) return -7;
		if (expected && expected !== size * elements) return 0;
		if (off % align) return 0;
		if (kind & GRAPH_ROOT) {
			const tag = containsTag(types, owner, member);
			if (tag === null) return 0;
			if (tag === "bad") return -22;
			found.push({ kind, off, size, typeId: tag.id, nodeName: tag.node });
		} else {
			if (!isRecord(t) || t.size !== size) return 0;
			found.push({ kind, off, size, typeId: 0, nodeName: "" });
		}
		if (elements > 1) {
			const failed = repeat(found, first, elements, size);
			if (failed) return failed;
		}
		return unique ? kind : 0;
	}
	if (isRecord(t)) {
		if (expected && expected !== t.size * elements) return 0;
		if (level + 1 >= 32) return -7;
		const failed = inRecord(types, t, typeId, off, wanted, found, level + 1);
		if (failed) return failed;
		if (elements > 1 && found.length > first) return repeat(found, first, elements, t.size);
		return 0;
	}
	if (wanted & (KPTR | FIELD.uptr)) {
		if (expected && expected !== 8 * elements) return 0;
		if (off % 8) return 0;
		const kptr = kptrOf(types, typeId);
		if (typeof kptr === "number") return kptr;
		if (kptr === null || !(kptr.kind & wanted)) return 0;
		found.push({ kind: kptr.kind, off, size: 8, typeId: kptr.typeId, nodeName: "" });
		if (elements > 1) return repeat(found, first, elements, 8);
	}
	return 0;
}

const REPEATABLE = KPTR | FIELD.uptr | GRAPH_ROOT;

function repeat(found: Found[], first: number, elements: number, size: number): number {
	const block = found.slice(first);
	if (block.some((f) => !(f.kind & REPEATABLE))) return -22;
	if (first + block.length * elements > 11) return -7;
	for (let i = 1; i < elements; i++) for (const f of block) found.push({ ...f, off: f.off + i * size });
	return 0;
}

function kptrOf(types: TypeSource, id: number): { kind: number; typeId: number } | number | null {
	let t = types.type(id);
	if (t.kind === "volatile") t = types.type(t.type);
	if (t.kind !== "ptr") return null;
	const tag = types.type(t.type);
	if (tag.kind !== "type_tag" || tag.kflag) return null;
	if (types.type(tag.type).kind === "type_tag") return -22;
	const kind =
		tag.name === "kptr_untrusted"
			? FIELD.kptrUnref
			: tag.name === "kptr"
				? FIELD.kptrRef
				: tag.name === "percpu_kptr"
					? FIELD.kptrPercpu
					: tag.name === "uptr"
						? FIELD.uptr
						: 0;
	if (kind === 0) return -22;
	const target = skipModifiers(types, tag.type);
	if (!isRecord(types.type(target))) return -22;
	return { kind, typeId: target };
}

/** `contains:STRUCT:MEMBER`, the declaration tag of a list or tree root. */
function containsTag(types: TypeSource, owner: number, member: number): { id: number; node: string } | "bad" | null {
	for (let i = 1; i < types.count; i++) {
		const t = types.type(i);
		if (t.kind !== "decl_tag" || t.type !== owner || t.componentIndex !== member || !t.name.startsWith("contains:")) continue;
		const rest = t.name.slice("contains:".length);
		const colon = rest.indexOf(":");
		if (colon < 0) return "bad";
		const id = types.find(rest.slice(0, colon), "struct");
		if (id < 0 || colon + 1 >= rest.length) return "bad";
		return { id, node: rest.slice(colon + 1) };
	}
	return "bad";
}

function rootNode(types: TypeSource, f: Found): number | FieldError {
	const t = types.type(f.typeId);
	if (!isRecord(t)) return new FieldError(22);
	const m = t.members.find((x) => x.name === f.nodeName);
	if (!m) return new FieldError(2);
	const n = types.type(m.type);
	if (!isRecord(n) || n.name !== (f.kind === FIELD.listHead ? "bpf_list_node" : "bpf_rb_node")) return new FieldError(22);
	if (m.bitOffset % 64) return new FieldError(22);
	return m.bitOffset >> 3;
}
