/**
 * Kernel functions over strings (kernel/bpf/helpers.c, bpf_str*): of any address, ended by a NUL, at most 65,536 bytes of them (XATTR_SIZE_MAX).
 * They give an index, a length or an order, or −errno: ERANGE where no string can be, EFAULT where the memory ends, E2BIG where the string does not.
 */
import { errno } from "../errno.ts";
import type { Machine } from "../machine.ts";
import { layout } from "../memory.ts";
import type { HelperImplementation } from "./helper.ts";
import { signed, wide } from "./helper.ts";

const LONGEST = 65536;

/** The byte at an index of a string. */
type Bytes = (index: number) => number;

/** Leaves the walk over a string. */
class Unreadable extends Error {}

function bytesAt({ memory }: Machine, address: number): Bytes {
	const start = address >>> 0;
	return (index) => {
		if (start + index >= memory.size) throw new Unreadable();
		return memory.u8[start + index];
	};
}

/** A function of strings, whose addresses are its first arguments. */
function of(
	strings: 1 | 2,
	run: (one: Bytes, other: Bytes, a2: number, a3: number, m: Machine) => number,
	wideArgs = 0,
): HelperImplementation {
	return signed((m, a1, a2, a3) => {
		if (a1 >>> 0 < layout.nullGuard || (strings === 2 && a2 >>> 0 < layout.nullGuard)) return -errno.ERANGE;
		try {
			return run(bytesAt(m, a1), bytesAt(m, a2), a2, a3, m);
		} catch (thrown) {
			if (thrown instanceof Unreadable) return -errno.EFAULT;
			throw thrown;
		}
	}, wideArgs);
}

/** The kernel's tolower: ASCII and Latin-1. */
const lower = (byte: number): number => ((byte >= 65 && byte <= 90) || (byte >= 192 && byte <= 222 && byte !== 215) ? byte + 32 : byte);

function compare(one: Bytes, other: Bytes, seen: (byte: number) => number): number {
	for (let i = 0; i < LONGEST; i++) {
		const [a, b] = [seen(one(i)), seen(other(i))];
		if (a !== b) return a < b ? -1 : 1;
		if (a === 0) return 0;
	}
	return -errno.E2BIG;
}

/** Index of the first of `count` bytes that is looked for; the end may be. */
function find(text: Bytes, count: number, byte: number): number {
	for (let i = 0; i < Math.min(count, LONGEST); i++) {
		const at = text(i);
		if (at === byte) return i;
		if (at === 0) return -errno.ENOENT;
	}
	return count >= LONGEST ? -errno.E2BIG : -errno.ENOENT;
}

function findLast(text: Bytes, byte: number): number {
	let last: number = -errno.ENOENT;
	for (let i = 0; i < LONGEST; i++) {
		const at = text(i);
		if (at === byte) last = i;
		if (at === 0) return last;
	}
	return -errno.E2BIG;
}

function length(text: Bytes, count: number): number {
	for (let i = 0; i < Math.min(count, LONGEST); i++) if (text(i) === 0) return i;
	return count >= LONGEST ? -errno.E2BIG : count;
}

/** How many bytes at the beginning are among the others, or are not. */
function span(text: Bytes, set: Bytes, among: boolean): number {
	for (let i = 0; i < LONGEST; i++) {
		const byte = text(i);
		if (byte === 0) return i;
		let j = 0;
		while (j < LONGEST && set(j) !== 0 && set(j) !== byte) j++;
		if (j === LONGEST) return -errno.E2BIG;
		if ((set(j) !== 0) !== among) return i;
	}
	return -errno.E2BIG;
}

/** Index of a string in the first `count` bytes of another. */
function search(text: Bytes, wanted: Bytes, count: number): number {
	for (let i = 0; i < LONGEST; i++) {
		let j = 0;
		for (; i + j <= count && j < LONGEST; j++) {
			if (wanted(j) === 0) return i;
			if (i + j === count) break;
			const byte = text(i + j);
			if (byte === 0) return -errno.ENOENT;
			if (byte !== wanted(j)) break;
		}
		if (j === LONGEST) return -errno.E2BIG;
		if (i + j >= count) return -errno.ENOENT;
	}
	return -errno.E2BIG;
}

/** A size_t argument: more than any string has is as good as that. */
const count = (m: Machine, k: number, low: number): number => (m.high(k) === 0 ? Math.min(low >>> 0, LONGEST) : LONGEST);

export const strings: Readonly<Record<string, HelperImplementation>> = {
	bpf_strcmp: of(2, (one, other) => compare(one, other, (byte) => byte)),
	bpf_strcasecmp: of(2, (one, other) => compare(one, other, lower)),
	bpf_strlen: of(1, (text) => length(text, LONGEST)),
	bpf_strnlen: of(1, (text, _, most, __, m) => length(text, count(m, 2, most)), wide(2)),
	bpf_strchr: of(1, (text, _, byte) => find(text, LONGEST, byte & 255)),
	bpf_strnchr: of(1, (text, _, most, byte, m) => find(text, count(m, 2, most), byte & 255), wide(2)),
	bpf_strchrnul: of(1, (text, _, byte) => {
		const found = find(text, LONGEST, byte & 255);
		return found === -errno.ENOENT ? length(text, LONGEST) : found;
	}),
	bpf_strrchr: of(1, (text, _, byte) => findLast(text, byte)),
	bpf_strspn: of(2, (text, set) => span(text, set, true)),
	bpf_strcspn: of(2, (text, set) => span(text, set, false)),
	bpf_strstr: of(2, (text, wanted) => search(text, wanted, LONGEST)),
	bpf_strnstr: of(2, (text, wanted, _, most, m) => search(text, wanted, count(m, 3, most)), wide(3)),
};
