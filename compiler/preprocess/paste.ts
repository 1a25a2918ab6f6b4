/** Tokens that stand in no file: what `#` and `##` make (C11 6.10.3.2, 6.10.3.3), and the numbers and texts of built-in macros. */
import { isKeyword, isPunctuator, Kind, spellingOf } from "../source/kinds.ts";
import { Flag, Lexer } from "../source/lexer.ts";
import type { Names } from "../source/names.ts";
import type { Sources } from "../source/files.ts";
import { encodeToken } from "../source/stray-bytes.ts";
import { spell } from "./buffer.ts";
import type { Tok } from "./macros.ts";

/** Bytes that `#` and `##` may make. */
const MAX_TEXT = 16 << 20;

export interface PasteHost {
	readonly names: Names;
	readonly sources: Sources;
	report(code: string, message: string, at: Tok): void;
	/** Gives up the unit: a limit is reached. */
	stop(code: string, message: string, at: Tok): void;
}

/** Nothing, as an operand of `##`. */
export const PLACEMARKER: Tok = { kind: Kind.placemarker, flags: 0, value: 0, location: 0, expansion: 0 };
const encoder = new TextEncoder();

export class TokenMaker {
	readonly #host: PasteHost;
	#bytesMade = 0;

	constructor(host: PasteHost) {
		this.#host = host;
	}

	spell(token: Tok): string {
		return spell(token.kind, token.value, token.location, this.#host.sources, this.#host.names);
	}

	/** `##` */
	paste(left: Tok, right: Tok): Tok[] {
		if (left.kind === Kind.placemarker) return [{ ...right, flags: (right.flags & ~Flag.space) | (left.flags & Flag.space) }];
		if (right.kind === Kind.placemarker) return [left];
		const text = this.spell(left) + this.spell(right);
		const bytes = this.#made(text, left);
		const lexer = new Lexer(bytes, this.#host.names, () => {});
		lexer.next();
		if (lexer.pos !== bytes.length || lexer.kind === Kind.stray || lexer.kind === Kind.end) {
			this.#host.report("E0118", `pasting '${this.spell(left)}' and '${this.spell(right)}' does not give one token`, left);
			return [left, right];
		}
		const keeps = lexer.kind === Kind.identifier || isKeyword(lexer.kind) || (isPunctuator(lexer.kind) && spellingOf(lexer.kind) === text);
		const location = keeps ? left.location : this.#host.sources.scratch(bytes);
		return [{ kind: lexer.kind, flags: left.flags & Flag.space, value: lexer.value, location, expansion: left.expansion }];
	}

	/** `#` */
	stringize(tokens: readonly Tok[], at: Tok): Tok {
		let text = "";
		tokens.forEach((token, i) => {
			if (text.length > MAX_TEXT || token.kind === Kind.placemarker) return;
			if (i > 0 && (token.flags & (Flag.space | Flag.lineStart)) !== 0) text += " ";
			const spelled = this.spell(token);
			text += token.kind === Kind.string || token.kind === Kind.char ? spelled.replace(/[\\"]/g, "\\$&") : spelled;
		});
		const bytes = this.#made(`"${text}"`, at);
		return { kind: Kind.string, flags: 0, value: bytes.length, location: this.#host.sources.scratch(bytes), expansion: at.expansion };
	}

	/** Text of a new token; there is a limit to all of it together. */
	#made(text: string, at: Tok): Uint8Array {
		this.#bytesMade += text.length;
		if (this.#bytesMade <= MAX_TEXT) return encodeToken(text);
		this.#host.stop("E0121", `macros make more than ${MAX_TEXT >> 20} MB of text with # and ##`, at);
		return encoder.encode(text.startsWith('"') ? '""' : "0");
	}
}

export function numberToken(value: bigint | number, sources: Sources, at: Tok): Tok {
	const bytes = encoder.encode(String(value));
	return { kind: Kind.number, flags: at.flags, value: bytes.length, location: sources.scratch(bytes), expansion: at.expansion };
}

export function stringToken(text: string, sources: Sources, at: Tok): Tok {
	const bytes = encoder.encode(`"${text.replace(/[\\"]/g, "\\$&")}"`);
	return { kind: Kind.string, flags: at.flags, value: bytes.length, location: sources.scratch(bytes), expansion: at.expansion };
}
