import type { AsmOperand, AsmStmt } from "../grammar/ast.ts";
import { isError, isScalar, qualifiersOf } from "./basic.ts";
import { report, type Cx } from "./context.ts";
import { useLabel } from "./labels.ts";
import { isLvalue, markAddress, rvalue } from "./operand.ts";
import { quote } from "./spell.ts";
import type { TAsm } from "./typed.ts";

/**
 * Inline assembly: operands are checked and converted, the text goes through as it is (GCC manual, "Extended Asm").
 */
export function checkAsm(cx: Cx, s: AsmStmt): TAsm {
	const outputs = s.outputs.flatMap((o) => output(cx, o));
	const names = s.outputs.map((o) => o.name);
	const inputs = s.inputs.flatMap((o) => input(cx, o, names));
	const labels = s.labels.map((l) => useLabel(cx, l, s.span));
	return { kind: "asm", volatile: s.volatile, template: s.template, outputs, inputs, clobbers: s.clobbers, labels, span: s.span };
}

const inMemory = (constraint: string): boolean => /[moVQ]/.test(constraint) && !/[rgilwnXR]/.test(constraint);

function output(cx: Cx, o: AsmOperand): TAsm["outputs"] {
	const operand = cx.rules.expr(cx, o.expr);
	if (isError(operand.type)) return [];
	const first = o.constraint[0];
	if (first !== "=" && first !== "+") {
		report(cx, "badAsm", o.span, `invalid output constraint '${o.constraint}' in asm`);
		return [];
	}
	if (!isLvalue(operand)) {
		report(cx, "badAsm", o.span, "invalid lvalue in asm output");
		return [];
	}
	if (qualifiersOf(operand.type).const)
		report(
			cx,
			"constAssign",
			o.span,
			`read-only variable ${operand.kind === "variable" ? `'${operand.symbol.name}' ` : ""}is not assignable`,
		);
	const constraint = o.constraint.slice(1).replace(/[&%]/g, "");
	if (inMemory(constraint)) markAddress(operand);
	else if (!isScalar(operand.type)) markAddress(operand);
	return [
		{ ...(o.name ? { name: o.name } : {}), constraint, inout: first === "+", earlyClobber: o.constraint.includes("&"), target: operand },
	];
}

function input(cx: Cx, o: AsmOperand, outputs: readonly (string | undefined)[]): TAsm["inputs"] {
	const operand = cx.rules.expr(cx, o.expr);
	if (isError(operand.type)) return [];
	// clang takes "+r" for an input: the asm changes the register behind the compiler's back.
	const constraint = o.constraint.replace(/[&%]|^\+/g, "");
	if (/^=/.test(constraint)) {
		report(cx, "badAsm", o.span, `invalid input constraint '${o.constraint}' in asm`);
		return [];
	}
	const named = /^\[(.*)\]$/.exec(constraint);
	const matches = named ? outputs.indexOf(named[1]) : /^\d+$/.test(constraint) ? Number(constraint) : null;
	if (matches !== null && (matches < 0 || matches >= outputs.length)) {
		report(cx, "badAsm", o.span, `invalid input constraint '${o.constraint}' in asm`);
		return [];
	}
	const memory = inMemory(constraint);
	if (memory && !isLvalue(operand)) {
		report(cx, "badAsm", o.span, "invalid lvalue in asm input for constraint 'm'");
		return [];
	}
	if (memory && isLvalue(operand)) markAddress(operand);
	const value = rvalue(operand);
	if (!memory && !isScalar(value.type)) {
		report(cx, "badAsm", o.span, `invalid type ${quote(value.type)} in asm input for constraint '${o.constraint}'`);
		return [];
	}
	return [
		{
			...(o.name ? { name: o.name } : {}),
			constraint,
			value,
			...(isLvalue(operand) && memory ? { lvalue: operand } : {}),
			...(matches !== null ? { matches } : {}),
		},
	];
}
