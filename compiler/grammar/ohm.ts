/** The few things of ohm that its own type declarations leave out. */
import * as ohm from "ohm-js";
import type { Grammar, MatchResult } from "ohm-js";

/** The other end of `grammar.toRecipe()`. */
export function loadRecipe(recipe: unknown): Grammar {
	const { makeRecipe } = ohm as unknown as { makeRecipe(recipe: unknown): Grammar };
	return makeRecipe(recipe);
}

/** Where a failed match got to, and the literals that would have let it go on. */
export function failureOf(match: MatchResult): { readonly at: number; readonly expected: readonly string[] } {
	const failed = match as unknown as { getRightmostFailurePosition(): number; getRightmostFailures(): readonly { getText(): string }[] };
	return { at: failed.getRightmostFailurePosition(), expected: failed.getRightmostFailures().map((f) => f.getText()) };
}
