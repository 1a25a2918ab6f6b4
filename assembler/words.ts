/** Tables of names, written as a text instead of a line a name. */

/** @example words("int char long") // ["int", "char", "long"] */
export function words(text: string): string[] {
	return text.trim().split(/\s+/);
}

export function wordSet(text: string): ReadonlySet<string> {
	return new Set(words(text));
}
