/**
 * The kernel's format strings for programs (kernel/bpf/helpers.c bpf_bprintf_prepare, lib/vsprintf.c): %d %i %u %x %X with l and ll, %c %s %p, %px %pK %ps %pS %pB,
 * %pI4 %pi4 %pI6 %pi6, %pks %pus; with flags among "0+- " and a width. In: the format and 64-bit values. Out: text with one character for each byte, or −errno for what the kernel refuses.
 */
import { errno } from "../errno.ts";
import { latin1 } from "../latin1.ts";
import { MOST_VALUES, type Specifier, specifiersOf } from "../verifier/calls/format.ts";
import type { LinearMemory } from "../memory.ts";

/** Bytes that the strings of one call have together. */
const LONGEST_STRING = 511;
/** Below lie no objects. */
const FIRST_ADDRESS = 0x10000;

export function formatText(memory: LinearMemory, format: string, values: readonly bigint[]): string | number {
	const specifiers = specifiersOf(format);
	if (specifiers === null || specifiers.length > values.length || values.length > MOST_VALUES) return -errno.EINVAL;
	let text = "";
	let at = 0;
	const plain = (to: number): string => format.slice(at, to).replaceAll("%%", "%");
	for (const [i, specifier] of specifiers.entries()) {
		text += plain(specifier.at) + pad(one(memory, specifier, values[i]), specifier);
		at = specifier.end;
	}
	return text + plain(format.length);
}

/** The bytes up to the first zero; null: there is none among `size`. */
export function formatAt(memory: LinearMemory, at: number, size: number): string | null {
	const end = memory.u8.indexOf(0, at);
	return end < 0 || end >= at + size ? null : latin1(memory.u8.subarray(at, end));
}

function one(memory: LinearMemory, { kind, bits, flags }: Specifier, value: bigint): string {
	switch (kind) {
		case "d": {
			const number = BigInt.asIntN(bits, value);
			return number >= 0n && flags.includes("+") ? `+${number}` : number >= 0n && flags.includes(" ") ? ` ${number}` : `${number}`;
		}
		case "u":
			return BigInt.asUintN(bits, value).toString();
		case "x":
			return BigInt.asUintN(bits, value).toString(16);
		case "X":
			return BigInt.asUintN(bits, value).toString(16).toUpperCase();
		case "c":
			return String.fromCharCode(Number(value & 0xffn));
		case "s":
			return stringAt(memory, value);
		case "I4":
		case "i4":
			return [...bytesAt(memory, value, 4)].map((byte) => (kind === "i4" ? String(byte).padStart(3, "0") : String(byte))).join(".");
		case "I6":
		case "i6":
			return ip6(bytesAt(memory, value, 16), kind === "I6" ? ":" : "");
		case "symbol":
			return `0x${value.toString(16)}`;
		case "pointer":
			return value.toString(16).padStart(16, "0");
		default:
			return kind satisfies never;
	}
}

function ip6(bytes: Uint8Array, separator: string): string {
	const words = Array.from({ length: 8 }, (_, i) => ((bytes[2 * i] << 8) | bytes[2 * i + 1]).toString(16).padStart(4, "0"));
	return words.join(separator);
}

const isThere = (memory: LinearMemory, value: bigint, bytes: number): boolean =>
	value >= FIRST_ADDRESS && value + BigInt(bytes) <= memory.size;

/** Zeros for what is not there. */
function bytesAt(memory: LinearMemory, value: bigint, count: number): Uint8Array {
	return isThere(memory, value, count) ? memory.u8.slice(Number(value), Number(value) + count) : new Uint8Array(count);
}

/** Nothing for what is not there. */
function stringAt(memory: LinearMemory, value: bigint): string {
	if (!isThere(memory, value, 1)) return "";
	const at = Number(value);
	const end = memory.u8.indexOf(0, at);
	return latin1(memory.u8.subarray(at, Math.min(end < 0 ? memory.size : end, at + LONGEST_STRING)));
}

function pad(text: string, { flags, width, kind }: Specifier): string {
	if (flags.includes("-")) return text.padEnd(width);
	if (!flags.includes("0") || !"duxX".includes(kind)) return text.padStart(width);
	const sign = /^[-+ ]/.exec(text)?.[0] ?? "";
	return sign + text.slice(sign.length).padStart(width - sign.length, "0");
}
