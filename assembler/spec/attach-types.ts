/**
 * Attach types of Linux 6.18 (enum bpf_attach_type) and libbpf's table of section names: what `SEC("…")` says about type,
 * expected attach type and load flags. A pattern that ends in "+" matches itself and itself followed by "/" and anything;
 * others match whole names, as libbpf's sec_def_matches() does. Order matters: the first match wins.
 */
import { type ProgramTypeName, programTypeId } from "./program-types.ts";

export interface AttachTypeRow {
	readonly id: number;
	readonly name: string;
	readonly since: string;
}

export const attachTypes = [
	{ id: 0, name: "CGROUP_INET_INGRESS", since: "4.10" },
	{ id: 1, name: "CGROUP_INET_EGRESS", since: "4.10" },
	{ id: 2, name: "CGROUP_INET_SOCK_CREATE", since: "4.10" },
	{ id: 3, name: "CGROUP_SOCK_OPS", since: "4.13" },
	{ id: 4, name: "SK_SKB_STREAM_PARSER", since: "4.14" },
	{ id: 5, name: "SK_SKB_STREAM_VERDICT", since: "4.14" },
	{ id: 6, name: "CGROUP_DEVICE", since: "4.15" },
	{ id: 7, name: "SK_MSG_VERDICT", since: "4.17" },
	{ id: 8, name: "CGROUP_INET4_BIND", since: "4.17" },
	{ id: 9, name: "CGROUP_INET6_BIND", since: "4.17" },
	{ id: 10, name: "CGROUP_INET4_CONNECT", since: "4.17" },
	{ id: 11, name: "CGROUP_INET6_CONNECT", since: "4.17" },
	{ id: 12, name: "CGROUP_INET4_POST_BIND", since: "4.17" },
	{ id: 13, name: "CGROUP_INET6_POST_BIND", since: "4.17" },
	{ id: 14, name: "CGROUP_UDP4_SENDMSG", since: "4.18" },
	{ id: 15, name: "CGROUP_UDP6_SENDMSG", since: "4.18" },
	{ id: 16, name: "LIRC_MODE2", since: "4.18" },
	{ id: 17, name: "FLOW_DISSECTOR", since: "4.20" },
	{ id: 18, name: "CGROUP_SYSCTL", since: "5.2" },
	{ id: 19, name: "CGROUP_UDP4_RECVMSG", since: "5.2" },
	{ id: 20, name: "CGROUP_UDP6_RECVMSG", since: "5.2" },
	{ id: 21, name: "CGROUP_GETSOCKOPT", since: "5.3" },
	{ id: 22, name: "CGROUP_SETSOCKOPT", since: "5.3" },
	{ id: 23, name: "TRACE_RAW_TP", since: "5.5" },
	{ id: 24, name: "TRACE_FENTRY", since: "5.5" },
	{ id: 25, name: "TRACE_FEXIT", since: "5.5" },
	{ id: 26, name: "MODIFY_RETURN", since: "5.7" },
	{ id: 27, name: "LSM_MAC", since: "5.7" },
	{ id: 28, name: "TRACE_ITER", since: "5.8" },
	{ id: 29, name: "CGROUP_INET4_GETPEERNAME", since: "5.8" },
	{ id: 30, name: "CGROUP_INET6_GETPEERNAME", since: "5.8" },
	{ id: 31, name: "CGROUP_INET4_GETSOCKNAME", since: "5.8" },
	{ id: 32, name: "CGROUP_INET6_GETSOCKNAME", since: "5.8" },
	{ id: 33, name: "XDP_DEVMAP", since: "5.8" },
	{ id: 34, name: "CGROUP_INET_SOCK_RELEASE", since: "5.9" },
	{ id: 35, name: "XDP_CPUMAP", since: "5.9" },
	{ id: 36, name: "SK_LOOKUP", since: "5.9" },
	{ id: 37, name: "XDP", since: "5.9" },
	{ id: 38, name: "SK_SKB_VERDICT", since: "5.13" },
	{ id: 39, name: "SK_REUSEPORT_SELECT", since: "5.14" },
	{ id: 40, name: "SK_REUSEPORT_SELECT_OR_MIGRATE", since: "5.14" },
	{ id: 41, name: "PERF_EVENT", since: "5.15" },
	{ id: 42, name: "TRACE_KPROBE_MULTI", since: "5.18" },
	{ id: 43, name: "LSM_CGROUP", since: "6.0" },
	{ id: 44, name: "STRUCT_OPS", since: "6.3" },
	{ id: 45, name: "NETFILTER", since: "6.4" },
	{ id: 46, name: "TCX_INGRESS", since: "6.6" },
	{ id: 47, name: "TCX_EGRESS", since: "6.6" },
	{ id: 48, name: "TRACE_UPROBE_MULTI", since: "6.6" },
	{ id: 49, name: "CGROUP_UNIX_CONNECT", since: "6.7" },
	{ id: 50, name: "CGROUP_UNIX_SENDMSG", since: "6.7" },
	{ id: 51, name: "CGROUP_UNIX_RECVMSG", since: "6.7" },
	{ id: 52, name: "CGROUP_UNIX_GETPEERNAME", since: "6.7" },
	{ id: 53, name: "CGROUP_UNIX_GETSOCKNAME", since: "6.7" },
	{ id: 54, name: "NETKIT_PRIMARY", since: "6.7" },
	{ id: 55, name: "NETKIT_PEER", since: "6.7" },
	{ id: 56, name: "TRACE_KPROBE_SESSION", since: "6.10" },
	{ id: 57, name: "TRACE_UPROBE_SESSION", since: "6.13" },
	{ id: 58, name: "TRACE_FSESSION", since: "7.0" },
] as const satisfies readonly AttachTypeRow[];

export type AttachTypeName = (typeof attachTypes)[number]["name"];

/**
 * What libbpf does with the section: `attachBtf` looks the function or type after the "/" up in the kernel's BTF;
 * `sleepable` sets BPF_F_SLEEPABLE (0x10), `frags` BPF_F_XDP_HAS_FRAGS (0x20); `optional`: older kernels get no expected attach type.
 */
export type SectionFlag = "attachBtf" | "sleepable" | "frags" | "attachable" | "optional";

export interface SectionRow {
	readonly pattern: string;
	readonly type: ProgramTypeName;
	readonly attach: AttachTypeName | null;
	readonly flags: readonly SectionFlag[];
}

export const sectionNames = [
	{ pattern: "socket", type: "SOCKET_FILTER", attach: null, flags: [] },
	{ pattern: "sk_reuseport/migrate", type: "SK_REUSEPORT", attach: "SK_REUSEPORT_SELECT_OR_MIGRATE", flags: ["attachable"] },
	{ pattern: "sk_reuseport", type: "SK_REUSEPORT", attach: "SK_REUSEPORT_SELECT", flags: ["attachable"] },
	{ pattern: "kprobe+", type: "KPROBE", attach: null, flags: [] },
	{ pattern: "uprobe+", type: "KPROBE", attach: null, flags: [] },
	{ pattern: "uprobe.s+", type: "KPROBE", attach: null, flags: ["sleepable"] },
	{ pattern: "kretprobe+", type: "KPROBE", attach: null, flags: [] },
	{ pattern: "uretprobe+", type: "KPROBE", attach: null, flags: [] },
	{ pattern: "uretprobe.s+", type: "KPROBE", attach: null, flags: ["sleepable"] },
	{ pattern: "kprobe.multi+", type: "KPROBE", attach: "TRACE_KPROBE_MULTI", flags: [] },
	{ pattern: "kretprobe.multi+", type: "KPROBE", attach: "TRACE_KPROBE_MULTI", flags: [] },
	{ pattern: "kprobe.session+", type: "KPROBE", attach: "TRACE_KPROBE_SESSION", flags: [] },
	{ pattern: "uprobe.multi+", type: "KPROBE", attach: "TRACE_UPROBE_MULTI", flags: [] },
	{ pattern: "uretprobe.multi+", type: "KPROBE", attach: "TRACE_UPROBE_MULTI", flags: [] },
	{ pattern: "uprobe.multi.s+", type: "KPROBE", attach: "TRACE_UPROBE_MULTI", flags: ["sleepable"] },
	{ pattern: "uretprobe.multi.s+", type: "KPROBE", attach: "TRACE_UPROBE_MULTI", flags: ["sleepable"] },
	{ pattern: "uprobe.session+", type: "KPROBE", attach: "TRACE_UPROBE_SESSION", flags: [] },
	{ pattern: "uprobe.session.s+", type: "KPROBE", attach: "TRACE_UPROBE_SESSION", flags: ["sleepable"] },
	{ pattern: "ksyscall+", type: "KPROBE", attach: null, flags: [] },
	{ pattern: "kretsyscall+", type: "KPROBE", attach: null, flags: [] },
	{ pattern: "usdt+", type: "KPROBE", attach: null, flags: [] },
	{ pattern: "usdt.s+", type: "KPROBE", attach: null, flags: ["sleepable"] },
	{ pattern: "tc/ingress", type: "SCHED_CLS", attach: "TCX_INGRESS", flags: [] },
	{ pattern: "tc/egress", type: "SCHED_CLS", attach: "TCX_EGRESS", flags: [] },
	{ pattern: "tcx/ingress", type: "SCHED_CLS", attach: "TCX_INGRESS", flags: [] },
	{ pattern: "tcx/egress", type: "SCHED_CLS", attach: "TCX_EGRESS", flags: [] },
	{ pattern: "tc", type: "SCHED_CLS", attach: null, flags: [] },
	{ pattern: "classifier", type: "SCHED_CLS", attach: null, flags: [] },
	{ pattern: "action", type: "SCHED_ACT", attach: null, flags: [] },
	{ pattern: "netkit/primary", type: "SCHED_CLS", attach: "NETKIT_PRIMARY", flags: [] },
	{ pattern: "netkit/peer", type: "SCHED_CLS", attach: "NETKIT_PEER", flags: [] },
	{ pattern: "tracepoint+", type: "TRACEPOINT", attach: null, flags: [] },
	{ pattern: "tp+", type: "TRACEPOINT", attach: null, flags: [] },
	{ pattern: "raw_tracepoint+", type: "RAW_TRACEPOINT", attach: null, flags: [] },
	{ pattern: "raw_tp+", type: "RAW_TRACEPOINT", attach: null, flags: [] },
	{ pattern: "raw_tracepoint.w+", type: "RAW_TRACEPOINT_WRITABLE", attach: null, flags: [] },
	{ pattern: "raw_tp.w+", type: "RAW_TRACEPOINT_WRITABLE", attach: null, flags: [] },
	{ pattern: "tp_btf+", type: "TRACING", attach: "TRACE_RAW_TP", flags: ["attachBtf"] },
	{ pattern: "fentry+", type: "TRACING", attach: "TRACE_FENTRY", flags: ["attachBtf"] },
	{ pattern: "fmod_ret+", type: "TRACING", attach: "MODIFY_RETURN", flags: ["attachBtf"] },
	{ pattern: "fexit+", type: "TRACING", attach: "TRACE_FEXIT", flags: ["attachBtf"] },
	{ pattern: "fsession+", type: "TRACING", attach: "TRACE_FSESSION", flags: ["attachBtf"] },
	{ pattern: "fentry.s+", type: "TRACING", attach: "TRACE_FENTRY", flags: ["attachBtf", "sleepable"] },
	{ pattern: "fmod_ret.s+", type: "TRACING", attach: "MODIFY_RETURN", flags: ["attachBtf", "sleepable"] },
	{ pattern: "fexit.s+", type: "TRACING", attach: "TRACE_FEXIT", flags: ["attachBtf", "sleepable"] },
	{ pattern: "fsession.s+", type: "TRACING", attach: "TRACE_FSESSION", flags: ["attachBtf", "sleepable"] },
	{ pattern: "freplace+", type: "EXT", attach: null, flags: ["attachBtf"] },
	{ pattern: "lsm+", type: "LSM", attach: "LSM_MAC", flags: ["attachBtf"] },
	{ pattern: "lsm.s+", type: "LSM", attach: "LSM_MAC", flags: ["attachBtf", "sleepable"] },
	{ pattern: "lsm_cgroup+", type: "LSM", attach: "LSM_CGROUP", flags: ["attachBtf"] },
	{ pattern: "iter+", type: "TRACING", attach: "TRACE_ITER", flags: ["attachBtf"] },
	{ pattern: "iter.s+", type: "TRACING", attach: "TRACE_ITER", flags: ["attachBtf", "sleepable"] },
	{ pattern: "syscall", type: "SYSCALL", attach: null, flags: ["sleepable"] },
	{ pattern: "xdp.frags/devmap", type: "XDP", attach: "XDP_DEVMAP", flags: ["frags"] },
	{ pattern: "xdp/devmap", type: "XDP", attach: "XDP_DEVMAP", flags: ["attachable"] },
	{ pattern: "xdp.frags/cpumap", type: "XDP", attach: "XDP_CPUMAP", flags: ["frags"] },
	{ pattern: "xdp/cpumap", type: "XDP", attach: "XDP_CPUMAP", flags: ["attachable"] },
	{ pattern: "xdp.frags", type: "XDP", attach: "XDP", flags: ["frags"] },
	{ pattern: "xdp", type: "XDP", attach: "XDP", flags: ["attachable", "optional"] },
	{ pattern: "perf_event", type: "PERF_EVENT", attach: null, flags: [] },
	{ pattern: "lwt_in", type: "LWT_IN", attach: null, flags: [] },
	{ pattern: "lwt_out", type: "LWT_OUT", attach: null, flags: [] },
	{ pattern: "lwt_xmit", type: "LWT_XMIT", attach: null, flags: [] },
	{ pattern: "lwt_seg6local", type: "LWT_SEG6LOCAL", attach: null, flags: [] },
	{ pattern: "sockops", type: "SOCK_OPS", attach: "CGROUP_SOCK_OPS", flags: ["attachable", "optional"] },
	{ pattern: "sk_skb/stream_parser", type: "SK_SKB", attach: "SK_SKB_STREAM_PARSER", flags: ["attachable", "optional"] },
	{ pattern: "sk_skb/stream_verdict", type: "SK_SKB", attach: "SK_SKB_STREAM_VERDICT", flags: ["attachable", "optional"] },
	{ pattern: "sk_skb/verdict", type: "SK_SKB", attach: "SK_SKB_VERDICT", flags: ["attachable", "optional"] },
	{ pattern: "sk_skb", type: "SK_SKB", attach: null, flags: [] },
	{ pattern: "sk_msg", type: "SK_MSG", attach: "SK_MSG_VERDICT", flags: ["attachable", "optional"] },
	{ pattern: "lirc_mode2", type: "LIRC_MODE2", attach: "LIRC_MODE2", flags: ["attachable", "optional"] },
	{ pattern: "flow_dissector", type: "FLOW_DISSECTOR", attach: "FLOW_DISSECTOR", flags: ["attachable", "optional"] },
	{ pattern: "cgroup_skb/ingress", type: "CGROUP_SKB", attach: "CGROUP_INET_INGRESS", flags: ["attachable", "optional"] },
	{ pattern: "cgroup_skb/egress", type: "CGROUP_SKB", attach: "CGROUP_INET_EGRESS", flags: ["attachable", "optional"] },
	{ pattern: "cgroup/skb", type: "CGROUP_SKB", attach: null, flags: [] },
	{ pattern: "cgroup/sock_create", type: "CGROUP_SOCK", attach: "CGROUP_INET_SOCK_CREATE", flags: ["attachable"] },
	{ pattern: "cgroup/sock_release", type: "CGROUP_SOCK", attach: "CGROUP_INET_SOCK_RELEASE", flags: ["attachable"] },
	{ pattern: "cgroup/sock", type: "CGROUP_SOCK", attach: "CGROUP_INET_SOCK_CREATE", flags: ["attachable", "optional"] },
	{ pattern: "cgroup/post_bind4", type: "CGROUP_SOCK", attach: "CGROUP_INET4_POST_BIND", flags: ["attachable"] },
	{ pattern: "cgroup/post_bind6", type: "CGROUP_SOCK", attach: "CGROUP_INET6_POST_BIND", flags: ["attachable"] },
	{ pattern: "cgroup/bind4", type: "CGROUP_SOCK_ADDR", attach: "CGROUP_INET4_BIND", flags: ["attachable"] },
	{ pattern: "cgroup/bind6", type: "CGROUP_SOCK_ADDR", attach: "CGROUP_INET6_BIND", flags: ["attachable"] },
	{ pattern: "cgroup/connect4", type: "CGROUP_SOCK_ADDR", attach: "CGROUP_INET4_CONNECT", flags: ["attachable"] },
	{ pattern: "cgroup/connect6", type: "CGROUP_SOCK_ADDR", attach: "CGROUP_INET6_CONNECT", flags: ["attachable"] },
	{ pattern: "cgroup/connect_unix", type: "CGROUP_SOCK_ADDR", attach: "CGROUP_UNIX_CONNECT", flags: ["attachable"] },
	{ pattern: "cgroup/sendmsg4", type: "CGROUP_SOCK_ADDR", attach: "CGROUP_UDP4_SENDMSG", flags: ["attachable"] },
	{ pattern: "cgroup/sendmsg6", type: "CGROUP_SOCK_ADDR", attach: "CGROUP_UDP6_SENDMSG", flags: ["attachable"] },
	{ pattern: "cgroup/sendmsg_unix", type: "CGROUP_SOCK_ADDR", attach: "CGROUP_UNIX_SENDMSG", flags: ["attachable"] },
	{ pattern: "cgroup/recvmsg4", type: "CGROUP_SOCK_ADDR", attach: "CGROUP_UDP4_RECVMSG", flags: ["attachable"] },
	{ pattern: "cgroup/recvmsg6", type: "CGROUP_SOCK_ADDR", attach: "CGROUP_UDP6_RECVMSG", flags: ["attachable"] },
	{ pattern: "cgroup/recvmsg_unix", type: "CGROUP_SOCK_ADDR", attach: "CGROUP_UNIX_RECVMSG", flags: ["attachable"] },
	{ pattern: "cgroup/getpeername4", type: "CGROUP_SOCK_ADDR", attach: "CGROUP_INET4_GETPEERNAME", flags: ["attachable"] },
	{ pattern: "cgroup/getpeername6", type: "CGROUP_SOCK_ADDR", attach: "CGROUP_INET6_GETPEERNAME", flags: ["attachable"] },
	{ pattern: "cgroup/getpeername_unix", type: "CGROUP_SOCK_ADDR", attach: "CGROUP_UNIX_GETPEERNAME", flags: ["attachable"] },
	{ pattern: "cgroup/getsockname4", type: "CGROUP_SOCK_ADDR", attach: "CGROUP_INET4_GETSOCKNAME", flags: ["attachable"] },
	{ pattern: "cgroup/getsockname6", type: "CGROUP_SOCK_ADDR", attach: "CGROUP_INET6_GETSOCKNAME", flags: ["attachable"] },
	{ pattern: "cgroup/getsockname_unix", type: "CGROUP_SOCK_ADDR", attach: "CGROUP_UNIX_GETSOCKNAME", flags: ["attachable"] },
	{ pattern: "cgroup/sysctl", type: "CGROUP_SYSCTL", attach: "CGROUP_SYSCTL", flags: ["attachable"] },
	{ pattern: "cgroup/getsockopt", type: "CGROUP_SOCKOPT", attach: "CGROUP_GETSOCKOPT", flags: ["attachable"] },
	{ pattern: "cgroup/setsockopt", type: "CGROUP_SOCKOPT", attach: "CGROUP_SETSOCKOPT", flags: ["attachable"] },
	{ pattern: "cgroup/dev", type: "CGROUP_DEVICE", attach: "CGROUP_DEVICE", flags: ["attachable", "optional"] },
	{ pattern: "struct_ops+", type: "STRUCT_OPS", attach: null, flags: [] },
	{ pattern: "struct_ops.s+", type: "STRUCT_OPS", attach: null, flags: ["sleepable"] },
	{ pattern: "sk_lookup", type: "SK_LOOKUP", attach: "SK_LOOKUP", flags: ["attachable"] },
	{ pattern: "netfilter", type: "NETFILTER", attach: "NETFILTER", flags: [] },
] as const satisfies readonly SectionRow[];

const idByName: ReadonlyMap<string, number> = new Map(attachTypes.map((row) => [row.name, row.id]));

/** @example attachTypeId("XDP") // 37 */
export function attachTypeId(name: AttachTypeName): number {
	return idByName.get(name) ?? 0;
}

/** The numbers of a row's types, as the kernel is told them. */
export const typeNumbers = ({
	type,
	attach,
}: Pick<SectionRow, "type" | "attach">): { readonly type: number; readonly expectedAttachType: number } => ({
	type: programTypeId(type),
	expectedAttachType: attach === null ? 0 : attachTypeId(attach),
});

/** A leading "?" (do not load by default) is not part of the name. @example sectionRow("kprobe/do_unlinkat")?.type // "KPROBE" */
export function sectionRow(section: string): SectionRow | undefined {
	const name = section.startsWith("?") ? section.slice(1) : section;
	return sectionNames.find(({ pattern }) => {
		if (!pattern.endsWith("+")) return name === pattern;
		const stem = pattern.slice(0, -1);
		return name === stem || name.startsWith(`${stem}/`);
	});
}

/** What follows the pattern's stem: "do_unlinkat" of "kprobe/do_unlinkat"; empty when nothing does. */
export function sectionTarget(section: string): string {
	const name = section.startsWith("?") ? section.slice(1) : section;
	const row = sectionRow(name);
	if (row === undefined || !row.pattern.endsWith("+")) return "";
	return name.slice(row.pattern.length);
}
