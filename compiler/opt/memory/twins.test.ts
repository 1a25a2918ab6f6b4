/** A function that is inlined on two ways, as BPF_KSYSCALL does: what both copies do is done once, to the same bytes of the stack. */
import { expect, it } from "vitest";
import { compile } from "../../driver/compile.ts";
import { DEFAULT_TARGET, defaultOptions } from "../../driver/options.ts";

const source = `
typedef unsigned int __u32; typedef unsigned long long __u64;
static __u64 (*current)(void) = (void *)14;
static long (*probe)(void *, __u32, const void *) = (void *)113;
static long (*name)(void *, __u32) = (void *)16;
static long (*print)(const char *, __u32, const void *, __u32) = (void *)177;
extern _Bool wrapped __attribute__((section(".kconfig")));
struct call { __u64 first, second; };
static __attribute__((always_inline)) int report(struct call *call, int pid, int sig)
{
	char comm[16];
	__u32 caller = current() >> 32;
	if (sig == 0) return 0;
	name(comm, sizeof(comm));
	__u64 shown[4] = { caller, (__u64)comm, pid, sig };
	print("%d %s %d %d", 12, shown, sizeof(shown));
	return 0;
}
__attribute__((section("kprobe"))) int entry(struct call *call)
{
	__u64 first, second;
	if (wrapped) {
		struct call *inner = (void *)call->first;
		probe(&first, sizeof(first), &inner->first);
		probe(&second, sizeof(second), &inner->second);
		return report(call, first, second);
	}
	return report(call, call->first, call->second);
}
`;

it("asks for the name once and prints once", () => {
	const { output, diagnostics } = compile("twins.c", source, { ...defaultOptions({ read: () => null }), target: { ...DEFAULT_TARGET, optimize: 2 }, stage: "asm" });
	expect(diagnostics).toEqual([]);
	for (const helper of [16, 177]) expect(String(output).match(new RegExp(`call ${helper}$`, "gm"))).toHaveLength(1);
});
