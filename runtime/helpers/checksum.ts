/** Internet checksums (RFC 1071) as the kernel's csum_* functions compute them: 32-bit sums of 16-bit words, folded at the end. */

/** Sum of little-endian 16-bit words, carries kept: a __wsum. */
export function sumBytes(bytes: Uint8Array, seed: number): number {
	let sum = seed >>> 0;
	for (let i = 0; i < bytes.length; i += 2) {
		sum += bytes[i] | ((bytes[i + 1] ?? 0) << 8);
		if (sum > 0xffffffff) sum = (sum & 0xffffffff) + 1;
		sum = sum >>> 0;
	}
	return sum >>> 0;
}

export function add(a: number, b: number): number {
	const sum = (a >>> 0) + (b >>> 0);
	return sum > 0xffffffff ? (sum - 0xffffffff) >>> 0 : sum >>> 0;
}

/** To 16 bits, complemented: what stands in a header. */
export function fold(sum: number): number {
	let folded = (sum >>> 16) + (sum & 0xffff);
	folded = (folded >>> 16) + (folded & 0xffff);
	return ~folded & 0xffff;
}

/** New header checksum after a sum of old bytes was taken out and one of new bytes put in. */
export function replace(checksum: number, difference: number): number {
	return fold(add(~checksum & 0xffff, difference));
}
