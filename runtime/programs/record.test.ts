/** Contexts that the program's own parameter describes. */
import { describe, expect, it } from "vitest";
import { compileAndLoad } from "../../index.node.ts";

const HEAD = "#include \"vmlinux.h\"\n#include <bpf/bpf_helpers.h>\n#include <bpf/bpf_core_read.h>\n";
const LICENSE = 'char _license[] SEC("license") = "GPL";';

describe("tracepoints", () => {
	it("take the members of their record by name, and give them back", async () => {
		const { programs } = await compileAndLoad(`${HEAD}
SEC("tp/syscalls/sys_enter_openat") int opens(struct trace_event_raw_sys_enter *ctx) { return ctx->id + (int)ctx->args[2]; }
${LICENSE}`);
		const { retval, fields, context } = programs.opens.run({ context: { id: 257, args: [0, 0, 40] } });
		expect(retval).toBe(297);
		expect(fields).toMatchObject({ id: 257n, args: [0n, 0n, 40n, 0n, 0n, 0n] });
		expect(programs.opens.run({ context }).retval).toBe(297);
		expect(programs.opens.run().retval).toBe(0);
		expect(() => programs.opens.run({ context: { nr: 257 } })).toThrow("context: struct trace_event_raw_sys_enter has no member nr");
		expect(() => programs.opens.run({ context: { id: "open" } })).toThrow('context.id: expected a whole number, not "open"');
		expect(() => programs.opens.run({ packet: new Uint8Array(64) })).toThrow("not run over packet, but over context");
	});

	it("take text for what lies behind the record", async () => {
		const { programs, globals } = await compileAndLoad(`${HEAD}
char name[16];
SEC("tp/sched/sched_process_exec") int execs(struct trace_event_raw_sched_process_exec *ctx)
{
	unsigned place = ctx->__data_loc_filename;

	bpf_probe_read_kernel_str(name, sizeof(name), (void *)ctx + (place & 0xffff));
	return (place >> 16) + ctx->pid;
}
${LICENSE}`);
		expect(programs.execs.run({ context: { pid: 100, __data_loc_filename: "/bin/true" } }).retval).toBe(110);
		expect(globals.name).toBe("/bin/true");
	});

	it("have the kernel's layout where the program declares only what it reads", async () => {
		const { programs } = await compileAndLoad(`${HEAD}
struct trace_event_raw_sys_enter___mine { unsigned long args[6]; } __attribute__((preserve_access_index));
SEC("tp/syscalls/sys_enter_openat") int opens(struct trace_event_raw_sys_enter___mine *ctx) { return (int)ctx->args[2]; }
${LICENSE}`);
		expect(programs.opens.run({ context: { args: [0, 0, 40] } }).retval).toBe(40);
	});

	it("are bytes where the parameter is no struct", async () => {
		const { programs } = await compileAndLoad(`${HEAD} SEC("tp/syscalls/sys_enter_openat") int opens(long *ctx) { return (int)ctx[1]; } ${LICENSE}`);
		expect(programs.opens.run({ context: new Uint8Array([0, 0, 0, 0, 0, 0, 0, 0, 9]) }).retval).toBe(9);
		expect(() => programs.opens.run({ context: { id: 1 } })).toThrow("this program's context is bytes: its parameter is no pointer to a struct");
	});
});

it("a syscall program's context is its own struct, which it may change", async () => {
	const { programs } = await compileAndLoad(`
		struct args { int a, b; long sum; };
		__attribute__((section("syscall"), used)) int add(struct args *args) { args->sum = args->a + args->b; return 0; }`);
	expect(programs.add.run({ context: { a: 40, b: 2 } }).fields).toEqual({ a: 40, b: 2, sum: 42n });
});

it("a traced function's arguments are no record", async () => {
	const { programs } = await compileAndLoad(`__attribute__((section("raw_tp/sched_switch"), used)) int f(void *ctx) { return 0; }`);
	expect(() => programs.f.run({ context: { prev: 1 } })).toThrow("this program's context is its arguments: args");
});
