import { expect, it } from "vitest";
import { PAGE, PlainPages } from "./pages.ts";

it("a plain buffer keeps its bytes when it grows, up to its maximum", () => {
	const pages = new PlainPages(1, 3, false);
	new Uint8Array(pages.buffer)[PAGE - 1] = 7;
	const before = pages.buffer;
	pages.grow(2);
	expect(pages.buffer).not.toBe(before);
	expect(pages.buffer.byteLength).toBe(3 * PAGE);
	expect(new Uint8Array(pages.buffer)[PAGE - 1]).toBe(7);
	expect(() => pages.grow(1)).toThrow(RangeError);
});

it("a shared one stays where it is", () => {
	const pages = new PlainPages(1, 3, true);
	expect(pages.buffer).toBeInstanceOf(SharedArrayBuffer);
	expect(() => pages.grow(1)).toThrow(RangeError);
});
