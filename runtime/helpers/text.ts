/** Text helpers: comparison and number parsing (kernel/bpf/helpers.c). */
import { errno } from "../errno.ts";
import { latin1 } from "../latin1.ts";
import type { Machine } from "../machine.ts";
import type { HelperFamily } from "./helper.ts";
import { signed, wide } from "./helper.ts";

/** Bytes behind white space and sign that are looked at. */
const LONGEST = 63;
const BASES = [0, 8, 10, 16];
const DIGITS: Readonly<Record<number, RegExp>> = { 8: /^[0-7]+/, 10: /^[0-9]+/, 16: /^[0-9a-f]+/i };
const PREFIX: Readonly<Record<number, string>> = { 8: "0o", 10: "", 16: "0x" };

/** Base from the flags (0: by prefix), as kstrtoull's: the bytes used, their value and sign, or −errno. */
function parse(
	m: Machine,
	address: number,
	length: number,
	flags: bigint,
): { readonly used: number; readonly value: bigint; readonly negative: boolean } | number {
	const base = Number(flags & 31n);
	if (flags >> 5n !== 0n || !BASES.includes(base) || length === 0) return -errno.EINVAL;
	const text = latin1(m.memory.u8.subarray(address, address + length));
	const start = /^[\t-\r ]*-?/.exec(text)?.[0] ?? "";
	let rest = text.slice(start.length, start.length + LONGEST);
	if (rest === "") return -errno.EINVAL;
	const radix = base !== 0 ? base : /^0x[0-9a-f]/i.test(rest) ? 16 : rest.startsWith("0") ? 8 : 10;
	let used = start.length;
	if (radix === 16 && /^0x/i.test(rest)) {
		rest = rest.slice(2);
		used += 2;
	}
	const digits = DIGITS[radix].exec(rest)?.[0] ?? "";
	if (digits === "") return -errno.EINVAL;
	const value = BigInt(PREFIX[radix] + digits);
	if (value >= 1n << 64n) return -errno.ERANGE;
	return { used: used + digits.length, value, negative: start.endsWith("-") };
}

export const textHelpers: HelperFamily = {
	bpf_strncmp: signed((m, left, size, right) => {
		const { u8 } = m.memory;
		for (let i = 0; i < size >>> 0; i++) {
			const [a, b] = [u8[(left >>> 0) + i] ?? 0, u8[(right >>> 0) + i] ?? 0];
			if (a !== b) return a < b ? -1 : 1;
			if (a === 0) break;
		}
		return 0;
	}),
	bpf_strtol: signed((m, text, length, flags, out) => {
		m.memory.view.setBigInt64(out >>> 0, 0n, true);
		const parsed = parse(m, text >>> 0, length >>> 0, m.wide(3, flags));
		if (typeof parsed === "number") return parsed;
		const value = parsed.negative ? -parsed.value : parsed.value;
		if (value >= 1n << 63n || value < -(1n << 63n)) return -errno.ERANGE;
		m.memory.view.setBigInt64(out >>> 0, value, true);
		return parsed.used;
	}, wide(3)),
	bpf_strtoul: signed((m, text, length, flags, out) => {
		m.memory.view.setBigInt64(out >>> 0, 0n, true);
		const parsed = parse(m, text >>> 0, length >>> 0, m.wide(3, flags));
		if (typeof parsed === "number") return parsed;
		if (parsed.negative) return -errno.EINVAL;
		m.memory.view.setBigUint64(out >>> 0, parsed.value, true);
		return parsed.used;
	}, wide(3)),
};
