import { describe, expect, it } from "vitest";
import { adversary } from "../../test/support/adversarial.ts";
import { verify } from "./index.ts";

/** A twentieth of the kernel's budget: the whole of it is `npm run -s bench -- adversarial`. */
const limit = 50_000;

describe("programs made to exhaust the verifier", () => {
	it.each(["paths that never meet", "loop without end", "loop over a full stack", "a million chains of calls"])("%s: refused at the budget", (name) => {
		const verdict = verify(adversary(name), { limit });
		expect(verdict.verdict === "reject" && verdict.rejection.message).toBe(`BPF program is too large. Processed ${limit + 1} insn`);
		// Old states are given up: what is kept does not grow with the walk.
		expect(verdict.stats.peakStates).toBeLessThan(2000);
	});

	it("branches that wait are 8,192 at most, in a program of any length", () => {
		const verdict = verify(adversary("more branches than may wait"));
		expect(verdict.verdict === "reject" && verdict.rejection.message).toBe("The sequence of 8193 jumps is too complex.");
	});

	it("live slots of a long function in very many chains of calls: a limit in bytes", () => {
		const verdict = verify(adversary("long functions in a million chains"));
		expect(verdict.verdict).toBe("unsupported");
		expect(verdict.log).toContain("do not fit the memory");
	});
});
