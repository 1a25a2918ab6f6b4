import type { Attr, Inst, Value } from "../../ir/types.ts";
import { isConst, isInst, sameValue } from "../../ir/values.ts";

/** When instructions in two blocks do the same and can be one, before the blocks part (`hoist-common.ts`) or where they meet (`sink.ts`). */

/** What only computes a number. */
export const COMPUTES: ReadonlySet<string> = new Set([
	"load",
	"add",
	"sub",
	"and",
	"or",
	"xor",
	"shl",
	"lshr",
	"ashr",
	"mul",
	"zext",
	"sext",
	"trunc",
	"sextfrom",
	"bswap",
]);

/** The same, but for their operands. */
export function sameKind(a: Inst, b: Inst): boolean {
	if (a.op !== b.op || a.ty !== b.ty || a.args.length !== b.args.length || !a.args.every((arg, i) => arg.ty === b.args[i].ty)) return false;
	if (a.op !== "call") return sameAttr(a.attr, b.attr, ["size", "align", "volatile", "signed", "bits", "rmw", "fetch"]);
	const [one, other] = [a.attr!.callee!, b.attr!.callee!];
	if (one.kind === "helper") return other.kind === "helper" && one.id === other.id;
	return one.kind === "function" && other.kind === "function" && one.symbol === other.symbol;
}

const sameAttr = (a: Attr | undefined, b: Attr | undefined, names: readonly (keyof Attr)[]): boolean =>
	names.every((name) => a?.[name] === b?.[name]);

/** One value, or the same address made twice. */
export function sameMade(a: Value, b: Value): boolean {
	if (sameValue(a, b)) return true;
	if (!isInst(a) || !isInst(b) || a.op !== b.op) return false;
	if (a.op === "global") return a.attr!.global === b.attr!.global && (a.attr!.offset ?? 0) === (b.attr!.offset ?? 0);
	return a.op === "ptradd" && isConst(a.args[1]) && sameValue(a.args[1], b.args[1]) && sameMade(a.args[0], b.args[0]);
}
