/**
 * One eBPF instruction slot of 8 bytes (RFC 9669, section 3.1).
 *
 *     byte  0        1          2–3     4–7
 *           opcode   src<<4|dst off     imm        (little-endian objects)
 *
 * `ld_imm64` fills two slots: the second has opcode 0, and its `imm` is the upper half of the constant.
 * A program is an `Insn[]` with one element per slot, so that jump offsets and kernel log numbers are array indexes.
 */
export interface Insn {
	/** The whole opcode byte, 0–255. */
	readonly opcode: number;
	/** 0–15; registers above 10 are refused later, by name. */
	readonly dst: number;
	readonly src: number;
	/** Signed 16 bits. */
	readonly off: number;
	/** Signed 32 bits. */
	readonly imm: number;
}

/** Code that walks programs is fastest while all instructions have one shape: whoever makes many makes them here, and copies none by spreading it. */
export function makeInsn(opcode: number, dst: number, src: number, off: number, imm: number): Insn {
	return { opcode, dst, src, off, imm };
}
