/** Helpers that all of these programs have: text, maps, rings, callbacks, dynptrs, atomics. */
import type { Source, Snippets } from "./source.ts";

const NUMBERS = [
	"0", "1", "-1", " 42", "\\t -7x", "0x1f", "0X", "0x", "077", "08", "9223372036854775807", "9223372036854775808", "-9223372036854775808", "-9223372036854775809", "18446744073709551615", "18446744073709551616",
	"+5", "--5", "", " ", "abc", "ff", "12ab", "-0x10", "0b11", "00012", "1 2", "-", "0x-1", "99999999999999999999999",
];
const FORMATS = ["%d", "%u", "%x", "%llx", "%lld", "%5d|%-5d", "%05x", "%i %%", "%c%c", "%08llx", "%s", "%10s|", "%-7s|", "%pI4", "%pI6", "%pi4", "%ld %lu", "%+d", "% d", "%X", "plain", "%llu%llu%llu%llu", "%%%d%%"];

/** Specifiers that take a value. */
const valuesOf = (format: string): number => format.replaceAll("%%", "").split("%").length - 1;
const takesAddress = (format: string): boolean => /%-?\d*(?:s|p[iI])/.test(format);

function parsed(s: Source, helper: string, type: string, bases: readonly number[]): string {
	const text = s.pick(NUMBERS);
	const length = Math.max(1, Math.min(40, text.length - 1 + s.number(4)));
	return `{ char t[40] = "${text}"; ${type} v = 0x55; ${s.notes(`${helper}(t, ${length}, ${s.pick(bases)}, &v)`, "v")} }`;
}

/** Updates, deletions and lookups; what is found is changed. */
function element(s: Source, map: string, keys: number, flags: readonly number[], change: string): string {
	const update = (): string => s.note(`bpf_map_update_elem(&${map}, &k, &v, ${s.pick(flags)})`);
	const remove = (): string => s.note(`bpf_map_delete_elem(&${map}, &k)`);
	const find = (): string => `__u64 *p = bpf_map_lookup_elem(&${map}, &k); ${s.note("p ? *p : 99")} if (p) *p ${change};`;
	return `{ __u32 k = ${s.number(keys)}; __u64 v = ${s.word()}u; ${s.one(update, remove, find)} }`;
}

export const anywhere: Snippets = {
	strtol: (s) => parsed(s, "bpf_strtol", "long", [0, 8, 10, 16, 2, 36, 32]),
	strtoul: (s) => parsed(s, "bpf_strtoul", "unsigned long", [0, 8, 10, 16, 7]),
	strncmp: (s) => `{ char a[8] = "${s.pick(["abc", "abd", "ab", "abcd", "", "b", "zzz"])}"; static const char c[] = "${s.pick(["abc", "abd", "ab", "abcd", "", "zz"])}"; ${s.note(`bpf_strncmp(a, ${1 + s.number(8)}, c)`)} }`,
	snprintf: (s) => {
		const format = s.pick(FORMATS);
		const first = takesAddress(format) ? "(__u64)(long)text" : `${s.word()}u`;
		return `{ __attribute__((aligned(8))) char b[32] = {}; static const char f[] = "${format}"; __u64 a[] = { ${first}, ${s.word()}ull, -${s.number(1000)}ll, 7 }; ${s.note(`bpf_snprintf(b, ${s.pick([1, 4, 8, 16, 32])}, f, a, ${8 * valuesOf(format)})`)} ${s.notes("*(__u64 *)b", "*(__u64 *)(b + 8)", "*(__u64 *)(b + 16)", "*(__u64 *)(b + 24)")} }`;
	},
	trace_printk: (s) => s.note(`bpf_trace_printk("${s.pick(["a", "%d", "%d %x", "%s", "%q", "%", "%sx", "\\x80"])}\\0\\0\\0\\0\\0", ${s.pick([2, 3, 6])}, 1, 2, 3)`),
	trace_vprintk: (s) => `{ static const char f[] = "${s.pick(["%d %d %d", "%s", "x", "%x"])}"; __u64 a[] = { 1, 2, 3, 4 }; ${s.note(`bpf_trace_vprintk(f, sizeof(f), a, ${s.pick([0, 8, 16, 32])})`)} }`,
	hash: (s) => element(s, "hash", 6, [0, 1, 2, 3, 4], "+= 3"),
	lru: (s) => element(s, "lru", 3, [0, 1, 2, 3, 4], "+= 1"),
	array: (s) => element(s, "array", 6, [0, 1, 2, 3, 4], "^= 0xff"),
	percpu_array: (s) => element(s, "percpu_array", 3, [0, 1, 2, 4], "+= 1"),
	percpu_hash: (s) => element(s, "percpu_hash", 3, [0, 1, 2, 3, 4], "+= 1"),
	lookup_percpu: (s) => `{ __u32 k = ${s.number(3)}; __u64 *p = bpf_map_lookup_percpu_elem(&percpu_array, &k, ${s.pick([0, 99])}); ${s.note("p ? *p : 77")} }`,
	locked: (s) => {
		const update = (map: string) => () => s.note(`bpf_map_update_elem(&${map}, &k, &n, ${s.pick([0, 1, 2, 4, 5, 6])})`);
		const add = (): string => `struct locked *p = bpf_map_lookup_elem(&locked_hash, &k); if (p) { bpf_spin_lock(&p->lock); p->v += 2; bpf_spin_unlock(&p->lock); ${s.note("p->v")} }`;
		return `{ __u32 k = 0; struct locked n = { .v = ${s.word()}u }; ${s.one(update("locked_hash"), update("locked_array"), add)} }`;
	},
	lpm: (s) => {
		const key = `{ ${s.pick([0, 1, 8, 16, 24, 31, 32, 33])}, { ${s.pick([10, 10, 192])}, ${s.number(2)}, ${s.number(2) * 128}, ${s.number(3)} } }`;
		const find = (): string => `__u64 *p = bpf_map_lookup_elem(&lpm, &k); ${s.note("p ? *p : 99")}`;
		return `{ struct prefix k = ${key}; __u64 v = ${s.word()}u; ${s.one(() => s.note(`bpf_map_update_elem(&lpm, &k, &v, ${s.pick([0, 0, 0, 1, 2])})`), () => s.note("bpf_map_delete_elem(&lpm, &k)"), find)} }`;
	},
	queue: (s) => {
		const map = s.pick(["queue", "stack"]);
		return `{ __u64 v = ${s.word()}u; ${s.note(s.pick([`bpf_map_push_elem(&${map}, &v, ${s.pick([0, 2, 1, 4])})`, `bpf_map_pop_elem(&${map}, &v)`, `bpf_map_peek_elem(&${map}, &v)`]))} ${s.note("v")} }`;
	},
	bloom: (s) => `{ __u32 v = ${s.number(4)}; ${s.note(s.pick([`bpf_map_push_elem(&bloom, &v, ${s.pick([0, 1, 2])})`, "bpf_map_peek_elem(&bloom, &v)"]))} }`,
	ringbuf: (s) =>
		s.one(
			() => `{ __u64 v = 5; ${s.note(`bpf_ringbuf_output(&ring, &v, ${s.pick([1, 4, 8])}, ${s.pick([0, 1, 2, 3, 4])})`)} }`,
			() => s.note(`bpf_ringbuf_query(&ring, ${s.pick([0, 1, 2, 3, 4])})`),
			() => `{ __u64 *p = bpf_ringbuf_reserve(&ring, ${s.pick([8, 16, 4096, 5000, 4080, 2000])}, 0); ${s.note("!!p")} if (p) { *p = 1; ${s.pick(["bpf_ringbuf_submit", "bpf_ringbuf_discard"])}(p, ${s.pick([0, 1, 2])}); } }`,
		),
	ringbuf_dynptr: (s) =>
		`{ struct bpf_dynptr d; ${s.note(`bpf_ringbuf_reserve_dynptr(&ring, ${s.pick([8, 64, 4096, 5000])}, ${s.pick([0, 0, 1])}, &d)`)} { __u64 x = 7; ${s.note(`bpf_dynptr_write(&d, ${s.pick([0, 60, 8])}, &x, 8, 0)`)} } ${s.pick(["bpf_ringbuf_submit_dynptr", "bpf_ringbuf_discard_dynptr"])}(&d, ${s.pick([0, 1])}); }`,
	dynptr: (s) => {
		const length = s.pick([1, 4, 8]);
		const made = s.note(`bpf_dynptr_from_mem(store, ${s.pick([0, 8, 32])}, ${s.pick([0, 0, 1])}, &d)`);
		const written = s.note(`bpf_dynptr_write(&d, ${s.pick([0, 4, 8, 28, 31, 32, 33])}, &v, ${length}, ${s.pick([0, 0, 1])})`);
		const read = s.notes(`bpf_dynptr_read(&v, ${length}, &d, ${s.pick([0, 4, 28, 30])}, ${s.pick([0, 0, 1])})`, "v");
		return `{ struct bpf_dynptr d; __u64 v = 0x1122334455667788ull; ${made} ${written} v = 0; ${read} { void *p = bpf_dynptr_data(&d, ${s.pick([0, 8, 24, 30])}, 8); ${s.note("!!p")} } }`;
	},
	// The kernel's test runs give no buffer to write to: what flags are refused with is the same.
	perf_event_output: (s) => `{ __u64 v = 1; ${s.note(`bpf_perf_event_output(ctx, &events, ${s.pick(["7", "1ULL << 52", "0xfffff00000000ULL"])}, &v, 8)`)} }`,
	for_each: (s) => `{ __u64 c = 0; ${s.notes(`bpf_for_each_map_elem(&${s.pick(["hash", "array", "lru", "percpu_array"])}, each, &c, ${s.pick([0, 0, 1])})`, "c")} }`,
	loop: (s) => `{ __u64 c = 0; ${s.notes(`bpf_loop(${s.pick([0, 1, 5, 100])}, body, &c, ${s.pick([0, 0, 1])})`, "c")} }`,
	tail_call: (s) => `bpf_tail_call(ctx, &programs, ${s.number(3)});`,
	atomic: (s) => s.note(s.pick([`__sync_fetch_and_add(&cell, ${s.word()}ull)`, `__sync_fetch_and_xor(&cell, ${s.word()}ull)`, `__sync_val_compare_and_swap(&cell, ${s.word()}ull, 5)`, `__sync_lock_test_and_set(&cell, ${s.word()}ull)`])),
};
