import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { inFolder } from "../test/support/clang.ts";
import { SourceFiles } from "./source-files.ts";

describe("sources that an object names", () => {
	it("are read below the given folders and nowhere else", () =>
		inFolder((folder) => {
			mkdirSync(join(folder, "tree/src"), { recursive: true });
			mkdirSync(join(folder, "treehouse"));
			writeFileSync(join(folder, "secret"), "secret\n");
			writeFileSync(join(folder, "treehouse/x.c"), "secret\n");
			writeFileSync(join(folder, "tree/src/x.c"), "one\r\ntwo");
			symlinkSync(join(folder, "secret"), join(folder, "tree/src/link.c"));
			const sources = new SourceFiles([join(folder, "tree")]);
			expect(sources.lines("src/x.c")).toEqual(["one", "two"]);
			expect(sources.lines(join(folder, "tree/src/../src/x.c"))).toEqual(["one", "two"]);
			for (const name of ["../secret", join(folder, "secret"), "src/link.c", "../treehouse/x.c", "/etc/passwd"]) expect(sources.lines(name)).toBeUndefined();
			expect([...sources.skipped]).toHaveLength(5);
			for (const name of ["src", "nowhere", "src/x.c\0", ""]) expect(sources.lines(name)).toBeUndefined();
			expect([...sources.skipped]).toHaveLength(5);
			expect(new SourceFiles([join(folder, "tree"), folder]).lines("src/link.c")).toEqual(["secret", ""]);
		}));
});
