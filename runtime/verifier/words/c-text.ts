/**
 * What one line of C says about memory, calls and names: enough to name the expression and the variables behind an instruction, from the
 * text that BTF's line records carry. No types, no other lines; what is not recognised is null.
 *
 *     v[i] = p->len + *q + *(int *)(r + n);      accesses: v[i], p->len, *q, *(int *)(r + n)      assigned: v[i]
 */
import { wordSet } from "../../../assembler/words.ts";
export interface AccessText {
	readonly text: string;
	/** Where it starts, from 0. */
	readonly at: number;
	/** The pointer: `v`, `p`, `q`. */
	readonly base: string;
	/** Inside the last brackets, or what is added before the star. */
	readonly index: string | null;
	/** What the star is before: `(__u16 *)(p + 2)`. Null where there is none. */
	readonly address: string | null;
}

/** The expressions of the line that read or write through a pointer. */
function accesses(line: string): AccessText[] {
	const text = blanked(line);
	const out: AccessText[] = [];
	const word = /[A-Za-z_]\w*/g;
	for (let match = word.exec(text); match !== null; match = word.exec(text)) {
		let start = match.index;
		if (/[\w.]$/.test(text.slice(0, start)) || /->\s*$/.test(text.slice(0, start)) || KEYWORDS.has(match[0])) continue;
		let end = start + match[0].length;
		let base = match[0];
		let index: string | null = null;
		let through = false;
		// `((char *)data)[i]`: the parentheses of a cast belong to it.
		const cast = /\(\s*\([^()]*\*\s*\)\s*$/.exec(text.slice(0, start));
		const shut = /^\s*\)(?=\s*(?:->|\[))/.exec(text.slice(end));
		const word0 = match[0];
		let bare = false;
		if (cast !== null && shut !== null) {
			start = cast.index;
			end += shut[0].length;
			bare = true;
		}
		const pointer = (): string => (bare ? word0 : text.slice(start, end));
		for (;;) {
			const rest = text.slice(end);
			const member = /^\s*(->|\.)\s*[A-Za-z_]\w*/.exec(rest);
			const bracket = /^\s*\[/.exec(rest);
			if (member !== null) {
				if (member[1] === "->") {
					base = pointer();
					index = null;
					through = true;
				}
				end += member[0].length;
				bare = false;
			} else if (bracket !== null) {
				const close = closing(text, end + bracket[0].length - 1);
				if (close < 0) break;
				base = pointer();
				index = line.slice(end + bracket[0].length, close).trim();
				through = true;
				end = close + 1;
				bare = false;
			} else break;
		}
		const star = through ? null : starBefore(text, start, end);
		if (star !== null)
			out.push({
				text: line.slice(star.at, star.end),
				at: star.at,
				base: text.slice(start, end),
				index: star.added,
				address: line.slice(star.at + 1, star.end).trim(),
			});
		else if (through && !/^\s*\(/.test(text.slice(end)))
			out.push({ text: line.slice(start, end), at: start, base: base.replace(/\s+/g, ""), index, address: null });
		word.lastIndex = Math.max(word.lastIndex, match.index + match[0].length);
	}
	return out;
}

/** `*p`, `*(T *)p`, `*(p + n)`, `*((T *)p + n)`: a star that is no multiplication before the name, with casts and one sum between. */
function starBefore(text: string, start: number, end: number): { at: number; end: number; added: string | null } | null {
	const before = /(?:^|[^\w\s)\]*]|\b(?:return|else))\s*(\*+)\s*((?:\([^()]*\*\s*\)\s*)*)(\(\s*(?:\([^()]*\*\s*\)\s*)*)?$/.exec(
		text.slice(0, start),
	);
	if (before === null) return null;
	const at = start - (before[0].length - before[0].indexOf("*"));
	if (before[3] === undefined) return { at, end, added: null };
	const close = closing(text, start - before[3].length);
	const added = /^\s*\+\s*(\S.*?)\s*$/.exec(text.slice(end, Math.max(close, end)));
	if (close < 0 || (added === null && text.slice(end, close).trim() !== "")) return null;
	return { at, end: close + 1, added: added?.[1] ?? null };
}

/** The one meant at the column (from 1): the pointer is known by name, or the nearest. */
export function accessAt(line: string, column: number, pointer: string | null, how: "load" | "store" | null = null): AccessText | null {
	const every = accesses(line);
	// Of an assignment, the left side is written and the right one read; `x += y` reads both.
	const assignment = how === null ? -1 : blanked(line).search(/[^=!<>+\-*/%&|^]=(?!=)/);
	const sided = assignment < 0 ? every : every.filter(({ at }) => (how === "store" ? at <= assignment : at > assignment));
	const all = sided.length > 0 ? sided : every;
	const named = pointer === null ? [] : all.filter(({ base }) => base === pointer || base.startsWith(`${pointer}->`));
	const among = named.length > 0 ? named : all;
	const distance = ({ at, text }: AccessText): number =>
		column - 1 < at ? at - column + 1 : column - 1 >= at + text.length ? column - at - text.length + 1 : 0;
	return among.toSorted((a, b) => distance(a) - distance(b))[0] ?? null;
}

/** Arguments of the call of `name` on the line; also of a macro that ends in it. Null when there is none, or it goes on on the next line. */
export function argumentsOf(line: string, name: string): readonly string[] | null {
	const text = blanked(line);
	const call = new RegExp(`\\b(?:\\w+_)?${name.replace(/[^\w]/g, "")}\\s*\\(`).exec(text);
	if (call === null) return null;
	const open = call.index + call[0].length - 1;
	const close = closing(text, open);
	const inner = text.slice(open + 1, close < 0 ? undefined : close);
	const out: string[] = [];
	let depth = 0;
	let from = 0;
	for (let i = 0; i <= inner.length; i++) {
		const c = inner[i];
		if (c === "(" || c === "[" || c === "{") depth++;
		if (c === ")" || c === "]" || c === "}") depth--;
		if (i === inner.length || (c === "," && depth === 0)) {
			out.push(line.slice(open + 1 + from, open + 1 + i).trim());
			from = i + 1;
		}
	}
	return out;
}

/** `struct x *v = f();`, `a->b = …`, `v += …`, `int i;`: the name before the first assignment. */
export function assignedIn(line: string): string | null {
	const text = blanked(line);
	const match = /([A-Za-z_]\w*(?:\s*(?:->|\.)\s*\w+|\[[^\]]*\])*)\s*(?:[-+*/%&|^]|<<|>>)?=(?!=)/.exec(text);
	if (match !== null) return line.slice(match.index, match.index + match[1].length).replace(/\s+/g, "");
	const declared =
		/^\s*(?:(?:const|volatile|unsigned|signed|static|struct|union|enum)\s+)*[A-Za-z_]\w*(?:\s+|\s*\*+\s*)([A-Za-z_]\w*)\s*(?:\[[^\]]*\])*\s*;/.exec(
			text,
		);
	return declared === null || KEYWORDS.has(declared[1]) || /^\s*(return|goto)\b/.test(text) ? null : declared[1];
}

/** `&key`, `&e->hdr`, `buf`: the object's name. */
export function objectOf(argument: string): string | null {
	const match = /^(?:\([^()]*\)\s*)*&?\s*([A-Za-z_]\w*(?:\s*(?:->|\.)\s*\w+)*)(?:\[[^\]]*\])?$/.exec(argument);
	return match === null ? null : match[1].replace(/\s+/g, "");
}

/** Without a comment at its end, trimmed. */
export const withoutComment = (line: string): string => line.replace(/\s*(?:\/\/.*|\/\*(?:(?!\*\/).)*\*\/)\s*$/, "").trim();

/** The token at the column: what a caret underlines when no expression is known. */
export function tokenAt(line: string, column: number): number {
	const rest = line.slice(column - 1);
	const call = /^[A-Za-z_]\w*\s*\(/.exec(rest);
	if (call !== null) {
		const close = closing(blanked(line), column - 1 + call[0].length - 1);
		if (close >= 0) return close + 2 - column;
	}
	return /^(?:[A-Za-z_]\w*|\d\w*|[-+*/%&|^=<>!]+)/.exec(rest)?.[0].length ?? 1;
}

const KEYWORDS = wordSet(`
	if else for while do return sizeof switch case goto struct union enum const int char long short unsigned
	signed void static SEC
`);

/** Strings, character constants and comments as blanks. */
function blanked(line: string): string {
	return line.replace(/"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|\/\*.*?\*\/|\/\/.*$/g, (text) => " ".repeat(text.length)).replaceAll("\t", " ");
}

function closing(text: string, open: number): number {
	let depth = 0;
	for (let i = open; i < text.length; i++) {
		if ("([{".includes(text[i])) depth++;
		if (")]}".includes(text[i]) && --depth === 0) return i;
	}
	return -1;
}
