/** Rules of contexts that no field list shows at once. Facts: the is_valid_access functions of Linux 6.18. */
import { describe, expect, it } from "vitest";
import { cgroupSock, perfEvent, sockOps } from "./contexts.ts";
import { specOf } from "./table.ts";

const read = (off: number, size: number, attach = 0) => ({ off, size, write: false, signExtend: false, attach });

describe("contexts", () => {
	it("bpf_sock: only the first byte of family, type and protocol, the first half of ports, can be read alone", () => {
		expect([4, 5, 6, 8, 9, 12].map((off) => cgroupSock(read(off, 1, 2)) !== null)).toEqual([true, false, false, true, false, true]);
		expect([44, 46].map((off) => cgroupSock(read(off, 2, 12)) !== null)).toEqual([true, false]);
	});

	it("bpf_sock: addresses can be read byte by byte", () => {
		expect([28, 29, 43].every((off) => cgroupSock(read(off, 1, 13)) !== null)).toBe(true);
	});

	it("bpf_sock_ops: the TCP flags can be read from their start only", () => {
		expect([212, 213, 214].map((off) => sockOps(read(off, 1)) !== null)).toEqual([true, false, false]);
	});

	it("bpf_perf_event_data: reads are aligned, four bytes too", () => {
		expect([168, 170, 172].map((off) => perfEvent(read(off, 4)) !== null)).toEqual([true, false, true]);
	});
});

describe("attach types", () => {
	it("that a program type does not have are refused", () => {
		expect([0, 1, 2].map((attach) => specOf(8)!.attachType(attach))).toEqual([0, 1, null]);
		expect(specOf(30)!.attachType(0)).toBeNull();
	});

	it("left out, stand for the first one in socket and reuseport programs", () => {
		expect([specOf(9)!.attachType(0), specOf(21)!.attachType(0)]).toEqual([2, 39]);
	});

	it("are not looked at where none is expected", () => {
		expect(specOf(6)!.attachType(55)).toBe(55);
	});
});

describe("helpers", () => {
	it("of return values are not for programs of received datagrams", () => {
		const allowed = (attach: number) => specOf(18)!.helper("set_retval", attach, false) !== null;
		expect([10, 49, 50, 51, 52, 53].map(allowed)).toEqual([true, true, true, false, false, false]);
	});
});
