/** Real objects to mutate: clang's of the corpus, where it has been fetched, else our own compiler's. */
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { compileTo } from "../support/compile-file.ts";
import { inFolder } from "../support/clang.ts";
import { PROGRAMS } from "../support/programs.ts";
import type { NamedObject } from "./objects.ts";

/** A mutation costs as much as its object is long. */
const MOST_BYTES = 60_000;

export function corpusObjects(count: number): NamedObject[] {
	const folder = join(process.env.CORPUS_DIR ?? join(homedir(), ".cache/bpf-corpus"), "baseline");
	if (!existsSync(folder)) return [];
	const hash = (name: string): string => createHash("sha256").update(name).digest("hex");
	return readdirSync(folder, { recursive: true, encoding: "utf8" })
		.filter((name) => name.endsWith(".o") && statSync(join(folder, name)).size <= MOST_BYTES)
		.sort((a, b) => (hash(a) < hash(b) ? -1 : 1))
		.slice(0, count)
		.map((name) => ({ name, bytes: new Uint8Array(readFileSync(join(folder, name))) }));
}

/** What the examples and test programs compile to. */
export function ownObjects(): NamedObject[] {
	return inFolder((folder) => {
		const examples = existsSync("examples") ? readdirSync("examples", { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".bpf.c")) : [];
		const programs = Object.entries(PROGRAMS).map(([name, text]) => {
			writeFileSync(join(folder, `${name}.c`), text);
			return join(folder, `${name}.c`);
		});
		return [...examples.map((name) => join("examples", name)), ...programs].flatMap((path) => {
			const bytes = compileTo(path, "obj");
			return bytes instanceof Uint8Array ? [{ name: path.slice(path.lastIndexOf("/") + 1), bytes }] : [];
		});
	});
}
