/**
 * clang's warning groups as far as they turn ours on: -Wall and -Wextra name others. A group that is in nobody's list is known too, when
 * a row of a table carries it; anything else is an unknown option, which warns.
 */
const FORMAT = ["format", "format-extra-args", "format-invalid-specifier", "format-security", "format-zero-length", "nonnull", "format-insufficient-args"];
const UNUSED = ["unused-argument", "unused-function", "unused-label", "unused-variable", "unused-but-set-variable", "unused-local-typedef", "unused-value", "unused-result", "unneeded-internal-declaration"];

const GROUPS: Readonly<Record<string, readonly string[]>> = {
	all: ["most"],
	most: [
		"address-of-packed-member", "array-bounds", "bool-operation", "char-subscripts", "comment", "extern-c-compat", ...FORMAT, "implicit", "infinite-recursion", "int-in-bool-context", "misleading-indentation",
		"missing-braces", "multichar", "parentheses", "return-type", "self-assign", "sequence-point", "sizeof-array-argument", "sizeof-array-decay", "sometimes-uninitialized", "string-plus-int", "strict-overflow", "switch", "tautological-compare",
		"trigraphs", "uninitialized", "unknown-pragmas", "unused", "unsequenced", "volatile-register-var", "use-of-uninitialized",
	],
	unused: UNUSED,
	"unused-variable": ["unused-const-variable"],
	extra: ["cast-function-type", "empty-init-stmt", "fuse-ld-path", "ignored-qualifiers", "initializer-overrides", "missing-field-initializers", "missing-method-return-type", "null-pointer-arithmetic", "semicolon", "sign-compare", "string-concatenation", "unused-but-set-parameter", "unused-parameter"],
	format: FORMAT.slice(1),
	implicit: ["implicit-function-declaration", "implicit-int"],
	parentheses: ["bitwise-op-parentheses", "dangling-else", "logical-not-parentheses", "logical-op-parentheses", "parentheses-equality", "shift-op-parentheses"],
	uninitialized: ["sometimes-uninitialized", "static-self-init"],
	conversion: ["bitfield-constant-conversion", "constant-conversion", "implicit-int-conversion", "shorten-64-to-32", "sign-conversion", "int-conversion", "enum-conversion", "literal-conversion"],
	"tautological-compare": ["tautological-constant-compare", "tautological-pointer-compare", "tautological-overlap-compare", "tautological-undefined-compare"],
	"tautological-constant-compare": ["tautological-constant-out-of-range-compare"],
	"bool-conversion": ["pointer-bool-conversion"],
	"bitfield-constant-conversion": ["single-bit-bitfield-constant-conversion"],
	"unused-value": ["unused-comparison", "unused-result", "unevaluated-expression"],
	pedantic: ["gnu", "c23-extensions", "c11-extensions", "c99-extensions", "variadic-macros", "zero-length-array", "extra-semi", "language-extension-token"],
	gnu: ["gnu-statement-expression", "gnu-case-range", "gnu-conditional-omitted-operand", "gnu-designator", "gnu-empty-initializer", "gnu-empty-struct", "gnu-flexible-array-initializer", "gnu-pointer-arith", "gnu-zero-variadic-macro-arguments", "gnu-union-cast", "gnu-label-as-value", "gnu-redeclared-enum", "gnu-variable-sized-type-not-at-end"],
	"int-to-pointer-cast": ["int-to-void-pointer-cast"],
	"pointer-arith": ["gnu-pointer-arith"],
	vla: ["vla-extension"],
	"strict-prototypes": ["deprecated-non-prototype"],
};

/** The groups that a name stands for, itself included. */
export function members(group: string): Set<string> {
	const out = new Set<string>();
	const walk = (name: string): void => {
		if (out.has(name)) return;
		out.add(name);
		for (const inner of Object.hasOwn(GROUPS, name) ? GROUPS[name] : []) walk(inner);
	};
	walk(group);
	return out;
}
