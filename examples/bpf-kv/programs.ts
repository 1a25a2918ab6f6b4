/** Compiles, verifies and JITs this folder's storage functions. */
import { readFileSync } from "node:fs";
import { compileAndLoad, type FileProvider, type StorageHook, storageHook } from "ebpfcc";
import { sourceFolder } from "./source-folder.ts";

const files: FileProvider = { read: (path) => readOrNull(path) };

/** One of `get`, `range`, `sum`, `lsm-get`, ready to be run by a chain. */
export async function compileProgram(name: string): Promise<StorageHook> {
	const path = `${sourceFolder("examples/bpf-kv")}/${name}.bpf.c`;
	const { programs } = await compileAndLoad(readFileSync(path, "utf8"), { path, files });
	const [program] = Object.values(programs);
	return storageHook(program.loaded);
}

export async function compilePrograms(): Promise<{ get: StorageHook; range: StorageHook; sum: StorageHook }> {
	return { get: await compileProgram("get"), range: await compileProgram("range"), sum: await compileProgram("sum") };
}

function readOrNull(path: string): Uint8Array | null {
	try {
		return readFileSync(path);
	} catch {
		return null;
	}
}
