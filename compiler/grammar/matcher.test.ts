import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { tablesText } from "../../test/scripts/gen-grammar.ts";
import { DEFAULT_TARGET } from "../driver/options.ts";
import { newPreprocessor } from "../preprocess/preprocess.ts";
import type { Builder } from "./actions.ts";
import { classify, grammarString } from "./classify.ts";
import { declarationActions } from "./declarations.ts";
import { expressionActions } from "./expressions.ts";
import { actionTable, END_OF_TEXT, Matcher } from "./matcher.ts";
import { loadRecipe, treeOf } from "./ohm.ts";
import { recipe } from "./recipe.ts";
import { statementActions } from "./statements.ts";
import { ARITIES, RULES } from "./tables.ts";
import { ITERATION, type Node } from "./tree.ts";

/** One declaration or function each; names that end in _t are types. */
const TEXTS = [
	"typedef unsigned long long word_t;",
	"extern int (*const table[3])(void *restrict, a_t, ...) __attribute__((section(\"x\"), unused)), other;",
	"static const struct { int a : 3, : 0; union { a_t b; char c[]; }; struct tag *next; } *x = { .a = 1, [2 ... 3] = { 4, }, y: 5 };",
	"enum e { A, B = sizeof(int), C = (a_t)1 << 3, } __attribute__((packed)) v;",
	"int (*(*deep)(int (*)(a_t (*)[2]), a_t *const *))[4];",
	"_Alignas(16) _Alignas(a_t) typeof(a_t) z; ",
	"__extension__ typeof(x + 1) w = __builtin_offsetof(struct s, a.b[3]);",
	"[[gnu::used]] static inline __attribute__((always_inline)) int f(void) { return 0; }",
	"a_t g(a_t *p, int n) { a_t a_t = *p++; if (n) p->x[n] += 1; else if (!n) { (void)0; } else return a_t ? : -1; for (int i = 0, *q = p; i < n; i++) ; do n--; while (n); }",
	"int h(int k) { switch (k) { case 1 ... 3: default: again: break; case sizeof(a_t): ; } goto again; goto *&&again; return ({ int t = (a_t)k; t; }); }",
	"void i(void) { asm volatile goto(\"x %0\" \"y\" : \"=r\"(a), [n] \"+m\"(*b) :: \"memory\" : out); __asm__(\"\"); out: ; }",
	"int j(void) { return _Generic(x, int: 1, a_t *: 2, default: 3) + __builtin_types_compatible_p(a_t, int) + __builtin_choose_expr(1, (a_t){ 2 }.x, sizeof (a_t){ 3 }) + sizeof(int)[2] + -(a_t)~!x; }",
	"void k(void) { static int __attribute__((unused)) a, b[2] = { 1, 2 }; __attribute__((fallthrough)); typedef int l_t; l_t c; _Static_assert(1, \"no\"); __label__ m, n; m: n: c = a, b[0]++; }",
	"void l(int, a_t) { f(int, 3)(x)->y.z--; a_t * b; (a_t)(b) * c; x = (y = z) ? p->q : *r; }",
];
const RULE = /^(?!typedef|extern|enum)[^=;]*\)\s*\{/;

function tokens(text: string): { readonly kinds: Uint8Array; readonly builder: Builder; readonly rule: string } {
	const pp = newPreprocessor({ target: DEFAULT_TARGET, macros: [], includes: [], dirs: [], provider: { read: () => null }, builtinHeader: () => undefined, virtualVmlinux: () => false }, () => undefined);
	const { tokens, names, programLength } = pp.run("t.c", text);
	const kinds = classify(tokens, 0, programLength, { isTypedef: (name) => names.text(name).endsWith("_t") });
	return { kinds, builder: { tokens, pragmaAttributes: () => [], lacksSemicolon: () => {} }, rule: RULE.test(text) ? "functionDef" : "declaration" };
}

/** Without the rules of one part, which the matcher leaves out, and the places of repetitions, which nobody asks for. */
function shape(node: Node): unknown {
	if (node.rule >= 0 && ARITIES[node.rule] === 1 && node.children.length === 1) return shape(node.children[0]);
	return [node.rule, ...(node.rule === ITERATION ? [] : [node.from, node.to]), node.children.map(shape)];
}
const matcher = new Matcher(actionTable({}));
const ohm = loadRecipe(recipe);

function agree(kinds: Uint8Array, rule: string): boolean {
	const ours = matcher.match(kinds, 7, rule);
	const theirs = ohm.match(grammarString(kinds), rule);
	expect(ours !== null).toBe(theirs.succeeded());
	if (ours !== null) expect(shape(ours)).toEqual(shape(treeOf(theirs, 7, [])));
	return ours !== null;
}

describe("the matcher", () => {
	it("gives ohm's tree", () => {
		for (const text of TEXTS) {
			const { kinds, rule } = tokens(text);
			expect([text, agree(kinds, rule)]).toEqual([text, true]);
		}
	});
	it("agrees with ohm on damaged texts", () => {
		let seed = 1;
		const random = (n: number): number => {
			seed = (Math.imul(seed, 1103515245) + 12345) & 0x7fffffff;
			return (seed >>> 8) % n;
		};
		const counts = { matched: 0, refused: 0 };
		for (let round = 0; round < 6; round++) {
			for (const text of TEXTS) {
				const { kinds, rule } = tokens(text);
				const damaged = [...kinds.subarray(0, -1)];
				const at = random(damaged.length);
				const other = damaged[random(damaged.length)];
				damaged.splice(at, random(2), ...(random(2) === 0 ? [] : [other]));
				counts[agree(Uint8Array.from([...damaged, END_OF_TEXT]), rule) ? "matched" : "refused"]++;
			}
		}
		expect(counts.matched).toBeGreaterThan(5);
		expect(counts.refused).toBeGreaterThan(20);
	});
	it("gives up where much is tried again and again, and ohm does not", () => {
		// Each level is tried as a cast and as a literal.
		const levels = 60;
		const { kinds } = tokens(`int x = ${"(typeof(".repeat(levels)}1${")){ 1 }".repeat(levels)};`);
		expect(matcher.match(kinds, 0, "declaration")).toBeNull();
		expect(ohm.match(grammarString(kinds), "declaration").succeeded()).toBe(true);
	});
});

describe("the actions", () => {
	const { builder } = tokens("");
	const actions = { ...declarationActions(builder), ...statementActions(builder), ...expressionActions(builder) };
	it("are each of a rule, and take its parts", () => {
		for (const [name, action] of Object.entries(actions)) {
			const rule = RULES.indexOf(name);
			expect([name, action.length]).toEqual([name, rule < 0 ? "no such rule" : ARITIES[rule]]);
		}
	});
	it("make the same of ohm's tree", () => {
		for (const text of TEXTS) {
			const { kinds, rule, builder } = tokens(text);
			const table = actionTable({ ...declarationActions(builder), ...statementActions(builder), ...expressionActions(builder) });
			const ours = new Matcher(table).match(kinds, 0, rule)?.ast();
			expect(ours).toBeDefined();
			expect(treeOf(ohm.match(grammarString(kinds), rule), 0, table).ast()).toEqual(ours);
		}
	});
});

describe("the checked-in tables", () => {
	it("are what the grammar gives (npx tsx test/scripts/gen-grammar.ts)", () => {
		expect(readFileSync(new URL("tables.ts", import.meta.url), "utf8")).toBe(tablesText());
	});
});
