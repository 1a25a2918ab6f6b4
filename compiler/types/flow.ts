import { truth } from "./build.ts";
import type { TExpr, TStmt } from "./typed.ts";

/** Whether control can come out at the end of statements: what -Wreturn-type asks. Conditions that are constants count, other values do not. */
export function fallsThrough(statements: readonly TStmt[]): boolean {
	return sequence(statements, { breaks: false, continues: false });
}

interface Context {
	/** A break out of the innermost loop or switch was seen that control can reach. */
	breaks: boolean;
	/** The same of a continue, of the innermost loop. */
	continues: boolean;
}

function sequence(list: readonly TStmt[], cx: Context): boolean {
	let live = true;
	for (const s of list) live = live || entered(s) ? statement(s, cx) : false;
	return live;
}

/** Dead code with a label in it may be jumped to. */
function entered(s: TStmt): boolean {
	switch (s.kind) {
		case "label":
		case "case":
			return true;
		case "block":
			return s.body.some(entered);
		case "if":
			return entered(s.then) || (s.else !== undefined && entered(s.else));
		case "loop":
			return entered(s.body);
		default:
			return false;
	}
}

function statement(s: TStmt, cx: Context): boolean {
	switch (s.kind) {
		case "expr":
			return !never(s.expr);
		case "block":
			return sequence(s.body, cx);
		case "if": {
			const known = truth(s.condition);
			const then = statement(s.then, cx);
			const other = s.else ? statement(s.else, cx) : true;
			return (known !== false && then) || (known !== true && other) || (known === false && entered(s.then) && then);
		}
		case "loop": {
			const inner: Context = { breaks: false, continues: false };
			const end = statement(s.body, inner);
			const endless = s.condition === undefined || truth(s.condition) === true;
			// `do { …; return x; } while (0)`: the question is never asked.
			const isAsked = s.test === "before" || end || inner.continues;
			return inner.breaks || (!endless && isAsked);
		}
		case "switch": {
			const inner: Context = { breaks: false, continues: false };
			const body = statement(s.body, inner);
			cx.continues ||= inner.continues;
			return body || inner.breaks || s.defaultId === undefined;
		}
		case "case":
		case "label":
			return statement(s.body, cx);
		case "break":
			cx.breaks = true;
			return false;
		case "continue":
			cx.continues = true;
			return false;
		case "goto":
		case "computed-goto":
		case "return":
			return false;
		case "local":
		case "asm":
			return true;
	}
}

function never(e: TExpr): boolean {
	switch (e.kind) {
		case "call":
			return e.callee.kind === "function" && e.callee.symbol.noreturn;
		case "builtin":
			return e.name === "__builtin_unreachable" || e.name === "__builtin_trap" || e.name === "__builtin_abort";
		case "convert":
			return never(e.operand);
		case "comma":
			return never(e.left) || never(e.right);
		case "statement-expression":
			return !fallsThrough(e.body) || (e.result !== undefined && never(e.result));
		default:
			return false;
	}
}
