/** A loaded program as a storage hook: its context, data and scratch page are laid into the memory that it sees. */
import { exchange } from "../memory.ts";
import type { RunState } from "../machine.ts";
import type { LoadedProgram } from "../program.ts";
import { XRP_CONTEXT, XRP_PAGE } from "./context.ts";
import type { MemoryRegion } from "../verifier/facts.ts";
import type { StorageHook } from "./chain.ts";

/**
 * One hook of a loaded `xrp` program, with pages of its own.
 * @throws RangeError for a program of another type, and when the program's memory has no room for the pages
 */
export function storageHook(program: LoadedProgram): StorageHook {
	return storageHooks(program, 1)[0];
}

/**
 * Several hooks of one program, which differ in their scratch page alone: for chains that are under way at the same
 * time on one thread.
 */
export function storageHooks(program: LoadedProgram, count: number): StorageHook[] {
	const { machine, entry, image } = program;
	// It was verified for another context than it would get here.
	if (image.type !== "xrp")
		throw new RangeError(
			`program ${image.name} in section "${image.section}" was loaded as another type than "xrp"; its section may be "xrp", or \`type: "xrp"\` be asked for`,
		);
	const { memory } = machine;
	const page = (what: string, bytes: number = XRP_PAGE): number => {
		const at = memory.alloc(bytes, bytes === XRP_PAGE ? XRP_PAGE : 8, what);
		if (at === 0) throw new RangeError("no memory left for a storage hook's pages");
		return at;
	};
	const context = page("context", XRP_CONTEXT.bytes);
	const data = page("data");
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
	const firstSlotOnly = writesFirstSlotOnly(program);
	// The count lies in a page of its own, which between two system calls costs as much as the hook does.
	const tailCalls = program.image.insns.some(({ opcode, src, imm }) => opcode === CALL && src === 0 && imm === TAIL_CALL);
	return Array.from({ length: count }, () => ({
		name: program.image.name,
		instructions: program.image.insns.length,
		memory,
		context,
		data,
		scratch: page("scratch"),
		firstSlotOnly,
		run(at) {
			machine.run = state;
			if (tailCalls) memory.i32[exchange.tailCalls >> 2] = 0;
			return entry(at, 0);
		},
	}));
}

/**
 * Whether every store to the context that the verifier saw goes to `done`, `next_addr[0]` or `size[0]`. It refuses a
 * context pointer that was moved, so that an instruction's own offset is the place.
 */
function writesFirstSlotOnly({ image, facts }: LoadedProgram): boolean {
	if (facts === null) return false;
	return image.insns.every(({ opcode, off }, slot) => {
		const region = facts.access[slot];
		if (!STORING.has(opcode & 7) || region === undefined || !CONTEXT_OR_UNKNOWN.has(region)) return true;
		return region === "context" && FIRST_SLOT.some((at) => off >= at && off + STORED[(opcode >> 3) & 3] <= at + 8);
	});
}

/** The opcode of a call, and of helpers the one that ends the program with another one. */
const CALL = 0x85;
const TAIL_CALL = 12;

/** Classes of instructions: ST, STX (atomics among them). */
const STORING: ReadonlySet<number> = new Set([2, 3]);
/** Bytes that they store, by the size bits of the opcode. */
const STORED = [4, 2, 1, 8] as const;
const CONTEXT_OR_UNKNOWN: ReadonlySet<MemoryRegion> = new Set<MemoryRegion>(["context", "mixed"]);
const FIRST_SLOT = [XRP_CONTEXT.done, XRP_CONTEXT.nextAddr, XRP_CONTEXT.size] as const;
