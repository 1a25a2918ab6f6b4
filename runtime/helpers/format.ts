/**
 * The kernel's format strings for programs (kernel/bpf/helpers.c bpf_bprintf_prepare, lib/vsprintf.c): %d %i %u %x %X %o %c %s %p, %ps, %pB, %pI4, %pI6, %pks, %pus,
 * with flags, width, precision and the lengths h, hh, l, ll. In: the format and 64-bit values. Out: text, or −errno for what the kernel refuses.
 */
import { errno } from "../errno.ts";
import type { LinearMemory } from "../memory.ts";

const specifier = /%(?:%|(?<flags>[-+ #0]*)(?<width>\d*)(?:\.(?<precision>\d+))?(?<length>hh|h|ll|l|z)?(?:(?<kind>[diuxXocs])|(?<pointer>p)(?<extra>ks|us|i4|I4|i6|I6|[KxsSBh])?))?/g;

export function formatText(memory: LinearMemory, format: string, values: readonly bigint[]): string | number {
	let next = 0;
	let failed: number = 0;
	const text = format.replace(specifier, (whole, ...rest) => {
		if (whole === "%%") return "%";
		const groups = rest[rest.length - 1] as Record<string, string | undefined>;
		if (groups.kind === undefined && groups.pointer === undefined) {
			failed = -errno.EINVAL;
			return "";
		}
		const value = values[next++];
		if (value === undefined) {
			failed = -errno.EINVAL;
			return "";
		}
		return pad(one(memory, groups, value), groups.flags ?? "", Number(groups.width ?? 0));
	});
	return failed !== 0 ? failed : text;
}

/** How many values a format takes. */
export function countSpecifiers(format: string): number {
	return [...format.matchAll(specifier)].filter((match) => match[0] !== "%%").length;
}

function one(memory: LinearMemory, groups: Record<string, string | undefined>, value: bigint): string {
	const bits = groups.length === "l" || groups.length === "ll" || groups.length === "z" ? 64 : groups.length === "h" ? 16 : groups.length === "hh" ? 8 : 32;
	const unsigned = BigInt.asUintN(bits, value);
	const flags = groups.flags ?? "";
	switch (groups.kind) {
		case "d":
		case "i": {
			const number = BigInt.asIntN(bits, value);
			const sign = number < 0n ? "-" : flags.includes("+") ? "+" : flags.includes(" ") ? " " : "";
			return sign + digits((number < 0n ? -number : number).toString(), groups.precision);
		}
		case "u":
			return digits(unsigned.toString(), groups.precision);
		case "x":
		case "X": {
			const text = (flags.includes("#") ? "0x" : "") + digits(unsigned.toString(16), groups.precision);
			return groups.kind === "X" ? text.toUpperCase() : text;
		}
		case "o":
			return (flags.includes("#") ? "0" : "") + unsigned.toString(8);
		case "c":
			return String.fromCharCode(Number(value & 0xffn));
		case "s":
			return textAt(memory, value, groups.precision);
		default:
			return pointer(memory, groups.extra ?? "", value);
	}
}

function pointer(memory: LinearMemory, extra: string, value: bigint): string {
	const at = Number(BigInt.asUintN(32, value));
	const byte = (i: number): number => memory.u8[at + i] ?? 0;
	switch (extra) {
		case "I4":
		case "i4":
			return [0, 1, 2, 3].map((i) => (extra === "i4" ? byte(i).toString().padStart(3, "0") : byte(i).toString())).join(".");
		case "I6":
		case "i6": {
			const words = [0, 2, 4, 6, 8, 10, 12, 14].map((i) => ((byte(i) << 8) | byte(i + 1)).toString(16).padStart(4, "0"));
			return words.join(extra === "I6" ? ":" : "");
		}
		case "ks":
		case "us":
			return textAt(memory, value, undefined);
		case "s":
		case "S":
		case "B":
			return `0x${value.toString(16)}`;
		default:
			return value.toString(16).padStart(16, "0");
	}
}

function textAt(memory: LinearMemory, value: bigint, precision: string | undefined): string {
	const at = Number(BigInt.asUintN(32, value));
	if (at < 0x10000 || at >= memory.size) return "(fault)";
	return memory.string(at, precision === undefined ? 511 : Number(precision));
}

function digits(text: string, precision: string | undefined): string {
	return precision === undefined ? text : text.padStart(Number(precision), "0");
}

function pad(text: string, flags: string, width: number): string {
	if (flags.includes("-")) return text.padEnd(width);
	if (!flags.includes("0")) return text.padStart(width);
	const sign = /^[-+ ]|^0x/i.exec(text)?.[0] ?? "";
	return sign + text.slice(sign.length).padStart(width - sign.length, "0");
}
