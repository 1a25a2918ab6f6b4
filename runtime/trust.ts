/**
 * What an engine may take for granted. Facts hold for the very instructions that the verifier read: they carry a digest of those, and a program whose instructions
 * are others when an engine prepares it runs as one that nothing verified, with every access checked and its instructions counted.
 * What nothing verified must at least be well formed.
 */
import type { Insn } from "../assembler/spec/insn.ts";
import { ProgramFault } from "./fault.ts";
import type { BoundProgram } from "./program.ts";
import { findMalformed } from "./wellformed.ts";

/** 32 bits over every field of every instruction (FNV-1a by words): against faults of our own and of hosts, not against attackers in the same process. */
export function instructionDigest(insns: readonly Insn[]): number {
	let hash = 0x811c9dc5 ^ insns.length;
	for (let i = 0; i < insns.length; i++) {
		const { opcode, dst, src, off, imm } = insns[i];
		hash = Math.imul(hash ^ (opcode | (dst << 8) | (src << 12) | (off << 16)), 0x01000193);
		hash = Math.imul(hash ^ (hash >>> 15) ^ imm, 0x01000193);
	}
	return hash ^ (hash >>> 13);
}

/** The program as engines prepare it: without its facts where they are another program's. Malformed ones are refused. */
export function trusted(program: BoundProgram): BoundProgram {
	const { image, facts } = program;
	if (facts !== null && facts.digest === instructionDigest(image.insns)) return program;
	const malformed = findMalformed(image.insns);
	if (malformed !== null) throw new ProgramFault(image, malformed.insn, malformed.why);
	return facts === null ? program : { ...program, facts: null };
}
