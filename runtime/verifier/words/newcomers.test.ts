/** Programs with one mistake each: the words name the line, the variable and an edit. `NEWCOMERS=text` prints them all. */
import { describe, expect, it } from "vitest";
import { compile, defaultOptions } from "../../../compiler/index.ts";
import { linuxBtf as btf, linuxTypes as kernel } from "../../../test/support/linux-types.ts";
import { BROKEN, type BrokenProgram, markedLine, sourceOf } from "../../../test/support/broken-programs.ts";
import { readObject } from "../../load.ts";
import { openObject } from "../../loader/open.ts";
import { verify } from "../verify.ts";
import { explain, renderExplanation } from "./explain.ts";


function judged(source: string, program: BrokenProgram) {
	const { output } = compile("prog.c", source, defaultOptions({ read: () => null }));
	if (!(output instanceof Uint8Array)) throw new Error("it does not compile");
	const opened = openObject(readObject(output), { kernelBtf: btf });
	const { image } = opened.programs.find((one) => one.image.name === "prog") ?? opened.programs[0];
	return { image, verdict: verify({ ...image, maps: opened.maps }, { kernel, capBpfOnly: program.capbpf === true, limit: 200_000 }) };
}

describe("mistakes of newcomers", () => {
	it.for<BrokenProgram>(BROKEN)("$name", (program) => {
		const { image, verdict } = judged(sourceOf(program), program);
		if (verdict.verdict === "accept") throw new Error("accepted");
		const words = explain(image, verdict.rejection);
		const text = renderExplanation(words);
		if (process.env.NEWCOMERS === "text") console.log(`${program.name}\n${text}`);
		expect(words.code, text).toBe(program.code);
		if (markedLine(program) > 0) expect(words.line?.line, text).toBe(markedLine(program));
		if (program.variable !== undefined) expect(words.variable, text).toBe(program.variable);
		expect(words.suggestion ?? "", text).toMatch(program.edit);
		if (program.mended === undefined) return;
		const mended = program.mended.reduce((source, [from, to]) => source.replace(from, to), sourceOf(program));
		expect(mended).not.toBe(sourceOf(program));
		const after = judged(mended, program).verdict;
		expect(after.verdict === "accept" ? "accept" : after.rejection.message).toBe("accept");
	});
});
