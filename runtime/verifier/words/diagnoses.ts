/**
 * What the kernel's verifier says, and what it means: one row a message. The rows serve our own rejections and pasted kernel logs alike.
 *
 * `pattern` is the kernel's text; the first row that matches counts. In the words `$1` … are the pattern's groups, and
 *
 *     $v  the C variable concerned        $f  the function called here        $n  the argument's number
 *     $a  the argument's C text           $k  what is known of the value      $e  the types expected
 *     $r  the C variable that holds the reference                             $w  "read" or "written"
 *     $x  how a program of this type ends: return XDP_PASS;                  $t  the program type
 *     $u  what was read without a value: a variable, an argument, the return value
 *     $c  the part of the context that is accessed
 */
import type { Rejection } from "../facts.ts";
import { CALL_ROWS } from "./rows-calls.ts";
import { PROGRAM_ROWS } from "./rows-program.ts";
import { VALUE_ROWS } from "./rows-values.ts";
import type { Diagnosis } from "./diagnosis.ts";

export const DIAGNOSES: readonly Diagnosis[] = [...VALUE_ROWS, ...CALL_ROWS, ...PROGRAM_ROWS];

/** Comes after a message that says more. */
const AFTERWORD = /^arg#\d+ arg#\d+ memory, len pair leads to invalid memory access/;

export function diagnose(
	message: string,
	notes: readonly string[] = [],
	state: Rejection["state"] = undefined,
	loop: Rejection["loop"] = undefined,
): { readonly row: Diagnosis; readonly groups: readonly string[] } | null {
	if (AFTERWORD.test(message)) {
		const cause = notes.findLast((note) => !AFTERWORD.test(note));
		const found = cause === undefined ? null : diagnose(cause, notes, state, loop);
		if (found !== null) return found;
	}
	for (const row of DIAGNOSES) {
		const match = row.pattern.exec(message);
		if (match !== null && (row.when === undefined || row.when(match, notes, state, loop))) return { row, groups: [...match] };
	}
	return null;
}
