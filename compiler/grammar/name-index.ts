/** Which chunks of a file declare a name: what the index of a large header is kept in. */

/** Name number → chunks, newest first, as a linked list in two arrays. */
export class NameIndex {
	#head: Int32Array;
	#chunk = new Int32Array(1 << 12);
	#next = new Int32Array(1 << 12);
	/** 1: the chunk defines the tag (it has a body there). */
	#defines = new Uint8Array(1 << 12);
	#count = 1;

	constructor(names: number) {
		this.#head = new Int32Array(names);
	}

	add(name: number, chunk: number, defines: boolean): void {
		const head = this.#head[name];
		if (head !== 0 && this.#chunk[head] === chunk) {
			if (defines) this.#defines[head] = 1;
			return;
		}
		if (this.#count === this.#chunk.length) {
			const length = this.#count * 4;
			this.#chunk = copied(this.#chunk, new Int32Array(length));
			this.#next = copied(this.#next, new Int32Array(length));
			this.#defines = copied(this.#defines, new Uint8Array(length));
		}
		const at = this.#count++;
		this.#chunk[at] = chunk;
		this.#defines[at] = defines ? 1 : 0;
		this.#next[at] = head;
		this.#head[name] = at;
	}

	has(name: number): boolean {
		return name < this.#head.length && this.#head[name] !== 0;
	}

	/** In source order. */
	chunks(name: number): { readonly chunk: number; readonly defines: boolean }[] {
		const out: { chunk: number; defines: boolean }[] = [];
		for (let at = name < this.#head.length ? this.#head[name] : 0; at !== 0; at = this.#next[at])
			out.push({ chunk: this.#chunk[at], defines: this.#defines[at] === 1 });
		return out.reverse();
	}

	*names(): Iterable<number> {
		for (let name = 0; name < this.#head.length; name++) if (this.#head[name] !== 0) yield name;
	}
}

function copied<T extends Int32Array | Uint8Array>(from: T, to: T): T {
	to.set(from);
	return to;
}
