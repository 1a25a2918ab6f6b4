import { describe, expect, it } from "vitest";
import { parseModule } from "../../ir/parse.ts";
import { blockFrequencies } from "./frequency.ts";

/** By block name, of a function of one argument. */
function frequencies(blocks: string): ReadonlyMap<string, number> {
	const [fn] = parseModule(`function @f(i32 %0) -> i32 static {\n${blocks}\n}\n`).functions;
	return new Map([...blockFrequencies(fn)].map(([block, often]) => [block.name, often]));
}

/** A loop that is left from each of its blocks. */
function loop(ways: number, body = ""): string {
	const blocks = Array.from({ length: ways }, (_, i) => `l${i}.${10 + 3 * i}:\n%${11 + 3 * i} = icmp.ult i32 %0, i32 ${i + 5}\nbranch %${11 + 3 * i}, ${i + 1 < ways ? `l${i + 1}.${13 + 3 * i}` : "l0.10"}, out.5`);
	return `a.2:\njump l0.10\n${blocks.join("\n").replace("l0.10:\n", `l0.10:\n${body}`)}\nout.5:\nret i32 0`;
}

describe("how often blocks run", () => {
	it("is shared out by what is asked", () => {
		const often = frequencies("a.2:\n%3 = icmp.eq i32 %0, i32 0\nbranch %3, b.4, c.5\nb.4:\njump c.5\nc.5:\nret i32 0");
		expect([often.get("b"), often.get("c")]).toEqual([12 / 32, 1]);
	});
	it.each([
		[1, 32],
		[2, 1 / (1 - (31 / 32) ** 2)],
		[3, 1 / (1 - (31 / 32) ** 3)],
	])("is the rounds of a loop: with %d ways out %f", (ways, rounds) => {
		const often = frequencies(loop(ways));
		expect(often.get("l0")).toBeCloseTo(rounds);
		// Whatever came in goes out.
		expect(often.get("out")).toBeCloseTo(1);
	});
	it("is that of the inner loop for each round of the outer one, and much without a way out", () => {
		const nested = frequencies(
			"a.2:\njump o.3\no.3:\njump i.4\ni.4:\n%5 = icmp.ult i32 %0, i32 9\nbranch %5, i.4, e.6\ne.6:\n%7 = icmp.ult i32 %0, i32 8\nbranch %7, o.3, out.8\nout.8:\nret i32 0",
		);
		expect([nested.get("o"), nested.get("i"), nested.get("out")].map((often) => Math.round(often!))).toEqual([32, 1024, 1]);
		expect(frequencies("a.2:\njump o.3\no.3:\njump o.3").get("o")).toBe(4096);
		// A share of one in 9, 9 times, is more than all by the last digit.
		const ways = Array.from({ length: 9 }, (_, i) => `w.${20 + i}`);
		const endless = frequencies(
			`a.2:\njump o.3\no.3:\nswitch %0, ${ways[0]}, ${ways.slice(1).map((way, i) => `${i}: ${way}`).join(", ")}\n${ways.map((way) => `${way}:\njump o.3`).join("\n")}\n`.trim(),
		);
		expect(endless.get("o")).toBeCloseTo(4096);
	});
});
