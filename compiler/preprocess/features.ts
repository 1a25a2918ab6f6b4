/**
 * What `__has_attribute`, `__has_builtin`, `__has_feature` and `__has_extension` say yes to: what the checker and the lowering know.
 */
export const ATTRIBUTES: ReadonlySet<string> = new Set([
	"address_space", "alias", "aligned", "alloc_size", "always_inline", "annotate", "assume", "assume_aligned", "availability", "btf_decl_tag", "btf_type_tag",
	"cleanup", "cold", "const", "constructor", "counted_by", "deprecated", "destructor", "diagnose_if", "disable_tail_calls", "enable_if", "enum_extensibility", "error", "fallthrough",
	"flag_enum", "flatten", "format", "format_arg", "gnu_inline", "hot", "leaf", "likely", "malloc", "may_alias", "maybe_unused", "minsize", "mode", "naked", "no_builtin", "no_instrument_function",
	"no_profile_instrument_function", "no_reorder", "no_sanitize", "no_stack_protector", "nodebug", "nodiscard", "noescape", "noinline", "nomerge", "nonnull", "noreturn", "nothrow",
	"optnone", "overloadable", "packed", "preserve_access_index", "preserve_static_offset", "pure", "randomize_layout", "no_randomize_layout", "retain", "returns_nonnull", "returns_twice", "section", "sentinel",
	"transparent_union", "unavailable", "uninitialized", "unlikely", "unroll", "unused", "used", "vector_size", "visibility", "warn_unused_result", "warning", "weak", "weakref",
]);

export const C23_ATTRIBUTES: Readonly<Record<string, number>> = { deprecated: 201904, fallthrough: 201904, maybe_unused: 201904, nodiscard: 202003, noreturn: 202202, _Noreturn: 202202, unsequenced: 0, reproducible: 0 };

export const FEATURES: ReadonlySet<string> = new Set([
	"c_alignas", "c_alignof", "c_atomic", "c_generic_selections", "c_generic_selections_with_controlling_type", "c_static_assert", "c_thread_local", "attribute_overloadable", "enumerator_attributes",
	"attribute_deprecated_with_message", "attribute_unavailable_with_message", "attribute_availability", "statement_attributes_with_gnu_syntax", "cxx_attributes", "tls",
]);

const BUILTIN_NAMES: readonly string[] = [
	"abs", "add_overflow", "add_overflow_p", "align_down", "align_up", "alloca", "assume", "assume_aligned", "bitreverse8", "bitreverse16", "bitreverse32", "bitreverse64", "bswap16", "bswap32", "bswap64",
	"btf_type_id", "choose_expr", "clz", "clzg", "clzl", "clzll", "clrsb", "clrsbl", "clrsbll", "constant_p", "ctz", "ctzg", "ctzl", "ctzll", "debugtrap", "dynamic_object_size", "expect", "expect_with_probability",
	"ffs", "ffsl", "ffsll", "frame_address", "function_start", "has_attribute", "is_aligned", "labs", "llabs", "launder", "memcmp", "memcpy", "memcpy_inline", "memmove", "memset", "memset_inline",
	"bcmp", "bzero", "memchr", "strlen", "strcmp", "strncmp", "strchr", "mul_overflow", "mul_overflow_p", "nondeterministic_value", "object_size", "offsetof", "parity", "parityl", "parityll", "popcount", "popcountg", "popcountl", "popcountll",
	"prefetch", "preserve_access_index", "preserve_enum_value", "preserve_field_info", "preserve_type_info", "return_address", "extract_return_addr", "rotateleft8", "rotateleft16", "rotateleft32", "rotateleft64",
	"rotateright8", "rotateright16", "rotateright32", "rotateright64", "sub_overflow", "sub_overflow_p", "trap", "types_compatible_p", "unpredictable", "unreachable",
	"sadd_overflow", "saddl_overflow", "saddll_overflow", "ssub_overflow", "ssubl_overflow", "ssubll_overflow", "smul_overflow", "smull_overflow", "smulll_overflow",
	"uadd_overflow", "uaddl_overflow", "uaddll_overflow", "usub_overflow", "usubl_overflow", "usubll_overflow", "umul_overflow", "umull_overflow", "umulll_overflow",
	"va_arg", "va_copy", "va_end", "va_start", "FILE", "FUNCTION", "LINE",
];
const SYNC = ["fetch_and_add", "fetch_and_sub", "fetch_and_or", "fetch_and_and", "fetch_and_xor", "fetch_and_nand", "add_and_fetch", "sub_and_fetch", "or_and_fetch", "and_and_fetch", "xor_and_fetch", "nand_and_fetch", "val_compare_and_swap", "bool_compare_and_swap", "lock_test_and_set", "lock_release", "synchronize", "swap"];
const ATOMIC = ["load", "load_n", "store", "store_n", "exchange", "exchange_n", "compare_exchange", "compare_exchange_n", "add_fetch", "sub_fetch", "and_fetch", "xor_fetch", "or_fetch", "nand_fetch", "fetch_add", "fetch_sub", "fetch_and", "fetch_xor", "fetch_or", "fetch_nand", "test_and_set", "clear", "thread_fence", "signal_fence", "always_lock_free", "is_lock_free"];
const C11_ATOMIC = ["init", "load", "store", "exchange", "compare_exchange_strong", "compare_exchange_weak", "fetch_add", "fetch_sub", "fetch_and", "fetch_or", "fetch_xor", "fetch_nand", "fetch_max", "fetch_min", "thread_fence", "signal_fence", "is_lock_free"];

export const BUILTINS: ReadonlySet<string> = new Set([
	...BUILTIN_NAMES.map((name) => `__builtin_${name}`),
	...SYNC.map((name) => `__sync_${name}`),
	...ATOMIC.map((name) => `__atomic_${name}`),
	...C11_ATOMIC.map((name) => `__c11_atomic_${name}`),
]);
