/**
 * A packet in linear memory with room in front and behind, as xdp_buff and sk_buff have it:
 *
 *     start │ headroom │ meta │ data … │ tailroom │ end
 *
 * Context fields (xdp_md.data, __sk_buff.data_end, …) hold the same offsets, 32 bits wide: a program that loads one has a pointer.
 */
import type { LinearMemory } from "../memory.ts";

export interface PacketState {
	/** Of the whole buffer. */
	readonly start: number;
	readonly end: number;
	meta: number;
	data: number;
	dataEnd: number;
	/** Where the link layer header starts, and the network header; helpers move them with the data. */
	mac?: number;
	network?: number;
	/** Of a socket buffer: an outer header was put around its own. */
	encapsulated: boolean;
	/** Of a socket buffer: checksums known to be right beyond the first; −1: not even that one (CHECKSUM_NONE). */
	checksum: number;
	/** Of a socket buffer: its flow's hash was computed or set, be it 0. */
	hashed: boolean;
	/** Writes the addresses back into the context after a helper moved them. */
	sync(): void;
}

/** XDP_PACKET_HEADROOM */
export const headroom = 256;
/** struct xdp_frame, at the headroom's start. */
export const frameSize = 40;
/** What a 4096-byte page leaves behind the data is for skb_shared_info. */
export const tailroom = 320;
/** BPF_SKB_MAX_LEN: four pages without skb_shared_info. */
export const largestPacket = 4 * 4096 - tailroom;

/** Bytes of an Ethernet header. */
export const ethernetHeader = 14;
export const etherType = { ipv4: 0x0800, ipv6: 0x86dd, vlan: 0x8100, serviceVlan: 0x88a8 } as const;

/** 16 bits in the other byte order: protocols stand in contexts as they do in packets. */
export const swapped = (half: number): number => ((half & 0xff) << 8) | ((half >>> 8) & 0xff);

/** The protocol of an Ethernet frame whose header ends there (eth_type_trans): a length stands for ETH_P_802_2, or ETH_P_802_3 with Novell's mark behind it. */
export function frameProtocol(view: DataView, headerEnd: number, dataEnd: number): number {
	const type = view.getUint16(headerEnd - 2);
	if (type >= 0x0600) return type;
	return headerEnd + 2 <= dataEnd && view.getUint16(headerEnd) === 0xffff ? 0x0001 : 0x0004;
}

/** Room in front of the data and behind it, at least, in bytes. */
export interface Room {
	readonly front: number;
	readonly behind: number;
}

/** A page. */
export const xdpRoom: Room = { front: headroom, behind: 4096 - headroom };
/** The kernel moves a socket buffer where it has room; here it has it from the start. */
export const skbRoom: Room = { front: largestPacket, behind: largestPacket };

/** A reusable buffer in front of which and behind which nothing else lies. */
export class PacketBuffer {
	readonly #memory: LinearMemory;
	readonly #room: Room;
	#start = 0;
	#size = 0;
	/** What runs have left in it. */
	#usedFrom = 0;
	#usedTo = 0;

	constructor(memory: LinearMemory, room: Room) {
		this.#memory = memory;
		this.#room = room;
	}

	/** Lays metadata and bytes into the buffer, the rest zero. The returned state still needs a context to sync with. */
	fill(bytes: Uint8Array, meta: Uint8Array): Omit<PacketState, "sync"> {
		const size = this.#room.front + Math.max(bytes.length + tailroom, this.#room.behind);
		if (size > this.#size) {
			if (this.#start !== 0) this.#memory.free(this.#start, 16);
			this.#start = this.#memory.alloc(size, 16, "packet");
			this.#size = size;
			this.#usedFrom = this.#start;
			this.#usedTo = this.#start + size;
		}
		const { u8 } = this.#memory;
		const data = this.#start + this.#room.front;
		u8.fill(0, this.#usedFrom, this.#usedTo);
		u8.set(meta, data - meta.length);
		u8.set(bytes, data);
		this.#usedFrom = data - meta.length;
		this.#usedTo = data + bytes.length;
		return {
			start: this.#start,
			end: this.#start + this.#size,
			meta: data - meta.length,
			data,
			dataEnd: data + bytes.length,
			encapsulated: false,
			checksum: -1,
			hashed: false,
		};
	}

	/** The packet now lies there: told by each `sync`. */
	holds({ meta, dataEnd }: Pick<PacketState, "meta" | "dataEnd">): void {
		this.#usedFrom = Math.min(this.#usedFrom, meta);
		this.#usedTo = Math.max(this.#usedTo, dataEnd);
	}
}
