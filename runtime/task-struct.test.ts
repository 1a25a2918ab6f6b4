/** The current task that programs find: its numbers, its name, its relatives, by the kernel's types and by a program's own. */
import { describe, expect, it } from "vitest";
import { compileAndLoad } from "../index.node.ts";

const LICENSE = 'char LICENSE[] SEC("license") = "GPL";';

describe("the current task", () => {
	it("is laid out as in the kernel", async () => {
		const object = await compileAndLoad(
			`#include "vmlinux.h"
			#include <bpf/bpf_helpers.h>
			#include <bpf/bpf_core_read.h>
			${LICENSE}
			__u32 pid, tgid, parent, leader; char comm[16];
			SEC("raw_tp/sys_enter") int seen(void *ctx) {
				struct task_struct *task = bpf_get_current_task_btf();
				pid = task->pid; tgid = task->tgid; leader = task->group_leader->tgid;
				parent = BPF_CORE_READ((struct task_struct *)bpf_get_current_task(), real_parent, tgid);
				bpf_probe_read_kernel_str(comm, sizeof(comm), &task->comm);
				return 0;
			}`,
		);
		object.programs.seen.run({ args: [], task: { pid: 12, tgid: 10, comm: "a name that is too long" } });
		expect(object.globals).toMatchObject({ pid: 12, tgid: 10, parent: 10, leader: 10, comm: "a name that is " });
		object.programs.seen.run({ args: [], task: { pid: 7, tgid: 7, comm: "sh" } });
		expect(object.globals).toMatchObject({ pid: 7, tgid: 7, comm: "sh" });
		object.close();
	});

	it("is laid out as a program says that has types of its own", async () => {
		const object = await compileAndLoad(`
			#include <bpf/bpf_helpers.h>
			#include <bpf/bpf_core_read.h>
			${LICENSE}
			struct task_struct { int pid, tgid; struct task_struct *real_parent; } __attribute__((preserve_access_index));
			__u32 pid, parent;
			SEC("kprobe/do_nanosleep") int seen(void *ctx) {
				struct task_struct *task = (void *)bpf_get_current_task();
				pid = BPF_CORE_READ(task, pid);
				parent = BPF_CORE_READ(task, real_parent, tgid);
				return 0;
			}`);
		object.programs.seen.run({ task: { pid: 12, tgid: 10 } });
		expect(object.globals).toMatchObject({ pid: 12, parent: 10 });
		object.close();
	});

	it("is found by its number, and no other", async () => {
		const object = await compileAndLoad(
			`#include "vmlinux.h"
			#include <bpf/bpf_helpers.h>
			${LICENSE}
			SEC("syscall") int ask(int *wanted) {
				struct task_struct *task = bpf_task_from_pid(*wanted);
				if (!task) return -1;
				int tgid = task->tgid;
				bpf_task_release(task);
				return tgid;
			}`,
		);
		const ask = (pid: number): number => object.programs.ask.run({ context: Uint8Array.of(pid, 0, 0, 0), task: { pid: 12, tgid: 10 } }).retval;
		expect([ask(12), ask(13)]).toEqual([10, -1]);
		object.close();
	});
});
