/**
 * Real programs, when the corpus beside the repository has been fetched. EBPFCC_CORPUS says how many files (default 0: that takes
 * minutes); which ones depends on their names alone.
 */
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { shared } from "./shared.ts";

export interface CorpusFile {
	readonly id: string;
	readonly path: string;
	/** Flags for the include path; the first that compile are right. */
	readonly variants: readonly (readonly string[])[];
}

export async function corpusSample(): Promise<readonly CorpusFile[]> {
	const wanted = Number(process.env.EBPFCC_CORPUS ?? 0);
	const module = shared("corpus/corpora.mjs");
	if (wanted === 0 || module === null || !existsSync(process.env.CORPUS_DIR ?? join(homedir(), ".cache/bpf-corpus"))) {
		console.log("skipped: real programs (EBPFCC_CORPUS=60 tries 60 files of the corpus)");
		return [];
	}
	const { entries } = (await import(module)) as { entries(): CorpusFile[] };
	const order = new Map<CorpusFile, string>(entries().map((file) => [file, createHash("sha256").update(file.id).digest("hex")]));
	return [...order.keys()].sort((a, b) => (order.get(a)! < order.get(b)! ? -1 : 1)).slice(0, wanted);
}
