/**
 * One linear memory for everything that a program can reach: stack, context, packet, map values, XRP's data and scratch pages.
 * A pointer is an offset in it, zero-extended to 64 bits; JIT'd JavaScript, Wasm, the interpreter, helpers and user code see the same bytes.
 *
 *     0x00000  null guard    nothing lives here: NULL plus any small offset is a fault. Callback handles are numbers below 0x10000.
 *     0x10000  exchange      high words of 64-bit helper arguments and results (`exchange` below); reserved for the engines
 *     0x11000  guard
 *     0x12000  stack         8 frames of 512 bytes; r10 of the main program is 0x13000, of the frame it calls 0x12e00, …
 *     0x13000  guard
 *     0x14000  heap          regions handed out by `alloc`, at least 16 bytes apart
 *
 * It grows only between runs, never while a program runs: resizable buffers cost an order of magnitude per access, and views
 * that never change are constants to V8. `grow` replaces the views; whoever keeps some registers with `onGrow`.
 */
import { createPages, PAGE, type Pages } from "./pages.ts";

/** Addresses that engines may compile in as constants. */
export const layout = {
	nullGuard: 0x10000,
	exchange: 0x10000,
	stackBase: 0x12000,
	stackTop: 0x13000,
	frameSize: 512,
	frames: 8,
	heap: 0x14000,
	/** No memory is smaller. */
	least: 0x20000,
} as const;

/** Words of the exchange area: `args + 4 * (k - 1)` holds the high word of argument k, `result` that of r0. */
export const exchange = {
	args: layout.exchange,
	result: layout.exchange + 20,
	/** Stack top for the next program entry, when it is not the first frame (tail calls from subprograms). */
	frame: layout.exchange + 24,
	/** Tail calls made by the run under way. */
	tailCalls: layout.exchange + 28,
	/** Number of the current CPU, for inlined per-CPU lookups. */
	cpu: layout.exchange + 32,
	/** The count of `LinearMemory.generation`, for generated code. */
	generation: layout.exchange + 36,
	/** Free for the engines: 0x10040–0x10fff. */
	engine: layout.exchange + 0x40,
} as const;

const GAP = 16;

/** Bytes that programs may access. */
export interface Region {
	readonly start: number;
	readonly size: number;
	readonly name: string;
	readonly writable: boolean;
}

export interface MemoryOptions {
	/** Bytes to start with; rounded up to 64 KiB pages. Untouched pages cost no physical memory. */
	readonly initial?: number;
	/** Bytes that it may grow to; at most 4 GiB. */
	readonly maximum?: number;
	/** Over a SharedArrayBuffer, so that another thread sees it too: XRP's workers. Wasm modules must then import it as shared. */
	readonly shared?: boolean;
}

/** `u8`, `i32` and `view` are three views of the same bytes. */
export class LinearMemory {
	readonly #pages: Pages;
	/** Over a SharedArrayBuffer. */
	readonly shared: boolean;
	u8!: Uint8Array;
	i32!: Int32Array;
	view!: DataView;
	/** Sorted by start. Freed regions leave the list; their space is reused for the same size. */
	readonly regions: Region[] = [];
	/** Changes whenever `regions` does: what was learned about regions before is then stale. */
	generation = 0;
	#next: number = layout.heap;
	readonly #free = new Map<string, number[]>();
	readonly #listeners = new Set<() => void>();
	#owners: { readonly owner: WeakRef<object>; readonly tell: (owner: object) => void }[] = [];
	#crowd = 64;
	#locked = 0;

	constructor(options: MemoryOptions = {}) {
		const initial = Math.ceil(Math.max(options.initial ?? 4 * 1024 * 1024, layout.least) / PAGE);
		const maximum = Math.min(65536, Math.max(initial, Math.ceil((options.maximum ?? 2 ** 32) / PAGE)));
		this.shared = options.shared ?? false;
		this.#pages = createPages(initial, maximum, this.shared);
		this.#refresh();
		this.regions.push({ start: layout.stackBase, size: layout.stackTop - layout.stackBase, name: "stack", writable: true });
	}

	/** What Wasm modules import; null where there is no WebAssembly. */
	get wasm(): WebAssembly.Memory | null {
		return this.#pages.wasm;
	}

	/** The views' buffer. A new object after each `grow`. */
	get buffer(): ArrayBuffer {
		return this.u8.buffer as ArrayBuffer;
	}

	get size(): number {
		return this.u8.length;
	}

	/**
	 * Hands out `size` zeroed bytes. Inside a run it takes only what the memory already has and returns 0 when that is used up,
	 * as the kernel's allocators do in atomic context.
	 */
	alloc(size: number, align = 8, name = "memory", writable = true): number {
		const key = `${size}/${align}`;
		const reused = this.#free.get(key)?.pop();
		let start = reused;
		if (start === undefined) {
			start = Math.ceil(this.#next / align) * align;
			const end = start + size + GAP;
			if (end > 2 ** 32) return 0;
			if (end > this.size && !this.#growTo(end)) return 0;
			this.#next = end;
		} else {
			this.u8.fill(0, start, start + size);
		}
		this.#insert({ start, size, name, writable });
		return start;
	}

	/** Makes sure that `bytes` more can be allocated without growing: what a run may need. */
	reserve(bytes: number): boolean {
		const end = this.#next + bytes + GAP;
		return end <= this.size || this.#growTo(end);
	}

	/** Gives back what `alloc` gave. */
	free(start: number, align = 8): void {
		const at = this.#find(start);
		const region = this.regions[at];
		if (region === undefined || region.start !== start) return;
		this.regions.splice(at, 1);
		this.#regionsChanged();
		const key = `${region.size}/${align}`;
		const list = this.#free.get(key);
		if (list === undefined) this.#free.set(key, [start]);
		else list.push(start);
	}

	/** The region that holds all of [address, address + size); undefined: none does, the access is a fault. */
	region(address: number, size: number): Region | undefined {
		const region = this.regions[this.#find(address)];
		if (region === undefined || address < region.start || address + size > region.start + region.size) return undefined;
		return region;
	}

	/** Calls back after the views were replaced. Returns the way out. */
	onGrow(listener: () => void): () => void {
		this.#listeners.add(listener);
		return () => this.#listeners.delete(listener);
	}

	/** The same for something that may be dropped without a word: `owner` is held weakly, and `listener` must not hold it at all. */
	onGrowOf<T extends object>(owner: T, listener: (owner: T) => void): void {
		if (this.#owners.length >= this.#crowd) {
			this.#owners = this.#owners.filter((one) => one.owner.deref() !== undefined);
			this.#crowd = 2 * this.#owners.length + 64;
		}
		this.#owners.push({ owner: new WeakRef<object>(owner), tell: listener as (owner: object) => void });
	}

	/** Brackets a run: no growth until the matching `unlock`. */
	lock(): void {
		this.#locked++;
	}

	/** The run that `lock` began is over. */
	unlock(): void {
		this.#locked--;
	}

	/** Bytes up to the first NUL, at most `max`, as text. */
	string(address: number, max = 4096): string {
		const limit = Math.min(address + max, this.size);
		let end = address;
		while (end < limit && this.u8[end] !== 0) end++;
		return new TextDecoder().decode(this.u8.slice(address, end));
	}

	#growTo(end: number): boolean {
		if (this.#locked > 0) return false;
		// Half as much again, so that many small allocations do not each replace the views.
		const wanted = Math.max(end, Math.min(2 ** 32, this.size * 1.5));
		const pages = Math.ceil((wanted - this.size) / PAGE);
		try {
			this.#pages.grow(pages);
		} catch {
			try {
				this.#pages.grow(Math.ceil((end - this.size) / PAGE));
			} catch {
				return false;
			}
		}
		this.#refresh();
		for (const listener of this.#listeners) listener();
		for (const { owner, tell } of this.#owners) {
			const alive = owner.deref();
			if (alive !== undefined) tell(alive);
		}
		return true;
	}

	#refresh(): void {
		const { buffer } = this.#pages;
		this.u8 = new Uint8Array(buffer);
		this.i32 = new Int32Array(buffer);
		this.view = new DataView(buffer);
	}

	#regionsChanged(): void {
		this.i32[exchange.generation >> 2] = ++this.generation;
	}

	#insert(region: Region): void {
		this.#regionsChanged();
		const last = this.regions[this.regions.length - 1];
		if (last === undefined || last.start < region.start) this.regions.push(region);
		else this.regions.splice(this.#find(region.start) + 1, 0, region);
	}

	/** Index of the last region that starts at or before the address; −1: none. */
	#find(address: number): number {
		let low = 0;
		let high = this.regions.length;
		while (low < high) {
			const middle = (low + high) >>> 1;
			if (this.regions[middle].start <= address) low = middle + 1;
			else high = middle;
		}
		return low - 1;
	}
}
