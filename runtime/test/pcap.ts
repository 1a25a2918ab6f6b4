/** Packets of a capture file: pcap (both byte orders, micro- and nanoseconds) and pcapng's packet blocks. In: the file's bytes. */
export interface CapturedPacket {
	readonly data: Uint8Array;
	/** Nanoseconds since 1970. */
	readonly time: bigint;
	/** Bytes on the wire; more than `data` when the capture was cut. */
	readonly length: number;
}

/** By the first word, read little-endian: byte order, and nanoseconds in a unit of the fraction. */
const formats: ReadonlyMap<number, readonly [little: boolean, unit: bigint]> = new Map([
	[0xa1b2c3d4, [true, 1000n]],
	[0xd4c3b2a1, [false, 1000n]],
	[0xa1b23c4d, [true, 1n]],
	[0x4d3cb2a1, [false, 1n]],
]);

/**
 * The packets in the file's order.
 * @throws RangeError naming the offset of what is cut off or unknown
 */
export function readPcap(bytes: Uint8Array): CapturedPacket[] {
	if (bytes.length < 4) throw new RangeError("the capture file is empty");
	const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
	const magic = view.getUint32(0, true);
	if (magic === 0x0a0d0d0a) return readBlocks(bytes, view);
	const format = formats.get(magic);
	if (format === undefined) throw new RangeError(`not a capture file: it begins with 0x${magic.toString(16)}`);
	const [little, unit] = format;
	const packets: CapturedPacket[] = [];
	for (let at = 24; at < bytes.length; ) {
		if (at + 16 > bytes.length) throw new RangeError(`the record at offset ${at} is cut off`);
		const captured = view.getUint32(at + 8, little);
		if (at + 16 + captured > bytes.length) throw new RangeError(`the packet at offset ${at} is cut off`);
		packets.push({
			time: BigInt(view.getUint32(at, little)) * 1_000_000_000n + BigInt(view.getUint32(at + 4, little)) * unit,
			length: view.getUint32(at + 12, little),
			data: bytes.slice(at + 16, at + 16 + captured),
		});
		at += 16 + captured;
	}
	return packets;
}

/** pcapng: section header blocks give the byte order, enhanced packet blocks (6) and simple ones (3) the packets. */
function readBlocks(bytes: Uint8Array, view: DataView): CapturedPacket[] {
	const packets: CapturedPacket[] = [];
	let little = true;
	for (let at = 0; at + 12 <= bytes.length; ) {
		const isHeader = view.getUint32(at, true) === 0x0a0d0d0a;
		if (isHeader) little = view.getUint32(at + 8, true) === 0x1a2b3c4d;
		const type = view.getUint32(at, little);
		const length = view.getUint32(at + 4, little);
		if (length < 12 || at + length > bytes.length) throw new RangeError(`the block at offset ${at} is cut off`);
		if (type === 6) {
			const captured = view.getUint32(at + 20, little);
			const micros = (BigInt(view.getUint32(at + 12, little)) << 32n) | BigInt(view.getUint32(at + 16, little));
			packets.push({ time: micros * 1000n, length: view.getUint32(at + 24, little), data: bytes.slice(at + 28, at + 28 + captured) });
		} else if (type === 3) {
			const original = view.getUint32(at + 8, little);
			packets.push({ time: 0n, length: original, data: bytes.slice(at + 12, at + 12 + Math.min(original, length - 16)) });
		}
		at += length;
	}
	return packets;
}
