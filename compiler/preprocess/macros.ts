/**
 * Macros as data, `#define`'s grammar (C11 6.10.3), and the table that says what each name stands for.
 * Tokens inside macros are small objects; only what a macro touches pays for them.
 */
import { Kind, kindOf } from "../source/kinds.ts";
import { Flag, type Lexer } from "../source/lexer.ts";
import type { Names } from "../source/names.ts";

export interface Tok {
	readonly kind: number;
	flags: number;
	readonly value: number;
	readonly location: number;
	readonly expansion: number;
}

/** Where nothing follows. */
export const END: Tok = { kind: Kind.end, flags: 0, value: 0, location: 0, expansion: 0 };

export interface Macro {
	readonly name: number;
	/** null: object-like. */
	readonly params: readonly number[] | null;
	/** The last parameter takes the rest: `...` or GNU `args...`. */
	readonly variadic: boolean;
	/** Parameters are tokens of kind `Kind.parameter`. */
	readonly body: readonly Tok[];
	readonly definedAt: number;
	/** From `-D` or built in: no warning when it is undefined or defined anew the same. */
	readonly builtin: boolean;
	/** Being expanded: not to be expanded again. */
	active: boolean;
	/** `__FILE__` and friends: makes its tokens anew each time. */
	readonly dynamic?: DynamicMacro;
	/** Does the body hold # or ## or __VA_OPT__? If not, substitution is a plain copy. */
	readonly plain: boolean;
}

/** Macros that are made anew each time. */
// biome-ignore format: a list of words
export const DYNAMIC_MACROS = [
	"__FILE__", "__LINE__", "__COUNTER__", "__BASE_FILE__", "__FILE_NAME__", "__INCLUDE_LEVEL__", "__DATE__", "__TIME__",
	"__TIMESTAMP__", "_Pragma", "__has_attribute", "__has_builtin", "__has_feature", "__has_extension", "__has_include",
	"__has_include_next", "__has_c_attribute", "__has_declspec_attribute", "__has_warning", "__is_identifier",
	"__has_embed", "__building_module", "__has_constexpr_builtin", "__is_target_arch", "__is_target_os",
] as const;
export type DynamicMacro = (typeof DYNAMIC_MACROS)[number];

export class MacroTable {
	readonly #macros: (Macro | undefined)[] = [];
	readonly #saved = new Map<number, (Macro | undefined)[]>();
	/** 1 where the name is a macro; the main loop reads it for each identifier. */
	defined = new Uint8Array(1 << 16);

	/** Grows with every change. */
	version = 0;

	/** As it is now; later changes do not show in it. */
	snapshot(): MacroTable {
		const copy = new MacroTable();
		this.#macros.forEach((macro, name) => {
			if (macro !== undefined) copy.set(name, macro);
		});
		return copy;
	}

	get(name: number): Macro | undefined {
		return this.#macros[name];
	}

	set(name: number, macro: Macro | undefined): void {
		if (name >= this.defined.length) {
			const bigger = new Uint8Array(Math.max(this.defined.length * 2, name + 1));
			bigger.set(this.defined);
			this.defined = bigger;
		}
		this.#macros[name] = macro;
		this.version++;
		this.defined[name] = macro === undefined ? 0 : 1;
	}

	/** #pragma push_macro, pop_macro */
	save(name: number): void {
		const stack = this.#saved.get(name) ?? [];
		stack.push(this.#macros[name]);
		this.#saved.set(name, stack);
	}
	restore(name: number): boolean {
		const stack = this.#saved.get(name);
		if (stack === undefined || stack.length === 0) return false;
		this.set(name, stack.pop());
		return true;
	}

	*all(): Iterable<Macro> {
		for (const macro of this.#macros) if (macro !== undefined) yield macro;
	}
}

const LPAREN = kindOf("(");
const RPAREN = kindOf(")");
const COMMA = kindOf(",");
const ELLIPSIS = kindOf("...");
const HASH = kindOf("#");
const PASTE = kindOf("##");

export interface DefineError {
	readonly code: string;
	readonly message: string;
	readonly start: number;
	readonly length: number;
}

/**
 * Reads from behind the macro's name to the end of the line: `(a, b...) body`.
 * `base` makes locations of the lexer's offsets.
 */
export function readMacro(
	lexer: Lexer,
	names: Names,
	name: number,
	definedAt: number,
	base: number,
	builtin: boolean,
): Macro | DefineError {
	lexer.next();
	let parameters: Parameters | null = null;
	// `#define A+1`: the standard wants a space, clang only warns.
	if (lexer.kind === LPAREN && (lexer.flags & Flag.space) === 0) {
		const read = readParameters(lexer, names);
		if ("code" in read) return read;
		parameters = read;
	}
	const body = readBody(lexer, names, parameters, base);
	if ("code" in body) return body;
	const { params, variadic } = parameters ?? { params: null, variadic: false };
	return { name, params, variadic, ...body, definedAt, builtin, active: false };
}

interface Parameters {
	readonly params: number[];
	readonly variadic: boolean;
}

/** What is wrong at the token at hand. */
function fault(lexer: Lexer, code: string, message: string): DefineError {
	return { code, message, start: lexer.start, length: Math.max(1, lexer.pos - lexer.start) };
}

/** From the parenthesis on: `(a, b...)`. */
function readParameters(lexer: Lexer, names: Names): Parameters | DefineError {
	const params: number[] = [];
	let variadic = false;
	lexer.next();
	while (lexer.kind !== RPAREN) {
		if (lexer.kind === ELLIPSIS) {
			params.push(names.intern("__VA_ARGS__"));
			variadic = true;
			lexer.next();
		} else if (lexer.kind === Kind.identifier) {
			const param = lexer.value;
			if (params.includes(param)) return fault(lexer, "E0112", `macro parameter '${names.text(param)}' is named twice`);
			params.push(param);
			lexer.next();
			if (lexer.kind === ELLIPSIS) {
				variadic = true;
				lexer.next();
			}
		} else if (lexer.kind === Kind.newline) return fault(lexer, "E0111", "the parameter list of the macro is not closed");
		else return fault(lexer, "E0111", "expected a parameter name, '...' or ')' in the macro's parameter list");
		if (lexer.kind === COMMA && !variadic) {
			lexer.next();
			if (lexer.kind === RPAREN) return fault(lexer, "E0111", "expected a parameter name after ','");
		} else if (lexer.kind !== RPAREN) return fault(lexer, "E0111", "expected ',' or ')' in the macro's parameter list");
	}
	lexer.next();
	return { params, variadic };
}

/** Names of parameters become their numbers. */
function readBody(
	lexer: Lexer,
	names: Names,
	parameters: Parameters | null,
	base: number,
): { readonly body: Tok[]; readonly plain: boolean } | DefineError {
	const vaArgs = names.intern("__VA_ARGS__");
	const vaOpt = names.intern("__VA_OPT__");
	const body: Tok[] = [];
	let plain = true;
	while (lexer.kind !== Kind.newline && lexer.kind !== Kind.end) {
		let { kind, value } = lexer;
		if (kind === Kind.identifier && parameters !== null) {
			const index = parameters.params.indexOf(value);
			if (index >= 0) {
				kind = Kind.parameter;
				value = index;
			} else if (value === vaArgs) return fault(lexer, "E0113", "__VA_ARGS__ stands only in macros with '...'");
			else if (value === vaOpt && parameters.variadic) plain = false;
		}
		if (kind === PASTE || (kind === HASH && parameters !== null)) plain = false;
		const isOperand = kind === Kind.parameter || (kind === Kind.identifier && value === vaOpt);
		if (parameters !== null && body.at(-1)?.kind === HASH && !isOperand) return fault(lexer, "E0114", NO_OPERAND);
		// White space in front of the body is not part of it.
		const flags = body.length === 0 ? 0 : lexer.flags & Flag.space;
		body.push({ kind, flags, value, location: base + lexer.start, expansion: 0 });
		lexer.next();
	}
	if (parameters !== null && body.at(-1)?.kind === HASH) return fault(lexer, "E0114", NO_OPERAND);
	if (body[0]?.kind === PASTE || body.at(-1)?.kind === PASTE) return fault(lexer, "E0115", "'##' cannot be at either end of a macro");
	return { body, plain };
}

const NO_OPERAND = "'#' is not followed by a macro parameter";

/** C11 6.10.3p2: the same definition may be given again. */
export function sameMacro(a: Macro, b: Macro, text: (token: Tok) => string): boolean {
	if ((a.params === null) !== (b.params === null) || a.variadic !== b.variadic || a.body.length !== b.body.length) return false;
	if (a.params !== null && b.params !== null && (a.params.length !== b.params.length || a.params.some((p, i) => p !== b.params?.[i])))
		return false;
	return a.body.every((token, i) => {
		const other = b.body[i];
		if (token.kind !== other.kind || (token.flags & Flag.space) !== (other.flags & Flag.space)) return false;
		return token.kind === Kind.identifier || token.kind === Kind.parameter ? token.value === other.value : text(token) === text(other);
	});
}
