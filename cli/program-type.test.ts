import { describe, expect, it } from "vitest";
import { typeOption } from "./program-type.ts";

describe("--type", () => {
	it.each([
		["3", 3],
		["sched_cls", 3],
		["BPF_PROG_TYPE_XDP", 6],
		["xrp", "xrp"],
	])("%s", (text, type) => {
		expect(typeOption(text)).toEqual({ type });
	});
	it.each([
		["tc", 3, 0],
		["xdp", 6, 37],
		["cgroup/connect4", 18, 10],
	])("%s, a section's prefix", (text, type, expectedAttachType) => {
		const { type: choose } = typeOption(text);
		expect(typeof choose === "function" && choose({ name: "f", section: "s" })).toEqual({ type, expectedAttachType });
	});
	it("is the section's where there is none, and what nothing is called is no type", () => {
		expect(typeOption(undefined)).toEqual({});
		expect(() => typeOption("nonsense")).toThrow("no program type");
	});
});
