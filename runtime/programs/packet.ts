/**
 * A packet in linear memory with room in front and behind, as xdp_buff and sk_buff have it:
 *
 *     start │ headroom │ meta │ data … │ tailroom │ end
 *
 * Context fields (xdp_md.data, __sk_buff.data_end, …) hold the same offsets, 32 bits wide: a program that loads one has a pointer.
 */
export interface PacketState {
	/** Of the whole buffer. */
	readonly start: number;
	readonly end: number;
	meta: number;
	data: number;
	dataEnd: number;
	/** Writes the three addresses back into the context after a helper moved them. */
	sync(): void;
}
