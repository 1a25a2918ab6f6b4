/** Generated JavaScript leads back to the C: fault lines, breakpoints, coverage, stack traces of a plain node. */
import { spawnSync } from "node:child_process";
import { Session } from "node:inspector";
import type { BasicSourceMapConsumer } from "source-map";
import { SourceMapConsumer } from "source-map";
import { beforeAll, describe, expect, it } from "vitest";
import { compileAndLoad } from "../../index.ts";
import { ProgramFault } from "../fault.ts";
import { createInterpreter } from "../interpreter.ts";
import { bindProgram } from "../bind.ts";
import { createJsEngine } from "./js.ts";
import { inlineSourceMap } from "./sourcemap.ts";
import { createWasmEngine } from "./wasm.ts";

const file = "filter.bpf.c";
const source = `#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
SEC("xdp") int filter(struct xdp_md *ctx)
{
	unsigned char *data = (void *)(long)ctx->data;
	unsigned char *end = (void *)(long)ctx->data_end;
	if (data + 4 > end)
		return 1;
	if (data[0] == 7) {
		data[1] = data[2] + data[3];
		return 2;
	}
	return 3;
}
char _license[] SEC("license") = "GPL";
`;
const line = (text: string): number => source.split("\n").findIndex((l) => l.includes(text)) + 1;

interface Script {
	readonly scriptId: string;
	readonly url: string;
	readonly sourceMapURL: string;
}

describe("source maps", () => {
	const session = new Session();
	const scripts: Script[] = [];
	let run: (packet: Uint8Array) => number;
	let map: BasicSourceMapConsumer;
	let script: Script;
	let name = "";

	beforeAll(async () => {
		session.connect();
		session.on("Debugger.scriptParsed", ({ params }) => scripts.push({ scriptId: params.scriptId, url: params.url, sourceMapURL: params.sourceMapURL ?? "" }));
		session.post("Debugger.enable");
		session.post("Profiler.enable");
		session.post("Profiler.startPreciseCoverage", { callCount: true, detailed: true });
		const object = await compileAndLoad(source, { engine: createJsEngine({ sourceMap: inlineSourceMap, sources: new Map([[file, source]]) }), path: file });
		const { filter } = object.programs;
		run = (packet) => filter.run({ packet }).retval;
		script = scripts.filter((s) => /^ebpfcc-\d+\.js$/.test(s.url)).at(-1)!;
		const json = Buffer.from(script.sourceMapURL.split("base64,")[1], "base64").toString();
		map = await new SourceMapConsumer(JSON.parse(json));
		name = map.sources.find((s) => s.endsWith(file)) ?? "";
	});

	it("name the C file", () => {
		expect(name).toContain(file);
	});

	it("a breakpoint in the C file stops there", () => {
		const at = map.generatedPositionFor({ source: name, line: line("data[1] ="), column: 0, bias: SourceMapConsumer.LEAST_UPPER_BOUND });
		const stops: number[] = [];
		session.on("Debugger.paused", ({ params }) => {
			const { lineNumber, columnNumber } = params.callFrames[0].location;
			stops.push(map.originalPositionFor({ line: lineNumber + 1, column: columnNumber ?? 0 }).line ?? -1);
		});
		let id = "";
		session.post("Debugger.setBreakpoint", { location: { scriptId: script.scriptId, lineNumber: at.line! - 1, columnNumber: at.column! } }, (error, answer) => {
			expect(error).toBeNull();
			id = (answer as { breakpointId: string }).breakpointId;
		});
		expect(run(Uint8Array.of(9, 2, 3, 4))).toBe(3);
		expect(stops).toEqual([]);
		expect(run(Uint8Array.of(7, 2, 3, 4))).toBe(2);
		expect(stops).toEqual([line("data[1] =")]);
		session.post("Debugger.removeBreakpoint", { breakpointId: id });
	});

	it("V8's coverage, mapped, has the lines that did not run and no others", () => {
		session.post("Profiler.takePreciseCoverage");
		run(Uint8Array.of(9, 2, 3, 4));
		let text = "";
		session.post("Debugger.getScriptSource", { scriptId: script.scriptId }, (_, answer) => {
			text = answer.scriptSource;
		});
		const missed = new Set<number>();
		const hit = new Set<number>();
		session.post("Profiler.takePreciseCoverage", (_, { result }) => {
			const ranges = result.find((r) => r.scriptId === script.scriptId)!.functions.filter((f) => f.functionName === "f0").flatMap((f) => f.ranges);
			let offset = 0;
			text.split("\n").forEach((content, i) => {
				const start = offset + /^\t*/.exec(content)![0].length;
				offset += content.length + 1;
				const { line: original } = map.originalPositionFor({ line: i + 1, column: /^\t*/.exec(content)![0].length });
				const inner = ranges.filter((r) => r.startOffset <= start && start < r.endOffset).sort((a, b) => b.startOffset - a.startOffset || a.endOffset - b.endOffset)[0];
				if (original === null || inner === undefined) return;
				(inner.count > 0 ? hit : missed).add(original);
			});
		});
		for (const l of hit) missed.delete(l);
		expect([...hit]).toContain(line("if (data[0] == 7)"));
		expect([...missed].sort((a, b) => a - b)).toContain(line("data[1] ="));
		expect([...hit]).not.toContain(line("data[1] ="));
	});
});

describe("faults", () => {
	it("tell the C line on every engine", async () => {
		const object = await compileAndLoad(source, { engine: "interpreter", path: file });
		const { image, machine, maps, facts } = object.programs.filter.loaded;
		for (const engine of [createInterpreter({ checked: true }), createJsEngine(), createWasmEngine()]) {
			// A context whose packet lies outside the memory: what no loader makes.
			const context = machine.memory.alloc(64, 8, "context");
			machine.memory.view.setUint32(context, 0xfff00000, true);
			machine.memory.view.setUint32(context + 4, 0xfff00010, true);
			const { entry } = bindProgram(machine, image, maps, facts, engine);
			const { invokePlain } = await import("../invoke.ts");
			let fault: unknown = null;
			try {
				invokePlain({ image, machine, maps, facts, ksyms: new Map(), entry }, context, 0);
			} catch (thrown) {
				fault = thrown;
			}
			expect(fault, engine.name).toBeInstanceOf(ProgramFault);
			expect((fault as ProgramFault).line?.line, engine.name).toBe(line("if (data[0] == 7)"));
		}
	});

	it("a plain node with --enable-source-maps shows the C line in the stack", () => {
		const script = `
			import { compileAndLoad } from "./index.ts";
			import { createJsEngine } from "./runtime/jit/js.ts";
			import { inlineSourceMap } from "./runtime/jit/sourcemap.ts";
			const o = await compileAndLoad(${JSON.stringify(source)}, { engine: createJsEngine({ sourceMap: inlineSourceMap }), path: ${JSON.stringify(file)} });
			const { machine, entry } = o.programs.filter.loaded;
			const c = machine.memory.alloc(64, 8, "context");
			machine.memory.view.setUint32(c, 0xfff00000, true);
			machine.memory.view.setUint32(c + 4, 0xfff00010, true);
			try { entry(c, 0); } catch (e) { console.log(e.stack); }
		`;
		const { stdout, stderr } = spawnSync(process.execPath, ["--enable-source-maps", "--import", "tsx", "--input-type=module", "-e", script], { encoding: "utf8", cwd: new URL("../..", import.meta.url) });
		expect(stdout, stderr).toContain(`${file}:${line("if (data[0] == 7)")}`);
	}, 60_000);
});
