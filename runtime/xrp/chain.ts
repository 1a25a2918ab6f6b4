/** The steps that every kind of chain is made of: a checked read, a prepared context, what a program may ask for. */
import { errno } from "../errno.ts";
import { XRP_BLOCK, XRP_CONTEXT, XRP_PAGE } from "./context.ts";
import type { BlockDevice } from "./device.ts";

const { EIO, EAGAIN, EFAULT, EINVAL, ELOOP, EOPNOTSUPP, ECANCELED } = errno;

/** Error numbers of a chain; `ret` of a result has them negated. */
export const ERRNO = { EIO, EAGAIN, EFAULT, EINVAL, ELOOP, EOPNOTSUPP, ECANCELED } as const;

/** Why a chain ended early, and the errno that its caller sees. */
export const CAUSES = {
	/** The caller's first address or sizes. */
	request: ERRNO.EINVAL,
	/** It returned something other than 0. */
	program: ERRNO.EOPNOTSUPP,
	/** The program asked for what cannot be read. */
	address: ERRNO.EOPNOTSUPP,
	/** The file's mapping changed: the chain may be run again. */
	mapping: ERRNO.EOPNOTSUPP,
	device: ERRNO.EIO,
	/** More reads than the chain may issue. */
	hops: ERRNO.ELOOP,
	/** More reads at a time than may wait. */
	waiting: ERRNO.EAGAIN,
	cancelled: ERRNO.ECANCELED,
} as const satisfies Record<string, number>;

/** Why a chain of reads ended without a result. */
export type AbortCause = keyof typeof CAUSES;

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
	/**
	 * Of the context, the program writes nothing but `done`, `next_addr[0]` and `size[0]`: the rest then stays zero, and
	 * need neither be zeroed nor looked at. A hook with a `run` of its own answers for this itself.
	 */
	readonly firstSlotOnly?: boolean;
	/** Runs the program with r1 = `context`; returns the low 32 bits of r0, signed. */
	run(context: number): number;
}

/** What a chain may read. */
export interface XrpOptions {
	/** Bytes of the first read and of those whose `size` slot is 0: a multiple of 512 up to 4096 (512). */
	readonly count?: number;
	/** Bytes of the first read, when they are not `count`: a chain that goes on where another one stopped. */
	readonly firstSize?: number;
	/** Reads that one chain may issue before it ends with ELOOP (4096). */
	readonly maxHops?: number;
	/**
	 * Further files of the chain. Bits 56 to 62 of an address choose one of them, 0 being the chain's own file: an LSM
	 * lookup goes from one sorted file to the next without leaving the chain.
	 */
	readonly files?: readonly BlockDevice[];
	/** Takes the address of each read. */
	readonly trace?: number[];
	/** Asked before each read; true ends the chain with ECANCELED. */
	readonly cancelled?: () => boolean;
}

/** What became of a chain, and what it cost. */
export interface XrpResult {
	/** `count` when the program said done, else −errno. */
	readonly ret: number;
	/** Blocks read. */
	readonly hops: number;
	/** Bytes read. */
	readonly bytes: number;
	/** Last r0 of the program, low word. */
	readonly programReturn: number;
	/** Absent when the chain ended well. */
	readonly cause?: AbortCause;
	/** The same in words. */
	readonly reason?: string;
}

/** Reads of one chain. */
export const DEFAULT_MAX_HOPS = 4096;

/** 2^56: above it, an address says which file it means. */
export const FILE_UNIT = 2 ** 56;

/** Reads between two looks at the device's metadata within a chain; there is one more at either end. */
export const VALIDATE_EVERY = 16;

/** What a chain has done so far: the mutable half of its result. */
export interface Progress {
	hops: number;
	bytes: number;
	programReturn: number;
}

export function done(count: number, { hops, bytes, programReturn }: Progress): XrpResult {
	return { ret: count, hops, bytes, programReturn };
}

export function aborted(cause: AbortCause, { hops, bytes, programReturn }: Progress, reason: string): XrpResult {
	return { ret: -CAUSES[cause], hops, bytes, programReturn, cause, reason };
}

/** Hooks with an asynchronous chain under way, to which their scratch page belongs meanwhile. */
const held = new WeakSet<StorageHook>();
/** Of those: to ask it costs a chain of cached reads nothing, to look a hook up does. */
let heldHooks = 0;

/** Why no chain can begin with this hook, or null. */
export function heldBack(hook: StorageHook): string | null {
	return heldHooks > 0 && held.has(hook) ? "another chain is under way with this hook, and has its scratch page" : null;
}

export function hold(hook: StorageHook): void {
	held.add(hook);
	heldHooks++;
}

export function release(hook: StorageHook): void {
	held.delete(hook);
	heldHooks--;
}

/** Why `count` cannot be a chain's read size, or null. */
export function badCount(count: number): string | null {
	return count > 0 && count <= XRP_PAGE && count % XRP_BLOCK === 0
		? null
		: `count ${count} is no multiple of ${XRP_BLOCK} up to ${XRP_PAGE}`;
}

/** Zeroes the context and fills in its two pointers. Takes numbers, not the hook: hooks of several shapes would slow all of them. */
export function prepareContext(view: DataView, context: number, data: number, scratch: number, firstSlotOnly: boolean): void {
	if (firstSlotOnly) {
		view.setFloat64(context + XRP_CONTEXT.done, 0, true);
		view.setFloat64(context + XRP_CONTEXT.nextAddr, 0, true);
		view.setFloat64(context + XRP_CONTEXT.size, 0, true);
	} else zeroContext(view, context);
	view.setUint32(context + XRP_CONTEXT.data, data, true);
	view.setUint32(context + XRP_CONTEXT.scratch, scratch, true);
}

function zeroContext(view: DataView, context: number): void {
	for (let at = context; at < context + XRP_CONTEXT.bytes; at += 8) view.setFloat64(at, 0, true);
}

/** A slot's address as a double: exact below 2^53, which every file's offsets are. */
export function nextAddress(view: DataView, context: number, slot: number): number {
	const at = context + XRP_CONTEXT.nextAddr + 8 * slot;
	return view.getUint32(at, true) + view.getUint32(at + 4, true) * 2 ** 32;
}

/** A slot's size in bytes; 0: nothing is asked for. */
export function nextSize(view: DataView, context: number, slot: number): number {
	const at = context + XRP_CONTEXT.size + 8 * slot;
	return view.getUint32(at, true) + view.getUint32(at + 4, true) * 2 ** 32;
}

export interface Place {
	readonly device: BlockDevice;
	readonly offset: number;
}

/** Which file and where an address means, or why it cannot be read. */
export function placeOf(device: BlockDevice, files: readonly BlockDevice[] | undefined, address: number, length: number): Place | string {
	let offset = address;
	if (address >= FILE_UNIT) {
		const file = Math.floor(address / FILE_UNIT);
		const chosen = files?.[file - 1];
		if (chosen === undefined) return `address ${address} names file ${file} of ${1 + (files?.length ?? 0)}`;
		device = chosen;
		offset = address % FILE_UNIT;
	}
	const bad = badPlace(device, offset, length);
	return bad ?? { device, offset };
}

/** Why a device has no such block, or null. */
function badPlace(device: BlockDevice, offset: number, length: number): string | null {
	// A division in doubles: offsets go beyond 32 bits, and % calls a function for those.
	const sound =
		Math.floor(offset / XRP_BLOCK) * XRP_BLOCK === offset &&
		offset < device.size &&
		offset >= 0 &&
		length <= XRP_PAGE &&
		length % XRP_BLOCK === 0;
	return sound ? null : whatIsBad(device, offset, length);
}

/** Apart, as all that is rare here: V8 inlines a chain's loop whole only while what it calls is short. */
function whatIsBad({ size }: BlockDevice, offset: number, length: number): string {
	if (offset % XRP_BLOCK !== 0) return `offset ${offset} is no multiple of ${XRP_BLOCK}`;
	if (offset >= size || offset < 0) return `offset ${offset} lies outside the file's ${size} bytes`;
	return `size ${length} is no multiple of ${XRP_BLOCK} up to ${XRP_PAGE}`;
}

/** Reads into the data page; behind the file's end there are zeros. Returns null, or why the address cannot be read; throws what the device throws. */
export function readBlock(
	device: BlockDevice,
	files: readonly BlockDevice[] | undefined,
	bytes: Uint8Array,
	data: number,
	address: number,
	length: number,
): string | null {
	if (address >= FILE_UNIT) {
		const place = placeOf(device, files, address, length);
		return typeof place === "string" ? place : readPlace(place.device, bytes, data, place.offset, length);
	}
	return badPlace(device, address, length) ?? readPlace(device, bytes, data, address, length);
}

function readPlace(device: BlockDevice, bytes: Uint8Array, data: number, offset: number, length: number): null {
	const got = device.readSync(bytes, data, length, offset);
	if (got < length) endWithZeros(device, bytes, data, offset, length, got);
	return null;
}

function endWithZeros(device: BlockDevice, bytes: Uint8Array, data: number, offset: number, length: number, got: number): void {
	cutOff(device, offset + got);
	bytes.fill(0, data + got, data + length);
}

/** A read ended here. Before the end that the device knows of, it was cut off since it was looked at. */
export function cutOff(device: BlockDevice, end: number): void {
	if (end < device.size) device.lookNow?.();
}

/** A slot other than the first that asks for a read, or 0. */
export function secondSlot(view: DataView, context: number, slots: number): number {
	for (let slot = 1; slot < slots; slot++) if (nextSize(view, context, slot) !== 0) return slot;
	return 0;
}

/**
 * The versions of all files of a chain in one number: it changes when one of them does. Versions only grow, so a sum
 * tells.
 */
export function versionOf(device: BlockDevice, files: readonly BlockDevice[] | undefined): number {
	return files === undefined ? device.version : device.version + sumOfVersions(files);
}

function sumOfVersions(files: readonly BlockDevice[]): number {
	let sum = 0;
	for (const file of files) sum += file.version;
	return sum;
}

export function validate(device: BlockDevice, files: readonly BlockDevice[] | undefined, since?: number): void {
	device.validate?.(since);
	if (files !== undefined) for (const file of files) file.validate?.(since);
}

/**
 * Why an address is refused. Before a chain is told that it lies outside the file, the file is looked at once more: it
 * may have grown since, and the chain may have read so from a block that was written meanwhile.
 */
export function refusal(device: BlockDevice, files: readonly BlockDevice[] | undefined, version: number, hops: number): AbortCause {
	device.lookNow?.();
	if (files !== undefined) for (const file of files) file.lookNow?.();
	if (versionOf(device, files) !== version) return "mapping";
	return hops === 0 ? "request" : "address";
}
