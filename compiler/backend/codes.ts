import type { DiagnosticRow } from "../diagnostics/table.ts";

/** What the back end refuses: eBPF has no way to do it, or not on the chosen -mcpu. */
export const BACKEND_CODES = [
	{ code: "E0701", severity: "error", title: "signed division before -mcpu=v4" },
	{ code: "E0702", severity: "error", title: "an atomic operation that the -mcpu level does not have" },
	{ code: "E0703", severity: "error", title: "an atomic operation on 8 or 16 bits" },
	{ code: "E0704", severity: "error", title: "a call of a function that is not known at compile time" },
	{ code: "E0705", severity: "error", title: "more than five arguments or parameters" },
	{ code: "E0706", severity: "error", title: "an operand of inline assembly that must be constant and is not" },
	{ code: "E0707", severity: "error", title: "a stack frame beyond 512 bytes" },
	{ code: "E0708", severity: "error", title: "a jump that is too long for 16 bits" },
	{ code: "E0709", severity: "error", title: "inline assembly that does not assemble" },
	{ code: "E0710", severity: "error", title: "inline assembly that needs more registers than there are" },
	{ code: "E0711", severity: "error", title: "assembly outside of functions" },
	{ code: "E0712", severity: "error", title: "a big-endian target" },
	{ code: "E0713", severity: "error", title: "an intrinsic function of LLVM that eBPF does not need" },
	{ code: "E0714", severity: "error", title: "a call of a function with the error attribute" },
	{ code: "W0715", severity: "warning", group: "attribute-warning", title: "a call of a function with the warning attribute" },
] as const satisfies readonly DiagnosticRow[];
