import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { spawnSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { compile } from "../driver/compile.ts";
import { defaultOptions } from "../driver/options.ts";
import { hasTool, inFolder } from "../../test/support/clang.ts";

/** Lines of C with the warning groups that each brings under FLAGS; clang, where it is installed, must say the same at the same columns. */
const FLAGS = ["all", "extra", "shadow", "missing-prototypes", "implicit-fallthrough"];
const SOURCE = readFileSync(join(import.meta.dirname, "testing/warnings.c"), "utf8");

interface Said {
	readonly line: number;
	readonly text: string;
}

function ours(): Said[] {
	const options = defaultOptions({ read: () => null });
	const { diagnostics, tokens } = compile("warnings.c", SOURCE, { ...options, stage: "syntax", warnings: { ...options.warnings, flags: FLAGS } });
	return diagnostics.map(({ span, message, group }) => {
		const { line, column } = tokens!.sources.presumed(tokens!.messageLocation(span!.from));
		return { line, text: `${column}: ${message} [-W${group}]` };
	});
}

function clangs(): Said[] {
	return inFolder((folder) => {
		const path = join(folder, "warnings.c");
		writeFileSync(path, SOURCE);
		const { stderr } = spawnSync("clang-19", ["-target", "bpf", "-std=gnu17", "-fsyntax-only", "-fno-caret-diagnostics", ...FLAGS.map((flag) => `-W${flag}`), path], { encoding: "utf8" });
		return [...stderr.matchAll(/:(\d+):(\d+): (?:warning|error): (.*)$/gm)].map(([, line, column, text]) => ({ line: Number(line), text: `${column}: ${text}` }));
	});
}

const byLine = (said: readonly Said[]): string[] => [...said].sort((a, b) => a.line - b.line || (a.text < b.text ? -1 : 1)).map(({ line, text }) => `${line}:${text}`);

describe("warnings", () => {
	it("are those that each line of the sample expects", () => {
		const expected = SOURCE.split("\n").flatMap((text, i) => (/\/\/ (.*)$/.exec(text)?.[1].split(" ") ?? []).map((group) => `${i + 1} ${group}`));
		const got = ours().map(({ line, text }) => `${line} ${/\[-W(.*)\]$/.exec(text)?.[1]}`);
		expect(got.sort()).toEqual(expected.sort());
	});

	it.skipIf(!hasTool("clang-19"))("are clang's, word for word and column for column", () => {
		expect(byLine(ours())).toEqual(byLine(clangs()));
	});
});
