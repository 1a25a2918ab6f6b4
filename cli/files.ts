/** Files for the command line: read whole, written aside and renamed, and one clear message when something is wrong. */
import { closeSync, openSync, readFileSync, readSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { FormatError } from "../assembler/bytes.ts";
import { replaceable } from "../runtime/node/replace.ts";

/** A mistake of the user's, already worded. */
export class Complaint extends Error {}

export function readBytes(path: string): Uint8Array {
	try {
		return readFileSync(path);
	} catch (error) {
		throw new Complaint(reason(error));
	}
}

/** What a device may give before it counts as one without an end. */
const DEVICE_LIMIT = 16 << 20;

/** A source text: a file or pipe whole; of a device (/dev/null, a terminal) what stands before its end, if it has one. */
export function readSource(path: string): Uint8Array {
	const kind = statSync(path);
	if (!kind.isCharacterDevice() && !kind.isBlockDevice()) return readFileSync(path);
	const file = openSync(path, "r");
	try {
		const parts: Uint8Array[] = [];
		for (let total = 0; total <= DEVICE_LIMIT; ) {
			const part = new Uint8Array(1 << 16);
			const length = readSync(file, part);
			if (length === 0) return Buffer.concat(parts);
			parts.push(part.subarray(0, length));
			total += length;
		}
		throw new Complaint(`a device that gives more than ${DEVICE_LIMIT >> 20} MB`);
	} finally {
		closeSync(file);
	}
}

/** Leaves either the old file or the whole new one; a device or a pipe is written to. `-` is standard output. */
export function writeWhole(path: string, data: Uint8Array | string): void {
	if (path === "-") {
		process.stdout.write(data);
		return;
	}
	const place = replaceable(path);
	const aside = place === null ? null : `${place.path}.${process.pid}.tmp`;
	try {
		if (place === null || aside === null) return writeFileSync(path, data);
		writeFileSync(aside, data, { mode: place.mode });
		renameSync(aside, place.path);
	} catch (error) {
		if (aside !== null) rmSync(aside, { force: true });
		throw new Complaint(`cannot write ${path}: ${reason(error)}`);
	}
}

export function reason(error: unknown): string {
	const code = (error as NodeJS.ErrnoException).code;
	const words: Readonly<Record<string, string>> = {
		ENOENT: "no such file",
		EACCES: "permission denied",
		EISDIR: "is a directory",
		ENOTDIR: "not a directory",
	};
	return (code && words[code]) ?? (error instanceof Error ? error.message : String(error));
}

/** Runs `action`; what is wrong with `file` becomes one line and exit status 1. */
export function fail(file: string, action: () => void): void {
	try {
		action();
	} catch (error) {
		if (!(error instanceof Complaint || error instanceof FormatError)) throw error;
		process.stderr.write(`ebpfcc: error: ${file}: ${error.message}\n`);
		process.exitCode = 1;
	}
}
