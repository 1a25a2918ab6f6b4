/**
 * Verdicts for recorded verifier cases: `verify [--capbpf] [--only=TEXT] [--kernel-btf=FILE] CASES.jsonl`, a line of JSON a case on standard output:
 * `{"id", "verdict": "accept"|"reject"|"unsupported"|"error", "msg", "us"}`. Reads the kernel's BTF beside the cases (btf/vmlinux.btf.gz).
 */
import { existsSync, readFileSync, writeSync } from "node:fs";
import { dirname, join } from "node:path";
import { gunzipSync } from "node:zlib";
import { BtfView } from "../../assembler/btf/view.ts";
import { type TypeSource, kernelTypes } from "../../runtime/verifier/btf.ts";
import { verify } from "../../runtime/verifier/verify.ts";
import { jsonLines } from "../support/arguments.ts";
import { type RecordedCase, caseImage } from "../support/case-image.ts";

export function loadKernelTypes(file: string): TypeSource | null {
	if (!existsSync(file)) return null;
	const bytes = readFileSync(file);
	return kernelTypes(new BtfView(new Uint8Array(bytes[0] === 0x1f ? gunzipSync(bytes) : bytes)));
}

export function main(args: readonly string[]): number {
	const file = args.find((a) => !a.startsWith("--"));
	const option = (name: string): string | undefined => args.find((a) => a.startsWith(`--${name}=`))?.slice(name.length + 3);
	if (file === undefined) {
		console.error("usage: verify [--capbpf] [--only=TEXT] [--kernel-btf=FILE] CASES.jsonl");
		return 2;
	}
	const folder = dirname(file);
	const kernel = loadKernelTypes(option("kernel-btf") ?? join(folder, "btf", "vmlinux.btf.gz"));
	const only = option("only");
	const capBpfOnly = args.includes("--capbpf");
	for (const one of jsonLines<RecordedCase>(file)) {
		if (only !== undefined && !one.id.includes(only)) continue;
		const start = performance.now();
		let result: { id: string; verdict: string; msg: string; processed?: number; us?: number; insn?: number };
		try {
			const image = caseImage(one, folder);
			const v = verify(image, { kernel, capBpfOnly });
			const us = Math.round((performance.now() - start) * 1000);
			result = { id: one.id, verdict: v.verdict, msg: v.verdict === "accept" ? "" : v.rejection.message, processed: v.stats.insnsProcessed, us };
			if (v.verdict !== "accept") result.insn = v.rejection.insn;
		} catch (e) {
			result = { id: one.id, verdict: "error", msg: e instanceof Error ? (e.stack ?? e.message) : String(e) };
		}
		writeSync(1, `${JSON.stringify(result)}\n`);
	}
	return 0;
}
