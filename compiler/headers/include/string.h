/* C11 7.24 and what POSIX and BSD add to it. The compiler expands the mem* functions, strlen, strcmp, strncmp, and strcpy and strncpy of literals; there is no library behind the others. */
#ifndef __STRING_H
#define __STRING_H
#include <stddef.h>
void *memcpy(void *to, const void *from, size_t size);
void *memmove(void *to, const void *from, size_t size);
void *memset(void *to, int value, size_t size);
int memcmp(const void *a, const void *b, size_t size);
void *memchr(const void *where, int value, size_t size);
size_t strlen(const char *text);
size_t strnlen(const char *text, size_t most);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t size);
int strcoll(const char *a, const char *b);
char *strcpy(char *to, const char *from);
char *strncpy(char *to, const char *from, size_t size);
char *stpcpy(char *to, const char *from);
char *stpncpy(char *to, const char *from, size_t size);
char *strcat(char *to, const char *from);
char *strncat(char *to, const char *from, size_t most);
char *strchr(const char *where, int value);
char *strrchr(const char *where, int value);
char *strstr(const char *where, const char *what);
char *strpbrk(const char *where, const char *any);
size_t strspn(const char *text, const char *any);
size_t strcspn(const char *text, const char *any);
char *strtok(char *text, const char *any);
char *strtok_r(char *text, const char *any, char **rest);
char *strsep(char **text, const char *any);
size_t strxfrm(char *to, const char *from, size_t size);
char *strerror(int number);
char *strdup(const char *text);
char *strndup(const char *text, size_t most);
#endif
