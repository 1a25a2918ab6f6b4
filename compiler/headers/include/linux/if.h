#ifndef _LINUX_IF_H
#define _LINUX_IF_H
#include <linux/types.h>
#define IFNAMSIZ 16
#define IFALIASZ 256
#define IFF_UP 1
#define IFF_BROADCAST 2
#define IFF_LOOPBACK 8
#define IFF_PROMISC 0x100
#define IFF_MULTICAST 0x1000
#endif
