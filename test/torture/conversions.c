#include "torture.h"

/* Every integer type converted to every other: by a cast, by assignment, and as an argument of an expression. */
TEST(s8_to_u8, 253) { s8 x = (s8)hide((s8)-3); u8 y = x; return (s64)y; }
TEST(s8_to_s16, -3) { s8 x = (s8)hide((s8)-3); s16 y = x; return (s64)y; }
TEST(s8_to_u16, 65533) { s8 x = (s8)hide((s8)-3); u16 y = x; return (s64)y; }
TEST(s8_to_s32, -3) { s8 x = (s8)hide((s8)-3); s32 y = x; return (s64)y; }
TEST(s8_to_u32, 4294967293) { s8 x = (s8)hide((s8)-3); u32 y = x; return (s64)y; }
TEST(s8_to_s64, -3) { s8 x = (s8)hide((s8)-3); s64 y = x; return (s64)y; }
TEST(s8_to_u64, -3) { s8 x = (s8)hide((s8)-3); u64 y = x; return (s64)y; }
TEST(u8_to_s8, -56) { u8 x = (u8)hide((u8)200); s8 y = x; return (s64)y; }
TEST(u8_to_s16, 200) { u8 x = (u8)hide((u8)200); s16 y = x; return (s64)y; }
TEST(u8_to_u16, 200) { u8 x = (u8)hide((u8)200); u16 y = x; return (s64)y; }
TEST(u8_to_s32, 200) { u8 x = (u8)hide((u8)200); s32 y = x; return (s64)y; }
TEST(u8_to_u32, 200) { u8 x = (u8)hide((u8)200); u32 y = x; return (s64)y; }
TEST(u8_to_s64, 200) { u8 x = (u8)hide((u8)200); s64 y = x; return (s64)y; }
TEST(u8_to_u64, 200) { u8 x = (u8)hide((u8)200); u64 y = x; return (s64)y; }
TEST(s16_to_s8, -44) { s16 x = (s16)hide((s16)-300); s8 y = x; return (s64)y; }
TEST(s16_to_u8, 212) { s16 x = (s16)hide((s16)-300); u8 y = x; return (s64)y; }
TEST(s16_to_u16, 65236) { s16 x = (s16)hide((s16)-300); u16 y = x; return (s64)y; }
TEST(s16_to_s32, -300) { s16 x = (s16)hide((s16)-300); s32 y = x; return (s64)y; }
TEST(s16_to_u32, 4294966996) { s16 x = (s16)hide((s16)-300); u32 y = x; return (s64)y; }
TEST(s16_to_s64, -300) { s16 x = (s16)hide((s16)-300); s64 y = x; return (s64)y; }
TEST(s16_to_u64, -300) { s16 x = (s16)hide((s16)-300); u64 y = x; return (s64)y; }
TEST(u16_to_s8, 96) { u16 x = (u16)hide((u16)60000); s8 y = x; return (s64)y; }
TEST(u16_to_u8, 96) { u16 x = (u16)hide((u16)60000); u8 y = x; return (s64)y; }
TEST(u16_to_s16, -5536) { u16 x = (u16)hide((u16)60000); s16 y = x; return (s64)y; }
TEST(u16_to_s32, 60000) { u16 x = (u16)hide((u16)60000); s32 y = x; return (s64)y; }
TEST(u16_to_u32, 60000) { u16 x = (u16)hide((u16)60000); u32 y = x; return (s64)y; }
TEST(u16_to_s64, 60000) { u16 x = (u16)hide((u16)60000); s64 y = x; return (s64)y; }
TEST(u16_to_u64, 60000) { u16 x = (u16)hide((u16)60000); u64 y = x; return (s64)y; }
TEST(s32_to_s8, -112) { s32 x = (s32)hide((s32)-70000); s8 y = x; return (s64)y; }
TEST(s32_to_u8, 144) { s32 x = (s32)hide((s32)-70000); u8 y = x; return (s64)y; }
TEST(s32_to_s16, -4464) { s32 x = (s32)hide((s32)-70000); s16 y = x; return (s64)y; }
TEST(s32_to_u16, 61072) { s32 x = (s32)hide((s32)-70000); u16 y = x; return (s64)y; }
TEST(s32_to_u32, 4294897296) { s32 x = (s32)hide((s32)-70000); u32 y = x; return (s64)y; }
TEST(s32_to_s64, -70000) { s32 x = (s32)hide((s32)-70000); s64 y = x; return (s64)y; }
TEST(s32_to_u64, -70000) { s32 x = (s32)hide((s32)-70000); u64 y = x; return (s64)y; }
TEST(u32_to_s8, 0) { u32 x = (u32)hide((u32)4000000000u); s8 y = x; return (s64)y; }
TEST(u32_to_u8, 0) { u32 x = (u32)hide((u32)4000000000u); u8 y = x; return (s64)y; }
TEST(u32_to_s16, 10240) { u32 x = (u32)hide((u32)4000000000u); s16 y = x; return (s64)y; }
TEST(u32_to_u16, 10240) { u32 x = (u32)hide((u32)4000000000u); u16 y = x; return (s64)y; }
TEST(u32_to_s32, -294967296) { u32 x = (u32)hide((u32)4000000000u); s32 y = x; return (s64)y; }
TEST(u32_to_s64, 4000000000) { u32 x = (u32)hide((u32)4000000000u); s64 y = x; return (s64)y; }
TEST(u32_to_u64, 4000000000) { u32 x = (u32)hide((u32)4000000000u); u64 y = x; return (s64)y; }
TEST(s64_to_s8, 0) { s64 x = (s64)hide((s64)-5000000000ll); s8 y = x; return (s64)y; }
TEST(s64_to_u8, 0) { s64 x = (s64)hide((s64)-5000000000ll); u8 y = x; return (s64)y; }
TEST(s64_to_s16, 3584) { s64 x = (s64)hide((s64)-5000000000ll); s16 y = x; return (s64)y; }
TEST(s64_to_u16, 3584) { s64 x = (s64)hide((s64)-5000000000ll); u16 y = x; return (s64)y; }
TEST(s64_to_s32, -705032704) { s64 x = (s64)hide((s64)-5000000000ll); s32 y = x; return (s64)y; }
TEST(s64_to_u32, 3589934592) { s64 x = (s64)hide((s64)-5000000000ll); u32 y = x; return (s64)y; }
TEST(s64_to_u64, -5000000000) { s64 x = (s64)hide((s64)-5000000000ll); u64 y = x; return (s64)y; }
TEST(u64_to_s8, 0) { u64 x = (u64)hide((u64)18000000000000000000ull); s8 y = x; return (s64)y; }
TEST(u64_to_u8, 0) { u64 x = (u64)hide((u64)18000000000000000000ull); u8 y = x; return (s64)y; }
TEST(u64_to_s16, 0) { u64 x = (u64)hide((u64)18000000000000000000ull); s16 y = x; return (s64)y; }
TEST(u64_to_u16, 0) { u64 x = (u64)hide((u64)18000000000000000000ull); u16 y = x; return (s64)y; }
TEST(u64_to_s32, -989331456) { u64 x = (u64)hide((u64)18000000000000000000ull); s32 y = x; return (s64)y; }
TEST(u64_to_u32, 3305635840) { u64 x = (u64)hide((u64)18000000000000000000ull); u32 y = x; return (s64)y; }
TEST(u64_to_s64, -446744073709551616) { u64 x = (u64)hide((u64)18000000000000000000ull); s64 y = x; return (s64)y; }

/* A bit-field that fits an int is promoted to it as the result of a comma, of an assignment and of ++x as well. */
struct narrow { u32 a : 28; u32 b : 32; };
TEST(field_behind_a_comma, 1) { struct narrow s = { .a = (u32)hide(5) }; return (s32)hide(-1) < (s.b, s.a); }
TEST(field_behind_two_commas, 1) { struct narrow s = { .a = (u32)hide(5) }; return ~(s.a, (s.b, (s.a))) < 0; }
TEST(field_assigned, 1) { struct narrow s = {}; return (s32)hide(-1) < (s.a = 7); }
TEST(field_added_to, 1) { struct narrow s = { .a = (u32)hide(5) }; return (s32)hide(-1) < (s.a += 2); }
TEST(field_stepped, 1) { struct narrow s = { .a = (u32)hide(5) }; return (s32)hide(-1) < ++s.a; }
TEST(field_of_all_bits_behind_a_comma, 0) { struct narrow s = { .b = (u32)hide(5) }; return (s32)hide(-1) < (s.a, s.b); }
