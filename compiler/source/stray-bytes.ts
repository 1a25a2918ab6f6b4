import { isUtf8 } from "./characters.ts";

/**
 * Text of tokens, and bytes that are no UTF-8. In text each becomes half a surrogate pair, which no UTF-8 text has, so a literal keeps
 * its bytes as they are (as clang does), also when a macro puts it together.
 */
const STRAY = 0xdc00;
const decoder = new TextDecoder();
const encoder = new TextEncoder();

/** The byte that a code point of a token's text stands for; null: it is a code point of the source. */
export const strayByte = (point: number): number | null => (point >= STRAY + 0x80 && point <= STRAY + 0xff ? point - STRAY : null);

export function decodeToken(bytes: Uint8Array): string {
	const text = decoder.decode(bytes);
	if (!text.includes("\ufffd") || isUtf8(bytes)) return text;
	let kept = "";
	for (let at = 0; at < bytes.length; ) {
		const size = pointSize(bytes, at);
		kept += size === 0 ? String.fromCharCode(STRAY + bytes[at]) : decoder.decode(bytes.subarray(at, at + size));
		at += Math.max(size, 1);
	}
	return kept;
}

/** Bytes of the code point at `at`; 0: there is none. */
function pointSize(bytes: Uint8Array, at: number): number {
	for (let size = 1; size <= 4 && at + size <= bytes.length; size++) if (isUtf8(bytes.subarray(at, at + size))) return size;
	return 0;
}

export function encodeToken(text: string): Uint8Array {
	if (!/[\udc80-\udcff]/u.test(text)) return encoder.encode(text);
	const bytes: number[] = [];
	for (const point of text) {
		const stray = strayByte(point.codePointAt(0)!);
		if (stray === null) bytes.push(...encoder.encode(point));
		else bytes.push(stray);
	}
	return Uint8Array.from(bytes);
}
