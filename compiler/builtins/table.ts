/**
 * Builtin functions, one row each: a prototype (as letters), or the rule that types it.
 * The one idea: what has a fixed prototype needs no code of its own; the rest names its rule, and `rules.ts` must have every one.
 *
 * Letters: v void · i int · u unsigned · l long · m unsigned long · L long long · M unsigned long long · h unsigned short ·
 * s size_t · p void * · P const void * · c const char * · C char * · b _Bool · y unsigned char; the result comes first, `.` ends in "…".
 */
export type BuiltinRow = { readonly proto: string; readonly fold?: FoldName } | { readonly rule: RuleName } | { readonly refused: string };

export type FoldName =
	| "bswap"
	| "clrsb"
	| "clz"
	| "ctz"
	| "popcount"
	| "parity"
	| "ffs"
	| "abs"
	| "strlen"
	| "rotateleft"
	| "rotateright"
	| "strcmp"
	| "strspn"
	| "strcspn"
	| "bitreverse";

export type RuleName =
	| "constant_p"
	| "expect"
	| "overflow"
	| "overflowPredicate"
	| "preserveAccessIndex"
	| "preserveFieldInfo"
	| "preserveTypeInfo"
	| "preserveEnumValue"
	| "btfTypeId"
	| "objectSize"
	| "assumeAligned"
	| "sync"
	| "atomic"
	| "fence"
	| "isLockFree"
	| "unreachable"
	| "prefetch"
	| "classifyType"
	| "addressof"
	| "genericBits"
	| "alloca"
	| "alignment"
	| "carry"
	| "checked"
	| "bcopy"
	| "nontemporal"
	| "search"
	| "separateStorage"
	| "sourcePlace"
	| "launder";

const fold = (proto: string, name: FoldName): BuiltinRow => ({ proto, fold: name });
const fn = (proto: string): BuiltinRow => ({ proto });
const rule = (name: RuleName): BuiltinRow => ({ rule: name });
const refused = (why: string): BuiltinRow => ({ refused: why });

const NO_VARARGS = "eBPF functions take at most five arguments in registers: variable arguments are not supported";
const NO_FLOAT = "floating-point arithmetic is not supported by eBPF";

/** In order of their key, which is the name without `__builtin_`. */
const BUILTINS: Record<string, BuiltinRow> = {
	COLUMN: rule("sourcePlace"),
	FILE: rule("sourcePlace"),
	FILE_NAME: rule("sourcePlace"),
	FUNCTION: rule("sourcePlace"),
	LINE: rule("sourcePlace"),
	__memcpy_chk: rule("checked"),
	__memmove_chk: rule("checked"),
	__mempcpy_chk: rule("checked"),
	__memset_chk: rule("checked"),
	__strcpy_chk: rule("checked"),
	__strncpy_chk: rule("checked"),
	abort: fn("v"),
	abs: fold("ii", "abs"),
	addressof: rule("addressof"),
	add_overflow: rule("overflow"),
	add_overflow_p: rule("overflowPredicate"),
	align_down: rule("alignment"),
	align_up: rule("alignment"),
	alloca: rule("alloca"),
	alloca_with_align: rule("alloca"),
	annotation: rule("launder"),
	assume: fn("vb"),
	assume_aligned: rule("assumeAligned"),
	assume_separate_storage: rule("separateStorage"),
	bcmp: fn("iPPs"),
	bcopy: rule("bcopy"),
	bitreverse8: fold("yy", "bitreverse"),
	bitreverse16: fold("hh", "bitreverse"),
	bitreverse32: fold("uu", "bitreverse"),
	bitreverse64: fold("MM", "bitreverse"),
	bpf_arena_addr_cast: refused("this cast is written with address_space attributes"),
	bswap16: fold("hh", "bswap"),
	bswap32: fold("uu", "bswap"),
	bswap64: fold("MM", "bswap"),
	btf_type_id: rule("btfTypeId"),
	bzero: fn("vps"),
	classify_type: rule("classifyType"),
	clrsb: fold("ii", "clrsb"),
	clrsbl: fold("il", "clrsb"),
	clrsbll: fold("iL", "clrsb"),
	clz: fold("iu", "clz"),
	clzl: fold("im", "clz"),
	clzll: fold("iM", "clz"),
	clzg: rule("genericBits"),
	clzs: fold("ih", "clz"),
	constant_p: rule("constant_p"),
	ctz: fold("iu", "ctz"),
	ctzl: fold("im", "ctz"),
	ctzll: fold("iM", "ctz"),
	ctzg: rule("genericBits"),
	ctzs: fold("ih", "ctz"),
	debugtrap: fn("v"),
	dynamic_object_size: rule("objectSize"),
	expect: rule("expect"),
	expect_with_probability: rule("expect"),
	extract_return_addr: fn("pp"),
	ffs: fold("ii", "ffs"),
	ffsl: fold("il", "ffs"),
	ffsll: fold("iL", "ffs"),
	frame_address: fn("pu"),
	huge_val: refused(NO_FLOAT),
	inf: refused(NO_FLOAT),
	is_aligned: rule("alignment"),
	labs: fold("ll", "abs"),
	launder: rule("launder"),
	llabs: fold("LL", "abs"),
	memchr: rule("search"),
	memcmp: fn("iPPs"),
	memcpy: fn("ppPs"),
	memcpy_inline: fn("vpPs"),
	memmove: fn("ppPs"),
	mempcpy: fn("ppPs"),
	memset: fn("ppis"),
	memset_inline: fn("vpis"),
	mul_overflow: rule("overflow"),
	mul_overflow_p: rule("overflowPredicate"),
	nan: refused(NO_FLOAT),
	nontemporal_load: rule("nontemporal"),
	nontemporal_store: rule("nontemporal"),
	object_size: rule("objectSize"),
	parity: fold("iu", "parity"),
	parityl: fold("im", "parity"),
	parityll: fold("iM", "parity"),
	popcount: fold("iu", "popcount"),
	popcountl: fold("im", "popcount"),
	popcountll: fold("iM", "popcount"),
	popcountg: rule("genericBits"),
	prefetch: rule("prefetch"),
	preserve_access_index: rule("preserveAccessIndex"),
	preserve_enum_value: rule("preserveEnumValue"),
	preserve_field_info: rule("preserveFieldInfo"),
	preserve_type_info: rule("preserveTypeInfo"),
	return_address: fn("pu"),
	rotateleft8: fold("yyy", "rotateleft"),
	rotateleft16: fold("hhh", "rotateleft"),
	rotateleft32: fold("uuu", "rotateleft"),
	rotateleft64: fold("MMM", "rotateleft"),
	rotateright8: fold("yyy", "rotateright"),
	rotateright16: fold("hhh", "rotateright"),
	rotateright32: fold("uuu", "rotateright"),
	rotateright64: fold("MMM", "rotateright"),
	stack_save: fn("p"),
	stack_restore: fn("vp"),
	strcat: fn("CCc"),
	strchr: rule("search"),
	strcmp: fold("icc", "strcmp"),
	strcpy: fn("CCc"),
	strcspn: fold("scc", "strcspn"),
	strlen: fold("sc", "strlen"),
	strncmp: fn("iccs"),
	strncpy: fn("CCcs"),
	strnlen: fn("scs"),
	strpbrk: rule("search"),
	strrchr: rule("search"),
	strspn: fold("scc", "strspn"),
	strstr: rule("search"),
	sub_overflow: rule("overflow"),
	sub_overflow_p: rule("overflowPredicate"),
	trap: fn("v"),
	unpredictable: fn("ll"),
	unreachable: rule("unreachable"),
	va_arg: refused(NO_VARARGS),
	va_copy: refused(NO_VARARGS),
	va_end: refused(NO_VARARGS),
	va_start: refused(NO_VARARGS),
};

const LENGTHS = ["", "l", "ll"] as const;
/** `__builtin_sadd_overflow`, `__builtin_umulll_overflow`, …: overflow checks of one fixed type. */
for (const op of ["add", "sub", "mul"])
	for (const sign of ["s", "u"]) for (const length of LENGTHS) BUILTINS[`${sign}${op}${length}_overflow`] = rule("overflow");

for (const op of ["add", "sub"]) for (const length of ["b", "s", ...LENGTHS]) BUILTINS[`${op}c${length}`] = rule("carry");

const SYNC =
	/^__sync_(?:(?:fetch_and_(?:add|sub|or|and|xor|nand|min|max|umin|umax)|(?:add|sub|or|and|xor|nand)_and_fetch|val_compare_and_swap|bool_compare_and_swap|lock_test_and_set|lock_release|swap)(?:_(?:1|2|4|8|16))?|synchronize)$/;
const ATOMIC =
	/^__(?:atomic|c11_atomic)_(?:(?:fetch_(?:add|sub|and|or|xor|nand|min|max)|(?:add|sub|and|or|xor|nand|min|max)_fetch|load|load_n|store|store_n|exchange|exchange_n|compare_exchange|compare_exchange_n|compare_exchange_strong|compare_exchange_weak|test_and_set|clear|init)|(thread_fence|signal_fence)|(is_lock_free|always_lock_free))$/;

export interface Builtin {
	readonly name: string;
	readonly key: string;
	readonly row: BuiltinRow;
}

/** The row of a builtin by the name that programs write, or null. */
export function builtin(name: string): Builtin | null {
	if (!name.startsWith("__")) return null;
	if (name.startsWith("__builtin_")) {
		const key = name.slice(10);
		const row = Object.hasOwn(BUILTINS, key) ? BUILTINS[key]! : undefined;
		if (row) return { name, key, row };
		return null;
	}
	if (SYNC.test(name)) {
		const plain = name.replace(/_(?:1|2|4|8|16)$/, "");
		return { name: plain, key: plain, row: rule(plain === "__sync_synchronize" ? "fence" : "sync") };
	}
	const atomic = ATOMIC.exec(name);
	if (atomic) return { name, key: name, row: rule(atomic[1] ? "fence" : atomic[2] ? "isLockFree" : "atomic") };
	if (name === "__arithmetic_fence") return { name, key: name, row: rule("launder") };
	return null;
}

/** Everything that the grammar itself knows, besides the calls above. */
const SYNTAX = new Set([
	"__builtin_offsetof",
	"__builtin_types_compatible_p",
	"__builtin_choose_expr",
	"__builtin_va_arg",
	"__builtin_has_attribute",
]);

/** For `__has_builtin`: what can be called and is not refused. */
export function hasBuiltin(name: string): boolean {
	if (SYNTAX.has(name)) return name !== "__builtin_has_attribute" && name !== "__builtin_va_arg";
	const found = builtin(name);
	return found !== null && !("refused" in found.row);
}

/** Library functions that a compiler may take as its builtins when a program only declares them. */
export const LIBRARY = new Set([
	"memcpy",
	"memmove",
	"memset",
	"memcmp",
	"bcmp",
	"bzero",
	"abs",
	"labs",
	"llabs",
	"ffs",
	"ffsl",
	"ffsll",
	"strlen",
	"strcmp",
	"strcpy",
	"strncpy",
]);
