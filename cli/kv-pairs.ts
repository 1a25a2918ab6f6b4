/** `ebpfcc kv load`: lines of KEY, a tab and VALUE, as bytes, from a file or a pipe. */
import { createReadStream, existsSync, fstatSync, statSync } from "node:fs";
import type { Readable } from "node:stream";
import { type BulkPair, type BulkResult, VALUE_SIZE } from "../runtime/bpfkv/index.ts";
import { bulkLoadFile } from "../runtime/node/kv-file.ts";
import { progressBar, progressCounter } from "../runtime/node/progress.ts";
import { Complaint } from "./files.ts";
import { whole } from "./kv-arguments.ts";

const PROGRESS_KEYS = 4096;
/** Bytes. A sound line has 82 at most; one of a file that is no text at all should not fill the memory. */
const LONGEST_LINE = 1 << 16;
const [TAB, NEWLINE, RETURN] = [9, 10, 13];

/** @param from a file of pairs; without it, standard input */
export function loadPairs(file: string, from: string | undefined, signal: AbortSignal): Promise<BulkResult> {
	if (from === undefined) {
		// Which Node would take for one without any bytes.
		if (fstatSync(process.stdin.fd).isDirectory()) throw new Complaint("standard input is a directory");
		return loadFromStream(file, process.stdin, signal);
	}
	if (!existsSync(from)) throw new Complaint(`${from}: no such file`);
	const stat = statSync(from);
	if (stat.isDirectory()) throw new Complaint(`${from} is a directory`);
	return stat.isFile() ? loadFromFile(file, from, stat.size, signal) : loadFromStream(file, createReadStream(from), signal);
}

/** How much of the pairs is read tells how far it is. */
async function loadFromFile(file: string, from: string, size: number, signal: AbortSignal): Promise<BulkResult> {
	const input = createReadStream(from);
	const bar = progressBar("loading");
	const result = await bulkLoadFile(file, readPairs(input, signal), (keys) => {
		if (size > 0 && keys % PROGRESS_KEYS === 0) bar(Math.min(input.bytesRead, size - 1), size);
	});
	if (size > 0) bar(1, 1);
	return result;
}

/** Nobody knows how long a pipe is. */
async function loadFromStream(file: string, input: Readable, signal: AbortSignal): Promise<BulkResult> {
	const counter = progressCounter("loading", "keys");
	try {
		return await bulkLoadFile(
			file,
			readPairs(input, signal, () => counter.add()),
		);
	} finally {
		counter.stop();
	}
}

async function* readPairs(input: Readable, signal: AbortSignal, onPair: () => void = () => {}): AsyncGenerator<BulkPair> {
	// A pipe may have nothing to say for a long time.
	const stop = () => input.destroy(signal.reason);
	signal.addEventListener("abort", stop);
	try {
		let number = 0;
		for await (const line of linesOf(input)) {
			signal.throwIfAborted();
			number++;
			const tab = line.indexOf(TAB);
			const value = tab < 0 ? null : line.subarray(tab + 1);
			if (value && value.length > VALUE_SIZE)
				throw new Complaint(`the value in line ${number} has ${value.length} bytes, more than ${VALUE_SIZE}`);
			onPair();
			yield [whole((tab < 0 ? line : line.subarray(0, tab)).toString(), `the key in line ${number}`), value];
		}
	} finally {
		signal.removeEventListener("abort", stop);
	}
}

/** Without what ends them: LF, or CR and LF. */
async function* linesOf(input: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
	let number = 1;
	let rest: Buffer = Buffer.alloc(0);
	for await (const chunk of input) {
		const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
		let from = 0;
		for (let end = bytes.indexOf(NEWLINE); end >= 0; end = bytes.indexOf(NEWLINE, from)) {
			yield bytes.subarray(from, end > from && bytes[end - 1] === RETURN ? end - 1 : end);
			number++;
			from = end + 1;
		}
		rest = bytes.subarray(from);
		if (rest.length > LONGEST_LINE)
			throw new Complaint(`line ${number} has more than ${LONGEST_LINE} bytes: these are no lines of a key, a tab and a value`);
	}
	if (rest.length > 0) yield rest[rest.length - 1] === RETURN ? rest.subarray(0, -1) : rest;
}
