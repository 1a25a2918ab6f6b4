/**
 * The preprocessed token stream of a unit: parallel typed arrays, filled once. A token is its kind, flags, value (name number or length),
 * the location of its spelling, and the macro expansion that it came out of (0: none).
 */
import { isKeyword, isPunctuator, Kind, spellingOf } from "../source/kinds.ts";
import { Flag } from "../source/lexer.ts";
import { digraphOf } from "../source/punctuators.ts";
import type { Sources } from "../source/files.ts";
import type { Names } from "../source/names.ts";
import type { Place, Tokens } from "../source/tokens.ts";
import type { Tok } from "./macros.ts";

/** How a token came out of a macro: one record per expansion and per argument that was put in. */
export interface Expansion {
	readonly macro: string;
	/** The macro's name in its definition; −1 for built-in ones. */
	readonly definedAt: number;
	/** Spelling location of the macro's name at the call, and the expansion that this name came out of. */
	readonly callAt: number;
	readonly callExpansion: number;
	/** Where the call ends: its closing parenthesis, or the name. */
	readonly callEnd: number;
	/** For tokens of an argument: the expansion that they came out of before the call, −1 for tokens of the body. */
	readonly argument: number;
}

export class TokenBuffer implements Tokens {
	length = 0;
	kinds = new Uint8Array(1 << 14);
	flags = new Uint8Array(1 << 14);
	values = new Int32Array(1 << 14);
	locations = new Int32Array(1 << 14);
	expanded = new Int32Array(1 << 14);
	/** Record 0 is "no macro". */
	readonly expansions: (Expansion | null)[] = [null];
	readonly sources: Sources;
	readonly names: Names;
	/** Stretches that were read later than they stand in the program, by where they do. In order. */
	readonly moved: { readonly from: number; readonly to: number; readonly anchor: number }[] = [];

	constructor(sources: Sources, names: Names) {
		this.sources = sources;
		this.names = names;
	}

	push(kind: number, flags: number, value: number, location: number, expansion: number): void {
		const at = this.length;
		if (at === this.kinds.length) this.#grow();
		this.kinds[at] = kind;
		this.flags[at] = flags;
		this.values[at] = value;
		this.locations[at] = location;
		this.expanded[at] = expansion;
		this.length = at + 1;
	}

	#grow(): void {
		const size = this.kinds.length * (this.kinds.length < 1 << 20 ? 4 : 2);
		const bytes = (old: Uint8Array): Uint8Array<ArrayBuffer> => {
			const bigger = new Uint8Array(size);
			bigger.set(old);
			return bigger;
		};
		const words = (old: Int32Array): Int32Array<ArrayBuffer> => {
			const bigger = new Int32Array(size);
			bigger.set(old);
			return bigger;
		};
		this.kinds = bytes(this.kinds);
		this.flags = bytes(this.flags);
		this.values = words(this.values);
		this.locations = words(this.locations);
		this.expanded = words(this.expanded);
	}

	token(index: number): Tok {
		return {
			kind: this.kinds[index],
			flags: this.flags[index],
			value: this.values[index],
			location: this.locations[index],
			expansion: this.expanded[index],
		};
	}

	kind(token: number): number {
		return this.kinds[token];
	}

	text(token: number): string {
		return spell(this.kinds[token], this.values[token], this.locations[token], this.sources, this.names);
	}

	/** The token as a place in the program's order, for what holds "from a token on". */
	inOrder(token: number): number {
		let low = 0;
		let high = this.moved.length;
		while (low < high) {
			const middle = (low + high) >> 1;
			if (this.moved[middle].from <= token) low = middle + 1;
			else high = middle;
		}
		if (low === 0) return token;
		const { to, anchor } = this.moved[low - 1];
		return token < to ? anchor : token;
	}

	/** The macro call in the file from which tokens of an expansion come, maybe through others; null: they stand in the file. */
	outermostCall(expansion: number): Expansion | null {
		let record: Expansion | null = null;
		for (let at = expansion; at > 0; at = record.callExpansion) record = this.expansions[at] as Expansion;
		return record;
	}

	/** Location of the outermost macro call, or of the token itself. */
	fileLocation(token: number): number {
		return this.outermostCall(this.expanded[token])?.callAt ?? this.locations[token];
	}

	/**
	 * Where a message about the token points to: for a macro's argument the place where it is written, for a macro's body the call.
	 */
	messageLocation(token: number): number {
		let location = this.locations[token];
		let expansion = this.expanded[token];
		while (expansion > 0) {
			const record = this.expansions[expansion] as Expansion;
			if (record.argument >= 0) expansion = record.argument;
			else {
				location = record.callAt;
				expansion = record.callExpansion;
			}
		}
		return location;
	}

	place(token: number): Place {
		return this.sources.presumed(this.fileLocation(token));
	}

	spelling(token: number): Place {
		return this.sources.presumed(this.locations[token]);
	}

	fromMacro(token: number): boolean {
		return this.expanded[token] !== 0;
	}

	inSystemHeader(token: number): boolean {
		return this.sources.fileAt(this.fileLocation(token)).system;
	}

	lineText(token: number): string {
		const { file, line } = this.sources.lineColumn(this.fileLocation(token));
		return this.sources.lineText(file, line);
	}

	spaceBefore(token: number): boolean {
		return (this.flags[token] & (Flag.space | Flag.lineStart)) !== 0;
	}
}

/** A token's characters. */
export function spell(kind: number, value: number, location: number, sources: Sources, names: Names): string {
	if (isPunctuator(kind)) return spellPunctuator(kind, value, location, sources);
	// A keyword's value is its name, which may be one of several spellings.
	if (kind === Kind.identifier || isKeyword(kind)) return names.text(value);
	if (kind === Kind.loopPragma) return "#pragma unroll";
	if (kind === Kind.end || kind === Kind.newline || kind === Kind.placemarker) return "";
	return sources.slice(location, value);
}

/** A digraph is the token that it stands for, but keeps its characters (C11 6.4.6p3). */
function spellPunctuator(kind: number, length: number, location: number, sources: Sources): string {
	const spelling = spellingOf(kind);
	const digraph = length > spelling.length ? digraphOf(kind) : undefined;
	return digraph !== undefined && sources.slice(location, length) === digraph ? digraph : spelling;
}
