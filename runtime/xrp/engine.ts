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
import { badCount, DEFAULT_MAX_HOPS, ERRNO, failed, nextAddress, nextSize, prepareContext, readBlock, type StorageHook, type XrpOptions, type XrpResult } from "./chain.ts";
import { XRP_BLOCK, XRP_CONTEXT, XRP_SLOTS } from "./context.ts";
import type { BlockDevice } from "./device.ts";

/**
 * Runs a whole chain on the calling thread.
 * @param offset where the first read goes: a multiple of 512 in the device
 * @returns never throws for what a program or a device does: the errno is in `ret`
 */
export function readXrpSync(device: BlockDevice, hook: StorageHook, offset: number, options: XrpOptions = {}): XrpResult {
	const count = options.count ?? XRP_BLOCK;
	const badRequest = badCount(count);
	if (badRequest) return failed(ERRNO.EINVAL, 0, 0, badRequest);
	const maxHops = options.maxHops ?? DEFAULT_MAX_HOPS;
	const { context, data } = hook;
	const { u8: bytes, view } = hook.memory;
	device.validate?.();
	const version = device.version;
	let length = count;
	let programReturn = 0;
	for (let hops = 0; ; ) {
		if (hops >= maxHops) return failed(ERRNO.ELOOP, hops, programReturn, `the program asked for more than ${maxHops} reads`);
		if (options.cancelled?.()) return failed(ERRNO.ECANCELED, hops, programReturn, "the request was cancelled");
		options.trace?.push(offset);
		try {
			const bad = readBlock(device, options, bytes, data, offset, length);
			if (bad) return failed(hops === 0 ? ERRNO.EINVAL : ERRNO.EOPNOTSUPP, hops, programReturn, bad);
		} catch (error) {
			return failed(ERRNO.EIO, hops, programReturn, `read at ${offset}: ${(error as Error).message}`);
		}
		hops++;
		device.validate?.();
		if (device.version !== version) return failed(ERRNO.EOPNOTSUPP, hops, programReturn, "the file's mapping changed");

		prepareContext(view, hook);
		programReturn = hook.run(context);
		if (programReturn !== 0) return failed(ERRNO.EOPNOTSUPP, hops, programReturn, `the program returned ${programReturn}`);
		if (view.getInt32(context + XRP_CONTEXT.done, true) !== 0) return { ret: count, hops, programReturn };

		offset = nextAddress(view, context, 0);
		length = nextSize(view, context, 0) || count;
		for (let slot = 1; slot < XRP_SLOTS; slot++)
			if (nextSize(view, context, slot) !== 0) return failed(ERRNO.EOPNOTSUPP, hops, programReturn, `the program asked for a second read in slot ${slot}`);
	}
}
