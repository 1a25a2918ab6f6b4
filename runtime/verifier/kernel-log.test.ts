/** The log, against what Linux 6.18 wrote for the same programs (`tsx test/kernel/record-logs.ts` writes these files). */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { comparable, LOGGED, loggedImage } from "../../test/support/logged-programs.ts";
import { KernelLog } from "./kernel-log.ts";
import { verify } from "./verify.ts";

const recorded = (name: string, level: number): string => {
	const text = readFileSync(new URL(`./kernel-logs/${name.replaceAll(" ", "-")}.txt`, import.meta.url), "utf8");
	const start = text.indexOf(`log_level ${level}\n`) + "log_level N\n".length;
	const end = text.indexOf("\nlog_level", start);
	return text.slice(start, end < 0 ? undefined : end).trimEnd();
};

describe.each([1, 2])("the kernel's log of level %i", (level) => {
	it.each(LOGGED.map((program) => [program.name, program] as const))("%s", (name, program) => {
		expect(comparable(verify(loggedImage(program), { logLevel: level }).log)).toBe(recorded(name, level));
	});
});

describe("the log", () => {
	const [program] = LOGGED;
	it("changes nothing of the verdict and the figures", () => {
		const { log: _, ...silent } = verify(loggedImage(program));
		const { log: __, ...logged } = verify(loggedImage(program), { logLevel: 2 });
		expect({ ...logged, facts: null }).toEqual({ ...silent, facts: null });
	});

	it("has the stack depth with level 4", () => {
		expect(verify(loggedImage(program), { logLevel: 6 }).log).toMatch(/\nstack depth 0\nprocessed \d+ insns/);
	});

	it("keeps its end when it is very long", () => {
		const log = new KernelLog(null as never, 2);
		for (let i = 0; i < 40; i++) log.write(`${i}${" ".repeat(1 << 20)}\n`);
		expect(log.truncated).toBe(true);
		expect(log.text.length).toBeLessThan(34 << 20);
		expect(log.text).toMatch(/39 +\n$/);
	});
});
