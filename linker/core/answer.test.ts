import { describe, expect, it } from "vitest";
import type { BtfType } from "../../assembler/btf/types.ts";
import type { Insn } from "../../assembler/spec/insn.ts";
import { answer, coreKind, patch, poisonedCall } from "./answer.ts";
import { essentialName } from "../../assembler/btf/type-source.ts";
import { typeSource } from "../../assembler/btf/type-source.ts";

const int = (name: string, size: number, encoding = 1): BtfType => ({ kind: "int", name, size, bits: size * 8, offset: 0, encoding });
const member = (name: string, type: number, bitOffset: number, bitSize = 0) => ({ name, type, bitOffset, bitSize });

// 1 int, 2 u32, 3 u64, 4 struct task { int pid; u32 flags:3; u64 start }, 5 enum state
const local = typeSource({
	types: [
		{ kind: "void" }, int("int", 4), int("unsigned int", 4, 0), int("unsigned long", 8, 0),
		{ kind: "struct", name: "task___mine", size: 16, members: [member("pid", 1, 0), member("flags", 2, 32, 3), member("start", 3, 64)] },
		{ kind: "enum", name: "state", size: 4, signed: false, values: [{ name: "RUNNING", value: 0 }, { name: "DEAD", value: 1 }] },
	],
});

// The kernel's: pid moved into an anonymous union, the bit field wider and elsewhere, `start` 32 bits, enumerators renumbered.
const kernel = typeSource({
	types: [
		{ kind: "void" }, int("int", 4), int("unsigned int", 4, 0),
		{ kind: "union", name: "", size: 4, members: [member("tid", 1, 0), member("pid", 1, 0)] },
		{ kind: "struct", name: "task", size: 64, members: [member("", 3, 128), member("flags", 2, 165, 5), member("start", 2, 256)] },
		{ kind: "enum", name: "state", size: 4, signed: false, values: [{ name: "DEAD", value: 9 }, { name: "RUNNING", value: 8 }] },
	],
});

const ask = (kind: number, access: string, typeId = 4) => answer({ insnOffset: 0, typeId, access, kind }, local, kernel);
const value = (kind: number, access: string, typeId = 4): bigint | string => {
	const result = ask(kind, access, typeId);
	return result.kind === "value" ? result.value : result.kind;
};

describe("CO-RE", () => {
	it("finds a field through anonymous members and flavours", () => {
		expect(essentialName("task___mine")).toBe("task");
		expect(value(coreKind.fieldOffset, "0:0")).toBe(16n);
		expect(value(coreKind.fieldExists, "0:0")).toBe(1n);
		expect(value(coreKind.fieldSize, "0:2")).toBe(4n);
		expect(value(coreKind.fieldSigned, "0:0")).toBe(1n);
	});

	it("shifts bit fields into place", () => {
		// Bits 165 to 169 lie in the word at byte 20; read into 64 bits they begin at bit 5.
		expect(value(coreKind.fieldOffset, "0:1")).toBe(20n);
		expect(value(coreKind.fieldLshift, "0:1")).toBe(54n);
		expect(value(coreKind.fieldRshift, "0:1")).toBe(59n);
	});

	it("answers for types and enumerators", () => {
		expect(value(coreKind.typeSize, "0")).toBe(64n);
		expect(value(coreKind.typeExists, "0", 5)).toBe(1n);
		expect(value(coreKind.enumValue, "1", 5)).toBe(9n);
		expect(value(coreKind.typeIdLocal, "0")).toBe(4n);
	});

	it("narrows a load when an unsigned field got smaller", () => {
		const insns: Insn[] = [{ opcode: 0x79, dst: 1, src: 2, off: 8, imm: 0 }];
		expect(patch(insns, 0, ask(coreKind.fieldOffset, "0:2"))).toBe("patched");
		expect(insns[0]).toMatchObject({ opcode: 0x61, off: 32 });
	});

	it("poisons what the target does not have, and says no to questions of existence", () => {
		const other = typeSource({ types: [{ kind: "void" }] });
		expect(answer({ insnOffset: 0, typeId: 4, access: "0:0", kind: coreKind.fieldExists }, local, other)).toMatchObject({ value: 0n });
		for (const kind of [coreKind.typeSize, coreKind.typeIdTarget, coreKind.typeExists]) expect(answer({ insnOffset: 0, typeId: 4, access: "0", kind }, local, other)).toMatchObject({ value: 0n });
		expect(answer({ insnOffset: 0, typeId: 5, access: "1", kind: coreKind.enumValue }, local, other).kind).toBe("poison");
		const missing = answer({ insnOffset: 0, typeId: 4, access: "0:0", kind: coreKind.fieldOffset }, local, other);
		const insns: Insn[] = [{ opcode: 0xb7, dst: 1, src: 0, off: 0, imm: 0 }];
		expect(patch(insns, 0, missing)).toBe("poisoned");
		expect(insns[0]).toMatchObject({ opcode: 0x85, imm: poisonedCall });
	});

	it("refuses an access that does not fit the local type", () => {
		expect(ask(coreKind.fieldOffset, "0:7").kind).toBe("error");
		expect(ask(coreKind.fieldOffset, "zero").kind).toBe("error");
	});
});
