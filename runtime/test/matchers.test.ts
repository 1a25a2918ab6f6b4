/** Matchers over what a program of each type returns. */
import { describe, expect, it } from "vitest";
import { compileAndLoad, type RunOutput } from "../../index.node.ts";
import { matchers, type PacketMatchers } from "./index.ts";

expect.extend(matchers);

declare module "vitest" {
	interface Matchers<T> extends PacketMatchers<T> {}
}

/** A program of the section that returns the number. */
async function output(section: string, result: number): Promise<RunOutput> {
	const { programs } = await compileAndLoad(`__attribute__((section("${section}"), used)) int f(void *ctx) { return ${result}; } char _license[] __attribute__((section("license"), used)) = "GPL";`);
	return programs.f.run();
}

describe("verdicts", () => {
	it("are those of the program's type", async () => {
		expect(await output("xdp", 2)).toPass();
		expect(await output("xdp", 1)).toDrop();
		expect(await output("xdp", 3)).toTransmit();
		expect(await output("xdp", 0)).toAbort();
		const shot = await output("tc", 2);
		expect(shot).toDrop();
		expect(shot).not.toPass();
		expect(await output("tc", 0)).toPass();
		expect(await output("tc", 7)).toRedirect();
		expect(await output("cgroup_skb/ingress", 0)).toDrop();
	});

	it("say which came instead", async () => {
		const shot = await output("tc", 2);
		expect(() => expect(shot).toPass()).toThrow("expected the program to return TC_ACT_OK (0); it returned 2 (TC_ACT_SHOT)");
		expect(() => expect(shot).toHaveRetval(5)).toThrow("expected the program to return 5; it returned 2 (TC_ACT_SHOT)");
		expect(() => expect(shot).not.toDrop()).toThrow("expected the program not to return TC_ACT_SHOT (2)");
	});

	it("are not there for programs that decide nothing of a packet", async () => {
		const traced = await output("kprobe/do_unlinkat", 2);
		expect(() => expect(traced).toPass()).toThrow('a program of type kprobe has no verdict "pass": expect(…).toHaveRetval(…)');
		expect(traced).toHaveRetval(2);
	});
});
