/**
 * `pread` as `fs.readSync` makes it, without what it checks before: a chain's own reads go to memory of its own, at
 * bounds that it has checked. Of a cached read's 2.7 µs on the machine of docs/internals/xrp.md this saves 0.4.
 *
 * The call is Node's internal one (`process.binding`, DEP0111: deprecated in its documentation only). It is taken only
 * where `fs.readSync` itself ends with exactly this call, which is read in its source: another version's, or one that a
 * permission model, a bundler or a test has replaced, has another text. Everywhere else reads go through `fs.readSync`.
 */
import { readSync } from "node:fs";

export type ReadSync = (fd: number, into: Uint8Array, at: number, length: number, position: number) => number;

const LAST_CALL = "return binding.read(fd, buffer, offset, length, position);";

interface Bindings {
	/** @throws under the permission model */
	binding(name: "fs"): { readonly read?: unknown };
}

/** null where it cannot be had, or where asking for it would print a warning. */
function internalRead(publicRead: ReadSync): ReadSync | null {
	const { binding } = process as unknown as Partial<Bindings>;
	const warns =
		[...process.execArgv, process.env.NODE_OPTIONS ?? ""].some((option) => option.includes("-deprecation")) ||
		process.env.NODE_PENDING_DEPRECATION !== undefined;
	if (binding === undefined || warns || !Function.prototype.toString.call(publicRead).includes(LAST_CALL)) return null;
	try {
		const { read } = binding.call(process, "fs");
		return typeof read === "function" ? (read as ReadSync) : null;
	} catch {
		return null;
	}
}

/** `fs.readSync`, or the same with less before it. */
export function bareRead(publicRead: ReadSync = readSync): ReadSync {
	const read = internalRead(publicRead);
	if (read === null) return publicRead;
	return (fd, into, at, length, position) => {
		// The internal call takes wrong bounds for Node's own mistake, and ends the process.
		const sound =
			Number.isSafeInteger(at) &&
			Number.isSafeInteger(length) &&
			Number.isSafeInteger(position) &&
			at >= 0 &&
			length > 0 &&
			at + length <= into.length &&
			position >= 0;
		return sound ? read(fd, into, at, length, position) : publicRead(fd, into, at, length, position);
	};
}
