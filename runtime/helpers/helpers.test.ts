import { describe, expect, it } from "vitest";
import { helperByName, helpers } from "../../assembler/spec/helpers.ts";
import type { HelperName } from "../../assembler/spec/helpers.ts";
import { bareImage } from "../../test/support/image.ts";
import { errno } from "../errno.ts";
import { runState } from "../invoke.ts";
import { Machine } from "../machine.ts";
import type { MachineOptions } from "../machine.ts";
import { exchange } from "../memory.ts";
import { headroom, PacketBuffer, xdpRoom } from "../programs/packet.ts";
import { formatText } from "./format.ts";
import { helperImplementation } from "./index.ts";

/** Calls a helper as an engine would. Texts become addresses of NUL-terminated copies. */
function caller(options: MachineOptions = {}, packet: Uint8Array | null = null) {
	const machine = new Machine({ memory: { initial: 1 << 18 }, ...options });
	const { memory } = machine;
	const program = { image: bareImage("test", [], { type: 6 }), machine, maps: [], ksyms: new Map<number, number>(), facts: null };
	const context = memory.alloc(192, 8, "context");
	const state = packet === null ? null : { ...new PacketBuffer(memory, xdpRoom).fill(packet, new Uint8Array(0)), sync: () => undefined };
	machine.run = runState(program, context, { packet: state });
	const text = (value: string): number => {
		const bytes = new TextEncoder().encode(`${value}\0`);
		const at = memory.alloc(bytes.length);
		memory.u8.set(bytes, at);
		return at;
	};
	const call = (name: HelperName, ...args: (number | bigint | string)[]): bigint => {
		const helper = helperImplementation(helperByName(name)?.id ?? 0);
		if (helper === undefined) throw new Error(`${name} is not there`);
		const values = args.map((arg) => (typeof arg === "string" ? BigInt(text(arg)) : BigInt.asUintN(64, BigInt(arg))));
		values.forEach((value, i) => {
			if (helper.wide & (1 << i)) memory.i32[(exchange.args >> 2) + i] = Number(BigInt.asIntN(32, value >> 32n));
		});
		const low = (i: number): number => Number(BigInt.asIntN(32, values[i] ?? 0n));
		const result = helper.run(machine, low(0), low(1), low(2), low(3), low(4));
		if (helper.result === "wide") return BigInt.asIntN(64, (BigInt(memory.i32[exchange.result >> 2]) << 32n) | BigInt(result >>> 0));
		return BigInt(helper.result === "signed" ? result | 0 : result >>> 0);
	};
	return { call, machine, memory, text, state };
}

describe("the table", () => {
	it("has every number once, in order", () => {
		expect(helpers.map((row) => row.id)).toEqual(Array.from({ length: 211 }, (_, i) => i + 1));
		expect(new Set(helpers.map((row) => row.name)).size).toBe(211);
	});
});

describe("formatted output", () => {
	it.each([
		["%d %u", [-1n, -1n], "-1 4294967295"],
		["%lld %llx", [-5n, 0xffffffffffffffffn], "-5 ffffffffffffffff"],
		["[%5d|%-5d|%05d]", [42n, 42n, -42n], "[   42|42   |-0042]"],
		["%x %X %c %%", [255n, 255n, 65n], "ff FF A %"],
		["%+d|% d|%-+6d|%06lld", [7n, 7n, -7n, -7n], "+7| 7|-7    |-00007"],
		["\u00c2\u00b5s %d", [1n], "\u00c2\u00b5s 1"],
		["%pI4", [0n], "127.0.0.1"],
		["%s.", [1n], "word."],
	])("%s", (format, values, wanted) => {
		const { memory, text } = caller();
		const address = memory.alloc(4);
		memory.u8.set([127, 0, 0, 1], address);
		const word = text("word");
		const given = values.map((value) => (format === "%pI4" ? BigInt(address) : format === "%s." ? BigInt(word) : value));
		expect(formatText(memory, format, given)).toBe(wanted);
	});

	it.each(["%#x", "%hd", "%hhu", "%.3s", "%o", "%zu", "%*d", "%sx", "%pksx", "%q", "%", "\x01"])("what the kernel does not print: %s", (format) => {
		expect(formatText(caller().memory, format, [1n, 1n])).toBe(-errno.EINVAL);
	});

	it("goes to the trace, and refuses a format with too few values", () => {
		const lines: string[] = [];
		const { call } = caller({ environment: { print: (line) => lines.push(line) } });
		expect(call("bpf_trace_printk", "x=%d\n", 6, 7)).toBe(4n);
		expect(lines).toEqual(["x=7"]);
		expect(formatText(caller().memory, "%d", [])).toBe(-errno.EINVAL);
	});
});

describe("number parsing", () => {
	it("of a buffer that is longer than a call takes arguments", () => {
		const { call, memory } = caller();
		const size = 300_000;
		const text = memory.alloc(size);
		memory.u8.fill(0x20, text, text + size - 2);
		memory.u8.set([0x34, 0x32], text + size - 2);
		const out = memory.alloc(8);
		expect(call("bpf_strtol", text, size, 0, out)).toBe(BigInt(size));
		expect(memory.view.getBigInt64(out, true)).toBe(42n);
	});

	it.each([
		["bpf_strtol", "-42x", 0n, 3n, -42n],
		["bpf_strtol", "0x7f", 16n, 4n, 127n],
		["bpf_strtol", " 010", 0n, 4n, 8n],
		["bpf_strtoul", "18446744073709551615", 10n, 20n, 0xffffffffffffffffn],
	] as const)("%s of %s", (name, source, base, used, value) => {
		const { call, memory, text } = caller();
		const out = memory.alloc(8);
		expect(call(name, text(source), source.length, base, out)).toBe(used);
		expect(BigInt.asUintN(64, memory.view.getBigInt64(out, true))).toBe(BigInt.asUintN(64, value));
	});

	it("says what is no number, what is too large, and what base is none", () => {
		const { call, memory } = caller();
		const out = memory.alloc(8);
		expect(call("bpf_strtol", "abc", 3, 10, out)).toBe(BigInt(-errno.EINVAL));
		expect(call("bpf_strtol", "9223372036854775808", 19, 10, out)).toBe(BigInt(-errno.ERANGE));
		expect(call("bpf_strtoul", "-1", 2, 10, out)).toBe(BigInt(-errno.EINVAL));
		expect(call("bpf_strtol", "1", 1, 7, out)).toBe(BigInt(-errno.EINVAL));
	});
});

describe("the world", () => {
	it("is what the test says it is", () => {
		const { call, memory } = caller({ environment: { monotonic: () => 5_000_000_000n, cpu: 3, task: { pid: 7, tgid: 6, uid: 1, gid: 2, comm: "a-long-command-name", cgroupId: 9n, address: 0 } } });
		expect(call("bpf_ktime_get_ns")).toBe(5_000_000_000n);
		expect(call("bpf_get_smp_processor_id")).toBe(3n);
		expect(call("bpf_get_current_pid_tgid")).toBe((6n << 32n) | 7n);
		const to = memory.alloc(16);
		expect(call("bpf_get_current_comm", to, 16)).toBe(0n);
		expect(memory.string(to)).toBe("a-long-command-");
	});
});

describe("reading memory that may not be there", () => {
	it("gives zeroes, −ERANGE for what would be user space, −EFAULT for what the kernel has not there", () => {
		const { call, memory, text } = caller();
		const to = memory.alloc(8);
		for (const from of [0n, 100n, 0xffffffffn, 0xffff888000000000n]) {
			memory.u8.fill(1, to, to + 8);
			expect(call("bpf_probe_read_kernel", to, 8, from)).toBe(BigInt(from < 1n << 47n ? -errno.ERANGE : -errno.EFAULT));
			expect(memory.view.getBigUint64(to, true)).toBe(0n);
		}
		expect(call("bpf_probe_read_kernel_str", to, 8, text("hi"))).toBe(3n);
		expect(call("bpf_probe_read_user_str", to, 4, text("hello"))).toBe(4n);
		expect(memory.string(to)).toBe("hel");
	});
});

describe("packets", () => {
	it("load and store inside only", () => {
		const { call, memory } = caller({}, new Uint8Array(64).fill(7));
		const to = memory.alloc(16);
		expect(call("bpf_skb_load_bytes", 0, 60, to, 4)).toBe(0n);
		expect(memory.u8[to]).toBe(7);
		expect(call("bpf_skb_load_bytes", 0, 61, to, 4)).toBe(BigInt(-errno.EFAULT));
		expect(memory.u8[to]).toBe(0);
		expect(call("bpf_skb_load_bytes", 0, -1, to, 4)).toBe(BigInt(-errno.EFAULT));
		expect(call("bpf_skb_store_bytes", 0, 0, to, 65, 0)).toBe(BigInt(-errno.EFAULT));
	});

	it("move their head and tail within the buffer", () => {
		const { call, state } = caller({}, new Uint8Array(64));
		const data = state?.data ?? 0;
		expect(call("bpf_xdp_adjust_head", 0, -headroom - 1)).toBe(BigInt(-errno.EINVAL));
		expect(call("bpf_xdp_adjust_head", 0, -16)).toBe(0n);
		expect(state?.data).toBe(data - 16);
		expect(call("bpf_xdp_adjust_tail", 0, -70)).toBe(BigInt(-errno.EINVAL));
		expect(call("bpf_xdp_adjust_tail", 0, 10)).toBe(0n);
		expect(call("bpf_xdp_get_buff_len", 0)).toBe(90n);
	});

	it("keep checksums right", () => {
		const header = new Uint8Array([0x45, 0, 0, 0x73, 0, 0, 0x40, 0, 0x40, 0x11, 0xb8, 0x61, 0xc0, 0xa8, 0, 1, 0xc0, 0xa8, 0, 0xc7]);
		const { call, memory, state } = caller({}, header);
		const data = state?.data ?? 0;
		const from = memory.alloc(4);
		const to = memory.alloc(4);
		memory.u8.set([0xc0, 0xa8, 0, 1], from);
		memory.u8.set([10, 0, 0, 1], to);
		expect(call("bpf_l3_csum_replace", 0, 10, memory.view.getUint32(from, true), memory.view.getUint32(to, true), 4)).toBe(0n);
		memory.u8.set([10, 0, 0, 1], data + 12);
		let sum = 0;
		for (let i = 0; i < 20; i += 2) sum += memory.view.getUint16(data + i);
		expect((sum & 0xffff) + (sum >>> 16)).toBe(0xffff);
		expect(call("bpf_csum_diff", from, 4, from, 4, 0)).toBe(0xffffn);
		expect(call("bpf_csum_diff", 0, 0, from, 4, 0)).toBe(BigInt(0xa8c0 + 0x0100));
	});
});

describe("dynamic pointers", () => {
	it("read and write inside only", () => {
		const { call, memory, text } = caller();
		const [data, pointer, to] = [memory.alloc(16), memory.alloc(16), memory.alloc(16)];
		expect(call("bpf_dynptr_from_mem", data, 16, 0, pointer)).toBe(0n);
		expect(call("bpf_dynptr_write", pointer, 12, text("abcd"), 4, 0)).toBe(0n);
		expect(call("bpf_dynptr_write", pointer, 13, text("abcd"), 4, 0)).toBe(BigInt(-errno.E2BIG));
		expect(call("bpf_dynptr_read", to, 4, pointer, 12, 0)).toBe(0n);
		expect(memory.u8[to]).toBe(97);
		expect(call("bpf_dynptr_data", pointer, 12, 4)).toBe(BigInt(data + 12));
		expect(call("bpf_dynptr_data", pointer, 12, 5)).toBe(0n);
	});
});
