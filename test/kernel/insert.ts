/**
 * An instruction put between two others: jumps, calls, functions and what is known by instruction move with it.
 *
 * In: a program's bytes and tables, the place (an instruction's number), the new instructions; out: the same with them. A jump to the place goes to what
 * was there before or to what is new, as `entered` says. Null when a jump no longer reaches.
 */
import type { RecordedCase } from "../support/case-image.ts";

const LD_IMM64 = 0x18;
const CALL = 0x85;
const EXIT = 0x95;
const JA32 = 0x06;
const LOCAL = 1;
const FUNCTION = 4;

export function insert(one: RecordedCase, bytes: Buffer, at: number, added: Buffer, entered: boolean): { readonly one: RecordedCase; readonly bytes: Buffer } | null {
	const count = added.length / 8;
	const moved = (insn: number): number => (insn < at ? insn : insn + count);
	/** Where a jump to `insn` goes; a function begins with what is new. */
	const target = (insn: number, isFunction: boolean): number => (insn === at && (entered || isFunction) ? at : moved(insn));
	const out = Buffer.concat([bytes.subarray(0, at * 8), added, bytes.subarray(at * 8)]);
	for (let insn = 0; insn < bytes.length / 8; insn++) {
		const from = insn * 8;
		const to = moved(insn) * 8;
		const relation = relative(bytes, from);
		if (relation !== null) {
			const isFunction = bytes[from] === LD_IMM64 || bytes[from] === CALL;
			const next = target(insn + relation.distance + 1, isFunction) - moved(insn) - 1;
			if (relation.field === "imm") out.writeInt32LE(next, to + 4);
			else if (next < -0x8000 || next > 0x7fff) return null;
			else out.writeInt16LE(next, to + 2);
		}
		if (bytes[from] === LD_IMM64) insn++;
	}
	const shifted = (list: RecordedCase["kfuncs"]) => list?.map((entry) => ({ ...entry, insn: moved(entry.insn) }));
	return {
		bytes: out,
		one: {
			...one,
			...(one.kfuncs ? { kfuncs: shifted(one.kfuncs) } : {}),
			...(one.ksyms ? { ksyms: shifted(one.ksyms) } : {}),
			...(one.func_info ? { func_info: one.func_info.map(([insn, type]) => [insn === 0 ? 0 : target(insn, true), type] as const) } : {}),
		},
	};
}

/** The field that counts instructions from this one to another. */
function relative(bytes: Buffer, at: number): { readonly field: "off" | "imm"; readonly distance: number } | null {
	const opcode = bytes[at];
	const source = bytes[at + 1] >> 4;
	if (opcode === LD_IMM64) return source === FUNCTION ? { field: "imm", distance: bytes.readInt32LE(at + 4) } : null;
	if (opcode === CALL) return source === LOCAL ? { field: "imm", distance: bytes.readInt32LE(at + 4) } : null;
	if (opcode === JA32) return { field: "imm", distance: bytes.readInt32LE(at + 4) };
	const cls = opcode & 7;
	if ((cls !== 5 && cls !== 6) || opcode === EXIT) return null;
	return { field: "off", distance: bytes.readInt16LE(at + 2) };
}
