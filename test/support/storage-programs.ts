/** This package's storage functions, compiled for tests of what runs them. */
import { existsSync, readFileSync } from "node:fs";
import { compile, compileAndLoad, defaultOptions, type StorageHook, storageHooks } from "ebpfcc";
import type { ObjectFile } from "ebpfcc/assembler";

const read = (file: string) => (existsSync(file) ? readFileSync(file) : null);
const pathOf = (name: string) => `examples/bpf-kv/${name}.bpf.c`;

/** One of get, range, sum, lsm-get, loaded once with so many scratch pages. */
export async function storageProgram(name: string, slots = 1): Promise<StorageHook[]> {
	const { programs } = await compileAndLoad(readFileSync(pathOf(name), "utf8"), { path: pathOf(name), files: { read } });
	return storageHooks(Object.values(programs)[0].loaded, slots);
}

/** The same as an object, for the threads of a pool. */
export function storageObject(name: string): ObjectFile {
	return compiledObject(pathOf(name), readFileSync(pathOf(name), "utf8"));
}

export function compiledObject(path: string, source: string): ObjectFile {
	const { object, diagnostics } = compile(path, source, defaultOptions({ read }));
	if (object === null) throw new Error(`${path}: ${diagnostics.map(({ message }) => message).join("; ")}`);
	return object;
}

/** The head of a storage function of a test's own. */
export const STORAGE_PROLOGUE = '#include <linux/bpf.h>\n#include <bpf/bpf_helpers.h>\n#include "examples/bpf-kv/bpf-kv.h"\n';
