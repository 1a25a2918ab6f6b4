/**
 * What a comparison says of its two sides: the bounds (range.ts) of both are narrowed on the way where it holds, and on the way where it does not.
 */
import { holdsLow, OPPOSITE } from "./compare.ts";
import type { CompareName, Width } from "./decode.ts";
import type { State } from "./range.ts";
import { assign, EXACT, STRIDE, U32 } from "./range.ts";

/** Narrows both sides by a comparison that held (`taken`) or not. False: no value passes, the edge is dead. */
export function refine(s: State, op: CompareName, width: Width, a: number, b: number, taken: boolean): boolean {
	if (op === "set") return true;
	const relation = taken ? op : OPPOSITE[op];
	const x = a * STRIDE;
	const y = b * STRIDE;
	const signed = relation[0] === "s";
	if (width === 32) {
		if (s[x + 2] === s[x + 3] && s[y + 2] === s[y + 3]) return holdsLow(relation, s[x + 2] | 0, s[y + 2] | 0);
		const most = signed ? 0x7fffffff : U32;
		if (s[x + 1] > most || s[y + 1] > most) return true;
	}
	switch (relation) {
		case "eq":
			for (let i = 0; i < 4; i += 2) {
				s[x + i] = s[y + i] = Math.max(s[x + i], s[y + i]);
				s[x + i + 1] = s[y + i + 1] = Math.min(s[x + i + 1], s[y + i + 1]);
			}
			break;
		case "ne":
			trimEnds(s, x, y);
			trimEnds(s, y, x);
			break;
		case "lt":
		case "slt":
			order(s, x, y, signed ? 2 : 0, 1);
			break;
		case "le":
		case "sle":
			order(s, x, y, signed ? 2 : 0, 0);
			break;
		case "gt":
		case "sgt":
			order(s, y, x, signed ? 2 : 0, 1);
			break;
		case "ge":
		case "sge":
			order(s, y, x, signed ? 2 : 0, 0);
			break;
		default:
			relation satisfies never;
	}
	if (s[x] > s[x + 1] || s[y] > s[y + 1] || s[x + 2] > s[x + 3] || s[y + 2] > s[y + 3]) return false;
	assign(s, a, s[x], s[x + 1], s[x + 2], s[x + 3], s[x + 5], s[x + 4]);
	assign(s, b, s[y], s[y + 1], s[y + 2], s[y + 3], s[y + 5], s[y + 4]);
	return true;
}

/** left + gap ≤ right, in the bounds at `field`. Bounds beyond 2^53 are not exact and are left alone. */
function order(s: State, left: number, right: number, field: number, gap: number): void {
	const high = s[right + field + 1] - gap;
	if (Math.abs(high) <= EXACT && high < s[left + field + 1]) s[left + field + 1] = high;
	const low = s[left + field] + gap;
	if (Math.abs(low) <= EXACT && low > s[right + field]) s[right + field] = low;
}

/** The value at `x` differs from the constant at `y`. */
function trimEnds(s: State, x: number, y: number): void {
	if (s[y] === s[y + 1]) {
		if (s[x] === s[y]) s[x]++;
		if (s[x + 1] === s[y]) s[x + 1]--;
	}
	if (s[y + 2] === s[y + 3]) {
		if (s[x + 2] === s[y + 2]) s[x + 2]++;
		if (s[x + 3] === s[y + 2]) s[x + 3]--;
	}
}
