/** A loaded program as a storage hook: its context, data and scratch page are laid into the memory that it sees. */
import { exchange } from "../memory.ts";
import type { RunState } from "../machine.ts";
import type { LoadedProgram } from "../program.ts";
import { XRP_CONTEXT, XRP_PAGE } from "./context.ts";
import type { StorageHook } from "./chain.ts";

/** @throws RangeError when the program's memory has no room for the pages */
export function storageHook(program: LoadedProgram): StorageHook {
	const { machine, entry } = program;
	const { memory } = machine;
	const context = memory.alloc(XRP_CONTEXT.bytes, 8, "context");
	const data = memory.alloc(XRP_PAGE, XRP_PAGE, "data");
	const scratch = memory.alloc(XRP_PAGE, XRP_PAGE, "scratch");
	if (context === 0 || data === 0 || scratch === 0) throw new RangeError("no memory left for a storage hook's pages");
	const state: RunState = {
		program,
		context,
		packet: null,
		cookie: 0n,
		functionAddress: 0n,
		retval: 0,
		redirect: null,
		extra: new Map(),
	};
	return {
		name: program.image.name,
		instructions: program.image.insns.length,
		memory,
		context,
		data,
		scratch,
		run(at) {
			machine.run = state;
			memory.i32[exchange.tailCalls >> 2] = 0;
			return entry(at, 0);
		},
	};
}
