/** BPF-KV files on a file system: written aside and renamed, so that a file of that name is always a whole one. */
import { rename, rm } from "node:fs/promises";
import { open } from "node:fs/promises";
import { createKv, type CreateOptions } from "../bpfkv/create.ts";
import type { Geometry } from "../bpfkv/format.ts";

/** @throws RangeError for layers out of 1–6; the file system's error (ENOSPC, EACCES, …), after which nothing is left behind. */
export async function createKvFile(path: string, layers: number, options: CreateOptions = {}): Promise<Geometry> {
	const aside = `${path}.${process.pid}.tmp`;
	const file = await open(aside, "w");
	try {
		const g = await createKv(layers, (chunk) => file.writeFile(chunk), options);
		await file.close();
		await rename(aside, path);
		return g;
	} catch (error) {
		await file.close().catch(() => {});
		await rm(aside, { force: true });
		throw error;
	}
}

/** Draws on standard error, and only on a terminal. */
export function progressBar(label: string, width = 40): (done: number, total: number) => void {
	const { stderr } = process;
	if (!stderr.isTTY) return () => {};
	return (done, total) => {
		const filled = Math.round((width * done) / total);
		const percent = Math.floor((100 * done) / total);
		stderr.write(`\r${label} [${"#".repeat(filled)}${" ".repeat(width - filled)}] ${String(percent).padStart(3)} %`);
		if (done >= total) stderr.write("\r\x1b[K");
	};
}
