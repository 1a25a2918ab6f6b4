/**
 * The XRP chain: read a block, run the program on it, read where it points, until it says that it is done. In the
 * original this loop is the completion handler of the NVMe driver; here it is one function that never goes back to
 * the caller between two reads.
 *
 * Contract (OSDI'22, sections 3 and 4, and the released kernel): the context is zeroed before every call of the
 * program, so that all state lives in the scratch page; a non-zero return, an address that is no multiple of 512 or
 * lies outside the file, and a changed file mapping end the request with EOPNOTSUPP; `scratch` keeps what the hops
 * before wrote. Beyond the original: a limit on hops (ELOOP), and reads of up to the data page's 4096 bytes. More than
 * one address at a time is refused here, and is what `fanout.ts` is for.
 */
import {
	aborted,
	badCount,
	DEFAULT_MAX_HOPS,
	heldBack,
	nextAddress,
	nextSize,
	prepareContext,
	readBlock,
	refusal,
	secondSlot,
	type StorageHook,
	VALIDATE_EVERY,
	validate,
	versionOf,
	type XrpOptions,
	type XrpResult,
} from "./chain.ts";
import { XRP_BLOCK, XRP_CONTEXT, XRP_SLOTS } from "./context.ts";
import type { BlockDevice } from "./device.ts";

/**
 * Runs a whole chain on the calling thread.
 * @param offset where the first read goes: a multiple of 512 in the device
 * @returns never throws for what a program or a device does: the errno is in `ret`
 */
export function readXrpSync(device: BlockDevice, hook: StorageHook, offset: number, options: XrpOptions = {}): XrpResult {
	const { files, cancelled, trace } = options;
	const count = options.count ?? XRP_BLOCK;
	const maxHops = options.maxHops ?? DEFAULT_MAX_HOPS;
	let length = options.firstSize ?? count;
	let hops = 0;
	let bytes = 0;
	let programReturn = 0;
	// No closure over these: counters that one captures live in memory, and cost a lookup of seven hops a microsecond.
	const badRequest = badCount(count) ?? badCount(length) ?? heldBack(hook);
	if (badRequest) return aborted("request", { hops, bytes, programReturn }, badRequest);
	const { context, data, scratch, firstSlotOnly = false } = hook;
	const { u8, view } = hook.memory;
	validate(device, files);
	const version = versionOf(device, files);
	for (;;) {
		if (!(hops < maxHops)) return aborted("hops", { hops, bytes, programReturn }, `the program asked for more than ${maxHops} reads`);
		if (cancelled?.()) return aborted("cancelled", { hops, bytes, programReturn }, "the request was cancelled");
		trace?.push(offset);
		try {
			const bad = readBlock(device, files, u8, data, offset, length);
			if (bad !== null) return aborted(refusal(device, files, version, hops), { hops, bytes, programReturn }, bad);
		} catch (error) {
			return aborted("device", { hops, bytes, programReturn }, `read at ${offset}: ${(error as Error).message}`);
		}
		bytes += length;
		if (++hops % VALIDATE_EVERY === 0) validate(device, files);
		if (versionOf(device, files) !== version) return aborted("mapping", { hops, bytes, programReturn }, "the file's mapping changed");

		prepareContext(view, context, data, scratch, firstSlotOnly);
		programReturn = hook.run(context);
		if (programReturn !== 0 || view.getInt32(context + XRP_CONTEXT.done, true) !== 0) break;
		offset = nextAddress(view, context, 0);
		length = nextSize(view, context, 0) || count;
		const second = firstSlotOnly ? 0 : secondSlot(view, context, XRP_SLOTS);
		if (second !== 0) return aborted("address", { hops, bytes, programReturn }, `the program asked for a second read in slot ${second}`);
	}
	// What the program made of the blocks counts only if they were still the file's at the end.
	validate(device, files, hops % VALIDATE_EVERY);
	if (versionOf(device, files) !== version) return aborted("mapping", { hops, bytes, programReturn }, "the file's mapping changed");
	return programReturn === 0
		? { ret: count, hops, bytes, programReturn }
		: aborted("program", { hops, bytes, programReturn }, `the program returned ${programReturn}`);
}
