/**
 * Program types, one row each: context, helpers, return range. `specOf` gives the row of a number, of "xrp", or of a host application's own type.
 *
 * Facts of Linux 6.18: *_verifier_ops, check_return_code, the attach-type conditions of the *_func_proto functions.
 */
import { programTypeById } from "../../../assembler/spec/program-types.ts";
import { PTR_TO_MEM } from "../types.ts";
import * as context from "./contexts.ts";
import { type HelperSet, helperSets } from "./helper-sets.ts";
import { type ContextAccess, type ContextField, layout, type ProgramSpec, type RetvalRange } from "./spec.ts";

export interface CustomProgramType {
	readonly name: string;
	readonly contextSize: number;
	readonly fields: readonly ContextField[];
	/** Helper names beside the common ones (`base` of helper-sets.ts). */
	readonly helpers?: readonly string[];
	readonly returns?: RetvalRange;
}

interface Row {
	readonly name: string;
	readonly access: ContextAccess;
	/** Tried in order. */
	readonly sets: readonly HelperSet[];
	readonly returns?: (attach: number) => RetvalRange | null;
	readonly loadsPacket?: boolean;
	readonly contextIsMemory?: boolean;
	readonly contextType: string;
	readonly kernelContext?: string;
	readonly kfuncHook?: string;
	/** The attach types that it may be loaded for, the first one when none is given; any when absent. */
	readonly attach?: readonly number[];
}

const parsed = new Map<HelperSet, ReadonlyMap<string, string>>();
function helperSet(name: HelperSet): ReadonlyMap<string, string> {
	let map = parsed.get(name);
	if (!map) {
		map = new Map(helperSets[name].split(" ").map((entry) => {
			const [helper, contract] = entry.split(":");
			return [helper, contract ?? helper] as const;
		}));
		parsed.set(name, map);
	}
	return map;
}

const range = (min: number, max: number) => (): RetvalRange => ({ min, max });
const boolean = range(0, 1);

const noReceive = new Set([0, 1, 3, 19, 20, 51, 29, 30, 52, 31, 32, 53]);
const SOCKADDR_SOCKOPT = new Set([8, 9, 10, 11, 49, 19, 20, 52, 14, 15, 50, 29, 30, 51, 31, 32, 53]);
const RECVMSG_NAME = new Set([19, 20, 51, 29, 30, 52, 31, 32, 53]);

const tc = context.skbContext({
	deny: ["socket"], write: ["mark", "tcIndex", "priority", "classid", "cb", "tstamp", "queueMapping"], tstampType: true,
});
const lwt = context.skbContext({ deny: ["classid", "socket", "dataMeta", "tstamp", "wireLen", "hwtstamp"], write: ["mark", "priority", "cb"] });

const SOCK_ADDR_ATTACH = [8, 9, 10, 11, 14, 15, 19, 20, 29, 30, 31, 32, 49, 50, 51, 52, 53];
/** For these, no attach type stands for the first. */
const DEFAULT_ATTACH = new Set([9, 21]);

const ROWS: Readonly<Record<number, Row>> = {
	1: {
		name: "socket_filter", contextType: "__sk_buff", kernelContext: "sk_buff", kfuncHook: "socket", sets: ["socketFilter", "socketBase", "base"], loadsPacket: true,
		access: context.skbContext({ deny: ["classid", "data", "dataMeta", "dataEnd", "socket", "tstamp", "wireLen", "hwtstamp"], write: ["cb"] }),
	},
	2: { name: "kprobe", contextType: "pt_regs", kernelContext: "pt_regs", kfuncHook: "kprobe", access: context.kprobe, sets: ["kprobe", "tracingCommon", "base"], contextIsMemory: true, returns: (a) => (a === 56 || a === 57 ? { min: 0, max: 1 } : null) },
	3: { name: "sched_cls", contextType: "__sk_buff", kernelContext: "sk_buff", kfuncHook: "tc", access: tc, sets: ["classifier", "socketBase", "base"], loadsPacket: true },
	4: { name: "sched_act", contextType: "__sk_buff", kernelContext: "sk_buff", kfuncHook: "act", access: tc, sets: ["classifier", "socketBase", "base"], loadsPacket: true },
	5: { name: "tracepoint", contextType: "", kfuncHook: "tracing", access: context.tracepoint, sets: ["tracepoint", "tracingCommon", "base"], contextIsMemory: true },
	6: { name: "xdp", contextType: "xdp_md", kernelContext: "xdp_buff", kfuncHook: "xdp", access: context.xdp, sets: ["xdp", "socketBase", "base"] },
	7: { name: "perf_event", contextType: "bpf_perf_event_data", kernelContext: "bpf_perf_event_data_kern", kfuncHook: "tracing", access: context.perfEvent, sets: ["perfEvent", "tracingCommon", "base"] },
	8: {
		name: "cgroup_skb", contextType: "__sk_buff", kernelContext: "sk_buff", kfuncHook: "cgroup", attach: [0, 1], sets: ["cgroup", "cgroupSkb", "socketFilter", "socketBase", "base"],
		access: context.skbContext({ deny: ["classid", "dataMeta", "wireLen"], write: ["mark", "priority", "cb", "tstamp"] }),
		returns: (a) => (a === 1 ? { min: 0, max: 3 } : { min: 0, max: 1 }),
	},
	9: { name: "cgroup_sock", contextType: "bpf_sock", kernelContext: "sock", kfuncHook: "cgroup", attach: [2, 34, 12, 13], access: context.cgroupSock, sets: ["cgroup", "cgroupSock", "base"], returns: boolean },
	10: { name: "lwt_in", contextType: "__sk_buff", kernelContext: "sk_buff", kfuncHook: "lwt", access: lwt, sets: ["lwtIn", "lwtOut", "socketBase", "base"] },
	11: { name: "lwt_out", contextType: "__sk_buff", kernelContext: "sk_buff", kfuncHook: "lwt", access: lwt, sets: ["lwtOut", "socketBase", "base"] },
	12: { name: "lwt_xmit", contextType: "__sk_buff", kernelContext: "sk_buff", kfuncHook: "lwt", access: lwt, sets: ["lwtXmit", "lwtOut", "socketBase", "base"] },
	13: { name: "sock_ops", contextType: "bpf_sock_ops", kernelContext: "bpf_sock_ops_kern", kfuncHook: "cgroup", access: context.sockOps, sets: ["cgroup", "sockOps", "socketBase", "base"], returns: boolean },
	14: {
		name: "sk_skb", contextType: "__sk_buff", kernelContext: "sk_buff", kfuncHook: "sk_skb", sets: ["skSkb", "socketBase", "base"],
		access: context.skbContext({ deny: ["classid", "dataMeta", "tstamp", "wireLen", "hwtstamp", "mark"], write: ["tcIndex", "priority"] }),
	},
	15: { name: "cgroup_device", contextType: "bpf_cgroup_dev_ctx", kernelContext: "bpf_cgroup_dev_ctx", kfuncHook: "cgroup", access: context.cgroupDevice, sets: ["cgroup", "cgroupDevice", "base"], returns: boolean, contextIsMemory: true },
	16: { name: "sk_msg", contextType: "sk_msg_md", kernelContext: "sk_msg", access: context.skMsg, sets: ["skMsg", "socketBase", "base"] },
	17: { name: "raw_tracepoint", contextType: "bpf_raw_tracepoint_args", access: context.rawTracepoint, sets: ["rawTracepoint", "tracingCommon", "base"], contextIsMemory: true },
	18: {
		name: "cgroup_sock_addr", contextType: "bpf_sock_addr", kernelContext: "bpf_sock_addr_kern", kfuncHook: "cgroup", attach: SOCK_ADDR_ATTACH, access: context.sockAddr, sets: ["cgroup", "sockAddr", "socketBase", "base"],
		returns: (a) => (RECVMSG_NAME.has(a) ? { min: 1, max: 1 } : a === 8 || a === 9 ? { min: 0, max: 3 } : { min: 0, max: 1 }),
	},
	19: { name: "lwt_seg6local", contextType: "__sk_buff", kernelContext: "sk_buff", kfuncHook: "lwt", access: lwt, sets: ["lwtSeg6", "lwtOut", "socketBase", "base"] },
	20: { name: "lirc_mode2", contextType: "", access: context.lirc, sets: ["lirc"], contextIsMemory: true },
	21: { name: "sk_reuseport", contextType: "sk_reuseport_md", kernelContext: "sk_reuseport_kern", attach: [39, 40], access: context.skReuseport, sets: ["skReuseport", "base"] },
	22: { name: "flow_dissector", contextType: "__sk_buff", kernelContext: "bpf_flow_dissector", access: context.flowDissector, sets: ["flowDissector", "socketBase", "base"] },
	23: { name: "cgroup_sysctl", contextType: "bpf_sysctl", kernelContext: "bpf_sysctl_kern", kfuncHook: "cgroup", access: context.sysctl, sets: ["cgroup", "sysctl", "base"], returns: boolean },
	24: { name: "raw_tracepoint_writable", contextType: "bpf_raw_tracepoint_args", access: context.rawTracepointWritable, sets: ["rawTracepoint", "tracingCommon", "base"], contextIsMemory: true },
	25: { name: "cgroup_sockopt", contextType: "bpf_sockopt", kernelContext: "bpf_sockopt_kern", kfuncHook: "cgroup", attach: [21, 22], access: context.sockopt, sets: ["cgroup", "sockopt", "base"], returns: boolean },
	26: { name: "tracing", contextType: "", kfuncHook: "tracing", access: () => null, sets: ["tracing", "rawTracepoint", "tracingCommon", "base"], contextIsMemory: true },
	27: { name: "struct_ops", contextType: "", kfuncHook: "struct_ops", access: () => null, sets: ["base"], contextIsMemory: true },
	28: { name: "ext", contextType: "", attach: [0], access: () => null, sets: ["base"], contextIsMemory: true },
	29: { name: "lsm", contextType: "", kfuncHook: "tracing", access: () => null, sets: ["lsm", "tracingCommon", "base"], contextIsMemory: true },
	30: { name: "sk_lookup", contextType: "bpf_sk_lookup", kernelContext: "bpf_sk_lookup_kern", attach: [36], access: context.skLookup, sets: ["skLookup", "socketBase", "base"], returns: boolean },
	31: { name: "syscall", contextType: "", kfuncHook: "syscall", attach: [0], access: context.syscall, sets: ["syscall", "tracing", "rawTracepoint", "tracingCommon", "base"], contextIsMemory: true },
	32: { name: "netfilter", contextType: "bpf_nf_ctx", kernelContext: "bpf_nf_ctx", kfuncHook: "netfilter", attach: [45], access: () => null, sets: ["base"], returns: boolean },
};

/** Helpers that depend on the attach type. */
function attachHelper(id: number, name: string, attach: number, sleepable: boolean): string | null | undefined {
	if (name === "get_retval" || name === "set_retval") {
		if ([8, 9, 13, 15, 18, 23, 25].includes(id)) return noReceive.has(attach) ? null : undefined;
		return undefined;
	}
	if (name === "setsockopt" || name === "getsockopt") {
		const set = name === "setsockopt";
		if (id === 9) return null;
		if (id === 18) return SOCKADDR_SOCKOPT.has(attach) ? `sock_addr_${name}` : null;
		if (id === 25) return attach === 22 ? (set ? "sk_setsockopt" : "sk_getsockopt") : null;
		return undefined;
	}
	if (id === 18 && name === "bind") return attach === 10 || attach === 11 ? undefined : null;
	if (name === "get_stack" && sleepable && (id === 2 || id === 17)) return "get_stack_sleepable";
	if (name === "get_task_stack" && !sleepable) return "get_task_stack";
	if (id === 2 && name === "get_func_ip") return attach === 42 || attach === 56 ? "get_func_ip_kprobe_multi" : undefined;
	// Programs of the bpf() system call have the helpers of tracing ones, and no attach type.
	if ((id === 26 || id === 31) && (name === "seq_printf" || name === "seq_write" || name === "seq_printf_btf")) return attach === 28 ? undefined : null;
	if ((id === 26 || id === 31) && (name === "get_func_arg" || name === "get_func_ret" || name === "get_func_arg_cnt")) {
		const trampoline = attach === 24 || attach === 25 || attach === 26;
		if (name === "get_func_ret") return attach === 25 || attach === 26 ? undefined : null;
		return trampoline ? undefined : null;
	}
	if (id === 31 && name === "get_attach_cookie") return null;
	if (id === 26 && name === "get_attach_cookie") return attach === 24 || attach === 25 || attach === 26 || attach === 23 ? undefined : null;
	return undefined;
}

/** Iterators over sockets have socket options besides the helpers of tracing programs. Undefined: no more than these. */
export function iteratorHelper(target: string, name: string): string | undefined {
	const sockets = target === "bpf_iter_tcp" || target === "bpf_iter_unix";
	return sockets && (name === "setsockopt" || name === "getsockopt") ? `sk_${name}` : undefined;
}

/** Each structure that programs implement has helpers of its own: none for the test structure, sockets for congestion control. */
export function structOpsHelper(struct: string, member: string, name: string): string | null {
	if (struct === "bpf_dummy_ops") return null;
	if (struct === "tcp_congestion_ops") {
		if (name === "setsockopt" || name === "getsockopt") return member === "release" ? null : `sk_${name}`;
		const own = helperSet("tcpCongestion").get(name);
		if (own !== undefined) return own;
	}
	return helperSet("base").get(name) ?? null;
}

function build(id: number, row: Row): ProgramSpec {
	const packets = programTypeById(id)?.packets;
	return {
		name: row.name, id, access: row.access, contextType: row.contextType, kernelContext: row.kernelContext ?? "", kfuncHook: row.kfuncHook ?? "none",
		helper(name, attach, sleepable) {
			const special = attachHelper(id, name, attach, sleepable);
			if (special !== undefined) return special;
			for (const set of row.sets) {
				const contract = helperSet(set).get(name);
				if (contract !== undefined) return contract;
			}
			return null;
		},
		returns: row.returns ?? (() => null),
		attachType: (given) => (!row.attach || row.attach.includes(given) ? given : given === 0 && DEFAULT_ATTACH.has(id) ? row.attach[0] : null),
		packetRead: packets !== undefined, packetWrite: packets === "write", loadsPacket: row.loadsPacket ?? false, contextIsMemory: row.contextIsMemory ?? false,
	};
}

const PAGE = 4096;
/** XRP: `data` and `scratch` are pages, everything else numbers that the program may change. */
const XRP: Row = {
	name: "xrp", contextType: "bpf_xrp", sets: ["tracingCommon", "base"],
	access: layout(
		[
			{ off: 0, length: 8, read: [8], type: PTR_TO_MEM, memSize: PAGE },
			{ off: 8, length: 8, read: [1, 2, 4, 8], write: [1, 2, 4, 8] },
			{ off: 16, length: 256, read: [1, 2, 4, 8], write: [1, 2, 4, 8] },
			{ off: 272, length: 8, read: [8], type: PTR_TO_MEM, memSize: PAGE },
		],
		280,
	),
};

const cache = new Map<number | string, ProgramSpec>();

/** Null: no such program type. */
export function specOf(type: number | string, custom: readonly CustomProgramType[] = []): ProgramSpec | null {
	const own = custom.find((c) => c.name === type);
	if (own) {
		const extra = new Set(own.helpers ?? []);
		const base = build(0, { name: own.name, contextType: own.name, access: layout(own.fields, own.contextSize), sets: ["base"], ...(own.returns ? { returns: () => own.returns! } : {}) });
		return { ...base, helper: (name, attach, sleepable) => base.helper(name, attach, sleepable) ?? (extra.has(name) ? name : null) };
	}
	let spec = cache.get(type);
	if (!spec) {
		const row = type === "xrp" ? XRP : typeof type === "number" ? ROWS[type] : undefined;
		if (!row) return null;
		spec = build(typeof type === "number" ? type : 0, row);
		cache.set(type, spec);
	}
	return spec;
}
