/**
 * Looks keys up in a WiredTiger file through a storage function: the host side. It knows where the root is (from the
 * checkpoint's cookie in WiredTiger's metadata), writes the key into the scratch page, runs one chain, and reads the answer.
 */
import { type BlockDevice, readXrpSync, type StorageHook } from "ebpfcc/runtime";

/** Offsets in `struct wt_lookup` (wt-lookup.h). */
const AT = { keySize: 0, checksum: 4, key: 8, status: 72, level: 76, slot: 80, valueSize: 84, value: 88, end: 688 } as const;
const MAX_KEY = 64;

/** `enum wt_status` from WT_REFUSED on. */
const REFUSALS: Readonly<Record<number, string>> = {
	16: "a page that is neither a row-store internal page nor a leaf (a column store, or another allocation size)",
	17: "blocks of another size than 512 bytes",
	18: "a checksum that does not fit its page",
	19: "a compressed page",
	20: "an encrypted page",
	21: "an overflow item",
	22: `a key over ${MAX_KEY} bytes`,
	23: "a cell with transaction or time information",
	24: "a cell that no sound page has",
	25: "more than 32 levels",
};

export interface RootAddress {
	/** In bytes. */
	readonly offset: number;
	readonly size: number;
	readonly checksum: number;
}

export type LookupResult =
	| { readonly found: true; readonly value: Uint8Array; readonly slot: number; readonly hops: number }
	| { readonly found: false; readonly hops: number };

/** A file, or a part of it, that the program does not read. Nothing is guessed. */
export class Refused extends Error {
	override readonly name = "Refused";
}

/**
 * The root page's address in a checkpoint cookie: version 1, then offset, size and checksum as packed integers.
 * @throws Refused when it is none
 */
export function rootOf(cookie: Uint8Array): RootAddress {
	if (cookie[0] !== 1) throw new Refused(`a checkpoint cookie of version ${cookie[0]}`);
	let at = 1;
	const unpack = (): number => {
		const first = cookie[at] ?? 0;
		let value: number;
		if (first >> 6 === 0b10) {
			value = first & 0x3f;
			at += 1;
		} else if (first >> 5 === 0b110) {
			value = (((first & 0x1f) << 8) | (cookie[at + 1] ?? 0)) + 64;
			at += 2;
		} else if (first >> 4 === 0b1110) {
			value = 0;
			for (let i = 1; i <= (first & 0xf); i++) value = value * 256 + (cookie[at + i] ?? 0);
			value += 8256;
			at += 1 + (first & 0xf);
		} else {
			throw new Refused(`byte ${at} of the checkpoint cookie is no packed integer`);
		}
		if (at > cookie.length) throw new Refused("the checkpoint cookie is cut off");
		return value;
	};
	const offset = 512 * (unpack() + 1);
	const size = 512 * unpack();
	if (size === 0) throw new Refused("an empty tree: the cookie has no root page");
	if (size !== 512) throw new Refused(`a root page of ${size} bytes: only blocks of 512 bytes are read`);
	return { offset, size, checksum: unpack() };
}

/**
 * The root of a table's newest checkpoint, or of a named one, from its line of WiredTiger's metadata (`file:NAME.wt`).
 * What changes the meaning of bytes without leaving a mark in the pages is refused here.
 * @throws Refused
 */
export function rootFromMetadata(config: string, checkpoint?: string): RootAddress {
	const settings = parseConfig(config);
	const refuse = (name: string, plain: string, what: string) => {
		const value = settings.get(name) ?? plain;
		if (value !== plain) throw new Refused(`${what}: ${name}=${value}`);
	};
	if (settings.get("key_format") === "r") throw new Refused("a column store: key_format=r");
	refuse("allocation_size", "512B", "blocks of another size than 512 bytes");
	refuse("collator", "", "an order of its own");
	refuse("huffman_key", "", "encoded keys");
	refuse("huffman_value", "", "encoded values");
	if ((parseConfig(settings.get("encryption") ?? "").get("name") ?? "") !== "") throw new Refused("an encrypted table");
	const checkpoints = [...parseConfig(settings.get("checkpoint") ?? "")].map(([name, text]) => ({ name, fields: parseConfig(text) }));
	const order = ({ fields }: (typeof checkpoints)[number]) => Number(fields.get("order") ?? 0);
	const chosen =
		checkpoint === undefined ? checkpoints.sort((x, y) => order(y) - order(x))[0] : checkpoints.find(({ name }) => name === checkpoint);
	if (chosen === undefined)
		throw new Refused(
			checkpoint === undefined
				? "a table without a checkpoint"
				: `no checkpoint ${checkpoint}: there are ${checkpoints.map(({ name }) => name).join(", ")}`,
		);
	const cookie = chosen.fields.get("addr") ?? "";
	if (cookie === "") throw new Refused("an empty tree: its checkpoint has no address");
	return rootOf(Uint8Array.from(cookie.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16)));
}

/** `name=value` pairs, in which a value in parentheses is another list and one in quotes is taken without them. */
function parseConfig(text: string): Map<string, string> {
	const settings = new Map<string, string>();
	let at = 0;
	while (at < text.length) {
		let depth = 0;
		const begin = at;
		for (; at < text.length && (depth > 0 || text[at] !== ","); at++) depth += text[at] === "(" ? 1 : text[at] === ")" ? -1 : 0;
		const pair = text.slice(begin, at++).trim();
		const equals = pair.indexOf("=");
		const value = equals < 0 ? "" : pair.slice(equals + 1);
		if (pair !== "") settings.set(equals < 0 ? pair : pair.slice(0, equals), /^\(.*\)$|^".*"$/s.test(value) ? value.slice(1, -1) : value);
	}
	return settings;
}

/**
 * One lookup, one chain.
 * @param key its bytes as stored: with the trailing NUL for `key_format=S`
 * @throws Refused when the file holds what the program does not read
 */
export function lookup(device: BlockDevice, hook: StorageHook, root: RootAddress, key: Uint8Array): LookupResult {
	if (key.length > MAX_KEY) throw new Refused(`a key of ${key.length} bytes: at most ${MAX_KEY} can be looked up`);
	const { u8, view } = hook.memory;
	const at = hook.scratch;
	u8.fill(0, at, at + AT.end);
	view.setUint32(at + AT.keySize, key.length, true);
	view.setUint32(at + AT.checksum, root.checksum, true);
	u8.set(key, at + AT.key);

	const result = readXrpSync(device, hook, root.offset);
	if (result.ret < 0) throw new Refused(`the chain ended after ${result.hops} reads: ${result.reason}`);
	const status = view.getUint32(at + AT.status, true);
	if (status === 1) {
		const size = view.getUint32(at + AT.valueSize, true);
		return {
			found: true,
			value: u8.slice(at + AT.value, at + AT.value + size),
			slot: view.getUint32(at + AT.slot, true),
			hops: result.hops,
		};
	}
	if (status === 2) return { found: false, hops: result.hops };
	throw new Refused(`${REFUSALS[status] ?? `status ${status}`}, on page ${result.hops} of the way`);
}
