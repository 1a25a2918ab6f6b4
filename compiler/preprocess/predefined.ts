/**
 * What `clang-19 -target bpf -dM -E` defines, as the text of a file `<built-in>`. One row per family: widths, limits and printf letters
 * follow from the type.
 */
export interface TargetOptions {
	readonly cpu: 1 | 2 | 3 | 4;
	/** "gnu17", "c11", … */
	readonly std: string;
	/** 0 … 3; `size` for -Os and -Oz. */
	readonly optimize: number;
	readonly optimizeSize: boolean;
	/** Accesses by types that C keeps apart do not touch the same bytes (`-fno-strict-aliasing`: they may). */
	readonly strictAliasing: boolean;
	/** Signed arithmetic does not overflow (`-fwrapv`: it wraps). */
	readonly strictOverflow: boolean;
	/** Nothing is accessed at address 0 (`-fno-delete-null-pointer-checks`: something may be). */
	readonly deleteNullChecks: boolean;
	readonly bigEndian: boolean;
	readonly debug: boolean;
}

export const STANDARDS: Readonly<Record<string, { readonly version: string | null; readonly gnu: boolean; readonly c23: boolean }>> = Object.fromEntries(
	(
		[
			["89", null], ["90", null], ["99", "199901L"], ["9x", "199901L"], ["11", "201112L"], ["1x", "201112L"], ["17", "201710L"], ["18", "201710L"], ["2x", "202311L"], ["23", "202311L"], ["2y", "202400L"],
		] as const
	).flatMap(([year, version]) => [false, true].map((gnu) => [`${gnu ? "gnu" : "c"}${year}`, { version, gnu, c23: year === "2x" || year === "23" || year === "2y" }])),
);

interface IntRow {
	readonly type: string;
	readonly width: number;
	readonly signed: boolean;
	/** Length modifier of printf. */
	readonly fmt: string;
	readonly suffix: string;
}
const row = (type: string, width: number, signed: boolean, fmt: string, suffix: string): IntRow => ({ type, width, signed, fmt, suffix });
const S8 = row("signed char", 8, true, "hh", "");
const S16 = row("short", 16, true, "h", "");
const S32 = row("int", 32, true, "", "");
const S64 = row("long int", 64, true, "l", "L");
const U8 = row("unsigned char", 8, false, "hh", "");
const U16 = row("unsigned short", 16, false, "h", "");
const U32 = row("unsigned int", 32, false, "", "U");
const U64 = row("long unsigned int", 64, false, "l", "UL");

function limit(r: IntRow): string {
	return `${(1n << BigInt(r.signed ? r.width - 1 : r.width)) - 1n}${r.suffix}`;
}
function formats(r: IntRow, c23: boolean): string[] {
	return (r.signed ? ["d", "i"] : ["o", "u", "x", "X", ...(c23 ? ["b", "B"] : [])]).map((letter) => letter);
}

function integerMacros(c23: boolean): string[] {
	const out: string[] = [];
	const family = (name: string, r: IntRow, parts: { readonly width?: boolean; readonly suffix?: boolean; readonly max?: boolean }): void => {
		out.push(`__${name}_TYPE__ ${r.type}`);
		if (parts.max !== false) out.push(`__${name}_MAX__ ${limit(r)}`);
		if (parts.width === true) out.push(`__${name}_WIDTH__ ${r.width}`);
		if (parts.suffix === true) out.push(`__${name}_C_SUFFIX__ ${r.suffix}`);
		for (const letter of formats(r, c23)) out.push(`__${name}_FMT${letter}__ "${r.fmt}${letter}"`);
	};
	for (const r of [S8, S16, S32, S64, U8, U16, U32, U64]) {
		const name = `${r.signed ? "INT" : "UINT"}`;
		family(`${name}${r.width}`, r, { suffix: true });
		family(`${name}_LEAST${r.width}`, r, { width: r.signed });
		family(`${name}_FAST${r.width}`, r, { width: r.signed });
	}
	family("INTMAX", S64, { width: true, suffix: true });
	family("UINTMAX", U64, { width: true, suffix: true });
	family("INTPTR", S64, { width: true });
	family("UINTPTR", U64, { width: true });
	family("PTRDIFF", S64, { width: true });
	out.push("__SIZE_TYPE__ long unsigned int", `__SIZE_MAX__ ${limit(U64)}`, "__SIZE_WIDTH__ 64");
	for (const letter of formats(U64, c23)) out.push(`__SIZE_FMT${letter}__ "l${letter}"`);
	for (const name of ["WCHAR", "WINT"]) out.push(`__${name}_TYPE__ int`, `__${name}_MAX__ 2147483647`, `__${name}_WIDTH__ 32`);
	out.push("__SIG_ATOMIC_MAX__ 2147483647", "__SIG_ATOMIC_WIDTH__ 32", "__CHAR16_TYPE__ unsigned short", "__CHAR32_TYPE__ unsigned int");
	return out;
}

const FLOATS = [
	["FLT", "F", "9", "1.40129846e-45", "6", "1.19209290e-7", "24", "38", "128", "3.40282347e+38", "(-37)", "(-125)", "1.17549435e-38"],
	["DBL", "", "17", "4.9406564584124654e-324", "15", "2.2204460492503131e-16", "53", "308", "1024", "1.7976931348623157e+308", "(-307)", "(-1021)", "2.2250738585072014e-308"],
	["LDBL", "L", "17", "4.9406564584124654e-324", "15", "2.2204460492503131e-16", "53", "308", "1024", "1.7976931348623157e+308", "(-307)", "(-1021)", "2.2250738585072014e-308"],
] as const;

function floatMacros(): string[] {
	return FLOATS.flatMap(([n, s, decimal, denorm, dig, epsilon, mantissa, max10, maxExp, max, min10, minExp, min]) => [
		`__${n}_DECIMAL_DIG__ ${decimal}`, `__${n}_DENORM_MIN__ ${denorm}${s}`, `__${n}_DIG__ ${dig}`, `__${n}_EPSILON__ ${epsilon}${s}`,
		`__${n}_HAS_DENORM__ 1`, `__${n}_HAS_INFINITY__ 1`, `__${n}_HAS_QUIET_NAN__ 1`, `__${n}_MANT_DIG__ ${mantissa}`, `__${n}_MAX_10_EXP__ ${max10}`,
		`__${n}_MAX_EXP__ ${maxExp}`, `__${n}_MAX__ ${max}${s}`, `__${n}_MIN_10_EXP__ ${min10}`, `__${n}_MIN_EXP__ ${minExp}`, `__${n}_MIN__ ${min}${s}`, `__${n}_NORM_MAX__ ${max}${s}`,
	]);
}

/** Instruction set features by the first -mcpu that has them. */
const FEATURES = [
	["ADDR_SPACE_CAST", 1], ["JMP_EXT", 2], ["MAY_GOTO", 2], ["ALU32", 3], ["JMP32", 3], ["BSWAP", 4], ["GOTOL", 4], ["LDSX", 4], ["MOVSX", 4], ["SDIV_SMOD", 4], ["ST", 4],
] as const;

const VERSION = "19.1.7";

const FIXED = [
	"_LP64 1", "__LP64__ 1", "__ELF__ 1", "__BPF__ 1", "__bpf__ 1", "__clang__ 1", "__llvm__ 1", "__clang_major__ 19", "__clang_minor__ 1", "__clang_patchlevel__ 7",
	`__clang_version__ "${VERSION}"`, `__VERSION__ "Clang ${VERSION}"`, '__clang_literal_encoding__ "UTF-8"', '__clang_wide_literal_encoding__ "UTF-32"',
	"__GNUC__ 4", "__GNUC_MINOR__ 2", "__GNUC_PATCHLEVEL__ 1", "__GNUC_STDC_INLINE__ 1", "__GXX_ABI_VERSION 1002", "__STDC__ 1", "__STDC_HOSTED__ 1", "__STDC_UTF_16__ 1", "__STDC_UTF_32__ 1",
	"__STDC_EMBED_NOT_FOUND__ 0", "__STDC_EMBED_FOUND__ 1", "__STDC_EMBED_EMPTY__ 2",
	"__ATOMIC_RELAXED 0", "__ATOMIC_CONSUME 1", "__ATOMIC_ACQUIRE 2", "__ATOMIC_RELEASE 3", "__ATOMIC_ACQ_REL 4", "__ATOMIC_SEQ_CST 5",
	"__MEMORY_SCOPE_SYSTEM 0", "__MEMORY_SCOPE_DEVICE 1", "__MEMORY_SCOPE_WRKGRP 2", "__MEMORY_SCOPE_WVFRNT 3", "__MEMORY_SCOPE_SINGLE 4",
	"__OPENCL_MEMORY_SCOPE_WORK_ITEM 0", "__OPENCL_MEMORY_SCOPE_WORK_GROUP 1", "__OPENCL_MEMORY_SCOPE_DEVICE 2", "__OPENCL_MEMORY_SCOPE_ALL_SVM_DEVICES 3", "__OPENCL_MEMORY_SCOPE_SUB_GROUP 4",
	"__BIGGEST_ALIGNMENT__ 8", "__BITINT_MAXWIDTH__ 128", "__BOOL_WIDTH__ 8", "__CHAR_BIT__ 8", "__CONSTANT_CFSTRINGS__ 1", "__FINITE_MATH_ONLY__ 0", "__FLT_RADIX__ 2", "__OBJC_BOOL_IS_BOOL 0",
	"__GCC_CONSTRUCTIVE_SIZE 32", "__GCC_DESTRUCTIVE_SIZE 32", "__GCC_ATOMIC_TEST_AND_SET_TRUEVAL 1", "__PRAGMA_REDEFINE_EXTNAME 1", "__USER_LABEL_PREFIX__ ",
	"__DECIMAL_DIG__ __LDBL_DECIMAL_DIG__", "__ORDER_LITTLE_ENDIAN__ 1234", "__ORDER_BIG_ENDIAN__ 4321", "__ORDER_PDP_ENDIAN__ 3412",
	"__FPCLASS_SNAN 0x0001", "__FPCLASS_QNAN 0x0002", "__FPCLASS_NEGINF 0x0004", "__FPCLASS_NEGNORMAL 0x0008", "__FPCLASS_NEGSUBNORMAL 0x0010", "__FPCLASS_NEGZERO 0x0020",
	"__FPCLASS_POSZERO 0x0040", "__FPCLASS_POSSUBNORMAL 0x0080", "__FPCLASS_POSNORMAL 0x0100", "__FPCLASS_POSINF 0x0200",
	"__SCHAR_MAX__ 127", "__SHRT_MAX__ 32767", "__INT_MAX__ 2147483647", "__LONG_MAX__ 9223372036854775807L", "__LONG_LONG_MAX__ 9223372036854775807LL",
	"__SHRT_WIDTH__ 16", "__INT_WIDTH__ 32", "__LONG_WIDTH__ 64", "__LLONG_WIDTH__ 64", "__POINTER_WIDTH__ 64",
	...Object.entries({ SHORT: 2, INT: 4, LONG: 8, LONG_LONG: 8, INT128: 16, FLOAT: 4, DOUBLE: 8, LONG_DOUBLE: 8, POINTER: 8, PTRDIFF_T: 8, SIZE_T: 8, WCHAR_T: 4, WINT_T: 4 }).map(([n, size]) => `__SIZEOF_${n}__ ${size}`),
	...["CLANG", "GCC"].flatMap((by) => ["BOOL", "CHAR16_T", "CHAR32_T", "CHAR", "INT", "LLONG", "LONG", "POINTER", "SHORT", "WCHAR_T"].map((t) => `__${by}_ATOMIC_${t}_LOCK_FREE 2`)),
];

export function predefinedText(target: TargetOptions): string {
	const std = STANDARDS[target.std] ?? STANDARDS.gnu17;
	const lines = [...FIXED, ...integerMacros(std.c23), ...floatMacros()];
	lines.push(...(target.bigEndian ? ["__BYTE_ORDER__ __ORDER_BIG_ENDIAN__", "__BIG_ENDIAN__ 1"] : ["__BYTE_ORDER__ __ORDER_LITTLE_ENDIAN__", "__LITTLE_ENDIAN__ 1"]));
	lines.push(`__BPF_CPU_VERSION__ ${target.cpu}`);
	for (const [name, since] of FEATURES) if (target.cpu >= since) lines.push(`__BPF_FEATURE_${name} 1`);
	if (std.version !== null) lines.push(`__STDC_VERSION__ ${std.version}`);
	if (!std.gnu) lines.push("__STRICT_ANSI__ 1");
	if (std.c23) lines.push("__CHAR8_TYPE__ unsigned char", "__CLANG_ATOMIC_CHAR8_T_LOCK_FREE 2", "__GCC_ATOMIC_CHAR8_T_LOCK_FREE 2");
	if (target.optimize > 0) lines.push("__OPTIMIZE__ 1");
	else lines.push("__NO_INLINE__ 1");
	if (target.optimizeSize) lines.push("__OPTIMIZE_SIZE__ 1");
	if (target.debug) lines.push("__GCC_HAVE_DWARF2_CFI_ASM 1");
	return `${lines.map((line) => `#define ${line}`).join("\n")}\n`;
}
