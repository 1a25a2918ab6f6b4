/**
 * The token stream cut at file scope. One pass counts brackets, finds where each external declaration ends, and notes the names that it
 * declares (`declared-names.ts`): that is all that `vmlinux.h` costs beyond its tokens. What the pass cannot know (whether the text is
 * correct C) it leaves to the grammar, when a chunk is asked for.
 */
import type { TokenBuffer } from "../preprocess/buffer.ts";
import type { Deferred } from "../preprocess/defer.ts";
import type { PragmaState } from "../preprocess/pragma.ts";
import { Kind } from "../source/kinds.ts";
import { DeclaredNames, hasGroup, Trait } from "./declared-names.ts";
import type { NameIndex } from "./name-index.ts";
import { isOldStyle } from "./old-style.ts";
import {
	closes,
	COLON,
	EQUALS,
	isTagWord,
	K_TYPEOF,
	K_TYPEOF_UNQUAL,
	LBRACE,
	LPAREN,
	opens,
	RBRACE,
	RBRACKET,
	RPAREN,
	SEMICOLON,
} from "./token-kinds.ts";

export interface Chunks {
	readonly count: number;
	/** First token of chunk i; chunk i ends where i + 1 begins, less what `ends` says. */
	readonly starts: Int32Array;
	readonly ends: Int32Array;
	readonly traits: Uint8Array;
	/** Definitions in the old style, by chunk: where the list of names ends. */
	readonly oldStyle: ReadonlyMap<number, number>;
	readonly problems: readonly Problem[];
	readonly ordinary: NameIndex;
	readonly tags: NameIndex;
	/** 1 for names that a typedef at file scope declares. */
	readonly isTypedef: Uint8Array;
}

/** Brackets that are open, half open or never opened: a token and what is wrong there. */
interface Problem {
	readonly token: number;
	readonly message: string;
	/** Where the bracket was opened; −1: that says nothing. */
	readonly open: number;
	readonly chunk: number;
}

/** Brackets within brackets: clang's default for -fbracket-depth. */
export const MAX_DEPTH = 256;

/** `externalType`: does type information from outside the text know the name? Asked only where `T (…` could be a declaration without a type. */
export function splitChunks(
	tokens: TokenBuffer,
	end: number,
	{ detached }: PragmaState,
	deferred: readonly Deferred[],
	externalType: (name: number) => boolean,
): Chunks {
	const names = new DeclaredNames(tokens, deferred, externalType);
	const starts: number[] = [];
	const ends: number[] = [];
	const traits: number[] = [];
	const oldStyle = new Map<number, number>();
	const problems: Problem[] = [];
	let passed = 0;
	for (let from = 0; from < end; ) {
		if (passed < detached.length && detached[passed].from <= from) {
			from = Math.max(from, detached[passed++].to);
			continue;
		}
		const chunk = starts.length;
		const declaration = new Cut(tokens, from, end);
		const to = declaration.end();
		for (const problem of declaration.problems) problems.push({ ...problem, chunk });
		const { namesEnd } = declaration;
		if (namesEnd >= 0) oldStyle.set(chunk, namesEnd);
		starts.push(from);
		ends.push(to);
		// What is nested too deeply is for the parser to refuse: looking into it would cost its depth again and again.
		traits.push(declaration.tooDeep ? Trait.other : names.read(from, namesEnd < 0 ? to : namesEnd + 1, chunk, declaration.hasBody));
		from = to;
	}
	const { ordinary, tags, isTypedef } = names;
	const count = starts.length;
	return {
		count,
		starts: new Int32Array(starts),
		ends: new Int32Array(ends),
		traits: new Uint8Array(traits),
		problems,
		oldStyle,
		ordinary,
		tags,
		isTypedef,
	};
}

/** One external declaration, read up to its end. */
class Cut {
	readonly problems: Omit<Problem, "chunk">[] = [];
	hasBody = false;
	tooDeep = false;
	/** Of a definition in the old style: where its list of names ends; else −1. */
	namesEnd = -1;
	readonly #tokens: TokenBuffer;
	readonly #from: number;
	readonly #limit: number;
	readonly #opened: number[] = [];
	/** A parenthesis group that may be a parameter list has been seen; where the first of them ends. */
	#params = false;
	#close = -1;
	#initialised = false;

	constructor(tokens: TokenBuffer, from: number, limit: number) {
		this.#tokens = tokens;
		this.#from = from;
		this.#limit = limit;
	}

	/** Index of the token behind it. */
	end(): number {
		const { kinds } = this.#tokens;
		const opened = this.#opened;
		for (let i = this.#from; i < this.#limit; i++) {
			const k = kinds[i];
			if (k === SEMICOLON) {
				if (opened.length === 0 && this.#endsAt(i)) return i + 1;
			} else if (opens(k)) this.#open(i);
			else if (closes(k)) {
				if (this.#closeAndEnd(i)) return i + 1;
			} else if (k === EQUALS && opened.length === 0) this.#initialised = true;
		}
		const last = opened.at(-1);
		if (last !== undefined) this.problems.push({ token: last, message: `'${this.#tokens.text(last)}' is never closed`, open: -1 });
		return this.#limit;
	}

	/** A semicolon ends it, unless it stands among the parameters' declarations of an old definition. */
	#endsAt(semicolon: number): boolean {
		if (this.namesEnd >= 0) return false;
		const close = this.#close;
		if (close < 0 || close + 1 === semicolon || this.#initialised || !isOldStyle(this.#tokens, this.#from, close, this.#limit)) return true;
		this.namesEnd = close;
		return false;
	}

	#open(at: number): void {
		const { kinds } = this.#tokens;
		const opened = this.#opened;
		const outer = opened.at(-1);
		if (kinds[at] === LBRACE && outer !== undefined && kinds[outer] !== LBRACE && !this.#braceMayFollow(at - 1)) {
			this.problems.push({ token: at, message: `expected '${kinds[outer] === LPAREN ? ")" : "]"}' before '{'`, open: outer });
			this.#leaveGroups(0);
			this.#params = true;
		}
		if (opened.length === 0) {
			const before = kinds[at - 1];
			if (kinds[at] === LBRACE && this.#params && !this.#initialised) this.hasBody = true;
			else if (kinds[at] === LPAREN && at > this.#from)
				this.#params ||= hasGroup[before] !== 1 && before !== K_TYPEOF && before !== K_TYPEOF_UNQUAL;
		}
		if (opened.push(at) > MAX_DEPTH) this.tooDeep = true;
	}

	/** True: with this bracket the declaration ends. */
	#closeAndEnd(at: number): boolean {
		const { kinds } = this.#tokens;
		const opened = this.#opened;
		const opener = opened.at(-1);
		if (opener === undefined) {
			this.problems.push({ token: at, message: `'${this.#tokens.text(at)}' closes nothing`, open: -1 });
			return true;
		}
		const expected = kinds[opener] === LBRACE ? RBRACE : kinds[opener] === LPAREN ? RPAREN : RBRACKET;
		if (kinds[at] !== expected) {
			const message = `'${this.#tokens.text(opener)}' is not closed before '${this.#tokens.text(at)}'`;
			this.problems.push({ token: at, message, open: opener });
			// A brace ends what was left open inside it; anything else is left to the grammar.
			if (kinds[at] !== RBRACE) return false;
			this.#leaveGroups(1);
		}
		opened.pop();
		if (opened.length > 0) return false;
		if (this.#params && this.#close < 0) this.#close = at;
		return this.hasBody && kinds[at] === RBRACE;
	}

	/** Closes parentheses and square brackets, to the brace around them or so many. */
	#leaveGroups(least: number): void {
		const opened = this.#opened;
		while (opened.length > least && this.#tokens.kinds[opened[opened.length - 1]] !== LBRACE) opened.pop();
	}

	/** Within parentheses a brace stands only behind `(`, a cast, `=`, or a record's or enum's head. */
	#braceMayFollow(before: number): boolean {
		const { kinds } = this.#tokens;
		const k = kinds[before];
		if (k === LPAREN || k === RPAREN || k === EQUALS || isTagWord[k] === 1) return true;
		if (k !== Kind.identifier || before === 0) return false;
		const head = kinds[before - 1];
		return isTagWord[head] === 1 || head === RPAREN || head === COLON;
	}
}
