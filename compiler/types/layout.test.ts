import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { BtfView } from "../../assembler/btf/view.ts";
import { checkText } from "../../test/support/typed.ts";
import { asRecord } from "./basic.ts";
import type { RecordType } from "./types.ts";

/** Records as text → "name@bit offset:bit-field width" of every member and the size, by our layout. */
function ours(text: string): Map<string, string> {
	const { typed, errors } = checkText(text);
	expect(errors).toEqual([]);
	const out = new Map<string, string>();
	for (const o of typed.objects) {
		const record = asRecord(o.type);
		if (record) out.set(o.name, describeRecord(record));
	}
	return out;
}

function describeRecord(record: RecordType): string {
	const members = record.body!.members.filter((m) => !(m.bitWidth !== null && m.name === null));
	return `${record.body!.size}{${members.map((m) => `${m.name ?? ""}@${m.bitOffset}:${m.bitWidth ?? 0}`).join(" ")}}`;
}

/** The same out of the BTF that clang writes. */
function clangs(text: string): Map<string, string> {
	const dir = mkdtempSync(join(tmpdir(), "layout-"));
	try {
		writeFileSync(join(dir, "t.c"), text);
		execFileSync("clang-19", ["-target", "bpf", "-g", "-O1", "-w", "-c", "t.c", "-o", "t.o"], { cwd: dir });
		execFileSync("llvm-objcopy-19", ["--dump-section", ".BTF=t.btf", "t.o", "/dev/null"], { cwd: dir });
		const btf = new BtfView(readFileSync(join(dir, "t.btf")));
		const out = new Map<string, string>();
		for (let id = 1; id < btf.count; id++) {
			const variable = btf.type(id);
			if (variable.kind !== "var") continue;
			const type = btf.type(variable.type);
			if (type.kind !== "struct" && type.kind !== "union") continue;
			out.set(variable.name, `${type.size}{${type.members.map((m) => `${m.name}@${m.bitOffset}:${m.bitSize}`).join(" ")}}`);
		}
		return out;
	} finally {
		rmSync(dir, { recursive: true });
	}
}

describe("record layout", () => {
	it("lays out hand-picked records as the ABI says", () => {
		const layouts = ours(`
			struct { char c; int i; } padded;
			struct { char c; int i; } __attribute__((packed)) packed;
			struct { int a:3, b:30; } straddle;
			struct { int a:3, b:30; } __attribute__((packed)) tight;
			struct { char a; int :0; char b; } closed;
			struct { } empty;
			struct { long n; int tail[]; } flexible;
			struct { char c; __int128 wide; } wide;
			union { char c; long l; short s[5]; } either;
			struct { char c; struct { short s; long l; }; } anonymous;
			struct { char c; int i __attribute__((aligned(16))); } aligned;
			typedef long anywhere __attribute__((aligned(1)));
			struct { char c; anywhere i; } unaligned;
			enum { BIG = 0x100000000 } dummy;
		`);
		expect(Object.fromEntries(layouts)).toEqual({
			padded: "8{c@0:0 i@32:0}",
			packed: "5{c@0:0 i@8:0}",
			straddle: "8{a@0:3 b@32:30}",
			tight: "5{a@0:3 b@3:30}",
			closed: "5{a@0:0 b@32:0}",
			empty: "0{}",
			flexible: "8{n@0:0 tail@64:0}",
			wide: "32{c@0:0 wide@128:0}",
			either: "16{c@0:0 l@0:0 s@0:0}",
			anonymous: "24{c@0:0 @64:0}",
			aligned: "32{c@0:0 i@128:0}",
			unaligned: "9{c@0:0 i@8:0}",
		});
	});

	const clang = spawnSync("clang-19", ["--version"]).status === 0;
	it.skipIf(!clang)("agrees with clang on random records", () => {
		const records = Number(process.env.LAYOUT_RECORDS ?? 300);
		const text = randomRecords(records, Number(process.env.LAYOUT_SEED ?? 7));
		const a = ours(text);
		const b = clangs(text);
		expect(b.size).toBeGreaterThan(records * 0.9);
		const differ = [...b].filter(([name, layout]) => a.get(name) !== layout).map(([name, layout]) => ({ name, clang: layout, ours: a.get(name), text: new RegExp(`^.* ${name};$`, "m").exec(text)?.[0] }));
		expect(differ).toEqual([]);
	});
});

const SCALARS = ["char", "signed char", "short", "unsigned short", "int", "unsigned", "long", "unsigned long long", "_Bool", "void *", "__int128", "enum small", "enum wide", "aligned1", "aligned2", "aligned4", "double", "long double", "float"] as const;
const BITABLE = SCALARS.slice(0, 9).filter((t) => t !== "_Bool");
const BITS: Record<string, number> = { char: 8, "signed char": 8, short: 16, "unsigned short": 16, int: 32, unsigned: 32, long: 64, "unsigned long long": 64 };

function randomRecords(count: number, seed: number): string {
	let state = seed;
	const below = (n: number): number => {
		state = (Math.imul(state, 1103515245) + 12345) >>> 0;
		return (state >>> 8) % n;
	};
	const record = (depth: number): string => {
		const members: string[] = [];
		const length = below(7);
		for (let i = 0; i < length; i++) {
			const name = `m${depth}_${i}_${below(1 << 20)}`;
			const align = below(12) === 0 ? ` __attribute__((aligned(${1 << below(6)})))` : below(12) === 0 ? " __attribute__((packed))" : "";
			const what = below(10);
			if (what < 4) {
				const type = BITABLE[below(BITABLE.length)]!;
				const width = below(8) === 0 ? 0 : 1 + below(BITS[type]!);
				members.push(width === 0 ? `${type} : 0;` : below(8) === 0 ? `${type} : ${width};` : `${type} ${name} : ${width}${align};`);
			} else if (what === 9 && depth < 3) members.push(`${record(depth + 1)}${below(3) ? ` ${name}` : ""};`);
			else members.push(`${SCALARS[below(SCALARS.length)]} ${name}${below(4) === 0 ? `[${below(4)}]` : ""}${align};`);
		}
		const attrs = below(4) === 0 ? " __attribute__((packed))" : below(8) === 0 ? " __attribute__((aligned(8)))" : "";
		return `${below(5) ? "struct" : "union"} { ${members.join(" ")} }${attrs}`;
	};
	const lines = ["enum small { S }; enum wide { W = 0x100000000 };", "typedef long aligned1 __attribute__((aligned(1))); typedef int aligned2 __attribute__((aligned(2))); typedef long aligned4 __attribute__((aligned(4)));"];
	for (let i = 0; i < count; i++) {
		const pack = below(10) === 0 ? 1 << below(4) : 0;
		lines.push(pack ? `#pragma pack(push, ${pack})\n${record(0)} v${i};\n#pragma pack(pop)` : `${record(0)} v${i};`);
	}
	return lines.join("\n");
}
