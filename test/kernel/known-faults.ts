/**
 * Differences that are faults of 6.18 (docs/internals/verifier.md), which the judge counts apart: what it accepts and is refused here on purpose because it
 * would touch memory, and what it refuses because it lost count of itself.
 */
import type { RecordedCase } from "../support/case-image.ts";

interface KnownFault {
	readonly name: string;
	/** Whose message tells it: ours, of what the kernel accepts, or the kernel's, of what we accept. */
	readonly of: "ours" | "kernel";
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
	{ name: "number plus pointer keeps the number's frame", of: "ours", message: /invalid mem access 'scalar'/, when: from("stack_ptr_arith_preserves_frameno") },
	{ name: "number plus slice keeps the number's dynptr", of: "ours", message: /invalid mem access 'scalar'/, when: from("dynptr_slice_commuted_invalidate") },
	{ name: "frame of the caller after a tail call", of: "ours", message: /./, when: from("caller_stack_write_tail_call") },
	{ name: "kernel struct for a global function that writes", of: "ours", message: /./, when: from("trusted_btf_field_to_writable_mem") },
	{ name: "iterator at fp+0 taken for the one at fp-8", of: "ours", message: /expected (an )?(un)?initialized iter_/, when: passesFrame },
	{ name: "context of a tracepoint before its start", of: "ours", message: /^invalid bpf_context access off=-/, when: ({ prog_type }) => [5, 17, 24, 26, 27].includes(prog_type) },
	{ name: "loop left by an exception or an exit", of: "kernel", message: /^verifier bug: scc exit: no visit info/ },
];

/** The fault's name; null when the difference is not one of these. */
export function knownFault(of: KnownFault["of"], message: string, one: RecordedCase): string | null {
	return KNOWN_FAULTS.find((fault) => fault.of === of && fault.message.test(message) && (fault.when === undefined || fault.when(one)))?.name ?? null;
}
