/** Helpers of tracing programs: memory that may not be there, stacks, storage of tasks. */
import type { Source, Snippets } from "./source.ts";

/** Some are there, some are nobody's. */
const ADDRESSES = ["text", "text + 3", "store", "store + 8", "(void *)0", "(void *)8", "(void *)-1L", "(void *)-4096L"];

const read = (helper: string, sizes: readonly number[]) => (s: Source): string => s.buffer(s.pick([0, 8, 32]), s.note(`${helper}(b, ${s.pick(sizes)}, ${s.pick(ADDRESSES)})`));

export const rawTracepoint: Snippets = {
	probe_read_kernel: read("bpf_probe_read_kernel", [1, 2, 4, 6, 8, 32]),
	probe_read_kernel_str: read("bpf_probe_read_kernel_str", [1, 2, 4, 6, 7, 8, 32]),
	probe_read: read("bpf_probe_read", [1, 6, 32]),
	probe_read_str: read("bpf_probe_read_str", [1, 2, 5, 6, 32]),
	argument: (s) => s.note(`ctx->args[${s.number(6)}]`),
	get_stackid: (s) => s.note(`bpf_get_stackid(ctx, &stacks, ${s.pick(["1 << 12", "1 << 16", "1ULL << 40"])})`),
	get_stack: (s) => s.buffer(32, s.note(`bpf_get_stack(ctx, b, ${s.pick([7, 12, 31])}, ${s.pick(["0", "1 << 13", "1ULL << 40"])})`)),
	current_comm: (s) => `{ char c[16] = "x"; ${s.note(`bpf_get_current_comm(c, ${s.pick([1, 4, 16])})`)} }`,
	perf_event_read: (s) => s.note(`bpf_perf_event_read(&events, ${s.pick(["0", "3", "4", "1ULL << 52"])})`),
	perf_event_read_value: (s) => `{ struct bpf_perf_event_value v = {}; ${s.notes(`bpf_perf_event_read_value(&events, ${s.pick(["0", "3", "4", "1ULL << 52"])}, &v, ${s.pick(["sizeof(v)", "8"])})`, "v.counter")} }`,
	task_storage: (s) =>
		`{ struct task_struct *t = (void *)bpf_get_current_task_btf(); __u64 *p = bpf_task_storage_get(&tasks, t, 0, ${s.pick([0, 1])}); ${s.note("p ? *p : 99")} if (p) *p += 5; ${s.number(2) ? s.note("bpf_task_storage_delete(&tasks, t)") : ""} }`,
};
