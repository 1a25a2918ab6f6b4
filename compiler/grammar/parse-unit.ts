/**
 * The preprocessed tokens as a unit that is parsed on demand (`unit.ts` says what the checker sees of it).
 */
import type { DiagnosticSink } from "../diagnostics/diagnostic.ts";
import type { Preprocessed } from "../preprocess/preprocess.ts";
import { Kind, kindOf } from "../source/kinds.ts";
import type { ExternalDecl } from "./ast.ts";
import { type Chunks, splitChunks, Trait } from "./chunks.ts";
import { Parser, type StartRule } from "./parser.ts";
import type { ExternalTypes, ParsedUnit, Root } from "./unit.ts";

export function parseUnit(source: Preprocessed, external: ExternalTypes | null, sink: DiagnosticSink): ParsedUnit {
	const { tokens, names } = source;
	/** Names looked up in type information: is it a type? */
	const externalTypes = new Map<number, boolean>();
	const externalType = (name: number): boolean => {
		if (external === null) return false;
		let known = externalTypes.get(name);
		if (known === undefined) {
			known = external.typedef(names.text(name)) !== null;
			externalTypes.set(name, known);
		}
		return known;
	};
	const chunks = splitChunks(tokens, source.programLength, source.pragmas, source.deferred, externalType);
	const parsed: (ExternalDecl | null | undefined)[] = [];

	for (const problem of chunks.problems) {
		const notes = problem.open < 0 ? [] : [{ message: "it was opened here", span: { from: problem.open, to: problem.open + 1 } }];
		sink.report({ code: "E0152", severity: "error", message: problem.message, span: { from: problem.token, to: problem.token + 1 }, notes });
	}

	const isTypedef = (name: number): boolean => (name < chunks.isTypedef.length && chunks.isTypedef[name] === 1) || (!chunks.ordinary.has(name) && externalType(name));
	function* typeNames(): Iterable<string> {
		for (const name of chunks.ordinary.names()) if (name < chunks.isTypedef.length && chunks.isTypedef[name] === 1) yield names.text(name);
	}
	const parser = new Parser({ tokens, pragmas: source.pragmas, types: { isTypedef }, sink, typeNames });

	function parse(chunk: number): ExternalDecl | null {
		let tree = parsed[chunk];
		if (tree === undefined) {
			// A chunk with unbalanced brackets has been complained about.
			const broken = chunks.problems.some((p) => p.token >= chunks.starts[chunk] && p.token < chunks.ends[chunk]);
			tree = broken ? null : parseTokens(chunk);
			parsed[chunk] = tree;
		}
		return tree;
	}

	/** What was passed over in a large header is read now. */
	function parseTokens(chunk: number): ExternalDecl | null {
		const from = chunks.starts[chunk];
		const to = chunks.ends[chunk];
		const rule = startRule(source, chunks, chunk);
		const whole = tokens.kinds.subarray(from, to).includes(Kind.deferred) ? source.read(from, to) : { from, to };
		return parser.parse(whole.from, whole.to, rule);
	}

	const present = (list: readonly (ExternalDecl | null)[]): ExternalDecl[] => list.filter((d) => d !== null);
	let roots: readonly Root[] | null = null;

	return {
		tokens,
		external,
		get roots() {
			roots ??= findRoots(source, chunks).flatMap(({ chunk, emit }) => {
				const decl = parse(chunk);
				return decl === null ? [] : [{ decl, emit }];
			});
			return roots;
		},
		ordinary(name) {
			const id = names.intern(name);
			return chunks.ordinary.has(id) ? present(chunks.ordinary.chunks(id).map(({ chunk }) => parse(chunk))) : [];
		},
		hasTag(name) {
			return chunks.tags.has(names.intern(name));
		},
		tag(name) {
			const id = names.intern(name);
			if (!chunks.tags.has(id)) return [];
			const found = chunks.tags.chunks(id);
			const defining = found.filter((c) => c.defines);
			// With a definition at hand, mere mentions tell nothing new.
			return present((defining.length > 0 ? defining : found.slice(0, 1)).map(({ chunk }) => parse(chunk)));
		},
		*ordinaryNames() {
			for (const name of chunks.ordinary.names()) yield names.text(name);
		},
		*tagNames() {
			for (const name of chunks.tags.names()) yield names.text(name);
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
		const emit = ((trait & Trait.defines) !== 0 && ((trait & Trait.kept) !== 0 || (!isStatic && !inlineOnly))) || ((trait & Trait.other) !== 0 && source.tokens.kinds[chunks.starts[chunk]] !== SEMICOLON);
		if (emit) out.push({ chunk, emit: true });
		else {
			const location = tokens.fileLocation(chunks.starts[chunk]);
			if (location >= main.base && location <= main.base + main.bytes.length) out.push({ chunk, emit: false });
		}
	}
	return out;
}
