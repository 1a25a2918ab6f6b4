#ifndef __STRINGS_H
#define __STRINGS_H
#include <stddef.h>
void bzero(void *to, size_t size);
int bcmp(const void *a, const void *b, size_t size);
int ffs(int value);
#endif
