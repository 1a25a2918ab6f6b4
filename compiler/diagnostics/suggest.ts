/** "Did you mean": the candidate with the fewest edits, if they are few for the word's length. */

export function nearest(word: string, candidates: Iterable<string>): string | null {
	let limit = Math.floor((word.length + 2) / 3);
	let best: string | null = null;
	for (const candidate of candidates) {
		if (candidate === word || Math.abs(candidate.length - word.length) > limit) continue;
		const distance = edits(word, candidate, limit);
		if (distance < limit || (distance === limit && best === null)) {
			best = candidate;
			limit = distance;
		}
	}
	return best;
}

/** Levenshtein's distance with exchanges of neighbours, or more than `limit`. */
function edits(a: string, b: string, limit: number): number {
	let beforeLast: number[] = [];
	let last = Array.from({ length: b.length + 1 }, (_, i) => i);
	for (let i = 1; i <= a.length; i++) {
		const row = [i];
		let least = i;
		for (let j = 1; j <= b.length; j++) {
			const same = a[i - 1] === b[j - 1] ? 0 : 1;
			let cost = Math.min(row[j - 1] + 1, last[j] + 1, last[j - 1] + same);
			if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) cost = Math.min(cost, beforeLast[j - 2] + 1);
			row.push(cost);
			least = Math.min(least, cost);
		}
		if (least > limit) return limit + 1;
		beforeLast = last;
		last = row;
	}
	return last[b.length];
}
