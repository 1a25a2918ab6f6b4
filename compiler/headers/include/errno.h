#ifndef __ERRNO_H
#define __ERRNO_H
#include <linux/errno.h>
#endif
