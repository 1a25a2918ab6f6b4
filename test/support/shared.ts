import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** Path of a file of test data kept beside the repository, or null where it is not there. */
export function shared(path: string): string | null {
	const file = fileURLToPath(new URL(`../../../shared/${path}`, import.meta.url));
	return existsSync(file) ? file : null;
}
