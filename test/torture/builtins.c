#include "torture.h"

/* Builtin functions, atomics, 128-bit integers, static objects. */
static int counter = 5;
static u64 table[4] = { 10, 20, 30, 40 };
static const u8 primes[] = { 2, 3, 5, 7, 11, 13 };
static struct { int a; u16 b[3]; } record = { 1, { 2, 3, 4 } };
static u8 zeroes[16];
const volatile int setting = 17;
static noinline int next(void) { static int state = 100; return ++state; }

TEST(swap_16, 13330) { return __builtin_bswap16(hide(0x1234)); }
TEST(swap_16_ignores_the_rest, 13330) { return __builtin_bswap16((u16)hide(0xabcd1234)); }
TEST(swap_32, 2018915346) { return __builtin_bswap32(hide(0x12345678)); }
TEST(swap_64, 578437695752307201) { return __builtin_bswap64(hide(0x0102030405060708)); }
TEST(swap_constant, 67319315) { return __builtin_bswap16(0x1234) + __builtin_bswap32(0x01020304); }
TEST(swap_twice, 2309737967) { return __builtin_bswap32(__builtin_bswap32(hide(0x89abcdef))); }
TEST(swap_compared, 1) { u16 proto = hide(0x0008); return proto == __builtin_bswap16(0x0800); }
TEST(popcount_32, 17) { return __builtin_popcount(hide(0xf0f0f0f1)); }
TEST(popcount_64, 6402) { return __builtin_popcountll(hide(-1)) * 100 + __builtin_popcountll(hide(0x8000000000000001)); }
TEST(count_leading_zeros, 3100) { return __builtin_clz(hide(1)) * 100 + __builtin_clz(hide(0x80000000)); }
TEST(count_leading_zeros_64, 6325) { return __builtin_clzll(hide(1)) * 100 + __builtin_clzll(hide(0x7fffffffff)); }
TEST(count_trailing_zeros, 3102) { return __builtin_ctz(hide(0x80000000)) * 100 + __builtin_ctz(hide(12)); }
TEST(count_trailing_zeros_64, 62) { return __builtin_ctzll(hide(0x4000000000000000)); }
TEST(find_first_set, 433) { return __builtin_ffs(hide(0)) * 10000 + __builtin_ffs(hide(8)) * 100 + __builtin_ffsll(hide(0x100000000)); }
TEST(parity_of_bits, 10) { return __builtin_parity(hide(7)) * 10 + __builtin_parityll(hide(0x100000001)); }
TEST(absolute_value, 705) { return __builtin_abs(hide(-7)) * 100 + __builtin_llabs(hide(-5)); }
TEST(add_overflow_signed, 7852516352) { int r; int o = __builtin_add_overflow((int)hide(2147483647), (int)hide(1), &r); return o * 10000000000ll + r; }
TEST(add_overflow_none, 8) { int r; return __builtin_add_overflow((int)hide(7), (int)hide(1), &r) * 100 + r; }
TEST(add_overflow_unsigned, 11) { u32 r; int o = __builtin_add_overflow((u32)hide(-1), (u32)hide(2), &r); return o * 10 + r; }
TEST(add_overflow_64, 11) { u64 r; return __builtin_add_overflow((u64)hide(-1), (u64)hide(2), &r) * 10 + r; }
TEST(add_overflow_signed_64, 11) { s64 r; return __builtin_add_overflow((s64)hide(0x7fffffffffffffff), (s64)hide(1), &r) * 10 + (r < 0); }
TEST(sub_overflow_unsigned, 11) { u64 r; return __builtin_sub_overflow((u64)hide(1), (u64)hide(2), &r) * 10 + (r > 5); }
TEST(sub_overflow_signed, 1) { s64 r; return __builtin_sub_overflow((s64)hide(-0x7fffffffffffffff), (s64)hide(2), &r); }
TEST(mul_overflow_32, 10) { int r; return __builtin_mul_overflow((int)hide(100000), (int)hide(100000), &r) * 10 + __builtin_mul_overflow((int)hide(1000), (int)hide(1000), &r); }
TEST(mul_overflow_64, 10) { u64 r; return __builtin_mul_overflow((u64)hide(1ll << 40), (u64)hide(1 << 24), &r) * 10 + __builtin_mul_overflow((u64)hide(1ll << 39), (u64)hide(1 << 24), &r); }
TEST(mul_overflow_signed_64, 1) { s64 r; return __builtin_mul_overflow((s64)hide(-(1ll << 40)), (s64)hide(1 << 23), &r) * 10 + __builtin_mul_overflow((s64)hide(1ll << 40), (s64)hide(1 << 23), &r); }
TEST(overflow_into_narrow, 1044) { u8 r; int o = __builtin_add_overflow((int)hide(200), (int)hide(100), &r); return o * 1000 + r; }
TEST(overflow_of_mixed_types, 10) { s64 r; return __builtin_add_overflow((u64)hide(-1), (int)hide(-1), &r) * 10 + __builtin_sub_overflow((u32)hide(1), (u32)hide(2), &r); }
TEST(rotate_by_shifts, 24) { u32 x = hide(0x80000001); return (x << 4) | (x >> 28); }
TEST(sync_fetch_and_add, 58) { int x = hide(5); int old = __sync_fetch_and_add(&x, 3); return old * 10 + x; }
TEST(sync_add_and_fetch, 88) { u64 x = hide(5); u64 now = __sync_add_and_fetch(&x, 3); return now * 10 + x; }
TEST(sync_without_result, 3) { u64 x = hide(5); __sync_fetch_and_add(&x, -2); return x; }
TEST(sync_sub, 498) { int x = hide(5); return __sync_fetch_and_sub(&x, 7) * 100 + x; }
TEST(sync_bits, 240255255) { u32 x = hide(0xf0); u32 a = __sync_fetch_and_or(&x, 0x0f), b = __sync_fetch_and_and(&x, 0x3c), c = __sync_fetch_and_xor(&x, 0xff); return a * 1000000 + b * 1000 + c + x; }
TEST(sync_compare_and_swap, 599) { int x = hide(5); int a = __sync_val_compare_and_swap(&x, 5, 9), b = __sync_val_compare_and_swap(&x, 5, 11); return a * 100 + b * 10 + x; }
TEST(sync_bool_compare_and_swap, 109) { u64 x = hide(5); int a = __sync_bool_compare_and_swap(&x, 5, 9), b = __sync_bool_compare_and_swap(&x, 5, 11); return a * 100 + b * 10 + x; }
TEST(sync_exchange, 58) { u64 x = hide(5); return __sync_lock_test_and_set(&x, 8) * 10 + x; }
TEST(atomic_load_and_store, 7) { int x = hide(5); __atomic_store_n(&x, 7, __ATOMIC_RELAXED); return __atomic_load_n(&x, __ATOMIC_RELAXED); }
TEST(atomic_fetch_add, 60) { u64 x = hide(5); return __atomic_fetch_add(&x, 4, __ATOMIC_SEQ_CST) * 10 + __atomic_add_fetch(&x, 1, __ATOMIC_RELAXED); }
TEST(atomic_compare_exchange, 159) { int x = hide(5), e = 4; int a = __atomic_compare_exchange_n(&x, &e, 9, 0, 5, 5); int b = __atomic_compare_exchange_n(&x, &e, 9, 0, 5, 5); return a * 1000 + b * 100 + e * 10 + x; }
TEST(int128_high_product, 1311768467463790319) { u64 a = hide(0xffffffffffffffff), b = hide(0x123456789abcdef0); return (u64)(((unsigned __int128)a * b) >> 64); }
TEST(int128_sum_carries, 10) { unsigned __int128 a = (u64)hide(-1), b = (u64)hide(1); return (u64)((a + b) >> 64) * 10 + (u64)(a + b); }
TEST(int128_compare, 10) { __int128 a = hide(-1), b = hide(1); return (a < b) * 10 + ((unsigned __int128)a < (unsigned __int128)b); }
TEST(int128_shift, 180150000) { unsigned __int128 a = (u64)hide(0xabcdef); return (u64)((a << 100) >> 96); }
TEST(static_variable_persists, 21) { counter = 5; counter += 2; counter *= 3; return counter; }
TEST(static_local_counts, 1) { int a = next(); int b = next(); return b - a; }
TEST(static_table, 40) { return table[hide(2)] + table[hide(0)]; }
TEST(static_constants, 417) { int s = 0; for (int i = 0; i < (int)sizeof(primes); i++) s += primes[i]; return s * 10 + primes[hide(3)]; }
TEST(static_record, 108) { record.b[hide(1)] += 5; int r = record.a * 100 + record.b[1]; record.b[1] = 3; return r; }
TEST(static_zeroes, 10) { zeroes[hide(3)] = 1; int r = zeroes[3] * 10 + zeroes[4]; zeroes[3] = 0; return r; }
TEST(constant_of_the_loader, 18) { return setting + 1; }
TEST(character_constants, 35026) { return 'a' + '\n' * 1000 + '\xff' + 'ab'; }
TEST(integer_suffixes, 84884) { return sizeof(1) + sizeof(1l) * 10 + sizeof(1ull) * 100 + sizeof(0x80000000) * 1000 + sizeof(4294967296) * 10000; }
TEST(octal_hex_binary, 547) { return 0777 + 0x1F + 0b101; }
TEST(unsigned_literal_wraps, 0) { return 0xffffffff + 1; }
TEST(literal_of_long_type, 4294967296) { return 4294967295 + 1; }
TEST(negative_modulo, -9) { int x = hide(-7); return (x % 3) * 10 + (x & 3); }
TEST(complement, 239984) { u8 x = hide(0x0f); return ~x + (u8)~x * 1000; }
TEST(unary_minus_unsigned, 4294967295) { u32 x = hide(1); return -x; }
TEST(unary_minus_narrow, -5) { u16 x = hide(5); return -x; }
TEST(promotion_of_narrow_product, 2000000000) { u16 a = hide(50000), b = hide(40000); return (s64)(u32)(a * (u32)b); }
TEST(shift_count_type_does_not_matter, 20) { int x = hide(1); return (x << (s64)hide(4)) + sizeof(x << 1ll); }
TEST(multiply_by_constants, -33877886) { s64 x = hide(7), r = 0; r += x * 2; r += x * 3 * 100; r += x * 16 * 10000; r += x * -5 * 1000000; return r; }
TEST(divide_unsigned_by_powers, 3250000) { u32 x = hide(1000003); return x / 4 + (x % 64) * 1000000ll; }
TEST(masks_and_shifts, 2475015) { u64 x = hide(0x123456789abcdef0); return (x >> 20 & 0xfff) * 1000 + (x << 56 >> 60); }
TEST(sign_extension_by_shifts, -16) { s64 x = hide(0xf0); return (s64)((u64)x << 56) >> 56; }
TEST(truncate_and_extend, -127872128) { s64 x = hide(0x1ffffff80); return (s8)x + (u8)x * 1000ll + (s32)x * 1000000ll; }
TEST(many_live_values, 650) { s64 a = hide(1), b = hide(2), c = hide(3), d = hide(4), e = hide(5), f = hide(6), g = hide(7), h = hide(8), i = hide(9), j = hide(10), k = hide(11), l = hide(12); s64 s = hide(0); return s + a + b * 2 + c * 3 + d * 4 + e * 5 + f * 6 + g * 7 + h * 8 + i * 9 + j * 10 + k * 11 + l * 12; }
static noinline s64 five(s64 a, int b, u8 c, s16 d, u64 e) { return a + b * 10 + c * 100 + d * 1000 + e * 10000; }
TEST(five_arguments, 46281) { return five(hide(1), hide(-2), hide(3), hide(-4), hide(5)); }
static __attribute__((always_inline)) inline s64 seven(s64 a, s64 b, s64 c, s64 d, s64 e, s64 f, s64 g) { return a + b * 2 + c * 3 + d * 4 + e * 5 + f * 6 + g * 7; }
TEST(seven_arguments_inlined, 140) { return seven(hide(1), hide(2), hide(3), hide(4), hide(5), hide(6), hide(7)); }
static noinline u8 narrow_result(int x) { return x; }
TEST(narrow_result_is_cut, 255) { return narrow_result(hide(0x1ff)); }
static noinline s8 narrow_signed_result(int x) { return x; }
TEST(narrow_signed_result_is_extended, -1) { return narrow_signed_result(hide(0x1ff)); }
static noinline s64 narrow_parameter(u8 x, s8 y) { return x * 1000 + y; }
TEST(narrow_parameters_are_cut, 254999) { return narrow_parameter(hide(0x1ff), hide(0x1ff)); }
static noinline _Bool is_even(int x) { return !(x & 1); }
TEST(bool_result, 10) { return is_even(hide(4)) * 10 + is_even(hide(5)); }
static __attribute__((always_inline)) inline int apply(int (*fn)(int), int x) { return fn(x); }
static int twice(int x) { return x * 2; }
TEST(function_pointer_known, 42) { return apply(twice, hide(21)); }
static noinline void swap_by_pointer(int *a, int *b) { int t = *a; *a = *b; *b = t; }
TEST(out_parameters, 21) { int a = hide(1), b = hide(2); swap_by_pointer(&a, &b); return a * 10 + b; }
TEST(macro_max_evaluates_once, 1) {
#define max(a, b) ({ typeof(a) _a = (a); typeof(b) _b = (b); _a > _b ? _a : _b; })
	int n = 0; int m = max(n++, hide(-1)); return m * 10 + n; }
static noinline s64 weighed(const char *text, int length) { s64 sum = 0; for (int i = 0; i < 12; i++) if (i < length) sum = sum * 7 + text[i]; return sum; }
TEST(copied_literal, 272790867840) { char text[12] = "xxxxxxxxxxx"; char *end = __builtin_strcpy(text + 1, "literal"); return weighed(text, 12) + (end == text + 1); }
TEST(copied_part_of_a_literal, 219499292607) { char text[12] = "xxxxxxxxxxx"; __builtin_strncpy(text, "ab", 5); __builtin_strncpy(text + 6, "abcdef", 3); return weighed(text, 12); }
static noinline s64 *counted(s64 *n) { n[0]++; return n + 1; }
TEST(assembly_operand_is_found_once, 107) { s64 n[2] = { hide(100), hide(6) }; __asm__("" : "+r"(*counted(n))); n[1] += n[0] - 100; return n[1] + 100; }
TEST(sign_bits, 315) { return __builtin_clrsb(hide(0)) * 10 + __builtin_clrsb(hide(-1)) - __builtin_clrsb(hide(0x40000000)) - __builtin_clrsb(hide(-2)) + 4; }
TEST(sign_bits_of_a_long, 6130) { return __builtin_clrsbl(hide(-1)) * 10 + __builtin_clrsbll(hide(1LL << 62)) * 7 + __builtin_clrsbll(hide(-256)) * 100; }
TEST(sign_bits_of_a_constant, 283163) { return __builtin_clrsb(5) * 10000 + __builtin_clrsb(-1) * 100 + __builtin_clrsbl(0) + __builtin_clrsbll(-1LL << 63); }
static struct { int count; char text[]; } with_text = { 5, "01234" };
TEST(object_size_with_a_flexible_member, 10650) { return __builtin_object_size(&with_text, 0) * 1000 + __builtin_object_size(with_text.text, 0) * 100 + __builtin_object_size(&with_text.text[1], 1) * 10 + __builtin_object_size(with_text.text, 3); }
