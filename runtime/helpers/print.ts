/** Formatted output: to the trace (bpf_printk), to a buffer, to a seq_file (collected in the run's extras). */
import { errno } from "../errno.ts";
import type { Machine } from "../machine.ts";
import { formatText } from "./format.ts";
import type { HelperFamily } from "./helper.ts";
import { signed, wide } from "./helper.ts";

/** Values from an array of u64 in memory. */
function values(m: Machine, data: number, bytes: number): bigint[] {
	return Array.from({ length: bytes >>> 3 }, (_, i) => m.memory.view.getBigUint64((data >>> 0) + 8 * i, true));
}

function print(m: Machine, format: string, list: readonly bigint[]): number {
	const text = formatText(m.memory, format, list);
	if (typeof text === "number") return text;
	m.environment.print(text.endsWith("\n") ? text.slice(0, -1) : text);
	return new TextEncoder().encode(text).length;
}

/** The key under which iterators' output is collected. */
export const seqOutput = "seq";

function appendSeq(m: Machine, text: string): void {
	const known = m.run?.extra.get(seqOutput);
	m.run?.extra.set(seqOutput, (typeof known === "string" ? known : "") + text);
}

export const printHelpers: HelperFamily = {
	bpf_trace_printk: signed((m, format, size, a, b, c) => print(m, m.memory.string(format >>> 0, size >>> 0), [m.wide(3, a), m.wide(4, b), m.wide(5, c)]), wide(3, 4, 5)),
	bpf_trace_vprintk: signed((m, format, size, data, bytes) => print(m, m.memory.string(format >>> 0, size >>> 0), values(m, data, bytes))),
	bpf_snprintf: signed((m, out, size, format, data, bytes) => {
		if (bytes % 8 !== 0) return -errno.EINVAL;
		const text = formatText(m.memory, m.memory.string(format >>> 0), values(m, data, bytes));
		if (typeof text === "number") return text;
		const encoded = new TextEncoder().encode(text);
		if (size > 0) {
			const kept = encoded.subarray(0, size - 1);
			m.memory.u8.set(kept, out >>> 0);
			m.memory.u8[(out >>> 0) + kept.length] = 0;
		}
		return encoded.length + 1;
	}),
	bpf_seq_printf: signed((m, _seq, format, size, data, bytes) => {
		const text = formatText(m.memory, m.memory.string(format >>> 0, size >>> 0), values(m, data, bytes));
		if (typeof text === "number") return text;
		appendSeq(m, text);
		return 0;
	}),
	bpf_seq_write: signed((m, _seq, data, length) => {
		appendSeq(m, new TextDecoder("latin1").decode(m.memory.u8.slice(data >>> 0, (data >>> 0) + length)));
		return 0;
	}),
};
