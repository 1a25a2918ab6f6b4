/**
 * Programs whose JavaScript is already part of a module: what `ebpfcc/vite` emits, so that V8 sees each program as lines of an ordinary file, with a
 * source map to the C. The engine makes the text again and takes the module's function when the two are the same, which they are as long as
 * object and options are.
 */
import { crc32c } from "./crc32c.ts";
import type { JsOptions, TextFunction } from "./jit/js.ts";
import type { LoadedObject, LoadOptions } from "./load.ts";
import { load } from "./load.ts";

/** A program's JavaScript in a module, and what it was made for. */
export interface PreparedProgram {
	readonly name: string;
	/** Of the text and the names of its parameters. */
	readonly digest: number;
	readonly text: TextFunction;
}

/** CRC-32C. */
export function digestOf(text: string, names: readonly string[]): number {
	return crc32c(new TextEncoder().encode(`${names.join()}\n${text}`));
}

/** `load` with the module's own functions as programs; one whose text is another now is compiled as usual. */
export async function loadPrepared(bytes: Uint8Array, options: LoadOptions, programs: readonly PreparedProgram[]): Promise<LoadedObject> {
	const { createJsEngine } = await import("./jit/js.ts");
	const instantiate: JsOptions["instantiate"] = (image, { text }, names) => {
		const digest = digestOf(text, names);
		return programs.find((one) => one.name === image.name && one.digest === digest)?.text ?? null;
	};
	return load(bytes, { ...options, engine: createJsEngine({ instantiate }) });
}
