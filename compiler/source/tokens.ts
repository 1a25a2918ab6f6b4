/**
 * What the stages behind the preprocessor may ask about tokens. The buffer itself (`preprocess/buffer.ts`) is a few typed arrays;
 * everything that speaks of places (`TokenSpan`, `Member.at`, …) is an index into it.
 */
export interface Tokens {
	readonly length: number;
	/** A number of `kinds.ts`: one per keyword and punctuator, and the classes identifier, number, char, string. */
	kind(token: number): number;
	/** The spelling, line splices taken out. */
	text(token: number): string;
	/**
	 * Where the reader of the program would look: for a token out of a macro the place of the outermost macro call (clang's expansion location),
	 * `#line` respected. What debug information records.
	 */
	place(token: number): Place;
	/** Where the characters stand: in the macro's body for a token from there, at the call for an argument. */
	spelling(token: number): Place;
	/** The token as a place in the program's order: that of its declaration when it was read later than it stands there. */
	inOrder(token: number): number;
	/** Out of a macro, its arguments included. */
	fromMacro(token: number): boolean;
	/** In a header that came from `-isystem` or from us: warnings are not shown. */
	inSystemHeader(token: number): boolean;
	/** The source line of `place(token)`, without its line end. BTF.ext line info carries it. */
	lineText(token: number): string;
}

export interface Place {
	/** The name as the program's author wrote it or the search path made it ("src/x.bpf.c", "/usr/include/linux/types.h"). */
	readonly file: string;
	/** From 1. */
	readonly line: number;
	/** From 1, in bytes. */
	readonly column: number;
}
