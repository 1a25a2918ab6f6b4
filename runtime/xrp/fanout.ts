/**
 * A chain whose hops may ask for up to 16 reads at once (the paper reserves the slots for it; the released kernel
 * refuses more than one). Reads are served in the order in which they were asked for, slot by slot, and the program
 * runs once for each completion. Its context then says which read that was: `next_addr[0]` and `size[0]` hold the
 * address and the size on entry, and are zeroed in the program's stead when it leaves them as they were.
 *
 * The request ends when the program sets `done` (reads that wait are dropped) or when nothing is left to read.
 */
import {
	aborted,
	badCount,
	DEFAULT_MAX_HOPS,
	done,
	heldBack,
	nextAddress,
	nextSize,
	prepareContext,
	type Progress,
	readBlock,
	refusal,
	type StorageHook,
	VALIDATE_EVERY,
	validate,
	versionOf,
	type XrpOptions,
	type XrpResult,
} from "./chain.ts";
import { XRP_BLOCK, XRP_CONTEXT, XRP_SLOTS } from "./context.ts";
import type { BlockDevice } from "./device.ts";

/** The same, for hops that may ask for several reads. */
export interface FanoutOptions extends XrpOptions {
	/** Reads that may wait at a time; one more ends the request with EAGAIN (1024). */
	readonly maxOutstanding?: number;
}

export const DEFAULT_MAX_OUTSTANDING = 1024;

/** A read that was asked for. */
export interface Asked {
	readonly address: number;
	readonly length: number;
}

/** Runs a chain with fan-out on the calling thread. Errors as in `readXrpSync`. */
export function readXrpFanout(device: BlockDevice, hook: StorageHook, offset: number, options: FanoutOptions = {}): XrpResult {
	const count = options.count ?? XRP_BLOCK;
	const progress: Progress = { hops: 0, bytes: 0, programReturn: 0 };
	const badRequest = badCount(count) ?? heldBack(hook);
	if (badRequest) return aborted("request", progress, badRequest);
	const maxHops = options.maxHops ?? DEFAULT_MAX_HOPS;
	const maxOutstanding = options.maxOutstanding ?? DEFAULT_MAX_OUTSTANDING;
	const { data } = hook;
	const { u8: bytes, view } = hook.memory;
	const { files } = options;
	const waiting: Asked[] = [{ address: offset, length: count }];
	validate(device, files);
	const version = versionOf(device, files);
	const changed = () => versionOf(device, files) !== version;
	for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
		if (!(progress.hops < maxHops)) return aborted("hops", progress, `the program asked for more than ${maxHops} reads`);
		if (options.cancelled?.()) return aborted("cancelled", progress, "the request was cancelled");
		options.trace?.push(next.address);
		try {
			const bad = readBlock(device, files, bytes, data, next.address, next.length);
			if (bad !== null) return aborted(refusal(device, files, version, progress.hops), progress, bad);
		} catch (error) {
			return aborted("device", progress, `read at ${next.address}: ${(error as Error).message}`);
		}
		progress.bytes += next.length;
		if (++progress.hops % VALIDATE_EVERY === 0) validate(device, files);
		if (changed()) return aborted("mapping", progress, "the file's mapping changed");

		const ended = runOnCompletion(view, hook, next, progress);
		if (ended === "done") break;
		if (ended === "refused") return aborted("program", progress, `the program returned ${progress.programReturn}`);
		for (const asked of asksOf(view, hook, next)) {
			if (waiting.length >= maxOutstanding) return aborted("waiting", progress, `more than ${maxOutstanding} reads were waiting`);
			waiting.push(asked);
		}
	}
	validate(device, files);
	if (changed()) return aborted("mapping", progress, "the file's mapping changed");
	return done(count, progress);
}

/** Runs the program on the block in the data page, which is the one that `completed` asked for. */
export function runOnCompletion(view: DataView, hook: StorageHook, completed: Asked, progress: Progress): "done" | "refused" | "on" {
	const { context } = hook;
	prepareContext(view, hook.context, hook.data, hook.scratch, hook.firstSlotOnly ?? false);
	const firstSlot = context + XRP_CONTEXT.nextAddr;
	view.setUint32(firstSlot, completed.address % 2 ** 32, true);
	view.setUint32(firstSlot + 4, completed.address / 2 ** 32, true);
	view.setUint32(context + XRP_CONTEXT.size, completed.length, true);
	progress.programReturn = hook.run(context);
	if (progress.programReturn !== 0) return "refused";
	return view.getInt32(context + XRP_CONTEXT.done, true) !== 0 ? "done" : "on";
}

/** What the program asks for next, slot by slot. */
export function asksOf(view: DataView, hook: StorageHook, completed: Asked): Asked[] {
	const asked: Asked[] = [];
	for (let slot = 0; slot < XRP_SLOTS; slot++) {
		const length = nextSize(view, hook.context, slot);
		const address = nextAddress(view, hook.context, slot);
		if (length === 0 || (slot === 0 && address === completed.address && length === completed.length)) continue;
		asked.push({ address, length });
	}
	return asked;
}
