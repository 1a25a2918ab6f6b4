/** What a large header declares is the same whether it was read or only outlined (`preprocess/outline.ts`). */
import { describe, expect, it } from "vitest";
import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import { DEFAULT_TARGET } from "../driver/options.ts";
import { newPreprocessor } from "../preprocess/preprocess.ts";
import { parseUnit } from "./parse-unit.ts";
import type { ParsedUnit } from "./unit.ts";

interface Read {
	readonly unit: ParsedUnit;
	readonly messages: readonly string[];
}

function read(header: string, defer: boolean, main = '#include "h.h"\n'): Read {
	const diagnostics: Diagnostic[] = [];
	const report = (d: Diagnostic): void => void diagnostics.push(d);
	const pp = newPreprocessor({ target: DEFAULT_TARGET, macros: [], includes: [], dirs: [], provider: { read: (path) => (path === "h.h" ? header : null) }, builtinHeader: () => undefined, virtualVmlinux: () => false, defer }, report);
	const unit = parseUnit(pp.run("t.c", main), null, { report });
	void unit.roots;
	return { unit, messages: diagnostics.map((d) => d.message) };
}

/** Large enough to be worth passing over. */
const FILLER = Array.from({ length: 4000 }, (_, i) => `struct filler${i} {\n\tint a;\n\tunion {\n\t\tlong b;\n\t} u;\n};\n\n`).join("");

const FORMS = `typedef unsigned int u32;

typedef u32 uid_t, gid_t;

typedef int (*callback)(struct late *, u32);

typedef void *(*const table_t)[32];

typedef void handler_t(int);

typedef void (*(*returns_callback)(int))(void);

typedef u32 (grouped);

typedef char name_t[16];

typedef struct late late_t;

typedef struct {
	u32 val;
} kuid_t;

typedef struct tagged_s {
	u32 one;
	struct {
		u32 two;
		enum {
			DEEP_A = 1,
			DEEP_B = 2,
		} kind;
	};
} __attribute__((packed)) tagged_t[2];

typedef enum {
	CHOICE_A = 0,
	CHOICE_B = 1,
} choice_t;

struct forward;

struct late {
	struct forward *next;
	u32 bits: 3;
	long: 61;
	union {
		struct {
			int deep;
		};
		u32 flat;
	};
} __attribute__((packed)) __attribute__((aligned(8)));

union both {
	int a;
	char b[4];
};

enum {
	false = 0,
	true = 1,
};

enum named {
	NAMED_A = 1,
	NAMED_B = -2,
	NAMED_C = NAMED_A,
};

struct outer {
	struct inner {
		int x;
	} in;
	enum inside {
		INSIDE_A,
	} e;
};

struct commented {
	int a; /* } */
};

struct __attribute__((packed)) attributed {
	char c;
	int i;
};

struct twice;
struct twice;

static inline u32 helper(struct late *l)
{
	return l->flat;
}

extern int kfunc(struct late *l) __attribute__((section(".ksyms")));

u32 object, *pointer = &object;

union last { int x; };
`;

function same(header: string, main?: string, renamed = "NAMED_B"): ParsedUnit {
	const plain = read(header, false, main);
	const outlined = read(header, true, main);
	expect(outlined.messages).toEqual(plain.messages);
	const names = (all: Iterable<string>): string[] => [...new Set(all)].sort();
	// As they are written: these lists are for "did you mean".
	expect(names(outlined.unit.ordinaryNames()).map((n) => (n === "NAMED_B" ? renamed : n)).sort()).toEqual(names(plain.unit.ordinaryNames()));
	expect(names(outlined.unit.tagNames())).toEqual(names(plain.unit.tagNames()));
	const text = (tree: unknown): string => JSON.stringify(tree, (key, value: unknown) => (key === "span" || key === "at" ? undefined : value));
	for (const name of plain.unit.ordinaryNames()) if (!name.startsWith("filler")) expect([name, text(outlined.unit.ordinary(name))]).toEqual([name, text(plain.unit.ordinary(name))]);
	for (const name of plain.unit.tagNames()) {
		if (/^(filler|second)/.test(name) && name !== "filler77") continue;
		expect([name, text(outlined.unit.tag(name))]).toEqual([name, text(plain.unit.tag(name))]);
		expect(outlined.unit.hasTag(name)).toBe(true);
	}
	// Where a macro may have made the name, an enum is read to see.
	if (main === undefined) expect(outlined.unit.ordinary("nosuchname")).toEqual([]);
	expect(outlined.unit.tag("nosuchtag")).toEqual([]);
	return outlined.unit;
}

describe("a large header", () => {
	it("declares the same when it is outlined", () => {
		const unit = same(FORMS + FILLER + FORMS.replaceAll(/\b(?!struct|union|enum|typedef|static|inline|return|extern|int|char|long|void|unsigned|const|packed|aligned|section|attribute|__attribute__)([A-Za-z_]\w*)/g, "$1_2"));
		// Little of it was read.
		expect(unit.tokens.length).toBeLessThan(3000);
		expect(read(FORMS + FILLER, true).unit.tokens.length).toBeLessThan(1000);
	});
	it("that is written otherwise is read", () => {
		same(`${FILLER.replaceAll("\n\t", " ").replaceAll("\n}", " }")}struct a { struct { int x;\n}; int y; }; struct b { int z; };\nint v;\n`);
		same(FILLER.replaceAll("{", "<%").replaceAll("}", "%>"));
		same(`/* é */\n${FORMS}${FILLER}`);
		same(`${FILLER.slice(0, -4)}`);
	});
	it("respects macros and pragmas of its place", () => {
		const before = "#define u32 unsigned\n#define NAMED_B RENAMED\n#define late later\n#define MACRO 4\n";
		same(FORMS + FILLER, `${before}#include "h.h"\n`, "RENAMED");
		const pragmas = `#pragma pack(push, 2)\n${FILLER}struct packed_2 {\n\tchar a[MACRO];\n\tint b;\n};\n#pragma pack(pop)\n#undef MACRO\n${FILLER.replaceAll("filler", "second")}struct plain {\n\tint a;\n};\n`;
		const unit = same(pragmas, `${before}#include "h.h"\n`);
		expect(JSON.stringify(unit.tag("packed_2"))).toContain("pragma_pack");
		expect(JSON.stringify(unit.tag("plain"))).not.toContain("pragma_pack");
	});
	it("is read in the middle of a declaration", () => {
		const some = FILLER.slice(0, FILLER.indexOf("struct filler2500"));
		same(some, 'struct around {\n#include "h.h"\n\tint last;\n};\n');
		same(FILLER, 'static const\n#include "h.h"\n');
	});
	it("may repeat what stands elsewhere", () => {
		same(`${FILLER}typedef unsigned int u32;\nstruct late;\nstruct late {\n\tint a;\n};\n`, 'typedef unsigned int u32;\nstruct late;\n#include "h.h"\ntypedef unsigned int u32;\nstruct late *l;\nu32 (*f)(u32);\n');
	});
});
