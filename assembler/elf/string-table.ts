/**
 * The string table of an ELF file as LLVM makes it: a string that ends another one shares its bytes, and the order depends on the strings alone
 * (by their ends, backwards), not on who asked first.
 */
import { encodeUtf8, Writer } from "../bytes.ts";

export class TailMergedStrings {
	readonly bytes: Uint8Array;
	private readonly offsets = new Map<string, number>();

	constructor(texts: Iterable<string>) {
		const unique = [...new Set(texts)].filter((text) => text !== "");
		const encoded = unique.map((text) => ({ text, bytes: encodeUtf8(text) }));
		encoded.sort((a, b) => fromBehind(a.bytes, b.bytes));
		const out = new Writer(true);
		out.u8(0);
		let last: Uint8Array = new Uint8Array(0);
		for (const { text, bytes } of encoded) {
			const end = out.length - 1;
			if (endsWith(last, bytes)) {
				this.offsets.set(text, end - bytes.length);
				continue;
			}
			this.offsets.set(text, out.length);
			out.put(bytes);
			out.u8(0);
			last = bytes;
		}
		this.bytes = out.bytes();
	}

	at(text: string): number {
		return this.offsets.get(text) ?? 0;
	}
}

/** Greater last bytes first; of two that end alike the longer one first. */
function fromBehind(a: Uint8Array, b: Uint8Array): number {
	for (let i = 1; i <= a.length && i <= b.length; i++) {
		const [x, y] = [a[a.length - i], b[b.length - i]];
		if (x !== y) return y - x;
	}
	return b.length - a.length;
}

function endsWith(whole: Uint8Array, end: Uint8Array): boolean {
	if (end.length > whole.length) return false;
	for (let i = 1; i <= end.length; i++) if (whole[whole.length - i] !== end[end.length - i]) return false;
	return true;
}
