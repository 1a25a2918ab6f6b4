/** Headers of types that no compiler makes: they end, and what is sound among them is written. */
import { expect, it } from "vitest";
import { dumpBtfAsC } from "./c-dump.ts";
import type { BtfType } from "./types.ts";

const INT: BtfType = { kind: "int", name: "int", size: 4, bits: 32, offset: 0, encoding: 1 };
const SOUND: BtfType = { kind: "struct", name: "sound", size: 4, members: [{ name: "a", type: 1, bitOffset: 0, bitSize: 0 }] };

it("a function type that takes itself, twice", () => {
	const types: BtfType[] = [
		{ kind: "void" }, INT,
		{ kind: "func_proto", result: 1, params: [{ name: "", type: 3 }, { name: "", type: 3 }] },
		{ kind: "ptr", type: 2 },
		{ kind: "typedef", name: "callback", type: 3 },
		SOUND,
	];
	const header = dumpBtfAsC({ types });
	expect(header).toContain("typedef int (*callback)(/* nested too deeply */, /* nested too deeply */);");
	expect(header).toContain("struct sound {\n\tint a;\n};");
});

it("unnamed records, each with two of the next", () => {
	const depth = 60;
	const nested = Array.from({ length: depth }, (_, i): BtfType => ({
		kind: "struct", name: i === 0 ? "outermost" : "", size: 8,
		members: ["x", "y"].map((name) => ({ name, type: i + 1 === depth ? 1 : i + 3, bitOffset: 0, bitSize: 0 })),
	}));
	const header = dumpBtfAsC({ types: [{ kind: "void" }, INT, ...nested, SOUND] });
	expect(header).toContain("/* type 2: nested too deeply */");
	expect(header.length).toBeLessThan(1e6);
});
