/** Time, chance, the current task and CPU: whatever the environment says. */
import { errno } from "../errno.ts";
import type { Machine } from "../machine.ts";
import { jiffies } from "./clock.ts";
import type { HelperFamily } from "./helper.ts";
import { signed, unsigned, wide, wideResult } from "./helper.ts";

const monotonic = wideResult((m) => m.result(m.now()));

/** At most `size − 1` bytes of text and a NUL, the rest zero. */
function storeText(m: Machine, text: string, to: number, size: number): number {
	if (size === 0) return 0;
	const bytes = new TextEncoder().encode(text).subarray(0, size - 1);
	m.memory.u8.fill(0, to, to + size);
	m.memory.u8.set(bytes, to);
	return bytes.length;
}

export const worldHelpers: HelperFamily = {
	bpf_ktime_get_ns: monotonic,
	bpf_ktime_get_boot_ns: monotonic,
	bpf_ktime_get_coarse_ns: monotonic,
	bpf_ktime_get_tai_ns: wideResult((m) => m.result(m.environment.realtime() + m.elapsed)),
	bpf_jiffies64: wideResult((m) => m.result(jiffies(m))),
	bpf_get_prandom_u32: unsigned((m) => m.environment.random()),
	bpf_get_smp_processor_id: unsigned((m) => m.environment.cpu),
	bpf_get_numa_node_id: unsigned(() => 0),
	bpf_get_current_pid_tgid: wideResult((m) => m.result((BigInt(m.environment.task.tgid) << 32n) | BigInt(m.environment.task.pid >>> 0))),
	bpf_get_current_uid_gid: wideResult((m) => m.result((BigInt(m.environment.task.gid) << 32n) | BigInt(m.environment.task.uid >>> 0))),
	bpf_get_current_comm: signed((m, to, size) => {
		storeText(m, m.environment.task.comm.slice(0, 15), to >>> 0, size >>> 0);
		return 0;
	}),
	bpf_get_current_task: unsigned((m) => m.currentTask()),
	bpf_get_current_task_btf: unsigned((m) => m.currentTask()),
	bpf_get_current_cgroup_id: wideResult((m) => m.result(m.environment.task.cgroupId)),
	bpf_get_current_ancestor_cgroup_id: wideResult((m, level) => m.result(level === 0 ? m.environment.task.cgroupId : 0n)),
	bpf_get_ns_current_pid_tgid: signed((m, _dev, _ino, out, size) => {
		if (size !== 8) return -errno.EINVAL;
		m.memory.view.setUint32(out, m.environment.task.pid, true);
		m.memory.view.setUint32(out + 4, m.environment.task.tgid, true);
		return 0;
	}),
	bpf_current_task_under_cgroup: signed((m, map, index) => {
		const found = m.mapAt(map);
		return found === undefined ? -errno.EINVAL : index >>> 0 < found.def.maxEntries ? 1 : -errno.E2BIG;
	}),
	bpf_get_cgroup_classid: unsigned(() => 0),
	bpf_send_signal: signed((_m, signal) => (signal >>> 0 > 64 ? -errno.EINVAL : 0)),
	bpf_send_signal_thread: signed((_m, signal) => (signal >>> 0 > 64 ? -errno.EINVAL : 0)),
	bpf_get_attach_cookie: wideResult((m) => m.result(m.run?.cookie ?? 0n)),
	bpf_get_func_ip: wideResult((m) => m.result(m.run?.functionAddress ?? 0n)),
	bpf_get_func_arg_cnt: unsigned((m) => argumentCount(m)),
	bpf_get_func_arg: signed((m, context, index, out) => {
		if (index >>> 0 >= argumentCount(m)) return -errno.EINVAL;
		m.memory.u8.copyWithin(out >>> 0, (context >>> 0) + 8 * index, (context >>> 0) + 8 * index + 8);
		return 0;
	}),
	bpf_get_func_ret: signed((m, context, out) => {
		const at = (context >>> 0) + 8 * argumentCount(m);
		m.memory.u8.copyWithin(out >>> 0, at, at + 8);
		return 0;
	}),
	bpf_get_retval: signed((m) => m.run?.retval ?? 0),
	bpf_set_retval: signed((m, value) => {
		if (m.run !== null) m.run.retval = value;
		return 0;
	}),
	bpf_override_return: signed((m, _regs, value) => {
		m.run?.extra.set("override", m.wide(2, value));
		return 0;
	}, wide(2)),
};

function argumentCount(m: Machine): number {
	const count = m.run?.extra.get("arguments");
	return typeof count === "number" ? count : 0;
}
