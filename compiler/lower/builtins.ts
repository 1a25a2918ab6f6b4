import type { Op, Value } from "../ir/types.ts";
import { isCopyOfLiteral, stringLength } from "../builtins/fold.ts";
import type { LExpr, TExpr } from "../types/typed.ts";
import type { IntType } from "../types/types.ts";
import type { BuiltinExpr, Lowering } from "./state.ts";
import { constant, undef } from "../ir/values.ts";
import { asPointer, integerType } from "../types/basic.ts";
import { alignOf, sizeOf } from "../types/layout.ts";
import { isAtomicBuiltin, lowerAtomic } from "./atomics.ts";
import { countLeadingZeros, countSignBits, countTrailingZeros, findFirstSet, popcount } from "./bits.ts";
import { convert } from "./convert.ts";
import { carried, overflow } from "./overflow.ts";
import { alignAt } from "./places.ts";
import { isSigned, shapeOf, tyOf } from "./state.ts";
import { constantIndex } from "../types/core-chain.ts";

/**
 * Builtin functions → IR. Those that the checker folds (offsetof, types_compatible_p, choose_expr, preserve_*) do not
 * get here. The row's key is the name without `__builtin_`.
 */
type Row = (f: Lowering, expr: BuiltinExpr, used: boolean) => Value;

const nothing = constant("i32", 0);

const first = (f: Lowering, expr: BuiltinExpr): Value => f.value(expr.args[0]);

/** The first argument as an unsigned number of the width that the name says. */
const counted =
	(count: (b: Lowering["b"], x: Value) => Value): Row =>
	(f, expr) => {
		const value = first(f, expr);
		const wide = /ll?$|64$|g$/.test(expr.name) && !/clz$|ctz$|ffs$|parity$/.test(expr.name) ? true : value.ty === "i64";
		return count(f.b, wide ? f.b.extend(value, false) : f.b.truncate(value));
	};

const swap =
	(bits: 16 | 32 | 64): Row =>
	(f, expr) => {
		const value = first(f, expr);
		const ty = bits === 64 ? "i64" : "i32";
		return f.b.pure("bswap", ty, [bits === 64 ? f.b.extend(value, false) : f.b.truncate(value)], { bits });
	};

const copy =
	(op: Op): Row =>
	(f, expr) => {
		const [to, from, length] = expr.args;
		const target = f.value(to);
		const source = op === "memset" ? f.b.truncate(f.value(from)) : f.value(from);
		const targetAlign = alignmentOf(to);
		sized(f, op, target, source, length, op === "memset" ? targetAlign : alignmentOf(from), targetAlign);
		return target;
	};

function sized(f: Lowering, op: Op, target: Value, source: Value, length: TExpr, sourceAlign: number, targetAlign: number): Value {
	return sizedBy(f, op, target, source, f.b.extend(f.value(length), isSigned(length.type)), sourceAlign, targetAlign);
}

function sizedBy(f: Lowering, op: Op, target: Value, source: Value, size: Value, sourceAlign: number, targetAlign: number): Value {
	const ty = op === "memcmp" ? "i32" : null;
	const align = {
		align: Math.min(sourceAlign, targetAlign),
		...(targetAlign === sourceAlign ? {} : targetAlign > sourceAlign ? { targetAlign } : { sourceAlign }),
	};
	if (size.op !== "const") return f.b.append(op, ty, [target, source, size], align);
	const bytes = Number(size.value);
	if (bytes === 0 && ty === null) return nothing;
	// A word that is aligned where it comes from is read as one, which a context asks for; the store is split where it must be.
	if ((op === "memcpy" || op === "memmove") && [2, 4, 8].includes(bytes) && sourceAlign >= bytes && targetAlign < bytes) {
		f.b.store(target, f.b.load(bytes === 8 ? "i64" : "i32", source, { size: bytes }), { size: bytes, align: targetAlign });
		return nothing;
	}
	return f.b.append(op, ty, [target, source], { size: bytes, ...align });
}

/** What the pointer's type, before conversion to void *, says of its alignment; a place's own if it is the address of one. */
function alignmentOf(pointer: TExpr): number {
	if (pointer.kind === "convert" && asPointer(pointer.operand.type) !== null) return alignmentOf(pointer.operand);
	if (pointer.kind === "address") return Math.min(8, placeAlignment(pointer.of));
	const target = asPointer(pointer.type)?.target;
	if (target === undefined) return 1;
	const shape = shapeOf(target);
	return shape.kind === "void" ? 1 : Math.min(8, alignOf(target));
}

/** An array of characters within a record is aligned as its offset there is, not as its elements are. */
function placeAlignment(place: LExpr): number {
	if (place.kind === "variable" || place.kind === "compound-literal") return Math.max(1, place.symbol.align);
	if (place.kind === "member") return alignAt(placeAlignment(place.base), place.member.bitOffset / 8);
	if (place.kind === "element") {
		const index = constantIndex(place.index);
		const size = sizeOf(place.type);
		return alignAt(placeAlignment(place.base), index === null ? size : index * size);
	}
	return place.kind === "string" || ["function", "void"].includes(shapeOf(place.type).kind) ? 1 : alignOf(place.type);
}

const refused =
	(why: string): Row =>
	(f, expr) => {
		for (const arg of expr.args) f.effect(arg);
		return f.refuse("E0604", why, expr.span);
	};

const rows: Record<string, Row> = {
	memcpy: copy("memcpy"),
	memcpy_inline: copy("memcpy"),
	memmove: copy("memmove"),
	mempcpy: (f, expr) => {
		const [to, from, length] = expr.args;
		const target = f.value(to);
		const source = f.value(from);
		const size = f.b.extend(f.value(length), isSigned(length.type));
		sizedBy(f, "memcpy", target, source, size, alignmentOf(from), alignmentOf(to));
		return f.b.ptradd(target, size);
	},
	memset: copy("memset"),
	memset_inline: copy("memset"),
	bzero: (f, expr) => {
		sized(f, "memset", first(f, expr), nothing, expr.args[1], alignmentOf(expr.args[0]), alignmentOf(expr.args[0]));
		return nothing;
	},
	memcmp: (f, expr) => {
		const [left, right, length] = expr.args;
		return sized(f, "memcmp", f.value(left), f.value(right), length, alignmentOf(right), alignmentOf(left));
	},
	bcmp: (f, expr) => rows.memcmp(f, expr, true),
	strcmp: (f, expr) => f.b.append("strcmp", "i32", [f.value(expr.args[0]), f.value(expr.args[1])]),
	strncmp: (f, expr) =>
		f.b.append("strcmp", "i32", [f.value(expr.args[0]), f.value(expr.args[1]), f.b.extend(f.value(expr.args[2]), false)]),
	strcpy: copyLiteral,
	strncpy: copyLiteral,
	strlen: (f, expr) => f.b.append("strlen", "i64", [f.value(expr.args[0])]),
	bswap16: swap(16),
	bswap32: swap(32),
	bswap64: swap(64),
	popcount: counted(popcount),
	popcountl: counted(popcount),
	popcountll: counted(popcount),
	popcountg: counted(popcount),
	clrsb: counted(countSignBits),
	clrsbl: counted(countSignBits),
	clrsbll: counted(countSignBits),
	clz: counted(countLeadingZeros),
	clzl: counted(countLeadingZeros),
	clzll: counted(countLeadingZeros),
	ctz: counted(countTrailingZeros),
	ctzl: counted(countTrailingZeros),
	ctzll: counted(countTrailingZeros),
	ffs: counted(findFirstSet),
	ffsl: counted(findFirstSet),
	ffsll: counted(findFirstSet),
	parity: (f, expr) => f.b.binary("and", counted(popcount)(f, expr, true), constant("i32", 1)),
	parityl: (f, expr) => rows.parity(f, expr, true),
	parityll: (f, expr) => rows.parity(f, expr, true),
	abs: absolute,
	labs: absolute,
	llabs: absolute,
	constant_p: (f, expr) => {
		const [arg] = expr.args;
		const { kind } = shapeOf(arg.type);
		if (kind !== "int" && kind !== "pointer") return nothing;
		if (!isQuiet(arg)) return nothing;
		const value = f.value(arg);
		// The address of a string literal counts as constant for gcc and clang.
		return value.op === "global"
			? constant(
					"i32",
					value.attr?.global !== undefined && "section" in value.attr.global && value.attr.global.section?.startsWith(".rodata.str")
						? 1
						: 0,
				)
			: f.b.pure("isconst", "i32", [value]);
	},
	...rotations(),
	bitreverse8: reverse(8),
	bitreverse16: reverse(16),
	bitreverse32: reverse(32),
	bitreverse64: reverse(64),
	is_aligned: (f, expr) => {
		const { x, last } = aligned(f, expr);
		return f.b.icmp("eq", f.b.binary("and", x, last), constant(x.ty!, 0));
	},
	align_down: (f, expr) => {
		const { x, last } = aligned(f, expr);
		return f.b.binary("and", x, not(f, last));
	},
	align_up: (f, expr) => {
		const { x, last } = aligned(f, expr);
		return f.b.binary("and", f.b.binary("add", x, last), not(f, last));
	},
	unpredictable: first,
	expect: first,
	expect_with_probability: first,
	assume: () => nothing,
	assume_aligned: first,
	launder: first,
	prefetch: effects,
	assume_separate_storage: effects,
	unreachable: (f) => {
		f.b.append("unreachable", null, []);
		return nothing;
	},
	trap: trap,
	debugtrap: trap,
	abort: trap,
	object_size: (_f, expr) => constant("i64", expr.args[1]?.kind === "int" && expr.args[1].value >= 2n ? 0 : -1),
	dynamic_object_size: (f, expr) => rows.object_size(f, expr, true),
	alloca: refused("eBPF's stack is 512 bytes of fixed layout: there is no alloca"),
	alloca_with_align: refused("eBPF's stack is 512 bytes of fixed layout: there is no alloca"),
	va_start: refused("eBPF functions take at most five arguments in registers: there are no variable arguments"),
	va_end: refused("eBPF functions take at most five arguments in registers: there are no variable arguments"),
	va_arg: refused("eBPF functions take at most five arguments in registers: there are no variable arguments"),
	va_copy: refused("eBPF functions take at most five arguments in registers: there are no variable arguments"),
	return_address: refused("eBPF has no return address to look at"),
	frame_address: (f) =>
		f.b.append("asm", "ptr", [], {
			asm: {
				template: "%0 = r10",
				volatile: false,
				outputs: [{ constraint: "r", inout: false, earlyClobber: false, memory: false, wide: true }],
				inputs: [],
				clobbers: [],
				labels: [],
			},
		}),
};

function rotations(): Record<string, Row> {
	const made: Record<string, Row> = {};
	for (const bits of [8, 16, 32, 64]) {
		for (const way of ["left", "right"] as const) {
			made[`rotate${way}${bits}`] = (f, expr) => {
				const { b } = f;
				const ty = bits === 64 ? "i64" : "i32";
				const fit = (value: Value): Value => (ty === "i64" ? b.extend(value, false) : b.truncate(value));
				const value = fit(f.value(expr.args[0]));
				const count = b.binary("and", fit(f.value(expr.args[1])), constant(ty, bits - 1));
				const back = b.binary("and", b.pure("neg", ty, [count]), constant(ty, bits - 1));
				const turned = b.binary(
					"or",
					b.binary(way === "left" ? "shl" : "lshr", value, count),
					b.binary(way === "left" ? "lshr" : "shl", value, back),
				);
				return bits < 32 ? b.binary("and", turned, constant(ty, (1 << bits) - 1)) : turned;
			};
		}
	}
	return made;
}

/** Only for what its arguments do. */
function effects(f: Lowering, expr: BuiltinExpr): Value {
	for (const arg of expr.args) f.effect(arg);
	return nothing;
}

/** A number or an address as one, and the bits that an aligned one has not. */
function aligned(f: Lowering, expr: BuiltinExpr): { readonly x: Value; readonly last: Value } {
	const given = first(f, expr);
	const x = given.ty === "ptr" ? f.b.pure("ptrtoint", "i64", [given]) : given;
	return { x, last: f.b.binary("sub", f.value(expr.args[1]), constant(x.ty!, 1)) };
}

const not = (f: Lowering, x: Value): Value => f.b.binary("xor", x, constant(x.ty!, -1));

/** The literal, and zeros up to the length that strncpy is given. */
function copyLiteral(f: Lowering, expr: BuiltinExpr): Value {
	const [to, from, most] = expr.args;
	if (!isCopyOfLiteral(expr))
		return refused(`the builtin function ${expr.name} is supported for string literals and constant lengths only`)(f, expr, true);
	const target = f.value(to);
	const source = f.value(from);
	const whole = Number(stringLength(from)) + 1;
	const size = most?.kind === "int" ? Number(most.value) : whole;
	const align = Math.min(alignmentOf(to), alignmentOf(from));
	if (size > 0) f.b.append("memcpy", null, [target, source], { size: Math.min(size, whole), align });
	if (size > whole)
		f.b.append("memset", null, [f.b.pure("ptradd", "ptr", [target, constant("i64", whole)]), constant("i32", 0)], {
			size: size - whole,
			align: 1,
		});
	return target;
}

/** Bits within bytes by exchanging neighbours, then the bytes. */
function reverse(bits: 8 | 16 | 32 | 64): Row {
	return (f, expr) => {
		const { b } = f;
		const ty = bits === 64 ? "i64" : "i32";
		let value = first(f, expr);
		value = ty === "i64" ? b.extend(value, false) : b.truncate(value);
		for (const [by, byte] of [
			[1, 0x55n],
			[2, 0x33n],
			[4, 0x0fn],
		] as const) {
			let mask = 0n;
			for (let i = 0; i < bits / 8; i++) mask = (mask << 8n) | byte;
			const shift = constant(ty, by);
			const low = b.binary("shl", b.binary("and", value, constant(ty, mask)), shift);
			value = b.binary("or", low, b.binary("and", b.binary("lshr", value, shift), constant(ty, mask)));
		}
		return bits === 8 ? value : b.pure("bswap", ty, [value], { bits });
	};
}

function absolute(f: Lowering, expr: BuiltinExpr): Value {
	const { b } = f;
	const value = convert(b, first(f, expr), expr.args[0].type, expr.type);
	const sign = b.binary("ashr", value, constant(value.ty!, value.ty === "i64" ? 63 : 31));
	return b.binary("sub", b.binary("xor", value, sign), sign);
}

/** clang's BPF target has no trap instruction either; the program must not get here. */
function trap(f: Lowering): Value {
	f.b.append("unreachable", null, []);
	return nothing;
}

/** Evaluating it would do nothing but read. */
function isQuiet(expr: TExpr): boolean {
	switch (expr.kind) {
		case "int":
		case "function-address":
		case "core-info":
			return true;
		case "load":
		case "address":
			return true;
		case "convert":
		case "unary":
			return isQuiet(expr.operand);
		case "binary":
		case "compare":
		case "logical":
		case "pointer-diff":
		case "comma":
			return isQuiet(expr.left) && isQuiet(expr.right);
		case "pointer-add":
			return isQuiet(expr.pointer) && isQuiet(expr.index);
		case "conditional":
			return isQuiet(expr.condition) && (expr.then === undefined || isQuiet(expr.then)) && isQuiet(expr.else);
		case "builtin":
			return expr.args.every(isQuiet);
		default:
			return false;
	}
}

export function lowerBuiltin(f: Lowering, expr: BuiltinExpr, used: boolean): Value {
	const { name } = expr;
	f.b.loc = expr.span;
	if (isAtomicBuiltin(name)) return lowerAtomic(f, expr, used);
	const key = name.replace(/^__builtin_(?:bpf_)?/, "");
	const checked = overflow(f, key, expr) ?? carried(f, key, expr);
	const lowered = checked ?? (Object.hasOwn(rows, key) ? rows[key](f, expr, used) : undefined);
	if (lowered === undefined) {
		for (const arg of expr.args) f.effect(arg);
		return f.refuse("E0604", `the builtin function ${name} is not supported`, expr.span);
	}
	return fitted(f, lowered, expr);
}

/** The rows give i32, i64 or ptr as they like; the expression's type decides. */
function fitted(f: Lowering, value: Value, expr: BuiltinExpr): Value {
	const shape = shapeOf(expr.type);
	if (shape.kind !== "int" && shape.kind !== "pointer") return value;
	const want = tyOf(expr.type);
	if (value.ty === want || value.op === "undef") return value.op === "undef" ? undef(want) : value;
	if (want === "ptr") return f.b.pure("inttoptr", "ptr", [f.b.extend(value, false)]);
	const type: IntType | null = integerType(expr.type);
	return want === "i64" ? f.b.extend(value, type?.signed ?? false) : f.b.truncate(value);
}

export const isLibraryBuiltin = (name: string): boolean => ["memcpy", "memmove", "memset", "memcmp", "bcmp", "bzero"].includes(name);
