import { existsSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { Complaint, readSource } from "./files.ts";

describe("a source text", () => {
	it("may be a device that has an end, and no other", () => {
		if (!existsSync("/dev/zero")) return console.log("skipped: no /dev/zero on this machine");
		expect(readSource("/dev/null")).toHaveLength(0);
		expect(() => readSource("/dev/zero")).toThrow(Complaint);
	});
});
