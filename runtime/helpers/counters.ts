/** Hardware and software counters (kernel/trace/bpf_trace.c): whatever the environment says that user space opened for a slot of a map. */
import type { PerfCounter } from "../environment.ts";
import { errno } from "../errno.ts";
import type { Machine } from "../machine.ts";
import { PerfEventArray } from "../maps/perf-event-array.ts";
import type { HelperFamily } from "./helper.ts";
import { signed, wide, wideResult } from "./helper.ts";

/** BPF_F_CURRENT_CPU; also the mask of the index. */
const CURRENT_CPU = 0xffffffff;
/** struct bpf_perf_event_value: counter, enabled, running. */
const VALUE_BYTES = 24;

/** The counter in a slot, or −errno. */
function counterAt(m: Machine, address: number, low: number, high: number): PerfCounter | number {
	const map = m.mapAt(address);
	if (!(map instanceof PerfEventArray) || high !== 0) return -errno.EINVAL;
	const index = low >>> 0 === CURRENT_CPU ? m.environment.cpu : low >>> 0;
	if (index >= Math.max(map.def.maxEntries, m.cpus)) return -errno.E2BIG;
	return m.environment.counter(map.def.name, index) ?? -errno.ENOENT;
}

/** On failure the program's buffer is zero. */
function store(m: Machine, found: PerfCounter | number, to: number, size: number): number {
	m.memory.u8.fill(0, to >>> 0, (to >>> 0) + (size >>> 0));
	if (size !== VALUE_BYTES) return -errno.EINVAL;
	if (typeof found === "number") return found;
	[found.counter, found.enabled, found.running].forEach(
		(value, i) => void m.memory.view.setBigUint64((to >>> 0) + 8 * i, BigInt.asUintN(64, value), true),
	);
	return 0;
}

const highWord = (m: Machine, argument: number, low: number): number => Number(BigInt.asUintN(32, m.wide(argument, low) >> 32n));

export const counterHelpers: HelperFamily = {
	bpf_perf_event_read: wideResult((m, map, flags) => {
		const found = counterAt(m, map, flags, highWord(m, 2, flags));
		return m.result(typeof found === "number" ? BigInt(found) : found.counter);
	}, wide(2)),
	bpf_perf_event_read_value: signed(
		(m, map, flags, to, size) => store(m, counterAt(m, map, flags, highWord(m, 2, flags)), to, size),
		wide(2),
	),
	/** The counter whose overflow started the program has no map. */
	bpf_perf_prog_read_value: signed((m, _context, to, size) =>
		store(m, m.environment.counter("", m.environment.cpu) ?? -errno.ENOENT, to, size),
	),
};
