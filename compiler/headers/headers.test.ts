import { existsSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { filesText } from "../../test/scripts/gen-headers.ts";
import { compile } from "../driver/compile.ts";
import { type CompileOptions, defaultOptions } from "../driver/options.ts";
import { builtinHeader, builtinHeaderNames } from "./index.ts";

const bare: CompileOptions = defaultOptions({ read: () => null });
function messages(text: string, options: CompileOptions = bare): string[] {
	return compile("t.c", text, options).diagnostics.map((d) => d.message);
}

describe("headers of our own, on a machine with nothing installed", () => {
	it.each(builtinHeaderNames().filter((name) => name !== "bpf/usdt.bpf.h"))("<%s> compiles alone", (name) => {
		expect(messages(`#include <${name}>\n`, { ...bare, macros: [{ kind: "define", text: "__TARGET_ARCH_x86" }] })).toEqual([]);
	});

	/** Declarations that nobody uses are not looked into: only sizes show that every member has a type. */
	it.each(builtinHeaderNames().filter((name) => name.startsWith("linux/")))("<%s> has complete structures", (name) => {
		const text = new TextDecoder().decode(builtinHeader(name));
		const sizes = [...text.matchAll(/^(?:struct|union) \w+(?= \{)/gm)].map(([tag], i) => `char size${i}[sizeof(${tag})];\n`);
		expect(messages(`#include <linux/if.h>\n#include <${name}>\n${sizes.join("")}`)).toEqual([]);
	});

	it("all compile together", () => {
		// BTF names and the C library's own sockets are alternatives to the kernel's headers.
		const all = ["linux/bpf.h", ...builtinHeaderNames()].map((name) => `#include <${name}>\n`).join("");
		expect(messages(all, { ...bare, macros: [{ kind: "define", text: "__TARGET_ARCH_x86" }] })).toEqual([]);
	});

	it("lay out what the kernel lays out", () => {
		const sizes: Readonly<Record<string, number>> = {
			"struct bpf_xrp": 280, "struct xdp_md": 24, "struct __sk_buff": 192, "struct bpf_sock_ops": 224, "struct bpf_fib_lookup": 64, "struct bpf_sock_addr": 72, "struct bpf_tunnel_key": 44, "struct bpf_insn": 8,
			"struct ethhdr": 14, "struct iphdr": 20, "struct ipv6hdr": 40, "struct tcphdr": 20, "struct udphdr": 8, "struct icmphdr": 8, "struct icmp6hdr": 8, "struct pt_regs": 168, "struct bpf_perf_event_data": 184,
		};
		const includes = ["bpf", "if_ether", "ip", "ipv6", "tcp", "udp", "icmp", "icmpv6", "bpf_perf_event"].map((h) => `#include <linux/${h}.h>\n`).join("");
		expect(messages(includes + Object.entries(sizes).map(([type, size]) => `_Static_assert(sizeof(${type}) == ${size}, "${type}");\n`).join(""))).toEqual([]);
		expect(messages(`${includes}_Static_assert(__builtin_offsetof(struct bpf_xrp, scratch) == 272, "scratch");\n_Static_assert(BPF_MAP_TYPE_RINGBUF == 27 && BPF_PROG_TYPE_XDP == 6 && BPF_FUNC_map_lookup_elem == 1 && BPF_XDP == 37, "numbers");\n`)).toEqual([]);
	});

	it("serve a tracing program", () => {
		const program = `#include <linux/ptrace.h>
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpf/bpf_core_read.h>
struct task_struct { int tgid; struct task_struct *real_parent; } __attribute__((preserve_access_index));
SEC("kprobe/f") int BPF_KPROBE(f, int a, void *b) { struct task_struct *t = (void *)bpf_get_current_task(); bpf_printk("%d %d", a, BPF_CORE_READ(t, real_parent, tgid)); return 0; }
SEC("fentry/g") int BPF_PROG(g, long a, int b) { return a + b; }
char _license[] SEC("license") = "GPL";
`;
		const result = compile("t.c", program, { ...bare, macros: [{ kind: "define", text: "__TARGET_ARCH_x86" }] });
		expect(result.diagnostics.map((d) => d.message)).toEqual([]);
		expect(result.output).toBeInstanceOf(Uint8Array);
	});

	it.each([
		["icmp", "ICMP_HOST_ISOLATED", 8],
		["icmpv6", "ICMPV6_MLD2_REPORT", 143],
		["if_arp", "ARPHRD_IEEE80211", 801],
		["if_ether", "ETH_P_PROFINET", 0x8892],
		["if_packet", "PACKET_FANOUT", 18],
		["in", "IP_TRANSPARENT", 19],
		["in6", "IPV6_V6ONLY", 26],
		["ip", "IPTOS_PREC_MASK", 0xe0],
		["mpls", "MPLS_LABEL_GAL", 13],
		["sched", "CLONE_PIDFD", 0x1000],
		["tcp", "TCP_REPAIR", 19],
		["udp", "UDP_ENCAP_L2TPINUDP", 3],
	])("linux/%s.h has the numbers user space needs too: %s", (header, name, value) => {
		expect(messages(`#include <linux/${header}.h>\n_Static_assert(${name} == ${value}, "");\n`, bare)).toEqual([]);
	});

	it.each([
		["netfilter", "union nf_inet_addr", 16],
		["if_link", "struct rtnl_link_stats64", 200],
		["perf_event", "struct perf_event_attr", 136],
		["btf", "struct btf_type", 12],
		["tcp", "struct tcp_info", 248],
		["icmp", "struct icmp_ext_echo_iio", 24],
		["if_packet", "struct tpacket3_hdr", 48],
		["pkt_cls", "struct tc_u32_sel", 16],
		["pkt_sched", "struct tc_netem_qopt", 24],
		["ipv6", "struct rt2_hdr", 24],
		["ptrace", "struct ptrace_syscall_info", 88],
	])("linux/%s.h lays out %s as the kernel does", (header, type, size) => {
		expect(messages(`#include <linux/${header}.h>\n_Static_assert(sizeof(${type}) == ${size}, "");\n`)).toEqual([]);
	});

	it("give way to the user's", () => {
		const options: CompileOptions = { ...bare, provider: { read: (path) => (path === "mine/linux/types.h" ? "typedef int mine;\n" : null) }, dirs: [{ path: "mine", system: false, quoteOnly: false }, "built-in"] };
		expect(messages("#include <linux/types.h>\nmine x;\n", options)).toEqual([]);
	});

	/** The C library's way: names of its own, unless the kernel's are there. */
	const LIBRARY = `#ifndef _NETINET_IN_H
#define _NETINET_IN_H
enum { IPPROTO_IP = 0, IPPROTO_TCP = 6 };
struct in_addr { unsigned s_addr; };
#ifndef _UAPI_LINUX_IN6_H
struct in6_addr { union { unsigned char bytes[16]; unsigned words[4]; } __in6_u; };
#define s6_addr32 __in6_u.words
#endif
#endif
`;
	it.each([
		["netinet/in.h", "linux/ipv6.h", "a->s6_addr32[1]"],
		["linux/ipv6.h", "netinet/in.h", "a->s6_addr32[1]"],
		["netinet/in.h", "linux/in.h", "IPPROTO_TCP + IP_TOS"],
	])("stand beside the C library's: <%s>, then <%s>", (first, second, used) => {
		const library: Readonly<Record<string, string>> = { "library/netinet/in.h": LIBRARY, "library/bits/libc-header-start.h": "" };
		const options: CompileOptions = { ...bare, provider: { read: (path) => library[path] ?? null }, dirs: ["built-in", { path: "library", system: true, quoteOnly: false }] };
		expect(messages(`#include <${first}>\n#include <${second}>\nunsigned f(struct in6_addr *a, struct in_addr *b) { return ${used} + b->s_addr; }\n`, options)).toEqual([]);
	});

	it("are as include/ has them (npx tsx test/scripts/gen-headers.ts)", () => {
		expect(readFileSync(new URL("files.ts", import.meta.url), "utf8")).toBe(filesText());
	});
});

const KERNEL_BTF = "/sys/kernel/btf/vmlinux";
describe("vmlinux.h without a file", () => {
	const program = `#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
char _license[] SEC("license") = "GPL";
SEC("tp_btf/sched_switch") int f(u64 *ctx) { struct task_struct *t = (void *)ctx[1]; bool b = BPF_MAP_TYPE_HASH == 1; return b ? BPF_CORE_READ(t, mm, pgd, pgd) : t->pid; }
`;
	it.skipIf(!existsSync(KERNEL_BTF))("comes from the kernel's BTF (skipped without one)", () => {
		const result = compile("t.c", program, { ...bare, vmlinux: () => readFileSync(KERNEL_BTF) });
		expect(result.diagnostics.map((d) => d.message)).toEqual([]);
		expect(result.object?.btfExt?.coreRelos.flatMap((s) => s.records).length ?? 0).toBeGreaterThan(2);
	});
	it("is a header that is not found where there is no BTF", () => {
		expect(messages(program)).toEqual(["'vmlinux.h' file not found"]);
	});
});
