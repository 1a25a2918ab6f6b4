/**
 * `@file` on the command line: the words of a file in its place, as LLVM and gcc read them. White space separates, quotes of both kinds keep it, a
 * backslash takes the next character as it is; words of the file may be `@file` again. A file that cannot be read leaves the word to be a name.
 */
export function expandResponses(argv: readonly string[], read: (path: string) => string | null, open: readonly string[] = []): string[] {
	return argv.flatMap((word) => {
		const path = word.startsWith("@") ? word.slice(1) : null;
		// A file within itself has no end: its name stays a word.
		const text = path === null || open.includes(path) ? null : read(path);
		return text === null ? [word] : expandResponses(words(text), read, [...open, path!]);
	});
}

const WORD = /(?:[^\s\\"']|\\[\s\S]|"(?:[^"\\]|\\[\s\S])*"?|'(?:[^'\\]|\\[\s\S])*'?|\\$)+/g;
const PART = /\\([\s\S])|["']/g;

function words(text: string): string[] {
	return (text.replace(/^\uFEFF/, "").match(WORD) ?? []).map((word) => {
		let open = "";
		return word.replace(PART, (part, escaped: string | undefined) => {
			if (escaped !== undefined) return escaped === "\n" ? "" : escaped;
			if (open !== "" && open !== part) return part;
			open = open === "" ? part : "";
			return "";
		});
	});
}
