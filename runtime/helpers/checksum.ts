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

/** New header checksum by a difference of sums (csum_replace_by_diff). Zero has two forms in such sums, and which one comes out depends on the order. */
export function replace(checksum: number, difference: number): number {
	return fold(add(difference, ~checksum));
}

/** New header checksum after the word `from` became `to` (csum_replace4). */
export function replaceWord(checksum: number, from: number, to: number): number {
	return fold(add(add(~checksum, ~from), to));
}

/** The same of 16-bit words, whose sums have 16 bits (csum_replace2). */
export function replaceHalf(checksum: number, from: number, to: number): number {
	return ~addHalves(addHalves(~checksum & 0xffff, ~from & 0xffff), to & 0xffff) & 0xffff;
}

export function addHalves(a: number, b: number): number {
	const sum = a + b;
	return (sum & 0xffff) + (sum >>> 16);
}
