/** The headers that ship with the compiler, by the name that a program includes them by. Text of our own writing. */
import { FILES } from "./files.ts";

export function builtinHeader(name: string): string | undefined {
	return Object.hasOwn(FILES, name) ? FILES[name] : undefined;
}
