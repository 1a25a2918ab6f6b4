/**
 * -Wmisleading-indentation: a statement that is indented as if it belonged to the `if`, `else` or loop in front of it, whose body has no braces. In: the
 * statement and its tokens; columns are counted as an editor shows them. The rule is clang's.
 */
import { oneToken } from "../diagnostics/diagnostic.ts";
import type { Stmt } from "../grammar/ast.ts";
import { Kind, kindOf } from "../source/kinds.ts";
import { type Cx, report } from "./context.ts";

const SEMICOLON = kindOf(";");
const RBRACE = kindOf("}");
const COLON = kindOf(":");
/** As wide as clang takes one for this. */
const TAB = 8;

/** `keyword`: the token of the `if`, `else`, `for` or `while`, whose `body` it is. */
export function checkIndentation(cx: Cx, what: "if" | "else" | "for" | "while", keyword: number, body: Stmt): void {
	const { tokens } = cx.unit;
	const next = body.span.to;
	const kind = tokens.kind(next);
	if (body.kind === "compound" || next >= tokens.length || kind === SEMICOLON || kind === RBRACE) return;
	const first = body.span.from;
	if (tokens.fromMacro(next) || tokens.fromMacro(first) || tokens.fromMacro(keyword)) return;
	if (kind === Kind.identifier && tokens.kind(next + 1) === COLON) return;
	const line = (at: number): number => tokens.place(at).line;
	if (line(keyword) === line(next)) return;
	const [outer, inner, following] = [column(cx, keyword), column(cx, first), column(cx, next)];
	const sameLine = line(next - 1) === line(next);
	if (!(inner > outer && inner === following) && !sameLine) return;
	report(cx, "misleadingIndentation", oneToken(next), `misleading indentation; statement is not part of the previous '${what}'`, [
		{ message: "previous statement is here", span: oneToken(keyword) },
	]);
}

/** Where a token stands on the screen. */
function column(cx: Cx, at: number): number {
	const { tokens } = cx.unit;
	const before = tokens.lineText(at).slice(0, tokens.place(at).column - 1);
	let shown = 0;
	for (const c of before) shown += c === "\t" ? TAB - (shown % TAB) : 1;
	return shown;
}
