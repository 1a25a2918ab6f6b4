import type { Op } from "../../ir/types.ts";
import { bitLaws } from "./bit-laws.ts";
import { branchLaws } from "./branch-laws.ts";
import type { Law } from "./law.ts";
import { pointerLaws } from "./pointer-laws.ts";
import { sumLaws } from "./sum-laws.ts";
import { widthLaws } from "./width-laws.ts";

/**
 * Laws by operation, one line each where possible; those of comparisons are in `compare-laws.ts`. None may change which value a later bounds check
 * sees: a constant is moved out of an index only when nobody else (a comparison, say) uses the sum.
 */
export const laws: Partial<Record<Op, readonly Law[]>> = { ...sumLaws, ...bitLaws, ...widthLaws, ...pointerLaws, ...branchLaws };
