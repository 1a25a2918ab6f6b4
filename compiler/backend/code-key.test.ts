import { expect, it } from "vitest";
import type { FunctionSym } from "../types/typed.ts";
import { keyOf } from "./code-key.ts";
import { minst } from "./machine.ts";

it("tells a helper from a function that was given the helper's number", () => {
	const helper = minst("call", null, { callee: { kind: "helper", id: 5 } });
	const kfunc = minst("call", null, { callee: { kind: "function", symbol: {} as FunctionSym } });
	const numbered = (): number => 5;
	expect(keyOf(helper, numbered)).not.toBe(keyOf(kfunc, numbered));
	expect(keyOf(kfunc, numbered)).toBe(keyOf(kfunc, numbered));
});
