#include "torture.h"

/* Atomics of 32 and 64 bits, their results used and not. */
TEST(sync_fetch_add_u32, 61741740) { u32 x = hide(0xf0f0); u32 old = __sync_fetch_and_add(&x, hide(0x3c)); return old * 1000ll + x; }
TEST(sync_add_fetch_u32, 61801740) { u32 x = hide(0xf0f0); u32 now = __sync_add_and_fetch(&x, hide(0x3c)); return now * 1000ll + x; }
TEST(atomic_fetch_add_u32, 61741740) { u32 x = hide(0xf0f0); u32 old = __atomic_fetch_add(&x, hide(0x3c), __ATOMIC_ACQ_REL); return old * 1000ll + x; }
TEST(atomic_add_fetch_u32, 61801740) { u32 x = hide(0xf0f0); u32 now = __atomic_add_fetch(&x, hide(0x3c), __ATOMIC_SEQ_CST); return now * 1000ll + x; }
TEST(sync_add_unused_u32, 61745) { u32 x = hide(0xf0f0); __sync_fetch_and_add(&x, hide(0x3c)); (void)__atomic_fetch_add(&x, 5, __ATOMIC_RELAXED); return x; }
TEST(sync_fetch_sub_u32, 61741620) { u32 x = hide(0xf0f0); u32 old = __sync_fetch_and_sub(&x, hide(0x3c)); return old * 1000ll + x; }
TEST(sync_sub_fetch_u32, 61681620) { u32 x = hide(0xf0f0); u32 now = __sync_sub_and_fetch(&x, hide(0x3c)); return now * 1000ll + x; }
TEST(atomic_fetch_sub_u32, 61741620) { u32 x = hide(0xf0f0); u32 old = __atomic_fetch_sub(&x, hide(0x3c), __ATOMIC_ACQ_REL); return old * 1000ll + x; }
TEST(atomic_sub_fetch_u32, 61681620) { u32 x = hide(0xf0f0); u32 now = __atomic_sub_fetch(&x, hide(0x3c), __ATOMIC_SEQ_CST); return now * 1000ll + x; }
TEST(sync_sub_unused_u32, 61615) { u32 x = hide(0xf0f0); __sync_fetch_and_sub(&x, hide(0x3c)); (void)__atomic_fetch_sub(&x, 5, __ATOMIC_RELAXED); return x; }
TEST(sync_fetch_and_u32, 61680048) { u32 x = hide(0xf0f0); u32 old = __sync_fetch_and_and(&x, hide(0x3c)); return old * 1000ll + x; }
TEST(sync_and_fetch_u32, 48048) { u32 x = hide(0xf0f0); u32 now = __sync_and_and_fetch(&x, hide(0x3c)); return now * 1000ll + x; }
TEST(atomic_fetch_and_u32, 61680048) { u32 x = hide(0xf0f0); u32 old = __atomic_fetch_and(&x, hide(0x3c), __ATOMIC_ACQ_REL); return old * 1000ll + x; }
TEST(atomic_and_fetch_u32, 48048) { u32 x = hide(0xf0f0); u32 now = __atomic_and_fetch(&x, hide(0x3c), __ATOMIC_SEQ_CST); return now * 1000ll + x; }
TEST(sync_and_unused_u32, 0) { u32 x = hide(0xf0f0); __sync_fetch_and_and(&x, hide(0x3c)); (void)__atomic_fetch_and(&x, 5, __ATOMIC_RELAXED); return x; }
TEST(sync_fetch_or_u32, 61741692) { u32 x = hide(0xf0f0); u32 old = __sync_fetch_and_or(&x, hide(0x3c)); return old * 1000ll + x; }
TEST(sync_or_fetch_u32, 61753692) { u32 x = hide(0xf0f0); u32 now = __sync_or_and_fetch(&x, hide(0x3c)); return now * 1000ll + x; }
TEST(atomic_fetch_or_u32, 61741692) { u32 x = hide(0xf0f0); u32 old = __atomic_fetch_or(&x, hide(0x3c), __ATOMIC_ACQ_REL); return old * 1000ll + x; }
TEST(atomic_or_fetch_u32, 61753692) { u32 x = hide(0xf0f0); u32 now = __atomic_or_fetch(&x, hide(0x3c), __ATOMIC_SEQ_CST); return now * 1000ll + x; }
TEST(sync_or_unused_u32, 61693) { u32 x = hide(0xf0f0); __sync_fetch_and_or(&x, hide(0x3c)); (void)__atomic_fetch_or(&x, 5, __ATOMIC_RELAXED); return x; }
TEST(sync_fetch_xor_u32, 61741644) { u32 x = hide(0xf0f0); u32 old = __sync_fetch_and_xor(&x, hide(0x3c)); return old * 1000ll + x; }
TEST(sync_xor_fetch_u32, 61705644) { u32 x = hide(0xf0f0); u32 now = __sync_xor_and_fetch(&x, hide(0x3c)); return now * 1000ll + x; }
TEST(atomic_fetch_xor_u32, 61741644) { u32 x = hide(0xf0f0); u32 old = __atomic_fetch_xor(&x, hide(0x3c), __ATOMIC_ACQ_REL); return old * 1000ll + x; }
TEST(atomic_xor_fetch_u32, 61705644) { u32 x = hide(0xf0f0); u32 now = __atomic_xor_fetch(&x, hide(0x3c), __ATOMIC_SEQ_CST); return now * 1000ll + x; }
TEST(sync_xor_unused_u32, 61641) { u32 x = hide(0xf0f0); __sync_fetch_and_xor(&x, hide(0x3c)); (void)__atomic_fetch_xor(&x, 5, __ATOMIC_RELAXED); return x; }
TEST(sync_swap_u32, 616807) { u32 x = hide(0xf0f0); u32 old = __sync_lock_test_and_set(&x, hide(7)); return old * 10ll + x; }
TEST(atomic_exchange_u32, 616807) { u32 x = hide(0xf0f0); u32 old = __atomic_exchange_n(&x, hide(7), __ATOMIC_SEQ_CST); return old * 10ll + x; }
TEST(atomic_exchange_by_pointer_u32, 70680) { u32 x = hide(0xf0f0), y = hide(9), z; __atomic_exchange(&x, &y, &z, __ATOMIC_SEQ_CST); return x * 1000ll + z; }
TEST(sync_compare_swap_u32, 6168044) { u32 x = hide(0xf0f0); u32 a = __sync_val_compare_and_swap(&x, x, hide(4)), b = __sync_val_compare_and_swap(&x, 5, 6); return a * 100ll + b * 10 + x; }
TEST(atomic_compare_exchange_u32, 6168016) { u32 x = hide(0xf0f0), want = 1; int a = __atomic_compare_exchange_n(&x, &want, 5, 0, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED); int b = __atomic_compare_exchange_n(&x, &want, 6, 1, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED); return want * 100ll + a * 20 + b * 10 + x; }
TEST(atomic_compare_exchange_by_pointer_u32, 13) { u32 x = hide(0xf0f0), want = x, next = hide(3); int a = __atomic_compare_exchange(&x, &want, &next, 0, 5, 5); return a * 10 + x; }
TEST(atomic_counter_in_array_u32, 181215) { u32 a[3] = {}; for (int i = 0; i < hide(10); i++) __sync_fetch_and_add(&a[i % 3], i); return a[0] * 10000ll + a[1] * 100 + a[2]; }
TEST(sync_fetch_add_u64, 61741740) { u64 x = hide(0xf0f0); u64 old = __sync_fetch_and_add(&x, hide(0x3c)); return old * 1000ll + x; }
TEST(sync_add_fetch_u64, 61801740) { u64 x = hide(0xf0f0); u64 now = __sync_add_and_fetch(&x, hide(0x3c)); return now * 1000ll + x; }
TEST(atomic_fetch_add_u64, 61741740) { u64 x = hide(0xf0f0); u64 old = __atomic_fetch_add(&x, hide(0x3c), __ATOMIC_ACQ_REL); return old * 1000ll + x; }
TEST(atomic_add_fetch_u64, 61801740) { u64 x = hide(0xf0f0); u64 now = __atomic_add_fetch(&x, hide(0x3c), __ATOMIC_SEQ_CST); return now * 1000ll + x; }
TEST(sync_add_unused_u64, 61745) { u64 x = hide(0xf0f0); __sync_fetch_and_add(&x, hide(0x3c)); (void)__atomic_fetch_add(&x, 5, __ATOMIC_RELAXED); return x; }
TEST(sync_fetch_sub_u64, 61741620) { u64 x = hide(0xf0f0); u64 old = __sync_fetch_and_sub(&x, hide(0x3c)); return old * 1000ll + x; }
TEST(sync_sub_fetch_u64, 61681620) { u64 x = hide(0xf0f0); u64 now = __sync_sub_and_fetch(&x, hide(0x3c)); return now * 1000ll + x; }
TEST(atomic_fetch_sub_u64, 61741620) { u64 x = hide(0xf0f0); u64 old = __atomic_fetch_sub(&x, hide(0x3c), __ATOMIC_ACQ_REL); return old * 1000ll + x; }
TEST(atomic_sub_fetch_u64, 61681620) { u64 x = hide(0xf0f0); u64 now = __atomic_sub_fetch(&x, hide(0x3c), __ATOMIC_SEQ_CST); return now * 1000ll + x; }
TEST(sync_sub_unused_u64, 61615) { u64 x = hide(0xf0f0); __sync_fetch_and_sub(&x, hide(0x3c)); (void)__atomic_fetch_sub(&x, 5, __ATOMIC_RELAXED); return x; }
TEST(sync_fetch_and_u64, 61680048) { u64 x = hide(0xf0f0); u64 old = __sync_fetch_and_and(&x, hide(0x3c)); return old * 1000ll + x; }
TEST(sync_and_fetch_u64, 48048) { u64 x = hide(0xf0f0); u64 now = __sync_and_and_fetch(&x, hide(0x3c)); return now * 1000ll + x; }
TEST(atomic_fetch_and_u64, 61680048) { u64 x = hide(0xf0f0); u64 old = __atomic_fetch_and(&x, hide(0x3c), __ATOMIC_ACQ_REL); return old * 1000ll + x; }
TEST(atomic_and_fetch_u64, 48048) { u64 x = hide(0xf0f0); u64 now = __atomic_and_fetch(&x, hide(0x3c), __ATOMIC_SEQ_CST); return now * 1000ll + x; }
TEST(sync_and_unused_u64, 0) { u64 x = hide(0xf0f0); __sync_fetch_and_and(&x, hide(0x3c)); (void)__atomic_fetch_and(&x, 5, __ATOMIC_RELAXED); return x; }
TEST(sync_fetch_or_u64, 61741692) { u64 x = hide(0xf0f0); u64 old = __sync_fetch_and_or(&x, hide(0x3c)); return old * 1000ll + x; }
TEST(sync_or_fetch_u64, 61753692) { u64 x = hide(0xf0f0); u64 now = __sync_or_and_fetch(&x, hide(0x3c)); return now * 1000ll + x; }
TEST(atomic_fetch_or_u64, 61741692) { u64 x = hide(0xf0f0); u64 old = __atomic_fetch_or(&x, hide(0x3c), __ATOMIC_ACQ_REL); return old * 1000ll + x; }
TEST(atomic_or_fetch_u64, 61753692) { u64 x = hide(0xf0f0); u64 now = __atomic_or_fetch(&x, hide(0x3c), __ATOMIC_SEQ_CST); return now * 1000ll + x; }
TEST(sync_or_unused_u64, 61693) { u64 x = hide(0xf0f0); __sync_fetch_and_or(&x, hide(0x3c)); (void)__atomic_fetch_or(&x, 5, __ATOMIC_RELAXED); return x; }
TEST(sync_fetch_xor_u64, 61741644) { u64 x = hide(0xf0f0); u64 old = __sync_fetch_and_xor(&x, hide(0x3c)); return old * 1000ll + x; }
TEST(sync_xor_fetch_u64, 61705644) { u64 x = hide(0xf0f0); u64 now = __sync_xor_and_fetch(&x, hide(0x3c)); return now * 1000ll + x; }
TEST(atomic_fetch_xor_u64, 61741644) { u64 x = hide(0xf0f0); u64 old = __atomic_fetch_xor(&x, hide(0x3c), __ATOMIC_ACQ_REL); return old * 1000ll + x; }
TEST(atomic_xor_fetch_u64, 61705644) { u64 x = hide(0xf0f0); u64 now = __atomic_xor_fetch(&x, hide(0x3c), __ATOMIC_SEQ_CST); return now * 1000ll + x; }
TEST(sync_xor_unused_u64, 61641) { u64 x = hide(0xf0f0); __sync_fetch_and_xor(&x, hide(0x3c)); (void)__atomic_fetch_xor(&x, 5, __ATOMIC_RELAXED); return x; }
TEST(sync_swap_u64, 616807) { u64 x = hide(0xf0f0); u64 old = __sync_lock_test_and_set(&x, hide(7)); return old * 10ll + x; }
TEST(atomic_exchange_u64, 616807) { u64 x = hide(0xf0f0); u64 old = __atomic_exchange_n(&x, hide(7), __ATOMIC_SEQ_CST); return old * 10ll + x; }
TEST(atomic_exchange_by_pointer_u64, 70680) { u64 x = hide(0xf0f0), y = hide(9), z; __atomic_exchange(&x, &y, &z, __ATOMIC_SEQ_CST); return x * 1000ll + z; }
TEST(sync_compare_swap_u64, 6168044) { u64 x = hide(0xf0f0); u64 a = __sync_val_compare_and_swap(&x, x, hide(4)), b = __sync_val_compare_and_swap(&x, 5, 6); return a * 100ll + b * 10 + x; }
TEST(atomic_compare_exchange_u64, 6168016) { u64 x = hide(0xf0f0), want = 1; int a = __atomic_compare_exchange_n(&x, &want, 5, 0, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED); int b = __atomic_compare_exchange_n(&x, &want, 6, 1, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED); return want * 100ll + a * 20 + b * 10 + x; }
TEST(atomic_compare_exchange_by_pointer_u64, 13) { u64 x = hide(0xf0f0), want = x, next = hide(3); int a = __atomic_compare_exchange(&x, &want, &next, 0, 5, 5); return a * 10 + x; }
TEST(atomic_counter_in_array_u64, 181215) { u64 a[3] = {}; for (int i = 0; i < hide(10); i++) __sync_fetch_and_add(&a[i % 3], i); return a[0] * 10000ll + a[1] * 100 + a[2]; }
TEST(sync_fetch_add_s32, -100040) { s32 x = hide(-100); s32 old = __sync_fetch_and_add(&x, hide(0x3c)); return old * 1000ll + x; }
TEST(sync_add_fetch_s32, -40040) { s32 x = hide(-100); s32 now = __sync_add_and_fetch(&x, hide(0x3c)); return now * 1000ll + x; }
TEST(atomic_fetch_add_s32, -100040) { s32 x = hide(-100); s32 old = __atomic_fetch_add(&x, hide(0x3c), __ATOMIC_ACQ_REL); return old * 1000ll + x; }
TEST(atomic_add_fetch_s32, -40040) { s32 x = hide(-100); s32 now = __atomic_add_fetch(&x, hide(0x3c), __ATOMIC_SEQ_CST); return now * 1000ll + x; }
TEST(sync_add_unused_s32, -35) { s32 x = hide(-100); __sync_fetch_and_add(&x, hide(0x3c)); (void)__atomic_fetch_add(&x, 5, __ATOMIC_RELAXED); return x; }
TEST(sync_fetch_sub_s32, -100160) { s32 x = hide(-100); s32 old = __sync_fetch_and_sub(&x, hide(0x3c)); return old * 1000ll + x; }
TEST(sync_sub_fetch_s32, -160160) { s32 x = hide(-100); s32 now = __sync_sub_and_fetch(&x, hide(0x3c)); return now * 1000ll + x; }
TEST(atomic_fetch_sub_s32, -100160) { s32 x = hide(-100); s32 old = __atomic_fetch_sub(&x, hide(0x3c), __ATOMIC_ACQ_REL); return old * 1000ll + x; }
TEST(atomic_sub_fetch_s32, -160160) { s32 x = hide(-100); s32 now = __atomic_sub_fetch(&x, hide(0x3c), __ATOMIC_SEQ_CST); return now * 1000ll + x; }
TEST(sync_sub_unused_s32, -165) { s32 x = hide(-100); __sync_fetch_and_sub(&x, hide(0x3c)); (void)__atomic_fetch_sub(&x, 5, __ATOMIC_RELAXED); return x; }
TEST(sync_fetch_and_s32, -99972) { s32 x = hide(-100); s32 old = __sync_fetch_and_and(&x, hide(0x3c)); return old * 1000ll + x; }
TEST(sync_and_fetch_s32, 28028) { s32 x = hide(-100); s32 now = __sync_and_and_fetch(&x, hide(0x3c)); return now * 1000ll + x; }
TEST(atomic_fetch_and_s32, -99972) { s32 x = hide(-100); s32 old = __atomic_fetch_and(&x, hide(0x3c), __ATOMIC_ACQ_REL); return old * 1000ll + x; }
TEST(atomic_and_fetch_s32, 28028) { s32 x = hide(-100); s32 now = __atomic_and_fetch(&x, hide(0x3c), __ATOMIC_SEQ_CST); return now * 1000ll + x; }
TEST(sync_and_unused_s32, 4) { s32 x = hide(-100); __sync_fetch_and_and(&x, hide(0x3c)); (void)__atomic_fetch_and(&x, 5, __ATOMIC_RELAXED); return x; }
TEST(sync_fetch_or_s32, -100068) { s32 x = hide(-100); s32 old = __sync_fetch_and_or(&x, hide(0x3c)); return old * 1000ll + x; }
TEST(sync_or_fetch_s32, -68068) { s32 x = hide(-100); s32 now = __sync_or_and_fetch(&x, hide(0x3c)); return now * 1000ll + x; }
TEST(atomic_fetch_or_s32, -100068) { s32 x = hide(-100); s32 old = __atomic_fetch_or(&x, hide(0x3c), __ATOMIC_ACQ_REL); return old * 1000ll + x; }
TEST(atomic_or_fetch_s32, -68068) { s32 x = hide(-100); s32 now = __atomic_or_fetch(&x, hide(0x3c), __ATOMIC_SEQ_CST); return now * 1000ll + x; }
TEST(sync_or_unused_s32, -67) { s32 x = hide(-100); __sync_fetch_and_or(&x, hide(0x3c)); (void)__atomic_fetch_or(&x, 5, __ATOMIC_RELAXED); return x; }
TEST(sync_fetch_xor_s32, -100096) { s32 x = hide(-100); s32 old = __sync_fetch_and_xor(&x, hide(0x3c)); return old * 1000ll + x; }
TEST(sync_xor_fetch_s32, -96096) { s32 x = hide(-100); s32 now = __sync_xor_and_fetch(&x, hide(0x3c)); return now * 1000ll + x; }
TEST(atomic_fetch_xor_s32, -100096) { s32 x = hide(-100); s32 old = __atomic_fetch_xor(&x, hide(0x3c), __ATOMIC_ACQ_REL); return old * 1000ll + x; }
TEST(atomic_xor_fetch_s32, -96096) { s32 x = hide(-100); s32 now = __atomic_xor_fetch(&x, hide(0x3c), __ATOMIC_SEQ_CST); return now * 1000ll + x; }
TEST(sync_xor_unused_s32, -91) { s32 x = hide(-100); __sync_fetch_and_xor(&x, hide(0x3c)); (void)__atomic_fetch_xor(&x, 5, __ATOMIC_RELAXED); return x; }
TEST(sync_swap_s32, -993) { s32 x = hide(-100); s32 old = __sync_lock_test_and_set(&x, hide(7)); return old * 10ll + x; }
TEST(atomic_exchange_s32, -993) { s32 x = hide(-100); s32 old = __atomic_exchange_n(&x, hide(7), __ATOMIC_SEQ_CST); return old * 10ll + x; }
TEST(atomic_exchange_by_pointer_s32, 8900) { s32 x = hide(-100), y = hide(9), z; __atomic_exchange(&x, &y, &z, __ATOMIC_SEQ_CST); return x * 1000ll + z; }
TEST(sync_compare_swap_s32, -9956) { s32 x = hide(-100); s32 a = __sync_val_compare_and_swap(&x, x, hide(4)), b = __sync_val_compare_and_swap(&x, 5, 6); return a * 100ll + b * 10 + x; }
TEST(atomic_compare_exchange_s32, -9984) { s32 x = hide(-100), want = 1; int a = __atomic_compare_exchange_n(&x, &want, 5, 0, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED); int b = __atomic_compare_exchange_n(&x, &want, 6, 1, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED); return want * 100ll + a * 20 + b * 10 + x; }
TEST(atomic_compare_exchange_by_pointer_s32, 13) { s32 x = hide(-100), want = x, next = hide(3); int a = __atomic_compare_exchange(&x, &want, &next, 0, 5, 5); return a * 10 + x; }
TEST(atomic_counter_in_array_s32, 181215) { s32 a[3] = {}; for (int i = 0; i < hide(10); i++) __sync_fetch_and_add(&a[i % 3], i); return a[0] * 10000ll + a[1] * 100 + a[2]; }
TEST(sync_fetch_add_s64, -100040) { s64 x = hide(-100); s64 old = __sync_fetch_and_add(&x, hide(0x3c)); return old * 1000ll + x; }
TEST(sync_add_fetch_s64, -40040) { s64 x = hide(-100); s64 now = __sync_add_and_fetch(&x, hide(0x3c)); return now * 1000ll + x; }
TEST(atomic_fetch_add_s64, -100040) { s64 x = hide(-100); s64 old = __atomic_fetch_add(&x, hide(0x3c), __ATOMIC_ACQ_REL); return old * 1000ll + x; }
TEST(atomic_add_fetch_s64, -40040) { s64 x = hide(-100); s64 now = __atomic_add_fetch(&x, hide(0x3c), __ATOMIC_SEQ_CST); return now * 1000ll + x; }
TEST(sync_add_unused_s64, -35) { s64 x = hide(-100); __sync_fetch_and_add(&x, hide(0x3c)); (void)__atomic_fetch_add(&x, 5, __ATOMIC_RELAXED); return x; }
TEST(sync_fetch_sub_s64, -100160) { s64 x = hide(-100); s64 old = __sync_fetch_and_sub(&x, hide(0x3c)); return old * 1000ll + x; }
TEST(sync_sub_fetch_s64, -160160) { s64 x = hide(-100); s64 now = __sync_sub_and_fetch(&x, hide(0x3c)); return now * 1000ll + x; }
TEST(atomic_fetch_sub_s64, -100160) { s64 x = hide(-100); s64 old = __atomic_fetch_sub(&x, hide(0x3c), __ATOMIC_ACQ_REL); return old * 1000ll + x; }
TEST(atomic_sub_fetch_s64, -160160) { s64 x = hide(-100); s64 now = __atomic_sub_fetch(&x, hide(0x3c), __ATOMIC_SEQ_CST); return now * 1000ll + x; }
TEST(sync_sub_unused_s64, -165) { s64 x = hide(-100); __sync_fetch_and_sub(&x, hide(0x3c)); (void)__atomic_fetch_sub(&x, 5, __ATOMIC_RELAXED); return x; }
TEST(sync_fetch_and_s64, -99972) { s64 x = hide(-100); s64 old = __sync_fetch_and_and(&x, hide(0x3c)); return old * 1000ll + x; }
TEST(sync_and_fetch_s64, 28028) { s64 x = hide(-100); s64 now = __sync_and_and_fetch(&x, hide(0x3c)); return now * 1000ll + x; }
TEST(atomic_fetch_and_s64, -99972) { s64 x = hide(-100); s64 old = __atomic_fetch_and(&x, hide(0x3c), __ATOMIC_ACQ_REL); return old * 1000ll + x; }
TEST(atomic_and_fetch_s64, 28028) { s64 x = hide(-100); s64 now = __atomic_and_fetch(&x, hide(0x3c), __ATOMIC_SEQ_CST); return now * 1000ll + x; }
TEST(sync_and_unused_s64, 4) { s64 x = hide(-100); __sync_fetch_and_and(&x, hide(0x3c)); (void)__atomic_fetch_and(&x, 5, __ATOMIC_RELAXED); return x; }
TEST(sync_fetch_or_s64, -100068) { s64 x = hide(-100); s64 old = __sync_fetch_and_or(&x, hide(0x3c)); return old * 1000ll + x; }
TEST(sync_or_fetch_s64, -68068) { s64 x = hide(-100); s64 now = __sync_or_and_fetch(&x, hide(0x3c)); return now * 1000ll + x; }
TEST(atomic_fetch_or_s64, -100068) { s64 x = hide(-100); s64 old = __atomic_fetch_or(&x, hide(0x3c), __ATOMIC_ACQ_REL); return old * 1000ll + x; }
TEST(atomic_or_fetch_s64, -68068) { s64 x = hide(-100); s64 now = __atomic_or_fetch(&x, hide(0x3c), __ATOMIC_SEQ_CST); return now * 1000ll + x; }
TEST(sync_or_unused_s64, -67) { s64 x = hide(-100); __sync_fetch_and_or(&x, hide(0x3c)); (void)__atomic_fetch_or(&x, 5, __ATOMIC_RELAXED); return x; }
TEST(sync_fetch_xor_s64, -100096) { s64 x = hide(-100); s64 old = __sync_fetch_and_xor(&x, hide(0x3c)); return old * 1000ll + x; }
TEST(sync_xor_fetch_s64, -96096) { s64 x = hide(-100); s64 now = __sync_xor_and_fetch(&x, hide(0x3c)); return now * 1000ll + x; }
TEST(atomic_fetch_xor_s64, -100096) { s64 x = hide(-100); s64 old = __atomic_fetch_xor(&x, hide(0x3c), __ATOMIC_ACQ_REL); return old * 1000ll + x; }
TEST(atomic_xor_fetch_s64, -96096) { s64 x = hide(-100); s64 now = __atomic_xor_fetch(&x, hide(0x3c), __ATOMIC_SEQ_CST); return now * 1000ll + x; }
TEST(sync_xor_unused_s64, -91) { s64 x = hide(-100); __sync_fetch_and_xor(&x, hide(0x3c)); (void)__atomic_fetch_xor(&x, 5, __ATOMIC_RELAXED); return x; }
TEST(sync_swap_s64, -993) { s64 x = hide(-100); s64 old = __sync_lock_test_and_set(&x, hide(7)); return old * 10ll + x; }
TEST(atomic_exchange_s64, -993) { s64 x = hide(-100); s64 old = __atomic_exchange_n(&x, hide(7), __ATOMIC_SEQ_CST); return old * 10ll + x; }
TEST(atomic_exchange_by_pointer_s64, 8900) { s64 x = hide(-100), y = hide(9), z; __atomic_exchange(&x, &y, &z, __ATOMIC_SEQ_CST); return x * 1000ll + z; }
TEST(sync_compare_swap_s64, -9956) { s64 x = hide(-100); s64 a = __sync_val_compare_and_swap(&x, x, hide(4)), b = __sync_val_compare_and_swap(&x, 5, 6); return a * 100ll + b * 10 + x; }
TEST(atomic_compare_exchange_s64, -9984) { s64 x = hide(-100), want = 1; int a = __atomic_compare_exchange_n(&x, &want, 5, 0, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED); int b = __atomic_compare_exchange_n(&x, &want, 6, 1, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED); return want * 100ll + a * 20 + b * 10 + x; }
TEST(atomic_compare_exchange_by_pointer_s64, 13) { s64 x = hide(-100), want = x, next = hide(3); int a = __atomic_compare_exchange(&x, &want, &next, 0, 5, 5); return a * 10 + x; }
TEST(atomic_counter_in_array_s64, 181215) { s64 a[3] = {}; for (int i = 0; i < hide(10); i++) __sync_fetch_and_add(&a[i % 3], i); return a[0] * 10000ll + a[1] * 100 + a[2]; }
TEST(atomic_of_pointer, 12) { int a[2] = { 1, 2 }; int *p = a; int *old = __sync_val_compare_and_swap(&p, a, a + 1); return *old * 10 + *p; }
TEST(atomic_load_sizes, 4321) { u8 a = hide(1); u16 b = hide(2); u32 c = hide(3); u64 d = hide(4); return __atomic_load_n(&a, 0) + __atomic_load_n(&b, 0) * 10 + __atomic_load_n(&c, 0) * 100 + __atomic_load_n(&d, 0) * 1000; }
TEST(atomic_store_sizes, 432255) { u8 a; u16 b; u32 c; u64 d; __atomic_store_n(&a, hide(0x1ff), 0); __atomic_store_n(&b, hide(2), 0); __atomic_store_n(&c, hide(3), 0); __atomic_store_n(&d, hide(4), 0); return a + b * 1000 + c * 10000 + d * 100000; }
TEST(atomic_load_by_pointer, 7) { u32 a = hide(7), r; __atomic_load(&a, &r, __ATOMIC_RELAXED); return r; }
TEST(atomic_result_of_32_is_zero_extended, 4294967295) { u32 x = hide(-1); u64 r = __sync_fetch_and_add(&x, 1); return r; }
TEST(atomic_result_of_32_is_sign_extended, -5) { int x = hide(-5); s64 r = __sync_fetch_and_add(&x, 1); return r; }
TEST(atomic_fence, 4) { int x = hide(4); __sync_synchronize(); __atomic_thread_fence(__ATOMIC_SEQ_CST); return x; }
TEST(sync_lock_release_clears, 0) { u32 x = hide(1); __sync_lock_release(&x); return x; }
