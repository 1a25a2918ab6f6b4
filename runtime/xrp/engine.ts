/**
 * The XRP chain: read a block, run the program on it, read where it points, until it says that it is done. In the
 * original this loop is the completion handler of the NVMe driver; here it is one function that never goes back to
 * the caller between two reads.
 *
 * Contract (OSDI'22, sections 3 and 4, and the released kernel): the context is zeroed before every call of the
 * program, so that all state lives in the scratch page; a non-zero return, an address that is no multiple of 512 or
 * lies outside the file, and a changed file mapping end the request with EOPNOTSUPP; `scratch` keeps what the hops
 * before wrote. Beyond the original: a limit on hops (ELOOP), and reads of up to the data page's 4096 bytes.
 */
import { XRP_BLOCK, XRP_CONTEXT, XRP_PAGE, XRP_SLOTS } from "./context.ts";
import type { BlockDevice } from "./device.ts";

export const ERRNO = { EIO: 5, EAGAIN: 11, EFAULT: 14, EINVAL: 22, ELOOP: 40, EOPNOTSUPP: 95, ECANCELED: 125 } as const;

/** A loaded program with its three places in the linear memory that its pointers index. */
export interface StorageHook {
	readonly name: string;
	/** Slots of 8 bytes. */
	readonly instructions: number;
	/** The linear memory; its views may be replaced between two chains, never during one. */
	readonly memory: { readonly u8: Uint8Array; readonly view: DataView };
	/** Byte offsets in it: 280 bytes, 4096 and 4096. The pages are page-aligned. */
	readonly context: number;
	readonly data: number;
	readonly scratch: number;
	/** Runs the program with r1 = `context`; returns the low 32 bits of r0, signed. */
	run(context: number): number;
}

export interface XrpOptions {
	/** Bytes of the first read and of those whose `size` slot is 0: a multiple of 512 up to 4096 (512). */
	readonly count?: number;
	/** Reads that one chain may issue before it ends with ELOOP (4096). */
	readonly maxHops?: number;
	/** Takes the file offset of each read. */
	readonly trace?: number[];
	/** Asked before each read; true ends the chain with ECANCELED. */
	readonly cancelled?: () => boolean;
}

export interface XrpResult {
	/** `count` when the program said done, else −errno. */
	readonly ret: number;
	/** Blocks read. */
	readonly hops: number;
	/** Last r0 of the program, low word. */
	readonly programReturn: number;
	/** Why the chain was aborted. */
	readonly reason?: string;
}

export const DEFAULT_MAX_HOPS = 4096;

/**
 * Runs a whole chain on the calling thread.
 * @param offset where the first read goes: a multiple of 512 in the device
 * @returns never throws for what a program or a device does: the errno is in `ret`
 */
export function readXrpSync(device: BlockDevice, hook: StorageHook, offset: number, options: XrpOptions = {}): XrpResult {
	const count = options.count ?? XRP_BLOCK;
	if (count <= 0 || count > XRP_PAGE || count % XRP_BLOCK !== 0)
		return failed(ERRNO.EINVAL, 0, 0, `count ${count} is no multiple of ${XRP_BLOCK} up to ${XRP_PAGE}`);
	const maxHops = options.maxHops ?? DEFAULT_MAX_HOPS;
	const { context, data } = hook;
	const { u8: bytes, view } = hook.memory;
	const version = device.version;
	let length = count;
	let programReturn = 0;
	for (let hops = 0; ; ) {
		const bad = whyNotReadable(device, offset, length);
		if (bad) return failed(hops === 0 ? ERRNO.EINVAL : ERRNO.EOPNOTSUPP, hops, programReturn, bad);
		if (hops >= maxHops) return failed(ERRNO.ELOOP, hops, programReturn, `the program asked for more than ${maxHops} reads`);
		if (options.cancelled?.()) return failed(ERRNO.ECANCELED, hops, programReturn, "the request was cancelled");
		options.trace?.push(offset);
		try {
			const got = device.readSync(bytes, data, length, offset);
			if (got < length) bytes.fill(0, data + got, data + length);
		} catch (error) {
			return failed(ERRNO.EIO, hops, programReturn, `read at ${offset}: ${(error as Error).message}`);
		}
		hops++;
		if (device.version !== version) return failed(ERRNO.EOPNOTSUPP, hops, programReturn, "the file's mapping changed");

		prepareContext(view, hook);
		programReturn = hook.run(context);
		if (programReturn !== 0) return failed(ERRNO.EOPNOTSUPP, hops, programReturn, `the program returned ${programReturn}`);
		if (view.getInt32(context + XRP_CONTEXT.done, true) !== 0) return { ret: count, hops, programReturn };

		offset = readOffset(view, context + XRP_CONTEXT.nextAddr);
		length = view.getUint32(context + XRP_CONTEXT.size, true) || count;
		for (let slot = 1; slot < XRP_SLOTS; slot++)
			if (view.getUint32(context + XRP_CONTEXT.size + 8 * slot, true) !== 0)
				return failed(ERRNO.EOPNOTSUPP, hops, programReturn, `the program asked for a second read in slot ${slot}`);
	}
}

function prepareContext(view: DataView, hook: StorageHook): void {
	const { context } = hook;
	for (let at = context; at < context + XRP_CONTEXT.bytes; at += 8) view.setFloat64(at, 0, true);
	view.setUint32(context + XRP_CONTEXT.data, hook.data, true);
	view.setUint32(context + XRP_CONTEXT.scratch, hook.scratch, true);
}

function whyNotReadable(device: BlockDevice, offset: number, length: number): string | null {
	if (offset % XRP_BLOCK !== 0) return `offset ${offset} is no multiple of ${XRP_BLOCK}`;
	if (offset >= device.size) return `offset ${offset} lies outside the file's ${device.size} bytes`;
	if (length > XRP_PAGE || length % XRP_BLOCK !== 0) return `size ${length} is no multiple of ${XRP_BLOCK} up to ${XRP_PAGE}`;
	return null;
}

/** A u64 as a double: exact up to 2^53, and anything above lies outside every file. */
function readOffset(view: DataView, at: number): number {
	return view.getUint32(at, true) + view.getUint32(at + 4, true) * 2 ** 32;
}

function failed(errno: number, hops: number, programReturn: number, reason: string): XrpResult {
	return { ret: -errno, hops, programReturn, reason };
}
