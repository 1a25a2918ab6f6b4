/**
 * Data for tests that lives beside the repository and not in it (cases with a kernel's answers, vectors of the original XRP).
 * Tests that need it say in one line that they are skipped when it is absent.
 */
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../../shared/", import.meta.url));

/** The file's path; null, and a line on the console, when it is not there. @example shared("verify/isa.jsonl") */
export function shared(path: string): string | null {
	const full = root + path;
	if (existsSync(full)) return full;
	console.log(`skipped: ../shared/${path} is not there`);
	return null;
}
