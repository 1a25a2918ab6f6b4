/** Bytes to instructions, one per slot; the inverse of `encode`. Any bytes decode: what they mean is asked of `spec/isa.ts`. */
import { FormatError } from "./bytes.ts";
import type { Insn } from "./spec/insn.ts";
import { makeInsn } from "./spec/insn.ts";

/** Bytes of code to instructions, one for each 8 bytes. @throws FormatError where the last one is cut off @throws FormatError when the bytes are no multiple of 8 */
export function decode(bytes: Uint8Array, endian: "little" | "big" = "little"): Insn[] {
	if (bytes.length % 8 !== 0) throw new FormatError("code is not a whole number of 8-byte instructions", bytes.length & ~7);
	const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
	const little = endian === "little";
	const insns: Insn[] = new Array(bytes.length / 8);
	for (let i = 0, at = 0; i < insns.length; i++, at += 8) {
		const registers = bytes[at + 1];
		const dst = little ? registers & 15 : registers >> 4;
		const src = little ? registers >> 4 : registers & 15;
		insns[i] = makeInsn(bytes[at], dst, src, view.getInt16(at + 2, little), view.getInt32(at + 4, little));
	}
	return insns;
}
