/** Brackets that do not come in pairs: what is said of them, and which chunks are not parsed for them. */
import type { DiagnosticSink, TokenSpan } from "../diagnostics/diagnostic.ts";
import type { TokenBuffer } from "../preprocess/buffer.ts";
import { kindOf } from "../source/kinds.ts";
import { beginsStatement, type OddBrace, oddBrace } from "./brackets.ts";
import type { Chunks } from "./chunks.ts";

interface Note {
	readonly message: string;
	readonly span: TokenSpan;
}

/** Reports each, and gives the chunks about which there is no more to say. */
export function reportUnbalanced(tokens: TokenBuffer, chunks: Chunks, sink: DiagnosticSink): ReadonlySet<number> {
	const broken = new Set<number>();
	for (const problem of chunks.problems) {
		broken.add(problem.chunk);
		sink.report({
			code: "E0152",
			severity: "error",
			message: problem.message,
			span: { from: problem.token, to: problem.token + 1 },
			notes:
				problem.open < 0
					? braceNotes(tokens, chunks, problem, broken)
					: [{ message: "it was opened here", span: { from: problem.open, to: problem.open + 1 } }],
		});
	}
	return broken;
}

/** What the indentation says of a brace that is never closed, or that closes nothing. */
function braceNotes(tokens: TokenBuffer, chunks: Chunks, { token, chunk }: Chunks["problems"][number], broken: Set<number>): Note[] {
	if (tokens.kinds[token] === kindOf("{")) {
		const odd = oddBrace(tokens, token, chunks.ends[chunk], "left");
		return odd === null ? [] : [closesOther(tokens, odd, "right: is one missing before it?")];
	}
	if (tokens.kinds[token] !== kindOf("}")) return [];
	let before = chunk - 1;
	// What follows the function up to here was to be its end, and says nothing of its own.
	for (; before >= 0 && tokens.kinds[chunks.ends[before] - 1] !== kindOf("}"); before--)
		if (beginsStatement(tokens.kinds[chunks.starts[before]])) broken.add(before);
	const odd = before < 0 ? null : oddBrace(tokens, chunks.starts[before], chunks.ends[before], "right");
	return odd === null ? [] : [closesOther(tokens, odd, "left: is it one too many?")];
}

const closesOther = (tokens: TokenBuffer, { token, opener }: OddBrace, where: string): Note => ({
	message: `this '}' closes the '{' of line ${tokens.sources.presumed(tokens.messageLocation(opener)).line}, which begins further to the ${where}`,
	span: { from: token, to: token + 1 },
});
