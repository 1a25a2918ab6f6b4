import type { TokenSpan } from "../diagnostics/diagnostic.ts";

/**
 * What debug information asks of the front end: where a token stands. The token buffer of a unit provides it; tests
 * bring their own. A span from a macro is where the macro was used.
 */
export interface Places {
	locate(span: TokenSpan): Place | null;
}

export interface Place {
	readonly file: string;
	/** From 1. */
	readonly line: number;
	readonly column: number;
	/** The whole source line, without its end. */
	readonly text: string;
}

export const nowhere: Places = { locate: () => null };
