/** Where in a function's code the code of each instruction slot begins: traps are explained by it. */
export class Marks {
	#at: Int32Array;
	#slots: Int32Array;
	#length = 0;

	/** `expected`: about as many marks; there may be more. */
	constructor(expected: number) {
		this.#at = new Int32Array(expected + 16);
		this.#slots = new Int32Array(expected + 16);
	}

	/** In rising order of places. */
	add(at: number, slot: number): void {
		if (this.#length === this.#at.length) {
			this.#at = grown(this.#at);
			this.#slots = grown(this.#slots);
		}
		this.#at[this.#length] = at;
		this.#slots[this.#length++] = slot;
	}

	/** The slot whose code holds the place; −1: the place is before all of them. */
	slotAt(place: number): number {
		let low = 0;
		let high = this.#length;
		while (low < high) {
			const middle = (low + high) >>> 1;
			if (this.#at[middle] <= place) low = middle + 1;
			else high = middle;
		}
		return low === 0 ? -1 : this.#slots[low - 1];
	}
}

function grown(list: Int32Array): Int32Array {
	const longer = new Int32Array(list.length * 2);
	longer.set(list);
	return longer;
}
