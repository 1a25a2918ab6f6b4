/**
 * Objects with BTF types: kernel structs read through trusted, RCU or untrusted pointers, objects of bpf_obj_new, kptrs in map values.
 *
 * Source: check_ptr_to_btf_access, check_map_kptr_access, map_kptr_match_type of kernel/bpf/verifier.c.
 */
import { EACCES, EINVAL, ENOTSUPP, EPERM, type Env, R, reject, unsupported } from "./env.ts";
import { isZero } from "./range.ts";
import { tnumText } from "./tnum.ts";
import { type TypeSource, nameOf, sameStruct, sizeOf, skipModifiers, walkStruct } from "./btf.ts";
import { FIELD, type Field, GRAPH_NODE, fieldName, hasField, objectFields } from "./fields.ts";
import { type Reg, isNull, pointer, unknownScalar } from "./state.ts";
import { MAP } from "./maps.ts";
import {
	ALLOC,
	CONST_PTR_TO_MAP,
	MAYBE_NULL,
	NON_OWN_REF,
	PERCPU,
	PTR_TO_BTF_ID,
	PTR_TO_MEM,
	PTR_TO_SOCKET,
	PTR_TO_SOCK_COMMON,
	PTR_TO_TCP_SOCK,
	RCU,
	RDONLY,
	TRUSTED,
	UNTRUSTED,
	USER,
	baseOf,
	flagsOf,
	isNonOwning,
	typeName,
} from "./types.ts";

/** RCU-protected pointers stay valid: an explicit section, a lock, or a program that cannot sleep. */
export function inRcu(env: Env): boolean {
	return env.current.activeRcu !== 0 || env.current.activeLocks !== 0 || !env.current.inSleepable;
}

const ALLOWED_MODIFIERS = ALLOC | TRUSTED | NON_OWN_REF;
export const hasUnsafeModifiers = (type: number): boolean => (flagsOf(type) & ~ALLOWED_MODIFIERS) !== 0;
/** Socket and map pointers stand for kernel structs. */
export const standsForStruct: Readonly<Record<number, string>> = {
	[PTR_TO_SOCKET]: "sock",
	[PTR_TO_SOCK_COMMON]: "sock_common",
	[PTR_TO_TCP_SOCK]: "tcp_sock",
	[CONST_PTR_TO_MAP]: "bpf_map",
};

export function isTrusted(reg: Reg): boolean {
	if (reg.refObjId) return true;
	if (standsForStruct[baseOf(reg.type)] && !hasUnsafeModifiers(reg.type)) return true;
	return (flagsOf(reg.type) & ALLOWED_MODIFIERS) !== 0 && !hasUnsafeModifiers(reg.type);
}

export const isRcu = (reg: Reg): boolean => (reg.type & RCU) !== 0;

/** Fields of kernel structs that a trusted pointer leads through to another safe one, where BTF does not tell: it has a struct `task_struct__safe_rcu` for them. */
const SAFE: Readonly<Record<"rcu" | "rcuOrNull" | "trusted" | "trustedOrNull", Readonly<Record<string, readonly string[]>>>> = {
	rcu: {
		task_struct: ["cpus_ptr", "cgroups", "real_parent", "group_leader"],
		cgroup: ["kn"],
		css_set: ["dfl_cgrp"],
		cgroup_subsys_state: ["cgroup"],
	},
	rcuOrNull: { mm_struct: ["exe_file", "owner"], sk_buff: ["sk"], request_sock: ["sk"] },
	trusted: { bpf_iter_meta: ["seq"], bpf_iter__task: ["meta", "task"], linux_binprm: ["file"], file: ["f_inode"] },
	trustedOrNull: { dentry: ["d_inode"], socket: ["sk"] },
};

const SUFFIX: Readonly<Record<keyof typeof SAFE, string>> = {
	rcu: "__safe_rcu",
	rcuOrNull: "__safe_rcu_or_null",
	trusted: "__safe_trusted",
	trustedOrNull: "__safe_trusted_or_null",
};

function isSafe(types: TypeSource, kind: keyof typeof SAFE, struct: string, field: string): boolean {
	if (types.find(`task_struct${SUFFIX.rcu}`, "struct") < 0) return SAFE[kind][struct]?.includes(field) ?? false;
	const t = types.type(types.find(struct + SUFFIX[kind], "struct"));
	return t.kind === "struct" && t.members.some(({ name }) => name === field);
}

/** A load or store through a typed pointer; what a load gives. */
export function accessKernelObject(env: Env, reg: Reg, regno: number, off: number, size: number, write: boolean): Reg {
	const types = reg.btf;
	if (!types) unsupported("objects of the kernel without the kernel's BTF");
	const name = nameOf(types, reg.btfId);
	if (!env.allowPtrLeaks) reject(EPERM, `'struct ${name}' access is allowed only to CAP_PERFMON and CAP_SYS_ADMIN`, { code: "V0501" });
	if (!env.gpl && types.kernel) reject(EINVAL, `Cannot access kernel 'struct ${name}' from non-GPL compatible program`, { code: "V0502" });
	if (off < 0) reject(EACCES, `${R(regno)} is ptr_${name} invalid negative access: off=${off}`, { code: "V0503", register: regno });
	if (!isZero(reg.range)) {
		reject(EACCES, `${R(regno)} is ptr_${name} invalid variable offset: off=${off}, var_off=${tnumText(reg.range.tnum)}`, {
			code: "V0503",
			register: regno,
		});
	}
	if (reg.type & USER) reject(EACCES, `${R(regno)} is ptr_${name} access user memory: off=${off}`, { code: "V0504", register: regno });
	if (reg.type & PERCPU) reject(EACCES, `${R(regno)} is ptr_${name} access percpu memory: off=${off}`, { code: "V0504", register: regno });
	if (write && !(reg.type & ALLOC)) {
		const refused = writeRefused(env, name, off, size);
		if (refused !== null) reject(EACCES, refused, { code: "V0505", register: regno });
		return unknownScalar;
	}
	if (reg.type & ALLOC && !isNonOwning(reg.type) && !(reg.type & RCU) && !reg.refObjId)
		reject(14, "verifier bug: ref_obj_id for allocated object must be non-zero", { code: "V0999" });
	if (reg.type & ALLOC) {
		for (const f of objectFields(types, env.kernel, reg.btfId)?.list ?? []) {
			if (off < f.offset + f.size && f.offset < off + size)
				reject(EACCES, `direct access to ${fieldName(f.kind)} is disallowed`, { code: "V0240" });
		}
	}
	return readStruct(env, reg, types, reg.btfId, off, size);
}

/** Why a kernel struct may not be written to by this program; null: it may. */
function writeRefused(env: Env, name: string, off: number, size: number): string | null {
	const { spec, kernel } = env;
	if (spec.id === STRUCT_OPS) return kernel ? structOpsWrite(env, kernel, name, off, size) : ONLY_READ;
	if (spec.id !== XDP && spec.id !== SCHED_CLS && spec.id !== SCHED_ACT) return ONLY_READ;
	if (!kernel || (name !== "nf_conn" && name !== "nf_conn___init")) return ONLY_READ;
	return memberWrite(kernel, "nf_conn", [["nf_conn", "mark"]], off, size);
}

const ONLY_READ = "only read is supported";
const SCHED_CLS = 3;
const SCHED_ACT = 4;
const XDP = 6;
const STRUCT_OPS = 27;

/** By struct of operations: what its programs may write, as struct, then members of the structs that begin it; all of it when empty. Source: btf_struct_access of each. */
const STRUCT_OPS_WRITES: Readonly<Record<string, Readonly<Record<string, readonly (readonly [struct: string, member: string])[]>>>> = {
	bpf_dummy_ops: { bpf_dummy_ops_state: [] },
	tcp_congestion_ops: {
		tcp_sock: [
			["sock", "sk_pacing_rate"],
			["sock", "sk_pacing_status"],
			["inet_connection_sock", "icsk_ca_priv"],
			["inet_connection_sock", "icsk_ack"],
			["tcp_sock", "snd_cwnd"],
			["tcp_sock", "snd_cwnd_cnt"],
			["tcp_sock", "snd_cwnd_stamp"],
			["tcp_sock", "snd_ssthresh"],
			["tcp_sock", "ecn_flags"],
			["tcp_sock", "app_limited"],
		],
	},
	sched_ext_ops: {
		task_struct: [
			["task_struct", "scx.slice"],
			["task_struct", "scx.dsq_vtime"],
			["task_struct", "scx.disallow"],
		],
	},
};
/** Members that may be written from any byte on; the others only from their start. */
const WRITABLE_INSIDE = new Set(["icsk_ca_priv", "scx.slice", "scx.dsq_vtime", "scx.disallow"]);
/** Their writes depend on more than members: on the packet's control block, on a table of drivers. */
const OTHER_WRITERS = new Set(["Qdisc_ops", "hid_bpf_ops"]);

function structOpsWrite(env: Env, kernel: TypeSource, name: string, off: number, size: number): string | null {
	const operations = kernel.type(env.attachId);
	const of = operations.kind === "struct" ? operations.name : "";
	const structs = STRUCT_OPS_WRITES[of];
	if (!structs || !Object.hasOwn(structs, name)) {
		if (OTHER_WRITERS.has(of)) unsupported(`writing to kernel structs from ${of}`);
		return of === "bpf_dummy_ops" ? "only access to bpf_dummy_ops_state is supported" : ONLY_READ;
	}
	const fields = structs[name];
	if (fields.length > 0) return memberWrite(kernel, name, fields, off, size);
	return off + size <= (sizeOf(kernel, kernel.find(name, "struct")) ?? 0) ? null : `write access at off ${off} with size ${size}`;
}

/** Members ("a.b": member b of member a) of structs that `name` begins with. */
function memberWrite(
	kernel: TypeSource,
	name: string,
	members: readonly (readonly [struct: string, path: string])[],
	off: number,
	size: number,
): string | null {
	for (const [struct, path] of members) {
		const place = placeOf(kernel, struct, path);
		if (place === null) continue;
		const { start, end } = place;
		if (off !== start && !(WRITABLE_INSIDE.has(path) && off > start && off < end)) continue;
		return off + size <= end ? null : `write access at off ${off} with size ${size} beyond the member of ${name} ended at ${end}`;
	}
	return `no write support to ${name} at off ${off}`;
}

function placeOf(kernel: TypeSource, struct: string, path: string): { readonly start: number; readonly end: number } | null {
	let id = kernel.find(struct, "struct");
	let start = 0;
	let length = 0;
	for (const name of path.split(".")) {
		const t = kernel.type(id);
		const m = t.kind === "struct" ? t.members.find((x) => x.name === name) : undefined;
		if (m === undefined) return null;
		start += m.bitOffset >> 3;
		length = sizeOf(kernel, m.type) ?? 0;
		id = skipModifiers(kernel, m.type);
	}
	// Of the acknowledgement state only its first byte, "pending".
	return { start, end: start + (path === "icsk_ack" ? 1 : length) };
}

function readStruct(env: Env, reg: Reg, types: TypeSource, id: number, off: number, size: number): Reg {
	let flags = 0;
	for (let depth = 0; depth < 64; depth++) {
		const step = walkStruct(types, id, off, size, flags);
		switch (step.kind) {
			case "scalar":
				return unknownScalar;
			case "untrusted-pointer": {
				const r = pointer(PTR_TO_MEM | RDONLY | UNTRUSTED);
				return r;
			}
			case "struct":
				id = step.id;
				off = 0;
				flags = step.flags;
				continue;
			case "error":
				reject(step.errno, step.message, { code: "V0506" });
				break;
			case "pointer": {
				if (reg.type & ALLOC) return unknownScalar;
				const r = pointer(PTR_TO_BTF_ID | trustOf(env, types, reg, nameOf(types, reg.btfId), step.field, step.flags));
				r.btf = types;
				r.btfId = step.id;
				if (r.type & MAYBE_NULL) r.id = env.newId();
				return r;
			}
		}
	}
	return unknownScalar;
}

/** How far a pointer loaded from a struct may be trusted. */
function trustOf(env: Env, types: TypeSource, reg: Reg, struct: string, field: string, flags: number): number {
	if (reg.type & UNTRUSTED) return UNTRUSTED;
	if (!isTrusted(reg) && !isRcu(reg)) return flags & ~(ALLOWED_MODIFIERS | RCU);
	if (isSafe(types, "trusted", struct, field)) return flags | TRUSTED;
	if (isSafe(types, "trustedOrNull", struct, field)) return flags | TRUSTED | MAYBE_NULL;
	if (!inRcu(env) || reg.type & MAYBE_NULL) return UNTRUSTED;
	if (isSafe(types, "rcu", struct, field)) return flags | RCU;
	const orNull = isSafe(types, "rcuOrNull", struct, field);
	if (flags & RCU || orNull) return (flags | RCU | MAYBE_NULL) & (orNull ? ~UNTRUSTED : -1);
	if (flags & (PERCPU | USER)) return flags;
	return flags & ~(ALLOWED_MODIFIERS | RCU);
}

const MAP_STRUCTS: Readonly<Record<number, string>> = {
	[MAP.HASH]: "bpf_htab",
	[MAP.PERCPU_HASH]: "bpf_htab",
	[MAP.LRU_HASH]: "bpf_htab",
	[MAP.LRU_PERCPU_HASH]: "bpf_htab",
	[MAP.HASH_OF_MAPS]: "bpf_htab",
	[MAP.ARRAY]: "bpf_array",
	[MAP.PERCPU_ARRAY]: "bpf_array",
	[MAP.PROG_ARRAY]: "bpf_array",
	[MAP.PERF_EVENT_ARRAY]: "bpf_array",
	[MAP.CGROUP_ARRAY]: "bpf_array",
	[MAP.ARRAY_OF_MAPS]: "bpf_array",
	[MAP.LPM_TRIE]: "lpm_trie",
	[MAP.STACK_TRACE]: "bpf_stack_map",
	[MAP.RINGBUF]: "bpf_ringbuf_map",
	[MAP.USER_RINGBUF]: "bpf_ringbuf_map",
	[MAP.QUEUE]: "bpf_queue_stack",
	[MAP.STACK]: "bpf_queue_stack",
	[MAP.DEVMAP]: "bpf_dtab",
	[MAP.DEVMAP_HASH]: "bpf_dtab",
	[MAP.CPUMAP]: "bpf_cpu_map",
	[MAP.XSKMAP]: "xsk_map",
	[MAP.SOCKMAP]: "bpf_stab",
	[MAP.SOCKHASH]: "bpf_shtab",
	[MAP.REUSEPORT_SOCKARRAY]: "reuseport_array",
	[MAP.CGROUP_STORAGE]: "bpf_cgroup_storage_map",
	[MAP.PERCPU_CGROUP_STORAGE]: "bpf_cgroup_storage_map",
	[MAP.SK_STORAGE]: "bpf_local_storage_map",
	[MAP.INODE_STORAGE]: "bpf_local_storage_map",
	[MAP.TASK_STORAGE]: "bpf_local_storage_map",
	[MAP.CGRP_STORAGE]: "bpf_local_storage_map",
	[MAP.BLOOM_FILTER]: "bpf_bloom_filter",
	[MAP.ARENA]: "bpf_arena",
};

/** `struct bpf_map` and what it begins, read through a map pointer. */
export function accessMapPointer(env: Env, reg: Reg, regno: number, off: number, size: number, write: boolean): Reg {
	const { kernel } = env;
	const name = MAP_STRUCTS[reg.map!.type];
	if (!name) reject(ENOTSUPP, `map_ptr access not supported for map type ${reg.map!.type}`, { code: "V0507" });
	if (!env.allowPtrLeaks) reject(EPERM, `'struct ${name}' access is allowed only to CAP_PERFMON and CAP_SYS_ADMIN`, { code: "V0501" });
	if (off < 0) reject(EACCES, `${R(regno)} is ${name} invalid negative access: off=${off}`, { code: "V0503", register: regno });
	if (write) reject(EACCES, `only read from ${name} is supported`, { code: "V0505", register: regno });
	if (!kernel) unsupported("reading struct bpf_map without the kernel's BTF");
	const id = kernel.find(name, "struct");
	if (id < 0) unsupported(`struct ${name} is not in the kernel's BTF`);
	const base = pointer(PTR_TO_BTF_ID);
	base.btf = kernel;
	base.btfId = id;
	return readStruct(env, base, kernel, id, off, size);
}

const RCU_PROTECTED = new Set(["prog_test_ref_kfunc", "cgroup", "bpf_cpumask", "task_struct", "bpf_crypto_ctx"]);

/** Loads, or stores null or a matching pointer, in a kptr field of a map value. */
export function loadKptr(env: Env, field: Field, value: number, write: boolean): void {
	const insn = env.insns[env.insn];
	if ((insn.opcode & 0xe0) !== 0x60) reject(EACCES, "kptr in map can only be accessed using BPF_MEM instruction mode", { code: "V0241" });
	if (write && field.kind & (FIELD.kptrRef | FIELD.kptrPercpu)) reject(EACCES, "store to referenced kptr disallowed", { code: "V0241" });
	if (write && field.kind === FIELD.uptr) reject(EACCES, "store to uptr disallowed", { code: "V0241" });
	const cls = insn.opcode & 7;
	if (cls === 1) {
		if (field.kind === FIELD.uptr) {
			const r = pointer(PTR_TO_MEM | MAYBE_NULL);
			r.memSize = sizeOf(field.types!, field.typeId!) ?? 0;
			r.id = env.newId();
			env.regs[value] = r;
			return;
		}
		const r = pointer(PTR_TO_BTF_ID | kptrFlags(env, field));
		r.btf = field.types!;
		r.btfId = field.typeId!;
		if (r.type & MAYBE_NULL) r.id = env.newId();
		env.regs[value] = r;
	} else if (cls === 3) {
		const reg = env.regs[value];
		if (!isNull(reg)) matchKptr(env, field, reg, value, EACCES);
	} else if (cls === 2) {
		if (insn.imm) reject(EACCES, `BPF_ST imm must be 0 when storing to kptr at off=${field.offset}`, { code: "V0241" });
	} else reject(EACCES, "kptr in map can only be accessed using BPF_LDX/BPF_STX/BPF_ST", { code: "V0241" });
}

function kptrFlags(env: Env, field: Field): number {
	const types = field.types!;
	const name = nameOf(types, field.typeId!);
	const safe = field.kind === FIELD.kptrPercpu || (field.kind === FIELD.kptrRef && (!types.kernel || RCU_PROTECTED.has(name)));
	if (!safe || !inRcu(env)) return MAYBE_NULL | UNTRUSTED;
	let flags = MAYBE_NULL | RCU;
	if (field.kind === FIELD.kptrPercpu) flags |= PERCPU;
	else if (!types.kernel) flags |= ALLOC;
	if (hasField(objectFields(types, env.kernel, field.typeId!), GRAPH_NODE)) flags |= NON_OWN_REF;
	return flags;
}

/** The pointer is exactly what was given: no offset. */
export function checkUnmodified(_env: Env, reg: Reg, regno: number, fixedOk: boolean): void {
	const name = typeName(reg.type);
	if (reg.off < 0) reject(EACCES, `negative offset ${name} ptr ${R(regno)} off=${reg.off} disallowed`, { code: "V0231", register: regno });
	if (!fixedOk && reg.off)
		reject(EACCES, `dereference of modified ${name} ptr ${R(regno)} off=${reg.off} disallowed`, { code: "V0231", register: regno });
	if (!isZero(reg.range))
		reject(EACCES, `variable ${name} access var_off=${tnumText(reg.range.tnum)} disallowed`, { code: "V0231", register: regno });
}

/** The register may be stored in (or exchanged with) the kptr. */
export function matchKptr(env: Env, field: Field, reg: Reg, regno: number, errno: number): void {
	const target = nameOf(field.types!, field.typeId!);
	let allowed: number;
	if (reg.btf?.kernel) allowed = MAYBE_NULL | TRUSTED | RCU | (field.kind === FIELD.kptrUnref ? UNTRUSTED : 0);
	else allowed = MAYBE_NULL | ALLOC | (field.kind === FIELD.kptrPercpu ? PERCPU : 0);
	const bad = (name: string): never =>
		reject(
			errno,
			`invalid kptr access, ${R(regno)} type=${typeName(reg.type)}${name} expected=ptr_${target}${field.kind === FIELD.kptrUnref ? ` or untrusted_ptr_${target}` : ""}`,
			{ code: "V0242", register: regno },
		);
	if (baseOf(reg.type) !== PTR_TO_BTF_ID || flagsOf(reg.type) & ~allowed) bad("");
	const given = nameOf(reg.btf!, reg.btfId);
	checkUnmodified(env, reg, regno, true);
	if (!sameStruct(reg.btf!, reg.btfId, reg.off, field.types!, field.typeId!, field.kind !== FIELD.kptrUnref)) bad(given);
}
