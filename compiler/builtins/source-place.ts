import type { TokenSpan } from "../diagnostics/diagnostic.ts";
import { arrayOf, CHAR, qualify, UINT } from "../types/basic.ts";
import * as build from "../types/build.ts";
import type { Cx } from "../types/context.ts";
import { rvalue } from "../types/operand.ts";
import type { TExpr } from "../types/typed.ts";

/** `__builtin_LINE()` and its kin: where the call stands; within macros, where the outermost is used. Their keys name them. */
export function sourcePlace(cx: Cx, key: string, span: TokenSpan): TExpr {
	const { file, line, column } = cx.unit.tokens.place(span.from);
	switch (key) {
		case "LINE":
			return build.intConst(BigInt(line), UINT, span);
		case "COLUMN":
			return build.intConst(BigInt(column), UINT, span);
		case "FILE":
			return text(file, span);
		case "FILE_NAME":
			return text(file.replace(/^.*\//, ""), span);
		default:
			return text(cx.fn?.name ?? "", span);
	}
}

function text(what: string, span: TokenSpan): TExpr {
	const bytes = new TextEncoder().encode(`${what}\0`);
	return rvalue({ kind: "string", bytes, type: arrayOf(qualify(CHAR, { const: true }), bytes.length), span });
}
