/**
 * The preprocessed tokens as a unit that is parsed on demand (`unit.ts` says what the checker sees of it).
 */
import type { DiagnosticSink } from "../diagnostics/diagnostic.ts";
import type { TokenBuffer } from "../preprocess/buffer.ts";
import type { Preprocessed } from "../preprocess/options.ts";
import { Kind, kindOf } from "../source/kinds.ts";
import type { ExternalDecl } from "./ast.ts";
import { type Chunks, splitChunks } from "./chunks.ts";
import { Trait } from "./declared-names.ts";
import type { NameIndex } from "./name-index.ts";
import { bareNames, withPrototype } from "./old-style.ts";
import { Parser, type StartRule } from "./parser.ts";
import { reportUnbalanced } from "./unbalanced.ts";
import type { ExternalTypes, ParsedUnit, Root } from "./unit.ts";

/** Of which edition of C the text is, as far as definitions in the old style go. */
interface Standard {
	readonly c23?: boolean;
	readonly c89?: boolean;
}

export function parseUnit(source: Preprocessed, external: ExternalTypes | null, sink: DiagnosticSink, standard: Standard = {}): ParsedUnit {
	return new LazyUnit(source, external, sink, standard);
}

/** Where a declaration stands among the chunks: the token that it, or what stands for it, begins with. */
interface Found {
	readonly at: number;
	readonly defines: boolean;
	tree(): ExternalDecl | null;
}

class LazyUnit implements ParsedUnit {
	readonly tokens: TokenBuffer;
	readonly weakNames: ReadonlySet<string>;
	readonly external: ExternalTypes | null;
	readonly #source: Preprocessed;
	readonly #sink: DiagnosticSink;
	readonly #standard: Standard;
	/** Names looked up in outlines and type information: is it a type? */
	readonly #externalTypes = new Map<number, boolean>();
	readonly #chunks: Chunks;
	/** Chunks with unbalanced brackets, which have been complained about. */
	readonly #broken: ReadonlySet<number>;
	readonly #parser: Parser;
	readonly #parsed: (ExternalDecl | null | undefined)[] = [];
	/** Declarations of large headers, by number. */
	readonly #outlined: readonly Map<number, ExternalDecl | null>[];
	#roots: readonly Root[] | null = null;

	constructor(source: Preprocessed, external: ExternalTypes | null, sink: DiagnosticSink, standard: Standard) {
		const { tokens, pragmas } = source;
		this.tokens = tokens;
		this.weakNames = new Set(pragmas.weak.map(({ name }) => name));
		this.external = external;
		this.#source = source;
		this.#sink = sink;
		this.#standard = standard;
		this.#outlined = source.outlines.map(() => new Map());
		this.#chunks = splitChunks(tokens, source.programLength, pragmas, source.deferred, (name) => this.#isExternalType(name));
		this.#broken = reportUnbalanced(tokens, this.#chunks, sink);
		this.#parser = new Parser({
			tokens,
			pragmas,
			types: { isTypedef: (name) => this.#isTypedef(name) },
			sink,
			typeNames: () => this.#typeNames(),
		});
	}

	get roots(): readonly Root[] {
		this.#roots ??= findRoots(this.#source, this.#chunks).flatMap(({ chunk, emit }) => {
			const decl = this.#parse(chunk);
			return decl === null ? [] : [{ decl, emit }];
		});
		return this.#roots;
	}

	ordinary(name: string): readonly ExternalDecl[] {
		return trees(inOrder(this.#findOrdinary(name)));
	}

	variables(name: string): readonly ExternalDecl[] {
		return trees(this.#inChunks(this.#chunks.ordinary, name));
	}

	hasTag(name: string): boolean {
		return this.#chunks.tags.has(this.#source.names.intern(name)) || this.#source.outlines.some((outline) => outline.hasTag(name));
	}

	tag(name: string): readonly ExternalDecl[] {
		const found = inOrder(this.#findTag(name));
		const defining = found.filter((f) => f.defines);
		// With a definition at hand, mere mentions tell nothing new.
		return trees(defining.length > 0 ? defining : found.slice(0, 1));
	}

	*ordinaryNames(): Iterable<string> {
		for (const name of this.#chunks.ordinary.names()) yield this.#source.names.text(name);
		for (const outline of this.#source.outlines) yield* outline.ordinaryNames();
	}

	*tagNames(): Iterable<string> {
		for (const name of this.#chunks.tags.names()) yield this.#source.names.text(name);
		for (const outline of this.#source.outlines) yield* outline.tagNames();
	}

	// ── which names are types ──

	#isExternalType(name: number): boolean {
		const { outlines, names } = this.#source;
		if (this.external === null && outlines.length === 0) return false;
		let known = this.#externalTypes.get(name);
		if (known === undefined) {
			const text = names.text(name);
			known = outlines.some((outline) => outline.isTypedef(text)) || (this.external?.typedef(text) ?? null) !== null;
			this.#externalTypes.set(name, known);
		}
		return known;
	}

	#isTypedef(name: number): boolean {
		const { isTypedef, ordinary } = this.#chunks;
		return (name < isTypedef.length && isTypedef[name] === 1) || (!ordinary.has(name) && this.#isExternalType(name));
	}

	*#typeNames(): Iterable<string> {
		const { isTypedef, ordinary } = this.#chunks;
		for (const name of ordinary.names()) if (name < isTypedef.length && isTypedef[name] === 1) yield this.#source.names.text(name);
		for (const outline of this.#source.outlines) yield* outline.typedefNames();
	}

	// ── where declarations stand ──

	#findOrdinary(name: string): Found[] {
		const { outlines } = this.#source;
		const found = this.#inChunks(this.#chunks.ordinary, name);
		outlines.forEach((outline, i) => found.push(...this.#inOutline(i, [outline.typedef(name)], true)));
		if (found.length > 0) return found;
		return outlines.flatMap((outline, i) => this.#inOutline(i, outline.enumsWith(name), true));
	}

	#findTag(name: string): Found[] {
		const found = this.#inChunks(this.#chunks.tags, name);
		this.#source.outlines.forEach((outline, i) => {
			const { declaration, defines } = outline.tag(name);
			found.push(...this.#inOutline(i, [declaration], defines));
		});
		return found;
	}

	#inChunks(index: NameIndex, name: string): Found[] {
		return index
			.chunks(this.#source.names.intern(name))
			.map(({ chunk, defines }) => ({ at: this.#chunks.starts[chunk], defines, tree: () => this.#parse(chunk) }));
	}

	#inOutline(outline: number, declarations: readonly number[], defines: boolean): Found[] {
		return declarations
			.filter((declaration) => declaration >= 0)
			.map((declaration) => ({
				at: this.#source.outlines[outline].get(declaration).token,
				defines,
				tree: () => this.#parseOutlined(outline, declaration),
			}));
	}

	// ── parsing, once each ──

	#parse(chunk: number): ExternalDecl | null {
		let tree = this.#parsed[chunk];
		if (tree === undefined) {
			tree = this.#broken.has(chunk) ? null : this.#parseChunk(chunk);
			this.#parsed[chunk] = tree;
		}
		return tree;
	}

	/** What was passed over in a large header is read now. */
	#parseChunk(chunk: number): ExternalDecl | null {
		const from = this.#chunks.starts[chunk];
		const to = this.#chunks.ends[chunk];
		const rule = startRule(this.#source, this.#chunks, chunk);
		const bare = (): number => (this.#standard.c23 ? -1 : bareNames(this.tokens, from, to, (name) => this.#isTypedef(name)));
		const names = this.#chunks.oldStyle.get(chunk) ?? bare();
		if (names >= 0) {
			const { name, undeclared, ...rewritten } = withPrototype(this.tokens, from, names, to);
			if (!this.#standard.c89) for (const parameter of undeclared) this.#reportUndeclared(parameter);
			this.#reportOldStyle(name);
			return this.#parser.parse(rewritten.from, rewritten.to, rule);
		}
		const whole = this.tokens.kinds.subarray(from, to).includes(Kind.deferred) ? this.#source.read(from, to) : { from, to };
		return this.#parser.parse(whole.from, whole.to, rule);
	}

	#reportUndeclared(parameter: number): void {
		this.#sink.report({
			code: "E0312",
			severity: "error",
			group: "implicit-int",
			message: `parameter '${this.tokens.text(parameter)}' was not declared, defaults to 'int'; ISO C99 and later do not support implicit int`,
			span: { from: parameter, to: parameter + 1 },
		});
	}

	#reportOldStyle(name: number): void {
		const span = { from: name, to: name + 1 };
		if (this.#standard.c23)
			this.#sink.report({
				code: "E0154",
				severity: "error",
				message: "a function definition without a prototype is not supported in C23",
				span,
			});
		else
			this.#sink.report({
				code: "W0154",
				severity: "warning",
				group: "deprecated-non-prototype",
				message: "a function definition without a prototype is deprecated in all versions of C and is not supported in C23",
				span,
			});
	}

	#parseOutlined(outline: number, declaration: number): ExternalDecl | null {
		const outlined = this.#outlined[outline];
		let tree = outlined.get(declaration);
		if (tree === undefined) {
			const { from, to } = this.#source.readOutlined(this.#source.outlines[outline].get(declaration));
			tree = this.#parser.parse(from, to, "declaration");
			outlined.set(declaration, tree);
		}
		return tree;
	}
}

const inOrder = (found: Found[]): Found[] => found.sort((a, b) => a.at - b.at);
const trees = (found: readonly Found[]): ExternalDecl[] => found.map((f) => f.tree()).filter((tree) => tree !== null);

const K_STATIC_ASSERT = kindOf("_Static_assert");
const K_ASM = kindOf("asm");
const K_EXTENSION = kindOf("__extension__");
const SEMICOLON = kindOf(";");
const LPAREN = kindOf("(");
const STAR = kindOf("*");

function startRule(source: Preprocessed, chunks: Chunks, chunk: number): StartRule {
	const { kinds } = source.tokens;
	let at = chunks.starts[chunk];
	const end = chunks.ends[chunk];
	if ((chunks.traits[chunk] & Trait.function) !== 0) {
		const implicit = (kinds[at] === Kind.identifier && kinds[at + 1] === LPAREN) || kinds[at] === STAR;
		return implicit ? "implicitFunctionDef" : "functionDef";
	}
	while (at < end && kinds[at] === K_EXTENSION) at++;
	if (kinds[at] === K_STATIC_ASSERT) return "staticAssert";
	if (kinds[at] === K_ASM) return "fileAsm";
	return kinds[at] === SEMICOLON ? "emptyDeclaration" : "declaration";
}

/** Chunks that must be looked at whether or not anything names them. */
function findRoots(source: Preprocessed, chunks: Chunks): { readonly chunk: number; readonly emit: boolean }[] {
	const { tokens } = source;
	const main = source.sources.files[0];
	const out: { chunk: number; emit: boolean }[] = [];
	for (let chunk = 0; chunk < chunks.count; chunk++) {
		const trait = chunks.traits[chunk];
		const isStatic = (trait & Trait.static) !== 0;
		// `inline` alone makes no symbol (C11 6.7.4p7); `extern inline` does.
		const inlineOnly = (trait & Trait.inline) !== 0 && (trait & Trait.extern) === 0;
		const emit =
			((trait & Trait.defines) !== 0 && ((trait & Trait.kept) !== 0 || (!isStatic && !inlineOnly))) ||
			((trait & Trait.other) !== 0 && source.tokens.kinds[chunks.starts[chunk]] !== SEMICOLON);
		if (emit) out.push({ chunk, emit: true });
		else {
			const location = tokens.fileLocation(chunks.starts[chunk]);
			if (location >= main.base && location <= main.base + main.bytes.length) out.push({ chunk, emit: false });
		}
	}
	return out;
}
