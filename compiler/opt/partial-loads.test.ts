import { describe, expect, it } from "vitest";
import { passed } from "../../test/support/passed.ts";
import { partialLoads } from "./partial-loads.ts";

const moved = (text: string): string => passed(`global @pid i32\nglobal @other i32\nfunction @f(ptr %0, i32 %1) -> i32 static {\n${text}\n}\n`, [partialLoads]);

/** if (pid) { between } read */
const met = (between: string, read: string, first = "%4 = load i32 size=4 %3"): string => `a.2:\n%3 = global ptr @pid offset=0\n${first}\nbranch %1, b.5, c.6\nb.5:\n${between}jump c.6\nc.6:\n${read}`;
const READ = "%7 = global ptr @pid offset=0\n%8 = load i32 size=4 %7\nret %8";
const CALL = "call helper h#1\n";
