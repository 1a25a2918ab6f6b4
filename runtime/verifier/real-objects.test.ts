/** Rules that real objects showed: each with the types of Linux 6.18. */
import { describe, expect, it } from "vitest";
import type { Insn } from "../../assembler/spec/insn.ts";
import { bareImage } from "../../test/support/image.ts";
import { linuxTypes as kernel } from "../../test/support/linux-types.ts";
import { verify } from "./index.ts";

const idOf = (name: string, kind: "func" | "var" | "struct"): number => Math.max(0, kernel.find(name, kind));

const insn = (opcode: number, dst = 0, src = 0, off = 0, imm = 0): Insn => ({ opcode, dst, src, off, imm });
const exit = [insn(0xb7, 0, 0, 0, 0), insn(0x95)];
const said = (verdict: ReturnType<typeof verify>): string => (verdict.verdict === "accept" ? "accept" : verdict.rejection.message);

describe("with the kernel's types", () => {
	it("the session's cookie may be written", () => {
		const id = idOf("bpf_session_cookie", "func");
		if (id === 0) return console.log("skipped: no bpf_session_cookie here");
		const code = [insn(0x85, 0, 2, 0, id), insn(0x7a, 0, 0, 0, 1), ...exit];
		const image = bareImage("cookie", code, { type: 2, expectedAttachType: 56, kfuncs: [{ insn: 0, name: "bpf_session_cookie", btfId: id }] });
		expect(said(verify(image, { kernel }))).toBe("accept");
	});

	it.each(["bpf_skb_ct_alloc", "bpf_skb_ct_lookup"])("%s takes no null pointer", (name) => {
		const id = idOf(name, "func");
		if (id === 0) return console.log(`skipped: no ${name} here`);
		const code = [insn(0xb7, 2, 0, 0, 0), insn(0xb7, 3, 0, 0, 0), insn(0x7a, 10, 0, -8, 0), insn(0x7a, 10, 0, -16, 0), insn(0xbf, 4, 10), insn(0x07, 4, 0, 0, -16), insn(0xb7, 5, 0, 0, 12), insn(0x85, 0, 2, 0, id), ...exit];
		expect(said(verify(bareImage("lookup", code, { type: 3, kfuncs: [{ insn: 7, name, btfId: id }] }), { kernel }))).toBe("Possibly NULL pointer passed to trusted arg1");
	});

	it("a variable without an address is refused, one with an address is not", () => {
		const id = idOf("bpf_prog_active", "var");
		if (id === 0) return console.log("skipped: no bpf_prog_active here");
		const image = bareImage("variable", [insn(0x18, 1, 3, 0, id), insn(0), ...exit], { type: 3, ksyms: [{ insn: 0, name: "bpf_prog_active", btfId: id }] });
		expect(said(verify(image, { kernel, hasAddress: () => false }))).toBe("ldimm64 failed to find the address for kernel symbol 'bpf_prog_active'.");
		expect(said(verify(image, { kernel, hasAddress: () => true }))).toBe("accept");
	});

	it.each([
		["bpf_iter_tcp", true],
		["bpf_iter_unix", true],
		["bpf_iter_udp", false],
	])("%s has socket options: %s", (target, has) => {
		const id = idOf(target, "func");
		if (id === 0) return console.log(`skipped: no ${target} here`);
		const image = bareImage("iterator", [insn(0x85, 0, 0, 0, 49), ...exit], { type: 26, expectedAttachType: 28, attach: { name: target.slice("bpf_iter_".length), btfId: id } });
		// The call has no arguments: what is said of it shows whether the helper is there.
		expect(said(verify(image, { kernel })).startsWith("program of this type cannot use helper")).toBe(!has);
	});
});
