import { describe, expect, it } from "vitest";
import type { BtfType } from "../assembler/btf/types.ts";
import type { ObjectFile } from "../assembler/object.ts";
import { assemble } from "../assembler/text/assemble.ts";
import { disassemble } from "../assembler/text/disassemble.ts";
import { link } from "./link.ts";

function object(text: string, types?: readonly BtfType[]): ObjectFile {
	const { object: made, errors } = assemble(text);
	expect(errors).toEqual([]);
	return types ? { ...made!, btf: { types } } : made!;
}
const int: BtfType = { kind: "int", name: "int", size: 4, bits: 32, offset: 0, encoding: 1 };
const data = (value: number, binding = ".globl"): string =>
	`.data\n${binding} shared\n.type shared,@object\nshared: .long ${value}\n.size shared, 4\n`;
const variable = (linkage: "global" | "extern", size = 4): BtfType[] => [
	{ kind: "void" },
	{ ...int, size },
	{ kind: "var", name: "shared", type: 1, linkage },
	...(linkage === "global"
		? [{ kind: "datasec" as const, name: ".data", size: 0, vars: [{ type: 2, offset: 0, size }] }]
		: []),
];

describe("linking", () => {
	it("joins code, and calls find their function", () => {
		const a = object('.section xdp,"ax",@progbits\n.globl main\n.type main,@function\nmain: call helper\n exit\n');
		const b = object(".text\n.globl helper\n.type helper,@function\nhelper: r0 = 1\n exit\n");
		const { object: out, errors } = link([
			{ name: "a.o", object: a },
			{ name: "b.o", object: b },
		]);
		expect(errors).toEqual([]);
		const symbol = out!.symbols[out!.sections[0].relocs[0].symbol];
		expect([symbol.name, out!.sections[symbol.section as number].name]).toEqual(["helper", ".text"]);
	});

	it("an addend against a section follows its part", () => {
		const text = ".text\n.globl NAME\nNAME: r1 = x ll\n exit\n.data\n.long 0\nx: .long 7\n";
		const parts = ["f", "g"].map((name) => ({ name, object: object(text.replaceAll("NAME", name)) }));
		const { object: out } = link(parts);
		expect(disassemble(out!, { raw: false })).toContain("r1 = 0x4 ll");
		expect(disassemble(out!, { raw: false })).toContain("r1 = 0xc ll");
	});

	it("a strong definition beats a weak one, and two strong ones are named with both places", () => {
		const weak = { name: "weak.o", object: object(data(1, ".weak"), variable("global")) };
		const strong = { name: "strong.o", object: object(data(2), variable("global")) };
		const { object: out } = link([weak, strong]);
		expect(out!.symbols.find((symbol) => symbol.name === "shared")).toMatchObject({ value: 4, binding: "global" });
		expect(out!.btf!.types.filter((type) => type.kind === "datasec")).toMatchObject([{ vars: [{ offset: 4 }] }]);
		expect(link([strong, { ...strong, name: "again.o" }]).errors).toEqual([
			{ message: '"shared" is defined twice', places: ["strong.o (.data+0)", "again.o (.data+0)"] },
		]);
	});

	it("an extern of another type is refused", () => {
		const use = {
			name: "use.o",
			object: object(".text\n.globl f\nf: r1 = shared ll\n exit\n.globl shared\n", variable("extern", 8)),
		};
		const define = { name: "define.o", object: object(data(1), variable("global")) };
		expect(link([use, define]).errors).toEqual([
			{
				message: '"shared" is declared differently: int int of 8 bytes against 4',
				places: ["use.o", "define.o (.data+0)"],
			},
		]);
		expect(
			link([
				{ ...use, object: { ...use.object, btf: { types: variable("extern") } } },
				define,
			]).object!.btf!.types.filter((type) => type.kind === "var"),
		).toEqual([{ kind: "var", name: "shared", type: 1, linkage: "global" }]);
	});

	it("licenses must agree", () => {
		const license = (text: string): ObjectFile =>
			object(`.section license,"aw",@progbits\n.globl _l\n_l: .asciz "${text}"\n`);
		expect(
			link([
				{ name: "a", object: license("GPL") },
				{ name: "b", object: license("GPL") },
			]).object!.sections,
		).toMatchObject([{ name: "license", size: 4 }]);
		expect(
			link([
				{ name: "a", object: license("GPL") },
				{ name: "b", object: license("MIT") },
			]).errors,
		).toEqual([{ message: "section license differs", places: ["a", "b"] }]);
	});
});
