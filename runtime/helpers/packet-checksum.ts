/** Checksums in packets (net/core/filter.c): a device computed none, so that a socket buffer's own is only what programs say of it. */
import { errno } from "../errno.ts";
import { etherType, type PacketState } from "../programs/packet.ts";
import { add, addHalves, fold, replace, replaceHalf, replaceWord, sumBytes } from "./checksum.ts";
import type { HelperFamily } from "./helper.ts";
import { signed, wide, wideResult } from "./helper.ts";
import { innerProtocolOf, withPacket, writable } from "./packet-state.ts";

/** Flags of bpf_l3_csum_replace and bpf_l4_csum_replace: the field's size, or 0 for a difference; BPF_F_PSEUDO_HDR, MARK_MANGLED_0, MARK_ENFORCE, IPV6. */
const csum = { size: 0xf, pseudoHeader: 0x10, mangledZero: 0x20, enforce: 0x40, ipv6: 0x80 } as const;
/** Offsets of checksums that programs may give. */
const FARTHEST = 0xffff;
/** BPF_CSUM_LEVEL_QUERY, INC, DEC, RESET */
const level = { query: 0, increment: 1, decrement: 2, reset: 3 } as const;
/** SKB_MAX_CSUM_LEVEL */
const HIGHEST_LEVEL = 3;

/** bpf_csum_level(INC): a checksum more is known to be right. */
function increment(packet: PacketState): void {
	const { checksum } = packet;
	packet.checksum = checksum < 0 ? 0 : Math.min(checksum + 1, HIGHEST_LEVEL);
}

const isField = (packet: PacketState, offset: number): boolean =>
	offset >>> 0 <= FARTHEST && (offset & 1) === 0 && writable(packet, (offset >>> 0) + 2);

export const checksumHelpers: HelperFamily = {
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
			if (flags & ~csum.size) return -errno.EINVAL;
			if (!isField(packet, offset)) return -errno.EFAULT;
			const { view } = m.memory;
			const at = packet.data + offset;
			const known = view.getUint16(at, true);
			switch (flags) {
				case 0:
					if (from !== 0 || m.high(3) !== 0) return -errno.EINVAL;
					view.setUint16(at, replace(known, to), true);
					return 0;
				case 2:
					view.setUint16(at, replaceHalf(known, from, to), true);
					return 0;
				case 4:
					view.setUint16(at, replaceWord(known, from, to), true);
					return 0;
				default:
					return -errno.EINVAL;
			}
		}),
		wide(3),
	),
	bpf_l4_csum_replace: signed(
		withPacket((m, packet, offset, from, to, flags) => {
			if (flags & ~(csum.size | csum.pseudoHeader | csum.mangledZero | csum.enforce | csum.ipv6)) return -errno.EINVAL;
			if (!isField(packet, offset)) return -errno.EFAULT;
			const { view } = m.memory;
			const at = packet.data + offset;
			const known = view.getUint16(at, true);
			const mangled = (flags & csum.mangledZero) !== 0;
			if (mangled && known === 0 && !(flags & csum.enforce)) return 0;
			const size = flags & csum.size;
			if ((size === 0 && (from !== 0 || m.high(3) !== 0)) || (size !== 0 && size !== 2 && size !== 4)) return -errno.EINVAL;
			const next =
				size === 0 ? replace(known, to) : size === 2 ? replaceWord(known, from & 0xffff, to & 0xffff) : replaceWord(known, from, to);
			view.setUint16(at, mangled && next === 0 ? 0xffff : next, true);
			return 0;
		}),
		wide(3),
	),
	// A sum over the whole packet would come from a device.
	bpf_csum_update: wideResult((m) => m.result(BigInt(-errno.ENOTSUPP))),
	bpf_csum_level: signed(
		withPacket((_m, packet, what) => {
			switch (what >>> 0) {
				case level.query:
					return packet.checksum < 0 ? -errno.EACCES : packet.checksum;
				case level.increment:
					increment(packet);
					return 0;
				case level.decrement:
					packet.checksum = Math.max(packet.checksum - 1, -1);
					return 0;
				case level.reset:
					packet.checksum = -1;
					return 0;
				default:
					return -errno.EINVAL;
			}
		}),
	),
	/** Congestion experienced, where the sender takes such marks (include/net/inet_ecn.h). */
	bpf_skb_ecn_set_ce: signed(
		withPacket((m, packet) => {
			const { view } = m.memory;
			const network = packet.network ?? packet.data;
			const protocol = innerProtocolOf(m, packet);
			if (protocol === etherType.ipv4 && network + 20 <= packet.dataEnd) {
				const tos = view.getUint8(network + 1);
				const ecn = (tos + 1) & 3;
				if ((ecn & 2) === 0) return ecn === 0 ? 1 : 0;
				view.setUint16(network + 10, addHalves(view.getUint16(network + 10), 0xfffb + ecn));
				view.setUint8(network + 1, tos | 3);
				return 1;
			}
			if (protocol === etherType.ipv6 && network + 40 <= packet.dataEnd) {
				const first = view.getUint32(network);
				if (((first >>> 20) & 3) === 0) return 0;
				view.setUint32(network, first | (3 << 20));
				return 1;
			}
			return 0;
		}),
	),
};
