import { afterEach, describe, expect, it, vi } from "vitest";
import { progressBar, progressCounter } from "./progress.ts";

const screen = (isTTY: boolean) => {
	const written: string[] = [];
	return { isTTY, written, write: (text: string) => void written.push(text) };
};

afterEach(() => void vi.useRealTimers());

describe("progress", () => {
	it("draws a bar on a terminal, and clears it at the end", () => {
		const output = screen(true);
		const bar = progressBar("writing", { width: 10, output });
		bar(5, 20);
		bar(20, 20);
		expect(output.written).toEqual(["\rwriting [###       ]  25 %", "\rwriting [##########] 100 %", "\r\x1b[K"]);
	});

	it("counts what has no known end, by the clock", () => {
		vi.useFakeTimers();
		const output = screen(true);
		const counter = progressCounter("loading", "keys", { output });
		for (let i = 0; i < 500; i++) counter.add();
		vi.advanceTimersByTime(1000);
		for (let i = 0; i < 500; i++) counter.add();
		vi.advanceTimersByTime(1000);
		expect(output.written).toHaveLength(10);
		expect(output.written[4]).toBe("\r\x1b[Kloading: 500 keys, 500 a second");
		expect(output.written[9]).toBe("\r\x1b[Kloading: 1000 keys, 500 a second");
		counter.stop();
		vi.advanceTimersByTime(1000);
		expect(output.written.slice(10)).toEqual(["\r\x1b[K"]);
	});

	it("is silent elsewhere", () => {
		vi.useFakeTimers();
		const output = screen(false);
		progressBar("writing", { output })(1, 1);
		const counter = progressCounter("loading", "keys", { output });
		counter.add();
		vi.advanceTimersByTime(1000);
		counter.stop();
		expect(output.written).toEqual([]);
	});
});
