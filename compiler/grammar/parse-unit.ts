/**
 * The preprocessed tokens as a unit that is parsed on demand (`unit.ts` says what the checker sees of it).
 */
import type { DiagnosticSink, TokenSpan } from "../diagnostics/diagnostic.ts";
import { Kind, kindOf } from "../source/kinds.ts";
import type { ExternalDecl } from "./ast.ts";
import { beginsStatement, type OddBrace, oddBrace } from "./brackets.ts";
import { type Chunks, splitChunks } from "./chunks.ts";
import { Trait } from "./declared-names.ts";
import type { NameIndex } from "./name-index.ts";
import { withPrototype } from "./old-style.ts";
import { Parser, type StartRule } from "./parser.ts";
import type { ExternalTypes, ParsedUnit, Root } from "./unit.ts";
import type { Preprocessed } from "../preprocess/options.ts";

export function parseUnit(source: Preprocessed, external: ExternalTypes | null, sink: DiagnosticSink, c23 = false): ParsedUnit {
	const { tokens, names } = source;
	/** Names looked up in outlines and type information: is it a type? */
	const externalTypes = new Map<number, boolean>();
	const { outlines } = source;
	const externalType = (name: number): boolean => {
		if (external === null && outlines.length === 0) return false;
		let known = externalTypes.get(name);
		if (known === undefined) {
			const text = names.text(name);
			known = outlines.some((outline) => outline.isTypedef(text)) || (external?.typedef(text) ?? null) !== null;
			externalTypes.set(name, known);
		}
		return known;
	};
	const chunks = splitChunks(tokens, source.programLength, source.pragmas, source.deferred, externalType);
	const parsed: (ExternalDecl | null | undefined)[] = [];

	const broken = new Set<number>();
	for (const problem of chunks.problems) {
		broken.add(problem.chunk);
		const notes =
			problem.open < 0 ? braceNotes(problem) : [{ message: "it was opened here", span: { from: problem.open, to: problem.open + 1 } }];
		sink.report({
			code: "E0152",
			severity: "error",
			message: problem.message,
			span: { from: problem.token, to: problem.token + 1 },
			notes,
		});
	}

	/** What the indentation says of a brace that is never closed, or that closes nothing. */
	function braceNotes({ token, chunk }: Chunks["problems"][number]): { readonly message: string; readonly span: TokenSpan }[] {
		const note = ({ token: at, opener }: OddBrace, words: string) => [
			{
				message: `this '}' closes the '{' of line ${tokens.sources.presumed(tokens.messageLocation(opener)).line}, which begins further to the ${words}`,
				span: { from: at, to: at + 1 },
			},
		];
		if (tokens.kinds[token] === kindOf("{")) {
			const odd = oddBrace(tokens, token, chunks.ends[chunk], "left");
			return odd === null ? [] : note(odd, "right: is one missing before it?");
		}
		if (tokens.kinds[token] !== kindOf("}")) return [];
		let before = chunk - 1;
		// What follows the function up to here was to be its end, and says nothing of its own.
		for (; before >= 0 && tokens.kinds[chunks.ends[before] - 1] !== kindOf("}"); before--)
			if (beginsStatement(tokens.kinds[chunks.starts[before]])) broken.add(before);
		const odd = before < 0 ? null : oddBrace(tokens, chunks.starts[before], chunks.ends[before], "right");
		return odd === null ? [] : note(odd, "left: is it one too many?");
	}

	const isTypedef = (name: number): boolean =>
		(name < chunks.isTypedef.length && chunks.isTypedef[name] === 1) || (!chunks.ordinary.has(name) && externalType(name));
	function* typeNames(): Iterable<string> {
		for (const name of chunks.ordinary.names()) if (name < chunks.isTypedef.length && chunks.isTypedef[name] === 1) yield names.text(name);
		for (const outline of outlines) yield* outline.typedefNames();
	}
	const parser = new Parser({ tokens, pragmas: source.pragmas, types: { isTypedef }, sink, typeNames });

	function parse(chunk: number): ExternalDecl | null {
		let tree = parsed[chunk];
		if (tree === undefined) {
			// A chunk with unbalanced brackets has been complained about.
			tree = broken.has(chunk) ? null : parseTokens(chunk);
			parsed[chunk] = tree;
		}
		return tree;
	}

	/** What was passed over in a large header is read now. */
	function parseTokens(chunk: number): ExternalDecl | null {
		const from = chunks.starts[chunk];
		const to = chunks.ends[chunk];
		const rule = startRule(source, chunks, chunk);
		const names = chunks.oldStyle.get(chunk);
		if (names !== undefined) {
			const { name, ...rewritten } = withPrototype(tokens, from, names, to);
			const span = { from: name, to: name + 1 };
			if (c23)
				sink.report({
					code: "E0154",
					severity: "error",
					message: "a function definition without a prototype is not supported in C23",
					span,
				});
			else
				sink.report({
					code: "W0154",
					severity: "warning",
					group: "deprecated-non-prototype",
					message: "a function definition without a prototype is deprecated in all versions of C and is not supported in C23",
					span,
				});
			return parser.parse(rewritten.from, rewritten.to, rule);
		}
		const whole = tokens.kinds.subarray(from, to).includes(Kind.deferred) ? source.read(from, to) : { from, to };
		return parser.parse(whole.from, whole.to, rule);
	}

	/** Declarations of large headers, by number. */
	const outlined = outlines.map(() => new Map<number, ExternalDecl | null>());
	function parseOutlined(outline: number, declaration: number): ExternalDecl | null {
		let tree = outlined[outline].get(declaration);
		if (tree === undefined) {
			const { from, to } = source.readOutlined(outlines[outline].get(declaration));
			tree = parser.parse(from, to, "declaration");
			outlined[outline].set(declaration, tree);
		}
		return tree;
	}

	/** Where declarations stand among the chunks: each with the token that it, or what stands for it, begins with. */
	type Found = { readonly at: number; readonly defines: boolean; tree(): ExternalDecl | null };
	const inChunks = (index: NameIndex, name: number): Found[] =>
		index.chunks(name).map(({ chunk, defines }) => ({ at: chunks.starts[chunk], defines, tree: () => parse(chunk) }));
	const inOutline = (outline: number, declarations: readonly number[], defines: boolean): Found[] =>
		declarations
			.filter((declaration) => declaration >= 0)
			.map((declaration) => ({ at: outlines[outline].get(declaration).token, defines, tree: () => parseOutlined(outline, declaration) }));
	const inOrder = (found: Found[]): Found[] => found.sort((a, b) => a.at - b.at);
	const trees = (found: readonly Found[]): ExternalDecl[] => present(found.map((f) => f.tree()));

	function findOrdinary(name: string): Found[] {
		const found = inChunks(chunks.ordinary, names.intern(name));
		outlines.forEach((outline, i) => found.push(...inOutline(i, [outline.typedef(name)], true)));
		if (found.length > 0) return found;
		return outlines.flatMap((outline, i) => inOutline(i, outline.enumsWith(name), true));
	}

	function findTag(name: string): Found[] {
		const found = inChunks(chunks.tags, names.intern(name));
		outlines.forEach((outline, i) => {
			const { declaration, defines } = outline.tag(name);
			found.push(...inOutline(i, [declaration], defines));
		});
		return found;
	}

	const present = (list: readonly (ExternalDecl | null)[]): ExternalDecl[] => list.filter((d) => d !== null);
	let roots: readonly Root[] | null = null;

	return {
		tokens,
		external,
		weakNames: new Set(source.pragmas.weak.map(({ name }) => name)),
		get roots() {
			roots ??= findRoots(source, chunks).flatMap(({ chunk, emit }) => {
				const decl = parse(chunk);
				return decl === null ? [] : [{ decl, emit }];
			});
			return roots;
		},
		ordinary(name) {
			return trees(inOrder(findOrdinary(name)));
		},
		variables(name) {
			return trees(inChunks(chunks.ordinary, names.intern(name)));
		},
		hasTag(name) {
			return chunks.tags.has(names.intern(name)) || outlines.some((outline) => outline.hasTag(name));
		},
		tag(name) {
			const found = inOrder(findTag(name));
			const defining = found.filter((f) => f.defines);
			// With a definition at hand, mere mentions tell nothing new.
			return trees(defining.length > 0 ? defining : found.slice(0, 1));
		},
		*ordinaryNames() {
			for (const name of chunks.ordinary.names()) yield names.text(name);
			for (const outline of outlines) yield* outline.ordinaryNames();
		},
		*tagNames() {
			for (const name of chunks.tags.names()) yield names.text(name);
			for (const outline of outlines) yield* outline.tagNames();
		},
	};
}

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
