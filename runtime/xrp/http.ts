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
	const send = options.fetch ?? fetch;
	const retries = options.retries ?? 3;
	const delay = options.delay ?? ((attempt: number) => new Promise<void>((resolve) => setTimeout(resolve, 50 * 2 ** attempt)));
	const gap = options.coalesceGap ?? 4096;
	const maxRequest = options.maxRequest ?? 1 << 20;
	const count = { requests: 0, retries: 0, reads: 0, bytes: 0 };
	const closed = new AbortController();
	let known: Part | null = null;
	let version = 0;
	let waiting: Waiting[] = [];

	const attempt = async (from: number, to: number): Promise<Part> => {
		count.requests++;
		let response: Response;
		let bytes: Uint8Array;
		try {
			response = await send(url, { headers: { ...options.headers, range: `bytes=${from}-${to - 1}` }, signal: closed.signal });
			// Not even a body that nobody wants may keep the connection.
			if (response.status !== 206) await response.body?.cancel();
			bytes = response.status === 206 ? new Uint8Array(await response.arrayBuffer()) : new Uint8Array(0);
		} catch (error) {
			if (closed.signal.aborted) throw new HttpFailure("the device is closed", false);
			const { message, cause } = error as Error;
			throw new HttpFailure(`${url}: ${cause instanceof Error ? cause.message : message}`, true);
		}
		count.bytes += bytes.length;
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
	};

	const fetchPart = async (from: number, to: number): Promise<Part> => {
		for (let tries = 0; ; tries++) {
			try {
				const part = await attempt(from, to);
				if (known !== null && (part.tag !== known.tag || part.size !== known.size)) version++;
				known = part;
				return part;
			} catch (error) {
				if (!(error instanceof HttpFailure) || !error.transient || tries >= retries) throw error;
				count.retries++;
				await delay(tries + 1);
			}
		}
	};

	/** One request for reads that lie close together. */
	const serve = async (group: readonly Waiting[], from: number, to: number): Promise<void> => {
		try {
			const { bytes } = await fetchPart(from, to);
			for (const { into, at, length, offset, resolve } of group) {
				const part = bytes.subarray(offset - from, offset - from + length);
				into.set(part, at);
				resolve(part.length);
			}
		} catch (error) {
			for (const { reject } of group) reject(error);
		}
	};

	const flush = (): void => {
		const all = waiting.sort((a, b) => a.offset - b.offset);
		waiting = [];
		for (let i = 0; i < all.length; ) {
			const from = all[i].offset;
			let to = from + all[i].length;
			let end = i + 1;
			for (; end < all.length && all[end].offset <= to + gap && Math.max(to, all[end].offset + all[end].length) - from <= maxRequest; end++)
				to = Math.max(to, all[end].offset + all[end].length);
			void serve(all.slice(i, end), from, to);
			i = end;
		}
	};

	await fetchPart(0, 1);
	return {
		url,
		get size() {
			return known?.size ?? 0;
		},
		get version() {
			return version;
		},
		get statistics() {
			return { ...count };
		},
		refresh: async () => void (await fetchPart(0, 1)),
		readSync() {
			throw Object.assign(new Error("a remote object cannot be read synchronously"), { code: "ENOTSUP" });
		},
		read: (into, at, length, offset) =>
			new Promise((resolve, reject) => {
				count.reads++;
				if (waiting.length === 0) queueMicrotask(flush);
				waiting.push({ into, at, length, offset, resolve, reject });
			}),
		close: () => closed.abort(),
	};
}
