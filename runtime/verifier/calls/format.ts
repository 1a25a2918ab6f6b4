/** Format strings of bpf_snprintf, bpf_trace_printk and their relatives (kernel/bpf/helpers.c bpf_bprintf_prepare). */

export interface Specifier {
	/** From the % to behind its last letter. */
	readonly at: number;
	readonly end: number;
	readonly flags: string;
	readonly width: number;
	/** %ps, %pS, %pB: "symbol"; %p, %px, %pK: "pointer"; %pks and %pus: "s"; %i: "d". */
	readonly kind: "d" | "u" | "x" | "X" | "c" | "s" | "I4" | "i4" | "I6" | "i6" | "symbol" | "pointer";
	/** Of a number. */
	readonly bits: 32 | 64;
}

/** Behind a string or an address stands the end, white space or punctuation: a letter would make it something else in the kernel's own printf. */
const LETTER = "[0-9A-Za-z\\x80-\\x9f\\xc0-\\xd6\\xd8-\\xf6\\xf8-\\xff]";
const SPECIFIER = new RegExp(
	`%%|%(?<flags>[0+\\- ]*)(?<width>[1-9]\\d*)?(?:p(?<pointer>[ku]s(?!${LETTER})|[iI][46]|[KxsSB]|(?!${LETTER}))|(?<string>s)(?!${LETTER})|(?<char>c)|(?<long>ll?)?(?<number>[iduxX]))|%`,
	"g",
);
/** White space, and no other control characters. Bytes of UTF-8 are text (since 6.17). */
const PRINTABLE = /^[\t-\r -~\x80-\xff]*$/;

/** What stands in a format, a character for each byte; null: the kernel refuses it. */
export function specifiersOf(format: string): Specifier[] | null {
	if (!PRINTABLE.test(format)) return null;
	const found: Specifier[] = [];
	for (const match of format.matchAll(SPECIFIER)) {
		const [whole] = match;
		if (whole === "%%") continue;
		if (whole === "%") return null;
		const { flags, width, pointer, string, char, long, number } = match.groups ?? {};
		const kind =
			number !== undefined
				? number === "i"
					? "d"
					: number
				: string !== undefined || pointer?.[1] === "s"
					? "s"
					: (char ?? pointerKind(pointer));
		found.push({
			at: match.index,
			end: match.index + whole.length,
			flags,
			width: Number(width ?? 0),
			kind: kind as Specifier["kind"],
			bits: long === undefined ? 32 : 64,
		});
	}
	return found;
}

function pointerKind(letters: string): Specifier["kind"] {
	if (letters.length === 2) return letters as Specifier["kind"];
	return letters !== "" && "sSB".includes(letters) ? "symbol" : "pointer";
}

/** MAX_BPRINTF_VARARGS */
export const MOST_VALUES = 12;

/** `bytes` of 64-bit values go with it, if that is `constant`. */
export function formatIsValid(format: string, bytes: number, constant: boolean): boolean {
	const values = constant ? bytes / 8 : 0;
	if (!Number.isInteger(values) || values > MOST_VALUES) return false;
	const specifiers = specifiersOf(format);
	return specifiers !== null && specifiers.length <= values;
}
