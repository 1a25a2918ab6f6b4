/**
 * What each `-mcpu` may use. The levels are LLVM's: v1 is the first eBPF, v2 adds the "less than" jumps (Linux 4.14), v3 32-bit
 * arithmetic and 32-bit jumps (5.1), v4 sign extension, signed division, byte swap, long jumps and stores of constants (6.6).
 */
export type CpuName = "v1" | "v2" | "v3" | "v4";

export interface Cpu {
	readonly name: CpuName;
	/** jlt, jle, jslt, jsle. */
	readonly lessThan: boolean;
	/**
	 * Values of 32 bits live in `w` registers, and writing one clears the upper half; `if w1 …`. Atomic operations on 32 bits, but for `lock +=`, belong to
	 * them; those on 64 bits are there at every level, as in LLVM, whatever the kernel (5.12) says to them.
	 */
	readonly alu32: boolean;
	/** movsx, ldsx. */
	readonly signExtend: boolean;
	readonly signedDivision: boolean;
	/** bswap16/32/64 whatever the machine's order. */
	readonly byteSwap: boolean;
	readonly gotol: boolean;
	readonly storeImmediate: boolean;
	readonly acquireRelease: boolean;
}

const v1: Cpu = {
	name: "v1",
	lessThan: false,
	alu32: false,
	signExtend: false,
	signedDivision: false,
	byteSwap: false,
	gotol: false,
	storeImmediate: false,
	acquireRelease: false,
};
const v2: Cpu = { ...v1, name: "v2", lessThan: true };
const v3: Cpu = { ...v2, name: "v3", alu32: true };
const v4: Cpu = {
	...v3,
	name: "v4",
	signExtend: true,
	signedDivision: true,
	byteSwap: true,
	gotol: true,
	storeImmediate: true,
	acquireRelease: true,
};

export const cpus = { v1, v2, v3, v4 } as const satisfies Record<CpuName, Cpu>;
