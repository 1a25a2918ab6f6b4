/** The kernel whose types programs meet: the file asked for, the running kernel's, or those of Linux 6.18 that the package brings. */
import { FormatError } from "../assembler/bytes.ts";
import { BtfView } from "../assembler/btf/view.ts";
import { vmlinuxBtf } from "./compile-options.ts";
import { Complaint, reason } from "./files.ts";

/** The text of the option in every command's help. */
export const BTF_OPTION = [
	"--btf <file>",
	"the kernel's types: a file of raw BTF, or bundled for those of Linux 6.18 (default: the running kernel's, else bundled)",
] as const;

/** @throws Complaint for a file that cannot be read or holds no BTF */
export function kernelBtfOf(asked: string | undefined): BtfView | null {
	try {
		const bytes = vmlinuxBtf(asked ?? null);
		return bytes === null ? null : new BtfView(bytes);
	} catch (error) {
		if (error instanceof FormatError) throw new Complaint(`--btf ${asked}: ${error.message}`);
		if ((error as NodeJS.ErrnoException).code === undefined) throw error;
		throw new Complaint(`--btf ${asked}: ${reason(error)}`);
	}
}

/** The compiler's flags with the same types, for a C file. */
export const flagsFor = (flags: readonly string[] = [], asked?: string): readonly string[] =>
	asked === undefined ? flags : ["--btf", asked, ...flags];
