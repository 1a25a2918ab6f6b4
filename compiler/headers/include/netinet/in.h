/* The C library's names for Internet addresses, over the kernel's. */
#ifndef __EBPFCC_NETINET_IN_H
#define __EBPFCC_NETINET_IN_H
#if __has_include_next(<netinet/in.h>) && __has_include(<bits/libc-header-start.h>)
#include_next <netinet/in.h>
#else
#include <stdint.h>
#include <linux/in.h>
#include <linux/in6.h>
#include <sys/socket.h>
typedef uint16_t in_port_t;
typedef uint32_t in_addr_t;
#define INET_ADDRSTRLEN 16
#define INET6_ADDRSTRLEN 46
#define htons(x) __cpu_to_be16(x)
#define htonl(x) __cpu_to_be32(x)
#define ntohs(x) __be16_to_cpu(x)
#define ntohl(x) __be32_to_cpu(x)
#endif
#endif
