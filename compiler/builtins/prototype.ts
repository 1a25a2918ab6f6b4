import { BOOL, CHAR, INT, LLONG, LONG, pointerTo, qualify, SIZE, UCHAR, UINT, ULLONG, ULONG, USHORT, VOID } from "../types/basic.ts";
import type { CType, FunctionType } from "../types/types.ts";

const LETTERS: Record<string, CType> = {
	v: VOID,
	i: INT,
	u: UINT,
	l: LONG,
	m: ULONG,
	L: LLONG,
	M: ULLONG,
	h: USHORT,
	y: UCHAR,
	b: BOOL,
	s: SIZE,
	p: pointerTo(VOID),
	P: pointerTo(qualify(VOID, { const: true })),
	c: pointerTo(qualify(CHAR, { const: true })),
	C: pointerTo(CHAR),
};

/** "iPPs" → int (const void *, const void *, size_t). */
export function prototype(letters: string): FunctionType {
	const variadic = letters.endsWith(".");
	const [result, ...params] = [...(variadic ? letters.slice(0, -1) : letters)].map((c) => LETTERS[c]!);
	return { kind: "function", result: result!, params: params.map((type) => ({ type })), variadic, unprototyped: false };
}
