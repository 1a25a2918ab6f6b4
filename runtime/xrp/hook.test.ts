import { describe, expect, it } from "vitest";
import { compile, defaultOptions, load } from "../../index.ts";
import { memoryDevice } from "./device.ts";
import { readXrpSync } from "./engine.ts";
import { storageHook } from "./hook.ts";

async function hookOf(body: string) {
	const source = `#include <linux/bpf.h>\n#include <bpf/bpf_helpers.h>\nSEC("xrp") int prog(struct bpf_xrp *ctx)\n{\n${body}\n}\nchar _license[] SEC("license") = "GPL";\n`;
	const { object, diagnostics } = compile("prog.bpf.c", source, defaultOptions({ read: () => null }));
	if (object === null) throw new Error(JSON.stringify(diagnostics));
	return storageHook((await load(object, { type: "xrp" })).programs.prog.loaded);
}

const device = memoryDevice(new Uint8Array(4096));

describe("a program as a storage hook", () => {
	it.each([
		["asks for one read at a time", "ctx->next_addr[0] = 512; ctx->size[0] = 512; ctx->done = 1; return 0;", true],
		["only reads the other slots", "ctx->done = ctx->size[5] == 0; return 0;", true],
		["writes another slot's size", "ctx->size[1] = 512; return 0;", false],
		["writes another slot's address", "ctx->next_addr[15] = 512; ctx->done = 1; return 0;", false],
		["adds to another slot", "__sync_fetch_and_add((int *)ctx->scratch, 1); ctx->size[3] += 512; return 0;", false],
	] as const)("that %s is known by its stores", async (_, body, firstSlotOnly) => {
		expect((await hookOf(body)).firstSlotOnly).toBe(firstSlotOnly);
	});

	it("sees a context of zeros at each hop, though only the first slot is cleared", async () => {
		const hook = await hookOf(`
			__u32 *hops = (__u32 *)ctx->scratch;
			if (ctx->done || ctx->next_addr[0] || ctx->size[0] || ctx->next_addr[1] || ctx->size[15])
				return 1;
			ctx->next_addr[0] = 512;
			ctx->size[0] = 1024;
			if (++*hops == 3)
				ctx->done = 1;
			return 0;`);
		expect(hook.firstSlotOnly).toBe(true);
		expect(readXrpSync(device, hook, 0)).toEqual({ ret: 512, hops: 3, bytes: 512 + 1024 + 1024, programReturn: 0 });
	});

	it("is refused for a second read that a path of its program asks for", async () => {
		const hook = await hookOf("if (*ctx->scratch) ctx->size[7] = 512; *ctx->scratch = 1; return 0;");
		expect(readXrpSync(device, hook, 0)).toMatchObject({ ret: -95, hops: 2, cause: "address" });
	});
});
