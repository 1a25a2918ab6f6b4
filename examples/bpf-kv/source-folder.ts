/** Finds the C sources that an example compiles. */
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** A folder of the package, whether this runs from its sources or from the built package. */
export function sourceFolder(path: string): string {
	for (let at = dirname(fileURLToPath(import.meta.url)); ; at = dirname(at)) {
		if (existsSync(join(at, "package.json")) && existsSync(join(at, path))) return join(at, path);
		if (dirname(at) === at) throw new Error(`the package's folder ${path} is missing`);
	}
}
