/**
 * A program's type by what its function takes: `struct xdp_md *` says XDP. For sections whose names say nothing (loaders other than libbpf have names of
 * their own), and for extension programs, which the kernel treats like the program that they replace.
 *
 * In: the object's BTF and the function's name. Out: the type that such a context most often belongs to, nothing where the context says nothing.
 */
import { resolved, typeSource } from "../../assembler/btf/type-source.ts";
import type { Btf } from "../../assembler/btf/types.ts";
import { type AttachTypeName, typeNumbers } from "../../assembler/spec/attach-types.ts";
import type { ProgramTypeName } from "../../assembler/spec/program-types.ts";
import type { TypeChoice } from "./type-choice.ts";

const contexts: Readonly<Record<string, readonly [type: ProgramTypeName, attach?: AttachTypeName]>> = {
	__sk_buff: ["SCHED_CLS"],
	xdp_md: ["XDP", "XDP"],
	pt_regs: ["KPROBE"],
	user_pt_regs: ["KPROBE"],
	bpf_user_pt_regs_t: ["KPROBE"],
	bpf_perf_event_data: ["PERF_EVENT"],
	bpf_raw_tracepoint_args: ["RAW_TRACEPOINT"],
	bpf_sock: ["CGROUP_SOCK", "CGROUP_INET4_POST_BIND"],
	bpf_sock_addr: ["CGROUP_SOCK_ADDR", "CGROUP_INET4_CONNECT"],
	bpf_sock_ops: ["SOCK_OPS", "CGROUP_SOCK_OPS"],
	sk_msg_md: ["SK_MSG", "SK_MSG_VERDICT"],
	bpf_cgroup_dev_ctx: ["CGROUP_DEVICE", "CGROUP_DEVICE"],
	bpf_sysctl: ["CGROUP_SYSCTL", "CGROUP_SYSCTL"],
	bpf_sockopt: ["CGROUP_SOCKOPT", "CGROUP_SETSOCKOPT"],
	sk_reuseport_md: ["SK_REUSEPORT", "SK_REUSEPORT_SELECT_OR_MIGRATE"],
	bpf_sk_lookup: ["SK_LOOKUP", "SK_LOOKUP"],
	bpf_nf_ctx: ["NETFILTER", "NETFILTER"],
};

export function typeByContext(btf: Btf | null, name: string): TypeChoice | undefined {
	const fn = btf?.types.find((type) => type.kind === "func" && type.name === name);
	if (btf === null || fn?.kind !== "func") return undefined;
	const source = typeSource(btf);
	const proto = btf.types[fn.type];
	const [first] = proto?.kind === "func_proto" ? proto.params : [];
	if (first === undefined) return undefined;
	const pointer = resolved(source, first.type);
	if (pointer.kind !== "ptr") return undefined;
	// bpf_user_pt_regs_t is a typedef of a struct that each architecture names otherwise.
	let target = btf.types[pointer.type];
	for (
		let hops = 0;
		hops < 64 && target !== undefined && "type" in target && !("name" in target && Object.hasOwn(contexts, target.name));
		hops++
	)
		target = btf.types[target.type];
	if (target === undefined || !("name" in target) || !Object.hasOwn(contexts, target.name)) return undefined;
	const [type, attach] = contexts[target.name];
	return typeNumbers({ type, attach: attach ?? null });
}
