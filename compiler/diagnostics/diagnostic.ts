/**
 * Errors are values. A stage reports into the sink that its context carries and goes on; it throws only for its own bugs (`bug()`).
 * A place is a range of tokens: the token buffer knows file, line, column, macro expansion and include stack of each.
 */
export interface Diagnostic {
	/** Stable, such as "E0203"; a row of `table.ts` explains it. */
	readonly code: string;
	readonly severity: "error" | "warning" | "note";
	/** clang's group without `-W`, for warnings: "unused-variable". */
	readonly group?: string;
	readonly message: string;
	readonly span: TokenSpan | null;
	readonly notes?: readonly { readonly message: string; readonly span: TokenSpan | null }[];
	/** Tokens that nothing is made of because of this error. */
	readonly lost?: TokenSpan;
	readonly fix?: { readonly span: TokenSpan; readonly text: string; readonly message: string };
}

/** Indexes into the unit's token buffer: first token, and one past the last. */
export interface TokenSpan {
	readonly from: number;
	readonly to: number;
}

export const oneToken = (at: number): TokenSpan => ({ from: at, to: at + 1 });

export interface DiagnosticSink {
	report(diagnostic: Diagnostic): void;
	/** Whether a diagnostic ends the compilation; options and pragmas make warnings of some errors. Without this they are what they say. */
	isError?(diagnostic: Diagnostic): boolean;
}

/** An error of ours, never of the user's program. The command line says so and asks for a report. */
export class InternalError extends Error {
	override readonly name = "InternalError";
}

export function bug(what: string): never {
	throw new InternalError(what);
}
