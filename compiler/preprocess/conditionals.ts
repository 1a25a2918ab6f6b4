/** Conditional inclusion (C11 6.10.1): which groups are compiled, and how the others are skipped. */
import { Kind, kindOf } from "../source/kinds.ts";
import { Flag, type Lexer } from "../source/lexer.ts";
import { evaluate } from "./condition.ts";
import { type Directive, endLine, extraTokens, macroName, token } from "./directive-line.ts";
import type { Tok } from "./macros.ts";
import { numberToken } from "./paste.ts";
import type { Preprocessor } from "./preprocessor.ts";

const ifndef: Directive = (pp, lexer, base, at) => {
	const name = macroName(pp, lexer, base, "ifndef");
	const holds = name >= 0 && pp.macros.get(name) === undefined;
	pp.conditions.push({ taken: holds, sawElse: false, at });
	if (name >= 0) {
		pp.current.guard.ifndef(name, pp.conditions.length, pp.buffer.length);
		extraTokens(pp, lexer, base, "ifndef");
	}
	if (!holds) skip(pp, lexer);
};

const endif: Directive = (pp, lexer, base, at) => {
	if (pp.conditions.length <= pp.current.conditions) {
		pp.report("E0106", "#endif without #if", at);
		return;
	}
	pp.current.guard.endif(pp.conditions.length, pp.buffer.length);
	pp.conditions.pop();
	extraTokens(pp, lexer, base, "endif");
};

function isDefined(pp: Preprocessor, lexer: Lexer, base: number, directive: string): boolean {
	const name = macroName(pp, lexer, base, directive);
	if (name >= 0) extraTokens(pp, lexer, base, directive);
	return name >= 0 && pp.macros.get(name) !== undefined;
}

/** The expression on the rest of the line; `defined X` is answered while it is read, before X could be replaced. */
function condition(pp: Preprocessor, at: Tok): boolean {
	const defined = pp.names.intern("defined");
	const tokens: Tok[] = [];
	const { expander } = pp;
	for (;;) {
		const next = expander.next();
		if (next.kind === Kind.end) {
			tokens.push(next);
			break;
		}
		if (next.kind === Kind.identifier && next.value === defined) {
			let operand = expander.raw();
			const parenthesised = operand.kind === LPAREN;
			if (parenthesised) operand = expander.raw();
			if (operand.kind !== Kind.identifier) {
				pp.report("E0110", "'defined' wants a macro name", operand.kind === Kind.end ? next : operand);
				return false;
			}
			const isMacro = pp.macros.get(operand.value) !== undefined;
			if (parenthesised && expander.raw().kind !== RPAREN) {
				pp.report("E0110", "expected ')' behind 'defined(NAME'", operand);
				return false;
			}
			tokens.push(numberToken(isMacro ? 1 : 0, pp.sources, next));
		} else tokens.push(next);
	}
	if (tokens.length === 1) {
		pp.report("E0130", "#if with no expression", at);
		return false;
	}
	const value = evaluate(tokens, {
		spell: (t) => expander.spell(t),
		report: (code, message, where) => pp.report(code, message, where.kind === Kind.end ? at : where),
	});
	return value !== null && value.value !== 0n;
}

const LPAREN = kindOf("(");
const RPAREN = kindOf(")");

function open(pp: Preprocessor, lexer: Lexer, at: Tok, holds: boolean): void {
	pp.conditions.push({ taken: holds, sawElse: false, at });
	if (!holds) skip(pp, lexer);
}

/** #elif or #else behind a branch that was compiled: everything up to the #endif is dropped. */
function alternative(pp: Preprocessor, lexer: Lexer, at: Tok, which: string): void {
	const condition = pp.conditions[pp.conditions.length - 1];
	if (condition === undefined || pp.conditions.length <= pp.current.conditions) {
		pp.report("E0106", `#${which} without #if`, at);
		return;
	}
	checkElse(pp, condition, at, which);
	pp.current.guard.else(pp.conditions.length);
	if (which === "else") extraTokens(pp, lexer, pp.current.file.base, which);
	skip(pp, lexer);
}

function checkElse(pp: Preprocessor, condition: { sawElse: boolean; readonly at: Tok }, at: Tok, which: string): void {
	if (condition.sawElse)
		pp.report("E0106", `#${which} after #else`, at, { notes: [{ message: "the conditional begins here", at: condition.at }] });
	if (which === "else") condition.sawElse = true;
}

/** Skips groups until one is to be compiled or the conditional ends. Leaves the lexer on the directive's line. */
function skip(pp: Preprocessor, lexer: Lexer): void {
	const group = pp.conditions[pp.conditions.length - 1];
	const { base } = pp.current.file;
	let depth = 0;
	lexer.lenient = true;
	endLine(lexer);
	for (;;) {
		lexer.next();
		if (lexer.kind === Kind.end) break;
		if (lexer.kind !== HASH || (lexer.flags & Flag.lineStart) === 0) {
			// Nothing else on this line can matter; a comment or string may still run over its end, so it is read, not searched.
			lexer.inDirective = true;
			while (lexer.kind !== Kind.newline && lexer.kind !== Kind.end) lexer.next();
			lexer.inDirective = false;
			continue;
		}
		lexer.inDirective = true;
		lexer.next();
		const at = token(lexer, base);
		const name = lexer.kind === Kind.identifier ? pp.names.text(lexer.value) : "";
		if (name === "if" || name === "ifdef" || name === "ifndef") depth++;
		else if (name === "endif") {
			if (depth === 0) {
				extraTokens(pp, lexer, base, name);
				lexer.lenient = false;
				pp.current.guard.endif(pp.conditions.length, pp.buffer.length);
				pp.conditions.pop();
				return;
			}
			depth--;
		} else if (depth === 0 && (name === "else" || name === "elif" || name === "elifdef" || name === "elifndef")) {
			checkElse(pp, group, at, name);
			pp.current.guard.else(pp.conditions.length);
			if (!group.taken) {
				lexer.lenient = false;
				const holds = name === "else" || (name === "elif" ? condition(pp, at) : isDefined(pp, lexer, base, name) === (name === "elifdef"));
				if (holds) {
					if (name === "else") extraTokens(pp, lexer, base, name);
					group.taken = true;
					return;
				}
				lexer.lenient = true;
			}
		}
		endLine(lexer);
	}
	lexer.lenient = false;
}

const HASH = kindOf("#");

export const CONDITIONALS = {
	if: (pp, lexer, _base, at) => open(pp, lexer, at, condition(pp, at)),
	ifdef: (pp, lexer, base, at) => open(pp, lexer, at, isDefined(pp, lexer, base, "ifdef")),
	ifndef,
	elif: (pp, lexer, _base, at) => alternative(pp, lexer, at, "elif"),
	elifdef: (pp, lexer, _base, at) => alternative(pp, lexer, at, "elifdef"),
	elifndef: (pp, lexer, _base, at) => alternative(pp, lexer, at, "elifndef"),
	else: (pp, lexer, _base, at) => alternative(pp, lexer, at, "else"),
	endif,
} as const satisfies Record<string, Directive>;
