import { existsSync, readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FormatError } from "../bytes.ts";
import { dedupTypes } from "./dedup.ts";
import type { BtfExt } from "./ext.ts";
import { readBtfExt } from "./ext-read.ts";
import { readBtf } from "./read.ts";
import type { BtfType } from "./types.ts";
import { BtfView } from "./view.ts";
import { writeBtf } from "./write.ts";

const COUNT = 12;
const id = fc.nat(COUNT - 1);
const name = fc.string({ maxLength: 6 }).map((text) => text.replaceAll("\0", ""));
const u32 = fc.nat(0xffff_ffff);
const anyType: fc.Arbitrary<BtfType> = fc.oneof(
	fc.record({
		kind: fc.constant("int" as const),
		name,
		size: fc.constantFrom(1, 2, 4, 8, 16),
		bits: fc.nat(128),
		offset: fc.nat(255),
		encoding: fc.nat(7),
	}),
	fc.record({ kind: fc.constantFrom("ptr" as const), type: id }),
	fc.record({ kind: fc.constantFrom("const" as const, "volatile" as const, "restrict" as const), type: id }),
	fc.record({ kind: fc.constant("array" as const), type: id, indexType: id, length: u32 }),
	fc.record({
		kind: fc.constantFrom("struct" as const, "union" as const),
		name,
		size: u32,
		members: fc.array(fc.record({ name, type: id, bitOffset: fc.nat(0xff_ffff), bitSize: fc.nat(255) }), {
			maxLength: 4,
		}),
	}),
	fc.record({
		kind: fc.constant("enum" as const),
		name,
		size: fc.constant(4),
		signed: fc.constant(false),
		values: fc.array(fc.record({ name, value: u32 }), { maxLength: 4 }),
	}),
	fc.record({
		kind: fc.constant("enum64" as const),
		name,
		size: fc.constant(8),
		signed: fc.constant(true),
		values: fc.array(fc.record({ name, value: fc.bigInt(-(1n << 63n), (1n << 63n) - 1n) }), { maxLength: 4 }),
	}),
	fc.record({ kind: fc.constant("fwd" as const), name, union: fc.boolean() }),
	fc.record({ kind: fc.constant("typedef" as const), name, type: id }),
	fc.record({
		kind: fc.constant("func_proto" as const),
		result: id,
		params: fc.array(fc.record({ name, type: id }), { maxLength: 4 }),
	}),
	fc.record({
		kind: fc.constant("func" as const),
		name,
		type: id,
		linkage: fc.constantFrom("static" as const, "global" as const, "extern" as const),
	}),
	fc.record({
		kind: fc.constant("var" as const),
		name,
		type: id,
		linkage: fc.constantFrom("static" as const, "global" as const, "extern" as const),
	}),
	fc.record({
		kind: fc.constant("datasec" as const),
		name,
		size: u32,
		vars: fc.array(fc.record({ type: id, offset: u32, size: u32 }), { maxLength: 3 }),
	}),
	fc.record({ kind: fc.constant("float" as const), name, size: fc.constantFrom(4, 8) }),
	fc.record({
		kind: fc.constant("decl_tag" as const),
		name,
		type: id,
		componentIndex: fc.integer({ min: -1, max: 9 }),
	}),
	fc.record({ kind: fc.constant("type_tag" as const), name, type: id, kflag: fc.constant(true) }),
);
const anyTypes = fc
	.array(anyType, { minLength: COUNT - 1, maxLength: COUNT - 1 })
	.map((types): BtfType[] => [{ kind: "void" }, ...types]);
const records = fc.array(
	fc.record({
		section: name.filter((text) => text !== ""),
		records: fc.array(fc.record({ insnOffset: u32, typeId: id }), { minLength: 1, maxLength: 3 }),
	}),
	{ maxLength: 2 },
);

describe("BTF", () => {
	it.each(["little", "big"] as const)("read(write(types)) = types (%s-endian)", (endian) => {
		fc.assert(
			fc.property(anyTypes, (types) => void expect(readBtf(writeBtf({ types }, { endian }).btf)).toEqual({ types })),
		);
	});

	it("read(write(ext)) = ext", () => {
		fc.assert(
			fc.property(anyTypes, records, name, (types, funcInfo, text) => {
				const ext: BtfExt = {
					funcInfo,
					lineInfo: funcInfo.map(({ section, records: list }) => ({
						section,
						records: list.map(({ insnOffset }) => ({
							insnOffset,
							file: text,
							text: `${text}!`,
							line: insnOffset % 0x3fffff,
							column: insnOffset % 1023,
						})),
					})),
					coreRelos: funcInfo.map(({ section, records: list }) => ({
						section,
						records: list.map((record) => ({ ...record, access: "0:1", kind: 3 })),
					})),
				};
				const bytes = writeBtf({ types }, { ext });
				expect(readBtfExt(bytes.ext!, new BtfView(bytes.btf))).toEqual(ext);
			}),
		);
	});

	it("a split BTF goes on from its base", () => {
		const base = writeBtf({ types: [{ kind: "void" }, { kind: "fwd", name: "a", union: false }] });
		const view = new BtfView(base.btf);
		const types: BtfType[] = [
			{ kind: "void" },
			{ kind: "fwd", name: "a", union: false },
			{ kind: "ptr", type: 1 },
			{ kind: "typedef", name: "t", type: 2 },
		];
		const split = writeBtf({ types, baseCount: 2 }, { baseStringLength: view.stringLength });
		const both = new BtfView(split.btf, { base: view });
		expect(readBtf(both)).toEqual({ types, baseCount: 2 });
		expect([both.find("t"), both.find("a"), both.kindOf(1), both.nameOf(3)]).toEqual([[3], [1], "fwd", "t"]);
	});

	it("deduplication: a list twice is the list once, and every type keeps its meaning", () => {
		fc.assert(
			fc.property(
				anyTypes.map((types) =>
					types.map((type) =>
						type.kind === "datasec" || type.kind === "fwd" ? ({ kind: "ptr", type: 0 } as const) : type,
					),
				),
				(types) => {
					const once = dedupTypes(types);
					const shift = (n: number): number => (n === 0 ? 0 : n + types.length - 1);
					const twice = dedupTypes([
						...types,
						...types.slice(1).map(
							(type) =>
								JSON.parse(
									JSON.stringify(type, (key, value) =>
										["type", "indexType", "result"].includes(key)
											? shift(value)
											: typeof value === "bigint"
												? `bigint ${value}`
												: value,
									),
									(_, value) =>
										typeof value === "string" && /^bigint -?\d+$/.test(value) ? BigInt(value.slice(7)) : value,
								) as BtfType,
						),
					]);
					expect(twice.types).toEqual(once.types);
					types.forEach((type, old) => void expect(twice.types[twice.ids[old]].kind).toBe(type.kind));
				},
			),
		);
	});

	it("a forward declaration becomes the definition, and pointers to both become one", () => {
		const record: BtfType = {
			kind: "struct",
			name: "s",
			size: 8,
			members: [{ name: "next", type: 4, bitOffset: 0, bitSize: 0 }],
		};
		const { types, ids } = dedupTypes([
			{ kind: "void" },
			{ kind: "fwd", name: "s", union: false },
			{ kind: "ptr", type: 1 },
			record,
			{ kind: "ptr", type: 3 },
		]);
		expect(types).toEqual([
			{ kind: "void" },
			{ ...record, members: [{ name: "next", type: 2, bitOffset: 0, bitSize: 0 }] },
			{ kind: "ptr", type: 1 },
		]);
		expect([...ids]).toEqual([0, 1, 2, 1, 2]);
	});

	it.each([
		["nothing", new Uint8Array(0), "the BTF header is cut off (at offset 0, 0x0)"],
		["another magic number", new Uint8Array(24), "not BTF: wrong magic number (at offset 0, 0x0)"],
	])("%s is refused with its offset", (_, bytes, message) => {
		expect(() => new BtfView(bytes)).toThrow(new FormatError(message.replace(/ \(at.*/, ""), 0));
	});

	it.skipIf(!existsSync("/sys/kernel/btf/vmlinux"))("the kernel's BTF opens at once", () => {
		const bytes = readFileSync("/sys/kernel/btf/vmlinux");
		const start = performance.now();
		const view = new BtfView(bytes);
		const [task] = view.find("task_struct", "struct");
		expect(view.type(task)).toMatchObject({ kind: "struct", name: "task_struct" });
		// A tenth of this on a quiet machine.
		expect(performance.now() - start).toBeLessThan(1000);
	});
});
