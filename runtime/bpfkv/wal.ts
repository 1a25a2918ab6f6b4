/**
 * The write-ahead log beside a BPF-KV file. A put is acknowledged once its record is on the disk; a checkpoint first
 * logs the blocks that it will overwrite, so that a crash at any write can be repeated from the log.
 *
 *     record   length u32 · CRC-32C of the payload u32 · payload
 *     payload  1 PUT key u64, value 64 bytes · 2 DELETE key u64 · 3 BLOCK offset u64, 512 bytes · 4 COMMIT file size u64
 *
 * Reading stops at the first record that is cut off or damaged: everything behind it was never acknowledged.
 */
import { crc32c } from "../crc32c.ts";
import { BLOCK, VALUE_SIZE } from "./format.ts";

export type WalRecord =
	| { readonly kind: "put"; readonly key: number; readonly value: Uint8Array }
	| { readonly kind: "delete"; readonly key: number }
	| { readonly kind: "block"; readonly offset: number; readonly bytes: Uint8Array }
	| { readonly kind: "commit"; readonly fileSize: number };

const TAG = { put: 1, delete: 2, block: 3, commit: 4 } as const;
const BODY = { [TAG.put]: VALUE_SIZE, [TAG.delete]: 0, [TAG.block]: BLOCK, [TAG.commit]: 0 } as const;
const HEADER = 8;
const FIXED = 9;

export function encodeRecord(record: WalRecord): Uint8Array {
	const tag = TAG[record.kind];
	const body = record.kind === "put" ? record.value : record.kind === "block" ? record.bytes : new Uint8Array(0);
	const number = record.kind === "block" ? record.offset : record.kind === "commit" ? record.fileSize : record.key;
	const bytes = new Uint8Array(HEADER + FIXED + BODY[tag]);
	const view = new DataView(bytes.buffer);
	view.setUint32(0, bytes.length - HEADER, true);
	bytes[HEADER] = tag;
	view.setUint32(HEADER + 1, number % 2 ** 32, true);
	view.setUint32(HEADER + 5, number / 2 ** 32, true);
	bytes.set(body, HEADER + FIXED);
	view.setUint32(4, crc32c(bytes.subarray(HEADER)), true);
	return bytes;
}

/** The sound records from the start, and where they end. */
export function decodeRecords(bytes: Uint8Array): { readonly records: WalRecord[]; readonly end: number } {
	const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
	const records: WalRecord[] = [];
	let at = 0;
	while (at + HEADER + FIXED <= bytes.length) {
		const length = view.getUint32(at, true);
		const tag = bytes[at + HEADER];
		if (!isTag(tag) || length !== FIXED + BODY[tag] || at + HEADER + length > bytes.length) break;
		const payload = bytes.subarray(at + HEADER, at + HEADER + length);
		if (crc32c(payload) !== view.getUint32(at + 4, true)) break;
		records.push(
			recordOf(tag, view.getUint32(at + HEADER + 1, true) + view.getUint32(at + HEADER + 5, true) * 2 ** 32, payload.slice(FIXED)),
		);
		at += HEADER + length;
	}
	return { records, end: at };
}

function isTag(tag: number): tag is keyof typeof BODY {
	return tag in BODY;
}

function recordOf(tag: keyof typeof BODY, number: number, body: Uint8Array): WalRecord {
	switch (tag) {
		case TAG.put:
			return { kind: "put", key: number, value: body };
		case TAG.delete:
			return { kind: "delete", key: number };
		case TAG.block:
			return { kind: "block", offset: number, bytes: body };
		case TAG.commit:
			return { kind: "commit", fileSize: number };
		default:
			return tag satisfies never;
	}
}

/** What a log means for its file. */
export interface Unapplied {
	/** Blocks that a checkpoint committed, by offset. */
	readonly blocks: ReadonlyMap<number, Uint8Array>;
	/** Bytes of the file with all that it appended; null: there is no such checkpoint. */
	readonly fileSize: number | null;
	/** Put after that, and not yet in the tree; null: deleted. */
	readonly entries: ReadonlyMap<number, Uint8Array | null>;
}

export function unapplied(log: Uint8Array): Unapplied {
	const { records } = decodeRecords(log);
	const commit = records.findLastIndex((record) => record.kind === "commit");
	const committed = records[commit];
	const blocks = new Map<number, Uint8Array>();
	for (const record of records.slice(0, commit + 1)) if (record.kind === "block") blocks.set(record.offset, record.bytes);
	const entries = new Map<number, Uint8Array | null>();
	for (const record of records.slice(commit + 1)) {
		if (record.kind === "put") entries.set(record.key, record.value);
		if (record.kind === "delete") entries.set(record.key, null);
	}
	return { blocks, fileSize: committed?.kind === "commit" ? committed.fileSize : null, entries };
}
