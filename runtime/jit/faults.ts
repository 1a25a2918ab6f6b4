/**
 * Faults of generated code, explained when they happen and not before: entries are the generated functions themselves, without a
 * wrapper that catches, because a wrapper costs as much as a small program. Who runs an entry passes what it threw through here.
 */
import type { Entry } from "../program.ts";

/** Thrown by the host's stand-in for a helper; its stack says where the program called it. */
export class NotSimulated extends Error {}

type Explain = (thrown: unknown) => unknown;

const explanations = new WeakMap<Entry, Explain>();

/** The engine's word on what an exception out of this entry means. */
export function explainedBy(entry: Entry, explain: Explain): Entry {
	explanations.set(entry, explain);
	return entry;
}

/** A trap or range error of a generated function as a ProgramFault with its C line; anything else as it came. */
export function explainFault(entry: Entry, thrown: unknown): unknown {
	return explanations.get(entry)?.(thrown) ?? thrown;
}
