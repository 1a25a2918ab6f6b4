import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { printBtf } from "../../assembler/btf/print.ts";
import { typeSource } from "../../assembler/btf/type-source.ts";
import type { BtfType } from "../../assembler/btf/types.ts";
import { BtfView } from "../../assembler/btf/view.ts";
import { readElf } from "../../assembler/elf/read.ts";
import type { ObjectFile } from "../../assembler/object.ts";
import { clang, hasTool, inFolder, run } from "../../test/support/clang.ts";
import { minCoreBtf } from "./min-btf.ts";

const member = (name: string, type: number, bitOffset: number) => ({ name, type, bitOffset, bitSize: 0 });
const int: BtfType = { kind: "int", name: "int", size: 4, bits: 32, offset: 0, encoding: 1 };

// 1 int, 2 struct inner { int x, y }, 3 its pointer, 4 struct task { anonymous union 5 { int pid, tid }; struct inner *link; struct inner in }
const kernel: BtfType[] = [
	{ kind: "void" }, int,
	{ kind: "struct", name: "inner", size: 8, members: [member("x", 1, 0), member("y", 1, 32)] },
	{ kind: "ptr", type: 2 },
	{ kind: "struct", name: "task", size: 32, members: [member("", 5, 0), member("link", 3, 64), member("in", 2, 128)] },
	{ kind: "union", name: "", size: 4, members: [member("pid", 1, 0), member("tid", 1, 0)] },
];
// What the program believes: 2 struct inner { int y }, 3 struct task { int pid; struct inner in; struct inner *link }
const local: BtfType[] = [
	{ kind: "void" }, int,
	{ kind: "struct", name: "inner", size: 4, members: [member("y", 1, 0)] },
	{ kind: "struct", name: "task", size: 16, members: [member("pid", 1, 0), member("in", 2, 32), member("link", 4, 64)] },
	{ kind: "ptr", type: 2 },
];
const asking = (typeId: number, access: string, kind: number): ObjectFile => ({
	endian: "little", sections: [], symbols: [], btf: { types: local },
	btfExt: { funcInfo: [], lineInfo: [], coreRelos: [{ section: "xdp", records: [{ insnOffset: 8, typeId, access, kind }] }] },
});
const kept = (typeId: number, access: string, kind: number): string =>
	printBtf(minCoreBtf(typeSource({ types: kernel }), [{ name: "a.o", object: asking(typeId, access, kind) }]).btf);

describe("min-core BTF", () => {
	it("keeps the members on a field's path, through anonymous ones, at their places", () => {
		expect(kept(3, "0:0", 0)).toBe("[1] INT 'int' size=4 bits_offset=0 nr_bits=32 encoding=SIGNED\n[2] STRUCT 'task' size=32 vlen=1\n\t'(anon)' type_id=3 bits_offset=0\n[3] UNION '(anon)' size=4 vlen=1\n\t'pid' type_id=1 bits_offset=0\n");
		expect(kept(3, "0:1:0", 0)).toBe("[1] INT 'int' size=4 bits_offset=0 nr_bits=32 encoding=SIGNED\n[2] STRUCT 'inner' size=8 vlen=1\n\t'y' type_id=1 bits_offset=32\n[3] STRUCT 'task' size=32 vlen=1\n\t'in' type_id=2 bits_offset=128\n");
	});

	it("keeps nothing behind a pointer, and nothing that the kernel lacks", () => {
		expect(kept(3, "0:2", 0)).toBe("[1] PTR '(anon)' type_id=0\n[2] STRUCT 'task' size=32 vlen=1\n\t'link' type_id=1 bits_offset=64\n");
		expect(printBtf(minCoreBtf(typeSource({ types: [{ kind: "void" }] }), [{ name: "a.o", object: asking(3, "0:0", 0) }]).btf)).toBe("");
	});

	it("names the place of a record that makes no sense", () => {
		const { errors } = minCoreBtf(typeSource({ types: kernel }), [{ name: "a.o", object: asking(3, "0:9", 0) }]);
		expect(errors).toEqual([{ message: 'access "0:9" does not fit task', places: ["a.o, xdp+8"] }]);
	});

	const vmlinux = "/sys/kernel/btf/vmlinux";
	it.skipIf(!existsSync(vmlinux) || !["clang-19", "bpftool"].every(hasTool))("is bpftool's, for the running kernel", () => {
		const bytes = clang(`
#define KEEP __attribute__((preserve_access_index))
enum bpf_map_type { BPF_MAP_TYPE_ARRAY_ = 0, BPF_MAP_TYPE_ARRAY = 2 };
struct list_head { struct list_head *next; } KEEP;
struct mm_struct { int map_count; } KEEP;
struct task_struct { int pid; struct mm_struct *mm; struct list_head tasks; char comm[16]; } KEEP;
struct missing { int field; } KEEP;
__attribute__((section("kprobe"), used)) int probe(struct task_struct *t) {
	int sum = t->pid + t->comm[3] + (t->tasks.next != 0) + __builtin_preserve_field_info(t->mm, 2);
	sum += __builtin_preserve_type_info(*(struct mm_struct *)0, 1) + __builtin_preserve_type_info(*(struct task_struct *)0, 2);
	sum += __builtin_preserve_enum_value(*(enum bpf_map_type *)BPF_MAP_TYPE_ARRAY, 1);
	return sum + __builtin_preserve_field_info(((struct missing *)0)->field, 2);
}`);
		const mine = minCoreBtf(new BtfView(readFileSync(vmlinux)), [{ name: "x.o", object: readElf(bytes) }]);
		expect(mine.errors).toEqual([]);
		inFolder((folder) => {
			writeFileSync(join(folder, "x.o"), bytes);
			run("bpftool", ["gen", "min_core_btf", vmlinux, "min.btf", "x.o"], folder);
			expect(printBtf(mine.btf)).toBe(run("bpftool", ["btf", "dump", "file", "min.btf"], folder));
		});
	});
});
