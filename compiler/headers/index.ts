/**
 * The headers that ship with the compiler, by the name that a program includes them by. The text is our own; the files stand in `include/`
 * and come here as strings (`files.ts`, generated), so that the compiler needs no file system.
 */
import { DERIVED, fillTables } from "./derived.ts";
import { FILES } from "./files.ts";

export function builtinHeader(name: string): string | undefined {
	if (Object.hasOwn(DERIVED, name)) return DERIVED[name]();
	return Object.hasOwn(FILES, name) ? fillTables(FILES[name]) : undefined;
}

export function builtinHeaderNames(): readonly string[] {
	return [...Object.keys(FILES), ...Object.keys(DERIVED)].sort();
}
