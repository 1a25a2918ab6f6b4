/** The C program beside this file, compiled and kept running: it takes part in every round. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface, type Interface } from "node:readline";
import { sourceFolder } from "../../../examples/bpf-kv/source-folder.ts";
import type { Workload } from "./file.ts";

export class NativeReads {
	readonly #child: ChildProcess;
	readonly #lines: Interface;

	private constructor(child: ChildProcess, lines: Interface) {
		this.#child = child;
		this.#lines = lines;
	}

	/** null when there is no gcc. */
	static start(folder: string, workload: Workload): NativeReads | null {
		const c = join(sourceFolder("test/bench/xrp"), "native.c");
		const program = join(folder, "native");
		if (spawnSync("gcc", ["-O2", "-o", program, c], { stdio: "ignore" }).status !== 0) return null;
		const list = join(folder, `keys.${workload.g.layers}`);
		writeFileSync(list, workload.keys.join("\n"));
		const child = spawn(program, [workload.path, list], { stdio: ["pipe", "pipe", "inherit"] });
		if (!child.stdout) throw new Error("the C program has no output");
		return new NativeReads(child, createInterface(child.stdout));
	}

	/** Milliseconds by the program's own clock. */
	run(from: number, count: number): Promise<{ milliseconds: number; hops: number }> {
		return new Promise((resolve, reject) => {
			const ended = () => reject(new Error("the C program found a wrong value"));
			this.#child.once("exit", ended);
			this.#lines.once("line", (line) => {
				this.#child.off("exit", ended);
				const [nanoseconds, hops] = line.split(" ").map(Number);
				resolve({ milliseconds: nanoseconds / 1e6, hops });
			});
			this.#child.stdin?.write(`${from} ${count}\n`);
		});
	}

	get pid(): number {
		return this.#child.pid ?? 0;
	}

	close(): void {
		this.#child.removeAllListeners("exit");
		this.#child.stdin?.end();
	}
}
