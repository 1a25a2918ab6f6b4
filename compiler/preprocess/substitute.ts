/** A macro's body with the arguments of one call put in (C11 6.10.3.1 to 6.10.3.3, `__VA_OPT__` of C23, GNU's comma in front of `##`). */
import { Kind, kindOf } from "../source/kinds.ts";
import { Flag } from "../source/lexer.ts";
import type { Macro, Tok } from "./macros.ts";
import { PLACEMARKER, type TokenMaker } from "./paste.ts";

export interface Arg {
	/** False for variable arguments that the call leaves out. */
	readonly given: boolean;
	readonly raw: readonly Tok[];
	expanded: readonly Tok[] | null;
	stringized: Tok | null;
}

/** The call whose macro is replaced. */
export interface Call {
	readonly macro: Macro;
	readonly args: readonly Arg[];
	/** Of the expansion: what tokens of the body come out of. */
	readonly record: number;
	readonly vaOpt: number;
	readonly maker: TokenMaker;
	/** Replaces macros in an argument on its own. */
	expandList(tokens: readonly Tok[]): Tok[];
	/** The expansion of tokens of an argument, which came out of another one before. */
	recordOf(argument: number): number;
	tooLong(): void;
}

const LPAREN = kindOf("(");
const RPAREN = kindOf(")");
const COMMA = kindOf(",");
const HASH = kindOf("#");
const PASTE = kindOf("##");

/** Tokens that one macro call may make. */
export const MAX_LIST = 1_000_000;

export class Substitution {
	readonly #call: Call;
	/** Where the variable arguments are. */
	readonly #last: number;
	readonly #records = new Map<number, number>();

	constructor(call: Call) {
		this.#call = call;
		this.#last = (call.macro.params?.length ?? 0) - 1;
	}

	/** Of the whole body. */
	of(body: readonly Tok[]): Tok[] {
		return withoutPlacemarkers(this.#tokens(body));
	}

	/** Of the body or a part of it, with placemarkers where there is nothing. */
	#tokens(body: readonly Tok[]): Tok[] {
		const out: Tok[] = [];
		for (let i = 0; i < body.length; i++) {
			if (body[i].kind === PASTE && i > 0) continue;
			const end = this.#endOfPiece(body, i);
			const pasteBefore = body[i - 1]?.kind === PASTE;
			const pasteAfter = body[end + 1]?.kind === PASTE;
			if (pasteBefore && this.#isBehindComma(body, i)) this.#behindComma(out, body[i], pasteAfter);
			else this.#join(out, this.#piece(body, i, end, pasteBefore || pasteAfter), pasteBefore);
			if (out.length > MAX_LIST) {
				this.#call.tooLong();
				return [];
			}
			i = end;
		}
		return out;
	}

	/** The last token of what begins here: `#x`, `__VA_OPT__(…)` and `#__VA_OPT__(…)` are more than one. */
	#endOfPiece(body: readonly Tok[], at: number): number {
		if (this.#isHash(body, at)) return body[at + 1].kind === Kind.parameter ? at + 1 : closing(body, at + 2);
		return this.#isVaOpt(body, at) ? closing(body, at + 1) : at;
	}

	#isHash(body: readonly Tok[], at: number): boolean {
		return body[at].kind === HASH && this.#call.macro.params !== null && at + 1 < body.length;
	}

	#isVaOpt(body: readonly Tok[], at: number): boolean {
		const { kind, value } = body[at];
		return kind === Kind.identifier && value === this.#call.vaOpt && this.#call.macro.variadic && body[at + 1]?.kind === LPAREN;
	}

	#piece(body: readonly Tok[], at: number, end: number, pasted: boolean): Tok[] {
		const { args, record, maker } = this.#call;
		const token = body[at];
		if (this.#isHash(body, at)) {
			const operand = body[at + 1];
			if (operand.kind !== Kind.parameter)
				return [
					{ ...maker.stringize(withoutPlacemarkers(this.#ofVaOpt(body.slice(at + 3, end))), token), flags: token.flags, expansion: record },
				];
			const arg = args[operand.value];
			arg.stringized ??= maker.stringize(arg.raw, token);
			return [{ ...arg.stringized, flags: token.flags, expansion: record }];
		}
		if (token.kind === Kind.parameter) {
			const arg = args[token.value];
			return this.#put(pasted ? arg.raw : this.#expanded(arg), token);
		}
		if (this.#isVaOpt(body, at)) {
			const piece = this.#ofVaOpt(body.slice(at + 2, end));
			if (piece.length === 0) return [nothing(token)];
			piece[0].flags = (piece[0].flags & ~Flag.space) | (token.flags & Flag.space);
			return piece;
		}
		return [{ kind: token.kind, flags: token.flags, value: token.value, location: token.location, expansion: record }];
	}

	/** Nothing, unless the variable argument holds something once it is expanded. */
	#ofVaOpt(inner: readonly Tok[]): Tok[] {
		const { args } = this.#call;
		const present = this.#last >= 0 && args.length > this.#last && this.#expanded(args[this.#last]).length > 0;
		return present ? this.#tokens(inner) : [];
	}

	/** GNU: `, ## __VA_ARGS__` takes the comma away when the call has no variable arguments (empty ones are some), and pastes nothing. */
	#isBehindComma(body: readonly Tok[], at: number): boolean {
		const { kind, value } = body[at];
		return kind === Kind.parameter && this.#call.macro.variadic && value === this.#last && at >= 2 && body[at - 2].kind === COMMA;
	}

	#behindComma(out: Tok[], token: Tok, pasteAfter: boolean): void {
		const { raw, given } = this.#call.args[token.value];
		if (!given && out.length > 0 && out[out.length - 1].kind === COMMA) out.pop();
		if (raw.length > 0 || pasteAfter) for (const t of this.#put(raw, pasteAfter ? token : raw[0])) out.push(t);
	}

	#expanded(arg: Arg): readonly Tok[] {
		arg.expanded ??= this.#call.expandList(arg.raw);
		return arg.expanded;
	}

	/** Argument tokens remember both the call and where they came from. */
	#put(tokens: readonly Tok[], first: Tok): Tok[] {
		if (tokens.length === 0) return [nothing(first)];
		return tokens.map((t, i) => ({
			kind: t.kind,
			flags: i === 0 ? (t.flags & Flag.noExpand) | (first.flags & Flag.space) : t.flags,
			value: t.value,
			location: t.location,
			expansion: this.#recordOf(t.expansion),
		}));
	}

	#recordOf(argument: number): number {
		let record = this.#records.get(argument);
		if (record === undefined) {
			record = this.#call.recordOf(argument);
			this.#records.set(argument, record);
		}
		return record;
	}

	#join(out: Tok[], piece: Tok[], pasteBefore: boolean): void {
		if (!pasteBefore || out.length === 0) {
			for (const token of piece) out.push(token);
			return;
		}
		const left = out.pop() as Tok;
		for (const token of this.#call.maker.paste(left, piece[0])) out.push(token);
		for (let i = 1; i < piece.length; i++) out.push(piece[i]);
	}
}

/** Stands where an argument or `__VA_OPT__` of the body gives no token. */
function nothing({ flags }: Tok): Tok {
	return { ...PLACEMARKER, flags: flags & Flag.space };
}

/** White space in front of nothing stands in front of the next token; one at the end stays, for what follows the call. */
function withoutPlacemarkers(tokens: readonly Tok[]): Tok[] {
	const out: Tok[] = [];
	let space = 0;
	for (const token of tokens) {
		if (token.kind === Kind.placemarker) space |= token.flags;
		else {
			token.flags |= space;
			space = 0;
			out.push(token);
		}
	}
	if (space !== 0) out.push({ ...PLACEMARKER, flags: space });
	return out;
}

/** Index of the parenthesis that closes the one at `open`. */
function closing(body: readonly Tok[], open: number): number {
	let depth = 0;
	for (let i = open; i < body.length; i++) {
		if (body[i].kind === LPAREN) depth++;
		else if (body[i].kind === RPAREN && --depth === 0) return i;
	}
	return body.length;
}
