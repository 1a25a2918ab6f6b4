/** clang-19, llvm and bpftool as oracles, where they are installed. Tests that need one say in one line that they are skipped without it. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Whether a tool is on the path; a line on the console when it is not. */
export function hasTool(name: string): boolean {
	try {
		// Csmith leaves a file in the folder it is started in.
		execFileSync(name, ["--version"], { stdio: "ignore", cwd: tmpdir() });
		return true;
	} catch {
		console.log(`skipped: ${name} is not installed`);
		return false;
	}
}

/** Runs `action` with an empty folder that is gone afterwards. */
export function inFolder<T>(action: (folder: string) => T): T {
	const folder = mkdtempSync(join(tmpdir(), "ebpfcc-"));
	try {
		return action(folder);
	} finally {
		rmSync(folder, { recursive: true, force: true });
	}
}

/** Standard output of a command. */
export const run = (command: string, args: readonly string[], folder?: string): string =>
	execFileSync(command, args, { cwd: folder, encoding: "utf8", maxBuffer: 1 << 28, stdio: ["ignore", "pipe", "pipe"] });

/** What clang-19 makes of a C text: an object, or with "-S" assembly; the same from every folder. */
export function clang(source: string, flags: readonly string[] = []): Uint8Array {
	return inFolder((folder) => {
		writeFileSync(join(folder, "prog.c"), source);
		run(
			"clang-19",
			[
				"-O2",
				"-g",
				"-target",
				"bpf",
				"-mcpu=v3",
				"-I/usr/include/x86_64-linux-gnu",
				"-w",
				...(flags.includes("-S") ? [] : ["-c"]),
				...flags,
				"-fdebug-compilation-dir=/",
				"prog.c",
				"-o",
				"out",
			],
			folder,
		);
		return new Uint8Array(readFileSync(join(folder, "out")));
	});
}
