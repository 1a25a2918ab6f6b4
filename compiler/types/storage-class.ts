import type { TokenSpan } from "../diagnostics/diagnostic.ts";
import type { DeclSpecs } from "../grammar/ast.ts";
import { asArray, asFunction, asPointer, isComplete, isError, pointedFunction, type Quals } from "./basic.ts";
import { type Cx, report } from "./context.ts";
import { quote } from "./spell.ts";
import type { CType } from "./types.ts";

/** Which storage classes and other specifiers may stand in front of what (C11 6.7.1 to 6.7.5, 6.9p2), in clang's words. */
export type Declares = "variable" | "function" | "typedef" | "parameter";

export function checkSpecifiers(cx: Cx, specs: DeclSpecs, what: Declares, labelled = false): void {
	const { storage, functionSpecs, alignas, span } = specs;
	if (storage.length === 0 && functionSpecs.length === 0 && alignas.length === 0) return;
	const wrong = conflict(specs) ?? (storage.length > 0 ? misplaced(cx, specs, what, labelled) : null) ?? unfit(specs, what);
	if (wrong !== null) report(cx, "badSpecifiers", span, wrong);
	else if (storage.includes("_Thread_local")) report(cx, "noThreadLocal", span, "thread-local storage is not supported by eBPF");
}

function conflict({ storage }: DeclSpecs): string | null {
	const classes = storage.filter((word) => word !== "_Thread_local");
	return classes.some((word) => word !== classes[0]) ? `cannot combine with previous '${classes[0]}' declaration specifier` : null;
}

function misplaced(cx: Cx, { storage }: DeclSpecs, what: Declares, labelled: boolean): string | null {
	const ofBlock = storage.includes("auto") || storage.includes("register");
	if (storage.includes("_Thread_local") && (what === "function" || what === "parameter"))
		return "'_Thread_local' is only allowed on variable declarations";
	if (what === "parameter") return storage[0] === "register" ? null : "invalid storage class specifier in function declarator";
	if (what === "function" && ofBlock) return "illegal storage class on function";
	if (what === "function" && cx.scope !== null && storage.includes("static"))
		return "function declared in block scope cannot have 'static' storage class";
	// A variable that is a register of the machine is named so.
	if (what === "variable" && cx.scope === null && ofBlock && !labelled) return "illegal storage class on file-scoped variable";
	return null;
}

function unfit({ functionSpecs, alignas, storage }: DeclSpecs, what: Declares): string | null {
	if (functionSpecs.length > 0 && what !== "function") return `'${functionSpecs[0]}' can only appear on functions`;
	if (alignas.length === 0) return null;
	if (what === "function" || what === "typedef") return "'_Alignas' attribute only applies to variables and fields";
	if (what === "parameter") return "'_Alignas' attribute cannot be applied to a function parameter";
	return storage.includes("register") ? "'_Alignas' attribute cannot be applied to a variable with 'register' storage class" : null;
}

/** Members and type names declare nothing that is stored by itself. */
export function checkNoStorage(cx: Cx, { storage, span }: DeclSpecs): void {
	if (storage.length > 0) report(cx, "badSpecifiers", span, "type name does not allow storage class to be specified");
}

/** Qualifiers that only some types have (C11 6.7.3p2, p3). */
export function checkQualifiers(cx: Cx, type: CType, { restrict, atomic }: Quals, span: TokenSpan): void {
	if (isError(type)) return;
	if (restrict && asPointer(type) === null)
		report(cx, "badSpecifiers", span, `restrict requires a pointer or reference (${quote(type)} is invalid)`);
	else if (restrict && pointedFunction(type))
		report(cx, "badSpecifiers", span, `pointer to function type ${quote(type)} may not be 'restrict' qualified`);
	const kind = asArray(type) ? "array" : asFunction(type) ? "function" : isComplete(type) ? null : "incomplete";
	if (atomic && kind !== null) report(cx, "badSpecifiers", span, `_Atomic cannot be applied to ${kind} type ${quote(type)}`);
}
