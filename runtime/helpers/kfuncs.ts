/**
 * Kernel functions by name: open-coded iterators, dynptrs, allocated objects, RCU and preemption marks, arenas (kernel/bpf/helpers.c, arena.c).
 * They are called as helpers are.
 */
import { errno } from "../errno.ts";
import { ProgramExit } from "../fault.ts";
import type { Machine } from "../machine.ts";
import { Arena } from "../maps/arena.ts";
import { adjustDynptr, dynptrSlice, makeDynptr, readDynptr } from "./dynptr.ts";
import type { HelperImplementation } from "./helper.ts";
import { signed, unsigned, wide, wideResult } from "./helper.ts";

/** struct bpf_iter_num: { s32 cur, end }; the value handed out is `cur` itself. */
const maxNumbers = 8 * 1024 * 1024;

const nothing = signed(() => 0);
const same = unsigned((_m, value) => value);

export const kfuncs: Readonly<Record<string, HelperImplementation>> = {
	bpf_iter_num_new: signed((m, iterator, start, end) => {
		const { view } = m.memory;
		const wrong = start > end ? -errno.EINVAL : end - start > maxNumbers ? -errno.E2BIG : 0;
		view.setInt32(iterator >>> 0, wrong === 0 ? start - 1 : 0, true);
		view.setInt32((iterator >>> 0) + 4, wrong === 0 ? end : 0, true);
		return wrong;
	}),
	bpf_iter_num_next: unsigned((m, iterator) => {
		const { view } = m.memory;
		const at = iterator >>> 0;
		const [current, end] = [view.getInt32(at, true), view.getInt32(at + 4, true)];
		if (current + 1 >= end) {
			view.setInt32(at, 0, true);
			view.setInt32(at + 4, 0, true);
			return 0;
		}
		view.setInt32(at, current + 1, true);
		return at;
	}),
	bpf_iter_num_destroy: signed((m, iterator) => {
		m.memory.view.setBigUint64(iterator >>> 0, 0n, true);
		return 0;
	}),
	bpf_dynptr_slice: unsigned((m, at, offset, _buffer, size) => dynptrSlice(m, at >>> 0, offset >>> 0, size >>> 0)),
	bpf_dynptr_slice_rdwr: unsigned((m, at, offset, _buffer, size) => (readDynptr(m, at >>> 0)?.readOnly === true ? 0 : dynptrSlice(m, at >>> 0, offset >>> 0, size >>> 0))),
	bpf_dynptr_adjust: signed((m, at, start, end) => adjustDynptr(m, at >>> 0, start >>> 0, end >>> 0)),
	bpf_dynptr_is_null: unsigned((m, at) => (readDynptr(m, at >>> 0) === null ? 1 : 0)),
	bpf_dynptr_is_rdonly: unsigned((m, at) => (readDynptr(m, at >>> 0)?.readOnly === true ? 1 : 0)),
	bpf_dynptr_size: signed((m, at) => readDynptr(m, at >>> 0)?.size ?? -errno.EINVAL),
	bpf_dynptr_clone: signed((m, at, to) => {
		m.memory.u8.copyWithin(to >>> 0, at >>> 0, (at >>> 0) + 16);
		return readDynptr(m, at >>> 0) === null ? -errno.EINVAL : 0;
	}),
	bpf_dynptr_from_skb: signed((m, _skb, flags, out) => packetDynptr(m, flags, out, "skb")),
	bpf_dynptr_from_xdp: signed((m, _xdp, flags, out) => packetDynptr(m, flags, out, "xdp")),
	bpf_obj_new_impl: unsigned((m, typeId) => {
		const size = objectSize(m, typeId);
		return size === 0 ? 0 : m.memory.alloc(size, 8, "allocated object");
	}),
	bpf_obj_drop_impl: signed((m, object) => {
		m.memory.free(object >>> 0);
		return 0;
	}),
	bpf_refcount_acquire_impl: same,
	bpf_rcu_read_lock: nothing,
	bpf_rcu_read_unlock: nothing,
	bpf_preempt_disable: nothing,
	bpf_preempt_enable: nothing,
	bpf_cast_to_kern_ctx: same,
	bpf_rdonly_cast: same,
	bpf_task_acquire: same,
	bpf_task_release: nothing,
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
	makeDynptr(m, out >>> 0, packet.data, packet.dataEnd - packet.data, kind);
	return 0;
}

/** Objects are named by a type id in the program's own BTF. */
function objectSize(m: Machine, typeId: number): number {
	const type = m.run?.program.image.btf?.types[typeId];
	return type?.kind === "struct" ? type.size : 0;
}
