/**
 * Source files that an object's debug information names, for showing only. A name in an object is data of whoever made it: a file is read only if it
 * truly lies (links followed) below one of the given folders. What was left out is told, so that it can be asked for.
 */
import { readFileSync, realpathSync, statSync } from "node:fs";
import { resolve, sep } from "node:path";

/** Larger files are no sources. */
const LARGEST = 16 << 20;

export class SourceFiles {
	/** Existing files outside of the folders, by the names that the object has for them. */
	readonly skipped = new Set<string>();
	private readonly roots: readonly string[];

	/** @throws when a folder does not exist */
	constructor(roots: readonly string[]) {
		this.roots = roots.map((root) => realpathSync(root));
	}

	/** Lines; nothing where there is no such file, or none that may be read. */
	lines(name: string): string[] | undefined {
		let outside = false;
		for (const root of this.roots) {
			const path = realPath(resolve(root, name));
			if (path === undefined) continue;
			if (this.roots.some((one) => path.startsWith(one.endsWith(sep) ? one : one + sep))) return readFileSync(path, "utf8").split(/\r?\n/);
			outside = true;
		}
		if (outside) this.skipped.add(name);
		return undefined;
	}
}

function realPath(path: string): string | undefined {
	try {
		const real = realpathSync(path);
		const { size } = statSync(real);
		return statSync(real).isFile() && size <= LARGEST ? real : undefined;
	} catch {
		return undefined;
	}
}
