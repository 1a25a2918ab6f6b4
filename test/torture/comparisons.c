#include "torture.h"

/* Comparisons of values that order differently as signed and unsigned, in each width. */
TEST(compare_s8, 152782) { s8 a = (s8)hide(-1), b = (s8)hide(1); s64 r = 0; r = r * 2 + (a < b); r = r * 2 + (b < a); r = r * 2 + (a < a); r = r * 2 + (a <= b); r = r * 2 + (b <= a); r = r * 2 + (a <= a); r = r * 2 + (a > b); r = r * 2 + (b > a); r = r * 2 + (a > a); r = r * 2 + (a >= b); r = r * 2 + (b >= a); r = r * 2 + (a >= a); r = r * 2 + (a == b); r = r * 2 + (b == a); r = r * 2 + (a == a); r = r * 2 + (a != b); r = r * 2 + (b != a); r = r * 2 + (a != a); return r; }
TEST(compare_s8_with_minus_one, 26) { s8 a = (s8)hide(-1); s64 r = 0; if (a < -1) r += 1; if (a <= -1) r += 2; if (a > -1) r += 4; if (a >= -1) r += 8; if (a == -1) r += 16; if (a != -1) r += 32; return r; }
TEST(loop_down_s8, 49) { s8 i; s64 n = 0; for (i = (s8)hide(10); i > 3; i--) n += i; return n; }
TEST(compare_u8, 80206) { u8 a = (u8)hide(-1), b = (u8)hide(1); s64 r = 0; r = r * 2 + (a < b); r = r * 2 + (b < a); r = r * 2 + (a < a); r = r * 2 + (a <= b); r = r * 2 + (b <= a); r = r * 2 + (a <= a); r = r * 2 + (a > b); r = r * 2 + (b > a); r = r * 2 + (a > a); r = r * 2 + (a >= b); r = r * 2 + (b >= a); r = r * 2 + (a >= a); r = r * 2 + (a == b); r = r * 2 + (b == a); r = r * 2 + (a == a); r = r * 2 + (a != b); r = r * 2 + (b != a); r = r * 2 + (a != a); return r; }
TEST(compare_u8_with_minus_one, 44) { u8 a = (u8)hide(-1); s64 r = 0; if (a < -1) r += 1; if (a <= -1) r += 2; if (a > -1) r += 4; if (a >= -1) r += 8; if (a == -1) r += 16; if (a != -1) r += 32; return r; }
TEST(loop_down_u8, 49) { u8 i; s64 n = 0; for (i = (u8)hide(10); i > 3; i--) n += i; return n; }
TEST(compare_s16, 152782) { s16 a = (s16)hide(-1), b = (s16)hide(1); s64 r = 0; r = r * 2 + (a < b); r = r * 2 + (b < a); r = r * 2 + (a < a); r = r * 2 + (a <= b); r = r * 2 + (b <= a); r = r * 2 + (a <= a); r = r * 2 + (a > b); r = r * 2 + (b > a); r = r * 2 + (a > a); r = r * 2 + (a >= b); r = r * 2 + (b >= a); r = r * 2 + (a >= a); r = r * 2 + (a == b); r = r * 2 + (b == a); r = r * 2 + (a == a); r = r * 2 + (a != b); r = r * 2 + (b != a); r = r * 2 + (a != a); return r; }
TEST(compare_s16_with_minus_one, 26) { s16 a = (s16)hide(-1); s64 r = 0; if (a < -1) r += 1; if (a <= -1) r += 2; if (a > -1) r += 4; if (a >= -1) r += 8; if (a == -1) r += 16; if (a != -1) r += 32; return r; }
TEST(loop_down_s16, 49) { s16 i; s64 n = 0; for (i = (s16)hide(10); i > 3; i--) n += i; return n; }
TEST(compare_u16, 80206) { u16 a = (u16)hide(-1), b = (u16)hide(1); s64 r = 0; r = r * 2 + (a < b); r = r * 2 + (b < a); r = r * 2 + (a < a); r = r * 2 + (a <= b); r = r * 2 + (b <= a); r = r * 2 + (a <= a); r = r * 2 + (a > b); r = r * 2 + (b > a); r = r * 2 + (a > a); r = r * 2 + (a >= b); r = r * 2 + (b >= a); r = r * 2 + (a >= a); r = r * 2 + (a == b); r = r * 2 + (b == a); r = r * 2 + (a == a); r = r * 2 + (a != b); r = r * 2 + (b != a); r = r * 2 + (a != a); return r; }
TEST(compare_u16_with_minus_one, 44) { u16 a = (u16)hide(-1); s64 r = 0; if (a < -1) r += 1; if (a <= -1) r += 2; if (a > -1) r += 4; if (a >= -1) r += 8; if (a == -1) r += 16; if (a != -1) r += 32; return r; }
TEST(loop_down_u16, 49) { u16 i; s64 n = 0; for (i = (u16)hide(10); i > 3; i--) n += i; return n; }
TEST(compare_s32, 152782) { s32 a = (s32)hide(-1), b = (s32)hide(1); s64 r = 0; r = r * 2 + (a < b); r = r * 2 + (b < a); r = r * 2 + (a < a); r = r * 2 + (a <= b); r = r * 2 + (b <= a); r = r * 2 + (a <= a); r = r * 2 + (a > b); r = r * 2 + (b > a); r = r * 2 + (a > a); r = r * 2 + (a >= b); r = r * 2 + (b >= a); r = r * 2 + (a >= a); r = r * 2 + (a == b); r = r * 2 + (b == a); r = r * 2 + (a == a); r = r * 2 + (a != b); r = r * 2 + (b != a); r = r * 2 + (a != a); return r; }
TEST(compare_s32_with_minus_one, 26) { s32 a = (s32)hide(-1); s64 r = 0; if (a < -1) r += 1; if (a <= -1) r += 2; if (a > -1) r += 4; if (a >= -1) r += 8; if (a == -1) r += 16; if (a != -1) r += 32; return r; }
TEST(loop_down_s32, 49) { s32 i; s64 n = 0; for (i = (s32)hide(10); i > 3; i--) n += i; return n; }
TEST(compare_u32, 80206) { u32 a = (u32)hide(-1), b = (u32)hide(1); s64 r = 0; r = r * 2 + (a < b); r = r * 2 + (b < a); r = r * 2 + (a < a); r = r * 2 + (a <= b); r = r * 2 + (b <= a); r = r * 2 + (a <= a); r = r * 2 + (a > b); r = r * 2 + (b > a); r = r * 2 + (a > a); r = r * 2 + (a >= b); r = r * 2 + (b >= a); r = r * 2 + (a >= a); r = r * 2 + (a == b); r = r * 2 + (b == a); r = r * 2 + (a == a); r = r * 2 + (a != b); r = r * 2 + (b != a); r = r * 2 + (a != a); return r; }
TEST(compare_u32_with_minus_one, 26) { u32 a = (u32)hide(-1); s64 r = 0; if (a < -1) r += 1; if (a <= -1) r += 2; if (a > -1) r += 4; if (a >= -1) r += 8; if (a == -1) r += 16; if (a != -1) r += 32; return r; }
TEST(loop_down_u32, 49) { u32 i; s64 n = 0; for (i = (u32)hide(10); i > 3; i--) n += i; return n; }
TEST(compare_s64, 152782) { s64 a = (s64)hide(-1), b = (s64)hide(1); s64 r = 0; r = r * 2 + (a < b); r = r * 2 + (b < a); r = r * 2 + (a < a); r = r * 2 + (a <= b); r = r * 2 + (b <= a); r = r * 2 + (a <= a); r = r * 2 + (a > b); r = r * 2 + (b > a); r = r * 2 + (a > a); r = r * 2 + (a >= b); r = r * 2 + (b >= a); r = r * 2 + (a >= a); r = r * 2 + (a == b); r = r * 2 + (b == a); r = r * 2 + (a == a); r = r * 2 + (a != b); r = r * 2 + (b != a); r = r * 2 + (a != a); return r; }
TEST(compare_s64_with_minus_one, 26) { s64 a = (s64)hide(-1); s64 r = 0; if (a < -1) r += 1; if (a <= -1) r += 2; if (a > -1) r += 4; if (a >= -1) r += 8; if (a == -1) r += 16; if (a != -1) r += 32; return r; }
TEST(loop_down_s64, 49) { s64 i; s64 n = 0; for (i = (s64)hide(10); i > 3; i--) n += i; return n; }
TEST(compare_u64, 80206) { u64 a = (u64)hide(-1), b = (u64)hide(1); s64 r = 0; r = r * 2 + (a < b); r = r * 2 + (b < a); r = r * 2 + (a < a); r = r * 2 + (a <= b); r = r * 2 + (b <= a); r = r * 2 + (a <= a); r = r * 2 + (a > b); r = r * 2 + (b > a); r = r * 2 + (a > a); r = r * 2 + (a >= b); r = r * 2 + (b >= a); r = r * 2 + (a >= a); r = r * 2 + (a == b); r = r * 2 + (b == a); r = r * 2 + (a == a); r = r * 2 + (a != b); r = r * 2 + (b != a); r = r * 2 + (a != a); return r; }
TEST(compare_u64_with_minus_one, 26) { u64 a = (u64)hide(-1); s64 r = 0; if (a < -1) r += 1; if (a <= -1) r += 2; if (a > -1) r += 4; if (a >= -1) r += 8; if (a == -1) r += 16; if (a != -1) r += 32; return r; }
TEST(loop_down_u64, 49) { u64 i; s64 n = 0; for (i = (u64)hide(10); i > 3; i--) n += i; return n; }
TEST(compare_mixed_sign_lt, 0) { s32 a = (s32)hide(-1); u32 b = (u32)hide(1); return a < b; }
TEST(compare_mixed_width_lt, 0) { s32 a = (s32)hide(-1); u64 b = (u64)hide(-1); return a < b; }
TEST(compare_narrow_lt, 1) { s8 a = (s8)hide(200); u8 b = (u8)hide(200); return a < b; }
TEST(compare_pointer_lt, 1) { char x[4]; char *p = hide_pointer(x + 1), *q = hide_pointer(x + 2); return p < q; }
TEST(compare_mixed_sign_le, 0) { s32 a = (s32)hide(-1); u32 b = (u32)hide(1); return a <= b; }
TEST(compare_mixed_width_le, 1) { s32 a = (s32)hide(-1); u64 b = (u64)hide(-1); return a <= b; }
TEST(compare_narrow_le, 1) { s8 a = (s8)hide(200); u8 b = (u8)hide(200); return a <= b; }
TEST(compare_pointer_le, 1) { char x[4]; char *p = hide_pointer(x + 1), *q = hide_pointer(x + 2); return p <= q; }
TEST(compare_mixed_sign_gt, 1) { s32 a = (s32)hide(-1); u32 b = (u32)hide(1); return a > b; }
TEST(compare_mixed_width_gt, 0) { s32 a = (s32)hide(-1); u64 b = (u64)hide(-1); return a > b; }
TEST(compare_narrow_gt, 0) { s8 a = (s8)hide(200); u8 b = (u8)hide(200); return a > b; }
TEST(compare_pointer_gt, 0) { char x[4]; char *p = hide_pointer(x + 1), *q = hide_pointer(x + 2); return p > q; }
TEST(compare_mixed_sign_ge, 1) { s32 a = (s32)hide(-1); u32 b = (u32)hide(1); return a >= b; }
TEST(compare_mixed_width_ge, 1) { s32 a = (s32)hide(-1); u64 b = (u64)hide(-1); return a >= b; }
TEST(compare_narrow_ge, 0) { s8 a = (s8)hide(200); u8 b = (u8)hide(200); return a >= b; }
TEST(compare_pointer_ge, 0) { char x[4]; char *p = hide_pointer(x + 1), *q = hide_pointer(x + 2); return p >= q; }
TEST(compare_mixed_sign_eq, 0) { s32 a = (s32)hide(-1); u32 b = (u32)hide(1); return a == b; }
TEST(compare_mixed_width_eq, 1) { s32 a = (s32)hide(-1); u64 b = (u64)hide(-1); return a == b; }
TEST(compare_narrow_eq, 0) { s8 a = (s8)hide(200); u8 b = (u8)hide(200); return a == b; }
TEST(compare_pointer_eq, 0) { char x[4]; char *p = hide_pointer(x + 1), *q = hide_pointer(x + 2); return p == q; }
TEST(compare_mixed_sign_ne, 1) { s32 a = (s32)hide(-1); u32 b = (u32)hide(1); return a != b; }
TEST(compare_mixed_width_ne, 0) { s32 a = (s32)hide(-1); u64 b = (u64)hide(-1); return a != b; }
TEST(compare_narrow_ne, 1) { s8 a = (s8)hide(200); u8 b = (u8)hide(200); return a != b; }
TEST(compare_pointer_ne, 1) { char x[4]; char *p = hide_pointer(x + 1), *q = hide_pointer(x + 2); return p != q; }
