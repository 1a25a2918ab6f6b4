/** Logs that the running kernel writes for the mistakes of newcomers, compiled by us and by clang: the same words as for our own rejection. */
import { execFileSync } from "node:child_process";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { compile, defaultOptions } from "../../compiler/index.ts";
import { readObject } from "../../runtime/load.ts";
import { openObject } from "../../runtime/loader/open.ts";
import { kernelBtf } from "../../runtime/node/environment.ts";
import { kernelTypes } from "../../runtime/verifier/btf.ts";
import { explain, explainLog, verify } from "../../runtime/verifier/index.ts";
import { whyNoKernel } from "../support/bpftool.ts";
import { BROKEN, type BrokenProgram, sourceOf } from "../support/broken-programs.ts";
import { clang, hasTool, inFolder } from "../support/clang.ts";

const why = whyNoKernel();
if (why !== null) console.log(`comparison with the running kernel skipped: ${why}`);
const btf = kernelBtf();
const haveClang = why === null && hasTool("clang-19");
/** One program in so many; `EXPLAIN_LOG=1`: all. */
const STEP = Number(process.env.EXPLAIN_LOG ?? 4);
/** A million instructions, or thousands of branches that wait, take both verifiers long. */
const programs = BROKEN.filter(({ capbpf, code }) => capbpf === undefined && code !== "V0400" && code !== "V0402");

/** What the kernel says of the object; null when it takes it. */
function kernelLog(object: Uint8Array, detailed: boolean): string | null {
	return inFolder((folder) => {
		const pin = `/sys/fs/bpf/ebpfcc-log-${process.pid}`;
		writeFileSync(join(folder, "x.o"), object);
		try {
			execFileSync("bpftool", [...(detailed ? ["-d"] : []), "prog", "load", join(folder, "x.o"), pin], { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"], maxBuffer: 1 << 28 });
			return null;
		} catch (error) {
			return (error as { stderr: string }).stderr;
		} finally {
			rmSync(pin, { force: true });
		}
	});
}

function* objects(program: BrokenProgram): Generator<readonly [compiler: string, object: Uint8Array]> {
	const source = sourceOf(program);
	const { output } = compile("prog.c", source, defaultOptions({ read: () => null }));
	if (output instanceof Uint8Array) yield ["ebpfcc", output];
	// Installed headers may be too old to say what a kernel function is.
	if (haveClang && !source.includes("__ksym")) yield ["clang", clang(source)];
}

describe.skipIf(why !== null || btf === null)("a kernel's log", () => {
	it.for<BrokenProgram>(programs.filter((_, i) => i % STEP === 0))("says the same: $name", { timeout: 60_000 }, (program) => {
		for (const [compiler, object] of objects(program)) {
			const opened = openObject(readObject(object), btf === null ? {} : { kernelBtf: btf });
			const images = opened.programs.map(({ image }) => ({ ...image, maps: opened.maps }));
			const image = images.find(({ name }) => name === "prog") ?? images[0];
			const verdict = verify(image, { kernel: btf === null ? null : kernelTypes(btf) });
			for (const detailed of [false, true]) {
				const log = kernelLog(object, detailed);
				if (log === null || verdict.verdict === "accept") {
					expect([compiler, log === null], log ?? "").toEqual([compiler, verdict.verdict === "accept"]);
					continue;
				}
				const own = explain(image, verdict.rejection);
				const [answer, ...others] = explainLog(images, log);
				const pick = ({ code, message, insn, line, variable, suggestion }: typeof own): unknown => ({ compiler, detailed, code, message: message.replace(/ \(\d+\)/, ""), insn, line: line?.line, variable, suggestion });
				expect(answer?.explanation, log).not.toBeNull();
				expect(others, log).toEqual([]);
				if (answer?.explanation) expect(pick(answer.explanation), log).toEqual(pick(own));
			}
		}
	});
});
