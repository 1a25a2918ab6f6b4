import type { Rejection } from "../facts.ts";
import type { Clues } from "./clues.ts";

/** What one of the kernel's messages means. The words' `$` names are those of `diagnoses.ts`. */
export interface Diagnosis {
	/** Stable. */
	readonly code: string;
	readonly pattern: RegExp;
	/** What else must be so for the row to count: the pattern's groups, what the log says before the message, registers and slots as it prints them, a loop without a bound. */
	readonly when?: (groups: readonly string[], notes: readonly string[], state: Rejection["state"], loop: Rejection["loop"]) => boolean;
	readonly title: string;
	/** What must hold. */
	readonly needed: string;
	/** What to change; null: nothing that holds in general. */
	readonly edit: string | ((clues: Clues) => string | null) | null;
}
