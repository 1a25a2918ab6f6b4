/**
 * Macros whose replacement depends on the place or on what the compiler knows: `__LINE__`, `__COUNTER__`, `__has_builtin(x)`, `_Pragma("…")`.
 */
import { basename } from "../source/file-names.ts";
import { Kind, kindOf } from "../source/kinds.ts";
import { Flag, Lexer } from "../source/lexer.ts";
import { runPragma } from "./directives.ts";
import type { Expander } from "./expand.ts";
import { ATTRIBUTES, BUILTINS, C23_ATTRIBUTES, FEATURES } from "./features.ts";
import type { DynamicMacro, Tok } from "./macros.ts";
import { numberToken, stringToken } from "./paste.ts";
import type { Preprocessor } from "./preprocessor.ts";

const LPAREN = kindOf("(");
const RPAREN = kindOf(")");

export function dynamicTokens(pp: Preprocessor, macro: DynamicMacro, name: Tok, expander: Expander): readonly Tok[] {
	const number = (value: number): readonly Tok[] => [numberToken(value, pp.sources, name)];
	const macroFile = pp.options.macroFile ?? ((path: string): string => path);
	const string = (text: string): readonly Tok[] => [stringToken(text, pp.sources, name)];
	const call = pp.buffer.outermostCall(name.expansion);
	const file = (): string => pp.sources.presumed(call?.callAt ?? name.location).file;
	switch (macro) {
		// clang says the line on which the outermost macro call ends; gcc's is the one on which it begins.
		case "__LINE__":
			return number(pp.sources.presumed(call?.callEnd ?? name.location).line);
		case "__FILE__":
			return string(macroFile(file()));
		case "__FILE_NAME__":
			return string(basename(file()));
		case "__BASE_FILE__":
			return string(macroFile(pp.sources.files[0].path));
		case "__INCLUDE_LEVEL__":
			return number(pp.stack.length - 1);
		case "__COUNTER__":
			return number(pp.counter++);
		// The core has no clock; builds are reproducible. These are the texts of the beginning of time.
		case "__DATE__":
			return string("Jan  1 1970");
		case "__TIME__":
			return string("00:00:00");
		case "__TIMESTAMP__":
			return string("Thu Jan  1 00:00:00 1970");
		case "_Pragma":
			return pragmaOperator(pp, name, expander);
		case "__has_include":
		case "__has_include_next":
			return number(hasInclude(pp, macro, name, expander) ? 1 : 0);
		case "__has_attribute":
			return number(ATTRIBUTES.has(plainName(operand(pp, macro, name, expander))) ? 1 : 0);
		case "__has_builtin": {
			const word = operand(pp, macro, name, expander);
			return number(BUILTINS.has(word) ? 1 : 0);
		}
		case "__has_feature":
		case "__has_extension":
			return number(FEATURES.has(plainName(operand(pp, macro, name, expander))) ? 1 : 0);
		case "__has_c_attribute":
			return number(C23_ATTRIBUTES[plainName(operand(pp, macro, name, expander))] ?? 0);
		case "__is_identifier": {
			const tokens = operandTokens(pp, macro, name, expander);
			return number(tokens.length === 1 && tokens[0].kind === Kind.identifier && !pp.isKeywordName(tokens[0].value) ? 1 : 0);
		}
		case "__has_warning":
			operandTokens(pp, macro, name, expander);
			return number(1);
		case "__has_declspec_attribute":
		case "__has_constexpr_builtin":
		case "__has_embed":
		case "__building_module":
		case "__is_target_arch":
		case "__is_target_os":
			operandTokens(pp, macro, name, expander);
			return number(0);
		default:
			return macro satisfies never;
	}
}

/** `__x__` is x. */
function plainName(name: string): string {
	return name.replace(/^__(.+)__$/, "$1");
}

/** The tokens between the parentheses, as they stand. */
function operandTokens(pp: Preprocessor, macro: string, name: Tok, expander: Expander): Tok[] {
	if (expander.raw().kind !== LPAREN) {
		pp.report("E0119", `'${macro}' wants an argument in parentheses`, name);
		return [];
	}
	const tokens: Tok[] = [];
	for (let depth = 1; ; ) {
		const token = expander.raw();
		if (token.kind === Kind.end) {
			pp.report("E0119", `the parenthesis behind '${macro}' is not closed`, name);
			return tokens;
		}
		if (token.kind === LPAREN) depth++;
		if (token.kind === RPAREN && --depth === 0) return tokens;
		tokens.push(token);
	}
}

function operand(pp: Preprocessor, macro: string, name: Tok, expander: Expander): string {
	// clang replaces macros in the operand: `#define A always_inline`, `__has_attribute(A)`.
	const tokens = expander.expandList(operandTokens(pp, macro, name, expander));
	return tokens
		.map((t) => expander.spell(t))
		.join("")
		.replace(/^(gnu|clang)::/, "");
}

function hasInclude(pp: Preprocessor, macro: string, name: Tok, expander: Expander): boolean {
	const { current } = pp;
	let path: string;
	let angled: boolean;
	if (expander.atFile && current.lexer.parenFollows()) {
		expander.raw();
		const header = current.lexer.headerName();
		if (header !== null) {
			path = decoder.decode(current.lexer.bytes.subarray(header.from, header.to));
			angled = header.angled;
			if (expander.raw().kind !== RPAREN) pp.report("E0119", `expected ')' behind '${macro}(…'`, name);
			return look(pp, path, angled, macro);
		}
		const tokens: Tok[] = [];
		for (let depth = 1; ; ) {
			const token = expander.raw();
			if (token.kind === Kind.end) break;
			if (token.kind === LPAREN) depth++;
			if (token.kind === RPAREN && --depth === 0) break;
			tokens.push(token);
		}
		[path, angled] = headerOf(expander.expandList(tokens), expander);
	} else [path, angled] = headerOf(expander.expandList(operandTokens(pp, macro, name, expander)), expander);
	if (path === "") {
		pp.report("E0119", `'${macro}' wants "FILE" or <FILE>`, name);
		return false;
	}
	return look(pp, path, angled, macro);
}

function headerOf(tokens: readonly Tok[], expander: Expander): [string, boolean] {
	if (tokens[0]?.kind === Kind.string) return [expander.spell(tokens[0]).slice(1, -1), false];
	const text = tokens.map((t, i) => (i > 0 && (t.flags & Flag.space) !== 0 ? " " : "") + expander.spell(t)).join("");
	return text.startsWith("<") && text.endsWith(">") ? [text.slice(1, -1), true] : ["", false];
}

function look(pp: Preprocessor, path: string, angled: boolean, macro: string): boolean {
	const { current } = pp;
	if (pp.search.find(path, angled, current.file, macro === "__has_include_next" ? (current.found?.entry ?? null) : null) !== null)
		return true;
	return path === "vmlinux.h" && pp.options.virtualVmlinux();
}

/** `_Pragma("text")`: C11 6.10.9. */
function pragmaOperator(pp: Preprocessor, name: Tok, expander: Expander): readonly Tok[] {
	// The operand may be a macro for the literal, as clang has it.
	const tokens = expander.expandList(operandTokens(pp, "_Pragma", name, expander));
	if (tokens.length !== 1 || tokens[0].kind !== Kind.string) {
		pp.report("E0119", "_Pragma wants one string literal", name);
		return [];
	}
	const text = expander
		.spell(tokens[0])
		.replace(/^[^"]*"/, "")
		.slice(0, -1)
		.replace(/\\([\\"])/g, "$1");
	if (!pp.takesMacrosOnly) pp.pragmas.lines.push({ token: pp.buffer.length, text: `#pragma ${text}` });
	const bytes = encoder.encode(`${text}\n`);
	const location = pp.sources.scratch(bytes);
	const lexer = new Lexer(bytes, pp.names, (code, message) => pp.report(code, message, tokens[0]));
	lexer.inDirective = true;
	const words: Tok[] = [];
	for (;;) {
		lexer.next();
		if (lexer.kind === Kind.newline || lexer.kind === Kind.end) break;
		words.push({ kind: lexer.kind, flags: lexer.flags, value: lexer.value, location: location + lexer.start, expansion: name.expansion });
	}
	const made = runPragma(pp, words, name);
	return made === null ? [] : [made];
}

const decoder = new TextDecoder();
const encoder = new TextEncoder();
