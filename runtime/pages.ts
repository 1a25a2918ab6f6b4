/**
 * What a linear memory lies in: WebAssembly's where there is WebAssembly, and otherwise (`node --jitless`, browsers in a locked-down mode)
 * a plain buffer, which is copied when it grows.
 */

export const PAGE = 65536;

export interface Pages {
	/** Another object after each `grow`. */
	readonly buffer: ArrayBufferLike;
	/** What Wasm modules import; null: there is no WebAssembly. */
	readonly wasm: WebAssembly.Memory | null;
	/** @throws RangeError: there is no more */
	grow(pages: number): void;
}

/** `shared`: over a SharedArrayBuffer. */
export function createPages(initial: number, maximum: number, shared: boolean): Pages {
	return typeof WebAssembly === "object" ? new WasmPages(initial, maximum, shared) : new PlainPages(initial, maximum, shared);
}

class WasmPages implements Pages {
	readonly wasm: WebAssembly.Memory;

	constructor(initial: number, maximum: number, shared: boolean) {
		this.wasm = new WebAssembly.Memory({ initial, maximum, shared });
	}

	get buffer(): ArrayBufferLike {
		return this.wasm.buffer;
	}

	grow(pages: number): void {
		this.wasm.grow(pages);
	}
}

export class PlainPages implements Pages {
	readonly wasm = null;
	buffer: ArrayBufferLike;
	readonly #maximum: number;

	constructor(initial: number, maximum: number, shared: boolean) {
		this.buffer = shared ? new SharedArrayBuffer(initial * PAGE) : new ArrayBuffer(initial * PAGE);
		this.#maximum = maximum * PAGE;
	}

	grow(pages: number): void {
		const size = this.buffer.byteLength + pages * PAGE;
		if (size > this.#maximum || this.buffer instanceof SharedArrayBuffer)
			throw new RangeError("a plain buffer that is shared, or has its full size, does not grow");
		const grown = new ArrayBuffer(size);
		new Uint8Array(grown).set(new Uint8Array(this.buffer));
		this.buffer = grown;
	}
}
