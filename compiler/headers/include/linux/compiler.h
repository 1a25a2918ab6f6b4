#ifndef _LINUX_COMPILER_H
#define _LINUX_COMPILER_H
#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)
#ifndef __always_inline
#define __always_inline inline __attribute__((always_inline))
#endif
#define barrier() asm volatile("" : : : "memory")
#endif
