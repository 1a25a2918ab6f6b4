/**
 * -Wmap-element-size: a whole variable is given to a map's helper as a key or value that has more bytes than it: the helper reads what lies behind it on
 * the stack. In: a call of a helper, checked; out: a warning. Only `&variable` of a map that the file defines is asked about: of both the size is certain.
 */
import { asArray, asPointer, asRecord, isComplete } from "./basic.ts";
import { report, type Cx } from "./context.ts";
import { sizeOf } from "./layout.ts";
import type { LExpr, TExpr } from "./typed.ts";
import type { CType } from "./types.ts";

/** What the helper reads from the address at a place among its arguments. */
const READS: Readonly<Record<string, readonly (readonly [argument: number, what: "key" | "value"])[]>> = {
	bpf_map_lookup_elem: [[1, "key"]],
	bpf_map_update_elem: [
		[1, "key"],
		[2, "value"],
	],
	bpf_map_delete_elem: [[1, "key"]],
	bpf_map_push_elem: [[1, "value"]],
	bpf_map_lookup_percpu_elem: [[1, "key"]],
};

export function checkMapArguments(cx: Cx, helper: string, args: readonly TExpr[]): void {
	const reads = READS[helper];
	if (reads === undefined || cx.unevaluated) return;
	const map = variableAt(args[0]);
	if (map === null || map.symbol.section !== ".maps") return;
	for (const [argument, what] of reads) {
		const given = args[argument] === undefined ? null : variableAt(args[argument]);
		const wanted = attribute(map.type, what);
		if (given === null || wanted === null) continue;
		const size = sizeOf(given.type);
		if (size >= wanted) continue;
		report(
			cx,
			"mapElementSize",
			args[argument].span,
			`'${given.symbol.name}' has ${bytes(size)}, but a ${what} of map '${map.symbol.name}' has ${wanted}: what lies behind it is read too`,
			[{ message: `map '${map.symbol.name}' declared here`, span: map.symbol.span }],
		);
	}
}

const bytes = (count: number): string => `${count} byte${count === 1 ? "" : "s"}`;

/** The variable whose address, and no other, an argument is. */
function variableAt(argument: TExpr): (LExpr & { readonly kind: "variable" }) | null {
	if (argument.kind === "convert") return variableAt(argument.operand);
	return argument.kind === "address" && argument.of.kind === "variable" ? argument.of : null;
}

/** Bytes of a map's key or value, as `__type(key, T)` or `__uint(key_size, N)` say. */
function attribute(map: CType, what: "key" | "value"): number | null {
	const members = asRecord(map)?.body?.members ?? [];
	const target = (name: string): CType | null => asPointer(members.find((member) => member.name === name)?.type ?? map)?.target ?? null;
	const typed = target(what);
	if (typed !== null) return isComplete(typed) ? sizeOf(typed) : null;
	const number = target(`${what}_size`);
	return number === null ? null : (asArray(number)?.length ?? null);
}
