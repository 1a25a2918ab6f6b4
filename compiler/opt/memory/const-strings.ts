import type { Inst, IrGlobal, Value } from "../../ir/types.ts";
import type { Pass } from "../pass.ts";
import { constant, isConst, isInst, replaceAll, unsigned } from "../../ir/values.ts";
import { analysesOf } from "../analysis/analyses.ts";
import { unchanging } from "../analysis/constant-objects.ts";
import { rootOf } from "../analysis/slots.ts";

/**
 * strlen, strcmp and strncmp of strings that are known when their function has been copied into its caller
 * (`__builtin_strcmp(name, __FILE_NAME__)` in an inline function). A comparison with one known string is memcmp where only "equal or not" is
 * asked and the other side is an object that is long enough (LLVM: `optimizeStrCmp`). What is left at the end is refused, because eBPF has no C
 * library; calls of functions that a header declares stay calls.
 */
export const foldStrings: Pass = {
	name: "const-strings",
	run(fn, context) {
		const map = new Map<Inst, Value>();
		let changed = false;
		for (const block of fn.blocks) {
			for (const inst of block.insts) {
				const name = nameOf(inst);
				if (name === null) continue;
				const fixed = unchanging(context);
				const value = fold(inst, name, fixed);
				if (value !== null) {
					map.set(inst, value);
					continue;
				}
				const size = name === "strlen" ? null : decidingBytes(inst, fixed);
				if (size === null || !(analysesOf(fn, context).users.get(inst) ?? []).every((use) => asksWhetherEqual(use))) continue;
				Object.assign(inst, { op: "memcmp", args: inst.args.slice(0, 2), attr: { size, align: 1 } });
				changed = true;
			}
			if (map.size > 0) block.insts = block.insts.filter((inst) => !map.has(inst));
		}
		replaceAll(fn, map);
		return changed || map.size > 0;
	},
};

export const refuseStrings: Pass = {
	name: "refuse-strings",
	run(fn, { diagnostics }) {
		const map = new Map<Inst, Value>();
		for (const block of fn.blocks) {
			for (const inst of block.insts) {
				if (!isQuestion(inst)) continue;
				const name = inst.args.length === 3 ? "strncmp" : inst.op;
				diagnostics.report({
					code: "E0604",
					severity: "error",
					message: `the builtin function __builtin_${name} is not supported for strings that are not constant here`,
					span: inst.loc,
				});
				map.set(inst, constant(inst.ty!, 0));
			}
			if (map.size > 0) block.insts = block.insts.filter((inst) => !map.has(inst));
		}
		replaceAll(fn, map);
		return map.size > 0;
	},
};

const isQuestion = (inst: Inst): boolean => inst.op === "strcmp" || inst.op === "strlen";

const OPERANDS: Readonly<Record<string, number>> = { strlen: 1, strcmp: 2, strncmp: 3 };

/** Which function of the C library it is: a builtin, or a call of one that is declared as the library's and not defined here. */
function nameOf(inst: Inst): string | null {
	if (isQuestion(inst)) return inst.args.length === 3 ? "strncmp" : inst.op;
	if (inst.op !== "call" || inst.attr!.callee!.kind !== "function") return null;
	const { name, body } = inst.attr!.callee!.symbol;
	return body === undefined &&
		Object.hasOwn(OPERANDS, name) &&
		inst.args.length === OPERANDS[name] &&
		inst.ty === (name === "strlen" ? "i64" : "i32") &&
		inst.args.slice(0, 2).every(({ ty }) => ty === "ptr")
		? name
		: null;
}

/** Bytes that are compared at most; null when that is known only at run time. */
function mostCompared({ args }: Inst): number | null {
	const limit = args[2];
	if (limit === undefined) return Number.POSITIVE_INFINITY;
	return isConst(limit) ? Number(unsigned(limit.ty, limit.value)) : null;
}

/** How many bytes say whether the strings are equal, when one of them is known and the other an object that is as long; else null. */
function decidingBytes(inst: Inst, fixed: ReadonlySet<IrGlobal>): number | null {
	const most = mostCompared(inst);
	if (most === null) return null;
	for (const side of [0, 1]) {
		const known = bytesAt(inst.args[side], fixed);
		if (known === null) continue;
		const end = known.indexOf(0);
		if (end < 0 && most > known.length) continue;
		const size = end < 0 ? most : Math.min(most, end + 1);
		if (size > 0 && size <= roomAt(inst.args[1 - side])) return size;
	}
	return null;
}

/** Bytes of the object that follow the address. */
function roomAt(address: Value): number {
	const { root, offset } = rootOf(address);
	return isInst(root) && root.op === "alloca" && offset !== null && offset >= 0 ? root.attr!.size! - offset : 0;
}

const asksWhetherEqual = ({ op, args, attr }: Inst): boolean =>
	op === "branch" || (op === "icmp" && (attr!.pred === "eq" || attr!.pred === "ne") && isConst(args[1]) && args[1].value === 0n);

function fold(inst: Inst, name: string, fixed: ReadonlySet<IrGlobal>): Value | null {
	const most = mostCompared(inst);
	if (most === null) return null;
	const a = bytesAt(inst.args[0], fixed);
	if (a === null) return null;
	if (name === "strlen") {
		const end = a.indexOf(0);
		return end < 0 ? null : constant("i64", end);
	}
	const b = bytesAt(inst.args[1], fixed);
	if (b === null) return null;
	for (let i = 0; i < most; i++) {
		// Beyond its object a string is not known.
		if (i >= a.length || i >= b.length) return null;
		if (a[i] !== b[i]) return constant("i32", a[i] < b[i] ? -1 : 1);
		if (a[i] === 0) break;
	}
	return constant("i32", 0);
}

/** What a constant object holds from the address on; null when it is not known. */
function bytesAt(address: Value, fixed: ReadonlySet<IrGlobal>): Uint8Array | null {
	const { root, offset } = rootOf(address);
	if (!isInst(root) || root.op !== "global" || offset === null) return null;
	const global = root.attr!.global!;
	if ("kind" in global || !fixed.has(global) || global.relocs.length > 0) return null;
	const at = offset + (root.attr!.offset ?? 0);
	return at < 0 || at > global.size ? null : (global.bytes ?? new Uint8Array(global.size)).subarray(at);
}
