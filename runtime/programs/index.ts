/** Program types to the family that runs them. Custom types come with a context layout of their own. */
import type { ProgramTypeName } from "../../assembler/spec/program-types.ts";
import { programTypeById, XRP } from "../../assembler/spec/program-types.ts";
import type { ContextLayout } from "./contexts.ts";
import { contexts } from "./contexts.ts";
import { argumentArray, netfilter, registersFamily, storageFamily, structFamily } from "./plain.ts";
import { recordFamily } from "./record.ts";
import type { Family, RunInput } from "./run.ts";
import { skb } from "./skb.ts";
import { xdp } from "./xdp.ts";

/** A family, and which inputs its programs are run over: any other would be left aside without a word. */
export interface FamilyRow {
	readonly family: Family;
	readonly takes: readonly (keyof RunInput)[];
}

const network = (family: Family): FamilyRow => ({ family, takes: ["packet", "meta", "context"] });
const plain = (family: Family, ...more: (keyof RunInput)[]): FamilyRow => ({ family, takes: ["context", ...more] });
const called = (family: Family): FamilyRow => plain(family, "args", "result");

const families: Readonly<Record<ProgramTypeName, FamilyRow>> = {
	SOCKET_FILTER: network(skb),
	SCHED_CLS: network(skb),
	SCHED_ACT: network(skb),
	CGROUP_SKB: network(skb),
	LWT_IN: network(skb),
	LWT_OUT: network(skb),
	LWT_XMIT: network(skb),
	LWT_SEG6LOCAL: network(skb),
	SK_SKB: network(skb),
	FLOW_DISSECTOR: network(skb),
	XDP: network(xdp),
	KPROBE: called(registersFamily(contexts.pt_regs)),
	PERF_EVENT: called(
		registersFamily({
			size: contexts.bpf_perf_event_data.size,
			fields: { ...contexts.pt_regs.fields, ...contexts.bpf_perf_event_data.fields },
		}),
	),
	TRACEPOINT: plain(recordFamily("kernel")),
	SYSCALL: plain(recordFamily("program")),
	CGROUP_SOCK: plain(structFamily("bpf_sock", contexts.bpf_sock)),
	SOCK_OPS: plain(structFamily("bpf_sock_ops", contexts.bpf_sock_ops)),
	CGROUP_DEVICE: plain(structFamily("bpf_cgroup_dev_ctx", contexts.bpf_cgroup_dev_ctx)),
	SK_MSG: plain(structFamily("sk_msg_md", contexts.sk_msg_md, { start: "data", end: "data_end", from: "packet" }), "packet"),
	CGROUP_SOCK_ADDR: plain(structFamily("bpf_sock_addr", contexts.bpf_sock_addr)),
	LIRC_MODE2: plain(structFamily("u32", { size: 4, fields: { sample: [0, 4] } })),
	SK_REUSEPORT: plain(
		structFamily("sk_reuseport_md", contexts.sk_reuseport_md, { start: "data", end: "data_end", from: "packet" }),
		"packet",
	),
	CGROUP_SYSCTL: plain(structFamily("bpf_sysctl", contexts.bpf_sysctl)),
	CGROUP_SOCKOPT: plain(
		structFamily("bpf_sockopt", contexts.bpf_sockopt, { start: "optval", end: "optval_end", from: "optval" }),
		"optval",
	),
	SK_LOOKUP: plain(structFamily("bpf_sk_lookup", contexts.bpf_sk_lookup)),
	NETFILTER: { family: netfilter, takes: ["packet"] },
	RAW_TRACEPOINT: called(argumentArray),
	RAW_TRACEPOINT_WRITABLE: called(argumentArray),
	TRACING: called(argumentArray),
	STRUCT_OPS: called(argumentArray),
	EXT: called(argumentArray),
	LSM: called(argumentArray),
};

/** Layouts of a host application's own types, by name. */
export type CustomTypes = Readonly<Record<string, ContextLayout>>;

export function familyOf(type: number | string, custom: CustomTypes = {}): FamilyRow | null {
	if (typeof type === "string") {
		const own = custom[type];
		if (own !== undefined) return plain(structFamily(type, own));
		return type === XRP ? plain(storageFamily(contexts.bpf_xrp), "data", "scratch") : null;
	}
	const row = programTypeById(type);
	return row === undefined ? null : families[row.name as ProgramTypeName];
}
