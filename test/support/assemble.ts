/** A recorded case's text to instructions, by our own assembler. */
import type { Insn } from "../../assembler/spec/insn.ts";
import { parseInsns } from "../../assembler/text/parse.ts";

/** @throws Error with the first thing that is wrong in the text */
export function assembleCase(text: string): Insn[] {
	const parsed = parseInsns(text, { dialect: "ubpf" });
	const [first] = parsed.errors;
	if (first !== undefined) throw new Error(`line ${first.line}: ${first.message}`);
	return [...parsed.insns];
}
