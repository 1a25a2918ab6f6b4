/** CRC-32C (Castagnoli; RFC 3720, appendix B.4): WiredTiger's page checksum and the write-ahead log's. */
const table = new Uint32Array(256).map((_, n) => {
	for (let bit = 0; bit < 8; bit++) n = n & 1 ? (n >>> 1) ^ 0x82f63b78 : n >>> 1;
	return n;
});

/** @param crc what the bytes before gave, for a checksum in parts */
export function crc32c(bytes: Uint8Array, crc = 0): number {
	crc = ~crc;
	for (let i = 0; i < bytes.length; i++) crc = table[(crc ^ bytes[i]) & 0xff] ^ (crc >>> 8);
	return ~crc >>> 0;
}
