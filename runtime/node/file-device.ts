/** A file or block device of Node as the block device that an XRP chain reads. */
import { type BigIntStats, closeSync, constants, fstatSync, openSync, read, readFileSync } from "node:fs";
// Not the global one, which is an accessor: a chain of a few microseconds looks at the clock once.
import { performance } from "node:perf_hooks";
import { VALIDATE_EVERY } from "../xrp/chain.ts";
import type { BlockDevice } from "../xrp/device.ts";
import { bareRead } from "./bare-read.ts";

const preadSync = bareRead();
const CLOSED = -1;

/** An open file; `close` it. */
export interface FileDevice extends BlockDevice {
	readonly fd: number;
	readonly path: string;
	/** Looks at the file's metadata now. */
	refresh(): void;
}

/** How to read, and how often to look whether the file is still the same. */
export interface FileDeviceOptions {
	/** Bypass the page cache (O_DIRECT) where the file system can: reads then go to page-aligned memory. */
	readonly direct?: boolean;
	/**
	 * Milliseconds between two looks at the file's metadata while chains run (1). A look costs as much as a read does;
	 * 0 takes one before and after every read, Infinity none. Fewer than 16 reads of a chain are taken for less than
	 * this, except with `direct`.
	 */
	readonly validateEvery?: number;
}

/**
 * Opens `path` for reading; its owner's reads, and root's, leave its access time alone.
 * A new size or number of allocated blocks makes a new version, as a changed extent does in the kernel's metadata digest.
 * @throws the file system's error: ENOENT, EACCES, EISDIR, …
 */
export function openFileDevice(path: string, options: FileDeviceOptions = {}): FileDevice {
	const fd = openToRead(path, options.direct ? (constants.O_DIRECT ?? 0) : 0);
	const stat = fstatSync(fd, { bigint: true });
	if (stat.isDirectory()) {
		closeSync(fd);
		throw Object.assign(new Error(`EISDIR: ${path} is a directory`), { code: "EISDIR" });
	}
	return new OpenFile(fd, path, stat, options);
}

/**
 * Without access times where they may be left out: to ask whether one is due costs 6 % of a cached read. Linux grants
 * that to the file's owner and to root alone (open(2), O_NOATIME).
 */
function openToRead(path: string, flags: number): number {
	try {
		return openSync(path, constants.O_RDONLY | flags | (constants.O_NOATIME ?? 0));
	} catch {
		// EPERM, or what a file system says that does not know the flag; anything else is said again.
		return openSync(path, constants.O_RDONLY | flags);
	}
}

/** Plain fields, which a chain looks at before and after every read: an accessor is a call there. */
class OpenFile implements FileDevice {
	/** −1 when it is closed: its number may be another file's then. */
	fd: number;
	readonly path: string;
	size: number;
	version = 0;
	#blocks: bigint;
	readonly #every: number;
	/** The clock itself costs a quarter of a cached read. */
	readonly #readsWithoutClock: number;
	#looked = performance.now();

	constructor(fd: number, path: string, stat: BigIntStats, { validateEvery: every = 1, direct = false }: FileDeviceOptions) {
		this.fd = fd;
		this.path = path;
		this.size = sizeOf(stat);
		this.#blocks = stat.blocks;
		this.#every = every;
		this.#readsWithoutClock = every > 0 && !direct ? VALIDATE_EVERY : 0;
	}

	refresh(): void {
		if (this.fd < 0) throw closed(this.path);
		const stat = fstatSync(this.fd, { bigint: true });
		const size = sizeOf(stat);
		if (size === this.size && stat.blocks === this.#blocks) return;
		this.size = size;
		this.#blocks = stat.blocks;
		this.version++;
	}

	lookNow(): void {
		this.refresh();
	}

	validate(since = Number.POSITIVE_INFINITY): void {
		if (this.fd < 0 || since < this.#readsWithoutClock || this.#every === Number.POSITIVE_INFINITY) return;
		const now = performance.now();
		if (now - this.#looked < this.#every) return;
		this.#looked = now;
		this.refresh();
	}

	readSync(into: Uint8Array, at: number, length: number, offset: number): number {
		return preadSync(this.fd, into, at, length, offset);
	}

	read(into: Uint8Array, at: number, length: number, offset: number): Promise<number> {
		if (this.fd < 0) return Promise.reject(closed(this.path));
		return new Promise((resolve, reject) => {
			read(this.fd, into, at, length, offset, (error, got) => (error ? reject(error) : resolve(got)));
		});
	}

	close(): void {
		if (this.fd < 0) return;
		const { fd } = this;
		this.fd = CLOSED;
		closeSync(fd);
	}
}

function closed(path: string): Error {
	return Object.assign(new Error(`EBADF: ${path} is closed`), { code: "EBADF" });
}

const SECTOR = 512;

/** Bytes. What `fstat` says of a block device is 0; Linux tells its sectors elsewhere. */
function sizeOf(stat: BigIntStats): number {
	if (!stat.isBlockDevice()) return Number(stat.size);
	const device = stat.rdev;
	const major = ((device >> 8n) & 0xfffn) | ((device >> 32n) & 0xfffff000n);
	const minor = (device & 0xffn) | ((device >> 12n) & 0xffffff00n);
	return SECTOR * Number(readFileSync(`/sys/dev/block/${major}:${minor}/size`, "latin1"));
}
