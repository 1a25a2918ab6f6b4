/**
 * CO-RE relocations (tools/lib/bpf/relo_core.c): each record asks one question about a type in the target BTF, and its answer replaces a number in one
 * instruction: an immediate, the offset of a load or store, a 64-bit constant. When the target lacks what is asked for, questions of existence and about
 * whole types answer 0; fields and enumerators poison the instruction with a call to helper 0xbad2310, which the verifier refuses if it can be reached.
 */
import type { CoreRelo } from "../../assembler/btf/ext.ts";
import type { Insn } from "../../assembler/spec/insn.ts";
import { makeInsn } from "../../assembler/spec/insn.ts";
import type { FieldSpec } from "./match.ts";
import { candidates, enumerator, typesCompatible, typesMatch, walkLocal, walkTarget } from "./match.ts";
import type { TypeSource } from "../../assembler/btf/type-source.ts";
import { nameOf, resolved, sizeOf } from "../../assembler/btf/type-source.ts";

/** enum bpf_core_relo_kind */
export const coreKind = {
	fieldOffset: 0,
	fieldSize: 1,
	fieldExists: 2,
	fieldSigned: 3,
	fieldLshift: 4,
	fieldRshift: 5,
	typeIdLocal: 6,
	typeIdTarget: 7,
	typeExists: 8,
	typeSize: 9,
	enumExists: 10,
	enumValue: 11,
	typeMatches: 12,
} as const;

/** helper number of a poisoned call. */
export const poisonedCall = 0xbad2310;

export type CoreAnswer =
	| {
			readonly kind: "value";
			readonly value: bigint;
			readonly original: bigint | null /** Width in bytes of the field there and here, when loads must change theirs. */;
			readonly width: { readonly local: number; readonly target: number } | null;
	  }
	| { readonly kind: "poison" }
	| { readonly kind: "error"; readonly message: string };

/** The answer of one record. */
export function answer(relo: CoreRelo, local: TypeSource, target: TypeSource): CoreAnswer {
	const { kind } = relo;
	if (relo.typeId <= 0 || relo.typeId >= local.count) return { kind: "error", message: `type id ${relo.typeId} does not exist` };
	if (kind === coreKind.typeIdLocal) return value(BigInt(relo.typeId), null);
	if (kind < 0 || kind > coreKind.typeMatches) return { kind: "error", message: `relocation kind ${kind} is unknown` };
	const ids = local === target ? [relo.typeId] : candidates(local, relo.typeId, target);
	const answers = ids.flatMap((id) => {
		const one = answerFor(relo, local, target, id);
		return one === null ? [] : [one];
	});
	if (answers.length === 0) return missing(relo, local);
	const [first] = answers;
	if (
		answers.some((other) => other.kind !== first.kind || (other.kind === "value" && first.kind === "value" && other.value !== first.value))
	) {
		return {
			kind: "error",
			message: `${nameOf(local.type(relo.typeId))} is ambiguous in the target: ${ids.length} types of that name give different answers`,
		};
	}
	return first;
}

/** What a record names. @example "struct task_struct.comm[0]", "enum bpf_func_id: BPF_FUNC_loop" */
export function askedFor(relo: CoreRelo, local: TypeSource): string {
	const type = local.type(relo.typeId);
	const kind =
		type.kind === "struct" || type.kind === "union" ? `${type.kind} ` : type.kind === "enum" || type.kind === "enum64" ? "enum " : "";
	const name = `${kind}${nameOf(type) || "(anonymous)"}`;
	const real = resolved(local, relo.typeId);
	if (real.kind === "enum" || real.kind === "enum64") return `${name}: ${real.values[Number(relo.access)]?.name ?? relo.access}`;
	const steps = walkLocal(local, relo.typeId, relo.access)?.steps.slice(1) ?? [];
	return name + steps.map((step) => (step.kind === "member" ? `.${step.name}` : `[${step.index}]`)).join("");
}

function value(
	result: bigint,
	original: bigint | null,
	width: { readonly local: number; readonly target: number } | null = null,
): CoreAnswer {
	return { kind: "value", value: result, original, width };
}

function missing(relo: CoreRelo, local: TypeSource): CoreAnswer {
	switch (relo.kind) {
		case coreKind.fieldExists:
		case coreKind.typeExists:
		case coreKind.typeMatches:
		case coreKind.enumExists:
		// Questions about whole types have an answer too: there is no such type, its size is 0.
		case coreKind.typeIdTarget:
		case coreKind.typeSize:
			return value(0n, null);
		case coreKind.fieldOffset:
		case coreKind.fieldSize:
		case coreKind.fieldSigned:
		case coreKind.fieldLshift:
		case coreKind.fieldRshift:
			return walkLocal(local, relo.typeId, relo.access) === null
				? { kind: "error", message: `access "${relo.access}" does not fit ${nameOf(local.type(relo.typeId))}` }
				: { kind: "poison" };
		default:
			return { kind: "poison" };
	}
}

/** What one candidate type answers; null when it does not have what is asked for. */
export function answerFor(relo: CoreRelo, local: TypeSource, target: TypeSource, id: number): CoreAnswer | null {
	switch (relo.kind) {
		case coreKind.typeIdTarget:
			return typesCompatible(local, relo.typeId, target, id) ? value(BigInt(id), null) : null;
		case coreKind.typeExists:
			return typesCompatible(local, relo.typeId, target, id) ? value(1n, null) : null;
		case coreKind.typeMatches:
			return typesMatch(local, relo.typeId, target, id) ? value(1n, null) : null;
		case coreKind.typeSize:
			return typesCompatible(local, relo.typeId, target, id) ? value(BigInt(sizeOf(target, id)), BigInt(sizeOf(local, relo.typeId))) : null;
		case coreKind.enumExists:
		case coreKind.enumValue: {
			const type = resolved(local, relo.typeId);
			if (type.kind !== "enum" && type.kind !== "enum64") return { kind: "error", message: `${nameOf(type)} is no enum` };
			const own = type.values[Number(relo.access)];
			if (own === undefined) return { kind: "error", message: `enum ${type.name} has no enumerator ${relo.access}` };
			const found = enumerator(target, id, own.name);
			if (found === null) return null;
			return relo.kind === coreKind.enumExists ? value(1n, null) : value(found, BigInt(own.value));
		}
		default:
			return answerField(relo, local, target, id);
	}
}

function answerField(relo: CoreRelo, local: TypeSource, target: TypeSource, id: number): CoreAnswer | null {
	const own = walkLocal(local, relo.typeId, relo.access);
	if (own === null) return { kind: "error", message: `access "${relo.access}" does not fit ${nameOf(local.type(relo.typeId))}` };
	const found = local === target && id === relo.typeId ? own : walkTarget(target, id, local, own);
	if (found === null) return null;
	const [there, here] = [layoutOf(target, found), layoutOf(local, own)];
	switch (relo.kind) {
		case coreKind.fieldExists:
			return value(1n, null);
		case coreKind.fieldOffset: {
			const a = resolved(local, own.type);
			const b = resolved(target, found.type);
			// Only unsigned numbers and pointers may change their width under a load.
			const fixed = found.bitSize !== 0 || own.bitSize !== 0 || there.bytes === here.bytes;
			const adjustable =
				(a.kind === "ptr" && b.kind === "ptr") ||
				(a.kind === "int" && b.kind === "int" && (a.encoding & 1) === 0 && (b.encoding & 1) === 0);
			return value(
				BigInt(there.offset),
				BigInt(here.offset),
				fixed ? null : adjustable ? { local: here.bytes, target: there.bytes } : { local: here.bytes, target: -1 },
			);
		}
		case coreKind.fieldSize:
			return value(BigInt(there.bytes), BigInt(here.bytes));
		case coreKind.fieldSigned: {
			const type = resolved(target, found.type);
			const signed = type.kind === "int" ? (type.encoding & 1) !== 0 : type.kind === "enum" || type.kind === "enum64" ? type.signed : false;
			return value(signed ? 1n : 0n, null);
		}
		case coreKind.fieldLshift:
			return value(BigInt(64 - (there.bitOffset + there.bits - there.offset * 8)), null);
		case coreKind.fieldRshift:
			return value(BigInt(64 - there.bits), null);
		default:
			return { kind: "error", message: `relocation kind ${relo.kind} is unknown` };
	}
}

/** Where a load of the field starts and how wide it is: a bit field is read by the smallest aligned word that holds it. */
function layoutOf(
	source: TypeSource,
	spec: FieldSpec,
): { readonly offset: number; readonly bytes: number; readonly bits: number; readonly bitOffset: number } {
	const size = sizeOf(source, spec.type);
	if (spec.bitSize === 0) return { offset: Math.floor(spec.bitOffset / 8), bytes: size, bits: size * 8, bitOffset: spec.bitOffset };
	let bytes = size;
	let offset = Math.floor(spec.bitOffset / 8 / bytes) * bytes;
	while (spec.bitOffset + spec.bitSize - offset * 8 > bytes * 8 && bytes < 8) {
		bytes *= 2;
		offset = Math.floor(spec.bitOffset / 8 / bytes) * bytes;
	}
	return { offset, bytes, bits: spec.bitSize, bitOffset: spec.bitOffset };
}

const widths: Readonly<Record<number, number>> = { 1: 0x10, 2: 0x08, 4: 0x00, 8: 0x18 };

/** What became of the instruction; a sentence says why nothing could. */
export type Patched = "patched" | "poisoned" | { readonly wrong: string };

/** Writes the answer into the instruction. */
export function patch(insns: Insn[], slot: number, result: CoreAnswer): Patched {
	const insn = insns[slot];
	if (insn === undefined) return { wrong: "the record lies outside the program" };
	if (result.kind === "error") return { wrong: result.message };
	if (result.kind === "poison" || (result.width?.target === -1 && insn.opcode % 8 < 4)) {
		poison(insns, slot);
		return "poisoned";
	}
	const number = result.value;
	switch (insn.opcode & 7) {
		case 4:
		case 7:
			if (insn.opcode & 8) return { wrong: "the instruction has no immediate to patch" };
			insns[slot] = makeInsn(insn.opcode, insn.dst, insn.src, insn.off, Number(BigInt.asIntN(32, number)));
			return "patched";
		case 1:
		case 2:
		case 3: {
			if (number > 32767n || number < -32768n) return { wrong: `offset ${number} does not fit into 16 bits` };
			let { opcode } = insn;
			if (result.width !== null) {
				const width = widths[result.width.target];
				if (width === undefined) return { wrong: `a load of ${result.width.target} bytes does not exist` };
				opcode = (opcode & ~0x18) | width;
			}
			insns[slot] = makeInsn(opcode, insn.dst, insn.src, Number(number), insn.imm);
			return "patched";
		}
		case 0: {
			const second = insns[slot + 1];
			if (insn.opcode !== 0x18 || second === undefined) return { wrong: "the instruction is no ld_imm64" };
			insns[slot] = makeInsn(insn.opcode, insn.dst, insn.src, insn.off, Number(BigInt.asIntN(32, number)));
			insns[slot + 1] = makeInsn(second.opcode, second.dst, second.src, second.off, Number(BigInt.asIntN(32, number >> 32n)));
			return "patched";
		}
		default:
			return { wrong: `the instruction (opcode 0x${insn.opcode.toString(16)}) has nothing to patch` };
	}
}

function poison(insns: Insn[], slot: number): void {
	const call: Insn = { opcode: 0x85, dst: 0, src: 0, off: 0, imm: poisonedCall };
	const wide = insns[slot].opcode === 0x18;
	insns[slot] = call;
	if (wide && insns[slot + 1] !== undefined) insns[slot + 1] = call;
}
