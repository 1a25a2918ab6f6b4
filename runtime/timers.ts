/**
 * bpf_timer and bpf_wq: callbacks that run later. Nothing fires by itself: user space lets time pass with `machine.advance(nanoseconds)`, and what
 * is due runs then, in the order of its times, each at its own moment of the machine's clock. A work queue's callback is due at once.
 * In: the machine and how long; out: how many callbacks ran. A callback gets the map, the key and the value that holds the timer (kernel/bpf/helpers.c, bpf_timer_cb).
 */
import { ProgramExit } from "./fault.ts";
import { runState } from "./invoke.ts";
import type { Machine } from "./machine.ts";
import { exchange } from "./memory.ts";
import type { BoundProgram } from "./program.ts";

export interface Timer {
	/** Of the struct bpf_timer or bpf_wq. */
	readonly address: number;
	readonly map: number;
	callback: number;
	/** The program that set the callback. */
	program: BoundProgram | null;
	/** On the machine's clock; null: not running. */
	expires: bigint | null;
}

/** What one `advance` runs at most: a timer that starts itself anew without delay would go on for ever. */
const mostCallbacks = 1_000_000;

const all = new WeakMap<Machine, Map<number, Timer>>();

function timersOf(m: Machine): Map<number, Timer> {
	const known = all.get(m);
	if (known !== undefined) return known;
	const made = new Map<number, Timer>();
	all.set(m, made);
	return made;
}

/** The timer at the address, when its element still exists: deleting one clears the word that init set. */
export function timerAt(m: Machine, address: number): Timer | undefined {
	return m.memory.view.getUint32(address, true) === 0 ? undefined : timersOf(m).get(address);
}

/** False: there is one already. */
export function initTimer(m: Machine, address: number, map: number): boolean {
	if (timerAt(m, address) !== undefined) return false;
	timersOf(m).set(address, { address, map, callback: 0, program: null, expires: null });
	m.memory.view.setUint32(address, 1, true);
	return true;
}

/** Runs what is due until the clock shows `until`; `wait` moves the clock on to a moment. */
export function runTimers(m: Machine, until: bigint, wait: (moment: bigint) => void): number {
	let ran = 0;
	for (let next = earliest(m, until); next !== undefined; next = earliest(m, until)) {
		if (++ran > mostCallbacks) throw new RangeError(`more than ${mostCallbacks} timer callbacks in one advance`);
		wait(next.expires ?? 0n);
		next.expires = null;
		fire(m, next);
	}
	return ran;
}

function earliest(m: Machine, until: bigint): Timer | undefined {
	let best: Timer | undefined;
	for (const timer of timersOf(m).values()) {
		if (timer.expires === null || timer.expires > until) continue;
		if (best === undefined || timer.expires < (best.expires ?? 0n)) best = timer;
	}
	return best;
}

function fire(m: Machine, timer: Timer): void {
	const map = m.mapAt(timer.map);
	if (timer.program === null || timer.callback === 0 || map === undefined || timerAt(m, timer.address) === undefined) return;
	for (const [key, value] of map.entries()) {
		if (timer.address < value || timer.address >= value + map.def.valueSize) continue;
		const words = m.memory.i32;
		const outer = m.run;
		m.run = runState(timer.program, 0);
		m.memory.lock();
		words[exchange.tailCalls >> 2] = 0;
		words[exchange.frame >> 2] = 0;
		try {
			m.call(timer.callback, timer.map, key, value);
		} catch (thrown) {
			if (!(thrown instanceof ProgramExit)) throw thrown;
		} finally {
			m.memory.unlock();
			m.run = outer;
		}
		return;
	}
}
