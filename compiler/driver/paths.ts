/**
 * Names of files as the object has them, in debug information and in `__FILE__`. In: the path under which a file was opened. Out: its name.
 *
 * A folder of the machine has no place in an object: the same source gives the same bytes wherever it lies. So names are those of the command
 * line where they are relative, and relative to a base folder where they are not. Options change that as clang's do: `-fdebug-prefix-map=OLD=NEW`
 * and its kind replace the beginning of a name, `-fdebug-compilation-dir=DIR` stands before relative ones.
 */

import { isAbsolute } from "../source/file-names.ts";

/** OLD=NEW. */
export interface PrefixMap {
	readonly from: string;
	readonly to: string;
}

export interface PathOptions {
	readonly debug: readonly PrefixMap[];
	readonly macro: readonly PrefixMap[];
	/** Stands before relative names in debug information; null: nothing does. */
	readonly compilationDir: string | null;
	/** Absolute names become relative to this folder, but for what lies in `keep`, which is the same on every machine. */
	readonly base: { readonly folder: string; readonly keep: readonly string[] } | null;
}

export const asGiven: PathOptions = { debug: [], macro: [], compilationDir: null, base: null };

/** @example parsePrefixMap("/tmp/x=.") // { from: "/tmp/x", to: "." } */
export function parsePrefixMap(text: string): PrefixMap | null {
	const at = text.indexOf("=");
	return at < 0 ? null : { from: text.slice(0, at), to: text.slice(at + 1) };
}

export function debugName(path: string, options: PathOptions): string {
	const mapped = replacePrefix(path, options.debug);
	if (mapped !== null) return inDir(mapped, options);
	return inDir(options.compilationDir === null ? relative(path, options.base) : path, options);
}

/** What `__FILE__` is. */
export function macroName(path: string, options: PathOptions): string {
	return replacePrefix(path, options.macro) ?? relative(path, options.base);
}

function inDir(path: string, { compilationDir, debug }: PathOptions): string {
	if (compilationDir === null || isAbsolute(path)) return path;
	const dir = replacePrefix(compilationDir, debug) ?? compilationDir;
	return dir === "" ? path : `${dir.replace(/\/$/, "")}/${path}`;
}

/** The last map that fits, as clang takes it; a prefix need not end where a name does. */
function replacePrefix(path: string, maps: readonly PrefixMap[]): string | null {
	const map = maps.findLast(({ from }) => path.startsWith(from));
	return map === undefined ? null : map.to + path.slice(map.from.length);
}

function relative(path: string, base: PathOptions["base"]): string {
	if (base === null || !isAbsolute(path) || base.keep.some((folder) => path.startsWith(`${folder}/`))) return path;
	const to = parts(path);
	const from = parts(base.folder);
	let common = 0;
	while (common < from.length && common < to.length - 1 && from[common] === to[common]) common++;
	// Nothing in common but the root, or the drive: the file does not move with the source.
	if (common === 0 || (common === 1 && to[0].endsWith(":"))) return path;
	return [...from.slice(common).map(() => ".."), ...to.slice(common)].join("/");
}

/** The names on an absolute path, `.` and `..` followed. */
function parts(path: string): string[] {
	const out: string[] = [];
	for (const name of path.split("/")) {
		if (name === "..") out.pop();
		else if (name !== "" && name !== ".") out.push(name);
	}
	return out;
}
