#ifndef __EBPFCC_ARPA_INET_H
#define __EBPFCC_ARPA_INET_H
#if __has_include_next(<arpa/inet.h>) && __has_include(<bits/libc-header-start.h>)
#include_next <arpa/inet.h>
#else
#include <netinet/in.h>
#endif
#endif
