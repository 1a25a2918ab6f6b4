import type { ArrayType, CType, EnumType, FloatType, FunctionType, IntType, PointerType, QualifiedType, RecordType } from "./types.ts";

/**
 * In: types. Out: the arithmetic types as singletons, constructors for derived types, and the questions everybody asks of a type.
 * The one idea: sugar (typedefs, qualifiers, BTF tags) is looked through by `canonical`, and never lost by anything else.
 * The target is LP64 little-endian eBPF as clang lays it out (clang's BPF TargetInfo: `char` signed, `int64_t` is `long`).
 */

function int(name: string, size: IntType["size"], signed: boolean, rank: number): IntType {
	return { kind: "int", name, size, signed, rank };
}

export const VOID = { kind: "void" } as const satisfies CType;
export const BOOL = int("_Bool", 1, false, 0);
export const CHAR = int("char", 1, true, 1);
export const SCHAR = int("signed char", 1, true, 1);
export const UCHAR = int("unsigned char", 1, false, 1);
export const SHORT = int("short", 2, true, 2);
export const USHORT = int("unsigned short", 2, false, 2);
export const INT = int("int", 4, true, 3);
export const UINT = int("unsigned int", 4, false, 3);
export const LONG = int("long", 8, true, 4);
export const ULONG = int("unsigned long", 8, false, 4);
export const LLONG = int("long long", 8, true, 5);
export const ULLONG = int("unsigned long long", 8, false, 5);
export const INT128 = int("__int128", 16, true, 6);
export const UINT128 = int("unsigned __int128", 16, false, 6);

export const FLOAT: FloatType = { kind: "float", name: "float", size: 4 };
export const DOUBLE: FloatType = { kind: "float", name: "double", size: 8 };
export const LONG_DOUBLE: FloatType = { kind: "float", name: "long double", size: 8 };

/** The type of what could not be typed. It behaves as an integer, and every check that meets it keeps quiet. */
export const ERROR = int("<error>", 4, true, 3);

export const SIZE = ULONG;

const UNSIGNED_OF = new Map<IntType, IntType>([
	[CHAR, UCHAR],
	[SCHAR, UCHAR],
	[SHORT, USHORT],
	[INT, UINT],
	[LONG, ULONG],
	[LLONG, ULLONG],
	[INT128, UINT128],
]);

export function unsignedOf(type: IntType): IntType {
	return UNSIGNED_OF.get(type) ?? type;
}

// ── constructors ────────────────────────────────────────────────────────────────────────────────

export function pointerTo(target: CType): PointerType {
	return { kind: "pointer", target };
}

export function arrayOf(element: CType, length: number | null): ArrayType {
	return { kind: "array", element, length };
}

export interface Quals {
	readonly const?: boolean;
	readonly volatile?: boolean;
	readonly restrict?: boolean;
	readonly atomic?: boolean;
	readonly addressSpace?: number;
}

/** Adds qualifiers; neighbours merge into one node. */
export function qualify(type: CType, quals: Quals): CType {
	const wanted = quals.const || quals.volatile || quals.restrict || quals.atomic || quals.addressSpace;
	if (!wanted) return type;
	const inner = type.kind === "qualified" ? type : null;
	return {
		kind: "qualified",
		const: !!quals.const || !!inner?.const,
		volatile: !!quals.volatile || !!inner?.volatile,
		restrict: !!quals.restrict || !!inner?.restrict,
		atomic: !!quals.atomic || !!inner?.atomic,
		addressSpace: quals.addressSpace || inner?.addressSpace || 0,
		target: inner ? inner.target : type,
	};
}

// ── looking through sugar ───────────────────────────────────────────────────────────────────────

/** The type without typedefs, qualifiers and tags at its top. */
export type Canonical = Exclude<CType, QualifiedType | { kind: "typedef" } | { kind: "tagged" }>;

export function canonical(type: CType): Canonical {
	let t = type;
	for (;;) {
		switch (t.kind) {
			case "typedef":
			case "qualified":
			case "tagged":
				t = t.target;
				continue;
			default:
				return t;
		}
	}
}

export interface AllQuals {
	readonly const: boolean;
	readonly volatile: boolean;
	readonly restrict: boolean;
	readonly atomic: boolean;
	readonly addressSpace: number;
}

const NO_QUALS: AllQuals = { const: false, volatile: false, restrict: false, atomic: false, addressSpace: 0 };

/** The qualifiers at the top of a type, through typedefs; an array has those of its elements (C11 6.7.3p9). */
export function qualifiersOf(type: CType): AllQuals {
	let quals = NO_QUALS;
	let t = type;
	for (;;) {
		switch (t.kind) {
			case "qualified":
				quals = {
					const: quals.const || t.const,
					volatile: quals.volatile || t.volatile,
					restrict: quals.restrict || t.restrict,
					atomic: quals.atomic || t.atomic,
					addressSpace: quals.addressSpace || t.addressSpace,
				};
				t = t.target;
				continue;
			case "typedef":
			case "tagged":
				t = t.target;
				continue;
			case "array":
				t = t.element;
				continue;
			default:
				return quals;
		}
	}
}

/** Drops the qualifiers at the top but keeps a typedef's name when the typedef itself adds none: what reading an lvalue yields. */
export function unqualified(type: CType): CType {
	let t = type;
	while (t.kind === "qualified" || t.kind === "tagged") t = t.target;
	if (t.kind !== "typedef") return t;
	const quals = t.target.kind === "qualified" || t.target.kind === "typedef" ? qualifiersOf(t) : NO_QUALS;
	if (quals === NO_QUALS) return t;
	return quals.const || quals.volatile || quals.restrict || quals.atomic || quals.addressSpace ? canonical(t) : t;
}

// ── questions ───────────────────────────────────────────────────────────────────────────────────

export function isError(type: CType): boolean {
	return type === ERROR || canonical(type) === ERROR;
}

export function isVoid(type: CType): boolean {
	return canonical(type).kind === "void";
}

/** The integer type behind an integer or complete enumerated type, else null. */
export function integerType(type: CType): IntType | null {
	const t = canonical(type);
	if (t.kind === "int") return t;
	if (t.kind === "enum") return t.body ? t.body.underlying : UINT;
	return null;
}

export function isInteger(type: CType): boolean {
	const kind = canonical(type).kind;
	return kind === "int" || kind === "enum";
}

export function isFloat(type: CType): boolean {
	return canonical(type).kind === "float";
}

export function isArithmetic(type: CType): boolean {
	const kind = canonical(type).kind;
	return kind === "int" || kind === "enum" || kind === "float";
}

export function asPointer(type: CType): PointerType | null {
	const t = canonical(type);
	return t.kind === "pointer" ? t : null;
}

export function isPointer(type: CType): boolean {
	return canonical(type).kind === "pointer";
}

export function isScalar(type: CType): boolean {
	const kind = canonical(type).kind;
	return kind === "int" || kind === "enum" || kind === "float" || kind === "pointer";
}

export function asArray(type: CType): ArrayType | null {
	const t = canonical(type);
	return t.kind === "array" ? t : null;
}

export function asRecord(type: CType): RecordType | null {
	const t = canonical(type);
	return t.kind === "record" ? t : null;
}

export function asEnum(type: CType): EnumType | null {
	const t = canonical(type);
	return t.kind === "enum" ? t : null;
}

export function asFunction(type: CType): FunctionType | null {
	const t = canonical(type);
	return t.kind === "function" ? t : null;
}

/** The function type behind a pointer to function. */
export function pointedFunction(type: CType): FunctionType | null {
	const pointer = asPointer(type);
	return pointer ? asFunction(pointer.target) : null;
}

export function isConst(type: CType): boolean {
	return qualifiersOf(type).const;
}

/** Whether objects of this type have a known size (C11 6.2.5p22). Asking may parse a record's body. */
export function isComplete(type: CType): boolean {
	const t = canonical(type);
	switch (t.kind) {
		case "void":
		case "function":
			return false;
		case "array":
			return t.length !== null && isComplete(t.element);
		case "record":
		case "enum":
			return t.body !== null;
		default:
			return true;
	}
}

// ── integer values ──────────────────────────────────────────────────────────────────────────────

/** Wraps a mathematical integer to the type's range. */
export function wrap(value: bigint, type: IntType): bigint {
	if (type.rank === 0) return value === 0n ? 0n : 1n;
	return type.signed ? BigInt.asIntN(type.size * 8, value) : BigInt.asUintN(type.size * 8, value);
}

export function fits(value: bigint, type: IntType): boolean {
	return wrap(value, type) === value;
}
