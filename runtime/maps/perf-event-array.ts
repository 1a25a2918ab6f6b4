/**
 * BPF_MAP_TYPE_PERF_EVENT_ARRAY (kernel/bpf/arraymap.c, kernel/trace/bpf_trace.c). User space is thought to have opened a buffer for each
 * CPU, of 64 pages; counters that bpf_perf_event_read asks for are the environment's.
 */
import { errno } from "../errno.ts";
import { ArrayMap } from "./array.ts";
import type { EventMap } from "./events.ts";
import { EventQueue } from "./events.ts";
import { roundUp8 } from "./map.ts";

/** BPF_F_CURRENT_CPU; also the mask of the index. */
const currentCpu = 0xffffffff;

const bufferBytes = 64 * 4096;

export class PerfEventArray extends ArrayMap implements EventMap {
	readonly events = new EventQueue(bufferBytes);

	output(flags: number, data: Uint8Array): number {
		const { cpu } = this.machine.environment;
		const index = flags >>> 0 === currentCpu ? cpu : flags >>> 0;
		if (index >= Math.max(this.def.maxEntries, this.machine.cpus)) return -errno.E2BIG;
		// perf_event_header and the length in front of the data.
		return this.events.push({ data, cpu: index }, roundUp8(data.length + 12)) ? 0 : -errno.ENOSPC;
	}

	override lookup(): number {
		return 0;
	}

	override get layout() {
		return { kind: "opaque" } as const;
	}
}
