/** No real type nests deeper. */
export const DEPTH = 64;

/**
 * A question about types that is answered by asking it of the types inside: once for each, since of records inside records, each twice in the next, it
 * would be asked for years. What is inside itself, or deeper than any real type, has the answer `none`.
 *
 * @param answer gives the answer for the type `id` of `owner`, and asks `inner` about others
 */
export function perType<Owner extends object, Answer>(
	none: Answer,
	answer: (owner: Owner, id: number, inner: (id: number) => Answer) => Answer,
): (owner: Owner, id: number) => Answer {
	const known = new WeakMap<Owner, Map<number, Answer>>();
	return (owner, id) => {
		const answers = known.get(owner) ?? new Map<number, Answer>();
		known.set(owner, answers);
		const ask = (one: number, depth: number): Answer => {
			if (answers.has(one)) return answers.get(one) as Answer;
			if (depth > DEPTH) return none;
			answers.set(one, none);
			const found = answer(owner, one, (inside) => ask(inside, depth + 1));
			answers.set(one, found);
			return found;
		};
		return ask(id, 0);
	};
}
