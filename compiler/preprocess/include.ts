/**
 * Where `#include` looks (gcc's and clang's order): `"x"` beside the including file, then -iquote; both forms then -I, -isystem,
 * our own headers, the machine's directories, -idirafter. `#include_next` goes on behind the entry that the current file came from.
 */
import { toBytes, type FileProvider } from "../source/files.ts";
import { dirname, isAbsolute, join, plain } from "../source/file-names.ts";

export interface SearchDir {
	readonly path: string;
	readonly system: boolean;
	/** Only for the quoted form. */
	readonly quoteOnly: boolean;
}

export interface Found {
	readonly path: string;
	readonly bytes: Uint8Array;
	/** Index of the search entry, −1 for the including file's folder or an absolute path. */
	readonly entry: number;
	readonly system: boolean;
}

export interface SearchPath {
	readonly dirs: readonly (SearchDir | "built-in")[];
	readonly provider: FileProvider;
	/** Headers of ours by name: "linux/bpf.h". */
	builtin(name: string): Uint8Array | string | undefined;
}

/** Built-in headers are shown under this folder. */
const BUILTIN_DIR = "<ebpfcc>";

export class IncludeSearch {
	readonly #path: SearchPath;
	readonly #files = new Map<string, Uint8Array | null>();

	constructor(path: SearchPath) {
		this.#path = path;
	}

	read(path: string): Uint8Array | null {
		let bytes = this.#files.get(path);
		if (bytes === undefined) {
			const text = this.#path.provider.read(path);
			bytes = text === null ? null : toBytes(text);
			this.#files.set(path, bytes);
		}
		return bytes;
	}

	/** The same for a file that two paths lead to. */
	identity(path: string): string {
		if (path.startsWith(BUILTIN_DIR)) return path;
		return this.#path.provider.identity?.(path) ?? plain(path);
	}

	/** `after`: the entry to go on behind (include_next), or −1. */
	find(name: string, angled: boolean, from: { readonly path: string; readonly system: boolean }, after: number | null): Found | null {
		if (isAbsolute(name)) {
			const bytes = this.read(name);
			return bytes === null ? null : { path: name, bytes, entry: -1, system: from.system };
		}
		if (!angled && after === null) {
			const path = join(dirname(from.path), name);
			const bytes = from.path.startsWith(BUILTIN_DIR) ? null : this.read(path);
			if (bytes !== null) return { path, bytes, entry: -1, system: from.system };
		}
		const { dirs } = this.#path;
		for (let entry = after === null ? 0 : after + 1; entry < dirs.length; entry++) {
			const dir = dirs[entry];
			if (dir === "built-in") {
				const text = this.#builtin(name);
				if (text !== null) return { path: `${BUILTIN_DIR}/${name}`, bytes: text, entry, system: true };
				continue;
			}
			if (dir.quoteOnly && angled) continue;
			const path = join(dir.path, name);
			const bytes = this.read(path);
			if (bytes !== null) return { path, bytes, entry, system: dir.system };
		}
		return null;
	}

	#builtin(name: string): Uint8Array | null {
		const path = `${BUILTIN_DIR}/${name}`;
		let bytes = this.#files.get(path);
		if (bytes === undefined) {
			const text = this.#path.builtin(name);
			bytes = text === undefined ? null : toBytes(text);
			this.#files.set(path, bytes);
		}
		return bytes;
	}
}
