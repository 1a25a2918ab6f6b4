#include "torture.h"

/* Bit-fields, unions, initialisers, records by value: the corners. */
struct unsigned_bits { u32 one : 1, seven : 7, thirty : 30, full : 32; };
struct plain_bits { int a : 5, b : 27; int c : 31; };
struct byte_bits { u8 a : 1, b : 2, c : 5; u8 d : 8; };
struct short_bits { u16 a : 9, b : 7; s16 c : 11, d : 5; };
struct long_bits { s64 a : 20; u64 b : 31, c : 13; };
struct enum_bits { enum { RED, GREEN, BLUE = 5 } colour : 4; u8 rest : 4; };
struct unnamed_bits { u32 a : 4, : 12, b : 16; };
struct aligned_bits { u32 a : 3; u32 : 0; u32 b : 3; };
struct __attribute__((packed)) crossing_bits { u16 a : 13; u32 b : 22; u8 c : 5; u64 d : 33; };
struct bits_and_bytes { u8 before; u32 x : 12, y : 20; u8 after; };
struct bits_in_a_row { u8 v : 3, w : 5; };
union bits_or_word { struct { u32 lo : 8, mid : 16, hi : 8; }; u32 word; };
struct holder { struct { u32 a : 5, b : 11; } in; int z; };

TEST(bits_compare_as_int, 1) { struct unsigned_bits u = { .seven = 0 }; return u.seven - 1 < 0; }
TEST(bits_of_30_promote_to_int, 1) { struct unsigned_bits u = { .thirty = 1 }; return u.thirty - 2 < 0; }
TEST(bits_of_32_stay_unsigned, 0) { struct unsigned_bits u = { .full = 1 }; return u.full - 2 < 0; }
TEST(bits_shifted_as_int, -33554432) { struct unsigned_bits u = { .seven = hide(127) }; return u.seven << 20 << 5; }
TEST(bits_negated, -1) { struct unsigned_bits u = { .one = hide(1) }; return -u.one; }
TEST(bits_complemented, -6) { struct unsigned_bits u = { .seven = hide(5) }; return ~u.seven; }
TEST(bits_not, 10) { struct unsigned_bits u = { .one = hide(2), .seven = hide(4) }; return !u.one * 10 + !u.seven; }
TEST(bits_plain_int_are_signed, -105) { struct plain_bits p = { .a = hide(31), .b = hide(-5) }; return p.a * 100 + p.b; }
TEST(bits_signed_minimum, -16) { struct plain_bits p = { .a = hide(16) }; return p.a; }
TEST(bits_signed_increment_wraps, -16) { struct plain_bits p = { .a = hide(15) }; p.a++; return p.a; }
TEST(bits_post_increment_value, 1484) { struct plain_bits p = { .a = hide(15) }; int old = p.a++; return old * 100 + p.a; }
TEST(bits_pre_decrement_value, 30) { struct byte_bits b = { .b = hide(0) }; int now = --b.b; return now * 10 + b.c; }
TEST(bits_compound_multiply, 3) { struct byte_bits b = { .c = hide(7) }; b.c *= 5; return b.c; }
TEST(bits_compound_shift_right, -64) { struct short_bits s = { .c = hide(-512) }; s.c >>= 3; return s.c; }
TEST(bits_compound_xor, 1700) { struct short_bits s = { .a = 0x155 }; s.a ^= hide(0xfff); return s.a * 10 + s.b; }
TEST(bits_compound_modulo, 2) { struct short_bits s = { .b = hide(100) }; s.b %= 7; return s.b; }
TEST(bits_assign_between_fields, -873) { struct short_bits s = { .a = hide(0x1ff) }; s.d = s.a; s.b = s.a; return s.d * 1000 + s.b; }
TEST(bits_assignment_chain, 511511) { struct short_bits s = {}; int x = s.a = s.d = hide(0x1f); return x * 1000 + s.a; }
TEST(bits_in_long, -2147476808) { struct long_bits l = { .a = hide(-3), .b = hide(0x7fffffff), .c = hide(0x1abc) }; return l.a + l.b + l.c; }
TEST(bits_of_long_signed, -524288) { struct long_bits l = { .a = hide(0x80000) }; return l.a; }
TEST(bits_of_enum, 59) { struct enum_bits e = { .colour = hide(BLUE), .rest = 9 }; return e.colour * 10 + e.rest; }
TEST(bits_unnamed_are_skipped, 2882338821) { union { struct unnamed_bits b; u32 w; } u = { .b = { hide(5), hide(0xabcd) } }; return u.w; }
TEST(bits_zero_width_starts_a_unit, 856) { union { struct aligned_bits b; u32 w[2]; } u = { .b = { hide(5), hide(6) } }; return u.w[0] * 10 + u.w[1] + sizeof(u) * 100; }
TEST(bits_packed_cross_bytes, 5729424713) { struct crossing_bits c; struct crossing_bits *p = hide_pointer(&c); p->a = 0x1555; p->b = 0x2aaaaa; p->c = 0x15; p->d = 0x155555555; return (p->a ^ p->b ^ p->c) + p->d + sizeof(c); }
TEST(bits_packed_layout, 34771143516) { struct crossing_bits c; u8 *p = hide_pointer(&c); for (int i = 0; i < (int)sizeof(c); i++) p[i] = i * 37; return c.a + (s64)c.b * 3 + c.c * 5 + (s64)c.d * 7; }
TEST(bits_packed_keep_neighbours, 5313675) { struct crossing_bits c; u8 *p = hide_pointer(&c); for (int i = 0; i < (int)sizeof(c); i++) p[i] = 0xff; c.b = hide(0); s64 s = 0; for (int i = 0; i < (int)sizeof(c); i++) s = s * 3 + p[i]; return s; }
TEST(bits_beside_bytes, 812304) { struct bits_and_bytes b = { 1, 2, 3, 4 }; u8 *p = hide_pointer(&b); return sizeof(b) * 100000 + p[0] * 10000 + p[1] * 1000 + p[4] * 100 + p[7]; }
TEST(bits_byte_store_keeps_after, 14) { struct bits_and_bytes b = { 1, 2, 3, 4 }; b.y = hide(0xfffff); b.x = hide(0); return b.before * 10 + b.after; }
TEST(bits_array, 3090) { struct bits_in_a_row a[5]; for (int i = 0; i < 5; i++) { a[i].v = i; a[i].w = i * 5; } int s = 0; for (int i = 0; i < hide(5); i++) s = s * 7 + a[i].v * a[i].w; return s; }
TEST(bits_through_union, 305460595) { union bits_or_word u; u.word = hide(0x12345678); u.mid++; return u.lo + u.mid * 3 + u.hi * 7 + u.word; }
TEST(bits_nested_member, 173) { struct holder h = { .in.b = hide(1000), .in.a = 9, .z = 3 }; h.in.a += h.in.b; return h.in.a * 10 + h.z; }
TEST(bits_of_volatile_record, 123) { volatile struct byte_bits b = {}; b.b = hide(3); b.c = b.b + 9; return b.c * 10 + b.b; }
TEST(bits_as_condition, 52) { struct byte_bits b = { .a = hide(1), .b = hide(4) }; return (b.a ? 5 : 6) * 10 + (b.b ? 1 : 2); }
TEST(bits_as_index, 70) { int a[4] = { 10, 20, 30, 40 }; struct byte_bits b = { .b = hide(2) }; return a[b.b] + a[b.b + 1]; }
TEST(bits_in_switch, 33) { struct byte_bits b = { .b = hide(3) }; switch (b.b) { case 3: return 33; case -1: return 1; default: return 0; } }
TEST(bits_conditional_type, 1) { struct unsigned_bits u = { .seven = hide(3) }; return (hide(1) ? u.seven : -1) - 5 < 0; }
TEST(bits_in_comma, 32) { struct byte_bits b = { .c = hide(31) }; return (0, b.c) + 1; }
TEST(bits_multiply_as_int, 2134925296) { struct short_bits s = { .a = hide(511) }; return s.a * s.a * s.a * 16; }
TEST(bits_copied_with_record, 2003021) { struct byte_bits a = { 1, 2, 30, 200 }, b = a; a.c = 0; return b.a + b.b * 10 + b.c * 100 + b.d * 10000; }
static noinline struct byte_bits make_bits(int x) { return (struct byte_bits){ .a = x, .b = x, .c = x, .d = x }; }
TEST(bits_returned, 872331) { struct byte_bits b = make_bits(hide(0x57)); return b.a + b.b * 10 + b.c * 100 + b.d * 10000; }
static noinline int take_bits(struct byte_bits b, struct short_bits s) { return b.c * 1000 + s.d; }
TEST(bits_passed, 16991) { return take_bits((struct byte_bits){ .c = hide(17) }, (struct short_bits){ .d = hide(-9) }); }
TEST(bits_bool_field_truth, 1127) { struct { _Bool b : 1; u8 rest : 7; } v = {}; v.b = hide(256); v.rest = hide(255); return v.b * 1000 + v.rest; }
TEST(bits_one_signed, -1) { struct { s32 b : 1; } v = { hide(3) }; return v.b; }
TEST(bits_wide_store_of_constant, 1737075934) { struct { u64 a : 12, b : 52; } v = { 0xabc, 0x123456789abcd }; v.a = 0x111; return v.a + (v.b & 0xffffffff); }
TEST(bits_sum_of_two, 2147483648) { struct { u32 a : 31, b : 1; } v = { hide(0x7fffffff), 1 }; return (u32)(v.a + v.b); }
TEST(bits_read_modify_write_in_loop, 8800134732) { struct { u32 n : 9, sum : 23; } v = {}; for (int i = 0; i < hide(600); i++) { v.n++; v.sum += v.n; } return v.n * 100000000ll + v.sum; }
TEST(bits_address_of_record, 793) { struct { u8 a : 4, b : 4; u8 c; } v = { 1, 2, 3 }; u8 *p = hide_pointer(&v); p[0] = 0x97; return v.a * 100 + v.b * 10 + v.c; }

union mixed_union { u8 b[8]; u16 h[4]; u32 w[2]; u64 d; s8 sb; };
TEST(union_half_of_word, 287475882) { union mixed_union u = { .d = hide(0x1122334455667788) }; return u.h[1] + u.w[1]; }
TEST(union_signed_view, -2) { union mixed_union u = { .d = hide(0xfe) }; return u.sb; }
TEST(union_first_member_initialised, 197121) { union mixed_union u = { { 1, 2, 3 } }; return u.d; }
TEST(union_designated_last_wins, 38654705671) { union mixed_union u = { .h[0] = 7, .h[2] = hide(9) }; return u.d; }
TEST(union_array_index, 12345678) { union mixed_union u = { .d = hide(0x0807060504030201) }; int s = 0; for (int i = 0; i < 8; i++) s = s * 10 + u.b[i]; return s; }
TEST(union_of_records, 12) { union { struct { u16 a; u32 b; } x; struct { u32 c; u16 d; } y; } u = {}; u.x.a = 1; u.x.b = 2; return u.y.c * 10 + u.y.d; }
TEST(union_copied_whole, 2795) { union mixed_union u = { .d = hide(-2) }, v; v = u; u.d = 0; return v.b[0] * 10 + v.b[7]; }
static noinline union mixed_union make_union(u64 x) { union mixed_union u; u.d = x; return u; }
TEST(union_returned, 3) { return make_union(hide(0x01020304)).b[1]; }
static noinline int take_union(union mixed_union u) { u.b[0] = 1; return u.w[0]; }
TEST(union_passed, 12810) { union mixed_union u = { .d = hide(0x500) }; return take_union(u) * 10 + u.b[0]; }
TEST(union_in_array, 1005255) { union mixed_union a[3] = { { .d = 1 }, { .h = { 2, 3 } }, { .sb = -1 } }; int s = 0; for (int i = 0; i < hide(3); i++) s = s * 1000 + a[i].h[0] + a[i].h[1]; return s; }
TEST(union_anonymous_in_record, 341) { struct { int kind; union { u32 n; struct { u16 lo, hi; }; }; } v = { 1, { .n = hide(0x30004) } }; return v.hi * 100 + v.lo * 10 + v.kind; }
TEST(union_pun_pointer, 6) { int x = hide(6); union { int *p; u64 n; } u = { .p = &x }; u.n += 4; u.p -= 1; return *u.p; }
TEST(union_zeroed_by_empty_braces, 0) { union mixed_union u = {}; return u.d; }
TEST(union_size_is_the_largest, 68) { return sizeof(union { u8 a[5]; u16 b; }) * 10 + _Alignof(union { u8 a[5]; u64 b; }); }

struct inner { int a, b; }; struct outer { struct inner in[3]; struct { u8 c[4]; struct inner last; } deep; int tail; };
TEST(init_flat_braces_left_out, 61025) { struct outer o = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13 }; return o.in[2].b * 10000 + o.deep.c[3] * 100 + o.deep.last.b + o.tail; }
TEST(init_designator_then_go_on, 56789) { struct outer o = { .in[1].b = 5, 6, 7, .deep = { { 1, 2 }, 8, 9 } }; return o.in[1].b * 10000 + o.in[2].a * 1000 + o.in[2].b * 100 + o.deep.last.a * 10 + o.deep.last.b; }
TEST(init_overrides_earlier, 924) { struct outer o = { .in = { { 1, 2 }, { 3, 4 } }, .in[0].a = 9 }; return o.in[0].a * 100 + o.in[0].b * 10 + o.in[1].b; }
TEST(init_override_whole_after_part, 30) { struct outer o = { .in[0].b = 9, .in[0] = { 3 } }; return o.in[0].a * 10 + o.in[0].b; }
TEST(init_array_out_of_order, 23104) { int a[] = { [3] = 1, [1] = 2, 3, [5] = hide(4) }; int s = 0; for (unsigned i = 0; i < sizeof(a) / sizeof(*a); i++) s = s * 10 + a[i]; return s; }
TEST(init_nested_arrays, 2103) { int a[2][3] = { { 1 }, { [1] = 2, 3 } }; return a[0][0] * 100 + a[0][2] * 10 + a[1][1] * 1000 + a[1][2]; }
TEST(init_partial_row_flat, 40) { int a[2][3] = { 1, 2, 3, 4 }; return a[1][0] * 10 + a[1][2]; }
TEST(init_range_in_record, 296325) { struct { u8 v[6]; u8 w; } r = { .v = { [1 ... 3] = 7, [2] = 1 }, .w = 5 }; int s = 0; for (int i = 0; i < 6; i++) s = s * 8 + r.v[i]; return s * 10 + r.w; }
TEST(init_range_computed_once, 1101) { int n = 0; int a[4] = { [0 ... 3] = ++n }; return a[0] * 1000 + a[3] * 100 + n; }
TEST(init_with_run_time_values, 9643) { int x = hide(3); struct inner a[2] = { { x, x + 1 }, { x * 2, x * 3 } }; return a[0].a + a[0].b * 10 + a[1].a * 100 + a[1].b * 1000; }
TEST(init_record_from_record, 213) { struct inner i = { hide(1), hide(2) }; struct outer o = { .in = { [1] = i }, .deep.last = i, .tail = 3 }; return o.in[1].b * 100 + o.deep.last.a * 10 + o.tail + o.in[0].a; }
TEST(init_string_in_record, 995) { struct { char s[6]; int n; } r = { "abc", 5 }; return r.s[hide(2)] * 10 + r.s[4] + r.n; }
TEST(init_string_with_braces, 4101) { char s[] = { "hey" }; return sizeof(s) * 1000 + s[hide(1)]; }
TEST(init_string_array, 101102) { char a[3][4] = { "ab", "cde", "f" }; return a[hide(1)][2] * 1000 + a[2][0] + a[0][3]; }
TEST(init_string_fills_exactly, 99100) { struct { char s[3]; char next; } r = { "abc", 'd' }; return r.s[2] * 1000 + r.next; }
TEST(init_old_gnu_designator, 27) { struct inner i = { b: hide(7), a: 2 }; return i.a * 10 + i.b; }
TEST(init_scalar_in_braces, 4) { int x = { hide(4) }; return x; }
TEST(init_uses_earlier_member_values, 432) { int n = hide(2); int a[3] = { n++, n++, n }; return a[0] + a[1] * 10 + a[2] * 100; }
TEST(init_of_self_size, 40) { struct outer o = { .tail = sizeof(o) }; return o.tail; }
TEST(init_flexible_static, 303) { static struct { int n; int v[]; } f = { 3, { 10, 20, 30 } }; return f.v[hide(2)] * 10 + f.n; }
TEST(init_flexible_static_string, 1224) { static struct { u16 n; char s[]; } f = { 4, "wxyz" }; return f.s[hide(3)] * 10 + f.n; }
TEST(init_anonymous_by_name, 121) { struct { int x; struct { int y; union { int z; u8 b[4]; }; }; } v = { .z = hide(0x102), .x = 1 }; return v.b[1] * 100 + v.b[0] * 10 + v.x + v.y; }
TEST(init_anonymous_in_order, 1234) { struct { int x; struct { int y, z; }; int w; } v = { 1, { 2, 3 }, 4 }; return v.x * 1000 + v.y * 100 + v.z * 10 + v.w; }
TEST(init_const_table_of_records, 500) { static const struct { u8 key; int value; } t[] = { { 1, 100 }, { 5, 500 }, { 9, 900 } }; int s = 0; for (int i = 0; i < 3; i++) if (t[i].key == hide(5)) s += t[i].value; return s; }
TEST(init_static_is_once, 111213) { int s = 0; for (int i = 0; i < 3; i++) { static int n = 0; if (i == 0) n = 10; n++; s = s * 100 + n; } return s; }

TEST(literal_of_array, 321) { int *p = (int[]){ 1, hide(2), 3 }; return p[0] + p[1] * 10 + p[2] * 100; }
TEST(literal_of_scalar, 6) { int *p = &(int){ hide(5) }; (*p)++; return *p; }
TEST(literal_has_array_length, 164) { return sizeof((int[]){ 1, 2, 3, 4 }) * 10 + sizeof((char[]){ "abc" }); }
TEST(literal_in_loop_is_remade, 74) { int s = 0; for (int i = 0; i < 4; i++) { int *p = (int[]){ i, i }; p[0] += 10; s += p[0] * p[1]; } return s; }
TEST(literal_assigned_to_record, 8) { struct inner i = { 1, 2 }; i = (struct inner){ .b = hide(8) }; return i.a * 10 + i.b; }
TEST(literal_swaps_members, 21) { struct inner i = { hide(1), hide(2) }; i = (struct inner){ i.b, i.a }; return i.a * 10 + i.b; }
TEST(literal_member_access, 9) { return ((struct inner){ hide(3), 4 }).a + ((struct inner){ .b = hide(6) }).b; }
TEST(literal_lives_in_its_block, 70) { struct inner *p; { p = &(struct inner){ 1, 2 }; p->a += hide(4); } { struct inner *q = &(struct inner){ 7, 8 }; return q->a * 10 + p->a - p->a; } }
TEST(literal_as_argument, 1015) { return take_bits((struct byte_bits){ .c = 1, .d = 255 }, (struct short_bits){ .a = 3, .d = hide(15) }); }
TEST(literal_empty, 0) { struct inner i = { 5, 6 }; i = (struct inner){}; return i.a + i.b; }
TEST(literal_nested, 23) { struct outer o = (struct outer){ .in[2] = (struct inner){ 1, hide(2) }, .tail = 3 }; return o.in[2].b * 10 + o.tail; }

struct bytes3 { u8 b[3]; }; struct bytes12 { u32 w[3]; }; struct bytes16 { u64 a, b; }; struct bytes24 { u64 a, b, c; };
static noinline struct bytes3 make3(int x) { return (struct bytes3){ { x, x + 1, x + 2 } }; }
static noinline struct bytes12 make12(int x) { return (struct bytes12){ { x, x * 2, x * 3 } }; }
static noinline struct bytes16 make16(u64 x) { return (struct bytes16){ x, ~x }; }
static noinline struct bytes24 make24(u64 x) { struct bytes24 r = { x, x + 1, x + 2 }; return r; }
static noinline int sum3(struct bytes3 s) { return s.b[0] + s.b[1] * 10 + s.b[2] * 100; }
static noinline u64 sum12(struct bytes12 s, int k) { return s.w[0] + s.w[1] * 100 + s.w[2] * 10000 + k; }
static noinline u64 sum16(int k, struct bytes16 s) { return s.a + s.b + k; }
static noinline u64 sum24(struct bytes24 s) { s.b += s.a; return s.b * 10 + s.c; }
TEST(pass_three_bytes, 321) { return sum3((struct bytes3){ { hide(1), 2, 3 } }); }
TEST(pass_twelve_bytes, 30210) { return sum12((struct bytes12){ { 1, hide(2), 3 } }, hide(9)); }
TEST(pass_sixteen_bytes, 35) { return sum16(hide(5), (struct bytes16){ hide(10), 20 }); }
TEST(pass_twenty_four_bytes, 332) { struct bytes24 s = { hide(1), 2, 3 }; u64 r = sum24(s); return r * 10 + s.b; }
TEST(return_three_bytes, 987) { struct bytes3 s = make3(hide(7)); return sum3(s); }
TEST(return_twelve_bytes, 90604) { return sum12(make12(hide(3)), 1); }
TEST(return_sixteen_bytes, -1) { struct bytes16 s = make16(hide(77)); return s.a + s.b; }
TEST(return_twenty_four_bytes, 96) { return sum24(make24(hide(4))); }
TEST(return_value_member, 15) { return make12(hide(5)).w[hide(2)]; }
TEST(return_into_member, 421) { struct { int before; struct bytes12 v; int after; } s = { 1, {}, 2 }; s.v = make12(hide(2)); return s.before + s.after * 10 + s.v.w[1] * 100; }
TEST(return_through_conditional, 2) { struct bytes16 s = hide(0) ? make16(1) : make16(2); return s.a; }
TEST(return_overwrites_own_argument, 35) { struct bytes24 s = make24(hide(1)); s = make24(s.c); return s.a * 10 + s.c; }
TEST(record_array_element_copy, 49) { struct bytes12 a[3] = { { { 1, 2, 3 } }, { { 4, 5, 6 } } }; a[2] = a[hide(1)]; a[hide(1)].w[0] = 9; return a[2].w[0] * 10 + a[1].w[0]; }
TEST(record_overlapping_is_same_object, 321) { struct bytes24 s = { 1, 2, 3 }; struct bytes24 *p = hide_pointer(&s); s = *p; return s.a + s.b * 10 + s.c * 100; }
TEST(record_assigned_through_void, 3) { struct bytes12 a = { { 1, 2, 3 } }, b; void *p = hide_pointer(&b); *(struct bytes12 *)p = a; return b.w[2]; }
TEST(record_empty_has_no_size, 0) { struct empty {} e, f; e = f; return sizeof(struct empty) + sizeof(e) * 10; }
TEST(record_of_zero_array, 43) { struct { int n; u8 tail[0]; } s = { hide(3) }; return sizeof(s) * 10 + s.n; }
TEST(record_alignment_attribute, 168) { struct { u8 a; u8 b __attribute__((aligned(8))); } s = { 1, hide(2) }; return sizeof(s) * 10 + (&s.b - &s.a); }
TEST(record_packed_member, 645) { struct { u8 a; u32 b __attribute__((packed)); u8 c; } s = { 1, hide(0x01020304), 5 }; u8 *p = hide_pointer(&s); return sizeof(s) * 100 + p[1] * 10 + p[5]; }
TEST(record_packed_of_records, 19234) { struct __attribute__((packed)) { u8 a; struct bytes16 s; u16 z; } r = { 1, { hide(2), 3 }, 4 }; return sizeof(r) * 1000 + r.s.a * 100 + r.s.b * 10 + r.z; }
TEST(record_pragma_pack, 1462) {
#pragma pack(push, 2)
	struct { u8 a; u32 b; u64 c; } r = { 1, hide(2), 3 };
#pragma pack(pop)
	return sizeof(r) * 100 + __builtin_offsetof(typeof(r), c) * 10 + r.b; }
TEST(record_aligned_whole, 21632) { struct { u8 a; } __attribute__((aligned(16))) s[2] = { { 1 }, { hide(2) } }; return sizeof(s) + _Alignof(typeof(s[0])) * 100 + s[1].a * 10000; }
struct cell { int n; int part[3]; int last; };
struct grid { int id; struct cell cells[3]; int end; };
static s64 grid_sum(const struct grid *grids, int count) { s64 sum = 0; for (int i = 0; i < count; i++) for (int j = 0; j < (int)(sizeof(struct grid) / 4); j++) sum = sum * 3 + ((const int *)&grids[i])[j]; return sum; }
TEST(items_behind_a_range_are_for_its_last_element, 13612406406982) { struct grid g[] = { [0 ... 1].cells[1 ... 2].part[0 ... 1] = hide(4), hide(5), 6, 7 }; return grid_sum(g, 2); }
static struct grid ranged[] = { [0 ... 1].cells[1 ... 2].part[0 ... 1] = 4, 5, 6, 7, { 8 } };
TEST(items_behind_a_static_range, 5467695217836788314) { return grid_sum(ranged, sizeof(ranged) / sizeof(ranged[0])); }
TEST(range_within_a_range, 906133477) { int a[][2][4] = { [1 ... 2][0 ... 1][2 ... 3] = hide(1), [0][1][2] = 5, 6 }; s64 sum = 0; for (int i = 0; i < 24; i++) sum = sum * 3 + ((int *)a)[i]; return sum; }
