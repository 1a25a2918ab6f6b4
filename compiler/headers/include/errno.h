#ifndef __ERRNO_H
#define __ERRNO_H
#include <linux/errno.h>
/* C libraries have it, the kernel's header has not. */
#ifndef ENOTSUP
#define ENOTSUP EOPNOTSUPP
#endif
#endif
