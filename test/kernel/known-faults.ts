/** Differences that are faults of 6.18 (docs/internals/verifier.md), which the judge counts apart: what it accepts and is refused here on purpose. */
import type { Rejection } from "../../runtime/verifier/facts.ts";
import type { RecordedCase } from "../support/case-image.ts";

const E2BIG = 7;

interface KnownFault {
	readonly name: string;
	/** Our message, of what the kernel accepts. */
	readonly message: RegExp;
	/** What the case must be; absent: any. */
	readonly when?: (one: RecordedCase) => boolean;
}

const from = (...names: readonly string[]) => (one: RecordedCase): boolean => names.some((name) => one.id.includes(name));

/** r1 = r10, and nothing is added to it before the call. */
function passesFrame({ insns }: RecordedCase): boolean {
	const bytes = Buffer.from(insns ?? "", "hex");
	for (let at = 0, whole = false; at < bytes.length; at += 8) {
		if (bytes[at] === 0xbf && bytes[at + 1] === 0xa1) whole = true;
		else if ((bytes[at] === 0x07 || bytes[at] === 0xbf) && (bytes[at + 1] & 15) === 1) whole = false;
		else if (bytes[at] === 0x85 && whole) return true;
	}
	return false;
}

export const KNOWN_FAULTS: readonly KnownFault[] = [
	{ name: "number plus pointer keeps the number's frame", message: /invalid mem access 'scalar'/, when: from("stack_ptr_arith_preserves_frameno") },
	{ name: "number plus slice keeps the number's dynptr", message: /invalid mem access 'scalar'/, when: from("dynptr_slice_commuted_invalidate") },
	{ name: "kernel struct for a global function that writes", message: /./, when: from("trusted_btf_field_to_writable_mem") },
	{ name: "iterator at fp+0 taken for the one at fp-8", message: /expected (an )?(un)?initialized iter_/, when: passesFrame },
	{ name: "context of a tracepoint before its start", message: /^invalid bpf_context access off=-/, when: ({ prog_type }) => [5, 17, 24, 26, 27].includes(prog_type) },
];

/** The fault's name; null when the difference is not one of these. */
export function knownFault({ message, unseenBy618, errno }: Rejection, one: RecordedCase): string | null {
	// Not where the second walk merely does not end.
	if (unseenBy618 === true && errno !== E2BIG) return "path taken for walked";
	return KNOWN_FAULTS.find((fault) => fault.message.test(message) && (fault.when === undefined || fault.when(one)))?.name ?? null;
}
