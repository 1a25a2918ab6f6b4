/**
 * The kernel function, hook or struct member that a program attaches to: found in the kernel's BTF, and what it implies.
 *
 * Source: check_attach_btf_id, bpf_check_attach_target, check_struct_ops_btf_id of kernel/bpf/verifier.c.
 */
import { EINVAL, ENOTSUPP, type Env, reject, unsupported } from "./env.ts";
import { type BtfType, type TypeSource, resolved } from "./btf.ts";
import { DISABLED_LSM, SLEEPABLE_LSM, RAW_TP_NULLABLE } from "./attach-facts.ts";
import type { RetvalRange } from "./programs/spec.ts";
import { wordSet } from "../../assembler/words.ts";

const TRACING = 26;
const STRUCT_OPS = 27;
const EXT = 28;
const LSM = 29;
export const SYSCALL = 31;
const KPROBE = 2;
const RAW_TP = 23;
const FENTRY = 24;
const FEXIT = 25;
const FMOD_RET = 26;
const ITER = 28;
const LSM_MAC = 27;
const LSM_CGROUP = 43;

export function checkAttach(env: Env): void {
	const { spec, image } = env;
	const attach = image.expectedAttachType;
	if (spec.id === SYSCALL) {
		if (env.sleepable) return;
		reject(EINVAL, "Syscall programs can only be sleepable", { code: "V0701" });
	}
	if (env.sleepable) {
		const ok =
			spec.id === TRACING
				? [FENTRY, FEXIT, FMOD_RET, ITER].includes(attach)
				: spec.id === LSM || spec.id === KPROBE || spec.id === STRUCT_OPS;
		if (!ok) reject(EINVAL, "Only fentry/fexit/fmod_ret, lsm, iter, uprobe, and struct_ops programs can be sleepable", { code: "V0701" });
	}
	if (spec.id !== TRACING && spec.id !== LSM && spec.id !== EXT && spec.id !== STRUCT_OPS) return;
	if (spec.id === EXT) {
		if (image.attach?.btfId) unsupported("extension programs");
		reject(EINVAL, "Tracing programs must provide btf_id", { code: "V0702" });
	}
	const { kernel } = env;
	if (!kernel) unsupported("programs attached by BTF without the kernel's BTF");
	const id = image.attach?.btfId ?? 0;
	if (spec.id === STRUCT_OPS) return structOps(env, id);
	if (!id) reject(EINVAL, "Tracing programs must provide btf_id", { code: "V0702" });
	if (id >= kernel.count) reject(EINVAL, `attach_btf_id ${id} is invalid`, { code: "V0702" });
	const t = kernel.type(id);
	const name = (t as { name?: string }).name ?? "";
	env.attachId = id;
	env.attachName = name;
	switch (attach) {
		case RAW_TP:
			env.attachProto = tracepointProto(kernel, id, t, name);
			return;
		case ITER:
		case FENTRY:
		case FEXIT:
		case FMOD_RET:
		case LSM_MAC:
		case LSM_CGROUP: {
			if (t.kind !== "func") reject(EINVAL, `attach_btf_id ${id} is not a function`, { code: "V0702" });
			const p = kernel.type(t.type);
			if (p.kind !== "func_proto") reject(EINVAL, "invalid function prototype", { code: "V0702" });
			env.attachProto = p;
			break;
		}
		default:
			reject(EINVAL, "unknown attach type", { code: "V0702" });
	}
	if (attach === ITER && !isIterator(name))
		reject(EINVAL, `attach_btf_id ${id} is not the function of an iterator: ${name}`, { code: "V0702" });
	if (spec.id === LSM) checkLsmHook(env, id, name);
	if (env.sleepable && spec.id === TRACING && attach !== ITER && !mayFailOrSleep(name) && !name.startsWith("bpf_fentry_test"))
		reject(EINVAL, `${name} is not sleepable`, { code: "V0703" });
	if (!env.sleepable && attach === FMOD_RET && !mayFailOrSleep(name) && !name.startsWith("security_"))
		reject(EINVAL, `${name}() is not modifiable`, { code: "V0703" });
}

/** System calls, functions in which errors may be put, the kernel's own tests. */
const mayFailOrSleep = (name: string): boolean => /^(?:__x64_sys_|__ia32_sys_|should_|bpf_modify_return_test)/.test(name);

/** The tracepoint's own function names the arguments; the typedef's prototype has a data pointer in front. */
function tracepointProto(kernel: TypeSource, id: number, t: BtfType, name: string): BtfType & { kind: "func_proto" } {
	if (t.kind !== "typedef") reject(EINVAL, `attach_btf_id ${id} is not a typedef`, { code: "V0702" });
	if (!name.startsWith("btf_trace_")) reject(EINVAL, `attach_btf_id ${id} points to wrong type name ${name}`, { code: "V0702" });
	const template = kernel.find(`__bpf_trace_${name.slice("btf_trace_".length)}`, "func");
	const f = template > 0 ? kernel.type(template) : null;
	let p = f && f.kind === "func" ? kernel.type(f.type) : resolved(kernel, t.type);
	if (p.kind === "ptr") p = kernel.type(p.type);
	if (p.kind !== "func_proto") reject(EINVAL, "invalid tracepoint type", { code: "V0702" });
	return p;
}

function checkLsmHook(env: Env, id: number, name: string): void {
	const hook = name.replace(/^bpf_lsm_/, "");
	if (env.image.expectedAttachType !== LSM_CGROUP && !name.startsWith("bpf_lsm_"))
		reject(EINVAL, `attach_btf_id ${id} points to wrong type name ${name}`, { code: "V0702" });
	if (DISABLED_LSM.has(hook)) reject(EINVAL, `attach_btf_id ${id} points to disabled hook ${name}`, { code: "V0702" });
	if (env.sleepable && !SLEEPABLE_LSM.has(hook)) reject(EINVAL, `${name} is not sleepable`, { code: "V0703" });
}

/** The struct's member by number: a function pointer whose prototype the program implements. */
function structOps(env: Env, id: number): void {
	const kernel = env.kernel!;
	const { image } = env;
	if (!env.gpl) reject(EINVAL, "struct ops programs must have a GPL compatible license", { code: "V0704" });
	if (!id) reject(ENOTSUPP, "struct_ops program without a struct", { code: "V0704" });
	const t = kernel.type(id);
	if (t.kind !== "struct" || kernel.find(`bpf_struct_ops_${t.name}`, "struct") < 0)
		reject(ENOTSUPP, `attach_btf_id ${id} is not a supported struct`, { code: "V0704" });
	const member = t.members[image.expectedAttachType];
	if (!member) reject(EINVAL, `attach to invalid member idx ${image.expectedAttachType} of struct ${t.name}`, { code: "V0704" });
	const ptr = resolved(kernel, member.type);
	const proto = ptr.kind === "ptr" ? resolved(kernel, ptr.type) : ptr;
	if (proto.kind !== "func_proto")
		reject(EINVAL, `attach to invalid member ${member.name}(@idx ${image.expectedAttachType}) of struct ${t.name}`, { code: "V0704" });
	const closed = UNSUPPORTED_MEMBERS[t.name];
	if (closed?.always?.includes(member.name) || (env.sleepable && closed?.sleepable && !closed.sleepable.includes(member.name))) {
		reject(closed.sleepable ? EINVAL : ENOTSUPP, `attach to unsupported member ${member.name} of struct ${t.name}`, { code: "V0704" });
	}
	env.attachProto = proto;
	env.attachName = member.name;
	env.attachId = id;
	const stub = kernel.type(kernel.find(`${t.name}__${member.name}`, "func"));
	const stubProto = stub.kind === "func" ? kernel.type(stub.type) : null;
	if (stubProto?.kind === "func_proto") env.stubParams = stubProto.params.map((p) => p.name);
}

/** Members that programs may not implement, and (when listed) the only ones that may sleep. */
const UNSUPPORTED_MEMBERS: Readonly<
	Record<string, { readonly always?: readonly string[]; readonly sleepable?: readonly string[] } | undefined>
> = {
	bpf_dummy_ops: { sleepable: ["test_sleepable"] },
	tcp_congestion_ops: { always: ["get_info"] },
	Qdisc_ops: {
		always: [
			"change",
			"destroy_tx",
			"attach",
			"change_real_num_tx",
			"dump",
			"dump_stats",
			"ingress_block_set",
			"egress_block_set",
			"ingress_block_get",
			"egress_block_get",
		],
	},
	sched_ext_ops: {
		sleepable: ["init_task", "cgroup_init", "cgroup_exit", "cgroup_prep_move", "cpu_online", "cpu_offline", "init", "exit"],
	},
};

/** The range of an LSM hook's return value: what the program may return, and what it sees as the last argument. */
export function lsmReturnRange(env: Env): RetvalRange | null {
	if (env.spec.id !== LSM || env.image.expectedAttachType !== LSM_MAC) return null;
	const name = env.attachName.replace(/^bpf_lsm_/, "");
	if (BOOLEAN_HOOKS.has(name)) return { min: 0, max: 1 };
	if (ANY_RETURN_HOOKS.has(name)) return null;
	return { min: -4095, max: 0 };
}

const BOOLEAN_HOOKS = new Set(["audit_rule_known", "inode_xattr_skipcap"]);
const ANY_RETURN_HOOKS = wordSet(`
	vm_enough_memory inode_need_killpriv inode_getsecurity inode_listsecurity inode_copy_up_xattr getprocattr
	setprocattr xfrm_decode_session ismaclabel getselfattr key_getsecurity audit_rule_match
`);

/** Functions whose programs may ask for the path of a file without being in LSM or an iterator. Source: btf_allowlist_d_path of kernel/trace/bpf_trace.c. */
const WITH_PATHS = wordSet(`
	security_file_permission security_inode_getattr security_file_open security_path_truncate vfs_truncate
	vfs_fallocate dentry_open vfs_getattr filp_close
`);

/** Whether the helper may be called from where the program attaches: some sleep in locks that only a few places are free of. */
export function helperFitsPlace(env: Env, helper: string): boolean {
	const { spec, attachName } = env;
	// Tracing's storage of sockets goes by the attach type, and a system call program has none.
	if (spec.id === SYSCALL) return helper !== "sk_storage_get" && helper !== "sk_storage_delete" && helper !== "d_path";
	if (helper !== "d_path" && helper !== "ima_inode_hash" && helper !== "ima_file_hash") return true;
	if (spec.id === LSM) return SLEEPABLE_LSM.has(attachName.replace(/^bpf_lsm_/, ""));
	return helper === "d_path" && ((spec.id === TRACING && env.image.expectedAttachType === ITER) || WITH_PATHS.has(attachName));
}

/** Arguments of tracepoints that may be null although the prototype does not say so. */
export function nullableArgs(name: string, index: number): boolean {
	const mask = RAW_TP_NULLABLE[name.replace(/^btf_trace_/, "")];
	return mask?.includes(index);
}

/** Arguments of bpf_iter programs by target: "null" may be null at the end of the sequence, "buf" memory of unknown size. */
const ITERATORS: Readonly<Record<string, readonly ("meta" | "null" | "trusted-null" | "buf" | "plain")[]>> = {
	bpf_map: ["meta", "trusted-null"],
	bpf_prog: ["meta", "null"],
	bpf_link: ["meta", "null"],
	task: ["meta", "trusted-null"],
	task_file: ["meta", "null", "plain", "null"],
	task_vma: ["meta", "null", "null"],
	cgroup: ["meta", "trusted-null"],
	tcp: ["meta", "trusted-null"],
	udp: ["meta", "trusted-null"],
	unix: ["meta", "null"],
	netlink: ["meta", "null"],
	ipv6_route: ["meta", "null"],
	sockmap: ["meta", "plain", "buf", "null"],
	bpf_map_elem: ["meta", "plain", "buf", "buf"],
	bpf_sk_storage_map: ["meta", "plain", "null", "buf"],
	ksym: ["meta", "null"],
	kmem_cache: ["meta", "trusted-null"],
	dmabuf: ["meta", "null"],
};

/** Only the functions that stand for a registered target can be attached to. */
function isIterator(name: string): boolean {
	return name.startsWith("bpf_iter_") && Object.hasOwn(ITERATORS, name.slice("bpf_iter_".length));
}

export type IteratorArg = "meta" | "null" | "trusted-null" | "buf" | "plain";

export function iteratorArgument(name: string, index: number): IteratorArg {
	return ITERATORS[name.replace(/^bpf_iter_/, "")]?.[index] ?? "plain";
}
