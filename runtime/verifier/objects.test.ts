/** What struct_ops programs may do with the kernel's structs, RCU sections, kernel functions and stacks, by the types of Linux 6.18. */
import { describe, expect, it } from "vitest";
import type { Btf } from "../../assembler/btf/types.ts";
import type { Insn } from "../../assembler/spec/insn.ts";
import { bareImage } from "../../test/support/image.ts";
import { linuxTypes as kernel } from "../../test/support/linux-types.ts";
import { emptyMap } from "../loader/placed-map.ts";
import { verify } from "./index.ts";

const i = (opcode: number, dst = 0, src = 0, off = 0, imm = 0): Insn => ({ opcode, dst, src, off, imm });

function verdictOf(struct: string, member: number, insns: readonly Insn[]): string {
	const answer = verify(bareImage("p", insns, { type: 27, expectedAttachType: member, attach: { btfId: kernel.find(struct, "struct"), name: struct } }), { kernel });
	return answer.verdict === "accept" ? "accept" : answer.rejection.message;
}

describe("the context of a tracepoint", () => {
	const read = (opcode: number, off: number, expectedAttachType = 23, name = "btf_trace_sched_switch", kind: "typedef" | "func" = "typedef") =>
		verify(bareImage("p", [i(opcode, 2, 1, off), i(0xb7), i(0x95)], { type: 26, expectedAttachType, attach: { btfId: kernel.find(name, kind), name } }), { kernel, logLevel: 2 });

	it("says why it has no such argument", () => {
		const log = (opcode: number, off: number): string => read(opcode, off).log.split("\n").filter((line) => line.startsWith("func '")).join("; ");
		expect(log(0x79, 8)).toMatch(/^func 'sched_switch' arg1 has btf_id \d+ type STRUCT 'task_struct'$/);
		expect(log(0x71, 9)).toBe("func 'sched_switch' offset 9 is not multiple of 8");
		expect(log(0x61, 8)).toBe("func 'sched_switch' size 4 must be 8");
		// The data pointer in front of the arguments counts where they end, the result of nothing does not.
		expect(log(0x79, 40)).toBe("func 'sched_switch' doesn't have 7-th argument");
		expect(log(0x79, 32)).toBe("func 'sched_switch' doesn't have 5-th argument");
	});

	it("is none of security hooks'", () => {
		const answer = read(0xbf, 0, 27, "bpf_iter_task", "func");
		expect(answer.verdict === "accept" ? null : answer.rejection).toMatchObject({ errno: 524, message: "unknown attach type 27 of a tracing program" });
	});
});

describe("RCU sections", () => {
	const sections = (names: readonly string[]): string => {
		const ids = names.map((name) => kernel.find(name, "func"));
		const insns = [...ids.map((id) => i(0x85, 0, 2, 0, id)), i(0xb7), i(0x95)];
		const answer = verify(bareImage("p", insns, { type: 5, kfuncs: names.map((name, insn) => ({ insn, name, btfId: ids[insn] })) }), { kernel });
		return answer.verdict === "accept" ? "accept" : answer.rejection.message;
	};

	it("follow one another, and do not nest", () => {
		const [lock, unlock] = ["bpf_rcu_read_lock", "bpf_rcu_read_unlock"];
		expect(sections([lock, unlock, lock, unlock])).toBe("accept");
		expect(sections([lock, lock, unlock, unlock])).toContain("nested rcu read lock");
	});
});

describe("kernel functions", () => {
	it("take no null that their parameter's name does not allow, whatever their flags", () => {
		const btfId = kernel.find("bpf_copy_from_user_str", "func");
		const insns = [i(0xb7, 1), i(0xb7, 2), i(0xb7, 3), i(0xb7, 4), i(0x85, 0, 2, 0, btfId), i(0xb7), i(0x95)];
		const answer = verify(bareImage("p", insns, { type: 31, flags: 16, kfuncs: [{ insn: 4, name: "bpf_copy_from_user_str", btfId }] }), { kernel });
		expect(answer.verdict === "accept" ? "" : answer.rejection.message).toBe("Possibly NULL pointer passed to trusted arg0");
	});

	it("take nobody knows what where the program may not call them: all registers that a call may take are live", () => {
		const btfId = kernel.find("bpf_throw", "func");
		const live = (type: number): string[] => {
			const { log } = verify(bareImage("p", [i(0xb7, 1), i(0x85, 0, 2, 0, btfId), i(0x95)], { type, kfuncs: [{ insn: 1, name: "bpf_throw", btfId }] }), { kernel, logLevel: 2 });
			return [...log.matchAll(/^ +\d: ([.\d]{10}) /gm)].map(([, registers]) => registers);
		};
		expect(live(1)).toEqual(["..2345....", ".12345....", "0........."]);
		expect(live(6)).toEqual(["..........", ".1........", "0........."]);
	});

	it("and their arguments are of structs that no two of the kernel's have a name of", () => {
		const [INT, POINTER, PROTO, MAIN, OTHER] = [1, 3, 4, 6, 7];
		const message = (struct: string): string => {
			const btf = { types: [
				{ kind: "void" }, { kind: "int", name: "int", size: 4, bits: 32, offset: 0, encoding: 1 }, { kind: "struct", name: struct, size: 0, members: [] }, { kind: "ptr", type: 2 },
				{ kind: "func_proto", result: INT, params: [{ name: "p", type: POINTER }] }, { kind: "func_proto", result: INT, params: [] }, { kind: "func", name: "main", type: PROTO + 1, linkage: "global" },
				{ kind: "func", name: "other", type: PROTO, linkage: "global" }, { kind: "decl_tag", name: "arg:trusted", type: OTHER, componentIndex: 0 },
			] } as unknown as Btf;
			const insns = [i(0xb7, 1), i(0x85, 0, 1, 0, 1), i(0x95), i(0xb7), i(0x95)];
			const answer = verify(bareImage("p", insns, { type: 31, flags: 16, btf, funcInfo: [[0, MAIN], [3, OTHER]] }), { kernel });
			return answer.verdict === "accept" ? "accept" : (answer.rejection.notes ?? []).join("; ");
		};
		expect(kernel.named("console", "struct").length).toBe(2);
		expect(message("console")).toBe("arg#0 reference type('STRUCT console') is ambiguous");
		expect(message("task_struct___mine")).not.toContain("reference type");
		expect(message("no_such_thing")).toBe("arg#0 reference type('STRUCT no_such_thing') has no matches");
		expect(message("")).toBe("arg#0 reference type('STRUCT (anon)') candidate matching error: -22");
	});

	it("whose references are kept are told one by one", () => {
		const btfId = kernel.find("bpf_task_from_pid", "func");
		const take = [i(0xb7, 1, 0, 0, 1), i(0x85, 0, 2, 0, btfId), i(0x15, 0, 0, 0)];
		const insns = [...take, ...take, i(0xb7), i(0x95)];
		const answer = verify(bareImage("p", insns, { type: 31, flags: 16, kfuncs: [1, 4].map((insn) => ({ insn, name: "bpf_task_from_pid", btfId })) }), { kernel });
		expect(answer.verdict === "accept" ? "" : answer.log).toMatch(/Unreleased reference id=\d+ alloc_insn=1\nUnreleased reference id=\d+ alloc_insn=4\nBPF_EXIT instruction in main prog would lead to reference leak$/);
	});

	it("want their iterator somewhere: fp+0 is where 6.18 finds the one at fp-8, and says nothing of it", () => {
		const btfId = kernel.find("bpf_iter_num_next", "func");
		const at = (off: number): string => {
			const insns = [i(0xbf, 1, 10), i(0x07, 1, 0, 0, off), i(0x85, 0, 2, 0, btfId), i(0xb7), i(0x95)];
			const answer = verify(bareImage("p", insns, { type: 3, kfuncs: [{ insn: 2, name: "bpf_iter_num_next", btfId }] }), { kernel });
			return answer.verdict === "accept" ? "" : answer.log;
		};
		expect(at(0)).toBe("expected an initialized iter_num as arg #0");
		expect(at(8)).toBe("cannot pass in iter at an offset=8\nexpected an initialized iter_num as arg #0");
	});

	it("and variables have an id of either, which 0 is not", () => {
		const said = (id: number): string => {
			const answer = verify(bareImage("p", [i(0x18, 1, 3, 0, id), i(0), i(0xb7), i(0x95)], { type: 3 }), { kernel });
			return answer.verdict === "accept" ? "" : answer.rejection.message;
		};
		expect(said(0)).toBe("pseudo btf_id 0 in ldimm64 isn't KIND_VAR or KIND_FUNC");
		expect(said(-1)).toBe("ldimm64 insn specifies invalid btf_id -1.");
	});

	const calling = (name: string, before: readonly Insn[]) => {
		const btfId = kernel.find(name, "func");
		return verify(bareImage("p", [...before, i(0x85, 0, 2, 0, btfId), i(0xb7), i(0x95)], { type: 31, flags: 16, kfuncs: [{ insn: before.length, name, btfId }] }), { kernel });
	};

	it("whose buffer may be left out want its size to be a number all the same, and say so of the buffer", () => {
		const btfId = kernel.find("bpf_dynptr_slice", "func");
		const dynptr = (r: number): Insn[] => [i(0xbf, r, 10), i(0x07, r, 0, 0, -16)];
		const made = [i(0x18, 1, 2), i(0), i(0xb7, 2, 0, 0, 8), i(0xb7, 3), ...dynptr(4), i(0x85, 0, 0, 0, 197)];
		const slice = (size: Insn): string => {
			const insns = [...made, ...dynptr(1), i(0xb7, 2), i(0xb7, 3), size, i(0x85, 0, 2, 0, btfId), i(0xb7), i(0x95)];
			const maps = [{ ...emptyMap("array", null), type: 2, keySize: 4, valueSize: 64, maxEntries: 1 }];
			const answer = verify(bareImage("p", insns, { type: 3, maps, kfuncs: [{ insn: made.length + 5, name: "bpf_dynptr_slice", btfId }] }), { kernel });
			return answer.verdict === "accept" ? "accept" : answer.rejection.message;
		};
		expect(slice(i(0xb7, 4, 0, 0, 8))).toBe("accept");
		expect(slice(i(0xbf, 4, 10))).toBe("arg#2 pointer type UNKNOWN  must point to scalar, or struct with scalar");
	});

	it("say of an argument without a value what they say of one of the wrong kind", () => {
		const message = (name: string, before: readonly Insn[]): string => {
			const answer = calling(name, before);
			return answer.verdict === "accept" ? "accept" : answer.rejection.message;
		};
		expect(message("bpf_iter_num_next", [i(0x85, 0, 0, 0, 7)])).toBe("variable ? access var_off=(0x0; 0xffffffffffffffff) disallowed");
		expect(message("bpf_iter_num_new", [i(0xbf, 1, 10), i(0xb7, 2), i(0xb7, 3)])).toBe("invalid write to stack R1 off=0 size=8");
		expect(message("bpf_iter_num_new", [i(0xb7, 1, 0, 0, 1), i(0xb7, 2), i(0xb7, 3)])).toBe("arg#0 expected pointer to an iterator on stack");
		expect(message("bpf_task_release", [i(0x85, 0, 0, 0, 7)])).toBe("arg#0 pointer type STRUCT task_struct must point to scalar, or struct with scalar");
	});

	it("name the pair of memory and size that does not fit, after what is wrong with it", () => {
		const answer = calling("bpf_copy_from_user_str", [i(0xbf, 1, 10), i(0x07, 1, 0, 0, -8), i(0xb7, 2, 0, 0, 16), i(0xb7, 3), i(0xb7, 4)]);
		expect(answer.verdict === "accept" ? null : answer.rejection).toMatchObject({
			message: "arg#0 arg#1 memory, len pair leads to invalid memory access", code: "V0211", notes: ["invalid read from stack R1 off=-8 size=16"],
		});
	});
});

describe("struct_ops programs", () => {
	const argument = i(0x79, 6, 1);
	const end = [i(0xb7), i(0x95)];

	it("take an argument that the kernel names __nullable as null or not", () => {
		expect(verdictOf("bpf_dummy_ops", 0, [argument, i(0x61, 0, 6), ...end])).toBe("R6 invalid mem access 'trusted_ptr_or_null_'");
		expect(verdictOf("bpf_dummy_ops", 0, [argument, i(0x15, 6, 0, 1), i(0x61, 0, 6), ...end])).toBe("accept");
	});

	it("write the whole of the test structure's state, and nothing beyond", () => {
		expect(verdictOf("bpf_dummy_ops", 0, [argument, i(0x15, 6, 0, 1), i(0x62, 6, 0, 0, 1), ...end])).toBe("accept");
		expect(verdictOf("bpf_dummy_ops", 0, [argument, i(0x15, 6, 0, 1), i(0x62, 6, 0, 2, 1), ...end])).toBe("write access at off 2 with size 4");
	});

	it("write a member of a TCP socket from its start only", () => {
		const ops = kernel.type(kernel.find("tcp_congestion_ops", "struct"));
		const sock = kernel.type(kernel.find("tcp_sock", "struct"));
		if (ops.kind !== "struct" || sock.kind !== "struct") throw new Error("no structs");
		const init = ops.members.findIndex((m) => m.name === "init");
		const cwnd = sock.members.find((m) => m.name === "snd_cwnd")!.bitOffset / 8;
		expect(verdictOf("tcp_congestion_ops", init, [argument, i(0x62, 6, 0, cwnd, 1), ...end])).toBe("accept");
		expect(verdictOf("tcp_congestion_ops", init, [argument, i(0x6a, 6, 0, cwnd + 2, 1), ...end])).toContain("no write support");
	});
});

describe("stacks", () => {
	/** Two functions of 288 bytes each. */
	const insns = [i(0x7a, 10, 0, -288), i(0x85, 0, 1, 0, 2), i(0xb7), i(0x95), i(0x7a, 10, 0, -288), i(0xb7), i(0x95)];
	const traced = (expectedAttachType: number, name: string, kind: "typedef" | "func") =>
		verify(bareImage("p", insns, { type: 26, expectedAttachType, attach: { btfId: kernel.find(name, kind), name } }), { kernel }).verdict;

	it("of tracing programs are each function's own, of iterators shared", () => {
		expect(traced(23, "btf_trace_sched_switch", "typedef")).toBe("accept");
		expect(traced(28, "bpf_iter_task", "func")).toBe("reject");
	});
});

it("the registers of a task are no trusted pointer", () => {
	const insns = [i(0x85, 0, 0, 0, 158), i(0xbf, 1, 0), i(0x85, 0, 0, 0, 175), i(0x79, 0), i(0xb7), i(0x95)];
	const answer = verify(bareImage("p", insns, { type: 5 }), { kernel, logLevel: 2 });
	expect(answer.log).toContain("R0=ptr_pt_regs()");
});

describe("locks that may fail", () => {
	const u32 = 1;
	const btf: Btf = {
		types: [
			{ kind: "void" }, { kind: "int", name: "unsigned int", size: 4, bits: 32, offset: 0, encoding: 0 },
			{ kind: "struct", name: "bpf_res_spin_lock", size: 4, members: [{ name: "val", type: u32, bitOffset: 0, bitSize: 0 }] },
			{ kind: "struct", name: "guarded", size: 8, members: [{ name: "lock", type: 2, bitOffset: 0, bitSize: 0 }, { name: "count", type: u32, bitOffset: 32, bitSize: 0 }] },
		],
	};
	const map = { ...emptyMap("m", btf), type: 2, keySize: 4, valueSize: 8, maxEntries: 1, keyTypeId: u32, valueTypeId: 3 };
	const value = [i(0x18, 1, 2), i(0)];

	/** `between` runs with the lock, when it was had. */
	function locking(between: readonly Insn[]): string {
		const names = ["bpf_res_spin_lock", "bpf_res_spin_unlock"];
		const [lock, unlock] = names.map((name) => kernel.find(name, "func"));
		const insns = [...value, i(0x85, 0, 2, 0, lock), i(0x55, 0, 0, between.length + 3), ...between, ...value, i(0x85, 0, 2, 0, unlock), i(0xb7), i(0x95)];
		const kfuncs = insns.flatMap((insn, at) => (insn.opcode === 0x85 && insn.src === 2 ? [{ insn: at, name: names[insn.imm === lock ? 0 : 1], btfId: insn.imm }] : []));
		const answer = verify(bareImage("p", insns, { type: 3, maps: [map], kfuncs }), { kernel });
		return answer.verdict === "accept" ? "accept" : answer.rejection.message;
	}

	it("are four bytes of a map's value, held only where the call gave 0", () => {
		expect(locking([])).toBe("accept");
		expect(locking([...value, i(0x85, 0, 2, 0, kernel.find("bpf_res_spin_lock", "func"))])).toBe("Acquiring the same lock again, AA deadlock detected");
	});
});

it("a program or a link of an iterator is no trusted pointer, a map is", () => {
	const message = (name: string): string => {
		const answer = verify(bareImage("p", [i(0x79, 1, 1, 8), i(0x85, 0, 0, 0, 1), i(0xb7), i(0x95)], { type: 26, expectedAttachType: 28, attach: { btfId: kernel.find(name, "func"), name } }), { kernel });
		return answer.verdict === "accept" ? "accept" : answer.rejection.message;
	};
	expect(message("bpf_iter_bpf_prog")).toBe("R1 type=ptr_or_null_ expected=map_ptr");
	expect(message("bpf_iter_bpf_link")).toBe("R1 type=ptr_or_null_ expected=map_ptr");
	expect(message("bpf_iter_bpf_map")).toBe("R1 type=trusted_ptr_or_null_ expected=map_ptr");
});

it("the path of a file is asked for where that is known to be safe", () => {
	const offset = (struct: string, member: string): number => {
		const t = kernel.type(kernel.find(struct, "struct"));
		if (t.kind !== "struct") throw new Error(struct);
		for (const m of t.members) {
			const inner = m.name === "" ? kernel.type(m.type) : null;
			const found = m.name === member ? m : inner?.kind === "struct" || inner?.kind === "union" ? inner.members.find((x) => x.name === member) : undefined;
			if (found !== undefined) return (m === found ? m.bitOffset : m.bitOffset + found.bitOffset) / 8;
		}
		throw new Error(member);
	};
	const insns = [
		i(0x85, 0, 0, 0, 158), i(0x79, 1, 0, offset("task_struct", "mm")), i(0x79, 1, 1, offset("mm_struct", "exe_file")), i(0x07, 1, 0, 0, offset("file", "f_path")),
		i(0xbf, 2, 10), i(0x07, 2, 0, 0, -64), i(0xb7, 3, 0, 0, 64), i(0x85, 0, 0, 0, 147), i(0xb7), i(0x95),
	];
	const verdict = (name: string, kind: "func" | "typedef", expectedAttachType: number): string => {
		const answer = verify(bareImage("p", insns, { type: 26, expectedAttachType, attach: { btfId: kernel.find(name, kind), name } }), { kernel });
		return answer.verdict === "accept" ? "accept" : answer.rejection.message;
	};
	expect(verdict("bpf_iter_task", "func", 28)).toBe("accept");
	expect(verdict("btf_trace_sched_switch", "typedef", 23)).toBe("helper call is not allowed in probe");
	expect(verdict("filp_close", "func", 24)).toBe("accept");
	expect(verdict("vfs_read", "func", 24)).toBe("helper call is not allowed in probe");
});
