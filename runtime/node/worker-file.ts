/** The file that XRP's threads run: in its own place in the built package; among the sources it is bundled first, since a thread loads no TypeScript. */
import { existsSync, rmSync } from "node:fs";
import { fileURLToPath, pathToFileURL } from "node:url";

export async function workerFile(): Promise<URL> {
	if (import.meta.url.endsWith(".ts")) return bundledWorker();
	for (const path of ["./xrp.worker.js", "../runtime/node/xrp.worker.js", "./runtime/node/xrp.worker.js"]) {
		const file = new URL(path, import.meta.url);
		if (existsSync(fileURLToPath(file))) return file;
	}
	throw new Error("the package lacks runtime/node/xrp.worker.js");
}

let bundle: Promise<URL> | undefined;

function bundledWorker(): Promise<URL> {
	bundle ??= (async () => {
		// A name that bundlers do not follow: the built package neither has nor needs it.
		const name = "esbuild";
		const { build } = (await import(name)) as typeof import("esbuild");
		const outfile = fileURLToPath(new URL(`../../node_modules/.cache/ebpfcc/xrp.worker.${process.pid}.mjs`, import.meta.url));
		await build({
			entryPoints: [fileURLToPath(new URL("./xrp.worker.ts", import.meta.url))],
			outfile,
			bundle: true,
			format: "esm",
			platform: "node",
			target: "node20",
			packages: "external",
			logLevel: "error",
		});
		process.once("exit", () => rmSync(outfile, { force: true }));
		return pathToFileURL(outfile);
	})();
	return bundle;
}
