/**
 * Kernel functions by name: dynptrs, allocated objects, RCU and preemption marks, arenas (kernel/bpf/helpers.c, arena.c).
 * They are called as helpers are.
 */
import { programTypeById } from "../../assembler/spec/program-types.ts";
import { errno } from "../errno.ts";
import { ProgramExit } from "../fault.ts";
import type { Machine } from "../machine.ts";
import { Arena } from "../maps/arena.ts";
import { workQueues } from "./control.ts";
import { collections } from "./collections.ts";
import { iterators } from "./iterators.ts";
import { adjustDynptr, copyDynptr, dynptrSlice, fillDynptr, makeDynptr, readDynptr } from "./dynptr.ts";
import { cpumasks } from "./cpumask.ts";
import { conntrack } from "./conntrack.ts";
import { strings } from "./strings.ts";
import type { HelperImplementation } from "./helper.ts";
import { signed, unsigned, wide, wideResult } from "./helper.ts";
import { dropReference, references, takeReference } from "./references.ts";

const nothing = signed(() => 0);
const same = unsigned((_m, value) => value);
const taskByNumber = unsigned((m, pid) => (pid === m.environment.task.pid ? m.currentTask() : 0));

export const kfuncs: Readonly<Record<string, HelperImplementation>> = {
	...iterators,
	...collections,
	...workQueues,
	...cpumasks,
	...strings,
	...conntrack,
	bpf_map_sum_elem_count: wideResult((m, map) => m.result(BigInt([...(m.mapAt(map)?.entries() ?? [])].length))),
	bpf_dynptr_slice: unsigned((m, at, offset, _buffer, size) => dynptrSlice(m, at >>> 0, offset >>> 0, size >>> 0)),
	bpf_dynptr_slice_rdwr: unsigned((m, at, offset, _buffer, size) =>
		readDynptr(m, at >>> 0)?.readOnly === true ? 0 : dynptrSlice(m, at >>> 0, offset >>> 0, size >>> 0),
	),
	bpf_dynptr_adjust: signed((m, at, start, end) => adjustDynptr(m, at >>> 0, start >>> 0, end >>> 0)),
	bpf_dynptr_is_null: unsigned((m, at) => (readDynptr(m, at >>> 0) === null ? 1 : 0)),
	bpf_dynptr_is_rdonly: unsigned((m, at) => (readDynptr(m, at >>> 0)?.readOnly === true ? 1 : 0)),
	bpf_dynptr_size: signed((m, at) => readDynptr(m, at >>> 0)?.size ?? -errno.EINVAL),
	bpf_dynptr_clone: signed((m, at, to) => {
		m.memory.u8.copyWithin(to >>> 0, at >>> 0, (at >>> 0) + 16);
		return readDynptr(m, at >>> 0) === null ? -errno.EINVAL : 0;
	}),
	bpf_dynptr_copy: signed((m, to, toOffset, from, offset, size) =>
		copyDynptr(m, to >>> 0, toOffset >>> 0, from >>> 0, offset >>> 0, size >>> 0),
	),
	bpf_dynptr_memset: signed((m, at, offset, size, byte) => fillDynptr(m, at >>> 0, offset >>> 0, size >>> 0, byte & 255)),
	bpf_dynptr_from_skb: signed((m, _skb, flags, out) => packetDynptr(m, flags, out, "skb")),
	bpf_dynptr_from_xdp: signed((m, _xdp, flags, out) => packetDynptr(m, flags, out, "xdp")),
	bpf_obj_new_impl: unsigned((m, typeId) => {
		const size = objectSize(m, typeId);
		const object = size === 0 ? 0 : m.memory.alloc(size, 8, "allocated object");
		if (object !== 0) references(m).set(object, 1);
		return object;
	}),
	bpf_refcount_acquire_impl: unsigned((m, object) => {
		takeReference(m, object >>> 0);
		return object;
	}),
	bpf_obj_drop_impl: signed((m, object) => {
		dropReference(m, object >>> 0);
		return 0;
	}),
	bpf_rcu_read_lock: nothing,
	bpf_rcu_read_unlock: nothing,
	bpf_preempt_disable: nothing,
	bpf_preempt_enable: nothing,
	bpf_local_irq_save: nothing,
	bpf_local_irq_restore: nothing,
	// Nobody else runs: a lock is always free.
	bpf_res_spin_lock: nothing,
	bpf_res_spin_lock_irqsave: nothing,
	bpf_res_spin_unlock: nothing,
	bpf_res_spin_unlock_irqrestore: nothing,
	bpf_cast_to_kern_ctx: same,
	bpf_rdonly_cast: same,
	bpf_task_acquire: same,
	bpf_task_release: nothing,
	// There is one task, and there are no control groups but by number.
	bpf_task_from_pid: taskByNumber,
	bpf_task_from_vpid: taskByNumber,
	bpf_cgroup_from_id: unsigned(() => 0),
	bpf_cgroup_ancestor: unsigned(() => 0),
	bpf_cgroup_acquire: same,
	bpf_cgroup_release: nothing,
	bpf_get_kmem_cache: unsigned(() => 0),
	bpf_throw: wideResult((m, cookie) => {
		throw new ProgramExit(m.wide(1, cookie));
	}, wide(1)),
	bpf_arena_alloc_pages: unsigned((m, map, address, count) => {
		const arena = m.mapAt(map);
		return arena instanceof Arena ? arena.allocate(address >>> 0, count >>> 0) : 0;
	}),
	bpf_arena_reserve_pages: signed((m, map, address, count) => {
		const arena = m.mapAt(map);
		return arena instanceof Arena ? arena.reserve(address >>> 0, count >>> 0) : -errno.EINVAL;
	}),
	bpf_arena_free_pages: signed((m, map, address, count) => {
		const arena = m.mapAt(map);
		if (arena instanceof Arena) arena.release(address >>> 0, count >>> 0);
		return 0;
	}),
};

function packetDynptr(m: Machine, flags: number, out: number, kind: "skb" | "xdp"): number {
	const packet = m.run?.packet;
	if (flags !== 0 || packet === null || packet === undefined) {
		m.memory.u8.fill(0, out >>> 0, (out >>> 0) + 16);
		return -errno.EINVAL;
	}
	makeDynptr(m, out >>> 0, packet.data, packet.dataEnd - packet.data, kind, !writesPackets(m));
	return 0;
}

function writesPackets(m: Machine): boolean {
	const type = m.run?.program.image.type;
	return typeof type === "number" && programTypeById(type)?.packets === "write";
}

/** Objects are named by a type id in the program's own BTF. */
function objectSize(m: Machine, typeId: number): number {
	const type = m.run?.program.image.btf?.types[typeId];
	return type?.kind === "struct" ? type.size : 0;
}
