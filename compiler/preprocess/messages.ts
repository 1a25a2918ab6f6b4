/**
 * What preprocessing has to say waits for the end of the program: a place is a token of the buffer, and tokens of directives are not in it,
 * so those that a message needs are put behind the program's.
 */
import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import { TABLE } from "../diagnostics/table.ts";
import type { TokenBuffer } from "./buffer.ts";
import type { Tok } from "./macros.ts";
import type { Report } from "./options.ts";

/** What a message may have besides code, text and place. */
export interface MessageExtra {
	readonly group?: string;
	readonly notes?: readonly { readonly message: string; readonly at: Tok }[];
}

/** For whoever reports by the code alone, as the lexer does. */
const GROUPS: ReadonlyMap<string, string> = new Map(TABLE.flatMap((row) => ("group" in row ? [[row.code, row.group] as const] : [])));

/** More than anybody reads: the unit is given up. */
const MOST_MESSAGES = 10_000;

export class Messages {
	readonly #waiting: {
		readonly diagnostic: Omit<Diagnostic, "span" | "notes">;
		readonly at: Tok;
		readonly notes: readonly { readonly message: string; readonly at: Tok }[];
	}[] = [];

	/** Codes that begin with W are warnings. */
	add(code: string, message: string, at: Tok, { group = GROUPS.get(code), notes = [] }: MessageExtra): void {
		this.#waiting.push({ diagnostic: { code, severity: code.startsWith("W") ? "warning" : "error", message, group }, at, notes });
	}

	get tooMany(): boolean {
		return this.#waiting.length > MOST_MESSAGES;
	}

	/** Reports all of them, with their places behind the end of the buffer. */
	flush(buffer: TokenBuffer, report: Report): void {
		const place = (at: Tok): { from: number; to: number } => {
			buffer.push(at.kind, at.flags, at.value, at.location, at.expansion);
			return { from: buffer.length - 1, to: buffer.length };
		};
		for (const { diagnostic, at, notes } of this.#waiting)
			report({ ...diagnostic, span: place(at), notes: notes.map((note) => ({ message: note.message, span: place(note.at) })) });
	}
}
