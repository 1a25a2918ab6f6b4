/**
 * The headers that ship with the compiler, by the name that a program includes them by. The text is our own; the files stand in `include/`
 * and come here as strings (`files.ts`, generated), so that the compiler needs no file system.
 */
import { DERIVED, fillTables } from "./derived.ts";
import { FILES } from "./files.ts";

/** Made once: they are constants. */
const made = new Map<string, Uint8Array>();
const encoder = new TextEncoder();

export function builtinHeader(name: string): Uint8Array | undefined {
	let bytes = made.get(name);
	if (bytes === undefined) {
		const text = Object.hasOwn(DERIVED, name) ? DERIVED[name]() : Object.hasOwn(FILES, name) ? fillTables(FILES[name]) : undefined;
		if (text === undefined) return undefined;
		bytes = encoder.encode(text);
		made.set(name, bytes);
	}
	return bytes;
}

export function builtinHeaderNames(): readonly string[] {
	return [...Object.keys(FILES), ...Object.keys(DERIVED)].sort();
}
