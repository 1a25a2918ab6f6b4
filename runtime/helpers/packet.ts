/**
 * Helpers over the packet of the run: reading and writing at offsets, checksums, moving its ends (net/core/filter.c). The packet is linear:
 * pulling data always succeeds when the packet is long enough.
 */
import { errno } from "../errno.ts";
import type { Machine } from "../machine.ts";
import type { PacketState } from "../programs/packet.ts";
import { add, fold, replace, sumBytes } from "./checksum.ts";
import type { HelperFamily, HelperRun } from "./helper.ts";
import { signed, unsigned, wide, wideResult } from "./helper.ts";

/** Helpers whose first argument is a context with a packet. */
function withPacket(use: (m: Machine, packet: PacketState, a2: number, a3: number, a4: number, a5: number) => number): HelperRun {
	return (m, _context, a2, a3, a4, a5) => {
		const packet = m.run?.packet;
		return packet === null || packet === undefined ? -errno.EINVAL : use(m, packet, a2, a3, a4, a5);
	};
}

const inside = (packet: PacketState, offset: number, length: number): boolean => packet.data + (offset >>> 0) + (length >>> 0) <= packet.dataEnd;

const load = signed(
	withPacket((m, packet, offset, to, length) => {
		const { u8 } = m.memory;
		if (!inside(packet, offset, length)) {
			u8.fill(0, to >>> 0, (to >>> 0) + (length >>> 0));
			return -errno.EFAULT;
		}
		u8.copyWithin(to >>> 0, packet.data + offset, packet.data + offset + length);
		return 0;
	}),
);

/** BPF_F_RECOMPUTE_CSUM, BPF_F_INVALIDATE_HASH */
const store = signed(
	withPacket((m, packet, offset, from, length, flags) => {
		if (flags & ~3) return -errno.EINVAL;
		if (!inside(packet, offset, length)) return -errno.EFAULT;
		m.memory.u8.copyWithin(packet.data + offset, from >>> 0, (from >>> 0) + length);
		return 0;
	}),
);

/** Flags of bpf_l4_csum_replace. */
const csum = { fieldMask: 0xf, pseudoHeader: 0x10, mangledZero: 0x20, enforce: 0x40 } as const;

const xdpFrameEnd = 320;

/** Moves the start of the data by `delta` bytes; metadata in front of it is lost, as after a change of an XDP frame's head. */
function moveHead(packet: PacketState, delta: number): number {
	const data = packet.data + delta;
	if (data < packet.start || data > packet.dataEnd - 14) return -errno.EINVAL;
	packet.data = data;
	packet.meta = data;
	packet.sync();
	return 0;
}

function moveTail(m: Machine, packet: PacketState, length: number): number {
	const end = packet.data + length;
	if (length < 0 || end > packet.end) return -errno.EINVAL;
	if (end > packet.dataEnd) m.memory.u8.fill(0, packet.dataEnd, end);
	packet.dataEnd = end;
	packet.sync();
	return 0;
}

/** Opens or closes a gap of |delta| bytes at an offset, by moving the front part. */
function openGap(m: Machine, packet: PacketState, offset: number, delta: number): number {
	const { u8 } = m.memory;
	const data = packet.data - delta;
	if (data < packet.start || offset > packet.dataEnd - packet.data || (delta < 0 && offset - delta > packet.dataEnd - packet.data)) return -errno.EFAULT;
	u8.copyWithin(data, packet.data, packet.data + offset);
	if (delta > 0) u8.fill(0, data + offset, data + offset + delta);
	packet.data = data;
	packet.meta = data;
	packet.mac = data;
	packet.network = data + 14;
	packet.sync();
	return 0;
}

export const packetHelpers: HelperFamily = {
	bpf_skb_load_bytes: load,
	bpf_xdp_load_bytes: load,
	bpf_skb_store_bytes: store,
	bpf_xdp_store_bytes: signed(
		withPacket((m, packet, offset, from, length) => {
			if (!inside(packet, offset, length)) return -errno.EINVAL;
			m.memory.u8.copyWithin(packet.data + offset, from >>> 0, (from >>> 0) + length);
			return 0;
		}),
	),
	// BPF_HDR_START_MAC 0, BPF_HDR_START_NET 1
	bpf_skb_load_bytes_relative: signed(
		withPacket((m, packet, offset, to, length, start) => {
			const from = (start === 0 ? (packet.mac ?? packet.data) : (packet.network ?? packet.data)) + (offset >>> 0);
			if (start >>> 0 > 1 || from + (length >>> 0) > packet.dataEnd) {
				m.memory.u8.fill(0, to >>> 0, (to >>> 0) + (length >>> 0));
				return start >>> 0 > 1 ? -errno.EINVAL : -errno.EFAULT;
			}
			m.memory.u8.copyWithin(to >>> 0, from, from + length);
			return 0;
		}),
	),
	bpf_skb_pull_data: signed(withPacket((_m, packet, length) => (length >>> 0 > packet.dataEnd - packet.data ? -errno.ENOMEM : 0))),
	bpf_xdp_get_buff_len: unsigned(withPacket((_m, packet) => packet.dataEnd - packet.data)),
	bpf_xdp_adjust_head: signed(withPacket((_m, packet, delta) => moveHead(packet, delta))),
	bpf_xdp_adjust_tail: signed(
		withPacket((m, packet, delta) => {
			const length = packet.dataEnd - packet.data + delta;
			if (length < 14 || packet.data + length > packet.end - xdpFrameEnd) return -errno.EINVAL;
			return moveTail(m, packet, length);
		}),
	),
	bpf_xdp_adjust_meta: signed(
		withPacket((_m, packet, delta) => {
			const meta = packet.meta + delta;
			const length = packet.data - meta;
			if (meta < packet.start || meta > packet.data) return -errno.EINVAL;
			if (length % 4 !== 0 || length > 255) return -errno.EACCES;
			packet.meta = meta;
			packet.sync();
			return 0;
		}),
	),
	bpf_skb_change_tail: signed(withPacket((m, packet, length, flags) => (flags !== 0 || length >>> 0 < 14 ? -errno.EINVAL : moveTail(m, packet, length >>> 0)))),
	bpf_skb_change_head: signed(
		withPacket((m, packet, length, flags) => {
			if (flags !== 0 || packet.data - (length >>> 0) < packet.start) return flags !== 0 ? -errno.EINVAL : -errno.ENOMEM;
			packet.data -= length;
			packet.meta = packet.data;
			packet.mac = packet.data;
			m.memory.u8.fill(0, packet.data, packet.data + length);
			packet.sync();
			return 0;
		}),
	),
	// BPF_ADJ_ROOM_NET 0: behind the network header; BPF_ADJ_ROOM_MAC 1: behind the link layer header.
	bpf_skb_adjust_room: signed(
		withPacket((m, packet, delta, mode) => {
			const { view } = m.memory;
			const network = packet.network ?? packet.data + 14;
			const front = network - packet.data;
			const header = (view.getUint8(network) >> 4) === 6 ? 40 : 20;
			if (mode >>> 0 > 1) return -errno.ENOTSUP;
			return openGap(m, packet, mode === 0 ? front + header : front, delta);
		}),
	),
	bpf_skb_change_type: signed(
		withPacket((m, _packet, type) => {
			if (type >>> 0 > 3 || m.run === null) return -errno.EINVAL;
			m.memory.view.setUint32(m.run.context + 4, type, true);
			return 0;
		}),
	),
	bpf_skb_vlan_push: signed(
		withPacket((m, packet, protocol, tag) => {
			const result = openGap(m, packet, 12, 4);
			if (result !== 0) return result;
			m.memory.view.setUint16(packet.data + 12, protocol === 0 ? 0x0081 : protocol & 0xffff, true);
			m.memory.view.setUint16(packet.data + 14, tag & 0xffff);
			packet.network = packet.data + 18;
			return 0;
		}),
	),
	bpf_skb_vlan_pop: signed(
		withPacket((m, packet) => {
			const protocol = m.memory.view.getUint16(packet.data + 12);
			return protocol === 0x8100 || protocol === 0x88a8 ? openGap(m, packet, 12, -4) : 0;
		}),
	),
	bpf_csum_diff: wideResult((m, from, fromSize, to, toSize, seed) => {
		if ((fromSize | toSize) & 3) return m.result(BigInt(-errno.EINVAL));
		const { u8 } = m.memory;
		const [removed, added] = [u8.subarray(from >>> 0, (from >>> 0) + fromSize), u8.subarray(to >>> 0, (to >>> 0) + toSize)];
		let sum = seed >>> 0;
		if (fromSize > 0 && toSize > 0) sum = add(sumBytes(added, sum), ~sumBytes(removed, 0));
		else if (toSize > 0) sum = sumBytes(added, sum);
		else if (fromSize > 0) sum = ~sumBytes(removed, ~sum) >>> 0;
		// Since 6.13 the result is folded to 16 bits on every architecture.
		return m.result(BigInt(~fold(sum) & 0xffff));
	}),
	bpf_l3_csum_replace: signed(
		withPacket((m, packet, offset, from, to, flags) => {
			if (offset & 1 || !inside(packet, offset, 2)) return -errno.EFAULT;
			const size = flags & csum.fieldMask;
			const difference = size === 0 ? (from !== 0 ? null : to >>> 0) : size === 2 || size === 4 ? add(to >>> 0, ~from >>> 0) : null;
			if (difference === null || flags & ~csum.fieldMask) return -errno.EINVAL;
			const at = packet.data + (offset >>> 0);
			m.memory.view.setUint16(at, replace(m.memory.view.getUint16(at, true), difference), true);
			return 0;
		}),
	),
	bpf_l4_csum_replace: signed(
		withPacket((m, packet, offset, from, to, flags) => {
			if (flags & ~(csum.fieldMask | csum.pseudoHeader | csum.mangledZero | csum.enforce)) return -errno.EINVAL;
			if (offset & 1 || !inside(packet, offset, 2)) return -errno.EFAULT;
			const at = packet.data + (offset >>> 0);
			const known = m.memory.view.getUint16(at, true);
			const mangled = (flags & csum.mangledZero) !== 0;
			if (mangled && known === 0 && !(flags & csum.enforce)) return 0;
			const size = flags & csum.fieldMask;
			const difference = size === 0 ? (from !== 0 ? null : to >>> 0) : size === 2 || size === 4 ? add(to >>> 0, ~from >>> 0) : null;
			if (difference === null) return -errno.EINVAL;
			const next = replace(known, difference);
			m.memory.view.setUint16(at, mangled && next === 0 ? 0xffff : next, true);
			return 0;
		}),
	),
	bpf_csum_update: wideResult((m, _context, sum) => m.result(BigInt(sum >>> 0))),
	bpf_csum_level: signed(() => 0),
	bpf_get_hash_recalc: unsigned(
		withPacket((m, packet) => {
			// No hash was computed by a device: the flow's bytes decide, the same every time.
			const context = m.run?.context ?? 0;
			const known = m.memory.view.getUint32(context + 68, true);
			if (known !== 0) return known;
			const network = packet.network ?? packet.data;
			const hash = Math.imul(sumBytes(m.memory.u8.subarray(network, Math.min(network + 24, packet.dataEnd)), 1), 0x9e3779b1) | 1;
			m.memory.view.setUint32(context + 68, hash, true);
			return hash;
		}),
	),
	bpf_set_hash_invalid: signed((m, context) => {
		m.memory.view.setUint32((context >>> 0) + 68, 0, true);
		return 0;
	}),
	bpf_set_hash: signed((m, context, hash) => {
		m.memory.view.setUint32((context >>> 0) + 68, hash, true);
		return 0;
	}),
	bpf_skb_set_tstamp: signed((m, context, tstamp) => {
		m.memory.view.setBigUint64((context >>> 0) + 152, m.wide(2, tstamp), true);
		return 0;
	}, wide(2)),
	bpf_skb_ecn_set_ce: signed(
		withPacket((m, packet) => {
			const network = packet.network ?? packet.data;
			const { view } = m.memory;
			if (view.getUint8(network) >> 4 !== 4) return 0;
			const tos = view.getUint8(network + 1);
			if ((tos & 3) === 0) return 0;
			if ((tos & 3) !== 3) {
				const before = view.getUint16(network, true);
				view.setUint8(network + 1, tos | 3);
				view.setUint16(network + 10, replace(view.getUint16(network + 10, true), add(view.getUint16(network, true), ~before >>> 0)), true);
			}
			return 1;
		}),
	),
	bpf_get_route_realm: unsigned(() => 0),
	bpf_skb_cgroup_id: wideResult((m) => m.result(m.environment.task.cgroupId)),
	bpf_skb_ancestor_cgroup_id: wideResult((m) => m.result(m.environment.task.cgroupId)),
	bpf_skb_cgroup_classid: wideResult((m) => m.result(0n)),
	bpf_skb_under_cgroup: signed(() => 0),
	bpf_get_socket_cookie: wideResult((m) => m.result(m.run?.cookie ?? 0n)),
	bpf_get_socket_uid: unsigned((m) => m.environment.task.uid),
	bpf_get_netns_cookie: wideResult((m) => m.result(1n)),
};
