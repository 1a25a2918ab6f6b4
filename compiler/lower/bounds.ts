/**
 * -Warray-bounds: an array's constant subscript that is none of its elements. In: elements as they are lowered; out: warnings about those that control can
 * reach, which only the whole function shows. An array at a struct's end may be a flexible one, whatever its length says, and is not asked about, as in
 * clang; the address of the element behind the last is one that C allows (C11 6.5.6p8). Source: clang's CheckArrayAccess.
 */
import type { DiagnosticSink } from "../diagnostics/diagnostic.ts";
import type { Block } from "../ir/types.ts";
import { asArray } from "../types/basic.ts";
import { CODES } from "../types/codes.ts";
import { quote } from "../types/spell.ts";
import type { LExpr } from "../types/typed.ts";
import { constantIndex } from "../types/core-chain.ts";

type Element = LExpr & { readonly kind: "element" };

/** An element that is not in its array, and where it is made. */
export interface Beyond {
	readonly block: Block;
	readonly element: Element;
	readonly message: string;
}

/** `address`: of the element nothing but the address is taken. */
export function beyond(element: Element, block: Block, address: boolean): Beyond | null {
	const length = asArray(element.base.type)?.length ?? null;
	const index = constantIndex(element.index);
	if (length === null || index === null || atEnd(element.base)) return null;
	if (index < 0) return { block, element, message: `array index ${index} is before the beginning of the array` };
	if (index < length || (address && index === length)) return null;
	return { block, element, message: `array index ${index} is past the end of the array (that has type ${quote(element.base.type)})` };
}

export function warnOfBounds(found: readonly Beyond[], reached: ReadonlySet<Block>, sink: DiagnosticSink): void {
	const { code, group } = CODES.arrayBounds;
	for (const { block, element, message } of found) {
		if (!reached.has(block)) continue;
		const { base } = element;
		const declared = base.kind === "variable" ? { message: `array '${base.symbol.name}' declared here`, span: base.symbol.span } : null;
		sink.report({ code, severity: "warning", group, message, span: base.span, ...(declared === null ? {} : { notes: [declared] }) });
	}
}

/** Whether the array is the last member of its record. */
function atEnd(array: LExpr): boolean {
	return array.kind === "member" && array.index === (array.record.body?.members.length ?? 0) - 1;
}
