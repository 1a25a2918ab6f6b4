/** Instructions to bytes (RFC 9669 section 3.1). A big-endian program also swaps the two register nibbles. */
import type { Insn } from "./spec/insn.ts";

/** Eight bytes a slot; `ld_imm64` is two of them. */
export function encode(insns: readonly Insn[], endian: "little" | "big" = "little"): Uint8Array {
	const bytes = new Uint8Array(insns.length * 8);
	const view = new DataView(bytes.buffer);
	const little = endian === "little";
	for (let i = 0, at = 0; i < insns.length; i++, at += 8) {
		const { opcode, dst, src, off, imm } = insns[i];
		bytes[at] = opcode;
		bytes[at + 1] = little ? (src << 4) | dst : (dst << 4) | src;
		view.setInt16(at + 2, off, little);
		view.setInt32(at + 4, imm, little);
	}
	return bytes;
}
