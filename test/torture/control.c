#include "torture.h"

/* Statements and the order of things. */
static noinline int bump(int *p) { return ++*p; }
static s64 classify(int x) { switch (x) { case 1: return 10; case 2: case 3: return 23; case 10 ... 20: return 1020; case -5: return 5; default: return 0; } }

TEST(switch_picks_the_case, 240) { return classify(hide(1)) + classify(hide(3)) * 10; }
TEST(switch_range, 2040) { return classify(hide(15)) + classify(hide(20)) + classify(hide(21)); }
static s64 emptied(int x) { switch (x) { case 2: x++; case 10 ... 9: return x; default: return 0; } }
TEST(switch_empty_range, 3) { return emptied(hide(2)) + emptied(hide(9)) + emptied(hide(10)); }
TEST(switch_negative, 5) { return classify(hide(-5)); }
TEST(switch_falls_through, 110) { int r = 0; switch (hide(2)) { case 1: r += 1; case 2: r += 10; case 3: r += 100; break; case 4: r += 1000; } return r; }
TEST(switch_default_in_the_middle, 7) { int r = 0; switch (hide(9)) { case 1: r = 1; break; default: r = 5; case 2: r += 2; } return r; }
TEST(switch_without_match, 4) { int r = 4; switch (hide(9)) { case 1: r = 1; } return r; }
TEST(switch_on_64_bits, 2) { switch ((u64)hide(0x100000001)) { case 1: return 1; case 0x100000001: return 2; } return 3; }
TEST(switch_on_unsigned, 1) { switch ((u32)hide(-1)) { case 0xffffffff: return 1; case 0: return 2; } return 3; }
TEST(switch_on_char, 2) { switch ((char)hide('b')) { case 'a': return 1; case 'b': return 2; } return 3; }
TEST(switch_with_many_cases, 32255) { s64 s = 0; for (int i = 0; i < 40; i++) switch (i) { case 0: s += 1; break; case 3: s += 2; break; case 7: s += 4; break; case 11: s += 8; break; case 19: s += 16; break; case 23: s += 32; break; case 31: s += 64; break; case 38: s += 128; break; default: s += 1000; } return s; }
TEST(switch_huge_range, 2) { switch ((s64)hide(5000000)) { case 0 ... 1000: return 1; case 1001 ... 10000000: return 2; } return 3; }
TEST(switch_jumps_into_a_loop, 32) { int n = 0, i = hide(3); switch (i) { case 0: do { n += 1; case 3: n += 10; } while (--i > 0); } return n; }
TEST(switch_nested, 112) { int r = 0; switch (hide(1)) { case 1: switch (hide(2)) { case 2: r = 12; break; } r += 100; break; case 2: r = 2; } return r; }
TEST(while_loop, 10) { int i = 0, s = 0; while (i < hide(5)) { s += i; i++; } return s; }
TEST(do_loop_runs_once, 1) { int n = 0; do n++; while (hide(0)); return n; }
TEST(for_without_parts, 6) { int n = 0; for (;;) { if (++n == hide(6)) break; } return n; }
TEST(continue_goes_to_the_step, 20) { int s = 0; for (int i = 0; i < hide(10); i++) { if (i & 1) continue; s += i; } return s; }
TEST(continue_in_do_tests, 5) { int n = 0; do { n++; if (n < 5) continue; break; } while (n < 100); return n; }
TEST(break_leaves_one_loop, 6) { int n = 0; for (int i = 0; i < 3; i++) for (int j = 0; j < 10; j++) { if (j == 2) break; n++; } return n; }
TEST(nested_loops, 266) { int s = 0; for (int i = 0; i < hide(7); i++) for (int j = i; j < 7; j++) s += i * j; return s; }
TEST(goto_forward, 1) { int x = 1; if (hide(1)) goto out; x = 2; out: return x; }
TEST(goto_backward, 12) { int n = 0; again: n += 3; if (n < hide(10)) goto again; return n; }
TEST(goto_out_of_loops, 4) { int n = 0; for (;;) for (;;) { n++; if (n == hide(4)) goto done; } done: return n; }
TEST(goto_into_a_block, 1) { int r = 0; goto inside; { r = 100; inside: r += 1; } return r; }
TEST(computed_goto, 2) { static const int steps = 2; void *p = hide(1) ? &&second : &&first; goto *p; first: return 1; second: return steps; }
TEST(local_labels, 8) { int s = 0; for (int i = 0; i < 2; i++) { s += ({ __label__ out; int v = i; if (v) goto out; v = 7; out: v; }); } return s; }
TEST(if_else_chain, 3) { int x = hide(5); if (x < 3) return 1; else if (x < 5) return 2; else if (x < 7) return 3; return 4; }
TEST(dangling_else, 2) { int r = 0; if (hide(1)) if (hide(0)) r = 1; else r = 2; return r; }
TEST(and_stops_early, 0) { int n = 0; int r = hide(0) && bump(&n); return r * 10 + n; }
TEST(or_stops_early, 10) { int n = 0; int r = hide(2) || bump(&n); return r * 10 + n; }
TEST(and_or_mixed, 6) { int a = hide(1), b = hide(0), c = hide(3); return (a && b || c) * 4 + (a && (b || c)) * 2 + (!a || !b && !c); }
TEST(logic_values_are_0_and_1, 3) { return (hide(8) && hide(4)) + (hide(0) || hide(16)) + !hide(32) + !!hide(64); }
TEST(conditional_picks_one_side, 50) { int n = 0; int r = hide(1) ? 5 : bump(&n); return r * 10 + n; }
TEST(conditional_common_type, 1) { return (hide(1) ? -1 : 1u) > 0; }
TEST(conditional_without_middle, 11) { int n = 0; int r = bump(&n) ?: 100; return r * 10 + n; }
TEST(conditional_nested, 20) { int x = hide(2); return x == 1 ? 10 : x == 2 ? 20 : x == 3 ? 30 : 40; }
TEST(conditional_pointers, 2) { int a = 1, b = 2; int *p = hide(0) ? &a : &b; return *p; }
TEST(comma_evaluates_in_order, 22) { int n = 0; int r = (bump(&n), bump(&n), n * 10); return r + n; }
TEST(statement_expression, 11) { return ({ int x = hide(3); x * x; }) + ({ int x = 1; x + 1; }); }
TEST(statement_expression_with_loop, 12) { return ({ int s = 0; for (int i = 0; i < hide(4); i++) s += i; s; }) * 2; }
TEST(statement_expression_returns, 77) { int x = ({ if (hide(1)) return 77; 5; }); return x; }
TEST(pre_and_post_increment, 577) { int x = hide(5); int a = x++; int b = ++x; return a * 100 + b * 10 + x; }
TEST(compound_assignment_narrows, 4) { u8 x = hide(250); x += 10; return x; }
TEST(compound_assignment_widens_first, 100) { s8 x = hide(100); x = x * 2 / 2; return x; }
TEST(compound_shift_keeps_left_type, 2) { u8 x = hide(0x81); x <<= 1; return x; }
TEST(compound_divide_mixed_sign, 2147483643) { int x = hide(-10); x /= 2u; return x; }
TEST(compound_on_element, 1202) { int a[3] = { 1, 2, 3 }; int i = 0; a[i++] += 10; a[i++] *= 5; return a[0] * 100 + a[1] * 10 + i; }
TEST(assignment_value_is_converted, 44) { u8 c; int x = (c = hide(300)); return x; }
TEST(assignment_chain, 2321000) { int a; u8 b; s64 c; c = b = a = hide(1000); return c * 10000 + a; }
TEST(scope_hides, 1) { int x = 1; { int x = 2; { int x = 3; bump(&x); } x++; if (x != 3) return -1; } return x; }
TEST(loop_variable_is_its_own, 42) { int i = 42; for (int i = 0; i < 3; i++) ; return i; }
TEST(recursion_by_hand, 12586269025) { s64 a = 0, b = 1; for (int i = 0; i < hide(50); i++) { s64 t = a + b; a = b; b = t; } return a; }
TEST(loop_with_two_exits, 8) { int i; for (i = 0; i < 100; i++) { if (i * i > hide(50)) break; } return i; }
TEST(loop_counts_down_unsigned, 43210) { u32 n = 0; for (u32 i = hide(5); i-- > 0;) n = n * 10 + i; return n; }
TEST(loop_over_bytes, 872894651) { const char *s = "hash me"; u32 h = 5381; for (int i = 0; s[i]; i++) h = h * 33 + s[i]; return h; }
TEST(loop_unrolled, 179) { int s = 0;
#pragma unroll
	for (int i = 0; i < 6; i++) s = s * 3 + i; return s; }
TEST(loop_invariant_branch, 190) { int s = 0, flag = hide(1); for (int i = 0; i < 20; i++) { if (flag) s += i; else s -= i; } return s; }
TEST(loop_phi_swap, 21) { int a = 1, b = 2; for (int i = 0; i < hide(5); i++) { int t = a; a = b; b = t; } return a * 10 + b; }
TEST(loop_last_value, 8) { int last = -1; for (int i = 0; i < hide(9); i += 2) last = i; return last; }
TEST(early_return_in_loop, 26) { for (int i = 0; i < 100; i++) if (i == hide(13)) return i * 2; return -1; }
TEST(empty_statements, 1) { ;;; { } if (hide(1)) ; else ; return 1; }
TEST(bool_conversion, 11) { _Bool b = hide(256); _Bool c = (_Bool)(void *)hide_pointer((void *)8); return b + c * 10; }
TEST(bool_arithmetic, 11) { _Bool b = hide(1); b += 5; return b + sizeof(b) * 10; }
TEST(bool_decrement, 1) { _Bool b = hide(0); b--; return b; }
TEST(not_of_bool, 1) { _Bool b = hide(1); return !b * 2 + !!b; }
TEST(enum_values, -141) { enum e { A, B = 5, C, D = -2, E }; enum e x = hide(6) == C ? D : E; return x * 100 + C * 10 + E; }
TEST(enum_64_bits, 78187493531) { enum big { LOW = 1, HIGH = 0x123456789a }; return HIGH + LOW; }
TEST(generic_selection, 21) { u16 x = 0; return _Generic(x, int: 1, u16: 2, default: 3) * 10 + _Generic(x + 0, int: 1, u16: 2, default: 3); }
TEST(typeof_keeps_the_type, 256) { u8 a = hide(255); typeof(a) b = a + 1; typeof(a + 0) c = a + 1; return b * 1000 + c; }
TEST(auto_type, 44) { __auto_type x = (u8)hide(300); return x; }
TEST(sizeof_does_not_evaluate, 40) { int n = 0; int s = sizeof(bump(&n)); return s * 10 + n; }
TEST(expect_is_its_argument, 51) { return __builtin_expect(hide(5), 1) * 10 + __builtin_expect(!!hide(5), 0); }
TEST(unreachable_side, 3) { int x = hide(3); if (x == 4) __builtin_unreachable(); return x; }
TEST(constant_p_of_constants, 10) { return __builtin_constant_p(3) * 10 + __builtin_constant_p(hide(3)); }
TEST(choose_expr, 5) { return __builtin_choose_expr(1, 5, (char *)0); }
TEST(types_compatible, 10) { return __builtin_types_compatible_p(int, s32) * 10 + __builtin_types_compatible_p(int, u32); }
static s64 sum_to(s64 n, s64 sum) { return n > 0 ? sum_to(n - 1, sum + n) : sum; }
TEST(tail_recursion, 15) { return sum_to(hide(5), 0); }
static s64 gcd(s64 a, s64 b) { if (!b) return a; return gcd(b, a % b); }
TEST(tail_recursion_that_swaps, 21) { return gcd(hide(1071), hide(462)); }
static noinline void fill(u8 *p, int n) { if (n == 0) return; *p = n; fill(p + 1, n - 1); }
TEST(tail_recursion_of_nothing, 54321) { u8 b[8] = { 0 }; fill(b, hide(5)); return b[0] * 10000 + b[1] * 1000 + b[2] * 100 + b[hide(3)] * 10 + b[4]; }

/* Bits that are asked for one by one and set at other places. */
#define MOVED(r, x, top) if (x & 1) r |= 0x40; if (x & 0x80000000u) r |= 1; if (x & 0x10) r |= 0x10; if (x & 0x200) r |= top; if (x & 4) r |= 2;
TEST(bits_moved_u32, 2147483731) { u32 x = (u32)hide(0x80000215u), r = 0; MOVED(r, x, 0x80000000u) return (s64)r; }
TEST(bits_moved_some, 2147485713) { u32 x = (u32)hide(0x80000211u), r = (u32)hide(0x800); MOVED(r, x, 0x80000000u) r &= ~0x40u; return (s64)r; }
TEST(bits_moved_none, 8) { u32 x = (u32)hide(0x7ffffdeau), r = (u32)hide(8); MOVED(r, x, 0x80000000u) return (s64)r; }
TEST(bits_moved_u64_u32, 83) { u64 x = (u64)hide(0xffffffff80000015ll); u32 r = 0; MOVED(r, x, 0x80000000u) if (x & 0x8000000000000000ull) r |= 0x1; return (s64)r; }
TEST(bits_moved_from_above, 17825792) { u64 x = (u64)hide(0x8000010000000000ll); u32 r = 0; if (x & 0x8000000000000000ull) r |= 0x100000; if (x & 0x10000000000ull) r |= 0x1000000; if (x & 1) r |= 4; if (x & 2) r |= 1; return (s64)r; }
TEST(bits_moved_u32_u64, 1099511627859) { u32 x = (u32)hide(0x80000215u); u64 r = 0; MOVED(r, x, 0x10000000000ull) return (s64)r; }
TEST(bits_moved_s64, -9223372036854775725) { u32 x = (u32)hide(0x80000215u); s64 r = 0; MOVED(r, x, (s64)0x8000000000000000ull) return r; }
enum { inner_name = 1 };
TEST(conditions_are_scopes, 245701) {
	s64 sum = 0;
	if (sizeof(enum { inner_name = 2 }) && hide(1)) sum += inner_name;
	sum = sum * 10 + inner_name;
	if (!hide(1)) sum++; else if (sizeof(enum { inner_name = 3 })) sum += inner_name; else sum += sizeof(enum { inner_name = 4 });
	switch (hide(sizeof(enum { inner_name = 5 }))) default: sum = sum * 10 + inner_name;
	while (sizeof(enum { inner_name = 6 })) { sum = sum * 10 + inner_name; break; }
	do sum = sum * 10 + inner_name; while (hide(0) * sizeof(enum { inner_name = 7 }));
	if (hide(1)) sum += sizeof(struct local_record { char text[9]; }); else sum += sizeof(struct local_record { char text[8]; });
	return sum * 10 + inner_name;
}
