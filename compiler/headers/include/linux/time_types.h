#ifndef _LINUX_TIME_TYPES_H
#define _LINUX_TIME_TYPES_H
#include <linux/types.h>
struct __kernel_timespec {
	__kernel_time64_t tv_sec;
	long long tv_nsec;
};
#endif
