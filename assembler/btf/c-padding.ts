/** Padding that the compiler would not add by itself, as unnamed bit-fields. Source: the behaviour of libbpf's btf_dump. */
import { POINTER_SIZE } from "./layout.ts";

const PADS = [
	["long", POINTER_SIZE * 8],
	["int", 32],
	["short", 16],
	["char", 8],
] as const;
const roundUp = (value: number, to: number): number => Math.ceil(value / to) * to;

/** A hostile size could ask for millions of members; no real gap is as large: an array says the same. */
const LARGEST_GAP = 8 * 8192;

/** Members that fill the bits from `at` to `next` as far as the compiler would not; `align` is that of what follows, in bytes. */
export function padding(at: number, next: number, align: number, inBitField: boolean): readonly string[] {
	if (at >= next) return [];
	const members: string[] = [];
	const [widest, width] = PADS.find(([, bits]) => roundUp(at, bits) <= next) ?? PADS[3];
	const boundary = roundUp(at, width);
	if (boundary > at && boundary <= next) {
		if (inBitField || (boundary === next && roundUp(at, align * 8) !== boundary) || (boundary !== next && next - boundary <= boundary - at))
			members.push(`${widest}: ${inBitField ? boundary - at : 0};`);
		at = boundary;
	}
	if (next - at > LARGEST_GAP) {
		members.push(`char __padding_${at}[${Math.floor((next - at) / 8)}];`);
		at += Math.floor((next - at) / 8) * 8;
	}
	while (at < next) {
		const bits = Math.min(next - at, width);
		members.push(`${bits === width ? widest : PADS.findLast(([, size]) => size >= bits)![0]}: ${bits};`);
		at += bits;
	}
	return members;
}
