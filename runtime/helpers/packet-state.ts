/** What helpers over packets share: the packet of the run, and what its socket buffer's fields say, which programs see in their context. */
import { errno } from "../errno.ts";
import type { Machine } from "../machine.ts";
import { contexts } from "../programs/contexts.ts";
import { etherType, type PacketState, swapped } from "../programs/packet.ts";
import type { HelperRun } from "./helper.ts";

/** Helpers whose first argument is a context with a packet. */
export function withPacket(use: (m: Machine, packet: PacketState, a2: number, a3: number, a4: number, a5: number) => number): HelperRun {
	return (m, _context, a2, a3, a4, a5) => {
		const packet = m.run?.packet;
		return packet === null || packet === undefined ? -errno.EINVAL : use(m, packet, a2, a3, a4, a5);
	};
}

export const isVlan = (protocol: number): boolean => protocol === etherType.vlan || protocol === etherType.serviceVlan;

type SkbField = keyof (typeof contexts)["__sk_buff"]["fields"];

/** A field of 32 bits of the run's __sk_buff. */
export function skbField(m: Machine, name: SkbField): number {
	return m.run === null ? 0 : m.memory.view.getUint32(m.run.context + contexts.__sk_buff.fields[name][0], true);
}

export function setSkbField(m: Machine, name: SkbField, value: number): void {
	if (m.run !== null) m.memory.view.setUint32(m.run.context + contexts.__sk_buff.fields[name][0], value, true);
}

/** skb->protocol, in the host's byte order. The field has the network's. */
export const protocolOf = (m: Machine): number => swapped(skbField(m, "protocol"));
export const setProtocol = (m: Machine, protocol: number): void => setSkbField(m, "protocol", swapped(protocol));

/** The protocol behind VLAN tags (vlan_get_protocol), which the kernel looks for from the packet's start on, be there a link layer header or not. */
export function innerProtocolOf(m: Machine, packet: PacketState): number {
	let protocol = protocolOf(m);
	for (let at = packet.data + 16; isVlan(protocol); at += 4) protocol = at + 2 <= packet.dataEnd ? m.memory.view.getUint16(at) : 0;
	return protocol;
}

/** Null: nobody knows the flow's hash. */
export function setHash(m: Machine, packet: PacketState, hash: number | null): void {
	setSkbField(m, "hash", hash ?? 0);
	packet.hashed = hash !== null;
}

/** Bytes from the packet's start to its network header. */
export const networkOffset = (packet: PacketState): number => (packet.network ?? packet.data) - packet.data;

/** That many bytes are there to be written (bpf_try_make_writable: the packet is linear, and nobody else's). */
export const writable = (packet: PacketState, bytes: number): boolean => packet.data + bytes <= packet.dataEnd;
