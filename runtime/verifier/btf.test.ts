import { describe, expect, it } from "vitest";
import type { BtfType } from "../../assembler/btf/types.ts";
import { sameStruct, typeSource, walkStruct } from "./btf.ts";
import { UNTRUSTED } from "./types.ts";

const member = (name: string, type: number, byte: number) => ({ name, type, bitOffset: byte * 8, bitSize: 0 });
const types: BtfType[] = [
	{ kind: "void" },
	{ kind: "int", name: "int", size: 4, bits: 32, offset: 0, encoding: 1 },
	{ kind: "struct", name: "item", size: 16, members: [member("n", 1, 0), member("next", 3, 8)] },
	{ kind: "ptr", type: 2 },
	{ kind: "array", type: 2, indexType: 1, length: 0 },
	{ kind: "struct", name: "list", size: 8, members: [member("count", 1, 0), member("items", 4, 8)] },
];
const source = typeSource({ types } as Parameters<typeof typeSource>[0]);

describe("walkStruct", () => {
	it("does not trust what lies in an array of unknown length", () => {
		expect(walkStruct(source, 5, 16, 8, 0)).toMatchObject({ kind: "pointer", flags: UNTRUSTED });
		expect(walkStruct(source, 2, 8, 8, 0)).toMatchObject({ kind: "pointer", flags: 0 });
	});

	it("lets bytes of an element there be read across members", () => {
		expect(walkStruct(source, 5, 8, 8, 0).kind).toBe("scalar");
		expect(walkStruct(source, 2, 0, 8, 0).kind).toBe("error");
	});
});

describe("sameStruct", () => {
	it("does not look into an array of unknown length", () => {
		expect(sameStruct(source, 5, 8, source, 2, false)).toBe(false);
	});
});
