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
	/** Writes the addresses back into the context after a helper moved them. */
	sync(): void;
}

/** XDP_PACKET_HEADROOM; sk_buffs get as much. */
export const headroom = 256;
/** What a 4096-byte page leaves behind the data is for skb_shared_info. */
export const tailroom = 320;

/** A reusable buffer in front of which and behind which nothing else lies. */
export class PacketBuffer {
	readonly #memory: LinearMemory;
	#start = 0;
	#size = 0;

	constructor(memory: LinearMemory) {
		this.#memory = memory;
	}

	/** Lays metadata and bytes into the buffer, the rest zero. The returned state still needs a context to sync with. */
	fill(bytes: Uint8Array, meta: Uint8Array): Omit<PacketState, "sync"> {
		const size = headroom + Math.max(bytes.length + tailroom, 4096 - headroom);
		if (size > this.#size) {
			if (this.#start !== 0) this.#memory.free(this.#start, 16);
			this.#start = this.#memory.alloc(size, 16, "packet");
			this.#size = size;
		}
		const { u8 } = this.#memory;
		const data = this.#start + headroom;
		u8.fill(0, this.#start, this.#start + this.#size);
		u8.set(meta, data - meta.length);
		u8.set(bytes, data);
		return { start: this.#start, end: this.#start + this.#size, meta: data - meta.length, data, dataEnd: data + bytes.length };
	}
}
