/**
 * What can be told of a call from its instruction alone: which registers it reads, whether it calls back, sleeps or changes the packet.
 */
import type { Env } from "../env.ts";
import { isHelperCall, isKfuncCall } from "../structure.ts";
import { type Contract, contract, helperName } from "./contract.ts";
import { SYSCALL } from "../attach.ts";
import { iteratorHelper, structOpsHelper } from "../programs/table.ts";
import { type Kfunc, allowedKfunc, kfuncOf } from "./kfuncs.ts";

const CHANGES_PACKET = new Set([
	"clone_redirect",
	"l3_csum_replace",
	"l4_csum_replace",
	"lwt_push_encap",
	"lwt_seg6_action",
	"lwt_seg6_adjust_srh",
	"lwt_seg6_store_bytes",
	"msg_pop_data",
	"msg_pull_data",
	"msg_push_data",
	"skb_adjust_room",
	"skb_change_head",
	"skb_change_proto",
	"skb_change_tail",
	"skb_pull_data",
	"skb_store_bytes",
	"skb_vlan_pop",
	"skb_vlan_push",
	"store_hdr_opt",
	"xdp_adjust_head",
	"xdp_adjust_meta",
	"xdp_adjust_tail",
	"tail_call",
]);
const TRACING = 26;
const STRUCT_OPS = 27;
const TRACE_ITER = 28;
const SYNC_CALLBACK = new Set(["for_each_map_elem", "find_vma", "loop", "user_ringbuf_drain"]);

export function helperChangesPacket(id: number): boolean {
	const name = helperName(id);
	return name !== undefined && CHANGES_PACKET.has(name);
}

function helperContract(env: Env, id: number): Contract | null {
	const name = helperName(id);
	if (name === undefined) return null;
	const contractName = helperContractName(env, name);
	return contractName === null ? null : contract(contractName);
}

const TRACING_ONLY_PERFMON = new Set([
	"trace_printk",
	"get_current_task",
	"get_current_task_btf",
	"get_current_comm",
	"probe_read_user",
	"probe_read_kernel",
	"probe_read_user_str",
	"probe_read_kernel_str",
	"copy_from_user",
	"copy_from_user_task",
	"snprintf_btf",
	"snprintf",
	"task_pt_regs",
	"trace_vprintk",
	"perf_event_read_value",
	"perf_event_read",
	"send_signal",
	"send_signal_thread",
	"get_task_stack",
	"get_branch_snapshot",
	"find_vma",
	"skc_to_tcp6_sock",
	"skc_to_tcp_sock",
	"skc_to_tcp_timewait_sock",
	"skc_to_tcp_request_sock",
	"skc_to_udp6_sock",
	"skc_to_unix_sock",
	"skc_to_mptcp_sock",
	"sys_bpf",
]);

/** Contract of the helper in this program; null: the program does not have it. */
export function helperContractName(env: Env, name: string): string | null {
	const { spec, image, kernel, attachId } = env;
	// System call programs have tracing's casts of sockets, which ask for no capability.
	if (!env.options.perfmon && TRACING_ONLY_PERFMON.has(name) && !(spec.id === SYSCALL && name.startsWith("skc_to_"))) return null;
	if (spec.id === TRACING && image.expectedAttachType === TRACE_ITER)
		return iteratorHelper(env.attachName, name) ?? spec.helper(name, image.expectedAttachType, env.sleepable);
	if (spec.id !== STRUCT_OPS || kernel === null || attachId === 0) return spec.helper(name, image.expectedAttachType, env.sleepable);
	const struct = kernel.type(attachId);
	return structOpsHelper("name" in struct ? struct.name : "", env.attachName, name) ?? null;
}

export function helperMightSleep(env: Env, id: number): boolean {
	return helperContract(env, id)?.sleeps ?? false;
}

export function kfuncAt(env: Env, at: number): Kfunc | null {
	return allowedKfunc(env, at);
}

export function kfuncIs(kfunc: Kfunc, flag: string): boolean {
	return kfunc.flags.has(flag);
}

const SYNC_CALLBACK_KFUNC = new Set(["bpf_rbtree_add_impl"]);
const ASYNC_CALLBACK_KFUNC = new Set([
	"bpf_wq_set_callback_impl",
	"bpf_wq_set_callback",
	"bpf_task_work_schedule_signal",
	"bpf_task_work_schedule_resume",
	"bpf_task_work_schedule_signal_impl",
	"bpf_task_work_schedule_resume_impl",
]);

export function isSyncCallbackCall(env: Env, at: number): boolean {
	const insn = env.insns[at];
	if (isHelperCall(insn)) return SYNC_CALLBACK.has(helperName(insn.imm) ?? "");
	return isKfuncCall(insn) && SYNC_CALLBACK_KFUNC.has(kfuncOf(env, at)?.name ?? "");
}

export function isAsyncCallbackCall(env: Env, at: number): boolean {
	const insn = env.insns[at];
	if (isHelperCall(insn)) return helperName(insn.imm) === "timer_set_callback";
	return isKfuncCall(insn) && ASYNC_CALLBACK_KFUNC.has(kfuncOf(env, at)?.name ?? "");
}

export interface CallSummary {
	readonly params: number;
	readonly isVoid: boolean;
	readonly fastcall: boolean;
}

export function callSummary(env: Env, at: number): CallSummary | null {
	const insn = env.insns[at];
	if (isHelperCall(insn)) {
		const c = helperContract(env, insn.imm);
		return c && { params: c.args.length, isVoid: c.result.kind === "void", fastcall: c.fastcall };
	}
	if (isKfuncCall(insn)) {
		const kfunc = allowedKfunc(env, at);
		return kfunc?.proto
			? { params: kfunc.proto.params.length, isVoid: kfunc.proto.result === 0, fastcall: kfunc.flags.has("fastcall") }
			: null;
	}
	return null;
}
