/**
 * Programs with one mistake each, as people make them when they begin: what the verifier must say about each of them by code, line (the one
 * marked `here`), variable and edit. Compiled by our compiler and, where it is installed, by clang.
 */
export interface BrokenProgram {
	readonly name: string;
	readonly code: string;
	/** C variable that the words must name; undefined: none in particular. */
	readonly variable?: string;
	readonly edit: RegExp;
	/** Body after the common head. */
	readonly c: string;
	/** Rules for CAP_BPF without CAP_PERFMON. */
	readonly capbpf?: true;
	/** Uses types or functions of the running kernel. */
	readonly kernel?: true;
	/** Licence other than GPL. */
	readonly licence?: string;
	/** What the words say to do, done: text of the program and what takes its place. It must then be accepted. */
	readonly mended?: readonly (readonly [string, string])[];
}

const HEAD = `#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/pkt_cls.h>
#include <linux/ptrace.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_tracing.h>
struct row { __u32 len; __u32 next; char text[56]; };
struct locked { struct bpf_spin_lock lock; __u32 count; };
struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 64); __type(key, __u32); __type(value, __u64); } counts SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 16); __type(key, __u32); __type(value, struct row); } rows SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 2); __type(key, __u32); __type(value, struct locked); } guarded SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_RINGBUF); __uint(max_entries, 4096); } events SEC(".maps");
`;

export function sourceOf({ c, licence }: BrokenProgram): string {
	return `${HEAD}char LICENSE[] SEC("license") = "${licence ?? "GPL"}";\n${c}`;
}

/** Line of the mark, from 1. */
export function markedLine(program: BrokenProgram): number {
	return sourceOf(program).split("\n").findIndex((line) => line.includes("// here")) + 1;
}

const xdp = (body: string): string => `SEC("xdp") int prog(struct xdp_md *ctx)\n{\n${body}\n}\n`;
const row = "\t__u32 key = 0;\n\tstruct row *row = bpf_map_lookup_elem(&rows, &key);\n\tif (!row)\n\t\treturn XDP_PASS;\n";

export const BROKEN: readonly BrokenProgram[] = [
	{ name: "a lookup's result is used without a check", code: "V0101", variable: "value", edit: /after line 19: if \(!value\) return XDP_PASS;/, c: xdp("\t__u32 key = 1;\n\t__u64 *value = bpf_map_lookup_elem(&counts, &key);\n\t*value += 1; // here\n\treturn XDP_PASS;") },
	{ name: "the wrong pointer is checked", code: "V0101", variable: "b", edit: /if \(!b\) return XDP_PASS;/, c: xdp("\t__u32 one = 1, two = 2;\n\t__u64 *a = bpf_map_lookup_elem(&counts, &one);\n\t__u64 *b = bpf_map_lookup_elem(&counts, &two);\n\tif (!a)\n\t\treturn XDP_PASS;\n\treturn *b ? XDP_PASS : XDP_DROP; // here") },
	{ name: "a value that may be NULL goes to a helper", code: "V0101", variable: "value", edit: /if \(!value\) return XDP_PASS;/, c: xdp("\t__u32 key = 1, other = 2;\n\t__u64 *value = bpf_map_lookup_elem(&counts, &key);\n\tbpf_map_update_elem(&counts, &other, value, 0); // here\n\treturn XDP_PASS;") },
	{ name: "arithmetic on a pointer that may be NULL", code: "V0102", edit: /if \(!\w+\) return XDP_PASS;/, c: xdp("\t__u32 key = 1;\n\t__u64 *row = bpf_map_lookup_elem(&counts, &key);\n\tchar *text = (char *)row + (ctx->rx_queue_index & 7); // here\n\tasm volatile(\"\" : \"+r\"(text));\n\tif (!row)\n\t\treturn XDP_PASS;\n\treturn *text;") },
	{ name: "the packet is read without a check", code: "V0301", variable: "eth", edit: /if \(\(void \*\)\(eth \+ 1\) > data_end\) return XDP_PASS;/, c: xdp("\tvoid *data = (void *)(long)ctx->data;\n\tstruct ethhdr *eth = data;\n\treturn eth->h_proto == bpf_htons(ETH_P_IP) ? XDP_DROP : XDP_PASS; // here") },
	{ name: "the check covers one header and two are read", code: "V0301", variable: "ip", edit: /if \(\(void \*\)\(ip \+ 1\) > data_end\) return XDP_PASS;/, c: xdp("\tvoid *data = (void *)(long)ctx->data, *data_end = (void *)(long)ctx->data_end;\n\tstruct ethhdr *eth = data;\n\tif ((void *)(eth + 1) > data_end)\n\t\treturn XDP_PASS;\n\tstruct iphdr *ip = (void *)(eth + 1);\n\treturn ip->protocol == 6 ? XDP_DROP : XDP_PASS; // here") },
	{ name: "the check is the wrong way round", code: "V0301", variable: "eth", edit: /> data_end/, c: xdp("\tvoid *data = (void *)(long)ctx->data, *data_end = (void *)(long)ctx->data_end;\n\tstruct ethhdr *eth = data;\n\tif ((void *)(eth + 1) <= data_end)\n\t\treturn XDP_PASS;\n\treturn eth->h_proto; // here") },
	{ name: "the header's length is trusted", code: "V0301", edit: /> data_end/, c: xdp("\tvoid *data = (void *)(long)ctx->data, *data_end = (void *)(long)ctx->data_end;\n\tstruct iphdr *ip = data + 14;\n\tif ((void *)(ip + 1) > data_end)\n\t\treturn XDP_PASS;\n\t__u8 *payload = (void *)ip + ip->ihl * 4;\n\treturn *payload; // here") },
	{ name: "the packet moved after the check", code: "V0200", edit: /after line 22 read ctx->data and ctx->data_end again/, c: xdp("\tvoid *data = (void *)(long)ctx->data, *data_end = (void *)(long)ctx->data_end;\n\t__u8 *first = data;\n\tif (data + 1 > data_end)\n\t\treturn XDP_PASS;\n\tif (bpf_xdp_adjust_head(ctx, 4))\n\t\treturn XDP_ABORTED;\n\treturn *first; // here") },
	{ name: "an index without bounds", code: "V0223", variable: "row", edit: /if \(i > 55\) return XDP_PASS; {2}or mask it: i &= 31;/, c: xdp(`${row}\t__u32 i = ctx->rx_queue_index;\n\treturn row->text[i]; // here`) },
	{ name: "an index that may be negative", code: "V0254", edit: /if \(i < 0\) return XDP_PASS;/, c: xdp(`${row}\tint i = row->next;\n\tif (i > 10)\n\t\treturn XDP_PASS;\n\treturn row->text[i]; // here`) },
	{ name: "one element too many", code: "V0223", edit: /if \(i > 55\) return XDP_PASS;/, c: xdp(`${row}\t__u32 i = row->next;\n\tif (i > 56)\n\t\treturn XDP_PASS;\n\treturn row->text[i]; // here`) },
	{ name: "an index into words, bounded as if into bytes", code: "V0223", edit: /if \(i > 15\) return XDP_PASS; {2}or mask it: i &= 15;/, c: xdp(`${row}\t__u32 *words = (__u32 *)row;\n\t__u32 i = ctx->rx_queue_index & 63;\n\treturn words[i]; // here`) },
	{ name: "any 64-bit number is added to a pointer", code: "V0255", edit: /unsigned|< 0/, c: xdp(`${row}\t__u64 *value = bpf_map_lookup_elem(&counts, &key);\n\tif (!value)\n\t\treturn XDP_PASS;\n\treturn *((char *)row + *value); // here`) },
	{ name: "a size that comes from a map", code: "V0272", edit: /len > 56|len > 64|if \(.* > \d+\)/, c: `SEC("kprobe/x") int prog(void *ctx)\n{\n${row.replace("XDP_PASS", "0")}\tbpf_probe_read_kernel(row->text, row->len, ctx); // here\n\treturn 0;\n}\n` },
	{ name: "a size that may be negative", code: "V0270", edit: /unsigned/, c: `SEC("kprobe/x") int prog(void *ctx)\n{\n${row.replace("XDP_PASS", "0")}\tlong len = *(long *)row->text;\n\tif (len > 56)\n\t\treturn 0;\n\tbpf_ringbuf_output(&events, row->text, len, 0); // here\n\treturn 0;\n}\n` },
	{ name: "a buffer smaller than the size given", code: "V0211", variable: "comm", edit: /sizeof comm/, c: `SEC("kprobe/x") int prog(void *ctx)\n{\n\tchar comm[16];\n\tbpf_get_current_comm(comm, 32); // here\n\treturn comm[0];\n}\n` },
	{ name: "a ring buffer record is not given back", code: "V0610", variable: "event", edit: /bpf_ringbuf_discard\(event, 0\)/, c: xdp("\t__u64 *event = bpf_ringbuf_reserve(&events, 8, 0);\n\tif (!event)\n\t\treturn XDP_PASS;\n\tif (ctx->rx_queue_index == 3)\n\t\treturn XDP_DROP; // here\n\tbpf_ringbuf_submit(event, 0);\n\treturn XDP_PASS;") },
	{ name: "a ring buffer record is used after it was submitted", code: "V0200", variable: "event", edit: /use event before line 21/, c: xdp("\t__u64 *event = bpf_ringbuf_reserve(&events, 8, 0);\n\tif (!event)\n\t\treturn XDP_PASS;\n\tbpf_ringbuf_submit(event, 0);\n\t*event = 1; // here\n\treturn XDP_PASS;") },
	{ name: "a ring buffer record of variable size", code: "V0275", edit: /literal or sizeof/, c: xdp("\t__u64 *event = bpf_ringbuf_reserve(&events, ctx->rx_queue_index & 63, 0); // here\n\tif (event)\n\t\tbpf_ringbuf_discard(event, 0);\n\treturn XDP_PASS;") },
	{ name: "a ring buffer record is used without a check", code: "V0101", variable: "event", edit: /if \(!event\)/, c: xdp("\t__u64 *event = bpf_ringbuf_reserve(&events, 8, 0);\n\t*event = 1; // here\n\tbpf_ringbuf_submit(event, 0);\n\treturn XDP_PASS;") },
	{ name: "a socket is not released", code: "V0610", variable: "sk", edit: /bpf_sk_release\(sk\)/, c: `SEC("tc") int prog(struct __sk_buff *skb)\n{\n\tstruct bpf_sock_tuple tuple = {};\n\tstruct bpf_sock *sk = bpf_sk_lookup_tcp(skb, &tuple, sizeof(tuple.ipv4), BPF_F_CURRENT_NETNS, 0);\n\treturn sk ? TC_ACT_OK : TC_ACT_SHOT; // here\n}\n` },
	{ name: "a socket is released without a check", code: "V0101", variable: "sk", edit: /if \(!sk\) return TC_ACT_OK;/, c: `SEC("tc") int prog(struct __sk_buff *skb)\n{\n\tstruct bpf_sock_tuple tuple = {};\n\tstruct bpf_sock *sk = bpf_sk_lookup_tcp(skb, &tuple, sizeof(tuple.ipv4), BPF_F_CURRENT_NETNS, 0);\n\tbpf_sk_release(sk); // here\n\treturn TC_ACT_OK;\n}\n` },
	{ name: "a helper of another program type", code: "V0120", edit: /bpf_xdp_adjust_head is there in xdp programs/, c: `SEC("tc") int prog(struct __sk_buff *skb)\n{\n\treturn bpf_xdp_adjust_head((void *)skb, 4); // here\n}\n` },
	{ name: "a tracing helper in XDP", code: "V0120", edit: /bpf_get_stackid is there in kprobe/, c: xdp("\treturn bpf_get_stackid(ctx, &counts, 0); // here") },
	{ name: "a field of the context is written that must not be", code: "V0229", variable: "ctx", edit: /./, c: xdp("\tctx->data = 0; // here\n\treturn XDP_PASS;") },
	{ name: "a field that this program type does not have", code: "V0229", variable: "skb", edit: /./, c: `SEC("socket") int prog(struct __sk_buff *skb)\n{\n\treturn skb->data; // here\n}\n` },
	{ name: "a loop that never ends", code: "V0401", edit: /bpf_loop|bound/, c: xdp("\tvolatile int n = 0;\n\twhile (n == 0) // here\n\t\t;\n\treturn XDP_PASS;") },
	{ name: "a loop that is too long", code: "V0400", edit: /line 19 was walked [\d,]+ times/, c: xdp("\t__u64 sum = ctx->rx_queue_index;\n\tfor (int i = 0; i < 3000000; i++) // here\n\t\tsum = sum * 31 + (sum >> 7);\n\treturn sum & 1;") },
	{ name: "too much stack over two functions", code: "V0411", edit: /per-CPU array/, c: `static __noinline int inner(__u32 n)\n{\n\tvolatile char buffer[300];\n\tbuffer[n & 255] = 1;\n\treturn buffer[(n + 1) & 255];\n}\nSEC("xdp") int prog(struct xdp_md *ctx)\n{\n\tvolatile char buffer[300];\n\tbuffer[ctx->rx_queue_index & 255] = 1;\n\treturn inner(ctx->rx_queue_index) + buffer[3];\n}\n` },
	{ name: "a return value without a meaning", code: "V0710", edit: /from 0 to 1/, c: `SEC("cgroup/sock_create") int prog(struct bpf_sock *sk)\n{\n\treturn 2; // here\n}\n` },
	{ name: "a lock is held at the end", code: "V0611", edit: /bpf_spin_unlock/, c: `SEC("tc") int prog(struct __sk_buff *skb)\n{\n\t__u32 key = 0;\n\tstruct locked *value = bpf_map_lookup_elem(&guarded, &key);\n\tif (!value)\n\t\treturn TC_ACT_OK;\n\tbpf_spin_lock(&value->lock);\n\tvalue->count++;\n\treturn TC_ACT_OK; // here\n}\n` },
	{ name: "a helper is called under a lock", code: "V0619", edit: /before the lock/, c: `SEC("tc") int prog(struct __sk_buff *skb)\n{\n\t__u32 key = 0;\n\tstruct locked *value = bpf_map_lookup_elem(&guarded, &key);\n\tif (!value)\n\t\treturn TC_ACT_OK;\n\tbpf_spin_lock(&value->lock);\n\tvalue->count = bpf_get_prandom_u32(); // here\n\tbpf_spin_unlock(&value->lock);\n\treturn TC_ACT_OK;\n}\n` },
	{ name: "the lock is changed as memory", code: "V0240", edit: /members beside/, c: `SEC("tc") int prog(struct __sk_buff *skb)\n{\n\t__u32 key = 0;\n\tstruct locked *value = bpf_map_lookup_elem(&guarded, &key);\n\tif (!value)\n\t\treturn TC_ACT_OK;\n\t*(volatile __u32 *)value = 0; // here\n\treturn TC_ACT_OK;\n}\n` },
	{ name: "a helper that sleeps in a program that may not", code: "V0706", edit: /sleepable/, c: `SEC("kprobe/x") int prog(struct pt_regs *ctx)\n{\n\t__u64 value = 0;\n\tbpf_copy_from_user(&value, 8, (void *)ctx->rdi); // here\n\treturn value;\n}\n` },
	{ name: "a GPL helper without the licence", code: "V0122", edit: /SEC\("license"\) = "GPL"/, licence: "Proprietary", c: `SEC("kprobe/x") int prog(struct pt_regs *ctx)\n{\n\t__u64 value = 0;\n\tbpf_probe_read_kernel(&value, 8, (void *)ctx->rdi); // here\n\treturn value;\n}\n` },
	{ name: "a kernel pointer is followed in a kprobe", code: "V0200", variable: "task", edit: /bpf_probe_read_kernel/, c: `SEC("kprobe/x") int prog(struct pt_regs *ctx)\n{\n\tlong *task = (long *)ctx->rdi;\n\treturn *task; // here\n}\n` },
	{ name: "constant data is written", code: "V0224", edit: /./, c: `const volatile int limit = 5;\n${xdp("\t*(volatile int *)&limit = 6; // here\n\treturn XDP_PASS;")}` },
	{ name: "a tail call through a hash map", code: "V0124", edit: /BPF_MAP_TYPE_PROG_ARRAY/, c: xdp("\tbpf_tail_call(ctx, &counts, 0); // here\n\treturn XDP_PASS;") },
	{ name: "an element is pushed into a hash map", code: "V0127", edit: /map type/, c: xdp("\t__u64 value = 1;\n\treturn bpf_map_push_elem(&counts, &value, 0); // here") },
	{ name: "bits of a pointer are changed", code: "V0259", edit: /mask or multiply the index/, c: xdp(`${row}\tchar *text = (char *)((long)row & ~7); // here\n\treturn *text;`) },
	{ name: "a global function trusts its pointer", code: "V0101", variable: "row", edit: /if \(!row\) return 0;/, c: `__noinline int length(struct row *row)\n{\n\treturn row->len; // here\n}\nSEC("xdp") int prog(struct xdp_md *ctx)\n{\n\tstruct row row = { .len = ctx->rx_queue_index };\n\treturn length(&row);\n}\n` },
	{ name: "an atomic addition in the packet", code: "V0262", edit: /plain read and write/, c: xdp("\tvoid *data = (void *)(long)ctx->data, *data_end = (void *)(long)ctx->data_end;\n\t__u32 *word = data;\n\tif ((void *)(word + 1) > data_end)\n\t\treturn XDP_PASS;\n\t__sync_fetch_and_add(word, 1); // here\n\treturn XDP_PASS;") },
	{ name: "a callback returns 2", code: "V0710", edit: /from 0 to 1/, c: `static long each(__u32 i, void *data)\n{\n\treturn 2; // here\n}\nSEC("xdp") int prog(struct xdp_md *ctx)\n{\n\tbpf_loop(4, each, 0, 0);\n\treturn XDP_PASS;\n}\n` },
	{ name: "a format that is not constant", code: "V0273", edit: /static const char fmt/, c: xdp(`${row}\tchar out[16];\n\treturn bpf_snprintf(out, sizeof(out), row->text, 0, 0); // here`) },
	{ name: "an iterator is not destroyed", code: "V0610", edit: /bpf_iter_num_destroy\(&it\)/, kernel: true, c: `struct bpf_iter_num;\nextern int bpf_iter_num_new(struct bpf_iter_num *it, int start, int end) __ksym;\n${xdp("\tstruct bpf_iter_num it;\n\tbpf_iter_num_new(&it, 0, 3);\n\treturn XDP_PASS; // here")}` },
	{ name: "a dynptr is not given back", code: "V0610", variable: "ptr", edit: /bpf_ringbuf_discard_dynptr\(&ptr, 0\)/, c: xdp("\tstruct bpf_dynptr ptr;\n\tbpf_ringbuf_reserve_dynptr(&events, 8, 0, &ptr);\n\treturn XDP_PASS; // here") },
	{ name: "a kernel function of tracing programs in XDP", code: "V0652", edit: /bpf_sock_destroy is there in/, kernel: true, c: `struct sock_common;\nextern int bpf_sock_destroy(struct sock_common *sk) __ksym;\n${xdp("\treturn bpf_sock_destroy((void *)ctx); // here")}` },
	{ name: "members of a key were never written", code: "V0202", variable: "key", capbpf: true, edit: /__builtin_memset\(&key, 0, sizeof key\)/, c: `struct pair { int a, b, c, d; };\nstruct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 4); __type(key, struct pair); __type(value, long); } pairs SEC(".maps");\nSEC("socket") int prog(struct __sk_buff *skb)\n{\n\tstruct pair key;\n\tkey.a = 1;\n\tkey.d = skb->len;\n\treturn bpf_map_lookup_elem(&pairs, &key) ? 1 : 0; // here\n}\n` },
	{ name: "a pointer is stored where user space reads it", code: "V0250", capbpf: true, edit: /not the address/, c: `SEC("socket") int prog(struct __sk_buff *skb)\n{\n\t__u32 key = 0;\n\t__u64 *value = bpf_map_lookup_elem(&counts, &key);\n\tif (!value)\n\t\treturn 0;\n\t*value = (long)value; // here\n\treturn 0;\n}\n` },
	{ name: "a check of another variable, without braces", code: "V0223", variable: "row", edit: /in braces with it: \{ if \(b > 55\) return XDP_PASS; row->text\[b\] = 1; \}/, mended: [["\t\trow->text[b] = 1;", "\t\t{ if (b > 55) return XDP_PASS; row->text[b] = 1; }"]], c: xdp(`${row}\t__u32 a = ctx->rx_queue_index, b = ctx->ingress_ifindex;\n\tif (a < 56)\n\t\trow->text[b] = 1; // here\n\treturn XDP_PASS;`) },
	{ name: "a 64-bit index of which 32 bits are checked", code: "V0255", variable: "words", edit: /if \(\(unsigned long\)i > 15\) return XDP_PASS;/, mended: [["\treturn words[i]", "\tif ((unsigned long)i > 15) return XDP_PASS;\n\treturn words[i]"]], c: xdp(`${row}\t__u32 *words = (__u32 *)row;\n\t__u64 i = *(__u64 *)row->text;\n\tif ((__u32)i >= 16)\n\t\treturn XDP_PASS;\n\treturn words[i]; // here`) },
	{ name: "a loop that goes one too far over an array", code: "V0221", edit: /i is 1 too large here.*< in place of <=/, mended: [["i <= 56", "i < 56"]], c: xdp(`${row}\t__u32 sum = 0;\n#pragma unroll\n\tfor (int i = 0; i <= 56; i++)\n\t\tsum += row->text[i]; // here\n\treturn sum;`) },
	{ name: "a pointer into the packet goes to a helper", code: "V0301", edit: /if \(\(void \*\)&ip->saddr \+ 4 > data_end\) return XDP_PASS;/, mended: [["\t__u64 *v", "\tif ((void *)&ip->saddr + 4 > data_end) return XDP_PASS;\n\t__u64 *v"]], c: xdp("\tvoid *data = (void *)(long)ctx->data, *data_end = (void *)(long)ctx->data_end;\n\tstruct iphdr *ip = data + 14;\n\tif (data + 14 + 12 > data_end)\n\t\treturn XDP_PASS;\n\t__u64 *v = bpf_map_lookup_elem(&counts, &ip->saddr); // here\n\treturn v ? XDP_DROP : XDP_PASS;") },
	{ name: "packet bytes are copied up to their length", code: "V0301", variable: "data", edit: /in braces with it: \{ if \(\(void \*\)\(&\(\(char \*\)data\)\[i\] \+ 1\) > data_end\)/, mended: [["\t\tbuf[i & 31] = ((char *)data)[i] ^ 90;", "\t\t{ if ((void *)(&((char *)data)[i] + 1) > data_end) return XDP_PASS; buf[i & 31] = ((char *)data)[i] ^ 90; }"]], c: xdp("\tvoid *data = (void *)(long)ctx->data, *data_end = (void *)(long)ctx->data_end;\n\tchar buf[32];\n\t__u32 len = data_end - data;\n\tif (len > 32)\n\t\tlen = 32;\n\tfor (__u32 i = 0; i < len; i++)\n\t\tbuf[i & 31] = ((char *)data)[i] ^ 90; // here\n\treturn buf[0];") },
	{ name: "the packet moved in a tc program", code: "V0200", variable: "eth", edit: /read skb->data and skb->data_end again/, mended: [["\teth->h_proto = 0;", "\tdata = (void *)(long)skb->data; data_end = (void *)(long)skb->data_end; eth = data;\n\tif ((void *)(eth + 1) > data_end) return TC_ACT_OK;\n\teth->h_proto = 0;"]], c: 'SEC("tc") int prog(struct __sk_buff *skb)\n{\n\tvoid *data = (void *)(long)skb->data, *data_end = (void *)(long)skb->data_end;\n\tstruct ethhdr *eth = data;\n\tif ((void *)(eth + 1) > data_end)\n\t\treturn TC_ACT_OK;\n\tbpf_skb_pull_data(skb, 64);\n\teth->h_proto = 0; // here\n\treturn TC_ACT_OK;\n}\n' },
	{ name: "the context of another program type", code: "V0200", variable: "eth", edit: /the context of sched_cls programs is struct __sk_buff, not struct xdp_md/, mended: [["struct xdp_md *ctx", "struct __sk_buff *ctx"]], c: 'SEC("tc") int prog(struct xdp_md *ctx)\n{\n\tvoid *data = (void *)(long)ctx->data, *data_end = (void *)(long)ctx->data_end;\n\tstruct ethhdr *eth = data;\n\tif ((void *)(eth + 1) > data_end)\n\t\treturn TC_ACT_OK;\n\treturn eth->h_proto ? TC_ACT_SHOT : TC_ACT_OK; // here\n}\n' },
	{ name: "a record is discarded on one branch and submitted after it", code: "V0110", variable: "event", edit: /bpf_ringbuf_discard\(\) has given event back at line 22: return after it/, mended: [["\t\tbpf_ringbuf_discard(event, 0);", "\t\t{ bpf_ringbuf_discard(event, 0); return XDP_PASS; }"]], c: xdp("\t__u64 *event = bpf_ringbuf_reserve(&events, 8, 0);\n\tif (!event)\n\t\treturn XDP_PASS;\n\tif (ctx->rx_queue_index)\n\t\tbpf_ringbuf_discard(event, 0);\n\tbpf_ringbuf_submit(event, 0); // here\n\treturn XDP_PASS;") },
	{ name: "a leak under a condition without braces", code: "V0610", variable: "event", edit: /in braces with it: \{ bpf_ringbuf_discard\(event, 0\); return XDP_DROP; \}/, mended: [["\t\treturn XDP_DROP;", "\t\t{ bpf_ringbuf_discard(event, 0); return XDP_DROP; }"]], c: xdp("\t__u64 *event = bpf_ringbuf_reserve(&events, 8, 0);\n\tif (!event)\n\t\treturn XDP_PASS;\n\tif (ctx->rx_queue_index == 3)\n\t\treturn XDP_DROP; // here\n\tbpf_ringbuf_submit(event, 0);\n\treturn XDP_PASS;") },
	{ name: "a lookup in what is no map", code: "V0110", edit: /the address of a map of section \.maps on every path: &counts/, mended: [["(void *)&zero", "(void *)&counts"]], c: xdp("\t__u32 key = 0, zero = 0;\n\tvoid *which = ctx->rx_queue_index ? (void *)&counts : (void *)&zero;\n\t__u64 *v = bpf_map_lookup_elem(which, &key); // here\n\treturn v ? XDP_DROP : XDP_PASS;") },
	{ name: "a function calls itself", code: "V0403", edit: /depth\(\) calls itself: write it as a loop/, c: 'static __noinline int depth(int n)\n{\n\tif (n <= 0)\n\t\treturn 0;\n\treturn 1 + depth(n - 1); // here\n}\nSEC("xdp") int prog(struct xdp_md *ctx)\n{\n\treturn depth(ctx->rx_queue_index);\n}\n' },
	{ name: "a tail call below a large stack", code: "V0410", edit: /per-CPU array|global variables/, mended: [["\tvolatile char scratch[320];\n", ""], ['SEC("xdp")', 'volatile char scratch[320];\nSEC("xdp")']], c: 'struct { __uint(type, BPF_MAP_TYPE_PROG_ARRAY); __uint(max_entries, 4); __uint(key_size, 4); __uint(value_size, 4); } next SEC(".maps");\nstatic __noinline int chain(struct xdp_md *ctx)\n{\n\tbpf_tail_call(ctx, &next, 1);\n\treturn XDP_PASS;\n}\nSEC("xdp") int prog(struct xdp_md *ctx)\n{\n\tvolatile char scratch[320];\n\tscratch[ctx->rx_queue_index & 255] = 1;\n\tint r = chain(ctx); // here\n\treturn r + scratch[17];\n}\n' },
	{ name: "a loop's bound comes from a map", code: "V0402", variable: "max", edit: /bound max before the loop: if \(max > 1000\) max = 1000;/, mended: [["\tfor (", "\tif (max > 1000) max = 1000;\n\tfor ("]], c: xdp("\t__u32 key = 0, n = 0;\n\t__u64 *limit = bpf_map_lookup_elem(&counts, &key);\n\tif (!limit)\n\t\treturn XDP_PASS;\n\t__u32 max = *limit;\n\tfor (__u32 i = 0; i < max; i++) // here\n\t\tn += bpf_get_prandom_u32() & 1;\n\treturn n & 1 ? XDP_DROP : XDP_PASS;") },
	{ name: "an asynchronous callback returns 1", code: "V0710", edit: /^return 0$/, mended: [["return 1;", "return 0;"]], c: 'struct elem { struct bpf_timer t; __u64 n; };\nstruct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 1); __type(key, __u32); __type(value, struct elem); } timers SEC(".maps");\nstatic int fire(void *map, __u32 *key, struct elem *e)\n{\n\te->n++;\n\treturn 1; // here\n}\nSEC("tc") int prog(struct __sk_buff *skb)\n{\n\t__u32 key = 0;\n\tstruct elem *e = bpf_map_lookup_elem(&timers, &key);\n\tif (!e)\n\t\treturn TC_ACT_OK;\n\tbpf_timer_init(&e->t, &timers, 1);\n\tbpf_timer_set_callback(&e->t, fire);\n\tbpf_timer_start(&e->t, 1000, 0);\n\treturn TC_ACT_OK;\n}\n' },
	{ name: "a key that is set on one branch only", code: "V0202", variable: "key", capbpf: true, edit: /key = \{\}/, mended: [["__u32 key;", "__u32 key = {};"]], c: xdp("\t__u32 key;\n\tif (ctx->rx_queue_index > 3)\n\t\tkey = 1;\n\treturn bpf_map_lookup_elem(&counts, &key) ? XDP_DROP : XDP_PASS; // here") },
];
