/**
 * The packet loads that eBPF kept from classic BPF (RFC 9669, section 5.4; kernel/bpf/core.c, net/core/filter.c bpf_skb_load_helper_*):
 * big-endian, relative to the start of the packet, or with SKF_NET_OFF and SKF_LL_OFF to the network and link layer headers.
 */
import { ethernetHeader } from "../programs/packet.ts";
import type { Machine } from "../machine.ts";

const networkOffset = -0x100000;
const linkOffset = -0x200000;

/** The loaded value; null: out of the packet, the program ends with 0. */
export function packetLoad(machine: Machine, offset: number, size: number): bigint | null {
	const packet = machine.run?.packet;
	if (packet === null || packet === undefined) return null;
	let at = packet.data + offset;
	if (offset < 0) {
		if (offset >= networkOffset) at = packet.data + ethernetHeader + (offset - networkOffset);
		else if (offset >= linkOffset) at = packet.data + (offset - linkOffset);
		else return null;
		if (offset >= networkOffset && offset - networkOffset < 0) return null;
	}
	if (at < packet.data || at + size > packet.dataEnd) return null;
	const { view } = machine.memory;
	if (size === 1) return BigInt(view.getUint8(at));
	return BigInt(size === 2 ? view.getUint16(at, false) : view.getUint32(at, false));
}
