#include "torture.h"

/* Arithmetic of each type on values near its edges. */
TEST(add_s32, -40017) { s32 a = (s32)hide(-40000), b = (s32)hide(-17); return (s64)(a + b); }
TEST(sub_s32, 1000017) { s32 a = (s32)hide(1000000), b = (s32)hide(-17); return (s64)(a - b); }
TEST(mul_s32, 680000) { s32 a = (s32)hide(-40000), b = (s32)hide(-17); return (s64)(a * b); }
TEST(and_s32, 2147482984) { s32 a = (s32)hide(2147483000), b = (s32)hide(-17); return (s64)(a & b); }
TEST(or_s32, -1) { s32 a = (s32)hide(2147483000), b = (s32)hide(-17); return (s64)(a | b); }
TEST(xor_s32, -2147482985) { s32 a = (s32)hide(2147483000), b = (s32)hide(-17); return (s64)(a ^ b); }
TEST(add_u32, 304) { u32 a = (u32)hide(4294967000), b = (u32)hide(600); return (s64)(a + b); }
TEST(sub_u32, 4294966400) { u32 a = (u32)hide(4294967000), b = (u32)hide(600); return (s64)(a - b); }
TEST(mul_u32, 4294789696) { u32 a = (u32)hide(4294967000), b = (u32)hide(600); return (s64)(a * b); }
TEST(and_u32, 600) { u32 a = (u32)hide(4294967000), b = (u32)hide(600); return (s64)(a & b); }
TEST(or_u32, 4294967000) { u32 a = (u32)hide(4294967000), b = (u32)hide(600); return (s64)(a | b); }
TEST(xor_u32, 4294966400) { u32 a = (u32)hide(4294967000), b = (u32)hide(600); return (s64)(a ^ b); }
TEST(add_s64, -3000000017) { s64 a = (s64)hide(-3000000000), b = (s64)hide(-17); return (s64)(a + b); }
TEST(sub_s64, 1000017) { s64 a = (s64)hide(1000000), b = (s64)hide(-17); return (s64)(a - b); }
TEST(mul_s64, 51000000000) { s64 a = (s64)hide(-3000000000), b = (s64)hide(-17); return (s64)(a * b); }
TEST(and_s64, 9223372036854774984) { s64 a = (s64)hide(9223372036854775000ll), b = (s64)hide(-17); return (s64)(a & b); }
TEST(or_s64, -1) { s64 a = (s64)hide(9223372036854775000ll), b = (s64)hide(-17); return (s64)(a | b); }
TEST(xor_s64, -9223372036854774985) { s64 a = (s64)hide(9223372036854775000ll), b = (s64)hide(-17); return (s64)(a ^ b); }
TEST(add_u64, 9223372036854775600) { u64 a = (u64)hide(9223372036854775000ll), b = (u64)hide(600); return (s64)(a + b); }
TEST(sub_u64, 9223372036854774400) { u64 a = (u64)hide(9223372036854775000ll), b = (u64)hide(600); return (s64)(a - b); }
TEST(mul_u64, -484800) { u64 a = (u64)hide(9223372036854775000ll), b = (u64)hide(600); return (s64)(a * b); }
TEST(and_u64, 88) { u64 a = (u64)hide(9223372036854775000ll), b = (u64)hide(600); return (s64)(a & b); }
TEST(or_u64, 9223372036854775512) { u64 a = (u64)hide(9223372036854775000ll), b = (u64)hide(600); return (s64)(a | b); }
TEST(xor_u64, 9223372036854775424) { u64 a = (u64)hide(9223372036854775000ll), b = (u64)hide(600); return (s64)(a ^ b); }
TEST(shift_left_s8_by_1, -76) { s8 a = (s8)hide(0x5a); s8 r = a << hide(1); return (s64)r; }
TEST(shift_right_s8_by_1, -50) { s8 a = (s8)hide(-100); s8 r = a >> hide(1); return (s64)r; }
TEST(shift_left_s8_by_7, 0) { s8 a = (s8)hide(0x5a); s8 r = a << hide(7); return (s64)r; }
TEST(shift_right_s8_by_7, -1) { s8 a = (s8)hide(-100); s8 r = a >> hide(7); return (s64)r; }
TEST(shift_left_u8_by_1, 180) { u8 a = (u8)hide(0x5a); u8 r = a << hide(1); return (s64)r; }
TEST(shift_right_u8_by_1, 78) { u8 a = (u8)hide(-100); u8 r = a >> hide(1); return (s64)r; }
TEST(shift_left_u8_by_7, 0) { u8 a = (u8)hide(0x5a); u8 r = a << hide(7); return (s64)r; }
TEST(shift_right_u8_by_7, 1) { u8 a = (u8)hide(-100); u8 r = a >> hide(7); return (s64)r; }
TEST(shift_left_s16_by_1, 180) { s16 a = (s16)hide(0x5a); s16 r = a << hide(1); return (s64)r; }
TEST(shift_right_s16_by_1, -50) { s16 a = (s16)hide(-100); s16 r = a >> hide(1); return (s64)r; }
TEST(shift_left_s16_by_7, 11520) { s16 a = (s16)hide(0x5a); s16 r = a << hide(7); return (s64)r; }
TEST(shift_right_s16_by_7, -1) { s16 a = (s16)hide(-100); s16 r = a >> hide(7); return (s64)r; }
TEST(shift_left_u16_by_1, 180) { u16 a = (u16)hide(0x5a); u16 r = a << hide(1); return (s64)r; }
TEST(shift_right_u16_by_1, 32718) { u16 a = (u16)hide(-100); u16 r = a >> hide(1); return (s64)r; }
TEST(shift_left_u16_by_7, 11520) { u16 a = (u16)hide(0x5a); u16 r = a << hide(7); return (s64)r; }
TEST(shift_right_u16_by_7, 511) { u16 a = (u16)hide(-100); u16 r = a >> hide(7); return (s64)r; }
TEST(shift_left_s32_by_1, 180) { s32 a = (s32)hide(0x5a); s32 r = a << hide(1); return (s64)r; }
TEST(shift_right_s32_by_1, -50) { s32 a = (s32)hide(-100); s32 r = a >> hide(1); return (s64)r; }
TEST(shift_left_s32_by_7, 11520) { s32 a = (s32)hide(0x5a); s32 r = a << hide(7); return (s64)r; }
TEST(shift_right_s32_by_7, -1) { s32 a = (s32)hide(-100); s32 r = a >> hide(7); return (s64)r; }
TEST(shift_left_u32_by_1, 180) { u32 a = (u32)hide(0x5a); u32 r = a << hide(1); return (s64)r; }
TEST(shift_right_u32_by_1, 2147483598) { u32 a = (u32)hide(-100); u32 r = a >> hide(1); return (s64)r; }
TEST(shift_left_u32_by_7, 11520) { u32 a = (u32)hide(0x5a); u32 r = a << hide(7); return (s64)r; }
TEST(shift_right_u32_by_7, 33554431) { u32 a = (u32)hide(-100); u32 r = a >> hide(7); return (s64)r; }
TEST(shift_left_s64_by_1, 180) { s64 a = (s64)hide(0x5a); s64 r = a << hide(1); return (s64)r; }
TEST(shift_right_s64_by_1, -50) { s64 a = (s64)hide(-100); s64 r = a >> hide(1); return (s64)r; }
TEST(shift_left_s64_by_7, 11520) { s64 a = (s64)hide(0x5a); s64 r = a << hide(7); return (s64)r; }
TEST(shift_right_s64_by_7, -1) { s64 a = (s64)hide(-100); s64 r = a >> hide(7); return (s64)r; }
TEST(shift_left_u64_by_1, 180) { u64 a = (u64)hide(0x5a); u64 r = a << hide(1); return (s64)r; }
TEST(shift_right_u64_by_1, 9223372036854775758) { u64 a = (u64)hide(-100); u64 r = a >> hide(1); return (s64)r; }
TEST(shift_left_u64_by_7, 11520) { u64 a = (u64)hide(0x5a); u64 r = a << hide(7); return (s64)r; }
TEST(shift_right_u64_by_7, 144115188075855871) { u64 a = (u64)hide(-100); u64 r = a >> hide(7); return (s64)r; }
TEST(divide_s32_7_by_2, 3001) { s32 a = (s32)hide(7), b = (s32)hide(2); return (s64)(a / b) * 1000 + (s64)(a % b); }
TEST(divide_s32_7_by_minus_3, -1999) { s32 a = (s32)hide(7), b = (s32)hide(-3); return (s64)(a / b) * 1000 + (s64)(a % b); }
TEST(divide_s32_7_by_8, 7) { s32 a = (s32)hide(7), b = (s32)hide(8); return (s64)(a / b) * 1000 + (s64)(a % b); }
TEST(divide_s32_7_by_constant_2, 3001) { s32 a = (s32)hide(7); return (s64)(a / (s32)2) * 1000 + (s64)(a % (s32)2); }
TEST(divide_s32_7_by_constant_3, 2001) { s32 a = (s32)hide(7); return (s64)(a / (s32)3) * 1000 + (s64)(a % (s32)3); }
TEST(divide_s32_7_by_constant_8, 7) { s32 a = (s32)hide(7); return (s64)(a / (s32)8) * 1000 + (s64)(a % (s32)8); }
TEST(divide_s32_7_by_constant_10, 7) { s32 a = (s32)hide(7); return (s64)(a / (s32)10) * 1000 + (s64)(a % (s32)10); }
TEST(divide_s32_7_by_constant_minus_4, -997) { s32 a = (s32)hide(7); return (s64)(a / (s32)-4) * 1000 + (s64)(a % (s32)-4); }
TEST(divide_s32_minus_7_by_2, -3001) { s32 a = (s32)hide(-7), b = (s32)hide(2); return (s64)(a / b) * 1000 + (s64)(a % b); }
TEST(divide_s32_minus_7_by_minus_3, 1999) { s32 a = (s32)hide(-7), b = (s32)hide(-3); return (s64)(a / b) * 1000 + (s64)(a % b); }
TEST(divide_s32_minus_7_by_8, -7) { s32 a = (s32)hide(-7), b = (s32)hide(8); return (s64)(a / b) * 1000 + (s64)(a % b); }
TEST(divide_s32_minus_7_by_constant_2, -3001) { s32 a = (s32)hide(-7); return (s64)(a / (s32)2) * 1000 + (s64)(a % (s32)2); }
TEST(divide_s32_minus_7_by_constant_3, -2001) { s32 a = (s32)hide(-7); return (s64)(a / (s32)3) * 1000 + (s64)(a % (s32)3); }
TEST(divide_s32_minus_7_by_constant_8, -7) { s32 a = (s32)hide(-7); return (s64)(a / (s32)8) * 1000 + (s64)(a % (s32)8); }
TEST(divide_s32_minus_7_by_constant_10, -7) { s32 a = (s32)hide(-7); return (s64)(a / (s32)10) * 1000 + (s64)(a % (s32)10); }
TEST(divide_s32_minus_7_by_constant_minus_4, 997) { s32 a = (s32)hide(-7); return (s64)(a / (s32)-4) * 1000 + (s64)(a % (s32)-4); }
TEST(divide_u32_7_by_2, 3001) { u32 a = (u32)hide(7), b = (u32)hide(2); return (s64)(a / b) * 1000 + (s64)(a % b); }
TEST(divide_u32_7_by_minus_3, 7) { u32 a = (u32)hide(7), b = (u32)hide(-3); return (s64)(a / b) * 1000 + (s64)(a % b); }
TEST(divide_u32_7_by_8, 7) { u32 a = (u32)hide(7), b = (u32)hide(8); return (s64)(a / b) * 1000 + (s64)(a % b); }
TEST(divide_u32_7_by_constant_2, 3001) { u32 a = (u32)hide(7); return (s64)(a / (u32)2) * 1000 + (s64)(a % (u32)2); }
TEST(divide_u32_7_by_constant_3, 2001) { u32 a = (u32)hide(7); return (s64)(a / (u32)3) * 1000 + (s64)(a % (u32)3); }
TEST(divide_u32_7_by_constant_8, 7) { u32 a = (u32)hide(7); return (s64)(a / (u32)8) * 1000 + (s64)(a % (u32)8); }
TEST(divide_u32_7_by_constant_10, 7) { u32 a = (u32)hide(7); return (s64)(a / (u32)10) * 1000 + (s64)(a % (u32)10); }
TEST(divide_u32_7_by_constant_minus_4, 7) { u32 a = (u32)hide(7); return (s64)(a / (u32)-4) * 1000 + (s64)(a % (u32)-4); }
TEST(divide_u32_minus_7_by_2, 2147483644001) { u32 a = (u32)hide(-7), b = (u32)hide(2); return (s64)(a / b) * 1000 + (s64)(a % b); }
TEST(divide_u32_minus_7_by_minus_3, 4294967289) { u32 a = (u32)hide(-7), b = (u32)hide(-3); return (s64)(a / b) * 1000 + (s64)(a % b); }
TEST(divide_u32_minus_7_by_8, 536870911001) { u32 a = (u32)hide(-7), b = (u32)hide(8); return (s64)(a / b) * 1000 + (s64)(a % b); }
TEST(divide_u32_minus_7_by_constant_2, 2147483644001) { u32 a = (u32)hide(-7); return (s64)(a / (u32)2) * 1000 + (s64)(a % (u32)2); }
TEST(divide_u32_minus_7_by_constant_3, 1431655763000) { u32 a = (u32)hide(-7); return (s64)(a / (u32)3) * 1000 + (s64)(a % (u32)3); }
TEST(divide_u32_minus_7_by_constant_8, 536870911001) { u32 a = (u32)hide(-7); return (s64)(a / (u32)8) * 1000 + (s64)(a % (u32)8); }
TEST(divide_u32_minus_7_by_constant_10, 429496728009) { u32 a = (u32)hide(-7); return (s64)(a / (u32)10) * 1000 + (s64)(a % (u32)10); }
TEST(divide_u32_minus_7_by_constant_minus_4, 4294967289) { u32 a = (u32)hide(-7); return (s64)(a / (u32)-4) * 1000 + (s64)(a % (u32)-4); }
TEST(divide_s64_7_by_2, 3001) { s64 a = (s64)hide(7), b = (s64)hide(2); return (s64)(a / b) * 1000 + (s64)(a % b); }
TEST(divide_s64_7_by_minus_3, -1999) { s64 a = (s64)hide(7), b = (s64)hide(-3); return (s64)(a / b) * 1000 + (s64)(a % b); }
TEST(divide_s64_7_by_8, 7) { s64 a = (s64)hide(7), b = (s64)hide(8); return (s64)(a / b) * 1000 + (s64)(a % b); }
TEST(divide_s64_7_by_constant_2, 3001) { s64 a = (s64)hide(7); return (s64)(a / (s64)2) * 1000 + (s64)(a % (s64)2); }
TEST(divide_s64_7_by_constant_3, 2001) { s64 a = (s64)hide(7); return (s64)(a / (s64)3) * 1000 + (s64)(a % (s64)3); }
TEST(divide_s64_7_by_constant_8, 7) { s64 a = (s64)hide(7); return (s64)(a / (s64)8) * 1000 + (s64)(a % (s64)8); }
TEST(divide_s64_7_by_constant_10, 7) { s64 a = (s64)hide(7); return (s64)(a / (s64)10) * 1000 + (s64)(a % (s64)10); }
TEST(divide_s64_7_by_constant_minus_4, -997) { s64 a = (s64)hide(7); return (s64)(a / (s64)-4) * 1000 + (s64)(a % (s64)-4); }
TEST(divide_s64_minus_7_by_2, -3001) { s64 a = (s64)hide(-7), b = (s64)hide(2); return (s64)(a / b) * 1000 + (s64)(a % b); }
TEST(divide_s64_minus_7_by_minus_3, 1999) { s64 a = (s64)hide(-7), b = (s64)hide(-3); return (s64)(a / b) * 1000 + (s64)(a % b); }
TEST(divide_s64_minus_7_by_8, -7) { s64 a = (s64)hide(-7), b = (s64)hide(8); return (s64)(a / b) * 1000 + (s64)(a % b); }
TEST(divide_s64_minus_7_by_constant_2, -3001) { s64 a = (s64)hide(-7); return (s64)(a / (s64)2) * 1000 + (s64)(a % (s64)2); }
TEST(divide_s64_minus_7_by_constant_3, -2001) { s64 a = (s64)hide(-7); return (s64)(a / (s64)3) * 1000 + (s64)(a % (s64)3); }
TEST(divide_s64_minus_7_by_constant_8, -7) { s64 a = (s64)hide(-7); return (s64)(a / (s64)8) * 1000 + (s64)(a % (s64)8); }
TEST(divide_s64_minus_7_by_constant_10, -7) { s64 a = (s64)hide(-7); return (s64)(a / (s64)10) * 1000 + (s64)(a % (s64)10); }
TEST(divide_s64_minus_7_by_constant_minus_4, 997) { s64 a = (s64)hide(-7); return (s64)(a / (s64)-4) * 1000 + (s64)(a % (s64)-4); }
TEST(divide_u64_7_by_2, 3001) { u64 a = (u64)hide(7), b = (u64)hide(2); return (s64)(a / b) * 1000 + (s64)(a % b); }
TEST(divide_u64_7_by_minus_3, 7) { u64 a = (u64)hide(7), b = (u64)hide(-3); return (s64)(a / b) * 1000 + (s64)(a % b); }
TEST(divide_u64_7_by_8, 7) { u64 a = (u64)hide(7), b = (u64)hide(8); return (s64)(a / b) * 1000 + (s64)(a % b); }
TEST(divide_u64_7_by_constant_2, 3001) { u64 a = (u64)hide(7); return (s64)(a / (u64)2) * 1000 + (s64)(a % (u64)2); }
TEST(divide_u64_7_by_constant_3, 2001) { u64 a = (u64)hide(7); return (s64)(a / (u64)3) * 1000 + (s64)(a % (u64)3); }
TEST(divide_u64_7_by_constant_8, 7) { u64 a = (u64)hide(7); return (s64)(a / (u64)8) * 1000 + (s64)(a % (u64)8); }
TEST(divide_u64_7_by_constant_10, 7) { u64 a = (u64)hide(7); return (s64)(a / (u64)10) * 1000 + (s64)(a % (u64)10); }
TEST(divide_u64_7_by_constant_minus_4, 7) { u64 a = (u64)hide(7); return (s64)(a / (u64)-4) * 1000 + (s64)(a % (u64)-4); }
TEST(divide_u64_minus_7_by_2, -3999) { u64 a = (u64)hide(-7), b = (u64)hide(2); return (s64)(a / b) * 1000 + (s64)(a % b); }
TEST(divide_u64_minus_7_by_minus_3, -7) { u64 a = (u64)hide(-7), b = (u64)hide(-3); return (s64)(a / b) * 1000 + (s64)(a % b); }
TEST(divide_u64_minus_7_by_8, -999) { u64 a = (u64)hide(-7), b = (u64)hide(8); return (s64)(a / b) * 1000 + (s64)(a % b); }
TEST(divide_u64_minus_7_by_constant_2, -3999) { u64 a = (u64)hide(-7); return (s64)(a / (u64)2) * 1000 + (s64)(a % (u64)2); }
TEST(divide_u64_minus_7_by_constant_3, 6148914691236514872) { u64 a = (u64)hide(-7); return (s64)(a / (u64)3) * 1000 + (s64)(a % (u64)3); }
TEST(divide_u64_minus_7_by_constant_8, -999) { u64 a = (u64)hide(-7); return (s64)(a / (u64)8) * 1000 + (s64)(a % (u64)8); }
TEST(divide_u64_minus_7_by_constant_10, -1591) { u64 a = (u64)hide(-7); return (s64)(a / (u64)10) * 1000 + (s64)(a % (u64)10); }
TEST(divide_u64_minus_7_by_constant_minus_4, -7) { u64 a = (u64)hide(-7); return (s64)(a / (u64)-4) * 1000 + (s64)(a % (u64)-4); }
