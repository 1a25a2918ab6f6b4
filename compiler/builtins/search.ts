import type { TokenSpan } from "../diagnostics/diagnostic.ts";
import { CHAR, LONG, pointerTo } from "../types/basic.ts";
import * as build from "../types/build.ts";
import type { CType } from "../types/types.ts";
import type { TExpr } from "../types/typed.ts";
import { latin, literal } from "./fold.ts";

/** Where a search in a string literal ends: the bytes in front of what is found, −1 for nothing. null: only the run can say. */
const SEARCHES: Record<string, (text: Uint8Array, args: readonly TExpr[]) => number | null> = {
	strchr: (text, [, c]) => (c!.kind === "int" ? whole(text).indexOf(Number(BigInt.asUintN(8, c!.value))) : null),
	strrchr: (text, [, c]) => (c!.kind === "int" ? whole(text).lastIndexOf(Number(BigInt.asUintN(8, c!.value))) : null),
	memchr: (text, [, c, size]) => {
		if (c!.kind !== "int" || size!.kind !== "int" || size!.value > BigInt(text.length)) return null;
		return text.subarray(0, Number(size!.value)).indexOf(Number(BigInt.asUintN(8, c!.value)));
	},
	strstr: (text, [, part]) => {
		const sought = literal(part!);
		return sought === null ? null : latin(text).indexOf(latin(sought));
	},
	strpbrk: (text, [, set]) => {
		const sought = literal(set!);
		return sought === null ? null : [...latin(text)].findIndex((c) => latin(sought).includes(c));
	},
};

/** The address of what is found in a literal, or a null pointer; null where the strings are not known. */
export function searchLiteral(key: string, args: readonly TExpr[], type: CType, span: TokenSpan): TExpr | null {
	const text = literal(args[0]!);
	const at = text === null ? null : SEARCHES[key]!(text, args);
	if (at === null) return null;
	if (at < 0) return build.convert(build.intConst(0n, type, span), type, false);
	const start = build.convert(args[0]!, pointerTo(CHAR), false);
	return build.convert(at === 0 ? start : build.pointerAdd(start, build.intConst(BigInt(at), LONG, span), 1, false, span), type, false);
}

/** A literal up to its terminator, which strchr finds too. */
const whole = (text: Uint8Array): Uint8Array => text.subarray(0, text.indexOf(0) + 1);
