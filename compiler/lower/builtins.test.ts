import { expect, it } from "vitest";
import { compile, DEFAULT_TARGET, defaultOptions } from "../index.ts";

const HEAD = `
struct track { unsigned state, level; char name[32]; };
struct event { unsigned long when; struct track track; };
struct __attribute__((packed)) tight { char tag; struct track track; };
`;

/** Sizes in bits of the loads with which a statement copies. */
function widths(parameters: string, statement: string): string[] {
	const { output, diagnostics } = compile("f.c", `${HEAD}void f(${parameters}) { ${statement}; }`, { ...defaultOptions({ read: () => null }), stage: "asm", target: { ...DEFAULT_TARGET, debug: false } });
	expect(diagnostics.map(({ message }) => message)).toEqual([]);
	return [...new Set([...String(output).matchAll(/= \*\(u(\d+) \*\)/g)].map((match) => match[1]))];
}

it.each<[what: string, parameters: string, statement: string, widths: string[]]>([
	["characters within a structure", "struct track *p, struct track *q", "__builtin_memcpy(p->name, q->name, 32)", ["32"]],
	["and within a structure of that", "struct event *p, struct event *q", "__builtin_memcpy(&p->track.name, q->track.name, 32)", ["64"]],
	["characters at a place in them", "struct track *p, struct track *q", "__builtin_memcpy(p->name + 1, &q->name[2], 2)", ["8"]],
	["an element at a known place", "struct track *p, struct track *q", "__builtin_memcpy(&p->name[4], &q->name[8], 8)", ["32"]],
	["an element at an unknown place", "struct track *p, struct track *q, int i", "__builtin_memcpy(&p->name[i], &q->name[8], 8)", ["8"]],
	["what a packed structure holds", "struct tight *p, struct track *q", "__builtin_memcpy(p->track.name, q->name, 4)", ["8"]],
])("copies %s as wide as they are aligned", (_, parameters, statement, expected) => {
	expect(widths(parameters, statement)).toEqual(expected);
});
