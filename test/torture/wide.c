#include "torture.h"

/* Integers of 64 and 128 bits, shifts, division, arithmetic that overflows, pointers as numbers. */
typedef __int128 s128;
typedef unsigned __int128 u128;
#define HIGH(x) ((s64)((u128)(x) >> 64))
#define LOW(x) ((s64)(x))
static noinline u128 both(u64 high, u64 low) { return (u128)high << 64 | low; }
#define BOTH(high, low) ((u128)(u64)(high) << 64 | (u64)(low))

TEST(wide_add_carries_into_high, 21) { u128 a = BOTH(1, hide(-1)); a += 2; return HIGH(a) * 10 + LOW(a); }
TEST(wide_subtract_borrows, 41) { u128 a = BOTH(hide(5), 0); a -= 1; return HIGH(a) * 10 + (LOW(a) == -1); }
TEST(wide_negate, -107) { s128 a = hide(7); a = -a; return HIGH(a) * 100 + LOW(a); }
TEST(wide_complement, -3) { u128 a = BOTH(hide(0), hide(1)); a = ~a; return HIGH(a) + LOW(a); }
TEST(wide_and_or_xor, 204255048) { u128 a = BOTH(hide(0xf0), hide(0xff)), b = BOTH(0x3c, 0x0f); return HIGH(a & b) + LOW(a | b) * 1000 + HIGH(a ^ b) * 1000000; }
TEST(wide_multiply_low, 64) { u128 a = (u64)hide(1ll << 40), b = (u64)hide(1ll << 30); return HIGH(a * b); }
TEST(wide_multiply_signed, -3) { s128 a = hide(-3), b = hide(1ll << 62); return HIGH(a * b * 4); }
TEST(wide_multiply_high_parts, 2030) { u128 a = BOTH(hide(2), hide(3)), b = (u64)hide(10); return HIGH(a * b) * 100 + LOW(a * b); }
TEST(wide_shift_left_by_constant, 366) { u128 a = (u64)hide(3); return HIGH(a << 64) * 100 + HIGH(a << 65) * 10 + LOW(a << 1); }
TEST(wide_shift_right_logical, 74560) { u128 a = BOTH(hide(0x1234), 0); return LOW(a >> 60); }
TEST(wide_shift_right_arithmetic, -18) { s128 a = (s128)hide(-1) << 70; return HIGH(a >> 3) + LOW(a >> 70) * 10; }
TEST(wide_shift_by_variable, 382251767421700991) { u128 a = (u64)hide(0x8001); s64 s = 0; for (int i = 0; i < 128; i += 17) s = s * 3 + (HIGH(a << hide(i)) ^ LOW(a << hide(i))); return s; }
TEST(wide_shift_right_by_variable, -881240184752001793) { u128 a = BOTH(hide(0x8000000000000001), hide(0x1234)); s64 s = 0; for (int i = 0; i < 128; i += 13) s = s * 3 + (HIGH(a >> hide(i)) ^ LOW(a >> hide(i))); return s; }
TEST(wide_compare_high_decides, 10) { u128 a = BOTH(hide(1), 0), b = (u64)hide(-1); return (a > b) * 10 + (a < b); }
TEST(wide_compare_low_decides, 1100) { u128 a = BOTH(1, hide(4)), b = BOTH(1, hide(5)); return (a < b) * 1000 + (a <= b) * 100 + (a >= b) * 10 + (a == b); }
TEST(wide_compare_signed, 10) { s128 a = hide(-1), b = hide(0); return (a < b) * 10 + (a >= b); }
TEST(wide_equal_needs_both_halves, 1) { u128 a = BOTH(hide(1), 7), b = (u64)hide(7); return (a == b) * 10 + (a != b); }
TEST(wide_as_condition, 12) { u128 a = BOTH(hide(1), 0), z = (u64)hide(0); return (a ? 10 : 0) + (z ? 1 : 2) + !a * 100; }
TEST(wide_sign_extends_from_int, -1) { s128 a = (int)hide(-1); return HIGH(a); }
TEST(wide_zero_extends_from_unsigned, 4294967295) { u128 a = (u32)hide(-1); return HIGH(a) + LOW(a); }
TEST(wide_cut_to_narrow, 2549) { u128 a = BOTH(1, hide(0x1ff)); return (u8)a * 10 + (s8)a; }
TEST(wide_to_bool, 1) { u128 a = BOTH(hide(1), 0); _Bool b = a; return b; }
TEST(wide_from_expression_of_64, 1) { u64 a = hide(-1); u128 b = a + 1; u128 c = (u128)a + 1; return HIGH(b) * 10 + HIGH(c); }
TEST(wide_in_loop, -8764575733424648298) { u128 f = 1; for (int i = 1; i <= hide(30); i++) f *= i; return HIGH(f) ^ LOW(f); }
TEST(wide_average, 1) { u64 a = hide(-1), b = hide(-3); return ((u128)a + b) / 2 == (u64)-2; }
TEST(wide_constant_folds, 2) { return HIGH((u128)0xffffffffffffffffull * 0xffffffffffffffffull) + (((s128)1 << 100) / ((s128)1 << 98)); }
TEST(wide_constant_modulo, 710980) { return (s64)((((u128)1 << 100) + 12345) % 1000007); }
TEST(wide_divide_by_power, -9223372036854775780) { u128 a = BOTH(hide(6), hide(100)); return LOW(a / 4) + HIGH(a / 2); }
TEST(wide_size, 1616) { return sizeof(u128) * 100 + _Alignof(u128); }
TEST(wide_in_memory, 3234) { struct { u8 a; u128 v; } s = { 1, BOTH(hide(3), hide(4)) }; u64 *p = hide_pointer(&s.v); return p[1] * 10 + p[0] + sizeof(s) * 100; }
TEST(wide_array, 73) { u128 a[2] = { 1, BOTH(hide(7), 2) }; a[0] += a[1]; return HIGH(a[0]) * 10 + LOW(a[0]); }
TEST(wide_compound_shift, 1024) { u128 a = 1; a <<= 90; a >>= hide(80); return LOW(a); }
TEST(wide_increment, 10) { u128 a = (u64)hide(-1); a++; return HIGH(a) * 10 + LOW(a); }
TEST(wide_conditional, 56) { u128 a = hide(1) ? BOTH(5, 6) : 0; return HIGH(a) * 10 + LOW(a); }
TEST(wide_rotate, 3) { u128 a = BOTH(hide(0x8000000000000000), 1); a = a << 1 | a >> 127; return HIGH(a) * 10 + LOW(a); }
TEST(wide_multiply_high_idiom, 100000000) { u64 n = hide(1000000007); return (u64)(((u128)n * 0xcccccccccccccccdull) >> 64) >> 3; }
TEST(wide_time_scaling, 82304535819694) { u64 cycles = hide(123456789012345), mult = hide(2796203); return (u64)(((u128)cycles * mult) >> 22); }
TEST(wide_bit_test, 10) { u128 a = (u128)1 << hide(100); return !!(a & ((u128)1 << 100)) * 10 + !!(a & ((u128)1 << 99)); }

TEST(shift_left_64_by_variable, 8) { return (u64)hide(1) << hide(63) >> 60; }
TEST(shift_right_64_signed, -64) { return hide(-1024) >> hide(4); }
TEST(shift_left_32_keeps_32, 2) { return (u32)hide(0x80000001) << hide(1); }
TEST(shift_left_int_sign, -2147483648) { return (int)hide(1) << hide(31); }
TEST(shift_right_32_by_31, 9) { return ((u32)hide(-1) >> hide(31)) * 10 + ((int)hide(-1) >> hide(31)); }
TEST(shift_by_zero, 12) { return ((u32)hide(5) << hide(0)) + ((u64)hide(7) >> hide(0)); }
TEST(shift_by_narrow_count, 8589934592) { return 1ll << (u8)hide(0x121); }
TEST(shift_of_char, -320) { s8 c = hide(-128); return (c << 1) + (c >> 1); }
TEST(shift_of_short_unsigned, -9) { u16 s = hide(0xffff); return (s << 16 >> 16) * 10ll + (s >> 15); }
TEST(shift_32_into_64, 4294967296) { return (u64)((u32)hide(1) << 31) << 1; }
TEST(shift_chain, 224789043900) { return ((hide(0x123456789abcdef0) << 8 >> 16) << 4) >> 12; }
TEST(shift_combines_bytes, 4278387201) { u8 b[4] = { hide(1), hide(2), hide(3), hide(0xff) }; return b[0] | b[1] << 8 | b[2] << 16 | (u32)b[3] << 24; }
TEST(rotate_64_by_variable, 6230900220451885620) { u64 x = hide(0x0123456789abcdef); int n = hide(20); return x << n | x >> (64 - n); }
TEST(rotate_16, 12) { u16 x = hide(0x8001); return (u16)(x << 3 | x >> 13); }
TEST(shift_sign_extend_24, -8388608) { int x = hide(0x800000); return x << 8 >> 8; }
TEST(shift_mask_merge, -16777216) { u64 a = hide(-1), b = hide(0); int n = hide(24); return (s64)(a >> n << n | (b & ((1ull << n) - 1))) ; }

TEST(divide_signed_64, -327) { return hide(-7) / hide(2) * 100 + hide(7) / hide(-2) * 10 + hide(-7) / hide(-2); }
TEST(modulo_signed_64, -91) { return hide(-7) % hide(3) * 100 + hide(7) % hide(-3) * 10 + hide(-7) % hide(-3); }
TEST(divide_signed_32, -1402) { int a = hide(-100), b = hide(7); return a / b * 100 + a % b; }
TEST(divide_minimum_32, -1073741832) { int a = hide(-2147483648ll); return a / (int)hide(2) + a % (int)hide(10); }
TEST(divide_minimum_64, -3074457345618258610) { s64 a = hide(-0x7fffffffffffffff - 1); return a / hide(3) + a % hide(10); }
TEST(divide_by_negative_constant, -14194) { s64 a = hide(1000); return a / -7 * 100 + a % -7; }
TEST(divide_by_power_signed, -12501) { s64 a = hide(-1001); return a / 8 * 100 + a % 8; }
TEST(divide_by_power_signed_32, -1001) { int a = hide(-1001); return a / 1024 * 10000 + a % 1024; }
TEST(divide_by_minus_one, -5) { return hide(5) / hide(-1) + hide(5) % hide(-1); }
TEST(divide_unsigned_large, 177) { u64 a = hide(-1), b = hide(0x8000000000000001); return a / b * 100 + a % b % 97; }
TEST(divide_unsigned_32_of_negative, 429496729) { u32 a = hide(-1); return a / (u32)hide(10); }
TEST(divide_narrow_signed, 128) { s8 a = hide(-128), b = hide(-1); return a / b; }
TEST(divide_narrow_mixed, -42855) { s16 a = hide(-30000); u16 b = hide(7); return a / b * 10 + a % b; }
TEST(divide_int_by_unsigned, 1073741822) { int a = hide(-8); u32 b = hide(4); return a / b; }
TEST(divide_long_by_unsigned, -2) { s64 a = hide(-8); u32 b = hide(4); return a / b; }
TEST(modulo_of_power_unsigned, 4140) { return (u64)hide(-1) % 4096 + (u32)hide(12345) % 100; }
TEST(modulo_keeps_sign_of_left, -21655368) { s64 s = 0; for (int i = -5; i <= 5; i++) s = s * 5 + hide(i) % 3; return s; }
TEST(divide_in_loop, 5766587483037905542) { s64 s = 0; for (int i = -20; i < 20; i += 3) for (int j = -3; j < 4; j += 2) s = s * 3 + hide(i) / hide(j) + hide(i) % j; return s; }
TEST(divide_compound_narrow, -5) { s8 c = hide(-100); c /= 3; c %= 7; return c; }
TEST(digits_of_number, 259374245) { u64 n = hide(9876543210), s = 0; while (n) { s = s * 11 + n % 10; n /= 10; } return s; }

TEST(add_wraps_32, 1) { u32 a = hide(0xffffffff); return a + (u32)hide(2); }
TEST(multiply_wraps_32_signed, 65536) { int a = hide(65536); return a * (int)hide(65537); }
TEST(multiply_wraps_64, 8589934593) { return hide(0x100000001) * hide(0x100000001); }
TEST(multiply_narrow_is_int, 16581375) { u8 a = hide(255); return a * a * a; }
TEST(subtract_unsigned_wraps, 2147483647) { u32 a = hide(1), b = hide(2); return (a - b) / 2; }
TEST(subtract_unsigned_short_is_int, 0) { u16 a = hide(1), b = hide(2); return (a - b) / 2; }
TEST(unsigned_char_sum_is_int, 300) { u8 a = hide(200), b = hide(100); return a + b; }
TEST(unsigned_char_assigned_wraps, 176) { u8 a = hide(200); a += 100; a <<= 2; return a; }
TEST(unsigned_char_complement_compare, 1) { u8 a = hide(0xf0); return (~a == 0x0f) * 10 + ((u8)~a == 0x0f); }
TEST(unsigned_char_decrement_below_zero, 255001) { u8 a = hide(0); a--; u8 b = hide(0); return a * 1000 + (--b == 255); }
TEST(unsigned_char_negated, 254999) { u8 a = hide(1); u8 b = -a; return b * 1000 + -a; }
TEST(signed_char_overflow_wraps, -128) { s8 a = hide(127); a++; return a; }
TEST(signed_char_from_unsigned, 144) { u8 a = hide(200); s8 b = a; return b + a; }
TEST(short_product_overflow, 24464) { s16 a = hide(300); s16 b = a * a; return b; }
TEST(char_compare_negative, 1) { char c = hide(0x80); return c < 0; }
TEST(mixed_sign_compare_32, 10) { return ((int)hide(-1) > (u32)hide(1)) * 10 + ((int)hide(-1) > (u16)hide(1)); }
TEST(mixed_sign_compare_64, 1) { return (hide(-1) > (u32)hide(1)) * 10 + (hide(-1) > (u64)hide(1)); }
TEST(mixed_width_add, 4294967296) { u32 a = hide(-1); s64 b = hide(1); return a + b; }
TEST(int_to_unsigned_long, 15) { int a = hide(-2); u64 b = a; return b >> 60; }
TEST(unsigned_to_long, 4294967294) { u32 a = hide(-2); s64 b = a; return b; }
TEST(truncate_then_compare, 10) { u64 a = hide(0x100000005); return ((u32)a == 5) * 10 + (a == 5); }
TEST(compare_after_narrow_add, 10) { u8 a = hide(255); return (a + 1 > 255) * 10 + ((u8)(a + 1) > 255); }
TEST(bool_arithmetic, 10) { _Bool b = hide(1); b += 5; _Bool c = hide(1); c--; return b * 10 + c; }
TEST(bool_from_pointer, 10) { int x; _Bool b = hide_pointer(&x), c = hide_pointer(0); return b * 10 + c; }
TEST(bool_shift, 8) { _Bool b = hide(3); return b << 3; }
TEST(bool_compare_values, 10) { _Bool a = hide(2), b = hide(4); return (a == b) * 10 + (a > b); }
TEST(enum_arithmetic, 41) { enum e { A = -1, B = 5 } e = hide(B); return (e + A) * 10 + (e > A); }
TEST(enum_unsigned_compare, 1) { enum e { A = 1u, B = 0x80000000 } e = hide(B); return e > 0; }
TEST(enum_of_64_bits, 48) { enum e { A = 1ll << 40, B = 2 } e = hide(A); return (e >> 38) * 10 + sizeof(e); }
TEST(switch_on_enum, 3) { enum e { A, B, C } e = hide(C); switch (e) { case A: return 1; case B: return 2; case C: return 3; } return 4; }
TEST(switch_on_negative_64, 5) { switch (hide(-0x100000000)) { case -0x100000000: return 5; case 0: return 6; default: return 7; } }
TEST(switch_range_64, 2) { switch (hide(0x123456789)) { case 0 ... 0xffffffff: return 1; case 0x100000000 ... 0x1ffffffff: return 2; } return 3; }
TEST(switch_on_unsigned_char, 1) { switch ((u8)hide(0x1fe)) { case 0xfe: return 1; case 0x1fe & 0xff00: return 3; } return 2; }

TEST(pointer_less_than, 1110) { int a[4]; int *p = hide_pointer(a), *q = hide_pointer(a + 2); return (p < q) * 1000 + (p <= p) * 100 + (q > p) * 10 + (p == q); }
TEST(pointer_difference_negative, -3) { s64 a[4]; s64 *p = hide_pointer(a), *q = hide_pointer(a + 3); return p - q; }
TEST(pointer_difference_of_chars, 7) { char a[9]; char *p = hide_pointer(a + 7), *q = hide_pointer(a); return p - q; }
TEST(pointer_difference_of_records, 4) { struct { u8 b[12]; } a[6]; typeof(&a[0]) p = hide_pointer(a + 5), q = hide_pointer(a + 1); return p - q; }
TEST(pointer_null_compare, 111) { int x; int *p = hide_pointer(&x), *n = hide_pointer(0); return !p * 1000 + !n * 100 + (p != 0) * 10 + (n == (void *)0); }
TEST(pointer_in_condition, 1) { int x = 3; int *p = hide_pointer(&x); return p && *p == 3 ? 1 : 2; }
TEST(pointer_to_integer_and_back, 4) { int a[2] = { 3, 4 }; u64 n = (u64)hide_pointer(a); n += sizeof(int); return *(int *)n; }
TEST(pointer_minus_integer, 24) { u16 a[5] = { 1, 2, 3, 4, 5 }; u16 *p = hide_pointer(a + 4); return *(p - hide(3)) * 10 + p[-1]; }
TEST(pointer_negative_unsigned_index, 2) { u8 a[4] = { 1, 2, 3, 4 }; u8 *p = hide_pointer(a + 3); s8 i = hide(-2); return p[i]; }
TEST(pointer_index_commutes, 13) { int a[3] = { 5, 6, 7 }; return hide(2)[a] + 1 [a]; }
TEST(pointer_to_array, 62) { int a[2][3] = { { 1, 2, 3 }, { 4, 5, 6 } }; int (*p)[3] = hide_pointer(a); p++; return (*p)[2] * 10 + p[-1][1]; }
TEST(pointer_to_array_size, 128) { int a[2][3]; int (*p)[3] = a; return sizeof(*p) * 10 + sizeof(p); }
TEST(pointer_walk_backwards, 54321) { u8 a[5] = { 1, 2, 3, 4, 5 }; int s = 0; for (u8 *p = a + 5; p-- > a;) s = s * 10 + *p; return s; }
TEST(pointer_to_pointer_to_pointer, 9) { int x = hide(8), *p = &x, **q = &p, ***r = hide_pointer(&q); (***r)++; return x; }
TEST(pointer_swapped, 21) { int a = 1, b = 2; int *p = &a, *q = &b, *t; if (hide(1)) { t = p; p = q; q = t; } return *p * 10 + *q; }
TEST(pointer_array, 371) { int a = 1, b = 2, c = 3; int *t[3] = { &a, &b, &c }; *t[hide(1)] += 5; return a + b * 10 + c * 100; }
TEST(pointer_member_arrow_chain, 123) { struct n { int v; struct n *next; } c = { 3, 0 }, b = { 2, &c }, a = { 1, &b }; int s = 0; for (struct n *p = hide_pointer(&a); p; p = p->next) s = s * 10 + p->v; return s; }
TEST(pointer_const_cast_away, 4) { const int x = hide(4); volatile int y = *(int *)&x; return y; }
TEST(pointer_aliasing_char, 458752) { u32 x = hide(0); ((u8 *)&x)[2] = 7; return x; }
TEST(pointer_to_middle_of_record, 42) { struct { u32 a, b, c; } s = { 1, 2, 3 }; u32 *p = hide_pointer(&s.b); p[-1] = 10; p[1] = 30; return s.a + s.b + s.c; }
TEST(array_parameter_is_pointer, 14) { int a[3] = { 1, 2, 3 }; int f(int v[3], int n); return sizeof(a) + (&a[2] - a); }
TEST(array_of_arrays_of_records, 63) { struct { u8 x, y; } a[2][2] = { { { 1, 2 }, { 3, 4 } }, { { 5, 6 }, { 7, 8 } } }; return a[hide(1)][hide(0)].y * 10 + a[0][hide(1)].x; }
TEST(array_bounds_sum, 91) { u16 a[7]; for (int i = 6; i >= 0; i--) a[i] = i * i; u32 s = 0; for (u16 *p = a; p != a + 7; ++p) s += *p; return s; }
TEST(offsetof_computed, 16) { struct s { int a; int v[8]; }; return __builtin_offsetof(struct s, v[hide(3)]); }
