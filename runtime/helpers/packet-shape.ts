/** Helpers that change where a packet begins and ends, and what headers it has (net/core/filter.c, net/core/skbuff.c). */
import { errno } from "../errno.ts";
import type { Machine } from "../machine.ts";
import {
	etherType,
	ethernetHeader,
	frameProtocol,
	frameSize,
	largestPacket,
	type PacketState,
	swapped,
	tailroom,
} from "../programs/packet.ts";
import type { HelperFamily } from "./helper.ts";
import { signed, wide } from "./helper.ts";
import { isVlan, networkOffset, protocolOf, setHash, setProtocol, setSkbField, skbField, withPacket, writable } from "./packet-state.ts";

const VLAN_HEADER = 4;
/** What skb_shared_info has room for. */
const LONGEST_METADATA = 255;

// ---------------------------------------------------------------- XDP

/** The start of the data moves, with the metadata in front of it; the frame's own header stays free. */
function moveHead(m: Machine, packet: PacketState, delta: number): number {
	const metadata = packet.data - packet.meta;
	const data = packet.data + delta;
	if (data < packet.start + frameSize + metadata || data > packet.dataEnd - ethernetHeader) return -errno.EINVAL;
	m.memory.u8.copyWithin(data - metadata, packet.meta, packet.data);
	packet.data = data;
	packet.meta = data - metadata;
	packet.sync();
	return 0;
}

function moveEnd(m: Machine, packet: PacketState, end: number): void {
	if (end > packet.dataEnd) m.memory.u8.fill(0, packet.dataEnd, end);
	packet.dataEnd = end;
	packet.sync();
}

function moveMetadata(packet: PacketState, delta: number): number {
	const meta = packet.meta + delta;
	const length = packet.data - meta;
	if (meta < packet.start + frameSize || meta > packet.data) return -errno.EINVAL;
	if (length % 4 !== 0 || length > LONGEST_METADATA) return -errno.EACCES;
	packet.meta = meta;
	packet.sync();
	return 0;
}

// ---------------------------------------------------------------- socket buffers

/** Where a socket buffer starts now; its link layer header starts there too. Metadata does not survive. */
function startAt(packet: PacketState, data: number): void {
	packet.data = data;
	packet.meta = data;
	packet.mac = data;
	packet.sync();
}

const linkHeader = (packet: PacketState): number => (packet.network ?? packet.data) - (packet.mac ?? packet.data);

/** Room for `bytes` zeros at an offset, by moving what is in front of it. */
function openGap(m: Machine, packet: PacketState, offset: number, bytes: number): number {
	const data = packet.data - bytes;
	if (data < packet.start) return -errno.ENOMEM;
	m.memory.u8.copyWithin(data, packet.data, packet.data + offset);
	m.memory.u8.fill(0, data + offset, data + offset + bytes);
	startAt(packet, data);
	return 0;
}

function closeGap(m: Machine, packet: PacketState, offset: number, bytes: number): number {
	if (!writable(packet, offset + bytes)) return -errno.ENOMEM;
	const data = packet.data + bytes;
	m.memory.u8.copyWithin(data, packet.data, packet.data + offset);
	startAt(packet, data);
	return 0;
}

/** A gap behind the link layer header or the network header; both stay in front of it (bpf_skb_net_hdr_push and _pop). */
function changeHeaders(m: Machine, packet: PacketState, offset: number, delta: number): number {
	const network = networkOffset(packet);
	const result = delta < 0 ? closeGap(m, packet, offset, -delta) : openGap(m, packet, offset, delta);
	if (result === 0) packet.network = packet.data + network;
	return result;
}

const networkHeader = (protocol: number): number => (protocol === etherType.ipv6 ? 40 : 20);
const isInternet = (protocol: number): boolean => protocol === etherType.ipv4 || protocol === etherType.ipv6;

/** BPF_F_ADJ_ROOM_* */
const room = { fixedGso: 1, ipv4: 2, ipv6: 4, gre: 8, udp: 16, keepsChecksum: 32, ethernet: 64, inIpv4: 128, inIpv6: 256 } as const;
const KNOWN = 0x1ff;
/** BPF_ADJ_ROOM_ENCAP_L2_SHIFT, of the high word. */
const LINK_LENGTH_SHIFT = 24;
const MOST_ROOM = 0xfff;
/** BPF_ADJ_ROOM_NET: behind the network header; BPF_ADJ_ROOM_MAC: behind the link layer header. */
const mode = { network: 0, link: 1 } as const;

function adjustRoom(m: Machine, packet: PacketState, delta: number, where: number, flags: number): number {
	const high = m.high(4);
	const inner = high >>> LINK_LENGTH_SHIFT;
	if (flags & ~KNOWN || high & 0xffffff) return -errno.EINVAL;
	const bytes = Math.abs(delta);
	if (bytes > MOST_ROOM) return -errno.EFAULT;
	const protocol = protocolOf(m);
	if (!isInternet(protocol)) return -errno.ENOTSUPP;
	if (where >>> 0 > mode.link) return -errno.ENOTSUPP;
	const offset = linkHeader(packet) + (where === mode.network ? networkHeader(protocol) : 0);
	const decapsulates = flags & (room.inIpv4 | room.inIpv6);
	if (decapsulates !== 0 && (delta >= 0 || decapsulates === (room.inIpv4 | room.inIpv6))) return -errno.EINVAL;
	const least = decapsulates === 0 ? networkHeader(protocol) : decapsulates === room.inIpv4 ? 20 : 40;
	const length = packet.dataEnd - packet.data;
	const left = length - networkOffset(packet) - bytes;
	if (delta < 0 ? left <= 0 || left < least : length + bytes > largestPacket) return -errno.ENOTSUPP;
	const result = delta < 0 ? shrink(m, packet, offset, bytes, flags, inner) : grow(m, packet, offset, bytes, flags, inner);
	if (result === 0 && !(flags & room.keepsChecksum)) packet.checksum = -1;
	return result;
}

function grow(m: Machine, packet: PacketState, offset: number, bytes: number, flags: number, inner: number): number {
	const encapsulates = flags & (room.ipv4 | room.ipv6);
	if (encapsulates !== 0) {
		const both = (pair: number): boolean => (flags & pair) === pair;
		if (both(room.ipv4 | room.ipv6) || both(room.gre | room.udp) || (flags & room.ethernet && inner < ethernetHeader)) return -errno.EINVAL;
		if (packet.encapsulated) return -errno.EALREADY;
		if (inner > bytes) return -errno.EINVAL;
	}
	const result = changeHeaders(m, packet, offset, bytes);
	if (result !== 0 || encapsulates === 0) return result;
	packet.encapsulated = true;
	setProtocol(m, encapsulates === room.ipv4 ? etherType.ipv4 : etherType.ipv6);
	return 0;
}

function shrink(m: Machine, packet: PacketState, offset: number, bytes: number, flags: number, inner: number): number {
	if (flags & ~(room.fixedGso | room.inIpv4 | room.inIpv6 | room.keepsChecksum) || inner !== 0) return -errno.EINVAL;
	const result = changeHeaders(m, packet, offset, -bytes);
	if (result === 0 && flags & (room.inIpv4 | room.inIpv6)) setProtocol(m, flags & room.inIpv4 ? etherType.ipv4 : etherType.ipv6);
	return result;
}

/** IPv4 ↔ IPv6: the difference of their headers, which the program fills in. */
function changeProtocol(m: Machine, packet: PacketState, to: number): number {
	const from = protocolOf(m);
	if (from === to || !isInternet(from) || !isInternet(to)) return -errno.ENOTSUPP;
	const result = changeHeaders(m, packet, linkHeader(packet), networkHeader(to) - networkHeader(from));
	if (result !== 0) return result;
	setProtocol(m, to);
	setHash(m, packet, null);
	return 0;
}

function changeHead(m: Machine, packet: PacketState, bytes: number, flags: number): number {
	const length = packet.dataEnd - packet.data;
	if (flags !== 0 || bytes < 0 || length + bytes > largestPacket) return -errno.EINVAL;
	return openGap(m, packet, 0, bytes);
}

function changeTail(m: Machine, packet: PacketState, length: number, flags: number): number {
	if (flags !== 0 || length > largestPacket || length < Math.max(networkOffset(packet), 0)) return -errno.EINVAL;
	if (packet.encapsulated) return -errno.ENOTSUPP;
	moveEnd(m, packet, packet.data + length);
	return 0;
}

// ---------------------------------------------------------------- VLAN tags

/** The outermost tag lies beside the packet, as devices put it (vlan_present, vlan_tci, vlan_proto); those within stand in it. */
function setTag(m: Machine, present: boolean, protocol: number, tag: number): void {
	setSkbField(m, "vlan_present", present ? 1 : 0);
	setSkbField(m, "vlan_proto", protocol);
	setSkbField(m, "vlan_tci", tag);
}

function pushTag(m: Machine, packet: PacketState, protocol: number, tag: number): number {
	if (skbField(m, "vlan_present") !== 0) {
		const network = networkOffset(packet);
		const result = openGap(m, packet, ethernetHeader - 2, VLAN_HEADER);
		if (result !== 0) return result;
		// The tag is what the link layer header now carries.
		packet.network = packet.data + network;
		const outer = skbField(m, "vlan_proto");
		m.memory.view.setUint16(packet.data + 12, outer, true);
		m.memory.view.setUint16(packet.data + 14, skbField(m, "vlan_tci"));
		setSkbField(m, "protocol", outer);
	}
	setTag(m, true, swapped(isVlan(protocol) ? protocol : etherType.vlan), tag);
	return 0;
}

/** Takes the tag out of the packet: its number, or −errno. */
function takeTag(m: Machine, packet: PacketState): number {
	if (!writable(packet, ethernetHeader + VLAN_HEADER)) return -errno.ENOMEM;
	const { view } = m.memory;
	const tag = view.getUint16(packet.data + 14);
	const network = packet.network ?? packet.data;
	closeGap(m, packet, ethernetHeader - 2, VLAN_HEADER);
	packet.network = Math.max(network, packet.data + ethernetHeader);
	setProtocol(m, frameProtocol(view, packet.data + ethernetHeader, packet.dataEnd));
	return tag;
}

function popTag(m: Machine, packet: PacketState): number {
	if (skbField(m, "vlan_present") !== 0) setTag(m, false, 0, 0);
	else if (!isVlan(protocolOf(m))) return 0;
	else {
		const tag = takeTag(m, packet);
		if (tag < 0) return tag;
	}
	const next = protocolOf(m);
	if (!isVlan(next)) return 0;
	const outer = skbField(m, "protocol");
	const tag = takeTag(m, packet);
	if (tag < 0) return tag;
	setTag(m, true, outer, tag);
	return 0;
}

export const shapeHelpers: HelperFamily = {
	bpf_xdp_adjust_head: signed(withPacket((m, packet, delta) => moveHead(m, packet, delta))),
	bpf_xdp_adjust_tail: signed(
		withPacket((m, packet, delta) => {
			const end = packet.dataEnd + delta;
			if (end > packet.end - tailroom || end < packet.data + ethernetHeader) return -errno.EINVAL;
			moveEnd(m, packet, end);
			return 0;
		}),
	),
	bpf_xdp_adjust_meta: signed(withPacket((_m, packet, delta) => moveMetadata(packet, delta))),
	bpf_skb_change_head: signed(withPacket(changeHead)),
	bpf_skb_change_tail: signed(withPacket((m, packet, length, flags) => changeTail(m, packet, length >>> 0, flags))),
	bpf_skb_change_proto: signed(
		withPacket((m, packet, protocol, flags) => (flags !== 0 ? -errno.EINVAL : changeProtocol(m, packet, swapped(protocol)))),
	),
	bpf_skb_change_type: signed(
		withPacket((m, _packet, type) => {
			if (type >>> 0 > 3 || skbField(m, "pkt_type") > 3) return -errno.EINVAL;
			setSkbField(m, "pkt_type", type);
			return 0;
		}),
	),
	bpf_skb_adjust_room: signed(withPacket(adjustRoom), wide(4)),
	bpf_skb_vlan_push: signed(withPacket((m, packet, protocol, tag) => pushTag(m, packet, swapped(protocol), tag & 0xffff))),
	bpf_skb_vlan_pop: signed(withPacket(popTag)),
};
