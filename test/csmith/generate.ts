/**
 * A seed → a C program by Csmith (Regehr's group, University of Utah; a Debian package) and the checksum that gcc's code computes for it.
 * Everything that eBPF has is on: bit-fields, packed structs, unions, volatile and const members, pointers to pointers. The sizes are
 * held down so that most programs fit a stack of 512 bytes, eight frames and five arguments.
 */
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const headers = join(import.meta.dirname, "include");

const FLAGS = [
	"--no-argc", "--no-float", "--concise", "--quiet",
	"--max-funcs", "4", "--max-block-depth", "3", "--max-block-size", "3", "--max-expr-complexity", "8",
	"--max-array-dim", "2", "--max-array-len-per-dim", "5", "--max-struct-fields", "6", "--max-union-fields", "4",
] as const;

/** Milliseconds that Csmith, gcc and the program may take each. */
const PATIENCE = 3_000;

export const includeFolder = headers;

/** Every fourth seed: bits counted, found and reversed. */
const BUILTINS = ["--builtins", "--disable-builtin-kinds", "x86"] as const;

/** Csmith leaves a file beside it (platform.info), hence the folder. */
export function generate(seed: number): string | null {
	try {
		return execFileSync("csmith", ["--seed", String(seed), ...FLAGS, ...(seed % 4 === 3 ? BUILTINS : [])], { cwd: tmpdir(), encoding: "utf8", timeout: PATIENCE, stdio: ["ignore", "pipe", "ignore"] });
	} catch {
		return null;
	}
}

/** The program's checksum; null when it does not end in time. */
export function native(text: string, folder: string): bigint | null {
	const program = join(folder, "program.c");
	const binary = join(folder, "program");
	writeFileSync(program, text);
	execFileSync("gcc", ["-w", "-O0", "-fwrapv", "-fno-strict-aliasing", "-std=gnu17", `-I${headers}`, `-DPROGRAM="${program}"`, join(headers, "native.c"), "-o", binary], { timeout: 20_000, stdio: "pipe" });
	try {
		return BigInt(execFileSync(binary, { encoding: "utf8", timeout: PATIENCE, stdio: ["ignore", "pipe", "ignore"] }).trim());
	} catch {
		return null;
	}
}
