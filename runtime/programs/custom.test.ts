import { describe, expect, it } from "vitest";
import { compileAndLoad } from "../../index.ts";
import { signed } from "../helpers/helper.ts";
import { type LoadOptions, VerifierRejection } from "../load.ts";
import { LoadFailure } from "../loader/error.ts";
import { Machine } from "../machine.ts";
import type { ProgramTypeDescription } from "./custom.ts";

const rateLimit: ProgramTypeDescription = {
	name: "rate_limit",
	context: { size: 24, fields: { tokens: { offset: 0, size: 8, write: true }, tenant: { offset: 8, size: 4 }, costs: { offset: 12, size: 2, count: 2, narrow: true } } },
	helpers: ["bpf_skb_load_bytes"],
	returns: { min: 0, max: 1 },
};

const program = (body: string): string => `
	#include <linux/bpf.h>
	#include <bpf/bpf_helpers.h>
	struct request { __u64 tokens; __u32 tenant; __u16 costs[2]; __u64 hidden; };
	SEC("gate") int gate(struct request *request) { ${body} }
	char _license[] SEC("license") = "GPL";`;
const options = { type: "rate_limit", programTypes: [rateLimit] } as const;
const rejection = async (body: string): Promise<string> => {
	const error = await compileAndLoad(program(body), options).catch((thrown: unknown) => thrown);
	expect(error).toBeInstanceOf(VerifierRejection);
	return (error as VerifierRejection).rejection.message;
};

describe("a host application's own program type", () => {
	it.each(["interpreter", "js", "wasm"] as const)("runs over its named fields on %s", async (engine) => {
		const { programs } = await compileAndLoad(program("if (request->tokens < request->costs[1]) return 0; request->tokens -= request->costs[1]; return 1;"), { ...options, engine });
		const { retval, fields } = programs.gate.run({ context: { tokens: 10n, tenant: 3, costs: [9, 4] } });
		expect(retval).toBe(1);
		expect(fields).toEqual({ tokens: 6n, tenant: 3, costs: [9, 4] });
		expect(programs.gate.run({ context: { tokens: 3n, costs: [0, 4] } }).retval).toBe(0);
	});

	it("checks rights, widths, helpers and results", async () => {
		expect(await rejection("request->tenant = 1; return 0;")).toMatch(/invalid bpf_context access off=8 size=4/);
		expect(await rejection("return request->hidden & 1;")).toMatch(/invalid bpf_context access off=16/);
		expect(await rejection("return *(volatile __u16 *)&request->tenant & 1;")).toMatch(/invalid bpf_context access off=8 size=2/);
		expect(await rejection("return request->tenant;")).toMatch(/should have been in \[0, 1\]/);
		expect(await rejection("char b; return bpf_skb_store_bytes((void *)request, 0, &b, 1, 0) & 1;")).toMatch(/cannot use helper bpf_skb_store_bytes/);
	});

	it("offers the helpers that it names, and the host may implement them", async () => {
		const machine = new Machine();
		machine.helpers.set(26, signed((m, _context, _offset, to, size) => {
			m.memory.u8.fill(1, to >>> 0, (to >>> 0) + size);
			return 0;
		}));
		const { programs } = await compileAndLoad(program("char b = 0; bpf_skb_load_bytes(request, 0, &b, 1); return b & 1;"), { ...options, machine });
		expect(programs.gate.run().retval).toBe(1);
	});

	it("is named by the section or by the option, and must be described", async () => {
		const source = (section: string): string => `struct gate { long tokens; }; __attribute__((section("${section}"), used)) int gate(struct gate *g) { return g->tokens == 7; }`;
		const run = async (section: string, options: LoadOptions): Promise<number> => (await compileAndLoad(source(section), options)).programs.gate.run({ context: { tokens: 7n } }).retval;
		for (const section of [rateLimit.name, `${rateLimit.name}/one`]) expect(await run(section, { programTypes: [rateLimit] })).toBe(1);
		expect(await run("mine", { type: rateLimit.name, programTypes: [rateLimit] })).toBe(1);
		await expect(run("mine", { programTypes: [rateLimit] })).rejects.toThrow("give one in the type option");
		await expect(run("mine", { type: rateLimit.name })).rejects.toThrow(`program type ${rateLimit.name} is not known; describe it in the programTypes option`);
	});

	it("is refused when its description contradicts itself", async () => {
		const overlapping = { ...rateLimit, context: { size: 16, fields: { a: { offset: 0, size: 8 }, b: { offset: 4, size: 4 } } } } as const;
		await expect(compileAndLoad(program("return 0;"), { ...options, programTypes: [overlapping] })).rejects.toThrow(LoadFailure);
		await expect(compileAndLoad(program("return 0;"), { ...options, programTypes: [overlapping] })).rejects.toThrow(/fields a and b overlap/);
	});
});
