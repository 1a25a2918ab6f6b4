/**
 * One chunk: tokens → parse tree → syntax tree. What the matcher gives up goes to ohm as a string of one character for each token. A syntax
 * error is reported at the farthest token that ohm reached; the statement around it is then erased and the rest parsed again, so that
 * one run finds several.
 */
import type { Grammar } from "ohm-js";
import type { DiagnosticSink, TokenSpan } from "../diagnostics/diagnostic.ts";
import { nearest } from "../diagnostics/suggest.ts";
import type { TokenBuffer } from "../preprocess/buffer.ts";
import type { PragmaState } from "../preprocess/pragma.ts";
import { describeKind, GRAMMAR_BASE, Kind, kindOf } from "../source/kinds.ts";
import type { Builder } from "./actions.ts";
import type { Attribute, ExternalDecl } from "./ast.ts";
import { MAX_DEPTH } from "./chunks.ts";
import { classify, grammarString, type TypeNames } from "./classify.ts";
import { declarationActions } from "./declarations.ts";
import { expressionActions } from "./expressions.ts";
import { actionTable, Matcher } from "./matcher.ts";
import { failureOf, loadRecipe, treeOf } from "./ohm.ts";
import { recipe } from "./recipe.ts";
import { statementActions } from "./statements.ts";
import type { Action } from "./tree.ts";

export type StartRule =
	| "declaration"
	| "functionDef"
	| "implicitFunctionDef"
	| "staticAssert"
	| "fileAsm"
	| "emptyDeclaration"
	| "attributes";

/** Links of an else-if chain, each of which the grammar nests one deeper. */
const MAX_CHAIN = 4000;
/** Of one declaration: the memory that its tree takes is many times that of the tokens. */
const MAX_TOKENS = 1_000_000;
const MAX_ERRORS_PER_CHUNK = 20;

let loaded: Grammar | null = null;
function grammar(): Grammar {
	// A cache of something constant, not state.
	loaded ??= loadRecipe(recipe);
	return loaded;
}

export interface ParserContext {
	readonly tokens: TokenBuffer;
	readonly pragmas: PragmaState;
	readonly types: TypeNames;
	readonly sink: DiagnosticSink;
	/** Names of types, for "did you mean". */
	typeNames(): Iterable<string>;
}

export class Parser {
	readonly #context: ParserContext;
	readonly #actions: readonly (Action | undefined)[];
	readonly #matcher: Matcher;
	/** What the error that is being explained takes out. */
	#lost: TokenSpan | null = null;
	readonly #pragmaAttributes = new Map<number, readonly Attribute[]>();

	constructor(context: ParserContext) {
		this.#context = context;
		const builder: Builder = {
			tokens: context.tokens,
			pragmaAttributes: (token, subject) => this.#attributesAt(token, subject),
			lacksSemicolon: (token) =>
				context.sink.report({
					code: "W0150",
					severity: "warning",
					message: "expected ';' at end of declaration list",
					span: { from: token - 1, to: token },
					fix: { span: { from: token, to: token }, text: ";", message: "insert ';'" },
				}),
		};
		this.#actions = actionTable({ ...declarationActions(builder), ...statementActions(builder), ...expressionActions(builder) });
		this.#matcher = new Matcher(this.#actions);
	}

	/** null: an empty declaration, or nothing could be made of it (errors are reported). */
	parse(from: number, to: number, rule: StartRule): ExternalDecl | null {
		if (!this.#depthFits(from, to)) return null;
		this.#lost = null;
		const kinds = classify(this.#context.tokens, from, to, this.#context.types);
		const tree = this.#matcher.match(kinds, from, rule);
		if (tree !== null) return tree.ast() as ExternalDecl | null;
		let text = grammarString(kinds);
		for (let errors = 0; ; errors++) {
			const match = grammar().match(text, rule);
			if (match.succeeded()) return treeOf(match, from, this.#actions).ast() as ExternalDecl | null;
			const { at, expected: literals } = failureOf(match);
			const expected = new Set<string>();
			for (const literal of literals) {
				// A range is written "a".."b": its first token stands for it.
				const [character] = /[\ue000-\ue0ff]/.exec(literal) ?? [""];
				if (character !== "") expected.add(describeKind(character.charCodeAt(0) - GRAMMAR_BASE).replaceAll("'", ""));
			}
			// A line that lacks its semicolon: what begins on the next one is whole.
			const alone = at > 0 && misses(text, at, expected) && this.#beginsLine(from + at);
			const erased = errors < MAX_ERRORS_PER_CHUNK ? statementAround(text, at, alone) : null;
			this.#lost = erased === null ? { from, to } : { from: from + erased.from, to: from + erased.to };
			this.#explain(text, from, at, expected);
			if (erased === null) return null;
			text = text.slice(0, erased.from) + ERASED.repeat(erased.to - erased.from) + text.slice(erased.to);
		}
	}

	/** Checked on tokens, before the grammar's recursion could run out of stack. */
	#depthFits(from: number, to: number): boolean {
		const { kinds } = this.#context.tokens;
		if (to - from > MAX_TOKENS) {
			this.#report("E0121", `a declaration has more than ${MAX_TOKENS} tokens`, { from, to: from + 1 });
			return false;
		}
		let depth = 0;
		/** How many `else if` came one after the other, by the depth of brackets. */
		const chains: number[] = [];
		for (let i = from; i < to; i++) {
			const k = kinds[i];
			if (k === K_IF) {
				chains[depth] = kinds[i - 1] === K_ELSE ? (chains[depth] ?? 0) + 1 : 0;
				if (chains[depth] > MAX_CHAIN) {
					this.#report("E0151", `an else-if chain is more than ${MAX_CHAIN} links long`, { from: i, to: i + 1 });
					return false;
				}
			}
			if (k === LPAREN || k === LBRACE || k === LBRACKET) {
				if (++depth > MAX_DEPTH) {
					this.#report("E0151", `brackets are nested more than ${MAX_DEPTH} deep`, { from: i, to: i + 1 });
					return false;
				}
			} else if (k === RPAREN || k === RBRACE || k === RBRACKET) depth--;
		}
		return true;
	}

	#attributesAt(token: number, subject: string): readonly Attribute[] {
		const { pragmas } = this.#context;
		const out: Attribute[] = [];
		const place = this.#context.tokens.inOrder(token);
		const active = lastBefore(pragmas.attributes, place)?.active ?? [];
		for (const attribute of active) {
			if (!attribute.subjects.includes(subject)) continue;
			let parsed = this.#pragmaAttributes.get(attribute.from);
			if (parsed === undefined) {
				parsed = (this.parse(attribute.from, attribute.to, "attributes") as unknown as readonly Attribute[] | null) ?? [];
				this.#pragmaAttributes.set(attribute.from, parsed);
			}
			out.push(...parsed);
		}
		const pack = subject === "record" ? (lastBefore(pragmas.pack, place)?.value ?? 0) : 0;
		if (pack > 0) {
			const span = { from: token, to: token + 1 };
			out.push({ name: "pragma_pack", args: [{ kind: "number", text: String(pack), span }], span });
		}
		return out;
	}

	#report(
		code: string,
		message: string,
		span: TokenSpan,
		fix?: { readonly span: TokenSpan; readonly text: string; readonly message: string },
	): void {
		this.#context.sink.report({
			code,
			severity: "error",
			message,
			span,
			...(this.#lost === null ? {} : { lost: this.#lost }),
			...(fix === undefined ? {} : { fix }),
		});
	}

	#beginsLine(token: number): boolean {
		const { tokens } = this.#context;
		const [here, before] = [token, token - 1].map((i) => tokens.sources.lineColumn(tokens.messageLocation(i)));
		return here.file !== before.file || here.line > before.line;
	}

	/** Says in C's words what is wrong at `at`. */
	#explain(text: string, from: number, at: number, expected: ReadonlySet<string>): void {
		const { tokens } = this.#context;
		const token = Math.min(from + at, from + text.length - 1);
		const here: TokenSpan = { from: token, to: token + 1 };
		const kind = text.charCodeAt(at) - GRAMMAR_BASE;
		const found =
			at >= text.length
				? "the end of the declaration"
				: kind >= 16
					? `'${tokens.text(token)}'`
					: `${describeKind(kind)} '${tokens.text(token)}'`;
		const previous = at > 0 ? text.charCodeAt(at - 1) - GRAMMAR_BASE : -1;
		const before = at > 1 ? text.charCodeAt(at - 2) - GRAMMAR_BASE : SEMICOLON;
		const startsDeclaration =
			before === SEMICOLON ||
			before === Kind.erased ||
			before === LBRACE ||
			before === RBRACE ||
			before === LPAREN ||
			before === COMMA ||
			at === 1 ||
			before === kindOf("const") ||
			before === kindOf("static") ||
			before === kindOf("volatile") ||
			before === kindOf("extern") ||
			before === kindOf("typedef") ||
			before === kindOf("inline") ||
			before === RPAREN ||
			before === COLON;
		// `foo_t x`: two names in a row where a declaration may begin.
		if (
			previous === Kind.identifier &&
			startsDeclaration &&
			(kind === Kind.identifier || kind === STAR || (kind >= 16 && before === LPAREN && (kind === RPAREN || kind === COMMA)))
		) {
			const name = tokens.text(token - 1);
			if (kind === Kind.identifier || before === LPAREN || before === COMMA) {
				this.#unknownType(name, token - 1);
				return;
			}
		}
		if (kind === Kind.identifier && expected.has("type name") && !expected.has("identifier")) {
			this.#unknownType(tokens.text(token), token);
			return;
		}
		if (kind === K_ELSE && (previous === SEMICOLON || previous === LBRACE || previous === RBRACE)) {
			this.#report("E0150", "'else' without an 'if' before it: the statement in front of it belongs to none", here);
			return;
		}
		// `struct s { … }` and the next declaration: what is missing is the semicolon.
		if (at > 0 && misses(text, at, expected)) {
			const place = { from: token - 1, to: token };
			this.#report("E0150", `expected ';' after ${kind >= 16 || at < text.length ? `'${tokens.text(token - 1)}'` : "this"}`, place, {
				span: { from: token, to: token },
				text: ";",
				message: "insert ';'",
			});
			return;
		}
		if (expected.has("identifier") && expected.has("string literal")) {
			this.#report("E0150", `expected an expression, found ${found}`, here);
			return;
		}
		for (const close of [")", "]", "}"]) {
			if (expected.has(close)) {
				this.#report("E0150", `expected '${close}' before ${found}`, here);
				return;
			}
		}
		if (expected.has("identifier") || expected.has("type name")) {
			this.#report("E0150", `expected ${expected.has("identifier") ? "a name" : "a type"}, found ${found}`, here);
			return;
		}
		const list = [...expected].slice(0, 4).map((e) => `'${e}'`);
		this.#report("E0150", list.length > 0 ? `expected ${list.join(" or ")}, found ${found}` : `unexpected ${found}`, here);
	}

	#unknownType(name: string, token: number): void {
		const span = { from: token, to: token + 1 };
		const guess = nearest(name, this.#context.typeNames());
		if (guess === null) this.#report("E0153", `unknown type name '${name}'`, span);
		else
			this.#report("E0153", `unknown type name '${name}'; did you mean '${guess}'?`, span, {
				span,
				text: guess,
				message: `write '${guess}'`,
			});
	}
}

/** Type words, storage classes and qualifiers: what begins a declaration. */
const FIRST_WORD = kindOf("void");
const K_IF = kindOf("if");
const K_ELSE = kindOf("else");
const LPAREN = kindOf("(");
const RPAREN = kindOf(")");
const LBRACE = kindOf("{");
const RBRACE = kindOf("}");
const LBRACKET = kindOf("[");
const RBRACKET = kindOf("]");
const SEMICOLON = kindOf(";");
const COMMA = kindOf(",");
const COLON = kindOf(":");
const STAR = kindOf("*");

function lastBefore<T extends { readonly token: number }>(marks: readonly T[], token: number): T | null {
	let low = 0;
	let high = marks.length;
	while (low < high) {
		const middle = (low + high) >> 1;
		if (marks[middle].token <= token) low = middle + 1;
		else high = middle;
	}
	return low === 0 ? null : marks[low - 1];
}

const ERASED = String.fromCharCode(GRAMMAR_BASE + Kind.erased);

/** Whether a semicolon is missing in front of `at`. */
function misses(text: string, at: number, expected: ReadonlySet<string>): boolean {
	return expected.has(";") || (text.charCodeAt(at - 1) - GRAMMAR_BASE === RBRACE && text.charCodeAt(at) - GRAMMAR_BASE >= FIRST_WORD);
}

/** The statement around `at` in a function's body, or what of it stands in front of `at`. null: the error is outside of one. */
function statementAround(text: string, at: number, alone: boolean): TokenSpan | null {
	const kind = (i: number): number => text.charCodeAt(i) - GRAMMAR_BASE;
	if (at >= text.length) return null;
	// Back to what ends the statement before: ; { or } at the same level.
	let start = at;
	let depth = 0;
	for (; start > 0; start--) {
		const k = kind(start - 1);
		if (k === RPAREN || k === RBRACKET) depth++;
		else if (k === LPAREN || k === LBRACKET) depth = Math.max(0, depth - 1);
		else if (depth === 0 && (k === SEMICOLON || k === LBRACE || k === RBRACE || (k === Kind.erased && start - 1 < at - 1))) break;
	}
	if (start === 0) return null;
	let end = at;
	depth = 0;
	for (; !alone && end < text.length; end++) {
		const k = kind(end);
		if (k === LBRACE) depth++;
		else if (k === RBRACE) {
			if (depth === 0) break;
			if (--depth === 0) {
				end++;
				break;
			}
		} else if (k === SEMICOLON && depth === 0) {
			end++;
			break;
		}
	}
	if (end <= start) return null;
	const piece = text.slice(start, end);
	if (piece === ERASED.repeat(piece.length)) return null;
	// Outside of any function body there is nothing to go on with.
	let braces = 0;
	for (let i = 0; i < start; i++) braces += kind(i) === LBRACE ? 1 : kind(i) === RBRACE ? -1 : 0;
	return braces <= 0 ? null : { from: start, to: end };
}
