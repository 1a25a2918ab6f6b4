/** Fifty programs with one mistake each: the words name the line, the variable and an edit. `NEWCOMERS=text` prints them all. */
import { describe, expect, it } from "vitest";
import { compile, defaultOptions } from "../../../compiler/index.ts";
import { BROKEN, type BrokenProgram, markedLine, sourceOf } from "../../../test/support/broken-programs.ts";
import { readObject } from "../../load.ts";
import { openObject } from "../../loader/open.ts";
import { kernelBtf } from "../../node/environment.ts";
import { kernelTypes } from "../btf.ts";
import { verify } from "../verify.ts";
import { explain, renderExplanation } from "./explain.ts";

const btf = kernelBtf();
const kernel = btf === null ? null : kernelTypes(btf);
if (kernel === null) console.log("skipped: programs that need the running kernel's types, which are not here");

describe("mistakes of newcomers", () => {
	it.for<BrokenProgram>(BROKEN.filter((program) => kernel !== null || !program.kernel))("$name", (program) => {
		const { output } = compile("prog.c", sourceOf(program), defaultOptions({ read: () => null }));
		if (!(output instanceof Uint8Array)) throw new Error("it does not compile");
		const opened = openObject(readObject(output), btf === null ? {} : { kernelBtf: btf });
		const { image } = opened.programs.find((one) => one.image.name === "prog") ?? opened.programs[0];
		const verdict = verify({ ...image, maps: opened.maps }, { kernel, capBpfOnly: program.capbpf === true, limit: 20_000 });
		if (verdict.verdict === "accept") throw new Error("accepted");
		const words = explain(image, verdict.rejection);
		const text = renderExplanation(words);
		if (process.env.NEWCOMERS === "text") console.log(`${program.name}\n${text}`);
		expect(words.code, text).toBe(program.code);
		if (markedLine(program) > 0) expect(words.line?.line, text).toBe(markedLine(program));
		if (program.variable !== undefined) expect(words.variable, text).toBe(program.variable);
		expect(words.suggestion ?? "", text).toMatch(program.edit);
	});
});
