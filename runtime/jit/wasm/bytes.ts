/** Bytes as WebAssembly's binary format writes them: single ones, LEB128 numbers, names. */

export class ByteWriter {
	bytes: Uint8Array;
	length = 0;

	constructor(capacity = 1024) {
		this.bytes = new Uint8Array(capacity);
	}

	byte(value: number): void {
		if (this.length === this.bytes.length) this.#grow(1);
		this.bytes[this.length++] = value;
	}

	/** Unsigned LEB128, below 2^32. */
	u32(value: number): void {
		value >>>= 0;
		while (value > 0x7f) {
			this.byte((value & 0x7f) | 0x80);
			value >>>= 7;
		}
		this.byte(value);
	}

	/** Signed LEB128 of an int32. */
	s32(value: number): void {
		for (;;) {
			const low = value & 0x7f;
			value >>= 7;
			if ((value === 0 && (low & 0x40) === 0) || (value === -1 && (low & 0x40) !== 0)) return this.byte(low);
			this.byte(low | 0x80);
		}
	}

	/** Signed LEB128 of the 64-bit number with these words. */
	s64(low: number, high: number): void {
		for (;;) {
			const seven = low & 0x7f;
			low = (low >>> 7) | (high << 25);
			high >>= 7;
			if ((low === 0 && high === 0 && (seven & 0x40) === 0) || (low === -1 && high === -1 && (seven & 0x40) !== 0)) return this.byte(seven);
			this.byte(seven | 0x80);
		}
	}

	append(other: Uint8Array): void {
		if (this.length + other.length > this.bytes.length) this.#grow(other.length);
		this.bytes.set(other, this.length);
		this.length += other.length;
	}

	/** ASCII only: all names here are ours. */
	name(text: string): void {
		this.u32(text.length);
		for (let i = 0; i < text.length; i++) this.byte(text.charCodeAt(i));
	}

	written(): Uint8Array {
		return this.bytes.subarray(0, this.length);
	}

	#grow(by: number): void {
		const larger = new Uint8Array(Math.max(this.bytes.length * 2, this.length + by));
		larger.set(this.written());
		this.bytes = larger;
	}
}
