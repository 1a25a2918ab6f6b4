/**
 * The program types of Linux 6.18, one row each (enum bpf_prog_type of include/uapi/linux/bpf.h): number, name without
 * BPF_PROG_TYPE_, C type of the context, first kernel. `context` is a struct of linux/bpf.h, or "args" (an array of u64),
 * "bytes" (whatever the event or the caller lays out), "u32". XRP's type has no number in mainline: it is known by name.
 */
export interface ProgramTypeRow {
	readonly id: number;
	readonly name: string;
	readonly context: string;
	readonly since: string;
	/** Packet bytes may be read through packet pointers, or written too (may_access_direct_pkt_data of kernel/bpf/verifier.c). */
	readonly packets?: "read" | "write";
}

export const programTypes = [
	{ id: 1, name: "SOCKET_FILTER", context: "__sk_buff", since: "3.19" },
	{ id: 2, name: "KPROBE", context: "pt_regs", since: "4.1" },
	{ id: 3, name: "SCHED_CLS", context: "__sk_buff", since: "4.1", packets: "write" },
	{ id: 4, name: "SCHED_ACT", context: "__sk_buff", since: "4.1", packets: "write" },
	{ id: 5, name: "TRACEPOINT", context: "bytes", since: "4.7" },
	{ id: 6, name: "XDP", context: "xdp_md", since: "4.8", packets: "write" },
	{ id: 7, name: "PERF_EVENT", context: "bpf_perf_event_data", since: "4.9" },
	{ id: 8, name: "CGROUP_SKB", context: "__sk_buff", since: "4.10", packets: "read" },
	{ id: 9, name: "CGROUP_SOCK", context: "bpf_sock", since: "4.10" },
	{ id: 10, name: "LWT_IN", context: "__sk_buff", since: "4.10", packets: "read" },
	{ id: 11, name: "LWT_OUT", context: "__sk_buff", since: "4.10", packets: "read" },
	{ id: 12, name: "LWT_XMIT", context: "__sk_buff", since: "4.10", packets: "write" },
	{ id: 13, name: "SOCK_OPS", context: "bpf_sock_ops", since: "4.13" },
	{ id: 14, name: "SK_SKB", context: "__sk_buff", since: "4.14", packets: "write" },
	{ id: 15, name: "CGROUP_DEVICE", context: "bpf_cgroup_dev_ctx", since: "4.15" },
	{ id: 16, name: "SK_MSG", context: "sk_msg_md", since: "4.17", packets: "write" },
	{ id: 17, name: "RAW_TRACEPOINT", context: "args", since: "4.17" },
	{ id: 18, name: "CGROUP_SOCK_ADDR", context: "bpf_sock_addr", since: "4.17" },
	{ id: 19, name: "LWT_SEG6LOCAL", context: "__sk_buff", since: "4.18", packets: "read" },
	{ id: 20, name: "LIRC_MODE2", context: "u32", since: "4.18" },
	{ id: 21, name: "SK_REUSEPORT", context: "sk_reuseport_md", since: "4.19", packets: "read" },
	{ id: 22, name: "FLOW_DISSECTOR", context: "__sk_buff", since: "4.20", packets: "read" },
	{ id: 23, name: "CGROUP_SYSCTL", context: "bpf_sysctl", since: "5.2" },
	{ id: 24, name: "RAW_TRACEPOINT_WRITABLE", context: "args", since: "5.2" },
	{ id: 25, name: "CGROUP_SOCKOPT", context: "bpf_sockopt", since: "5.3", packets: "write" },
	{ id: 26, name: "TRACING", context: "args", since: "5.5" },
	{ id: 27, name: "STRUCT_OPS", context: "args", since: "5.6" },
	{ id: 28, name: "EXT", context: "args", since: "5.6" },
	{ id: 29, name: "LSM", context: "args", since: "5.7" },
	{ id: 30, name: "SK_LOOKUP", context: "bpf_sk_lookup", since: "5.9" },
	{ id: 31, name: "SYSCALL", context: "bytes", since: "5.14" },
	{ id: 32, name: "NETFILTER", context: "bpf_nf_ctx", since: "6.4" },
] as const satisfies readonly ProgramTypeRow[];

export type ProgramTypeName = (typeof programTypes)[number]["name"];

/** XRP's storage functions (OSDI '22): their kernel's number collides with SYSCALL, so they go by name only. */
export const XRP = "xrp";

const byId: ReadonlyMap<number, ProgramTypeRow> = new Map(programTypes.map((row) => [row.id, row]));
const byName: ReadonlyMap<string, ProgramTypeRow> = new Map(programTypes.map((row) => [row.name, row]));

export function programTypeById(id: number): ProgramTypeRow | undefined {
	return byId.get(id);
}

/** The number of a type that the table has, for code that names types. @example programTypeId("XDP") // 6 */
export function programTypeId(name: ProgramTypeName): number {
	return byName.get(name)?.id ?? 0;
}
