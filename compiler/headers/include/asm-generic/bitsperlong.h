#ifndef __ASM_GENERIC_BITSPERLONG_H
#define __ASM_GENERIC_BITSPERLONG_H
#include <asm/bitsperlong.h>
#endif
