/** Finds the C sources that an example compiles. */
import { existsSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** A folder of C files, whether this runs from its sources or from the built package, which brings them along. */
export function sourceFolder(path: string): string {
	for (let at = dirname(fileURLToPath(import.meta.url)); ; at = dirname(at)) {
		const folder = join(at, path);
		if (existsSync(folder) && readdirSync(folder).some((name) => name.endsWith(".c"))) return folder;
		if (dirname(at) === at) throw new Error(`the package's folder ${path} is missing`);
	}
}
