/**
 * The characters of string literals where the grammar itself wants text (asm templates, messages, section names). Values of literals in
 * expressions are the checker's business. C11 6.4.4.4, 6.4.5.
 */
const ESCAPES: Readonly<Record<string, string>> = { n: "\n", t: "\t", r: "\r", a: "\x07", b: "\b", f: "\f", v: "\v", e: "\x1b", E: "\x1b" };

export function joinStrings(parts: readonly string[]): string {
	return parts.map(unquote).join("");
}

function unquote(literal: string): string {
	const body = literal.slice(literal.indexOf('"') + 1, -1);
	return body.replace(/\\(x[0-9a-fA-F]+|[0-7]{1,3}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|[\s\S])/g, (_, code: string) => {
		const first = code[0];
		if (first === "x" && code.length > 1) return String.fromCharCode(Number.parseInt(code.slice(1), 16) & 0xff);
		if (first >= "0" && first <= "7") return String.fromCharCode(Number.parseInt(code, 8) & 0xff);
		if ((first === "u" || first === "U") && code.length > 1)
			return String.fromCodePoint(Math.min(Number.parseInt(code.slice(1), 16), 0x10ffff));
		return ESCAPES[first] ?? code;
	});
}
