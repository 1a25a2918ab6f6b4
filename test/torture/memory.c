#include "torture.h"

/* Records, unions, arrays, bit-fields: where bytes are and what assignments do to them. */
struct point { int x, y; };
struct mixed { u8 a; u16 b; u32 c; u64 d; };
struct __attribute__((packed)) tight { u8 a; u32 b; u16 c; u64 d; };
struct nested { struct point p[2]; union { u32 word; u8 bytes[4]; } u; };
struct bits { u32 a : 3, b : 5; int c : 4; u32 d : 20; u64 wide : 40, top : 24; };
struct small_bits { u8 lo : 4, hi : 4; };
struct signed_bits { int a : 1, b : 7, c : 24; };
struct __attribute__((packed)) odd_bits { u8 first : 3; u32 middle : 17; u8 last : 4; };
struct zero_width { u8 a : 2; u8 : 0; u8 b : 2; };
struct big { u64 v[6]; };
struct with_bool { _Bool yes : 1, no : 1; };

TEST(sizes, 161516) { return sizeof(struct mixed) * 10000 + sizeof(struct tight) * 100 + sizeof(struct bits); }
TEST(sizes_of_bit_fields, 324) { return sizeof(struct odd_bits) * 100 + sizeof(struct zero_width) * 10 + sizeof(struct signed_bits); }
TEST(member_assignment, 34) { struct point p; p.x = hide(3); p.y = hide(4); return p.x * 10 + p.y; }
TEST(record_copy, 349) { struct point p = { hide(3), hide(4) }, q = p; p.x = 9; return q.x * 100 + q.y * 10 + p.x; }
TEST(record_copy_through_pointers, 36) { struct big a = { { 1, 2, 3, 4, 5, 6 } }, b; struct big *p = hide_pointer(&a), *q = hide_pointer(&b); *q = *p; p->v[2] = 0; return b.v[2] * 10 + b.v[5]; }
TEST(record_self_assignment, 6) { struct big a = { { 1, 2, 3 } }; struct big *p = hide_pointer(&a); a = *p; return a.v[0] + a.v[1] + a.v[2]; }
TEST(partial_initialiser_zeroes_the_rest, 7) { struct mixed m = { .c = hide(7) }; return m.a + m.b + m.c + m.d; }
TEST(empty_initialiser, 0) { struct big b = {}; return b.v[0] | b.v[5]; }
TEST(nested_designators, 5204) { struct nested n = { .p[1].y = 5, .p[0] = { 1, 2 }, .u.bytes = { 1, 2, 3, 4 } }; return n.p[1].y * 1000 + n.p[0].y * 100 + (n.u.word >> 24); }
TEST(array_range_designator, 394) { int a[8] = { [2 ... 4] = 7, [6] = 1 }; int s = 0; for (int i = 0; i < 8; i++) s = s * 2 + a[i]; return s; }
TEST(array_of_records, 14) { struct point a[3] = { { 1, 2 }, { 3, 4 } }; int s = 0; for (int i = 0; i < hide(3); i++) s += a[i].x * a[i].y; return s; }
TEST(packed_access, 4822678494668988) { struct tight t; struct tight *p = hide_pointer(&t); p->a = 1; p->b = 0x12345678; p->c = 0xabcd; p->d = 0x1122334455667788; return p->b + p->c + (s64)(p->d >> 8); }
TEST(packed_bytes, 120171017) { struct tight t = { 1, 0x12345678, 0xabcd, 0x1122334455667788 }; u8 *p = hide_pointer(&t); return p[1] * 1000000 + p[6] * 1000 + p[14]; }
TEST(union_reinterprets, 6804386) { union { u32 w; u8 b[4]; u16 h[2]; } u; u.w = hide(0x11223344); return u.b[0] * 100000 + u.h[1]; }
TEST(union_partial_write, -4278190081) { union { u64 w; u8 b[8]; } u; u.w = hide(-1); u.b[3] = 0; return (s64)u.w; }
TEST(bit_field_store_and_load, 1045750) { struct bits b = {}; b.a = hide(5); b.b = hide(17); b.c = hide(-3); b.d = hide(0xfffff); return b.a + b.b * 10 + b.c * 1000 + b.d; }
TEST(bit_field_truncates, 5) { struct bits b = {}; b.a = hide(13); return b.a; }
TEST(bit_field_sign_extends, -8388616) { struct signed_bits b = {}; b.a = hide(1); b.b = hide(0x7f); b.c = hide(0x800000); return b.a * 3 + b.b * 5 + b.c; }
TEST(bit_field_keeps_neighbours, 1049274) { struct bits b = { .a = 7, .b = 31, .c = -1, .d = 0xfffff }; b.b = hide(0); return b.a * 100 + b.b * 10 + b.c + b.d; }
TEST(bit_field_wide, 1685918253347) { struct bits b = {}; b.wide = hide(0xabcdef0123); b.top = hide(0x123456); return (s64)(b.wide ^ ((u64)b.top << 20)); }
TEST(bit_field_assignment_value, 7) { struct bits b = {}; int x = (b.a = hide(15)); return x; }
TEST(bit_field_increment_wraps, 1) { struct bits b = { .a = 7 }; b.a++; return b.a * 10 + (b.b += 33); }
TEST(bit_field_compound, 1512) { struct small_bits s = { .lo = 9, .hi = 6 }; s.lo |= hide(6); s.hi <<= 1; return s.lo * 100 + s.hi; }
TEST(bit_field_bytes, 195) { union { struct small_bits s; u8 b; } u = { .s = { 3, 12 } }; return u.b; }
TEST(bit_field_straddles, 91095175) { struct odd_bits o = {}; struct odd_bits *p = hide_pointer(&o); p->first = 5; p->middle = hide(0x1abcd); p->last = 9; return p->first + p->middle * 10ll + p->last * 10000000ll; }
TEST(bit_field_zero_width, 12) { struct zero_width z = { 1, 2 }; u8 *p = hide_pointer(&z); return p[0] * 10 + p[1]; }
TEST(bit_field_bool, 10) { struct with_bool w = {}; w.yes = hide(4); w.no = hide(0); return w.yes * 10 + w.no; }
TEST(bit_field_promotes_to_int, 1) { struct bits b = { .a = 1 }; return b.a - 2 < 0; }
TEST(wide_bit_field_keeps_its_width, 2) { struct bits b = { .wide = 1 }; return (b.wide << 39) >> 38; }
TEST(array_index_computed, 50) { int a[4] = { 10, 20, 30, 40 }; return a[hide(2)] + a[hide(1)]; }
TEST(array_negative_index, 20) { int a[4] = { 10, 20, 30, 40 }; int *p = &a[3]; return p[-hide(2)]; }
TEST(array_two_dimensions, 33) { int a[3][4]; for (int i = 0; i < 3; i++) for (int j = 0; j < 4; j++) a[i][j] = i * 10 + j; return a[hide(2)][hide(3)] + a[hide(1)][hide(0)]; }
TEST(array_of_chars_signed, 9) { signed char a[2] = { -1, 1 }; return a[hide(0)] + a[hide(1)] * 10; }
TEST(pointer_difference, 3) { struct mixed a[5]; struct mixed *p = hide_pointer(&a[4]), *q = hide_pointer(&a[1]); return p - q; }
TEST(pointer_difference_of_odd_size, 3) { struct { u8 b[7]; } a[5]; void *p = hide_pointer(&a[4]), *q = hide_pointer(&a[1]); return (typeof(&a[0]))p - (typeof(&a[0]))q; }
TEST(pointer_arithmetic_on_void, 3) { u8 a[4] = { 1, 2, 3, 4 }; void *p = hide_pointer(a); return *(u8 *)(p + 2); }
TEST(pointer_post_increment, 123) { u8 a[4] = { 1, 2, 3, 4 }; u8 *p = hide_pointer(a); int x = *p++; x = x * 10 + *p++; return x * 10 + *p; }
TEST(pointer_pre_decrement, 98) { u16 a[3] = { 7, 8, 9 }; u16 *p = hide_pointer(a + 3); return *--p * 10 + *--p; }
TEST(pointer_to_pointer, 7) { int x = hide(5); int *p = &x; int **pp = hide_pointer(&p); **pp += 2; return x; }
TEST(pointer_compound_assignment, 3) { u32 a[4] = { 1, 2, 3, 4 }; u32 *p = hide_pointer(a); p += 3; p -= 1; return *p; }
TEST(pointer_to_member, 34) { struct nested n = { .p = { { 1, 2 }, { 3, 4 } } }; int *p = hide_pointer(&n.p[1].x); return p[0] * 10 + p[1]; }
TEST(type_punning_by_pointer, 801) { u64 x = hide(0x0102030405060708); u8 *p = hide_pointer(&x); return p[0] * 100 + p[7]; }
TEST(offset_of_members, 818) { return __builtin_offsetof(struct mixed, d) * 100 + __builtin_offsetof(struct nested, u.bytes[2]); }
TEST(container_of_member, 77) { struct mixed m = { .d = 77 }; u32 *p = hide_pointer(&m.c); struct mixed *q = (void *)((char *)p - __builtin_offsetof(struct mixed, c)); return q->d; }
TEST(flexible_array, 25) { struct { int n; u8 data[]; } *p; u64 store[2] = { 0x0000000500000002, 9 }; p = hide_pointer(store); return p->n * 10 + p->data[0]; }
TEST(compound_literal, 49) { struct point *p = &(struct point){ hide(6), 7 }; p->x++; return p->x * p->y; }
TEST(compound_literal_in_loop_is_fresh, 30) { int s = 0; for (int i = 0; i < 3; i++) { struct point *p = &(struct point){ .x = i }; s += p->x * 10 + p->y; p->y = 5; } return s; }
TEST(copy_builtin, 111100) { u8 a[13] = "hello, world", b[13]; __builtin_memcpy(b, a, 13); return b[4] * 1000 + b[11]; }
TEST(set_builtin, 180) { u8 a[11]; __builtin_memset(a, hide(0x5a), 11); return a[0] + a[10]; }
TEST(set_builtin_words, -2) { u64 a[3]; __builtin_memset(a, 0xff, sizeof(a)); return (s64)a[1] + (s64)a[2]; }
TEST(move_builtin_overlaps, 107) { u8 a[8] = { 1, 2, 3, 4, 5, 6, 7, 8 }; u8 *p = hide_pointer(a); __builtin_memmove(p + 1, p, 7); return p[1] * 100 + p[7]; }
TEST(move_builtin_up_by_words, 1121230) { u32 a[5] = { 1, 2, 3, 4, 5 }; u32 *p = hide_pointer(a); __builtin_memmove(p + 1, p, 16); return p[0] * 1000000 + p[1] * 100000 + p[2] * 10000 + p[3] * 400 + p[4] * 7 + 2; }
TEST(move_builtin_down, 4567867) { u8 a[8] = { 1, 2, 3, 4, 5, 6, 7, 8 }; u8 *p = hide_pointer(a); __builtin_memmove(p, p + 3, 5); return p[0] * 1000000 + p[1] * 100000 + p[2] * 10000 + p[3] * 1000 + p[4] * 100 + p[5] * 10 + p[6]; }
TEST(move_builtin_in_a_hidden_place, 12123) { u8 a[16] = { 1, 2, 3, 4, 5, 6, 7, 8 }; u8 *p = hide_pointer(a); p += hide(2); __builtin_memmove(p, p - 2, 11); return p[-2] * 10000 + p[-1] * 1000 + p[0] * 100 + p[1] * 10 + p[2]; }
TEST(compare_builtin_equal, 1) { u8 a[9] = "abcdefgh", b[9] = "abcdefgh"; return __builtin_memcmp(hide_pointer(a), hide_pointer(b), 9) == 0; }
TEST(compare_builtin_less, 11) { u8 a[9] = "abcdefgh", b[9] = "abcdefzh"; return (__builtin_memcmp(hide_pointer(a), hide_pointer(b), 9) < 0) * 10 + (__builtin_memcmp(hide_pointer(b), hide_pointer(a), 9) > 0); }
TEST(compare_builtin_is_unsigned, 1) { u8 a[4] = { 0x80 }, b[4] = { 0x7f }; return __builtin_memcmp(hide_pointer(a), hide_pointer(b), 4) > 0; }
TEST(string_initialiser, 4098) { char s[] = "abc"; return sizeof(s) * 1000 + s[hide(1)] + s[3]; }
TEST(string_initialiser_cut, 97098) { char s[2] = "ab"; return s[hide(0)] * 1000 + s[hide(1)]; }
TEST(string_initialiser_padded, 98) { char s[8] = "ab"; return s[hide(1)] + s[hide(7)]; }
TEST(string_literal, 111) { const char *s = "hello"; return s[hide(4)]; }
TEST(string_concatenation, 6549) { const char *s = "ab" "cd" "\x41" "1"; return s[hide(4)] * 100 + s[hide(5)]; }
TEST(string_escapes, 649910) { const char *s = "\n\t\\\"\0\377\101"; return s[hide(0)] + s[hide(5)] * 100 + s[hide(6)] * 10000; }
TEST(wide_string, 97233) { int s[] = L"a\u00e9"; return s[0] * 1000 + s[1]; }
static noinline struct point make(int x) { struct point p = { x, x * 2 }; return p; }
TEST(record_returned, 8) { return make(hide(4)).y; }
static noinline struct big make_big(u64 x) { struct big b = { { x, x + 1, x + 2 } }; return b; }
TEST(large_record_returned, 75) { struct big b = make_big(hide(5)); return b.v[0] + b.v[2] * 10; }
static noinline s64 take_small(struct point p, int z) { return p.x * 100 + p.y * 10 + z; }
TEST(small_record_passed, 123) { struct point p = { hide(1), hide(2) }; return take_small(p, 3); }
static noinline s64 take_big(struct big b) { b.v[0] = 100; return b.v[0] + b.v[5]; }
TEST(large_record_passed_is_a_copy, 1061) { struct big b = { { 1, 2, 3, 4, 5, 6 } }; s64 r = take_big(b); return r * 10 + b.v[0]; }
static noinline struct mixed pass_through(struct mixed m) { m.b++; return m; }
TEST(record_through_a_function, 1334) { struct mixed m = { 1, 2, 3, 4 }; m = pass_through(m); return m.a * 1000 + m.b * 100 + m.c * 10 + m.d; }
TEST(conditional_record, 34) { struct point a = { 1, 2 }, b = { 3, 4 }; struct point c = hide(1) ? b : a; return c.x * 10 + c.y; }
TEST(comma_record, 21) { struct point a = { 1, 2 }; int x = 0; return (x++, a).y * 10 + x; }
TEST(assignment_chain_of_records, 89) { struct point a, b, c = { hide(8), 9 }; a = b = c; return a.x * 10 + b.y; }
TEST(anonymous_members, 1852) { struct { union { struct { u8 lo, hi; }; u16 both; }; } v; v.both = hide(0x1234); return v.hi * 100 + v.lo; }
TEST(volatile_is_read_each_time, 34) { volatile int x = 3; int y = x; x = 4; return y * 10 + x; }
TEST(aliased_store_is_seen, 3) { int x = 1; int *p = hide_pointer(&x); x = 2; *p = 3; return x; }
TEST(uninitialised_then_assigned, 5) { int x; if (hide(1)) x = 5; else x = 6; return x; }
TEST(large_array_loop, 3406) { u8 a[200]; for (int i = 0; i < 200; i++) a[i] = i * 3; int s = 0; for (int i = 0; i < 200; i += 7) s += a[i]; return s; }
TEST(array_written_in_a_loop_that_calls, 58) { s64 a[4] = { 0, 0, 0, 0 }; for (int i = 0; i < hide(4); i++) a[hide(i) & 3] = hide(i + 5); return a[0] * 10 + a[3]; }
TEST(copy_of_large_array, 236) { u8 a[160], b[160]; for (int i = 0; i < 160; i++) a[i] = i; __builtin_memcpy(b, a, sizeof(a)); return b[hide(77)] + b[hide(159)]; }
TEST(copy_of_part_of_a_word, 72056714716079735) { u64 x = hide(0x1122334455667788), y = hide(-1); __builtin_memcpy(&y, &x, 6); return y >> 8; }
TEST(copy_into_the_middle_of_a_word, 75133582018560) { u64 x = hide(0x1122334455667788), y = 0; __builtin_memcpy((u8 *)&y + 1, &x, 5); return y; }
TEST(set_part_of_a_word, 388062904320) { u64 x = hide(0); __builtin_memset((u8 *)&x + 2, hide(0x5a), 3); return x; }
TEST(sizeof_of_a_run_time_length, 1606) { int n = hide(1), m = hide(5); return sizeof(char[n]) * 1000 + sizeof(int[3][n + 1][m++]) * 5 + m; }
TEST(sizeof_of_a_pointer_to_one, 8) { int n = hide(3); return sizeof(char (*)[n]); }
TEST(sizeof_of_a_length_that_is_negative_nowhere, 3) { int n = hide(3); (void)sizeof(char[1 - 2 * !!(n > 4)]); return n; }
static noinline s64 lengths_on_entry(int n, int a[n++], int b[n *= 2], char c[static 1]) { return n * 10 + (a == b) + *c; }
TEST(lengths_of_parameters_on_entry, 81) { int a[8]; char c = 0; return lengths_on_entry(hide(3), a, a, &c); }
static noinline int imaginary_part(int i) { int j = __imag__ ++i; return i * 10 + j + __imag__ 3; }
TEST(imaginary_part_of_what_does_something, 60) { return imaginary_part(hide(5)); }
TEST(union_begun_without_a_name_goes_on_by_name, 357) { union { struct { int a, b, c; }; long n[2]; } u = { hide(3), .b = hide(5), 7 }, v = { 3, 5, .c = hide(7) }; if (u.b != v.b || u.c != v.c || u.a != v.a) return 1; return u.a * 100 + u.b * 10 + u.c; }
TEST(union_begun_without_a_name_takes_another, 20) { union { struct { int a, b; }; long n; } u = { 3, 5, .n = hide(20) }; return u.n; }
static noinline int read_as_bytes(int *as_int, long *as_long) { *as_int = 1; *as_long = 0; return *(char *)as_int; }
TEST(bytes_of_what_was_stored_last, 0) { union { long l; int i; } a; return read_as_bytes(&a.i, &a.l); }
static noinline int read_as_it_was(int *as_int, long *as_long) { *as_int = 3; *as_long = 0; return *as_int; }
TEST(types_keep_objects_apart, 3) { int i = hide(1); long l = hide(2); return read_as_it_was(&i, &l) + l; }
typedef u64 __attribute__((aligned(1), may_alias)) u64_anywhere;
TEST(word_at_any_address, 650775643713175552) { u8 bytes[9] = { 9, 0, 1, 2, 3, 4, 5, 8, 9 }; bytes[7] = hide(8); u8 at = hide(1); bytes[8] = hide(9); return *(u64_anywhere *)&bytes[at] & ~0xffull << 32; }
