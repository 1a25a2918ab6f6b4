/**
 * A remote object as a device: blocks by HTTP range requests (RFC 9110, section 14). Reads that are asked for in one turn
 * and lie close together share a request. The object's ETag stands for its mapping: another one makes a new version, and
 * a chain that has seen blocks of both is aborted. What may pass (a lost connection, a body cut short, 408, 425, 429 and
 * 5xx) is tried again; everything else fails with the status in its message.
 */
import type { BlockDevice } from "./device.ts";

/** How to ask, and how often. */
export interface HttpDeviceOptions {
	readonly fetch?: typeof fetch;
	/** Sent with every request. */
	readonly headers?: Readonly<Record<string, string>>;
	/** Further attempts after a failed one (3). */
	readonly retries?: number;
	/** Waits before attempt 1, 2, …; by default 50 ms, doubled each time. */
	readonly delay?: (attempt: number) => Promise<void>;
	/** Bytes between two reads that are fetched rather than asked around (4096). */
	readonly coalesceGap?: number;
	/** Bytes that one request fetches at most (1 MiB). */
	readonly maxRequest?: number;
}

/** Sums since the device was opened. */
export interface HttpStatistics {
	/** Including those that failed. */
	readonly requests: number;
	readonly retries: number;
	/** Reads that were asked of the device. */
	readonly reads: number;
	/** Bytes in answers. */
	readonly bytes: number;
}

/** A remote object; `readSync` throws. */
export interface HttpDevice extends BlockDevice {
	readonly url: string;
	readonly statistics: HttpStatistics;
	/** Asks for the object's size and ETag now. */
	refresh(): Promise<void>;
}

interface Waiting {
	readonly into: Uint8Array;
	readonly at: number;
	readonly length: number;
	readonly offset: number;
	readonly resolve: (got: number) => void;
	readonly reject: (error: unknown) => void;
}

interface Part {
	readonly bytes: Uint8Array;
	/** Of the whole object. */
	readonly size: number;
	readonly tag: string;
}

const TRANSIENT = new Set([408, 425, 429, 500, 502, 503, 504]);

/** What went wrong on the way, with the code that a device's failures carry. */
class HttpFailure extends Error {
	readonly code = "EIO";
	readonly transient: boolean;

	constructor(message: string, transient: boolean) {
		super(message);
		this.transient = transient;
	}
}

/**
 * Asks for the object's size and ETag, and opens it for reading.
 * @throws when the object cannot be reached, or its server does not serve ranges
 */
export async function openHttpDevice(url: string, options: HttpDeviceOptions = {}): Promise<HttpDevice> {
	const device = new RangeDevice(url, options);
	await device.refresh();
	return device;
}

class RangeDevice implements HttpDevice {
	readonly url: string;
	readonly #options: HttpDeviceOptions;
	readonly #count = { requests: 0, retries: 0, reads: 0, bytes: 0 };
	readonly #closed = new AbortController();
	/** What the last answer said of the object. */
	#known: Part | null = null;
	#version = 0;
	#waiting: Waiting[] = [];

	constructor(url: string, options: HttpDeviceOptions) {
		this.url = url;
		this.#options = options;
	}

	get size(): number {
		return this.#known?.size ?? 0;
	}

	get version(): number {
		return this.#version;
	}

	get statistics(): HttpDevice["statistics"] {
		return { ...this.#count };
	}

	async refresh(): Promise<void> {
		await this.#fetchPart(0, 1);
	}

	readSync(): never {
		throw Object.assign(new Error("a remote object cannot be read synchronously"), { code: "ENOTSUP" });
	}

	read(into: Uint8Array, at: number, length: number, offset: number): Promise<number> {
		return new Promise((resolve, reject) => {
			this.#count.reads++;
			if (this.#waiting.length === 0) queueMicrotask(() => this.#flush());
			this.#waiting.push({ into, at, length, offset, resolve, reject });
		});
	}

	close(): void {
		this.#closed.abort();
	}

	/** Reads that lie close together are one request. */
	#flush(): void {
		const gap = this.#options.coalesceGap ?? 4096;
		const maxRequest = this.#options.maxRequest ?? 1 << 20;
		const all = this.#waiting.sort((a, b) => a.offset - b.offset);
		this.#waiting = [];
		for (let i = 0; i < all.length; ) {
			const from = all[i].offset;
			let to = from + all[i].length;
			let end = i + 1;
			for (; end < all.length && all[end].offset <= to + gap && Math.max(to, all[end].offset + all[end].length) - from <= maxRequest; end++)
				to = Math.max(to, all[end].offset + all[end].length);
			void this.#serve(all.slice(i, end), from, to);
			i = end;
		}
	}

	async #serve(group: readonly Waiting[], from: number, to: number): Promise<void> {
		try {
			const { bytes } = await this.#fetchPart(from, to);
			for (const { into, at, length, offset, resolve } of group) {
				const part = bytes.subarray(offset - from, offset - from + length);
				into.set(part, at);
				resolve(part.length);
			}
		} catch (error) {
			for (const { reject } of group) reject(error);
		}
	}

	/** As often as it takes, or as the options allow. */
	async #fetchPart(from: number, to: number): Promise<Part> {
		const retries = this.#options.retries ?? 3;
		const delay = this.#options.delay ?? ((attempt: number) => new Promise<void>((resolve) => setTimeout(resolve, 50 * 2 ** attempt)));
		for (let tries = 0; ; tries++) {
			try {
				const part = await this.#attempt(from, to);
				if (this.#known !== null && (part.tag !== this.#known.tag || part.size !== this.#known.size)) this.#version++;
				this.#known = part;
				return part;
			} catch (error) {
				if (!(error instanceof HttpFailure) || !error.transient || tries >= retries) throw error;
				this.#count.retries++;
				await delay(tries + 1);
			}
		}
	}

	async #attempt(from: number, to: number): Promise<Part> {
		const { url } = this;
		this.#count.requests++;
		const { response, bytes } = await this.#request(from, to);
		this.#count.bytes += bytes.length;
		const range = response.headers.get("content-range") ?? "";
		const tag = response.headers.get("etag") ?? response.headers.get("last-modified") ?? "";
		if (response.status === 416) {
			const size = /^bytes \*\/(\d+)$/.exec(range);
			if (size) return { bytes, size: Number(size[1]), tag };
		}
		if (response.status === 200) throw new HttpFailure(`${url}: the server does not serve ranges`, false);
		if (response.status !== 206) throw new HttpFailure(`${url}: HTTP status ${response.status}`, TRANSIENT.has(response.status));
		const parts = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(range);
		if (!parts || Number(parts[1]) !== from)
			throw new HttpFailure(`${url}: asked for bytes ${from} to ${to}, got the range "${range}"`, false);
		const size = Number(parts[3]);
		const wanted = Math.min(to, size) - from;
		if (bytes.length !== wanted) throw new HttpFailure(`${url}: ${bytes.length} of ${wanted} bytes came`, true);
		return { bytes, size, tag };
	}

	async #request(from: number, to: number): Promise<{ response: Response; bytes: Uint8Array }> {
		try {
			const headers = { ...this.#options.headers, range: `bytes=${from}-${to - 1}` };
			const response = await (this.#options.fetch ?? fetch)(this.url, { headers, signal: this.#closed.signal });
			// Not even a body that nobody wants may keep the connection.
			if (response.status !== 206) await response.body?.cancel();
			return { response, bytes: response.status === 206 ? new Uint8Array(await response.arrayBuffer()) : new Uint8Array(0) };
		} catch (error) {
			if (this.#closed.signal.aborted) throw new HttpFailure("the device is closed", false);
			const { message, cause } = error as Error;
			throw new HttpFailure(`${this.url}: ${cause instanceof Error ? cause.message : message}`, true);
		}
	}
}
