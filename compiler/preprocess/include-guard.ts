/**
 * Is a file all inside an include guard? It is when `#ifndef NAME` comes before everything else and nothing follows its `#endif`; such a file
 * need not be opened again while NAME is defined. Asked of the directives of one open file as they come.
 */
export class IncludeGuard {
	/** Directives of the file so far. */
	directives = 0;
	/** Tokens of the unit when the file began. */
	readonly #tokensBefore: number;
	/** The name of `#ifndef NAME` that opens the file, until something stands outside. */
	#name = -1;
	#depth = -1;
	#closedAt = -1;
	#directivesAtClose = -1;

	constructor(tokensBefore: number) {
		this.#tokensBefore = tokensBefore;
	}

	/** `#ifndef NAME` was met, `depth` conditions are open with it: the beginning of a guard if nothing stood before it. */
	ifndef(name: number, depth: number, tokens: number): void {
		if (this.directives === 1 && tokens === this.#tokensBefore && this.#name < 0) {
			this.#name = name;
			this.#depth = depth;
		}
	}

	else(depth: number): void {
		if (depth === this.#depth) this.#name = -1;
	}

	/** Called with the condition still open. */
	endif(depth: number, tokens: number): void {
		if (this.#name < 0 || depth !== this.#depth) return;
		this.#closedAt = tokens;
		this.#directivesAtClose = this.directives;
	}

	/** At the end of the file: the guard's name, −1 if there is none. */
	nameAtEnd(tokens: number): number {
		return this.#closedAt === tokens && this.#directivesAtClose === this.directives ? this.#name : -1;
	}
}
