/**
 * BPF_MAP_TYPE_PERF_EVENT_ARRAY (kernel/bpf/arraymap.c, kernel/trace/bpf_trace.c). User space is thought to have opened a buffer for each
 * CPU, so output always arrives; counters that bpf_perf_event_read asks for are what user space set.
 */
import { errno } from "../errno.ts";
import { ArrayMap } from "./array.ts";
import type { EventMap } from "./events.ts";
import { EventQueue } from "./events.ts";

/** BPF_F_CURRENT_CPU; also the mask of the index. */
const currentCpu = 0xffffffff;

export class PerfEventArray extends ArrayMap implements EventMap {
	readonly events = new EventQueue();

	output(flags: number, data: Uint8Array): number {
		const { cpu } = this.machine.environment;
		const index = flags >>> 0 === currentCpu ? cpu : flags >>> 0;
		if (index >= Math.max(this.def.maxEntries, this.machine.cpus)) return -errno.E2BIG;
		this.events.push({ data, cpu: index });
		return 0;
	}

	override lookup(): number {
		return 0;
	}

	override get layout() {
		return { kind: "opaque" } as const;
	}
}
