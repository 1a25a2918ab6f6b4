/**
 * What of large headers is read only when somebody asks for it: declarations that are noted by their names (`outline.ts`), and the bodies of
 * other records and enums (`defer.ts`). One token stands for each in the program; what is read of it goes behind the buffer's end.
 */
import type { SourceFile } from "../source/files.ts";
import { Kind, kindOf } from "../source/kinds.ts";
import { Flag, type Lexer } from "../source/lexer.ts";
import type { Names } from "../source/names.ts";
import type { TokenBuffer } from "./buffer.ts";
import { BodyScanner, type Deferred } from "./defer.ts";
import type { MacroTable } from "./macros.ts";
import type { Outline, Outlined } from "./outline.ts";
import { Boundary, type MacrosThen, macrosThen } from "./pass-over.ts";
import type { PragmaState } from "./pragma.ts";

export interface PostponedHost {
	readonly buffer: TokenBuffer;
	readonly names: Names;
	readonly macros: MacroTable;
	readonly pragmas: PragmaState;
	/** Where the built-in macros are defined. */
	readonly predefined: { readonly from: number; readonly to: number };
	isKeywordName(name: number): boolean;
	/** Reads a part of a file into the buffer, with the macros of its place. */
	readPart(file: SourceFile, part: { readonly from: number; readonly to: number }, macros: MacroTable): void;
}

const NONE: number[] = [];
const K_ENUM = kindOf("enum");
const SEMICOLON = kindOf(";");

export class Postponed {
	readonly deferred: Deferred[] = [];
	readonly outlines: Outline[] = [];
	readonly #host: PostponedHost;
	readonly #scanner: BodyScanner;
	readonly #boundary: Boundary;
	#snapshot: MacrosThen | null = null;

	constructor(host: PostponedHost) {
		this.#host = host;
		this.#scanner = new BodyScanner(host.names);
		this.#boundary = new Boundary(host.buffer, host.pragmas);
	}

	/** A line opens like a declaration: those from here on that nobody may ask for are only noted, one token stands for them. */
	passOver(lexer: Lexer, file: SourceFile, outline: Outline | null): boolean {
		const { buffer } = this.#host;
		if (outline === null || !this.#boundary.reached()) return false;
		const to = outline.take(lexer.start, buffer.length, this.#macrosNow());
		if (to === lexer.start) return false;
		if (!this.outlines.includes(outline)) this.outlines.push(outline);
		buffer.push(SEMICOLON, Flag.lineStart, 1, file.base + to - 1, 0);
		lexer.pos = to;
		return true;
	}

	/** The word `struct`, `union` or `enum` opens a line: may what follows wait? */
	defer(lexer: Lexer, file: SourceFile, word: number): void {
		const { buffer, macros } = this.#host;
		const { bytes } = lexer;
		const scanner = this.#scanner;
		if (!scanner.head(bytes, lexer.pos)) return;
		const { name: tag, from, open: brace } = scanner;
		if ((tag < 0 && word !== K_ENUM) || (tag >= 0 && (macros.defined[tag] === 1 || this.#host.isKeywordName(tag)))) return;
		const enumerators: number[] = word === K_ENUM ? [] : NONE;
		const to = word === K_ENUM ? scanner.endOfEnum(bytes, brace, macros, enumerators) : scanner.endOfRecord(bytes, brace);
		if (to === 0) return;
		if (tag >= 0) buffer.push(Kind.identifier, Flag.space, tag, file.base + from, 0);
		buffer.push(Kind.deferred, Flag.space, this.deferred.length, file.base + brace, 0);
		this.deferred.push({ file, from: brace, to, macros: this.#macrosNow().table, enumerators });
		lexer.pos = to;
	}

	/** The tokens once more, with everything deferred in them read. */
	read(from: number, to: number): { from: number; to: number } {
		const { buffer } = this.#host;
		const start = buffer.length;
		for (let i = from; i < to; i++) {
			const token = buffer.token(i);
			if (token.kind !== Kind.deferred) {
				buffer.push(token.kind, token.flags, token.value, token.location, token.expansion);
				continue;
			}
			const body = this.deferred[token.value];
			this.#host.readPart(body.file, body, body.macros);
		}
		buffer.moved.push({ from: start, to: buffer.length, anchor: from });
		return { from: start, to: buffer.length };
	}

	readOutlined({ file, from, to, token, macros }: Outlined): { from: number; to: number } {
		const { buffer } = this.#host;
		const start = buffer.length;
		this.#host.readPart(file, { from, to }, macros);
		buffer.moved.push({ from: start, to: buffer.length, anchor: token });
		return { from: start, to: buffer.length };
	}

	#macrosNow(): MacrosThen {
		const { macros, names, predefined } = this.#host;
		if (this.#snapshot === null || this.#snapshot.version !== macros.version) this.#snapshot = macrosThen(macros, names, predefined);
		return this.#snapshot;
	}
}
