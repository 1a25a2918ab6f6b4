import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/**
 * Compares (or, with --write, fills in) the expected values of the torture tests with what the native compiler computes.
 *
 *     npx tsx test/torture/expectations.ts [--write]
 */
const folder = import.meta.dirname;
const PATTERN = /^TEST\((\w+), (-?\d+)\)/gm;

export const testsIn = (text: string): { name: string; expected: bigint }[] => [...text.matchAll(PATTERN)].map(([, name, value]) => ({ name, expected: BigInt(value) }));

export const files = (): string[] => readdirSync(folder).filter((name) => name.endsWith(".c")).sort();

/** Value of each test, natively. */
export function native(file: string, compiler = "gcc"): Map<string, bigint> {
	const text = readFileSync(join(folder, file), "utf8");
	const scratch = mkdtempSync(join(tmpdir(), "torture-"));
	try {
		const calls = testsIn(text).map(({ name }) => `printf("${name} %lld\\n", ${name}(0));`);
		const source = `int printf(const char *, ...);\n#include "${join(folder, file)}"\nint main(void) { ${calls.join(" ")} return 0; }\n`;
		writeFileSync(join(scratch, "main.c"), source);
		execFileSync(compiler, ["-w", "-O1", "-fwrapv", "-fno-strict-aliasing", "-std=gnu17", join(scratch, "main.c"), "-o", join(scratch, "main")]);
		const lines = execFileSync(join(scratch, "main")).toString().trim().split("\n");
		return new Map(lines.map((line) => [line.split(" ")[0], BigInt(line.split(" ")[1])]));
	} finally {
		rmSync(scratch, { recursive: true });
	}
}

if (process.argv[1] === import.meta.filename) {
	let wrong = 0;
	for (const file of files()) {
		const path = join(folder, file);
		const text = readFileSync(path, "utf8");
		const values = native(file);
		for (const { name, expected } of testsIn(text)) {
			if (values.get(name) === expected) continue;
			wrong++;
			console.log(`${file}: ${name} is ${values.get(name)} natively, the test expects ${expected}`);
		}
		if (process.argv.includes("--write")) writeFileSync(path, text.replace(PATTERN, (_, name: string) => `TEST(${name}, ${values.get(name)})`));
	}
	console.log(wrong === 0 ? "all values agree" : `${wrong} values differ`);
	process.exitCode = wrong === 0 || process.argv.includes("--write") ? 0 : 1;
}
