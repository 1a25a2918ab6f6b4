import type { TokenSpan } from "../diagnostics/diagnostic.ts";
import type { Expr } from "../grammar/ast.ts";
import { addressOf } from "../types/access.ts";
import {
	asPointer,
	asRecord,
	BOOL,
	canonical,
	INT,
	integerType,
	isError,
	isInteger,
	isPointer,
	LONG,
	pointerTo,
	SIZE,
	UCHAR,
	UINT,
	ULLONG,
	ULONG,
	unqualified,
	USHORT,
	VOID,
	wrap,
} from "../types/basic.ts";
import * as build from "../types/build.ts";
import { constantValue } from "../types/constant.ts";
import { report, unevaluated, type Cx } from "../types/context.ts";
import { assignConvert, promote } from "../types/conversions.ts";
import * as core from "../types/core.ts";
import { errorValue, rvalue } from "../types/operand.ts";
import { value } from "../types/operators.ts";
import { keepMisaligned } from "../types/packed.ts";
import { quote } from "../types/spell.ts";
import type { TExpr } from "../types/typed.ts";
import type { CType } from "../types/types.ts";
import { atomicCall, fence, lockFree, syncCall } from "./atomic.ts";
import { alignment, assumeAligned } from "./alignment.ts";
import { foldBuiltin } from "./fold.ts";
import { checkMemoryCall } from "./memory-checks.ts";
import { objectSize } from "./object-size.ts";
import { prototype } from "./prototype.ts";
import { searchLiteral } from "./search.ts";
import { sourcePlace } from "./source-place.ts";
import { builtin, type Builtin, type RuleName } from "./table.ts";

/**
 * In: a call of a builtin. Out: its value if known now, else a `builtin` node under the name that lowering knows.
 */
export function builtinCall(cx: Cx, name: string, args: readonly Expr[], span: TokenSpan): TExpr | null {
	const found = builtin(name);
	if (!found) return null;
	const { row } = found;
	if ("refused" in row) {
		report(cx, "noBuiltin", span, `'${name}': ${row.refused}`);
		return errorValue(span);
	}
	if ("rule" in row) return RULES[row.rule](cx, found, args, span);
	const type = prototype(row.proto);
	if (!count(cx, found.name, args, type.params.length, type.params.length, span)) return errorValue(span);
	const values = args.map((a, i) => assignConvert(cx, value(cx, a), type.params[i]!.type, { kind: "passing" }, a.span));
	if (values.some((v) => isError(v.type))) return errorValue(span);
	checkMemoryCall(cx, found.key, args, values, span);
	if (row.fold) {
		const known = foldBuiltin(row.fold, values);
		const result = integerType(type.result);
		if (known !== null && result) return build.intConst(wrap(known, result), type.result, span);
	}
	return node(found.name, values, type.result, span);
}

function node(name: string, args: readonly TExpr[], type: CType, span: TokenSpan, typeArgs: readonly CType[] = []): TExpr {
	return { kind: "builtin", name, args, typeArgs, type, span };
}

function count(cx: Cx, _name: string, args: readonly Expr[], least: number, most: number, span: TokenSpan): boolean {
	if (args.length < least) report(cx, "tooFewArgs", span, `too few arguments to function call, expected ${least}, have ${args.length}`);
	else if (args.length > most)
		report(cx, "tooManyArgs", span, `too many arguments to function call, expected ${most}, have ${args.length}`);
	else return true;
	return false;
}

/** By the letters behind `addc`. */
const CARRIED: Record<string, CType> = { b: UCHAR, s: USHORT, "": UINT, l: ULONG, ll: ULLONG };

type Rule = (cx: Cx, b: Builtin, args: readonly Expr[], span: TokenSpan) => TExpr;

const RULES: Record<RuleName, Rule> = {
	/** Constant after folding: 1. An object's address or a call: 0. Anything else only the optimiser knows. */
	constant_p: (cx, b, args, span) => {
		if (!count(cx, b.name, args, 1, 1, span)) return errorValue(span);
		// Its side effects never happen, but after inlining the optimiser asks whether its value became constant.
		const operand = value(cx, args[0]!);
		if (isError(operand.type)) return errorValue(span);
		if (operand.kind === "int" || operand.kind === "float") return build.intConst(1n, INT, span);
		if (operand.kind === "address" && operand.of.kind === "string") return build.intConst(1n, INT, span);
		if (constantValue(cx, operand) !== null && operand.kind !== "builtin") return build.intConst(1n, INT, span);
		if (!isInteger(operand.type) && !isPointer(operand.type)) return build.intConst(0n, INT, span);
		if (!cx.fn) return build.intConst(0n, INT, span);
		return node(b.name, [operand], INT, span);
	},
	expect: (cx, b, args, span) => {
		const probability = b.key === "expect_with_probability";
		if (!count(cx, b.name, args, probability ? 3 : 2, probability ? 3 : 2, span)) return errorValue(span);
		const x = assignConvert(cx, value(cx, args[0]!), LONG, { kind: "passing" }, args[0]!.span);
		const y = assignConvert(cx, value(cx, args[1]!), LONG, { kind: "passing" }, args[1]!.span);
		if (x.kind === "int") return { ...x, span };
		return node("__builtin_expect", [x, y], LONG, span);
	},
	overflow: (cx, b, args, span) => {
		if (!count(cx, b.name, args, 3, 3, span)) return errorValue(span);
		const [x, y, target] = args.map((a) => value(cx, a));
		const pointed = asPointer(target!.type)?.target;
		if (!pointed || !isInteger(pointed)) {
			if (!isError(target!.type))
				report(
					cx,
					"badBuiltin",
					args[2]!.span,
					`result argument to overflow builtin must be a pointer to a non-const integer (${quote(target!.type)} invalid)`,
				);
			return errorValue(span);
		}
		for (const [i, v] of [x!, y!].entries())
			if (!isInteger(v.type)) {
				if (!isError(v.type))
					report(cx, "badBuiltin", args[i]!.span, `operand argument to overflow builtin must be an integer (${quote(v.type)} invalid)`);
				return errorValue(span);
			}
		const fixed = /^[su](add|sub|mul)/.test(b.key);
		const operands = fixed ? [build.convert(x!, unqualified(pointed), false), build.convert(y!, unqualified(pointed), false)] : [x!, y!];
		return node(b.name, [...operands, target!], BOOL, span);
	},
	overflowPredicate: (cx, b, args, span) => {
		if (!count(cx, b.name, args, 3, 3, span)) return errorValue(span);
		return node(
			b.name,
			args.map((a) => value(cx, a)),
			BOOL,
			span,
		);
	},
	preserveAccessIndex: (cx, b, args, span) => {
		if (!count(cx, b.name, args, 1, 1, span)) return errorValue(span);
		const before = cx.preserve;
		cx.preserve = true;
		const v = value(cx, args[0]!);
		cx.preserve = before;
		keepMisaligned(cx, v);
		return v;
	},
	preserveFieldInfo: (cx, b, args, span) => {
		if (!count(cx, b.name, args, 2, 2, span)) return errorValue(span);
		return core.fieldInfo(cx, args[0]!, constantArg(cx, args[1]!), span);
	},
	preserveTypeInfo: (cx, b, args, span) => {
		if (!count(cx, b.name, args, 2, 2, span)) return errorValue(span);
		return core.typeInfo(cx, args[0]!, constantArg(cx, args[1]!), span);
	},
	preserveEnumValue: (cx, b, args, span) => {
		if (!count(cx, b.name, args, 2, 2, span)) return errorValue(span);
		return core.enumValue(cx, args[0]!, constantArg(cx, args[1]!), span);
	},
	btfTypeId: (cx, b, args, span) => {
		if (!count(cx, b.name, args, 2, 2, span)) return errorValue(span);
		return core.typeId(cx, args[0]!, constantArg(cx, args[1]!), span);
	},
	objectSize: (cx, b, args, span) => {
		if (!count(cx, b.name, args, 2, 2, span)) return errorValue(span);
		const pointer = unevaluated(cx, () => value(cx, args[0]!));
		const kind = constantArg(cx, args[1]!);
		const known = objectSize(pointer, kind ?? 0n);
		return build.intConst(known ?? (kind !== null && kind >= 2n ? 0n : 2n ** 64n - 1n), SIZE, span);
	},
	assumeAligned: (cx, b, args, span) => {
		if (!count(cx, b.name, args, 2, 3, span)) return errorValue(span);
		for (const a of args.slice(1)) constantArg(cx, a);
		return assumeAligned(cx, args);
	},
	alignment: (cx, b, args, span) => (count(cx, b.name, args, 2, 2, span) ? alignment(cx, b, args, span) : errorValue(span)),
	sourcePlace: (cx, b, args, span) => (count(cx, b.name, args, 0, 0, span) ? sourcePlace(cx, b.key, span) : errorValue(span)),
	/** The type by the name, as of the overflow builtins; the carry out is stored. */
	carry: (cx, b, args, span) => {
		if (!count(cx, b.name, args, 4, 4, span)) return errorValue(span);
		const type = CARRIED[b.key.slice("addc".length)]!;
		const wanted = [type, type, type, pointerTo(type)];
		const values = args.map((a, i) => assignConvert(cx, value(cx, a), wanted[i]!, { kind: "passing" }, a.span));
		return values.some((v) => isError(v.type)) ? errorValue(span) : node(b.name, values, type, span);
	},
	/** `__builtin___memcpy_chk(to, from, n, room)`: the last argument is for a check that only a C library makes. */
	checked: (cx, b, args, span) => {
		const name = `__builtin_${b.key.replace(/^__(.*)_chk$/, "$1")}`;
		const { row } = builtin(name)!;
		// A letter for the result and one each for the others: as many as they and the room.
		const wanted = "proto" in row ? row.proto.length : 0;
		if (!count(cx, b.name, args, wanted, wanted, span)) return errorValue(span);
		return builtinCall(cx, name, args.slice(0, -1), span)!;
	},
	bcopy: (cx, b, args, span) => {
		if (!count(cx, b.name, args, 3, 3, span)) return errorValue(span);
		const moved = builtinCall(cx, "__builtin_memmove", [args[1]!, args[0]!, args[2]!], span)!;
		return isError(moved.type) ? moved : build.convert(moved, VOID, false);
	},
	nontemporal: (cx, b, args, span) => {
		const store = b.key.endsWith("store");
		if (!count(cx, b.name, args, store ? 2 : 1, store ? 2 : 1, span)) return errorValue(span);
		const pointer = value(cx, args.at(-1)!);
		const pointed = asPointer(pointer.type)?.target;
		if (pointed === undefined || (!isInteger(pointed) && !isPointer(pointed))) {
			if (!isError(pointer.type))
				report(
					cx,
					"badBuiltin",
					span,
					`address argument to nontemporal builtin must be a pointer to integer or pointer (${quote(pointer.type)} invalid)`,
				);
			return errorValue(span);
		}
		const target = build.deref(pointer, span);
		if (!store) return rvalue(target);
		const stored = assignConvert(cx, value(cx, args[0]!), unqualified(pointed), { kind: "passing" }, args[0]!.span);
		return build.convert({ kind: "assign", target, value: stored, type: unqualified(pointed), span }, VOID, false);
	},
	search: (cx, b, args, span) => {
		const type = prototype(b.key === "memchr" ? "pPis" : b.key.endsWith("chr") ? "Cci" : "Ccc");
		if (!count(cx, b.name, args, type.params.length, type.params.length, span)) return errorValue(span);
		const values = args.map((a, i) => assignConvert(cx, value(cx, a), type.params[i]!.type, { kind: "passing" }, a.span));
		if (values.some((v) => isError(v.type))) return errorValue(span);
		return searchLiteral(b.key, values, type.result, span) ?? node(b.name, values, type.result, span);
	},
	/** For the optimiser of clang; ours asks elsewhere what two pointers may share. */
	separateStorage: (cx, b, args, span) => {
		if (!count(cx, b.name, args, 2, 2, span)) return errorValue(span);
		return node(
			b.name,
			args.map((a) => value(cx, a)),
			VOID,
			span,
		);
	},
	sync: (cx, b, args, span) => syncCall(cx, b, args, span),
	atomic: (cx, b, args, span) => atomicCall(cx, b, args, span),
	fence: (cx, b, args, span) => fence(cx, b, args, span),
	isLockFree: (cx, b, args, span) => lockFree(cx, b, args, span),
	unreachable: (cx, b, args, span) => {
		count(cx, b.name, args, 0, 0, span);
		return node(b.name, [], VOID, span);
	},
	prefetch: (cx, b, args, span) => {
		if (!count(cx, b.name, args, 1, 3, span)) return errorValue(span);
		return node(b.name, [value(cx, args[0]!)], VOID, span);
	},
	/** GCC's typeclass.h: 1 integer, 5 pointer, 12 record, 13 union. */
	classifyType: (cx, b, args, span) => {
		if (!count(cx, b.name, args, 1, 1, span)) return errorValue(span);
		const type = unevaluated(cx, () => rvalue(cx.rules.expr(cx, args[0]!))).type;
		const kind = canonical(type).kind;
		const known =
			kind === "void" ? 0n : kind === "pointer" ? 5n : kind === "float" ? 8n : kind === "record" ? (asRecord(type)!.union ? 13n : 12n) : 1n;
		return build.intConst(known, INT, span);
	},
	addressof: (cx, b, args, span) =>
		count(cx, b.name, args, 1, 1, span) ? addressOf(cx, cx.rules.expr(cx, args[0]!), span) : errorValue(span),
	/** clzg, ctzg, popcountg: by the argument's own width; a second argument is the value for zero. */
	genericBits: (cx, b, args, span) => {
		if (!count(cx, b.name, args, 1, b.key === "popcountg" ? 1 : 2, span)) return errorValue(span);
		const x = value(cx, args[0]!);
		const type = integerType(x.type);
		if (!type || type.signed) {
			if (!isError(x.type)) report(cx, "badBuiltin", args[0]!.span, `argument must be an unsigned integer (was ${quote(x.type)})`);
			return errorValue(span);
		}
		const what = b.key.slice(0, -1) as "clz" | "ctz" | "popcount";
		const fallback = args[1] ? assignConvert(cx, value(cx, args[1]), INT, { kind: "passing" }) : null;
		const known = foldBuiltin(what, [x]);
		if (known !== null) return build.intConst(known, INT, span);
		if (x.kind === "int" && x.value === 0n && fallback) return fallback;
		const wide = type.size === 8;
		const widened = build.convert(x, wide ? SIZE : UINT, false);
		const bits = node(`__builtin_${what}${wide ? "l" : ""}`, [widened], INT, span);
		const narrow =
			what === "clz" && type.size < 4 ? build.binary("-", bits, build.intConst(BigInt(32 - type.size * 8), INT, span), INT, span) : bits;
		if (!fallback) return narrow;
		return {
			kind: "conditional",
			condition: build.compare("!=", promote(x), build.convert(build.intConst(0n, INT, span), promote(x).type, false), span),
			then: narrow,
			else: fallback,
			type: INT,
			span,
		};
	},
	alloca: (cx, _b, _args, span) => {
		report(cx, "noAlloca", span, "alloca is not supported by eBPF: the stack is 512 bytes of fixed layout");
		return errorValue(span);
	},
	/** Its first argument, whatever else is said of it. */
	launder: (cx, b, args, span) => {
		const n = b.key === "annotation" ? 2 : 1;
		return count(cx, b.name, args, n, n, span) ? value(cx, args[0]!) : errorValue(span);
	},
};

function constantArg(cx: Cx, ast: Expr): bigint | null {
	const v = unevaluated(cx, () => value(cx, ast));
	const known = constantValue(cx, v);
	if (known === null && !isError(v.type)) report(cx, "notConstant", ast.span, "argument to builtin must be a constant integer");
	return known;
}
