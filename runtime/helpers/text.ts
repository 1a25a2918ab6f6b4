/** Text helpers: comparison and number parsing (kernel/bpf/helpers.c). */
import { errno } from "../errno.ts";
import type { Machine } from "../machine.ts";
import type { HelperFamily } from "./helper.ts";
import { signed, wide } from "./helper.ts";

/** Base from the flags (0: by prefix), as strtol's: the digits used, their value and sign, or −errno. */
function parse(m: Machine, address: number, length: number, flags: bigint): { readonly used: number; readonly value: bigint; readonly negative: boolean } | number {
	const base = Number(flags & 31n);
	if (flags >> 5n !== 0n || ![0, 8, 10, 16].includes(base)) return -errno.EINVAL;
	if (length === 0) return -errno.EINVAL;
	const text = new TextDecoder("latin1").decode(m.memory.u8.slice(address, address + Math.min(length, 64)));
	const match = /^(?<space>[\t-\r ]*)(?<sign>-?)(?<prefix>0[xX](?=[0-9a-fA-F]))?(?<digits>[0-9a-zA-Z]*)/.exec(text);
	const groups = match?.groups;
	if (groups === undefined) return -errno.EINVAL;
	let radix = base;
	let prefix = groups.prefix ?? "";
	if (radix === 0) radix = prefix !== "" ? 16 : groups.digits.startsWith("0") ? 8 : 10;
	let digits = groups.digits;
	if (prefix !== "" && radix !== 16) {
		digits = "0";
		prefix = "";
	}
	const allowed = radix === 16 ? /^[0-9a-fA-F]*/ : radix === 8 ? /^[0-7]*/ : /^[0-9]*/;
	const used = allowed.exec(digits)?.[0] ?? "";
	if (used === "") return -errno.EINVAL;
	const value = BigInt(radix === 16 ? `0x${used}` : radix === 8 ? `0o${used}` : used);
	if (value >= 1n << 64n) return -errno.ERANGE;
	return { used: groups.space.length + groups.sign.length + prefix.length + used.length, value, negative: groups.sign === "-" };
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
		const parsed = parse(m, text >>> 0, length >>> 0, m.wide(3, flags));
		if (typeof parsed === "number") return parsed;
		const value = parsed.negative ? -parsed.value : parsed.value;
		if (value >= 1n << 63n || value < -(1n << 63n)) return -errno.ERANGE;
		m.memory.view.setBigInt64(out >>> 0, value, true);
		return parsed.used;
	}, wide(3)),
	bpf_strtoul: signed((m, text, length, flags, out) => {
		const parsed = parse(m, text >>> 0, length >>> 0, m.wide(3, flags));
		if (typeof parsed === "number") return parsed;
		if (parsed.negative) return -errno.EINVAL;
		m.memory.view.setBigUint64(out >>> 0, parsed.value, true);
		return parsed.used;
	}, wide(3)),
};
