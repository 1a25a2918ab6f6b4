/**
 * Complaints that only follow from one that was made: text that was swallowed or left out because of an error is missed by what comes after. In: each
 * error as it is reported; out: whether the next is worth its lines. Everything here is dropped only beside an error that stays.
 */
import { Kind } from "../source/kinds.ts";
import type { TokenBuffer } from "../preprocess/buffer.ts";
import type { Diagnostic } from "./diagnostic.ts";

/** What runs on to a place where it does not belong takes brackets with it: a quote, a comment, a macro's arguments. */
const SWALLOWED: Readonly<Record<string, readonly string[]>> = { E0116: ["E0101", "E0103"], E0152: ["E0101", "E0103", "E0116"] };
/** Names that nothing declares. */
const NAMES: ReadonlySet<string> = new Set(["E0153", "E0301", "E0302"]);

export class FollowUps {
	readonly #codes = new Set<string>();
	/** Identifiers of statements that a syntax error took out: their declarations may be among them. */
	readonly #lost = new Set<string>();
	/** Where an error stands. */
	readonly #places = new Set<number>();

	/** An error that the user sees. */
	add({ code, span, lost }: Diagnostic, tokens: TokenBuffer | null): void {
		this.#codes.add(code);
		if (tokens === null) return;
		if (span !== null) this.#places.add(tokens.messageLocation(span.from));
		if (lost === undefined) return;
		for (let i = lost.from; i < lost.to; i++) if (tokens.kinds[i] === Kind.identifier) this.#lost.add(tokens.text(i));
	}

	has({ code, span }: Diagnostic, tokens: TokenBuffer | null): boolean {
		if (SWALLOWED[code]?.some((cause) => this.#codes.has(cause)) === true) return true;
		if (!NAMES.has(code) || span === null || tokens === null) return false;
		return this.#lost.has(tokens.text(span.from)) || this.#places.has(tokens.messageLocation(span.from));
	}
}
