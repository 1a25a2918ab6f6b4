/** `--type`: a number, a name as in BPF_PROG_TYPE_*, or what a section's name begins with. */
import { sectionRow, typeNumbers } from "../assembler/spec/attach-types.ts";
import { programTypes, XRP } from "../assembler/spec/program-types.ts";
import type { OpenOptions } from "../runtime/loader/open.ts";
import { Complaint } from "./files.ts";

/** @throws Complaint where nothing is called that */
export function typeOption(text: string | undefined): Pick<OpenOptions, "type"> {
	if (text === undefined) return {};
	if (/^\d+$/.test(text)) return { type: Number(text) };
	if (text === XRP) return { type: XRP };
	const row = sectionRow(text);
	if (row !== undefined) {
		const choice = typeNumbers(row);
		return { type: () => choice };
	}
	const name = text.toUpperCase().replace(/^BPF_PROG_TYPE_/, "");
	const known = programTypes.find((one) => one.name === name);
	if (known === undefined)
		throw new Complaint(
			`--type ${text}: no program type; a section's prefix (xdp, tc, kprobe, …), a name as in BPF_PROG_TYPE_*, its number, or ${XRP}`,
		);
	return { type: known.id };
}
