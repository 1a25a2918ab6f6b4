/** Small programs, each for some kinds of lines in the kernel's verifier log. */
import { parseInsns } from "../../assembler/text/parse.ts";
import type { MapDef, ProgramImage } from "../../runtime/image.ts";
import { bareImage } from "./image.ts";

interface LoggedProgram {
	readonly name: string;
	/** 1 socket filter, 6 XDP. */
	readonly type: number;
	readonly map?: boolean;
	readonly text: string;
}

export const LOGGED: readonly LoggedProgram[] = [
	{ name: "branches", type: 6, text: `
		r0 = *(u32 *)(r1 + 16)
		if r0 > 100 goto +3
		if w0 s< 5 goto +1
		r0 &= 7
		exit
		r0 = 2
		exit` },
	{ name: "numbers", type: 1, text: `
		call 7
		r6 = r0
		r6 &= 0xff
		r7 = r6
		r7 += 16
		w8 = w0
		w8 >>= 28
		r9 = -5
		r9 s>>= 1
		r8 *= 3
		r6 |= 1
		r0 = (s8)r0
		r6 ^= r8
		r0 = be16 r0
		exit` },
	{ name: "stack", type: 1, text: `
		call 7
		*(u64 *)(r10 - 8) = r0
		*(u32 *)(r10 - 16) = r0
		*(u8 *)(r10 - 17) = 0
		*(u64 *)(r10 - 32) = 7
		*(u64 *)(r10 - 40) = r10
		r1 = *(u64 *)(r10 - 8)
		if r1 > 9 goto +1
		r2 = *(u64 *)(r10 - 32)
		r3 = *(u16 *)(r10 - 16)
		r0 = 0
		exit` },
	{ name: "calls", type: 1, text: `
		r1 = 3
		r6 = 4
		call pc+3
		r0 += r6
		r0 &= 3
		exit
		r6 = r1
		if r6 s> 7 goto +1
		r6 += 1
		r0 = r6
		exit` },
	{ name: "map value", type: 1, map: true, text: `
		*(u32 *)(r10 - 4) = 1
		r2 = r10
		r2 += -4
		r1 = map_fd(0, 0) ll
		call 1
		if r0 == 0 goto +4
		r1 = *(u64 *)(r0 + 0)
		r1 &= 7
		r0 += r1
		*(u8 *)(r0 + 1) = 1
		r0 = 0
		exit` },
	{ name: "no null check", type: 1, map: true, text: `
		*(u32 *)(r10 - 4) = 1
		r2 = r10
		r2 += -4
		r1 = map_fd(0, 0) ll
		r6 = 1
		call 1
		if r6 != 1 goto +1
		r0 = *(u64 *)(r0 + 0)
		exit` },
	{ name: "packet", type: 6, text: `
		r2 = *(u32 *)(r1 + 0)
		r3 = *(u32 *)(r1 + 4)
		r4 = r2
		r4 += 14
		if r4 > r3 goto +6
		r5 = *(u8 *)(r2 + 13)
		r2 += r5
		r4 = r2
		r4 += 4
		if r4 > r3 goto +1
		r5 = *(u32 *)(r2 + 0)
		r0 = 2
		exit` },
	{ name: "one byte too far", type: 6, text: `
		r2 = *(u32 *)(r1 + 0)
		r3 = *(u32 *)(r1 + 4)
		r4 = r2
		r4 += 14
		if r4 > r3 goto +1
		r0 = *(u8 *)(r2 + 14)
		r0 = 2
		exit` },
	{ name: "bounded loop", type: 1, text: `
		r6 = 0
		r7 = 0
		call 7
		r0 &= 3
		r7 += r0
		r6 += 1
		if r6 < 12 goto -5
		if r7 > 1000 goto +2
		r0 = 0
		exit
		r0 = 1
		exit` },
	{ name: "end of bpf_loop", type: 1, text: `
		r1 = 2
		r2 = func(6) ll
		r3 = 0
		r4 = 0
		call 181
		r0 = 0
		exit
		r0 = 0
		exit` },
	{ name: "stack by an index", type: 1, text: `
		*(u64 *)(r10 - 8) = 0
		*(u64 *)(r10 - 16) = 0
		*(u32 *)(r10 - 20) = 0
		*(u32 *)(r10 - 24) = 0
		call 7
		r0 &= 4
		r1 = r10
		r1 += r0
		r2 = *(u32 *)(r1 - 16)
		r3 = *(u16 *)(r1 - 24)
		r0 = 0
		exit` },
	{ name: "endless loop", type: 1, text: `
		r6 = 0
		r0 = r6
		if r0 != 5 goto -2
		exit` },
	{ name: "leak", type: 3, text: `
		*(u64 *)(r10 - 16) = 0
		*(u64 *)(r10 - 8) = 0
		r2 = r10
		r2 += -16
		r3 = 12
		r4 = 0
		r5 = 0
		call 84
		if r0 == 0 goto +1
		r0 = *(u32 *)(r0 + 4)
		exit` },
	{ name: "atomics", type: 1, text: `
		*(u64 *)(r10 - 8) = 3
		r1 = 1
		lock *(u64 *)(r10 - 8) += r1
		r1 = atomic_fetch_or((u64 *)(r10 - 8), r1)
		r0 = 4
		r0 = cmpxchg_64(r10 - 8, r0, r1)
		r1 = xchg_64(r10 - 8, r1)
		exit` },
	{ name: "bad return", type: 6, text: `
		r0 = *(u32 *)(r1 + 12)
		r0 |= 0x10000
		r0 <<= 16
		if r0 == 1 goto +1
		r0 = r1
		exit` },
];

const hash: MapDef = { name: "", type: 1, keySize: 4, valueSize: 16, maxEntries: 8, flags: 0 } as unknown as MapDef;

export function loggedImage({ name, type, map, text }: LoggedProgram): ProgramImage {
	const { insns, errors } = parseInsns(text);
	if (errors.length > 0) throw new Error(`${name}: line ${errors[0].line}: ${errors[0].message}`);
	return bareImage(name, insns, { type, maps: map ? [hash] : [] });
}

/** Without what differs from load to load: addresses, and how far to the right they push what follows. */
export const comparable = (log: string): string => log.replace(/^(.*\(18\) r\d = )0x[0-9a-f]+( +;)?/gm, (_all, head: string, state: string | undefined) => `${head}…${state === undefined ? "" : " ;"}`).trimEnd();
