/*
 * What a program of Csmith's needs, in place of Csmith's own run-time header: no C library, no output, and a checksum that is returned.
 */
#ifndef CSMITH_H
#define CSMITH_H

typedef signed char int8_t;
typedef short int16_t;
typedef int int32_t;
typedef long int64_t;
typedef unsigned char uint8_t;
typedef unsigned short uint16_t;
typedef unsigned int uint32_t;
typedef unsigned long uint64_t;

#define CHAR_BIT 8
#define INT8_MAX 127
#define INT8_MIN (-INT8_MAX - 1)
#define INT16_MAX 32767
#define INT16_MIN (-INT16_MAX - 1)
#define INT32_MAX 2147483647
#define INT32_MIN (-INT32_MAX - 1)
#define INT64_MAX 9223372036854775807L
#define INT64_MIN (-INT64_MAX - 1)
#define UINT8_MAX 255
#define UINT16_MAX 65535
#define UINT32_MAX 4294967295U
#define UINT64_MAX 18446744073709551615UL

/* Arithmetic that is defined for all operands: where C leaves a result undefined, the left operand stands for it. */
#define SIGNED(type, min, max) \
	static type safe_unary_minus_func_##type##_s(type x) { return x == (min) ? x : -x; } \
	static type safe_add_func_##type##_s_s(type x, type y) { return y > 0 ? x > (max) - y ? x : x + y : x < (min) - y ? x : x + y; } \
	static type safe_sub_func_##type##_s_s(type x, type y) { return y < 0 ? x > (max) + y ? x : x - y : x < (min) + y ? x : x - y; } \
	static type safe_mul_func_##type##_s_s(type x, type y) { \
		int over = x > 0 ? y > 0 ? x > (max) / y : y < (min) / x : y > 0 ? x < (min) / y : x != 0 && y < (max) / x; \
		return over ? x : x * y; \
	} \
	static type safe_div_func_##type##_s_s(type x, type y) { return y == 0 || (x == (min) && y == -1) ? x : x / y; } \
	static type safe_mod_func_##type##_s_s(type x, type y) { return y == 0 || (x == (min) && y == -1) ? x : x % y; } \
	static type safe_lshift_func_##type##_s_s(type x, int by) { return x < 0 || by < 0 || by >= 32 || x > (max) >> by ? x : x << by; } \
	static type safe_lshift_func_##type##_s_u(type x, unsigned by) { return x < 0 || by >= 32 || x > (max) >> by ? x : x << by; } \
	static type safe_rshift_func_##type##_s_s(type x, int by) { return x < 0 || by < 0 || by >= 32 ? x : x >> by; } \
	static type safe_rshift_func_##type##_s_u(type x, unsigned by) { return x < 0 || by >= 32 ? x : x >> by; }

#define UNSIGNED(type, max) \
	static type safe_unary_minus_func_##type##_u(type x) { return -x; } \
	static type safe_add_func_##type##_u_u(type x, type y) { return x + y; } \
	static type safe_sub_func_##type##_u_u(type x, type y) { return x - y; } \
	static type safe_mul_func_##type##_u_u(type x, type y) { return 1U * x * y; } \
	static type safe_div_func_##type##_u_u(type x, type y) { return y == 0 ? x : x / y; } \
	static type safe_mod_func_##type##_u_u(type x, type y) { return y == 0 ? x : x % y; } \
	static type safe_lshift_func_##type##_u_s(type x, int by) { return by < 0 || by >= 32 || x > (max) >> by ? x : x << by; } \
	static type safe_lshift_func_##type##_u_u(type x, unsigned by) { return by >= 32 || x > (max) >> by ? x : x << by; } \
	static type safe_rshift_func_##type##_u_s(type x, int by) { return by < 0 || by >= 32 ? x : x >> by; } \
	static type safe_rshift_func_##type##_u_u(type x, unsigned by) { return by >= 32 ? x : x >> by; }

SIGNED(int8_t, INT8_MIN, INT8_MAX)
SIGNED(int16_t, INT16_MIN, INT16_MAX)
SIGNED(int32_t, INT32_MIN, INT32_MAX)
SIGNED(int64_t, INT64_MIN, INT64_MAX)
UNSIGNED(uint8_t, UINT8_MAX)
UNSIGNED(uint16_t, UINT16_MAX)
UNSIGNED(uint32_t, UINT32_MAX)
UNSIGNED(uint64_t, UINT64_MAX)

/* Every value that main() sums up, byte by byte. */
static uint64_t checksum = 14695981039346656037UL;
static uint32_t crc32_context;

static __attribute__((noinline)) void sum_byte(uint8_t byte) { checksum = (checksum ^ byte) * 1099511628211UL; }

static __attribute__((noinline)) void sum_value(uint64_t value) {
	for (int i = 0; i < 8; i++) sum_byte(value >> i * 8);
}

#define transparent_crc(value, name, log) sum_value(value)
#define transparent_crc_bytes(start, size, name, log) \
	do { \
		for (uint64_t at_ = 0; at_ < (size); at_++) sum_byte(((const volatile uint8_t *)(start))[at_]); \
	} while (0)
#define crc32_gentab() ((void)0)
#define platform_main_begin() ((void)0)
#define platform_main_end(crc, log) ((void)(crc))
#define printf(...) ((void)0)
#define main csmith_main

static int csmith_main(void);
#ifdef __bpf__
__attribute__((section("xdp"), used)) uint64_t entry(void *ctx) {
	csmith_main();
	return checksum;
}
#endif

#endif
