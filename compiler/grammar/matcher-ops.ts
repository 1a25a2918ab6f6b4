/** The matcher's parsing expressions, each with its numbers in `tables.ts` (an expression is an index into that list). */
export const Op = {
	/** kind */
	token: 0,
	/** first kind, last kind */
	range: 1,
	/** n, n expressions */
	sequence: 2,
	/** n, n times: set of tokens it begins with (−1: any), expression */
	choice: 3,
	/** least, most, nodes of each round, set, expression */
	repeat: 4,
	/** expression */
	not: 5,
	/** expression */
	lookahead: 6,
	/** rule */
	rule: 7,
	/** least, element, separator */
	list: 8,
} as const;
