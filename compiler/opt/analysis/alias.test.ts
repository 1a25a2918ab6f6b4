import { expect, it } from "vitest";
import { compile, DEFAULT_TARGET, defaultOptions } from "../../index.ts";

const HEAD = `
struct pair { int a, b; };
struct outer { long l; struct pair inner; };
union word { int whole; short half[2]; };
typedef int __attribute__((may_alias)) any_int;
struct node { struct node *next; int v; };
enum shade { LIGHT, DARK };
struct paint { char c; enum shade shade; };
struct list { unsigned char n; int a[4]; int last; };
`;

/** How often the function reads memory: twice when the store in between may have changed it. */
function loads(parameters: string, read: string, store: string, strictAliasing = true): number {
	const text = `${HEAD}long f(${parameters}) { long before = (long)${read}; ${store}; return before + (long)${read}; }`;
	const { output, diagnostics } = compile("f.c", text, { ...defaultOptions({ read: () => null }), stage: "asm", target: { ...DEFAULT_TARGET, debug: false, strictAliasing } });
	expect(diagnostics.map(({ message }) => message)).toEqual([]);
	return String(output).match(/= \*\(/g)!.length;
}

it.each<[what: string, parameters: string, read: string, store: string, loads: number]>([
	["the same member", "struct pair *p, struct pair *q", "p->a", "q->a = 5", 2],
	["another member", "struct pair *p, struct pair *q", "p->a", "q->b = 5", 1],
	["an integer of the size", "struct pair *p, unsigned *q", "p->a", "*q = 5", 2],
	["an integer of another size", "struct pair *p, short *q", "p->a", "*q = 5", 1],
	["a character", "struct pair *p, char *q", "p->a", "*q = 5", 2],
	["a member that is a character", "struct pair *p, struct paint *q", "p->a", "q->c = 5", 1],
	["a member that is an enumeration", "struct pair *p, struct paint *q", "p->a", "q->shade = DARK", 1],
	["a character of such a structure", "char *p, struct paint *q", "*p", "q->c = 5", 2],
	["a number that a member's bytes may be", "int *p, struct paint *q", "*p", "q->shade = DARK", 2],
	["a pointer is no integer", "struct node *p, long *q", "p->next", "*q = 5", 1],
	["a structure that holds the other", "struct outer *p, struct pair *q", "p->inner.a", "q->a = 5", 2],
	["structures that have nothing in common", "struct node *p, struct pair *q", "p->v", "q->a = 5", 1],
	["what lies in a union", "union word *p, short *q", "p->whole", "*q = 5", 2],
	["a type that may alias", "struct node *p, any_int *q", "p->next", "*q = 5", 2],
])("%s", (_, parameters, read, store, expected) => {
	expect(loads(parameters, read, store)).toBe(expected);
	expect(loads(parameters, read, store, false)).toBe(2);
});

it("an element lies behind what stands in front of its array", () => {
	const list = "struct list *p, unsigned char i, int j";
	expect(loads(list, "p->n", "p->a[i] = 5")).toBe(1);
	expect(loads(list, "p->n", "p->a[j] = 5")).toBe(2);
	expect(loads(list, "p->last", "p->a[i] = 5")).toBe(2);
	expect(loads(list, "p->last", "p->a[i & 3] = 5")).toBe(1);
});
