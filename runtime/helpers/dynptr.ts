/**
 * Dynamic pointers (kernel/bpf/helpers.c): 16 bytes that a program keeps on its stack, `struct bpf_dynptr_kern { void *data; u32 size; u32 offset }`,
 * size's top byte holding the kind in bits 28–30 and "read-only" in bit 31.
 */
import { errno } from "../errno.ts";
import type { Machine } from "../machine.ts";
import { RingBuffer } from "../maps/ringbuf.ts";
import type { HelperFamily } from "./helper.ts";
import { signed, unsigned } from "./helper.ts";

export const sizeOfDynptr = 16;
const kinds = { invalid: 0, local: 1, ringbuf: 2, skb: 3, xdp: 4 } as const;
const sizeMask = 0x0fffffff;
const readOnly = 0x80000000;

export interface Dynptr {
	/** Address of its first byte, its offset included. */
	readonly data: number;
	readonly size: number;
	readonly readOnly: boolean;
	/** Of a packet, which the kernel may hold in pieces. */
	readonly packet: "skb" | "xdp" | null;
}

export function makeDynptr(m: Machine, at: number, data: number, size: number, kind: keyof typeof kinds, isReadOnly = false): void {
	const { view } = m.memory;
	view.setBigUint64(at, BigInt(data), true);
	view.setUint32(at + 8, (size | (kinds[kind] << 28) | (isReadOnly ? readOnly : 0)) >>> 0, true);
	view.setUint32(at + 12, 0, true);
}

/** Null when it holds nothing. */
export function readDynptr(m: Machine, at: number): Dynptr | null {
	const { view } = m.memory;
	const data = view.getUint32(at, true);
	const word = view.getUint32(at + 8, true);
	if (data === 0) return null;
	const kind = (word >>> 28) & 7;
	const packet = kind === kinds.skb ? "skb" : kind === kinds.xdp ? "xdp" : null;
	return { data: data + view.getUint32(at + 12, true), size: word & sizeMask, readOnly: (word & readOnly) !== 0, packet };
}

/** Moves its start and end: bpf_dynptr_adjust. */
export function adjustDynptr(m: Machine, at: number, start: number, end: number): number {
	const dynptr = readDynptr(m, at);
	if (dynptr === null) return -errno.EINVAL;
	if (start > end) return -errno.EINVAL;
	if (start > dynptr.size || end > dynptr.size) return -errno.ERANGE;
	const { view } = m.memory;
	const word = view.getUint32(at + 8, true);
	view.setUint32(at + 8, ((word & ~sizeMask) | (end - start)) >>> 0, true);
	view.setUint32(at + 12, view.getUint32(at + 12, true) + start, true);
	return 0;
}

/** Address of [offset, offset + length) in it; 0: it does not reach that far. */
export function dynptrSlice(m: Machine, at: number, offset: number, length: number): number {
	const dynptr = readDynptr(m, at);
	return dynptr === null || offset + length > dynptr.size ? 0 : dynptr.data + offset;
}

/** bpf_dynptr_copy: what both have of `size` bytes, also where they overlap. */
export function copyDynptr(m: Machine, to: number, toOffset: number, from: number, offset: number, size: number): number {
	const [target, source] = [readDynptr(m, to), readDynptr(m, from)];
	if (source === null || target === null) return -errno.EINVAL;
	if (toOffset + size > target.size || offset + size > source.size) return -errno.E2BIG;
	if (target.readOnly) return -errno.EINVAL;
	m.memory.u8.copyWithin(target.data + toOffset, source.data + offset, source.data + offset + size);
	return 0;
}

export function fillDynptr(m: Machine, at: number, offset: number, size: number, byte: number): number {
	const dynptr = readDynptr(m, at);
	if (dynptr?.readOnly === true) return -errno.EINVAL;
	if (offset + size > (dynptr?.size ?? 0)) return -errno.E2BIG;
	if (dynptr !== null) m.memory.u8.fill(byte, dynptr.data + offset, dynptr.data + offset + size);
	return 0;
}

const maximumSize = 0xffffff;
/** BPF_F_RECOMPUTE_CSUM, BPF_F_INVALIDATE_HASH. */
const storeFlags = 3;

export const dynptrHelpers: HelperFamily = {
	bpf_dynptr_from_mem: signed((m, data, size, flags, out) => {
		const wrong = size >>> 0 > maximumSize ? -errno.E2BIG : flags !== 0 ? -errno.EINVAL : 0;
		if (wrong !== 0) m.memory.u8.fill(0, out >>> 0, (out >>> 0) + sizeOfDynptr);
		else makeDynptr(m, out >>> 0, data >>> 0, size >>> 0, "local");
		return wrong;
	}),
	bpf_dynptr_read: signed((m, to, length, source, offset, flags) => {
		const dynptr = readDynptr(m, source >>> 0);
		if (dynptr === null || flags !== 0) return -errno.EINVAL;
		if ((offset >>> 0) + (length >>> 0) > dynptr.size) return -errno.E2BIG;
		m.memory.u8.copyWithin(to >>> 0, dynptr.data + offset, dynptr.data + offset + length);
		return 0;
	}),
	bpf_dynptr_write: signed((m, target, offset, from, length, flags) => {
		const dynptr = readDynptr(m, target >>> 0);
		if (dynptr === null || dynptr.readOnly) return -errno.EINVAL;
		if ((offset >>> 0) + (length >>> 0) > dynptr.size) return -errno.E2BIG;
		if (flags & ~(dynptr.packet === "skb" ? storeFlags : 0)) return -errno.EINVAL;
		m.memory.u8.copyWithin(dynptr.data + offset, from >>> 0, (from >>> 0) + length);
		return 0;
	}),
	bpf_dynptr_data: unsigned((m, source, offset, length) => {
		const dynptr = readDynptr(m, source >>> 0);
		// Of packets only slices are given.
		return dynptr === null || dynptr.readOnly || dynptr.packet !== null ? 0 : dynptrSlice(m, source >>> 0, offset >>> 0, length >>> 0);
	}),
	bpf_ringbuf_submit_dynptr: signed((m, at) => finish(m, at >>> 0, false)),
	bpf_ringbuf_discard_dynptr: signed((m, at) => finish(m, at >>> 0, true)),
};

function finish(m: Machine, at: number, discard: boolean): number {
	const sample = m.memory.view.getUint32(at, true);
	if (sample === 0) return 0;
	for (const map of m.maps) if (map instanceof RingBuffer && map.holds(sample)) map.commit(sample, discard);
	m.memory.u8.fill(0, at, at + sizeOfDynptr);
	return 0;
}
