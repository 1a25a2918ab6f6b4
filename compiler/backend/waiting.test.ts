/** A text that is looked for at every place of a buffer: where its questions stand, and that the kernel takes it. */
import { describe, expect, it } from "vitest";
import { compileAndLoad } from "../../index.ts";
import { body, compileIr } from "./testing/compile.ts";

/** Rounds that look at each byte of four places in turn: three questions to a place. */
function rounds(limit: number): string {
	const places = [0, 1, 2, 3].map((i) => {
		const next = i < 3 ? `p${i + 1}.${20 + 10 * (i + 1)}` : "end.90";
		const n = 20 + 10 * i;
		const ask = (k: number, yes: string): string =>
			`%${100 + n + k} = load i64 size=8 volatile %0\n%${200 + n + k} = icmp.ult i32 %${100 + n + k}, i64 ${7 + k}\nbranch %${200 + n + k}, ${yes}, ${next}\n`;
		return `p${i}.${n}:\n${ask(0, `q${i}.${n + 1}`)}q${i}.${n + 1}:\n${ask(1, `r${i}.${n + 2}`)}r${i}.${n + 2}:\n${ask(2, `found${i}.${n + 3}`)}found${i}.${n + 3}:\ncall helper h#${3 + i} i64 1\nret i64 1\n`;
	});
	return body(`jump p0.20\n${places.join("").replace("p0.20:\n", "p0.20:\n%10 = phi i64 [i64 0, entry.3], [%11, end.90]\n")}end.90:\n%11 = add i64 %10, i64 1\n%12 = icmp.eq i32 %11, i64 ${limit}\nbranch %12, out.91, p0.20\nout.91:\nret i64 0`);
}

describe("questions that all lead to one place", () => {
	const order = (limit: number): string => compileIr(rounds(limit)).code().filter((line) => /call|^if|goto/.test(line)).join("; ");
	it("stand in front of it where few ways wait", () => {
		expect(order(16)).toMatch(/^if.*if.*if.*call 3;.*call 4;.*call 5;.*call 6;/);
	});
	it("stand aside where the kernel would let too many wait", () => {
		expect(order(1000)).toMatch(/^if[^;]*; if[^;]*; if[^;]*; if[^;]*; if[^;]*; .*call 3;/);
	});
	it("are walked by the verifier", async () => {
		const places = [0, 1, 2, 3].map((i) => `if (buf[${i}] == 'S' && buf[${i + 1}] == 'U' && buf[${i + 2}] == 'D' && buf[${i + 3}] == 'O') return ${i};`).join("\n");
		const { programs } = await compileAndLoad(`
			#include <linux/bpf.h>
			#include <bpf/bpf_helpers.h>
			SEC("kprobe/x") int f(void *ctx)
			{
				char buf[8];
				unsigned long at = bpf_ktime_get_ns();
				for (int i = 0; i < 700; i++) {
					if (bpf_probe_read_user(buf, sizeof(buf), (void *)(at + i)) < 0)
						return 9;
					${places}
				}
				return 8;
			}
			char license[] SEC("license") = "GPL";`);
		expect(Object.keys(programs)).toEqual(["f"]);
	});
});
