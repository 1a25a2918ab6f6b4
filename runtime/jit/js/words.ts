/** Texts of 32-bit words. */

export const literal = /^-?\d+$/;

/** An int32 as an unsigned number; literals stay literals. */
export function unsigned(text: string): string {
	return literal.test(text) ? String(Number(text) >>> 0) : `(${text} >>> 0)`;
}
