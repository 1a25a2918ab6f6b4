import { describe, expect, it } from "vitest";
import { asGiven, debugName, macroName, parsePrefixMap, type PathOptions } from "./paths.ts";

const options = (over: Partial<PathOptions>): PathOptions => ({ ...asGiven, ...over });
const maps = (...texts: readonly string[]) => texts.map((text) => parsePrefixMap(text)!);

describe("names of files", () => {
	it("are those given", () => {
		expect(debugName("src/x.c", asGiven)).toBe("src/x.c");
		expect(debugName("/a/src/x.c", asGiven)).toBe("/a/src/x.c");
	});

	it.each([
		["/a/src/x.c", "x.c"],
		["/a/src/deep/x.c", "deep/x.c"],
		["/a/include/x.h", "../include/x.h"],
		["/a/src/../include/./x.h", "../include/x.h"],
		["/usr/include/linux/bpf.h", "/usr/include/linux/bpf.h"],
		["/elsewhere/x.h", "/elsewhere/x.h"],
		["lib/x.h", "lib/x.h"],
	])("%s seen from /a/src is %s", (path, name) => {
		const seen = options({ base: { folder: "/a/src", keep: ["/usr/include"] } });
		expect(debugName(path, seen)).toBe(name);
		expect(macroName(path, seen)).toBe(name);
	});

	it("the last map that fits counts, and fits parts of names", () => {
		const mapped = options({ debug: maps("/a=/first", "/a=/last", "/b=."), macro: maps("/a=m") });
		expect(debugName("/a/x.c", mapped)).toBe("/last/x.c");
		expect(debugName("/abc/x.c", mapped)).toBe("/lastbc/x.c");
		expect(debugName("/b/x.c", mapped)).toBe("./x.c");
		expect(macroName("/a/x.c", mapped)).toBe("m/x.c");
		expect(macroName("/b/x.c", mapped)).toBe("/b/x.c");
	});

	it("a compilation directory stands before relative names and is mapped itself", () => {
		expect(debugName("x.c", options({ compilationDir: "/d" }))).toBe("/d/x.c");
		expect(debugName("x.c", options({ compilationDir: "." }))).toBe("./x.c");
		expect(debugName("/a/x.c", options({ compilationDir: "/d" }))).toBe("/a/x.c");
		expect(debugName("x.c", options({ compilationDir: "/d/e", debug: maps("/d=/new") }))).toBe("/new/e/x.c");
	});

	it("a map needs an equals sign", () => {
		expect(parsePrefixMap("/a")).toBeNull();
		expect(parsePrefixMap("/a=/b=c")).toEqual({ from: "/a", to: "/b=c" });
	});
});
