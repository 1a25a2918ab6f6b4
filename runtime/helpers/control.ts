/** Loops, locks, timers, kernel pointers: helpers about the program's own flow and its map values. */
import { errno } from "../errno.ts";
import type { Machine } from "../machine.ts";
import type { HelperFamily } from "./helper.ts";
import { signed, unsigned, wide } from "./helper.ts";

/** BPF_MAX_LOOPS */
const maxLoops = 8 * 1024 * 1024;

export interface Timer {
	readonly address: number;
	readonly map: number;
	callback: number;
	/** Nanoseconds from the start call; null: not running. */
	expires: bigint | null;
}

/** Timers of a machine by address; `runtime/timers.ts` fires them when user space lets time pass. */
const timers = new WeakMap<Machine, Map<number, Timer>>();

export function timersOf(m: Machine): Map<number, Timer> {
	const known = timers.get(m);
	if (known !== undefined) return known;
	const made = new Map<number, Timer>();
	timers.set(m, made);
	return made;
}

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
	bpf_timer_init: signed((m, address, map) => {
		const all = timersOf(m);
		if (all.has(address >>> 0)) return -errno.EBUSY;
		all.set(address >>> 0, { address: address >>> 0, map: map >>> 0, callback: 0, expires: null });
		m.memory.view.setUint32(address >>> 0, 1, true);
		return 0;
	}),
	bpf_timer_set_callback: signed((m, address, callback) => {
		const timer = timersOf(m).get(address >>> 0);
		if (timer === undefined) return -errno.EINVAL;
		timer.callback = callback;
		return 0;
	}),
	bpf_timer_start: signed((m, address, delay, flags) => {
		const timer = timersOf(m).get(address >>> 0);
		if (timer === undefined || flags & ~3) return -errno.EINVAL;
		const wait = m.wide(2, delay);
		timer.expires = flags & absolute ? wait : m.environment.monotonic() + wait;
		return 0;
	}, wide(2)),
	bpf_timer_cancel: signed((m, address) => {
		const timer = timersOf(m).get(address >>> 0);
		if (timer === undefined) return -errno.EINVAL;
		const active = timer.expires !== null;
		timer.expires = null;
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
