/** What the kernel functions over strings and dynamic pointers gave in BPF_PROG_TEST_RUN of Linux 6.18: expressions and their values, one after another. */
import { expect, it } from "vitest";
import { compileAndLoad } from "../../index.node.ts";

type Rows = readonly (readonly [expression: string, value: number])[];

const STRINGS: Rows = [
	["bpf_strcmp(abc, mix)", 1],
	["bpf_strcmp(mix, abc)", -1],
	["bpf_strcmp(abc, abc)", 0],
	["bpf_strcmp(lat, abc)", 1],
	["bpf_strcasecmp(abc, mix)", 0],
	["bpf_strcasecmp(lat, lat2)", 0],
	["bpf_strcasecmp(lat, hello)", 1],
	["bpf_strlen(hello)", 18],
	["bpf_strlen(empty)", 0],
	["bpf_strnlen(hello, 3)", 3],
	["bpf_strnlen(hello, 0)", 0],
	["bpf_strnlen(hello, big)", 18],
	["bpf_strnlen(hello, 18)", 18],
	["bpf_strnlen(hello, 19)", 18],
	["bpf_strchr(hello, 'o')", 4],
	["bpf_strchr(hello, 'z')", -2],
	["bpf_strchr(hello, 0)", 18],
	["bpf_strnchr(hello, 4, 'o')", -2],
	["bpf_strnchr(hello, 5, 'o')", 4],
	["bpf_strnchr(hello, 40, 'q')", -2],
	["bpf_strchrnul(hello, 'w')", 6],
	["bpf_strchrnul(hello, 'q')", 18],
	["bpf_strrchr(hello, 'o')", 17],
	["bpf_strrchr(hello, 'q')", -2],
	["bpf_strrchr(hello, 0)", 18],
	["bpf_strrchr(hello, 'o' + 256)", -2],
	["bpf_strspn(hello, set)", 5],
	["bpf_strspn(empty, set)", 0],
	["bpf_strspn(hello, empty)", 0],
	["bpf_strcspn(hello, set)", 0],
	["bpf_strcspn(hello, abc)", 18],
	["bpf_strcspn(hello, empty)", 18],
	["bpf_strcspn(\"xyzwo\", hello)", 3],
	["bpf_strstr(hello, \"world\")", 6],
	["bpf_strstr(hello, \"hello\")", 0],
	["bpf_strstr(hello, \"xyz\")", -2],
	["bpf_strstr(hello, \"\")", 0],
	["bpf_strstr(empty, \"a\")", -2],
	["bpf_strstr(empty, \"\")", 0],
	["bpf_strstr(\"aaab\", \"aab\")", 1],
	["bpf_strstr(\"abc\", \"abcd\")", -2],
	["bpf_strnstr(hello, \"world\", 10)", -2],
	["bpf_strnstr(hello, \"world\", 11)", 6],
	["bpf_strnstr(hello, \"world\", 12)", 6],
	["bpf_strnstr(hello, \"\", 0)", 0],
	["bpf_strnstr(hello, \"h\", 0)", -2],
	["bpf_strnstr(hello, \"h\", 1)", 0],
	["bpf_strnstr(hello, \"hello\", 5)", 0],
	["bpf_strnstr(hello, \"hello\", 4)", -2],
	["bpf_strnstr(\"ab\", \"abc\", 9)", -2],
	["bpf_strnstr(hello, \"hello\", big)", 0],
	["bpf_strlen((char *)0)", -34],
	["bpf_strcmp(abc, (char *)16)", -34],
	["bpf_strlen((char *)(long)zero)", -34],
];

const DYNPTRS: Rows = [
	["bpf_dynptr_from_xdp(ctx, 0, &q)", 0],
	["bpf_dynptr_from_mem(hello, 32, 0, &l)", 0],
	["bpf_dynptr_from_mem(abc, 16, 0, &m)", 0],
	["bpf_dynptr_from_mem(abc, 16, 1, &p)", -22],
	["bpf_dynptr_data(&q, 0, 8) != 0", 0],
	["bpf_dynptr_write(&q, 12, b, 2, 1)", -22],
	["bpf_dynptr_copy(&l, 0, &m, 0, 6)", 0],
	["hello[5]", 67],
	["hello[6]", 119],
	["bpf_dynptr_copy(&l, 1, &l, 0, 6)", 0],
	["hello[1]", 97],
	["hello[6]", 67],
	["bpf_dynptr_copy(&l, 0, &m, 0, 17)", -7],
	["bpf_dynptr_copy(&l, 30, &m, 0, 3)", -7],
	["bpf_dynptr_copy(&l, 0, &p, 0, 1)", -22],
	["bpf_dynptr_copy(&p, 0, &l, 0, 1)", -22],
	["bpf_dynptr_copy(&l, 0, &q, 0, 14)", 0],
	["hello[0]", 2],
	["hello[12]", 8],
	["bpf_dynptr_memset(&q, 20, 4, 0xee)", 0],
	["bpf_dynptr_memset(&q, 0xfffffff0, 0x20, 1)", -7],
	["bpf_dynptr_memset(&p, 0, 0, 1)", 0],
	["bpf_dynptr_memset(&p, 0, 1, 1)", -7],
];

const SOURCE = `
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
extern int bpf_dynptr_from_xdp(struct xdp_md *x, __u64 flags, struct bpf_dynptr *p) __ksym;
extern int bpf_dynptr_copy(struct bpf_dynptr *to, __u64 at, struct bpf_dynptr *from, __u64 offset, __u64 size) __ksym;
extern int bpf_dynptr_memset(struct bpf_dynptr *p, __u64 offset, __u64 size, __u8 byte) __ksym;
char abc[16] = "abcABC", mix[16] = "ABCabc", lat[8] = "\\xc4x", lat2[8] = "\\xe4X", hello[32] = "hello world, hello", set[8] = "leho", empty[1];
__u32 zero;
__u64 big = 1ull << 32;
long out[80];
char LICENSE[] SEC("license") = "GPL";
`;

it.each([
	["strings", STRINGS],
	["dynamic pointers", DYNPTRS],
])("%s", async (_, rows) => {
	const body = rows.map(([expression], i) => `out[${i}] = (long)(${expression});`).join("\n");
	const text = `${SOURCE} SEC("xdp") int ask(struct xdp_md *ctx) { struct bpf_dynptr p, q, l, m; __u8 b[16] = {}; ${body} return 2; }`;
	const object = await compileAndLoad(text);
	object.programs.ask.run({ packet: Uint8Array.of(2, 0, 0, 0, 0, 10, 2, 0, 0, 0, 0, 11, 8, ...new Uint8Array(80)) });
	const out = object.globals.out as readonly bigint[];
	expect(rows.map(([expression], i) => [expression, Number(out[i])])).toEqual(rows);
	object.close();
});

it.each([
	["cgroup_skb/egress", 1, -22],
	["tc", 0, 0],
	["lwt_xmit", 0, 0],
	["lwt_in", 1, -22],
])("a packet is for %s to write or only to read", async (section, readOnly, written) => {
	const object = await compileAndLoad(
		`${SOURCE} SEC("${section}") int ask(struct __sk_buff *ctx) {
			struct bpf_dynptr p;
			bpf_dynptr_from_skb(ctx, 0, &p);
			out[0] = bpf_dynptr_is_rdonly(&p);
			out[1] = bpf_dynptr_write(&p, 0, abc, 2, 0);
			return 1;
		}`,
	);
	object.programs.ask.run({ packet: new Uint8Array(64) });
	expect((object.globals.out as readonly bigint[]).slice(0, 2)).toEqual([BigInt(readOnly), BigInt(written)]);
	object.close();
});
