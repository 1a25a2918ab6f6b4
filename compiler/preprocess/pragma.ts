/**
 * `#pragma`: what each one means for the stages behind. Most leave a mark "from this token on"; `PragmaState` is the list of marks.
 */
import { Kind, kindOf } from "../source/kinds.ts";
import type { Tok } from "./macros.ts";

export interface PragmaState {
	/** `#pragma pack`: alignment limit from a token on; 0: none. */
	readonly pack: { readonly token: number; readonly value: number }[];
	/** `#pragma clang attribute push`: which attributes hold from a token on. */
	readonly attributes: { readonly token: number; readonly active: readonly PragmaAttribute[] }[];
	/** `#pragma GCC diagnostic`: settings from a token on, by warning group. */
	readonly diagnostics: { readonly token: number; readonly levels: ReadonlyMap<string, DiagnosticLevel> }[];
	readonly weak: { readonly name: string }[];
	/** Lines for `-E`: printed in front of the token. */
	readonly lines: { readonly token: number; readonly text: string }[];
	/** Stretches of the buffer that hold attribute tokens of `clang attribute push`, not declarations. */
	readonly detached: { readonly from: number; readonly to: number }[];
}

export type DiagnosticLevel = "ignored" | "warning" | "error";

export interface PragmaAttribute {
	/** Tokens of `__attribute__((…))`. */
	readonly from: number;
	readonly to: number;
	/** record, function, variable, enum, …: "record", "hasType(functionType)" is "hasType". */
	readonly subjects: readonly string[];
}

export function newPragmaState(): PragmaState {
	return { pack: [], attributes: [], diagnostics: [], weak: [], lines: [], detached: [] };
}

export interface PragmaHost {
	/** Index that the next token of the stream gets. */
	readonly at: number;
	spell(token: Tok): string;
	expand(tokens: readonly Tok[]): readonly Tok[];
	/** The value of a constant expression, null with an error reported. */
	constant(tokens: readonly Tok[]): bigint | null;
	/** Puts tokens into the buffer apart from the declarations. */
	detach(tokens: readonly Tok[]): { readonly from: number; readonly to: number };
	warn(group: string, message: string, at: Tok): void;
	error(code: string, message: string, at: Tok): void;
	once(): void;
	systemHeader(): void;
	saveMacro(name: string): void;
	restoreMacro(name: string, at: Tok): void;
}

const LPAREN = kindOf("(");
const RPAREN = kindOf(")");
const COMMA = kindOf(",");

/** The stacks behind `push` and `pop`. */
export interface PragmaStacks {
	readonly pack: { readonly label: string | null; readonly value: number }[];
	packNow: number;
	readonly attributes: PragmaAttribute[][];
	readonly diagnostics: ReadonlyMap<string, DiagnosticLevel>[];
	diagnosticsNow: ReadonlyMap<string, DiagnosticLevel>;
}
export function newPragmaStacks(): PragmaStacks {
	return { pack: [], packNow: 0, attributes: [], diagnostics: [], diagnosticsNow: new Map() };
}

/** `tokens`: behind the word "pragma", unexpanded. The result is a token for the stream (loop pragmas) or null. */
export function pragma(tokens: readonly Tok[], at: Tok, state: PragmaState, stacks: PragmaStacks, host: PragmaHost): Tok | null {
	const words = tokens.slice(0, 3).map((t) => host.spell(t));
	if (words.length === 0) return null;
	switch (words[0]) {
		case "once":
			host.once();
			return null;
		case "unroll":
		case "nounroll":
		case "unroll_and_jam":
			return unroll(words[0] === "nounroll", tokens.slice(1), at, host);
		case "pack":
			pack(tokens.slice(1), at, state, stacks, host);
			return null;
		case "push_macro":
		case "pop_macro": {
			const name = tokens[2];
			if (name === undefined || name.kind !== Kind.string)
				host.warn("ignored-pragmas", `'#pragma ${words[0]}' wants a macro name in quotes`, at);
			else if (words[0] === "push_macro") host.saveMacro(host.spell(name).slice(1, -1));
			else host.restoreMacro(host.spell(name).slice(1, -1), name);
			return null;
		}
		case "weak": {
			if (tokens[1]?.kind !== Kind.identifier) host.warn("ignored-pragmas", "'#pragma weak' wants a name", at);
			else if (tokens.length > 2) host.error("E0132", "'#pragma weak' with an alias is not supported", tokens[2]);
			else state.weak.push({ name: words[1] });
			return null;
		}
		case "message":
			host.warn(
				"#pragma-messages",
				tokens
					.slice(1)
					.filter((t) => t.kind === Kind.string)
					.map((t) => host.spell(t).slice(1, -1))
					.join(""),
				at,
			);
			return null;
		case "GCC":
		case "clang":
			return vendor(words, tokens, at, state, stacks, host);
		case "STDC":
		case "mark":
		case "region":
		case "endregion":
		case "ident":
		case "comment":
		case "redefine_extname":
			return null;
		default:
			host.warn("unknown-pragmas", `unknown pragma '${words[0]}' ignored`, tokens[0]);
			return null;
	}
}

function vendor(
	words: readonly string[],
	tokens: readonly Tok[],
	at: Tok,
	state: PragmaState,
	stacks: PragmaStacks,
	host: PragmaHost,
): Tok | null {
	switch (words[1]) {
		case "diagnostic":
			diagnostic(tokens.slice(2), at, state, stacks, host);
			return null;
		case "system_header":
			host.systemHeader();
			return null;
		case "unroll":
		case "nounroll":
			return unroll(words[1] === "nounroll", tokens.slice(2), at, host);
		case "loop":
			return clangLoop(tokens.slice(2), at, host);
		case "attribute":
			clangAttribute(tokens.slice(2), at, state, stacks, host);
			return null;
		case "error":
			host.error("E0131", literalText(tokens.slice(2), host), at);
			return null;
		case "warning":
			host.warn("#pragma-messages", literalText(tokens.slice(2), host), at);
			return null;
		case "push_options":
		case "pop_options":
		case "optimize":
		case "poison":
		case "visibility":
		case "ivdep":
		case "fp":
		case "section":
		case "assume_nonnull":
		case "module":
		case "system_header_mapping":
		case "dependency":
		case "arc_cf_code_audited":
			return null;
		default:
			host.warn("unknown-pragmas", `unknown pragma '${words.slice(0, 2).join(" ")}' ignored`, at);
			return null;
	}
}

function literalText(tokens: readonly Tok[], host: PragmaHost): string {
	return tokens
		.filter((t) => t.kind === Kind.string)
		.map((t) => host.spell(t).slice(1, -1))
		.join("");
}

function loopToken(value: number, at: Tok): Tok {
	return { kind: Kind.loopPragma, flags: at.flags, value, location: at.location, expansion: at.expansion };
}

function unroll(disable: boolean, rest: readonly Tok[], at: Tok, host: PragmaHost): Tok | null {
	if (disable) return loopToken(1, at);
	let tokens = host.expand(rest);
	if (tokens.length === 0) return loopToken(0, at);
	if (tokens[0].kind === LPAREN && tokens[tokens.length - 1].kind === RPAREN) tokens = tokens.slice(1, -1);
	const value = count(tokens, host);
	return value === null ? null : loopToken(Number(value), at);
}

/** `unroll (sizeof(x))`: only the checker could say how many, and the optimiser asks no more than whether it is one; 0 stands for all. */
function count(tokens: readonly Tok[], host: PragmaHost): bigint | null {
	return tokens.some((t) => t.kind === Kind.identifier) ? 0n : host.constant(tokens);
}

/** `#pragma clang loop unroll(enable|full|disable) unroll_count(n) vectorize(…)`. */
function clangLoop(rest: readonly Tok[], at: Tok, host: PragmaHost): Tok | null {
	const tokens = host.expand(rest);
	let result: Tok | null = null;
	for (let i = 0; i < tokens.length; ) {
		const option = host.spell(tokens[i]);
		if (tokens[i + 1]?.kind !== LPAREN) {
			host.warn("ignored-pragmas", `'#pragma clang loop ${option}' wants an argument in parentheses`, tokens[i]);
			return result;
		}
		let close = i + 2;
		for (let depth = 1; close < tokens.length; close++) {
			if (tokens[close].kind === LPAREN) depth++;
			else if (tokens[close].kind === RPAREN && --depth === 0) break;
		}
		const argument = tokens.slice(i + 2, close);
		if (option === "unroll") {
			const word = argument.length > 0 ? host.spell(argument[0]) : "";
			result = loopToken(word === "disable" ? 1 : 0, at);
		} else if (option === "unroll_count") {
			const value = count(argument, host);
			if (value !== null) result = loopToken(Number(value), at);
		}
		i = close + 1;
	}
	return result;
}

/** Microsoft's and gcc's: pack(), pack(n), pack(push[, label][, n]), pack(pop[, label]). */
function pack(rest: readonly Tok[], at: Tok, state: PragmaState, stacks: PragmaStacks, host: PragmaHost): void {
	const tokens = host.expand(rest).filter((t) => t.kind !== LPAREN && t.kind !== RPAREN && t.kind !== COMMA);
	const set = (value: number): void => {
		stacks.packNow = value;
		state.pack.push({ token: host.at, value });
	};
	let i = 0;
	const word = tokens.length > 0 ? host.spell(tokens[0]) : "";
	let label: string | null = null;
	if (word === "push" || word === "pop" || word === "show") i++;
	if (i > 0 && tokens[i]?.kind === Kind.identifier) label = host.spell(tokens[i++]);
	if (word === "push") stacks.pack.push({ label, value: stacks.packNow });
	if (word === "pop") {
		let popped = stacks.pack.pop();
		while (popped !== undefined && label !== null && popped.label !== label && stacks.pack.length > 0) popped = stacks.pack.pop();
		if (popped === undefined) host.warn("ignored-pragmas", "#pragma pack(pop) without a push", at);
		else set(popped.value);
	}
	if (tokens[i] !== undefined) {
		const value = host.constant(tokens.slice(i, i + 1));
		if (value === null) return;
		if (![0n, 1n, 2n, 4n, 8n, 16n].includes(value)) host.warn("ignored-pragmas", `'#pragma pack' takes 1, 2, 4, 8 or 16, not ${value}`, at);
		else set(Number(value));
	} else if (word === "") set(0);
}

function diagnostic(tokens: readonly Tok[], at: Tok, state: PragmaState, stacks: PragmaStacks, host: PragmaHost): void {
	const word = tokens.length > 0 ? host.spell(tokens[0]) : "";
	if (word === "push") {
		stacks.diagnostics.push(stacks.diagnosticsNow);
		return;
	}
	if (word === "pop") {
		const levels = stacks.diagnostics.pop();
		if (levels === undefined) {
			host.warn("unknown-pragmas", "#pragma diagnostic pop without a push", at);
			return;
		}
		stacks.diagnosticsNow = levels;
	} else {
		const levels: Readonly<Record<string, DiagnosticLevel>> = { ignored: "ignored", warning: "warning", error: "error", fatal: "error" };
		const level = levels[word];
		const group = literalText(tokens.slice(1), host);
		if (level === undefined || !group.startsWith("-W")) {
			host.warn("unknown-pragmas", "expected 'push', 'pop', 'ignored \"-W…\"', 'warning \"-W…\"' or 'error \"-W…\"'", at);
			return;
		}
		stacks.diagnosticsNow = new Map([...stacks.diagnosticsNow, [group.slice(2), level]]);
	}
	state.diagnostics.push({ token: host.at, levels: stacks.diagnosticsNow });
}

/** `push (__attribute__((x)), apply_to = record)`, `push`, `pop`; a namespace in front (`ns.push`) is allowed. */
function clangAttribute(rest: readonly Tok[], at: Tok, state: PragmaState, stacks: PragmaStacks, host: PragmaHost): void {
	const now = (): readonly PragmaAttribute[] => stacks.attributes.flat();
	const tokens = host.spell(rest[1] ?? at) === "." ? rest.slice(2) : rest;
	const word = tokens.length > 0 ? host.spell(tokens[0]) : "";
	if (word === "pop") {
		if (stacks.attributes.pop() === undefined) host.error("E0132", "'#pragma clang attribute pop' without a push", at);
		state.attributes.push({ token: host.at, active: now() });
		return;
	}
	const open = word === "push" ? 1 : 0;
	if (word === "push") stacks.attributes.push([]);
	if (tokens[open]?.kind !== LPAREN) {
		if (word !== "push") host.error("E0132", "expected 'push', 'pop' or '(' after '#pragma clang attribute'", at);
		return;
	}
	const inner = host.expand(tokens.slice(open + 1, -1));
	// The attribute ends at the comma in front of apply_to.
	const applyTo = inner.findIndex((t, i) => i > 0 && host.spell(t) === "apply_to" && inner[i - 1].kind === COMMA);
	if (applyTo < 0) {
		host.error("E0132", "'#pragma clang attribute' wants ', apply_to = …'", at);
		return;
	}
	const subjects: string[] = [];
	let depth = 0;
	for (const token of inner.slice(applyTo + 2)) {
		if (token.kind === LPAREN) depth++;
		else if (token.kind === RPAREN) depth--;
		else if (token.kind !== COMMA) {
			const name = host.spell(token);
			if (name !== "any" && (depth === 0 || !subjects.includes(name))) subjects.push(name);
		}
	}
	const { from, to } = host.detach(inner.slice(0, applyTo - 1));
	if (stacks.attributes.length === 0) stacks.attributes.push([]);
	stacks.attributes[stacks.attributes.length - 1].push({ from, to, subjects });
	state.detached.push({ from, to });
	state.attributes.push({ token: host.at, active: now() });
}
