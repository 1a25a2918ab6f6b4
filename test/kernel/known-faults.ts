/**
 * Programs that 6.18 accepts by a fault and that are refused here on purpose (docs/internals/verifier.md): what the refusal says, and what must be in
 * the program. The judge counts them apart.
 */
import type { RecordedCase } from "../support/case-image.ts";

interface KnownFault {
	readonly name: string;
	/** Our message. */
	readonly message: RegExp;
	/** What the program must have; absent: anything. */
	readonly when?: (one: RecordedCase) => boolean;
}

export const KNOWN_FAULTS: readonly KnownFault[] = [
];

/** The fault's name; null when the refusal is not one of these. */
export function knownFault(message: string, one: RecordedCase): string | null {
	return KNOWN_FAULTS.find((fault) => fault.message.test(message) && (fault.when === undefined || fault.when(one)))?.name ?? null;
}
