#ifndef _ASM_BPF_PERF_EVENT_H
#define _ASM_BPF_PERF_EVENT_H
#include <asm/ptrace.h>
#if defined(__TARGET_ARCH_arm64) || defined(__aarch64__)
typedef struct user_pt_regs bpf_user_pt_regs_t;
#else
typedef struct pt_regs bpf_user_pt_regs_t;
#endif
#endif
