/** Loops, locks, timers, kernel pointers: helpers about the program's own flow and its map values. */
import { errno } from "../errno.ts";
import type { Machine } from "../machine.ts";
import type { HelperFamily, HelperImplementation } from "./helper.ts";
import { signed, unsigned, wide } from "./helper.ts";
import { initTimer, timerAt } from "../timers.ts";

/** BPF_MAX_LOOPS */
const maxLoops = 8 * 1024 * 1024;

/** BPF_F_TIMER_ABS */
const absolute = 1;

export const controlHelpers: HelperFamily = {
	bpf_loop: signed((m, count, callback, context, flags) => {
		if (flags !== 0) return -errno.EINVAL;
		if (count >>> 0 > maxLoops) return -errno.E2BIG;
		for (let i = 0; i < count >>> 0; i++) if (m.call(callback, i, context) !== 0) return i + 1;
		return count;
	}),
	// One program runs at a time: a lock is a word that is 1 meanwhile.
	bpf_spin_lock: signed((m, lock) => {
		m.memory.view.setUint32(lock >>> 0, 1, true);
		return 0;
	}),
	bpf_spin_unlock: signed((m, lock) => {
		m.memory.view.setUint32(lock >>> 0, 0, true);
		return 0;
	}),
	bpf_timer_init: signed((m, address, map) => (initTimer(m, address >>> 0, map >>> 0) ? 0 : -errno.EBUSY)),
	bpf_timer_set_callback: signed((m, address, callback) => setCallback(m, address, callback)),
	bpf_timer_start: signed((m, address, delay, flags) => {
		const timer = timerAt(m, address >>> 0);
		if (timer === undefined || timer.callback === 0 || flags & ~3) return -errno.EINVAL;
		const wait = m.wide(2, delay);
		timer.expires = flags & absolute ? wait : m.now() + wait;
		return 0;
	}, wide(2)),
	bpf_timer_cancel: signed((m, address) => {
		const timer = timerAt(m, address >>> 0);
		if (timer === undefined) return -errno.EINVAL;
		const active = timer.expires !== null;
		timer.expires = null;
		timer.callback = 0;
		return active ? 1 : 0;
	}),
	bpf_kptr_xchg: unsigned((m, slot, pointer) => {
		const old = m.memory.view.getUint32(slot >>> 0, true);
		m.memory.view.setBigUint64(slot >>> 0, BigInt(pointer >>> 0), true);
		return old;
	}),
	bpf_per_cpu_ptr: unsigned((m, pointer, cpu) => (cpu >>> 0 < m.cpus ? pointer : 0)),
	bpf_this_cpu_ptr: unsigned((_m, pointer) => pointer),
};

function setCallback(m: Machine, address: number, callback: number): number {
	const timer = timerAt(m, address >>> 0);
	if (timer === undefined) return -errno.EINVAL;
	timer.callback = callback;
	timer.program = m.run?.program ?? null;
	return 0;
}

/** Work queues are timers without a time: due at once. */
export const workQueues: Readonly<Record<string, HelperImplementation>> = {
	bpf_wq_init: signed((m, address, map, flags) =>
		flags !== 0 ? -errno.EINVAL : initTimer(m, address >>> 0, map >>> 0) ? 0 : -errno.EBUSY,
	),
	bpf_wq_set_callback_impl: signed((m, address, callback) => setCallback(m, address, callback)),
	bpf_wq_start: signed((m, address, flags) => {
		const timer = timerAt(m, address >>> 0);
		if (timer === undefined || timer.callback === 0 || flags !== 0) return -errno.EINVAL;
		timer.expires = m.now();
		return 0;
	}),
};
