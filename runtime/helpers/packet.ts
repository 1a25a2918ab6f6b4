/**
 * Helpers over the packet of the run: reading and writing at offsets, its marks (net/core/filter.c). The packet is linear: pulling data always
 * succeeds when the packet is long enough. Its shape is packet-shape.ts's, its checksums packet-checksum.ts's.
 */
import { errno } from "../errno.ts";
import { etherType, type PacketState } from "../programs/packet.ts";
import { sumBytes } from "./checksum.ts";
import type { HelperFamily } from "./helper.ts";
import { signed, unsigned, wide, wideResult } from "./helper.ts";
import { checksumHelpers } from "./packet-checksum.ts";
import { shapeHelpers } from "./packet-shape.ts";
import { protocolOf, setHash, skbField, withPacket, writable } from "./packet-state.ts";

const LARGEST_OFFSET = 0x7fffffff;
/** Of packets in pages, XDP's. */
const FARTHEST = 0xffff;

/** Bytes from an address of the packet on; zeros where they are not all there. */
const loadFrom = (base: (packet: PacketState, start: number) => number | null) =>
	signed(
		withPacket((m, packet, offset, to, length, start) => {
			const { u8 } = m.memory;
			const from = base(packet, start >>> 0);
			const at = (from ?? 0) + (offset >>> 0);
			if (from === null || offset >>> 0 > LARGEST_OFFSET || at + (length >>> 0) > packet.dataEnd) {
				u8.fill(0, to >>> 0, (to >>> 0) + (length >>> 0));
				return -errno.EFAULT;
			}
			u8.copyWithin(to >>> 0, at, at + length);
			return 0;
		}),
	);

/** BPF_F_RECOMPUTE_CSUM, BPF_F_INVALIDATE_HASH */
const STORE_FLAGS = 3;
const INVALIDATE_HASH = 2;

/** What an access to an XDP packet at an offset fails with; 0: nothing. */
function xdpFault(packet: PacketState, offset: number, length: number): number {
	if (offset > FARTHEST || length > FARTHEST) return -errno.EFAULT;
	return offset + length > packet.dataEnd - packet.data ? -errno.EINVAL : 0;
}

export const packetHelpers: HelperFamily = {
	...shapeHelpers,
	...checksumHelpers,
	bpf_skb_load_bytes: loadFrom((packet) => packet.data),
	// BPF_HDR_START_MAC 0, BPF_HDR_START_NET 1
	bpf_skb_load_bytes_relative: loadFrom((packet, start) =>
		start === 0 ? (packet.mac ?? packet.data) : start === 1 ? (packet.network ?? packet.data) : null,
	),
	bpf_skb_store_bytes: signed(
		withPacket((m, packet, offset, from, length, flags) => {
			if (flags & ~STORE_FLAGS) return -errno.EINVAL;
			if (offset >>> 0 > LARGEST_OFFSET || !writable(packet, (offset >>> 0) + (length >>> 0))) return -errno.EFAULT;
			m.memory.u8.copyWithin(packet.data + offset, from >>> 0, (from >>> 0) + length);
			if (flags & INVALIDATE_HASH) setHash(m, packet, null);
			return 0;
		}),
	),
	bpf_xdp_load_bytes: signed(
		withPacket((m, packet, offset, to, length) => {
			const fault = xdpFault(packet, offset >>> 0, length >>> 0);
			if (fault === 0) m.memory.u8.copyWithin(to >>> 0, packet.data + offset, packet.data + offset + length);
			return fault;
		}),
	),
	bpf_xdp_store_bytes: signed(
		withPacket((m, packet, offset, from, length) => {
			const fault = xdpFault(packet, offset >>> 0, length >>> 0);
			if (fault === 0) m.memory.u8.copyWithin(packet.data + offset, from >>> 0, (from >>> 0) + length);
			return fault;
		}),
	),
	bpf_skb_pull_data: signed(withPacket((_m, packet, length) => (writable(packet, length >>> 0) ? 0 : -errno.ENOMEM))),
	bpf_xdp_get_buff_len: unsigned(withPacket((_m, packet) => packet.dataEnd - packet.data)),
	bpf_get_hash_recalc: unsigned(
		withPacket((m, packet) => {
			// No hash was computed by a device: the flow's bytes decide, the same every time.
			const known = skbField(m, "hash");
			if (packet.hashed || known !== 0) return known;
			const network = packet.network ?? packet.data;
			const hash = Math.imul(sumBytes(m.memory.u8.subarray(network, Math.min(network + 24, packet.dataEnd)), 1), 0x9e3779b1) | 1;
			setHash(m, packet, hash);
			return hash;
		}),
	),
	bpf_set_hash_invalid: signed(
		withPacket((m, packet) => {
			setHash(m, packet, null);
			return 0;
		}),
	),
	bpf_set_hash: signed(
		withPacket((m, packet, hash) => {
			setHash(m, packet, hash);
			return 0;
		}),
	),
	/** BPF_SKB_CLOCK_REALTIME 0, MONOTONIC 1, TAI 2. */
	bpf_skb_set_tstamp: signed((m, context, tstamp, clock) => {
		const protocol = protocolOf(m);
		if (protocol !== etherType.ipv4 && protocol !== etherType.ipv6) return -errno.EOPNOTSUPP;
		const time = m.wide(2, tstamp);
		if (clock >>> 0 > 2 || (clock !== 0 && time === 0n)) return -errno.EINVAL;
		m.memory.view.setBigUint64((context >>> 0) + 152, time, true);
		m.memory.view.setUint8((context >>> 0) + 180, clock);
		return 0;
	}, wide(2)),
	bpf_get_route_realm: unsigned(() => 0),
	bpf_skb_cgroup_id: wideResult((m) => m.result(m.environment.task.cgroupId)),
	bpf_skb_ancestor_cgroup_id: wideResult((m) => m.result(m.environment.task.cgroupId)),
	bpf_skb_cgroup_classid: wideResult((m) => m.result(0n)),
	bpf_skb_under_cgroup: signed(() => 0),
	bpf_get_socket_cookie: wideResult((m) => m.result(m.run?.cookie ?? 0n)),
	bpf_get_socket_uid: unsigned((m) => m.environment.task.uid),
	bpf_get_netns_cookie: wideResult((m) => m.result(1n)),
};
