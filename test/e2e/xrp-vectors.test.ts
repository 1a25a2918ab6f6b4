/** Storage functions that leave the page as the original ones do: the verifier accepts them, and recorded runs come out the same on every engine. */
import { readdirSync, writeFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, describe, expect, it, vi } from "vitest";
import { readProgram } from "../../cli/compile-file.ts";
import { load } from "../../runtime/load.ts";
import { main } from "../cases/xrp.ts";
import { BadArguments } from "../support/arguments.ts";
import { shared } from "../support/shared.ts";

const folder = fileURLToPath(new URL("../cases/xrp/", import.meta.url));
const programs = readdirSync(folder).filter((file) => file.endsWith(".bpf.c"));
const recorded = shared("xrp");
const files = recorded === null ? [] : readdirSync(recorded).filter((file) => file.endsWith(".json"));

describe("the programs that recorded runs are compared with", () => {
	it.each(programs)("%s is accepted", async (file) => {
		const loaded = await load(await readProgram(join(folder, file)), { type: "xrp" });
		expect(Object.values(loaded.programs)).toHaveLength(1);
		loaded.close();
	});
});

describe("recorded runs", () => {
	afterEach(() => vi.restoreAllMocks());

	it.runIf(recorded !== null).each(["interpreter", "js", "wasm"])("come out the same on %s", async (engine) => {
		const lines = vi.spyOn(console, "log").mockImplementation(() => {});
		expect(files.length).toBeGreaterThan(1);
		expect(await main(["--engine", engine, ...files.map((file) => join(recorded!, file))])).toBe(0);
		expect(lines.mock.calls.map(([line]) => String(line))).toEqual(files.map((file) => expect.stringMatching(new RegExp(`${file}: [1-9]\\d* passed, 0 failed$`))));
	});

	it("are not begun with what is no program, no engine, no recording", async () => {
		const own = mkdtempSync(join(tmpdir(), "xrp-vectors-"));
		try {
			const vectors = join(own, "none.json");
			const program = join(own, "loop.bpf.c");
			writeFileSync(program, '#include <linux/bpf.h>\n__attribute__((section("xrp"), used)) int f(struct bpf_xrp *ctx) { for (;;) ; }\n');
			writeFileSync(vectors, '{"layers": 1, "queries": []}');
			await expect(main(["--get", program, vectors])).rejects.toThrow(/loop\.bpf\.c:2.*V0\d\d\d/);
			await expect(main(["--engine", "bytecode", vectors])).rejects.toThrow("there is no engine bytecode; there are interpreter, js, wasm");
			writeFileSync(vectors, '{"layers": 1}');
			await expect(main([vectors])).rejects.toThrow(BadArguments);
		} finally {
			rmSync(own, { recursive: true });
		}
	});
});
