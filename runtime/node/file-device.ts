/** A file or block device of Node as the block device that an XRP chain reads. */
import { closeSync, constants, fstatSync, openSync, read, readSync } from "node:fs";
import type { BlockDevice } from "../xrp/device.ts";

export interface FileDevice extends BlockDevice {
	readonly fd: number;
	readonly path: string;
	/** Looks at the file's metadata again: a changed size, inode or change time makes a new version. */
	refresh(): void;
}

/**
 * Opens `path` for reading.
 * @param options.direct bypass the page cache (O_DIRECT) where the file system can: reads then go to page-aligned memory
 * @throws the file system's error: ENOENT, EACCES, EISDIR, …
 */
export function openFileDevice(path: string, options: { readonly direct?: boolean } = {}): FileDevice {
	const fd = openSync(path, constants.O_RDONLY | (options.direct ? (constants.O_DIRECT ?? 0) : 0));
	let stat = fstatSync(fd, { bigint: true });
	if (stat.isDirectory()) {
		closeSync(fd);
		throw Object.assign(new Error(`EISDIR: ${path} is a directory`), { code: "EISDIR" });
	}
	let version = 0;
	let size = Number(stat.size);
	return {
		fd,
		path,
		get size() {
			return size;
		},
		get version() {
			return version;
		},
		refresh() {
			const now = fstatSync(fd, { bigint: true });
			if (now.size === stat.size && now.ctimeNs === stat.ctimeNs && now.mtimeNs === stat.mtimeNs) return;
			stat = now;
			size = Number(now.size);
			version++;
		},
		readSync: (into, at, length, offset) => readSync(fd, into, at, length, offset),
		read: (into, at, length, offset) =>
			new Promise((resolve, reject) => {
				read(fd, into, at, length, offset, (error, got) => (error ? reject(error) : resolve(got)));
			}),
		close: () => closeSync(fd),
	};
}
