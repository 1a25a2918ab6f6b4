import { describe, expect, it } from "vitest";
import { functionOf, passed } from "../../../test/support/passed.ts";
import { copiedSlots } from "./copied-slots.ts";

const slots = (lines: string, other = 16): string =>
	passed(functionOf(`a.2:\n%3 = alloca ptr size=16 align=8\n%4 = alloca ptr size=${other} align=8\nlifetime %3\nlifetime %4\n${lines}\nret i32 0`), [copiedSlots]);
const COPY = "memcpy size=16 align=8 %4, %3";

describe("a slot that is copied into another one", () => {
	it("is that one when nothing looks at it afterwards", () => {
		const text = slots(`call helper h#1 %3\n${COPY}\ncall helper h#2 %4`);
		expect(text.match(/alloca/g)).toHaveLength(1);
		expect(text).not.toMatch(/memcpy|lifetime/);
	});
	it("is that one where the copy would allow for an overlap", () => {
		expect(slots(`call helper h#1 %3\n${COPY.replace("memcpy", "memmove")}\ncall helper h#2 %4`)).not.toMatch(/memmove|lifetime/);
	});
	it("is that one on each of two ways", () => {
		expect(slots(`call helper h#1 %3\nbranch %1, b.5, c.6\nb.5:\nstore size=8 %3, i64 1\n${COPY}\njump d.7\nc.6:\n${COPY}\njump d.7\nd.7:\ncall helper h#2 %4`).match(/alloca/g)).toHaveLength(1);
	});
	it("is another one when it is looked at afterwards, the other was in use, or only a part is copied", () => {
		expect(slots(`call helper h#1 %3\n${COPY}\ncall helper h#2 %4\ncall helper h#1 %3`)).toContain("memcpy");
		expect(slots(`call helper h#2 %4\ncall helper h#1 %3\n%5 = load i64 size=8 %4\n${COPY}\ncall helper h#2 %4`)).toContain("memcpy");
		expect(slots("call helper h#1 %3\nmemcpy size=8 align=8 %4, %3\ncall helper h#2 %4")).toContain("memcpy");
		expect(slots(`call helper h#1 %3\n${COPY}\ncall helper h#2 %4`, 24)).toContain("memcpy");
	});
	it("stays where no call is given either: both become values", () => {
		expect(slots(`store size=8 %3, i64 1\n${COPY}\n%5 = load i64 size=8 %4`)).toContain("memcpy");
	});
});
