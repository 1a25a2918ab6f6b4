/** BPF-KV files on a file system: written aside and renamed, so that a file of that name is always a whole one. */
import { constants, readFileSync } from "node:fs";
import { type FileHandle, open, rename, rm } from "node:fs/promises";
import { bulkLoad, type BulkPair, type BulkResult } from "../bpfkv/bulk.ts";
import { createKv, type CreateOptions, sparseBlocks } from "../bpfkv/create.ts";
import type { KvPrograms } from "../bpfkv/client.ts";
import { KvDatabase } from "../bpfkv/database.ts";
import { BLOCK, type Geometry, geometry, writeBlocks } from "../bpfkv/format.ts";
import { LogView } from "../bpfkv/log-view.ts";
import { KvNode } from "../bpfkv/node.ts";
import { KvReader, type ReaderOptions } from "../bpfkv/reader.ts";
import { KvStore, type KvStoreOptions } from "../bpfkv/store.ts";
import type { WritableFile } from "../bpfkv/tree-edit.ts";
import { openFileDevice } from "./file-device.ts";
import { replaceable } from "./replace.ts";

const PROGRESS_BLOCKS = 2048;

/**
 * Makes the file of so many layers, as `simplekv create` does.
 * @throws RangeError for layers out of 1–6; the file system's error (ENOSPC, EACCES, …), after which nothing is left behind.
 */
export function createKvFile(path: string, layers: number, options: CreateOptions = {}): Promise<Geometry> {
	return writeAside(path, (file) => createKv(layers, (chunk) => file.writeFile(chunk), options));
}

/**
 * The same file, but only the blocks that lookups of these keys read. The rest is a hole: the way to another key ends in
 * it, except in a leaf that is there, whose other values are empty.
 */
export function createSparseKvFile(path: string, layers: number, keys: Iterable<number>, options: CreateOptions = {}): Promise<Geometry> {
	const g = geometry(layers);
	return writeAside(path, async (file) => {
		await file.truncate(g.fileSize);
		const block = new Uint8Array(BLOCK);
		const offsets = sparseBlocks(g, keys);
		for (const [i, offset] of offsets.entries()) {
			options.signal?.throwIfAborted();
			writeBlocks(g, offset / BLOCK, 1, block);
			await file.write(block, 0, BLOCK, offset);
			if (i % PROGRESS_BLOCKS === 0) options.onProgress?.(i, offsets.length);
		}
		options.onProgress?.(offsets.length, offsets.length);
		return g;
	});
}

/**
 * A file from an ascending stream of pairs. `onProgress` gets the keys so far.
 * @throws RangeError naming the pair that is out of order or too large; nothing is left behind then
 */
export function bulkLoadFile(
	path: string,
	pairs: Iterable<BulkPair> | AsyncIterable<BulkPair>,
	onProgress?: (keys: number) => void,
): Promise<BulkResult> {
	return writeAside(path, (file) => {
		let written = 0;
		const sink = {
			append: async (bytes: Uint8Array) => {
				await file.write(bytes, 0, bytes.length, written);
				written += bytes.length;
			},
			writeFirstBlock: async (bytes: Uint8Array) => void (await file.write(bytes, 0, bytes.length, 0)),
		};
		return bulkLoad(pairs, sink, onProgress);
	});
}

/** Under another name first. Whatever fails, it is gone afterwards, and the error speaks of the wanted file. */
async function writeAside<T>(wanted: string, write: (file: FileHandle) => Promise<T>): Promise<T> {
	const place = replaceable(wanted);
	if (place === null) throw new Error(`${wanted}: a device, a pipe or a link to nothing, where a file is wanted`);
	const { path } = place;
	const aside = `${path}.${process.pid}.tmp`;
	let file: FileHandle | null = null;
	try {
		file = await open(aside, "w", place.mode);
		const result = await write(file);
		await file.datasync();
		await file.close();
		// A new file knows nothing of what the log of an older one held.
		await rm(`${wanted}.wal`, { force: true });
		await rename(aside, path);
		return result;
	} catch (error) {
		await file?.close().catch(() => {});
		await rm(aside, { force: true });
		throw speakingOf(wanted, `'${aside}' -> '${path}'`, aside, error);
	}
}

function speakingOf(path: string, renaming: string, aside: string, error: unknown): unknown {
	if (!(error instanceof Error) || !error.message.includes(aside)) return error;
	const { code, errno, syscall } = error as NodeJS.ErrnoException;
	const message = error.message.replace(renaming, `'${path}'`).replaceAll(aside, path);
	return Object.assign(new Error(message, { cause: error }), { code, errno, syscall, path });
}

/** A file for `KvStore`, made when it is missing if `create` says so. */
export async function openWritableFile(path: string, options: { readonly create?: boolean } = {}): Promise<WritableFile> {
	const file = await open(path, options.create ? constants.O_RDWR | constants.O_CREAT : constants.O_RDWR);
	return {
		size: async () => (await file.stat()).size,
		read: async (offset, length) => {
			const bytes = new Uint8Array(length);
			let got = 0;
			while (got < length) {
				const { bytesRead } = await file.read(bytes, got, length - got, offset + got);
				if (bytesRead === 0) break;
				got += bytesRead;
			}
			return bytes.subarray(0, got);
		},
		write: async (offset, bytes) => {
			for (let done = 0; done < bytes.length; ) done += (await file.write(bytes, done, bytes.length - done, offset + done)).bytesWritten;
		},
		sync: () => file.datasync(),
		truncate: (size) => file.truncate(size),
		close: () => file.close(),
	};
}

/** Opens a file to read and to write; what its log holds is put right first. @throws as `openKvStore` does */
export async function openKvDatabase(
	path: string,
	programs: KvPrograms,
	options: ReaderOptions & KvStoreOptions = {},
): Promise<KvDatabase> {
	let changed = () => {};
	const store = await openKvStore(path, {
		...options,
		onCheckpoint: () => {
			changed();
			options.onCheckpoint?.();
		},
	});
	const device = openFileDevice(path);
	try {
		const database = new KvDatabase(device, store, programs, options);
		changed = () => {
			device.refresh();
			database.treeChanged();
		};
		return database;
	} catch (error) {
		device.close();
		await store.abandon();
		throw error;
	}
}

/**
 * Opens a file to read only, as its log will make it: nothing is written, neither to the file nor to the log.
 * @throws the file system's error of either of them, Error when it is no BPF-KV file
 */
export function openKvReader(path: string, programs: Partial<KvPrograms>, options: ReaderOptions = {}): KvReader {
	const device = openFileDevice(path);
	try {
		const log = new LogView(device, () => readLog(path));
		return new KvReader(log.device, log, programs, options);
	} catch (error) {
		device.close();
		throw error;
	}
}

/** The bytes of a file's log as they are now; none when there is none. @throws the file system's error, which names it */
export function readLog(path: string): Uint8Array {
	const log = `${path}.wal`;
	try {
		return readFileSync(log);
	} catch (error) {
		const { code } = error as NodeJS.ErrnoException;
		if (code === "ENOENT") return new Uint8Array(0);
		throw Object.assign(new Error(`its log ${log} cannot be read (${code})`, { cause: error }), { code });
	}
}

/** The log of a BPF-KV file lies beside it. */
export async function openKvStore(path: string, options: KvStoreOptions = {}): Promise<KvStore> {
	const file = await openWritableFile(path);
	const root = await file.read(0, BLOCK);
	const node = root.length === BLOCK ? new KvNode(root) : null;
	if (node === null || node.type > 1 || (node.count > 0 && !node.marked(0))) {
		await file.close();
		throw new Error(node === null ? `${root.length} bytes are no BPF-KV file` : "no BPF-KV file: it does not begin with a node");
	}
	const log = await openWritableFile(`${path}.wal`, { create: true }).catch(async (error) => {
		await file.close();
		throw error;
	});
	try {
		return await KvStore.open(file, log, options);
	} catch (error) {
		await log.close();
		await file.close();
		throw error;
	}
}
