/**
 * One row per diagnostic of the front end's own stages: stable code, what it is about, clang's warning group. The checker's rows are in
 * `types/codes.ts`; lowering (E06xx) and the back end (E07xx) report what eBPF cannot do.
 */
export interface DiagnosticRow {
	readonly code: string;
	readonly severity: "error" | "warning";
	/** clang's group without `-W`. */
	readonly group?: string;
	/** Off unless its group (or -Wall, -Wextra, -Weverything) turns it on. */
	readonly off?: true;
	readonly title: string;
}

export const TABLE = [
	{ code: "E0101", severity: "error", title: "a quote that is not closed on its line" },
	{ code: "W0001", severity: "warning", group: "unknown-warning-option", title: "a -W option that names no group" },
	{ code: "W0101", severity: "warning", group: "null-character", title: "a NUL byte in the source" },
	{ code: "E0102", severity: "error", title: "an empty character constant" },
	{ code: "E0103", severity: "error", title: "a comment that is not closed" },
	{ code: "E0104", severity: "error", title: "an identifier beyond the length limit" },
	{ code: "E0105", severity: "error", title: "source text that is not UTF-8" },
	{ code: "W0105", severity: "warning", group: "invalid-source-encoding", title: "a literal that is not UTF-8" },
	{ code: "E0106", severity: "error", title: "#if, #else and #endif that do not match" },
	{ code: "E0107", severity: "error", title: "a character that starts no token" },
	{ code: "E0108", severity: "error", title: "an unknown directive" },
	{ code: "E0109", severity: "error", title: "a header that is not found or not named" },
	{ code: "E0110", severity: "error", title: "a directive without the macro name it needs" },
	{ code: "W0106", severity: "warning", group: "unicode-whitespace", title: "white space that is not ASCII" },
	{ code: "W0108", severity: "warning", group: "comment", off: true, title: "a comment that may reach further than was meant" },
	{ code: "W0107", severity: "warning", group: "extra-tokens", title: "something behind a directive that is complete" },
	{ code: "W0110", severity: "warning", group: "macro-redefined", title: "a macro defined anew with another meaning" },
	{ code: "E0111", severity: "error", title: "a malformed macro parameter list" },
	{ code: "E0112", severity: "error", title: "a macro parameter named twice" },
	{ code: "E0113", severity: "error", title: "__VA_ARGS__ outside a variadic macro" },
	{ code: "E0114", severity: "error", title: "# in front of something that is no parameter" },
	{ code: "E0115", severity: "error", title: "## at an end of a macro" },
	{ code: "E0116", severity: "error", title: "macro arguments that are not closed" },
	{ code: "E0117", severity: "error", title: "the wrong number of macro arguments" },
	{ code: "E0118", severity: "error", title: "## that does not make one token" },
	{ code: "E0119", severity: "error", title: "a built-in macro without its operand" },
	{ code: "E0120", severity: "error", title: "macro calls nested beyond the limit" },
	{ code: "E0121", severity: "error", title: "a program or macro that grows beyond the limit" },
	{ code: "E0122", severity: "error", title: "#include nested beyond the limit" },
	{ code: "E0123", severity: "error", title: "a source file beyond the size limit" },
	{ code: "E0130", severity: "error", title: "a malformed #if expression" },
	{ code: "E0131", severity: "error", title: "#error" },
	{ code: "W0131", severity: "warning", group: "#warnings", title: "#warning" },
	{ code: "E0132", severity: "error", title: "a malformed #pragma clang attribute, or a #pragma weak that makes an alias" },
	{ code: "W0132", severity: "warning", group: "unknown-pragmas", title: "a pragma that is unknown or malformed" },
	{ code: "E0133", severity: "error", title: "#embed" },
	{ code: "E0134", severity: "error", title: "a malformed #line" },
	{ code: "E0150", severity: "error", title: "a syntax error" },
	{ code: "W0150", severity: "warning", title: "a record whose last member ends without ';'" },
	{ code: "E0151", severity: "error", title: "brackets or an else-if chain nested beyond the limit" },
	{ code: "E0152", severity: "error", title: "brackets that do not match" },
	{ code: "E0153", severity: "error", title: "a name is used as a type but declares none" },
	{ code: "E0154", severity: "error", title: "a function definition without a prototype in C23" },
	{ code: "W0154", severity: "warning", group: "deprecated-non-prototype", title: "a function definition without a prototype" },
	{ code: "E0190", severity: "error", title: "a program too deeply nested to compile" },
	{ code: "W0193", severity: "warning", group: "unused-command-line-argument", title: "a command line option without effect" },
	{ code: "E0194", severity: "error", title: "a malformed command line" },
	{ code: "E0601", severity: "error", title: "floating-point arithmetic that reaches the machine" },
	{ code: "E0602", severity: "error", title: "a 128-bit operation that does not fold away" },
	{ code: "E0603", severity: "error", title: "an atomic operation that the machine lacks" },
	{ code: "E0604", severity: "error", title: "a builtin function that has no code here" },
	{ code: "E0605", severity: "error", title: "assembly outside of functions" },
	{ code: "E0610", severity: "error", title: "a copy or comparison of memory too long to be written out" },
] as const satisfies readonly DiagnosticRow[];
