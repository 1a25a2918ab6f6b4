/** A whole new file in the place of an old one: written aside, then renamed. What may be renamed over is a question of its own. */
import { lstatSync, realpathSync, type Stats, statSync } from "node:fs";

export interface Place {
	/** The file that links lead to; a link stays one. */
	readonly path: string;
	/** Permissions of the file that is there; undefined where there is none. */
	readonly mode: number | undefined;
}

/** null: a device, a pipe or a link to nothing. Renaming over it would put a file in its place (`-o /dev/null`, by root), so it is written to as it is. */
export function replaceable(path: string): Place | null {
	const there = look(path, statSync);
	if (there === undefined) return look(path, lstatSync) === undefined ? { path, mode: undefined } : null;
	if (there.isDirectory()) return { path, mode: undefined };
	return there.isFile() ? { path: realpathSync(path), mode: there.mode & 0o777 } : null;
}

function look(path: string, stat: (path: string, options: { throwIfNoEntry: false }) => Stats | undefined): Stats | undefined {
	try {
		return stat(path, { throwIfNoEntry: false });
	} catch {
		// Below a file, or in a folder that may not be searched: writing there says so.
		return undefined;
	}
}
