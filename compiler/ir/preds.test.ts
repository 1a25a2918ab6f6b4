import { expect, it } from "vitest";
import { both, either } from "./preds.ts";

it("makes one comparison of two of the same numbers, whichever may hold or both must", () => {
	expect([either("ult", "eq"), either("sgt", "slt"), either("ule", "uge"), either("ult", "sgt"), either("eq", "ne")]).toEqual(["ule", "ne", true, null, true]);
	expect([both("ule", "uge"), both("ult", "ugt"), both("sle", "ne"), both("ult", "slt")]).toEqual(["eq", false, "slt", null]);
});
