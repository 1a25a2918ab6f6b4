/** A set of whole numbers from 0 on, a bit each. Memory is taken where numbers lie: 64 KB for each 524,288 of them. */
export class Bitmap {
	readonly #chunks = new Map<number, Uint8Array>();

	has(number: number): boolean {
		const chunk = this.#chunks.get(Math.floor(number / BITS));
		const bit = number % BITS;
		return chunk !== undefined && (chunk[bit >> 3] & (1 << (bit & 7))) !== 0;
	}

	/** False: it was there already. */
	add(number: number): boolean {
		const at = Math.floor(number / BITS);
		let chunk = this.#chunks.get(at);
		if (chunk === undefined) this.#chunks.set(at, (chunk = new Uint8Array(BITS / 8)));
		const bit = number % BITS;
		const mask = 1 << (bit & 7);
		if ((chunk[bit >> 3] & mask) !== 0) return false;
		chunk[bit >> 3] |= mask;
		return true;
	}
}

const BITS = 2 ** 19;
