/**
 * -Wsometimes-uninitialized: from a branch all ways lead to a read of the variable, and on one side of it nothing stores to it. In: a read that some
 * ways reach with and some without a store, and what is known at the blocks' ends. The one idea, clang's (UninitializedValues): walk back from the read
 * over blocks all of whose ways on lead to it; the branches at the border of these decide.
 */
import type { TokenSpan } from "../diagnostics/diagnostic.ts";
import type { Block, Inst } from "../ir/types.ts";

/** Which words of the program a branch is from. */
export interface Reason {
	readonly word: "if" | "while" | "for" | "do" | "?:" | "&&" | "||";
	readonly span: TokenSpan;
	/** `!` stands between the condition and what is asked. */
	readonly flipped: boolean;
}

export interface Origins {
	readonly branches: Map<Inst, Reason>;
	/** The labels of a switch. */
	readonly labels: Map<Block, TokenSpan>;
}

export interface Side {
	readonly at: TokenSpan;
	readonly when: string;
	readonly cure: string | null;
}

/** What of a variable is known where a block ends. */
export type Stored = "always" | "never" | "perhaps";

export interface Ways {
	readonly order: readonly Block[];
	readonly origins: Origins;
	successors(block: Block): readonly Block[];
}

/** The sides of branches on which the variable stays without a value until the read in `use`. */
export function decidingSides(use: Block, ways: Ways, atEnd: (block: Block) => Stored): Side[] {
	const count = (block: Block): number => Math.max(1, ways.successors(block).length);
	const before = new Map<Block, Block[]>();
	for (const block of ways.order) for (const next of ways.successors(block)) before.set(next, [...(before.get(next) ?? []), block]);
	/** How many of a block's ways on lead to the read and nowhere else. */
	const leading = new Map([[use, count(use)]]);
	const work = [use];
	for (let block = work.pop(); block !== undefined; block = work.pop()) {
		for (const from of before.get(block) ?? []) {
			const known = atEnd(from);
			// A store, or the variable's declaration that a loop comes back to.
			if (known === "always" || (known === "perhaps" && atEnd(block) === "never")) continue;
			const now = (leading.get(from) ?? 0) + 1;
			leading.set(from, now);
			if (now === count(from)) work.push(from);
		}
	}
	const sides: Side[] = [];
	for (const block of ways.order) {
		const some = leading.get(block) ?? 0;
		if (some === 0 || some >= count(block) || atEnd(block) !== "never") continue;
		const taken = ways.successors(block).map((next) => (leading.get(next) ?? 0) >= count(next));
		sides.push(...sidesOf(block.insts.at(-1)!, taken, ways.origins));
	}
	return sides;
}

function sidesOf(end: Inst, taken: readonly boolean[], { branches, labels }: Origins): Side[] {
	const next = end.blocks ?? [];
	if (end.op === "switch") {
		const blocks = new Set(next.filter((_, i) => taken[i]));
		return [...blocks].flatMap((block) => {
			const at = labels.get(block);
			if (at === undefined) return [];
			// `default` itself, or the value behind `case`.
			return block === next[0]
				? [{ at, when: "switch default is taken", cure: null }]
				: [{ at: { from: at.from + 1, to: at.to }, when: "switch case is taken", cure: null }];
		});
	}
	const reason = branches.get(end);
	if (end.op !== "branch" || reason === undefined) return [];
	return taken.flatMap((is, i) => (is ? [sideOf(reason, (i === 0) !== reason.flipped)] : []));
}

function sideOf({ word, span }: Reason, holds: boolean): Side {
	const loop = word === "while" || word === "for" || word === "do";
	const entered = word === "do" ? "condition is true" : "is entered";
	const when = loop ? `'${word}' loop ${holds ? entered : "exits because its condition is false"}` : `'${word}' condition is ${holds}`;
	return {
		at: span,
		when,
		cure: loop ? `remove the condition if it is always ${!holds}` : `remove the '${word}' if its condition is always ${!holds}`,
	};
}
