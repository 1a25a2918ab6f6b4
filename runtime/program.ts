import type { Insn } from "../assembler/spec/insn.ts";
import type { ProgramImage } from "./image.ts";
import type { Machine } from "./machine.ts";
import type { BpfMap } from "./maps/map.ts";
import type { Facts } from "./verifier/facts.ts";

/**
 * A program bound to one machine: its maps exist, its kernel symbols have addresses, and an engine made it callable.
 *
 * `entry(r1, r2)` runs it: both arguments are addresses (or small numbers), the result is the low word of r0 as a signed int32,
 * its high word lies at `exchange.result`.
 */
export interface LoadedProgram {
	readonly image: ProgramImage;
	readonly machine: Machine;
	/** By the index that `ld_imm64` carries. */
	readonly maps: readonly BpfMap[];
	/** Addresses of kernel variables: slot of the ld_imm64 → offset in memory. */
	readonly ksyms: ReadonlyMap<number, number>;
	/** Null when nothing verified it: engines then check every access. */
	readonly facts: Facts | null;
	readonly entry: Entry;
}

export type Entry = (r1: number, r2: number) => number;

/** Subprograms as callbacks: five low words in, low word out; high words through the exchange area, else zero. */
export type Callback = (a1: number, a2: number, a3: number, a4: number, a5: number) => number;

/** A program that no engine has made callable yet. */
export type BoundProgram = Omit<LoadedProgram, "entry">;

/** An engine turns a bound program into something callable; all three agree on every result. */
export interface Engine {
	readonly name: "interpreter" | "js" | "wasm";
	prepare(program: BoundProgram): Entry;
}

/** What `ld_imm64` leaves in a register when its source field names a map, a function or a kernel symbol. */
export function resolveImm64(program: BoundProgram, slot: number, functionHandle: (target: number) => number): bigint | null {
	const first: Insn = program.image.insns[slot];
	const second: Insn | undefined = program.image.insns[slot + 1];
	if (second === undefined) return null;
	switch (first.src) {
		case 0:
			return (BigInt(second.imm >>> 0) << 32n) | BigInt(first.imm >>> 0);
		case 1:
		case 5: {
			const map = program.maps[first.imm];
			return map === undefined ? null : BigInt(map.address);
		}
		case 2:
		case 6: {
			const map = program.maps[first.imm];
			return map === undefined ? null : BigInt((map.valueBase() + second.imm) >>> 0);
		}
		case 3: {
			const address = program.ksyms.get(slot);
			return address === undefined ? null : BigInt(address);
		}
		case 4:
			return BigInt(functionHandle(slot + first.imm + 1));
		default:
			return null;
	}
}
