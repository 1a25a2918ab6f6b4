/**
 * The same chain over a device that is waited for: remote objects, simulated disks. Blocks arrive in memory of the
 * chain's own and are copied to the data page when the program's turn comes, so that many chains share one program and
 * need nothing of their own but a scratch page.
 *
 * With `fanout`, the reads of one hop are under way at the same time, up to `queueDepth` of them; the program still sees
 * them in the order in which it asked for them, so that a chain's outcome does not depend on which one came first.
 */
import {
	aborted,
	badCount,
	cutOff,
	DEFAULT_MAX_HOPS,
	done,
	heldBack,
	hold,
	nextAddress,
	nextSize,
	type Place,
	placeOf,
	prepareContext,
	type Progress,
	refusal,
	release,
	secondSlot,
	type StorageHook,
	VALIDATE_EVERY,
	validate,
	versionOf,
	type XrpResult,
} from "./chain.ts";
import { XRP_BLOCK, XRP_CONTEXT, XRP_SLOTS } from "./context.ts";
import type { BlockDevice } from "./device.ts";
import { type Asked, asksOf, DEFAULT_MAX_OUTSTANDING, type FanoutOptions, runOnCompletion } from "./fanout.ts";

/** How far a chain may go, and how much of it at a time. */
export interface AsyncOptions extends FanoutOptions {
	/** Let hops ask for several reads. */
	readonly fanout?: boolean;
	/** Reads of a chain with fan-out that are under way at a time (16). */
	readonly queueDepth?: number;
	readonly signal?: AbortSignal;
}

/** A read under way. */
interface Flight extends Asked {
	/** Bytes of the block, or why there are none. */
	readonly block: Promise<Uint8Array | Error>;
}

/**
 * Runs a chain without blocking. Never rejects for what a program or a device does: the errno is in `ret`. A hook serves
 * one chain at a time; `storageHooks` makes several of one program.
 */
export async function readXrpAsync(device: BlockDevice, hook: StorageHook, offset: number, options: AsyncOptions = {}): Promise<XrpResult> {
	const other = heldBack(hook);
	if (other !== null) return aborted("request", { hops: 0, bytes: 0, programReturn: 0 }, other);
	hold(hook);
	try {
		return await runChain(device, hook, offset, options);
	} finally {
		release(hook);
	}
}

async function runChain(device: BlockDevice, hook: StorageHook, offset: number, options: AsyncOptions): Promise<XrpResult> {
	const count = options.count ?? XRP_BLOCK;
	const progress: Progress = { hops: 0, bytes: 0, programReturn: 0 };
	const length = options.firstSize ?? count;
	const badRequest = badCount(count) ?? badCount(length);
	if (badRequest) return aborted("request", progress, badRequest);
	const { files, signal } = options;
	const fanout = options.fanout ?? false;
	const maxHops = options.maxHops ?? DEFAULT_MAX_HOPS;
	const maxOutstanding = options.maxOutstanding ?? DEFAULT_MAX_OUTSTANDING;
	const depth = fanout ? Math.max(1, options.queueDepth ?? XRP_SLOTS) : 1;
	const cancelled = () => signal?.aborted === true || options.cancelled?.() === true;
	const waiting: Asked[] = [{ address: offset, length }];
	const flying: Flight[] = [];
	const abort = abortion(signal);
	validate(device, files);
	const version = versionOf(device, files);
	const changed = () => versionOf(device, files) !== version;

	try {
		for (;;) {
			// Reads beyond the limit on hops are not even begun.
			while (waiting.length > 0 && flying.length < depth && progress.hops + flying.length < maxHops) {
				const asked = waiting[0];
				const place = placeOf(device, files, asked.address, asked.length);
				if (typeof place === "string") {
					// What was asked for before it comes first.
					if (flying.length > 0) break;
					return aborted(refusal(device, files, version, progress.hops), progress, place);
				}
				if (cancelled()) return aborted("cancelled", progress, "the request was cancelled");
				waiting.shift();
				options.trace?.push(asked.address);
				flying.push({ ...asked, block: blockAt(place, asked.length) });
			}
			const flight = flying.shift();
			if (flight === undefined) {
				if (waiting.length > 0) return aborted("hops", progress, `the program asked for more than ${maxHops} reads`);
				break;
			}
			const block = await (abort === null ? flight.block : Promise.race([flight.block, abort.promise]));
			if (block === null) return aborted("cancelled", progress, "the request was cancelled");
			if (block instanceof Error) return aborted("device", progress, `read at ${flight.address}: ${block.message}`);
			progress.bytes += flight.length;
			if (++progress.hops % VALIDATE_EVERY === 0) validate(device, files);
			if (changed()) return aborted("mapping", progress, "the file's mapping changed");

			const { u8, view } = hook.memory;
			u8.set(block, hook.data);
			const ended = fanout ? runOnCompletion(view, hook, flight, progress) : runAlone(view, hook, progress);
			if (ended === "refused") return aborted("program", progress, `the program returned ${progress.programReturn}`);
			if (ended === "done") break;
			if (fanout) {
				for (const asked of asksOf(view, hook, flight)) {
					if (waiting.length + flying.length >= maxOutstanding)
						return aborted("waiting", progress, `more than ${maxOutstanding} reads were waiting`);
					waiting.push(asked);
				}
			} else {
				const second = secondSlot(view, hook.context, XRP_SLOTS);
				if (second !== 0) return aborted("address", progress, `the program asked for a second read in slot ${second}`);
				waiting.push({ address: nextAddress(view, hook.context, 0), length: nextSize(view, hook.context, 0) || count });
			}
		}
		validate(device, files);
		return changed() ? aborted("mapping", progress, "the file's mapping changed") : done(count, progress);
	} finally {
		abort?.stop();
	}
}

function runAlone(view: DataView, hook: StorageHook, progress: Progress): "done" | "refused" | "on" {
	prepareContext(view, hook.context, hook.data, hook.scratch, hook.firstSlotOnly ?? false);
	progress.programReturn = hook.run(hook.context);
	if (progress.programReturn !== 0) return "refused";
	return view.getInt32(hook.context + XRP_CONTEXT.done, true) !== 0 ? "done" : "on";
}

/** Never rejects, since nobody may be left to wait for it. */
async function blockAt({ device, offset }: Place, length: number): Promise<Uint8Array | Error> {
	const block = new Uint8Array(length);
	try {
		const got = await device.read(block, 0, length, offset);
		if (got < length) cutOff(device, offset + got);
		return block;
	} catch (error) {
		return error instanceof Error ? error : new Error(String(error));
	}
}

/** null as soon as the signal is aborted. */
function abortion(signal: AbortSignal | undefined): { readonly promise: Promise<null>; stop(): void } | null {
	if (signal === undefined) return null;
	let listener = () => {};
	const promise = new Promise<null>((resolve) => {
		listener = () => resolve(null);
		signal.addEventListener("abort", listener);
	});
	return { promise, stop: () => signal.removeEventListener("abort", listener) };
}
