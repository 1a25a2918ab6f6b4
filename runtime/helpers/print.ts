/** Formatted output: to the trace (bpf_printk), to a buffer, to a seq_file (collected in the run's extras). */
import { errno } from "../errno.ts";
import { bytesOfLatin1, latin1 } from "../latin1.ts";
import type { Machine } from "../machine.ts";
import { formatAt, formatText } from "./format.ts";
import type { HelperFamily } from "./helper.ts";
import { signed, wide } from "./helper.ts";

/** Of a format in a read-only map, whose end the verifier saw. */
const LONGEST_FORMAT = 4096;

/** Values from an array of u64 in memory. */
function values(m: Machine, data: number, bytes: number): bigint[] {
	return Array.from({ length: bytes >>> 3 }, (_, i) => m.memory.view.getBigUint64((data >>> 0) + 8 * i, true));
}

const UTF8 = new TextDecoder();

/** The text that a format of `size` bytes, its zero included, makes of the values; or −errno. */
function printed(m: Machine, format: number, size: number, list: readonly bigint[]): string | number {
	const text = formatAt(m.memory, format >>> 0, size >>> 0);
	return text === null ? -errno.EINVAL : formatText(m.memory, text, list);
}

function print(m: Machine, format: number, size: number, list: readonly bigint[]): number {
	const text = printed(m, format, size, list);
	if (typeof text === "number") return text;
	m.environment.print(UTF8.decode(bytesOfLatin1(text.endsWith("\n") ? text.slice(0, -1) : text)));
	return text.length;
}

/** The key under which iterators' output is collected. */
const seqOutput = "seq";

function appendSeq(m: Machine, text: string): void {
	const known = m.run?.extra.get(seqOutput);
	m.run?.extra.set(seqOutput, (typeof known === "string" ? known : "") + text);
}

export const printHelpers: HelperFamily = {
	bpf_trace_printk: signed((m, format, size, a, b, c) => print(m, format, size, [m.wide(3, a), m.wide(4, b), m.wide(5, c)]), wide(3, 4, 5)),
	bpf_trace_vprintk: signed((m, format, size, data, bytes) =>
		bytes % 8 !== 0 ? -errno.EINVAL : print(m, format, size, values(m, data, bytes)),
	),
	bpf_snprintf: signed((m, out, size, format, data, bytes) => {
		if (bytes % 8 !== 0) return -errno.EINVAL;
		const text = printed(m, format, LONGEST_FORMAT, values(m, data, bytes));
		if (typeof text === "number") return text;
		if (size > 0) {
			const kept = bytesOfLatin1(text.slice(0, size - 1));
			m.memory.u8.set(kept, out >>> 0);
			m.memory.u8[(out >>> 0) + kept.length] = 0;
		}
		return text.length + 1;
	}),
	bpf_seq_printf: signed((m, _seq, format, size, data, bytes) => {
		if (bytes % 8 !== 0) return -errno.EINVAL;
		const text = printed(m, format, size, values(m, data, bytes));
		if (typeof text === "number") return text;
		appendSeq(m, text);
		return 0;
	}),
	bpf_seq_write: signed((m, _seq, data, length) => {
		appendSeq(m, latin1(m.memory.u8.subarray(data >>> 0, (data >>> 0) + length)));
		return 0;
	}),
};
