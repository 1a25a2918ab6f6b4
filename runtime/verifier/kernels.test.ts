/** Releases from Linux's history, and the bill of a small program. */
import { describe, expect, it } from "vitest";
import { helpers } from "../../assembler/spec/helpers.ts";
import { bareImage } from "../../test/support/image.ts";
import type { MapDef, ProgramImage } from "../image.ts";
import { KFUNCS } from "./calls/kfunc-facts.ts";
import { KFUNCS_WITH_RELEASE } from "./kfunc-releases.ts";
import { bill, needs, oldestKernel, verify } from "./index.ts";

const call = (name: string): ProgramImage => bareImage("p", [{ opcode: 0x85, dst: 0, src: 0, off: 0, imm: helpers.find((row) => row.name === name)?.id ?? -1 }]);
const insn = (opcode: number, off = 0, imm = 0, src = 0): ProgramImage => bareImage("p", [{ opcode, dst: 1, src, off, imm }]);
const type = (id: number): ProgramImage => bareImage("p", [{ opcode: 0x95, dst: 0, src: 0, off: 0, imm: 0 }], { type: id });
const mapOf = (id: number): ProgramImage => {
	const map: MapDef = { name: "m", type: id, keySize: 4, valueSize: 8, maxEntries: 1, flags: 0, extra: 0n, keyTypeId: 0, valueTypeId: 0, btf: null, inner: null, initial: null, frozen: false, pinning: 0, slots: [] };
	return bareImage("p", [{ opcode: 0x18, dst: 1, src: 1, off: 0, imm: 0 }, { opcode: 0, dst: 0, src: 0, off: 0, imm: 0 }], { maps: [map] });
};

const kfunc = (name: string): ProgramImage => bareImage("p", [{ opcode: 0x85, dst: 0, src: 2, off: 0, imm: 7 }], { kfuncs: [{ insn: 0, name, btfId: 7 }] });

describe("the oldest kernel", () => {
	it("of a kernel function without a known release says so", () => {
		expect(needs(kfunc("bpf_of_nobody")).map(({ what }) => what)).toContain("kernel function bpf_of_nobody (its own release is not known here: at least 5.13)");
	});

	it("knows releases only of functions that the verifier knows", () => {
		expect(KFUNCS_WITH_RELEASE.filter((name) => !Object.hasOwn(KFUNCS, name))).toEqual([]);
	});

	it.each<readonly [string, ProgramImage, string]>([
		["bpf_probe_read_kernel", call("bpf_probe_read_kernel"), "5.5"], ["bpf_ringbuf_output", call("bpf_ringbuf_output"), "5.8"], ["bpf_ktime_get_boot_ns", call("bpf_ktime_get_boot_ns"), "5.8"],
		["bpf_copy_from_user", call("bpf_copy_from_user"), "5.10"], ["bpf_for_each_map_elem", call("bpf_for_each_map_elem"), "5.13"], ["bpf_snprintf", call("bpf_snprintf"), "5.13"], ["bpf_timer_init", call("bpf_timer_init"), "5.15"],
		["bpf_loop", call("bpf_loop"), "5.17"], ["bpf_strncmp", call("bpf_strncmp"), "5.17"], ["bpf_xdp_load_bytes", call("bpf_xdp_load_bytes"), "5.18"], ["bpf_dynptr_from_mem", call("bpf_dynptr_from_mem"), "5.19"],
		["bpf_user_ringbuf_drain", call("bpf_user_ringbuf_drain"), "6.1"], ["bpf_cgrp_storage_get", call("bpf_cgrp_storage_get"), "6.2"], ["a ring buffer", mapOf(27), "5.8"], ["a bloom filter", mapOf(30), "5.16"],
		["an arena", mapOf(33), "6.9"], ["sk_lookup programs", type(30), "5.9"], ["bpf() programs", type(31), "5.14"], ["netfilter programs", type(32), "6.4"], ["32-bit comparisons", insn(0x16), "5.1"],
		["an atomic exchange", insn(0xdb, 0, 0xe1), "5.12"], ["sign-extending moves", insn(0xbf, 8, 0, 2), "6.6"], ["a load-acquire", insn(0xdb, 0, 0x100), "6.15"], ["kernel functions", kfunc("bpf_of_nobody"), "5.13"],
		["a number iterator", kfunc("bpf_iter_num_new"), "6.4"], ["RCU sections", kfunc("bpf_rcu_read_lock"), "6.2"], ["a resilient lock", kfunc("bpf_res_spin_lock"), "6.15"], ["a function that got a suffix", kfunc("bpf_stream_vprintk_impl"), "6.17"],
	])("with %s is known", (_, image, since) => {
		expect(oldestKernel(needs(image))).toBe(since);
	});
});

describe("the bill", () => {
	it("counts instructions, visits and stack for lines and variables", () => {
		const at = (slot: number, line: number, text: string) => ({ insn: slot, file: "p.c", line, column: 1, text });
		const image = bareImage("p", [
			{ opcode: 0x62, dst: 10, src: 0, off: -4, imm: 1 }, { opcode: 0x7a, dst: 10, src: 0, off: -16, imm: 2 }, { opcode: 0xb7, dst: 0, src: 0, off: 0, imm: 0 }, { opcode: 0x95, dst: 0, src: 0, off: 0, imm: 0 },
		], { lineInfo: [at(0, 3, "int key = 1;"), at(1, 4, "long sum = 2;"), at(2, 5, "return 0;")] });
		const { lines, variables } = bill(image, verify(image).stats.visits);
		expect(lines.map(({ name, insns, visits, stack }) => [name, insns, visits, stack])).toEqual([["p.c:5", 2, 2, 0], ["p.c:4", 1, 1, 8], ["p.c:3", 1, 1, 4]]);
		expect(variables.map(({ name, stack }) => [name, stack])).toEqual([["sum", 8], ["key", 4]]);
	});
});
