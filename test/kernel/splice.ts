/**
 * Programs of one object put together: another program's instructions before this one's, in a loop that ends when time is up, as a function that is called,
 * or a few of them anywhere. What was accepted alone meets states that its author did not think of.
 *
 * In: two cases with the same BTF and the same list of maps; out: one case. Null when they do not fit (a jump that no longer reaches).
 */
import type { RecordedCase } from "../support/case-image.ts";
import { insert } from "./insert.ts";

type Random = (limit: number) => number;

const LD_IMM64 = 0x18;
const CALL = 0x85;
const EXIT = 0x95;
const JA = 0x05;
const JA32 = 0x06;
const LOCAL = 1;
const FUNCTION = 4;
/** Where r1 waits: below most frames. */
const KEPT = [-104, -168, -256];

export const insnOf = (opcode: number, dst: number, src: number, off: number, imm: number): Buffer => {
	const insn = Buffer.alloc(8);
	insn[0] = opcode;
	insn[1] = (src << 4) | dst;
	insn.writeInt16LE(off, 2);
	insn.writeInt32LE(imm, 4);
	return insn;
};

/** Instructions cut out of a program, and the functions that they name. */
interface Piece {
	readonly bytes: Buffer;
	/** Instructions of the piece that name a function of the donor. */
	readonly calls: readonly { readonly at: number; readonly target: number }[];
	readonly kfuncs: NonNullable<RecordedCase["kfuncs"]>;
	readonly ksyms: NonNullable<RecordedCase["ksyms"]>;
}

const startsOf = (one: RecordedCase): readonly number[] => (one.func_info ?? []).map(([insn]) => insn);

function endOf(one: RecordedCase, start: number, length: number): number {
	return startsOf(one).find((other) => other > start) ?? length;
}

/** Instructions `from` to `to` (excluded): exits and jumps out of them go to their end when `closed`; jumps must stay inside otherwise. */
function cut(one: RecordedCase, from: number, to: number, closed: boolean): Piece {
	const bytes = Buffer.from(Buffer.from(one.insns ?? "", "hex").subarray(from * 8, to * 8));
	const count = to - from;
	const calls: { at: number; target: number }[] = [];
	for (let i = 0; i < count; i++) {
		const at = i * 8;
		const opcode = bytes[at];
		const source = bytes[at + 1] >> 4;
		if (opcode === LD_IMM64) {
			if (source === FUNCTION) calls.push({ at: i, target: from + i + 1 + bytes.readInt32LE(at + 4) });
			i++;
			continue;
		}
		if (opcode === CALL) {
			if (source === LOCAL) calls.push({ at: i, target: from + i + 1 + bytes.readInt32LE(at + 4) });
			continue;
		}
		if (!closed) continue;
		const cls = opcode & 7;
		if (opcode === EXIT) insnOf(JA, 0, 0, count - i - 1, 0).copy(bytes, at);
		else if (opcode === JA32) {
			const target = i + 1 + bytes.readInt32LE(at + 4);
			if (target < 0 || target > count) bytes.writeInt32LE(count - i - 1, at + 4);
		} else if (cls === 5 || cls === 6) {
			const target = i + 1 + bytes.readInt16LE(at + 2);
			if (target < 0 || target > count) bytes.writeInt16LE(count - i - 1, at + 2);
		}
	}
	const inside = (list: RecordedCase["kfuncs"]) => (list ?? []).filter(({ insn }) => insn >= from && insn < to).map((entry) => ({ ...entry, insn: entry.insn - from }));
	return { bytes, calls, kfuncs: inside(one.kfuncs), ksyms: inside(one.ksyms) };
}

/** Puts the piece, with instructions of ours before and after, into the program; the functions that it names come behind the program. */
function splice(one: RecordedCase, donor: RecordedCase, at: number, piece: Piece, before: readonly Buffer[], after: readonly Buffer[], entered: boolean): RecordedCase | null {
	const added = Buffer.concat([...before, piece.bytes, ...after]);
	const made = insert(one, Buffer.from(one.insns ?? "", "hex"), at, added, entered);
	if (made === null) return null;
	let { bytes } = made;
	const kfuncs = [...(made.one.kfuncs ?? [])];
	const ksyms = [...(made.one.ksyms ?? [])];
	const functions = [...(made.one.func_info ?? [])];
	const donorLength = (donor.insns ?? "").length / 16;
	const placed = new Map<number, number>();
	const waiting: { readonly where: number; readonly piece: Piece }[] = [{ where: at + before.length, piece }];
	for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
		const { where, piece: current } = next;
		for (const [list, more] of [[kfuncs, current.kfuncs], [ksyms, current.ksyms]] as const) list.push(...more.map((entry) => ({ ...entry, insn: entry.insn + where })));
		for (const { at: call, target } of current.calls) {
			let to = placed.get(target);
			if (to === undefined) {
				const type = (donor.func_info ?? []).find(([insn]) => insn === target)?.[1];
				if (type === undefined) return null;
				to = bytes.length / 8;
				placed.set(target, to);
				const body = cut(donor, target, endOf(donor, target, donorLength), false);
				bytes = Buffer.concat([bytes, body.bytes]);
				functions.push([to, type]);
				waiting.push({ where: to, piece: body });
			}
			bytes.writeInt32LE(to - (where + call) - 1, (where + call) * 8 + 4);
		}
	}
	return {
		...made.one, insns: bytes.toString("hex"), ...(kfuncs.length > 0 ? { kfuncs } : {}), ...(ksyms.length > 0 ? { ksyms } : {}), func_info: functions,
	};
}

/** An instruction of the function at 0 that is not the second half of a wide one. */
function somewhere(one: RecordedCase, random: Random): number {
	const bytes = Buffer.from(one.insns ?? "", "hex");
	const end = endOf(one, 0, bytes.length / 8);
	for (;;) {
		const at = random(end);
		if (at === 0 || bytes[at * 8 - 8] !== LD_IMM64) return at;
	}
}

const keep = (kept: number): Buffer => insnOf(0x7b, 10, 1, kept, 0);
const take = (kept: number): Buffer => insnOf(0x79, 1, 10, kept, 0);

export const SPLICES = {
	/** donor; program */
	before(one, donor, random) {
		const kept = KEPT[random(KEPT.length)];
		return splice(one, donor, 0, cut(donor, 0, endOf(donor, 0, (donor.insns ?? "").length / 16), true), [keep(kept)], [take(kept)], true);
	},
	/** while (time is left) donor; program */
	looped(one, donor, random) {
		const kept = KEPT[random(KEPT.length)];
		const piece = cut(donor, 0, endOf(donor, 0, (donor.insns ?? "").length / 16), true);
		const count = piece.bytes.length / 8;
		if (count > 0x7000) return null;
		// Every other time a counter ends it.
		const counted = random(2) === 0;
		if (!counted) return splice(one, donor, 0, piece, [keep(kept), insnOf(0xe5, 0, 0, count + 2, 0), take(kept)], [insnOf(JA, 0, 0, -count - 3, 0), take(kept)], true);
		const counter = kept - 8;
		return splice(one, donor, 0, piece, [keep(kept), insnOf(0x7a, 10, 0, counter, 0), take(kept)], [
			insnOf(0x79, 2, 10, counter, 0), insnOf(0x07, 2, 0, 0, 1), insnOf(0x7b, 10, 2, counter, 0), insnOf(0xa5, 2, 0, -count - 5, 1 + random(4)), take(kept),
		], true);
	},
	/** The donor is a function that the program calls, first or somewhere. */
	called(one, donor, random) {
		const call: Piece = { bytes: insnOf(CALL, 0, LOCAL, 0, 0), calls: [{ at: 0, target: 0 }], kfuncs: [], ksyms: [] };
		if (random(3) === 0) return splice(one, donor, somewhere(one, random), call, [], [], random(2) === 0);
		const kept = KEPT[random(KEPT.length)];
		return splice(one, donor, 0, call, [keep(kept)], [take(kept)], true);
	},
	/** A few instructions of the donor somewhere. */
	few(one, donor, random) {
		const from = somewhere(donor, random);
		const bytes = Buffer.from(donor.insns ?? "", "hex");
		let to = Math.min(from + 1 + random(14), endOf(donor, 0, bytes.length / 8));
		if (bytes[(to - 1) * 8] === LD_IMM64) to++;
		return splice(one, donor, somewhere(one, random), cut(donor, from, to, true), [], [], random(2) === 0);
	},
} satisfies Readonly<Record<string, (one: RecordedCase, donor: RecordedCase, random: Random) => RecordedCase | null>>;

export type Splice = keyof typeof SPLICES;
