/**
 * Token kinds: one small number per punctuator and keyword, and a few classes. The number plus `GRAMMAR_BASE` is the private-use
 * character that stands for the token in the string that the grammar reads.
 */

/** Classes of tokens that carry text. */
export const Kind = {
	end: 0,
	identifier: 1,
	number: 2,
	char: 3,
	string: 4,
	/** A character that starts no token: "@", a stray backslash. */
	stray: 5,
	/** `#pragma unroll` and its relatives, as one token; the value is the count (`LoopPragma.unroll`). */
	loopPragma: 6,
	/** Only in the grammar's string: an identifier that names a type. */
	typedefName: 7,
	/** Only in the grammar's string: a token that error recovery has taken out. */
	erased: 8,
	/** Only inside directives and macro bodies: end of the line. */
	newline: 9,
	/** Only in macro bodies: a parameter; the value is its index. */
	parameter: 10,
	/** Only during expansion: stands for an empty argument, and for white space with nothing behind it. */
	placemarker: 11,
	/** The body of a record or enum, braces included, that nobody has asked for yet. */
	deferred: 12,
} as const;

const FIRST_PUNCTUATOR = 16;

/**
 * The order serves the grammar: neighbours form ranges, which it tests with one comparison. Operators between operands run
 * from "," over the assignments ("=" to "|=") to "*", prefix operators from "-" on into the first keywords.
 */
export const PUNCTUATORS = [
	"[", "]", "(", ")", "{", "}", ".", "->", "?", ":", "::", ";", "...", "#", "##", ",",
	"=", "*=", "/=", "%=", "+=", "-=", "<<=", ">>=", "&=", "^=", "|=",
	"<<", ">>", "<", ">", "<=", ">=", "==", "!=", "^", "|", "&&", "||", "/", "%", "-", "+", "&", "*", "~", "!", "++", "--",
] as const;
export type Punctuator = (typeof PUNCTUATORS)[number];

const FIRST_KEYWORD = FIRST_PUNCTUATOR + PUNCTUATORS.length;

/**
 * The grammar's word, then the other spellings of the same keyword. Ordered for ranges as well: prefix operators, type words, storage classes,
 * function specifiers, qualifiers, what else may begin a declaration.
 */
export const KEYWORDS = [
	["__extension__"], ["__real__", "__real"], ["__imag__", "__imag"],
	["void"], ["char"], ["short"], ["int"], ["long"], ["float"], ["double"], ["signed", "__signed", "__signed__"], ["unsigned"], ["_Bool"],
	["_Complex", "__complex__", "__complex"], ["__int128"], ["_Float16"], ["__float128"], ["_BitInt"],
	["typedef"], ["extern"], ["static"], ["auto"], ["register"], ["_Thread_local", "__thread"],
	["inline", "__inline", "__inline__"], ["_Noreturn"],
	["const", "__const", "__const__"], ["volatile", "__volatile", "__volatile__"], ["restrict", "__restrict", "__restrict__"], ["_Atomic"],
	["struct"], ["union"], ["enum"], ["typeof", "__typeof", "__typeof__"], ["__typeof_unqual__", "__typeof_unqual"], ["__auto_type"],
	["__attribute__", "__attribute"], ["__declspec"], ["_Alignas"],
	["break"], ["case"], ["continue"], ["default"], ["do"], ["else"], ["for"], ["goto"], ["if"], ["return"], ["sizeof"], ["switch"], ["while"],
	["_Alignof", "__alignof", "__alignof__"], ["_Generic"], ["_Static_assert"],
	["asm", "__asm", "__asm__"], ["__label__"],
	["__builtin_offsetof"], ["__builtin_types_compatible_p"], ["__builtin_choose_expr"], ["__builtin_va_arg"],
] as const;

/** Words that are keywords in some dialects only. */
export const C23_KEYWORDS = { bool: "_Bool", static_assert: "_Static_assert", alignas: "_Alignas", alignof: "_Alignof", thread_local: "_Thread_local", typeof_unqual: "__typeof_unqual__" } as const;
/** Not keywords under `-std=c11` and friends. */
export const GNU_KEYWORDS: readonly string[] = ["asm", "typeof"];

export type Keyword = (typeof KEYWORDS)[number][0];

const kindOfSpelling = new Map<string, number>();
PUNCTUATORS.forEach((p, i) => kindOfSpelling.set(p, FIRST_PUNCTUATOR + i));
KEYWORDS.forEach((words, i) => words.forEach((w) => kindOfSpelling.set(w, FIRST_KEYWORD + i)));

/** The kind of a punctuator or keyword. */
export function kindOf(spelling: Punctuator | Keyword): number {
	return kindOfSpelling.get(spelling) as number;
}
/** The kind of any keyword spelling, or undefined. */
export function keywordKind(spelling: string): number | undefined {
	const kind = kindOfSpelling.get(spelling);
	return kind !== undefined && kind >= FIRST_KEYWORD ? kind : undefined;
}
export function isKeyword(kind: number): boolean {
	return kind >= FIRST_KEYWORD;
}
export function isPunctuator(kind: number): boolean {
	return kind >= FIRST_PUNCTUATOR && kind < FIRST_KEYWORD;
}
/** The canonical spelling of a punctuator or keyword kind. */
export function spellingOf(kind: number): string {
	return kind >= FIRST_KEYWORD ? KEYWORDS[kind - FIRST_KEYWORD][0] : PUNCTUATORS[kind - FIRST_PUNCTUATOR];
}

/** Start of Unicode's private use area. */
export const GRAMMAR_BASE = 0xe000;

/** What a token kind is called in a message. */
export function describeKind(kind: number): string {
	switch (kind) {
		case Kind.end:
			return "end of file";
		case Kind.identifier:
			return "identifier";
		case Kind.number:
			return "number";
		case Kind.char:
			return "character constant";
		case Kind.string:
			return "string literal";
		case Kind.stray:
			return "stray character";
		case Kind.loopPragma:
			return "loop pragma";
		case Kind.typedefName:
			return "type name";
		case Kind.erased:
			return "skipped text";
		default:
			return `'${spellingOf(kind)}'`;
	}
}
