#ifndef _LINUX_IF_VLAN_H
#define _LINUX_IF_VLAN_H
#define VLAN_VID_MASK 0x0fff
#define VLAN_PRIO_MASK 0xe000
#define VLAN_PRIO_SHIFT 13
#define VLAN_HLEN 4
#define VLAN_N_VID 4096
#endif
