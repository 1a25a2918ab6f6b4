/*
 * TEST(name, value) { … } is one behaviour of C: a function and what it returns, as a 64-bit number.
 * `expectations.ts` checks the values against the native compiler; the test compiles, runs and compares them.
 */
#ifdef __bpf__
#define TEST(name, value) __attribute__((section("xdp"), used)) long long name(void *ctx)
#else
#define TEST(name, value) long long name(void *ctx)
#endif

typedef signed char s8;
typedef unsigned char u8;
typedef short s16;
typedef unsigned short u16;
typedef int s32;
typedef unsigned int u32;
typedef long long s64;
typedef unsigned long long u64;

#define noinline __attribute__((noinline))

/* What the optimiser cannot see through. */
static noinline s64 hide(s64 x) { return x; }
static noinline void *hide_pointer(void *p) { return p; }
