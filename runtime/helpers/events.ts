/** Ring buffers and perf event arrays: records to user space. */
import { errno } from "../errno.ts";
import type { Machine } from "../machine.ts";
import { PerfEventArray } from "../maps/perf-event-array.ts";
import { RingBuffer } from "../maps/ringbuf.ts";
import { StackTrace } from "../maps/stack-trace.ts";
import { UserRingBuffer } from "../maps/user-ringbuf.ts";
import { makeDynptr, sizeOfDynptr } from "./dynptr.ts";
import type { HelperFamily } from "./helper.ts";
import { signed, unsigned, wide, wideResult } from "./helper.ts";

function ring(m: Machine, address: number): RingBuffer | null {
	const map = m.mapAt(address);
	return map instanceof RingBuffer ? map : null;
}

/** Submit and discard know only the sample's address. */
function finishSample(m: Machine, sample: number, discard: boolean): number {
	for (const map of m.maps) if (map instanceof RingBuffer && map.holds(sample)) map.commit(sample, discard);
	return 0;
}

/** BPF_F_CTXLEN_MASK, behind BPF_F_INDEX_MASK. */
const PACKET_BYTES = 0xfffffn;

/** The upper half of the flags is how much of the packet to append behind the data. */
function perfOutput(m: Machine, map: number, flags: bigint, data: number, size: bigint): number {
	const target = m.mapAt(map);
	if (!(target instanceof PerfEventArray)) return -errno.EINVAL;
	const { u8 } = m.memory;
	const extra = Number((flags >> 32n) & PACKET_BYTES);
	const packet = m.run?.packet ?? null;
	if (flags >> 32n > (packet === null ? 0n : PACKET_BYTES)) return -errno.EINVAL;
	const tail = packet === null ? 0 : Math.min(extra, packet.dataEnd - packet.data);
	if (extra > 0 && packet !== null && extra > packet.dataEnd - packet.data) return -errno.EFAULT;
	const record = new Uint8Array(Number(size) + tail);
	record.set(u8.subarray(data >>> 0, (data >>> 0) + Number(size)));
	if (packet !== null) record.set(u8.subarray(packet.data, packet.data + tail), Number(size));
	return target.output(Number(flags & 0xffffffffn), record);
}

const output = signed((m, _context, map, flags, data, size) => perfOutput(m, map, m.wide(3, flags), data, m.wide(5, size)), wide(3, 5));

/** BPF_RB_NO_WAKEUP and BPF_RB_FORCE_WAKEUP change nothing here: listeners hear at once. */
const WAKEUPS = 3;

export const eventHelpers: HelperFamily = {
	bpf_ringbuf_output: signed((m, map, data, size, flags) => {
		if (flags & ~WAKEUPS) return -errno.EINVAL;
		const target = ring(m, map);
		return target === null ? -errno.EINVAL : target.output(data >>> 0, size >>> 0);
	}),
	bpf_ringbuf_reserve: unsigned(
		(m, map, size, flags) => (flags !== 0 || m.high(2) !== 0 ? 0 : (ring(m, map)?.reserve(size >>> 0) ?? 0)),
		wide(2),
	),
	bpf_ringbuf_submit: signed((m, sample) => finishSample(m, sample >>> 0, false)),
	bpf_ringbuf_discard: signed((m, sample) => finishSample(m, sample >>> 0, true)),
	bpf_ringbuf_query: wideResult((m, map, what) => m.result(BigInt(ring(m, map)?.query(what) ?? 0))),
	bpf_ringbuf_reserve_dynptr: signed((m, map, size, flags, out) => {
		const sample = flags === 0 ? (ring(m, map)?.reserve(size >>> 0) ?? 0) : 0;
		if (sample === 0) {
			m.memory.u8.fill(0, out >>> 0, (out >>> 0) + sizeOfDynptr);
			return -errno.EINVAL;
		}
		makeDynptr(m, out >>> 0, sample, size >>> 0, "ringbuf");
		return 0;
	}),
	bpf_perf_event_output: output,
	bpf_skb_output: output,
	bpf_xdp_output: output,
	bpf_perf_event_read: wideResult((m, map, index) => {
		const at = m.mapAt(map);
		return m.result(
			at instanceof PerfEventArray && index >>> 0 < at.def.maxEntries
				? BigInt(m.memory.view.getUint32(at.base + at.stride * index, true))
				: -2n,
		);
	}),
	bpf_get_stackid: signed((m, _context, map, flags) => {
		const target = m.mapAt(map);
		if (flags & ~STACK_ID_FLAGS || m.high(3) !== 0) return -errno.EINVAL;
		return target instanceof StackTrace ? target.put(callStack(m), m.wide(3, flags)) : -errno.EINVAL;
	}, wide(3)),
	bpf_get_stack: signed((m, _context, out, size, flags) => copyStack(m, out >>> 0, size >>> 0, flags), wide(4)),
	bpf_get_task_stack: signed((m, _task, out, size, flags) => copyStack(m, out >>> 0, size >>> 0, flags), wide(4)),
	bpf_user_ringbuf_drain: signed((m, map, callback, context) => {
		const target = m.mapAt(map);
		if (!(target instanceof UserRingBuffer)) return -errno.EINVAL;
		const dynptr = m.memory.alloc(sizeOfDynptr, 8, "user ring dynptr");
		let drained = 0;
		for (let record = target.take(); record !== undefined; record = target.take()) {
			const data = m.memory.alloc(Math.max(8, record.length), 8, "user ring record", false);
			if (data === 0) break;
			m.memory.u8.set(record, data);
			makeDynptr(m, dynptr, data, record.length, "local", true);
			drained++;
			const stop = m.call(callback, dynptr, context);
			m.memory.free(data);
			if (stop !== 0) break;
		}
		m.memory.free(dynptr);
		return drained;
	}),
};

/** The simulated task's kernel stack, innermost first: tests set it in the run's extras. */
function callStack(m: Machine): readonly bigint[] {
	const stack = m.run?.extra.get("stack");
	return Array.isArray(stack) ? (stack as readonly bigint[]) : [0xffffffff81000000n, 0xffffffff81000100n];
}

/** BPF_F_SKIP_FIELD_MASK, BPF_F_USER_STACK; BPF_F_FAST_STACK_CMP and BPF_F_REUSE_STACKID; BPF_F_USER_BUILD_ID. */
const STACK_ID_FLAGS = 0x7ff;
const STACK_FLAGS = 0x9ff;

function copyStack(m: Machine, out: number, size: number, flags: number): number {
	if (flags & ~STACK_FLAGS || m.high(4) !== 0 || size % 8 !== 0) {
		m.memory.u8.fill(0, out, out + size);
		return -errno.EINVAL;
	}
	const frames = callStack(m).slice(flags & 0xff, (flags & 0xff) + (size >>> 3));
	for (const [i, address] of frames.entries()) m.memory.view.setBigUint64(out + 8 * i, BigInt.asUintN(64, address), true);
	m.memory.u8.fill(0, out + frames.length * 8, out + size);
	return frames.length * 8;
}
