/**
 * A chain whose hops may ask for up to 16 reads at once (the paper reserves the slots for it; the released kernel
 * refuses more than one). Reads are served in the order in which they were asked for, slot by slot, and the program
 * runs once for each completion. Its context then says which read that was: `next_addr[0]` and `size[0]` hold the
 * address and the size on entry, and are zeroed in the program's stead when it leaves them as they were.
 *
 * The request ends when the program sets `done` (reads that wait are dropped) or when nothing is left to read.
 */
import { badCount, DEFAULT_MAX_HOPS, ERRNO, failed, nextAddress, nextSize, prepareContext, readBlock, type StorageHook, type XrpOptions, type XrpResult } from "./chain.ts";
import { XRP_BLOCK, XRP_CONTEXT, XRP_SLOTS } from "./context.ts";
import type { BlockDevice } from "./device.ts";

export interface FanoutOptions extends XrpOptions {
	/** Reads that may wait at a time; one more ends the request with EAGAIN (1024). */
	readonly maxOutstanding?: number;
}

/** Runs a chain with fan-out on the calling thread. Errors as in `readXrpSync`. */
export function readXrpFanout(device: BlockDevice, hook: StorageHook, offset: number, options: FanoutOptions = {}): XrpResult {
	const count = options.count ?? XRP_BLOCK;
	const badRequest = badCount(count);
	if (badRequest) return failed(ERRNO.EINVAL, 0, 0, badRequest);
	const maxHops = options.maxHops ?? DEFAULT_MAX_HOPS;
	const maxOutstanding = options.maxOutstanding ?? 1024;
	const { context, data } = hook;
	const { u8: bytes, view } = hook.memory;
	const firstSlot = context + XRP_CONTEXT.nextAddr;
	const waiting: { address: number; length: number }[] = [{ address: offset, length: count }];
	device.validate?.();
	const version = device.version;
	let programReturn = 0;
	let hops = 0;
	for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
		if (hops >= maxHops) return failed(ERRNO.ELOOP, hops, programReturn, `the program asked for more than ${maxHops} reads`);
		if (options.cancelled?.()) return failed(ERRNO.ECANCELED, hops, programReturn, "the request was cancelled");
		options.trace?.push(next.address);
		try {
			const bad = readBlock(device, options, bytes, data, next.address, next.length);
			if (bad) return failed(hops === 0 ? ERRNO.EINVAL : ERRNO.EOPNOTSUPP, hops, programReturn, bad);
		} catch (error) {
			return failed(ERRNO.EIO, hops, programReturn, `read at ${next.address}: ${(error as Error).message}`);
		}
		hops++;
		device.validate?.();
		if (device.version !== version) return failed(ERRNO.EOPNOTSUPP, hops, programReturn, "the file's mapping changed");

		prepareContext(view, hook);
		view.setUint32(firstSlot, next.address % 2 ** 32, true);
		view.setUint32(firstSlot + 4, next.address / 2 ** 32, true);
		view.setUint32(context + XRP_CONTEXT.size, next.length, true);
		programReturn = hook.run(context);
		if (programReturn !== 0) return failed(ERRNO.EOPNOTSUPP, hops, programReturn, `the program returned ${programReturn}`);
		if (view.getInt32(context + XRP_CONTEXT.done, true) !== 0) break;
		for (let slot = 0; slot < XRP_SLOTS; slot++) {
			const length = nextSize(view, context, slot);
			const address = nextAddress(view, context, slot);
			if (length === 0 || (slot === 0 && address === next.address && length === next.length)) continue;
			if (waiting.length >= maxOutstanding) return failed(ERRNO.EAGAIN, hops, programReturn, `more than ${maxOutstanding} reads were waiting`);
			waiting.push({ address, length });
		}
	}
	return { ret: count, hops, programReturn };
}
