/** Program types to the family that runs them. Custom types come with a context layout of their own. */
import type { ProgramTypeName } from "../../assembler/spec/program-types.ts";
import { programTypeById, XRP } from "../../assembler/spec/program-types.ts";
import type { ContextLayout } from "./contexts.ts";
import { contexts } from "./contexts.ts";
import { argumentArray, netfilter, rawBytes, registersFamily, storageFamily, structFamily } from "./plain.ts";
import type { Family } from "./run.ts";
import { skb } from "./skb.ts";
import { xdp } from "./xdp.ts";

const families: Readonly<Record<ProgramTypeName, Family>> = {
	SOCKET_FILTER: skb,
	SCHED_CLS: skb,
	SCHED_ACT: skb,
	CGROUP_SKB: skb,
	LWT_IN: skb,
	LWT_OUT: skb,
	LWT_XMIT: skb,
	LWT_SEG6LOCAL: skb,
	SK_SKB: skb,
	FLOW_DISSECTOR: skb,
	XDP: xdp,
	KPROBE: registersFamily(contexts.pt_regs),
	PERF_EVENT: registersFamily({ size: contexts.bpf_perf_event_data.size, fields: { ...contexts.pt_regs.fields, ...contexts.bpf_perf_event_data.fields } }),
	TRACEPOINT: rawBytes,
	SYSCALL: rawBytes,
	CGROUP_SOCK: structFamily("bpf_sock", contexts.bpf_sock),
	SOCK_OPS: structFamily("bpf_sock_ops", contexts.bpf_sock_ops),
	CGROUP_DEVICE: structFamily("bpf_cgroup_dev_ctx", contexts.bpf_cgroup_dev_ctx),
	SK_MSG: structFamily("sk_msg_md", contexts.sk_msg_md, { start: "data", end: "data_end", from: "packet" }),
	CGROUP_SOCK_ADDR: structFamily("bpf_sock_addr", contexts.bpf_sock_addr),
	LIRC_MODE2: structFamily("u32", { size: 4, fields: { sample: [0, 4] } }),
	SK_REUSEPORT: structFamily("sk_reuseport_md", contexts.sk_reuseport_md, { start: "data", end: "data_end", from: "packet" }),
	CGROUP_SYSCTL: structFamily("bpf_sysctl", contexts.bpf_sysctl),
	CGROUP_SOCKOPT: structFamily("bpf_sockopt", contexts.bpf_sockopt, { start: "optval", end: "optval_end", from: "optval" }),
	SK_LOOKUP: structFamily("bpf_sk_lookup", contexts.bpf_sk_lookup),
	NETFILTER: netfilter,
	RAW_TRACEPOINT: argumentArray,
	RAW_TRACEPOINT_WRITABLE: argumentArray,
	TRACING: argumentArray,
	STRUCT_OPS: argumentArray,
	EXT: argumentArray,
	LSM: argumentArray,
};

/** Layouts of a host application's own types, by name. */
export type CustomTypes = Readonly<Record<string, ContextLayout>>;

export function familyOf(type: number | string, custom: CustomTypes = {}): Family | null {
	if (typeof type === "string") {
		const own = custom[type];
		if (own !== undefined) return structFamily(type, own);
		return type === XRP ? storageFamily(contexts.bpf_xrp) : null;
	}
	const row = programTypeById(type);
	return row === undefined ? null : families[row.name as ProgramTypeName];
}
