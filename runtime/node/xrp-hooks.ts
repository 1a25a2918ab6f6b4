/** Programs loaded as storage hooks with one scratch page for each request in flight. */
import type { ObjectFile } from "../../assembler/object.ts";
import { load } from "../load.ts";
import { LinearMemory } from "../memory.ts";
import type { StorageHook } from "../xrp/chain.ts";
import { XRP_PAGE } from "../xrp/context.ts";
import { storageHook } from "../xrp/hook.ts";

/** An object and the program in it that requests run. */
export interface HookObject {
	/** ELF, or the object as the compiler hands it out. */
	readonly bytes: Uint8Array | ObjectFile;
	/** The only one when absent. */
	readonly program?: string;
	readonly engine?: "js" | "wasm" | "interpreter";
}

/** What a worker is started with. */
export interface WorkerSetup {
	readonly path: string;
	/** Further files, which addresses name from 1 on. */
	readonly files: readonly string[];
	/** URL of the module that opens them; null: they are files. */
	readonly device: string | null;
	readonly objects: readonly HookObject[];
	readonly slots: number;
	readonly ring: SharedArrayBuffer;
	readonly direct: boolean;
	/** Microseconds to stay awake for the next submission. */
	readonly spin: number;
}

/** Beside the hook and not in it: all hooks of a process then have one shape, and the loop that runs them is compiled for it. */
export interface PooledHook {
	readonly hook: StorageHook;
	/** Offsets in the hook's memory, one page for each slot. */
	readonly scratchPages: readonly number[];
}

/** @throws VerifierRejection, LoadFailure, RangeError for a program that the object does not have */
export async function loadHooks(objects: readonly HookObject[], slots: number): Promise<PooledHook[]> {
	const hooks: PooledHook[] = [];
	for (const object of objects) {
		const memory = new LinearMemory({ initial: (slots + 64) * XRP_PAGE, shared: true });
		const loaded = await load(object.bytes, { type: "xrp", memory, engine: object.engine ?? "default" });
		const names = Object.keys(loaded.programs);
		const name = object.program ?? names[0];
		const program = loaded.programs[name];
		if (program === undefined) throw new RangeError(`the object has no program ${name}; it has ${names.join(", ")}`);
		const hook = storageHook(program.loaded);
		const scratchPages = Array.from({ length: slots }, () => memory.alloc(XRP_PAGE, XRP_PAGE, "scratch"));
		hooks.push({ hook, scratchPages });
	}
	return hooks;
}
