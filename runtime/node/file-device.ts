/** A file or block device of Node as the block device that an XRP chain reads. */
import { closeSync, constants, fstatSync, openSync, read, readSync } from "node:fs";
import type { BlockDevice } from "../xrp/device.ts";

export interface FileDevice extends BlockDevice {
	readonly fd: number;
	readonly path: string;
	/** Looks at the file's metadata now. */
	refresh(): void;
}

export interface FileDeviceOptions {
	/** Bypass the page cache (O_DIRECT) where the file system can: reads then go to page-aligned memory. */
	readonly direct?: boolean;
	/**
	 * Milliseconds between two looks at the file's metadata while chains run (1). A look costs as much as a read does;
	 * 0 takes one before and after every read, Infinity none.
	 */
	readonly validateEvery?: number;
}

/**
 * Opens `path` for reading.
 * A new size or number of allocated blocks makes a new version, as a changed extent does in the kernel's metadata digest.
 * @throws the file system's error: ENOENT, EACCES, EISDIR, …
 */
export function openFileDevice(path: string, options: FileDeviceOptions = {}): FileDevice {
	const fd = openSync(path, constants.O_RDONLY | (options.direct ? (constants.O_DIRECT ?? 0) : 0));
	let stat = fstatSync(fd, { bigint: true });
	if (stat.isDirectory()) {
		closeSync(fd);
		throw Object.assign(new Error(`EISDIR: ${path} is a directory`), { code: "EISDIR" });
	}
	let version = 0;
	let size = Number(stat.size);
	const every = options.validateEvery ?? 1;
	let looked = performance.now();
	const refresh = () => {
		const now = fstatSync(fd, { bigint: true });
		if (now.size === stat.size && now.blocks === stat.blocks) return;
		stat = now;
		size = Number(now.size);
		version++;
	};
	return {
		fd,
		path,
		get size() {
			return size;
		},
		get version() {
			return version;
		},
		refresh,
		validate() {
			if (every === Number.POSITIVE_INFINITY) return;
			const now = performance.now();
			if (now - looked < every) return;
			looked = now;
			refresh();
		},
		readSync: (into, at, length, offset) => readSync(fd, into, at, length, offset),
		read: (into, at, length, offset) =>
			new Promise((resolve, reject) => {
				read(fd, into, at, length, offset, (error, got) => (error ? reject(error) : resolve(got)));
			}),
		close: () => closeSync(fd),
	};
}
