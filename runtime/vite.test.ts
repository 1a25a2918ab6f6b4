import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { load } from "./load.ts";
import { ebpf } from "./vite.ts";

const program = fileURLToPath(new URL("../examples/xdp-filter/xdp-filter.bpf.c", import.meta.url));

describe("the Vite plugin", () => {
	const watched: string[] = [];
	const context = {
		addWatchFile: (path: string) => void watched.push(path),
		error: (message: string): never => {
			throw new Error(message);
		},
	};

	it("turns a C file into a module that loads the object and exports its programs", async () => {
		const { code = "", map = "" } = (await ebpf().load.call(context, program)) ?? {};
		expect(code).toContain('export const xdp_filter = programs["xdp_filter"];');
		expect(watched).toContain(program);
		const base64 = /atob\("([^"]+)"\)/.exec(code)?.[1] ?? "";
		expect((JSON.parse(map) as { sources: string[] }).sources).toContain(program);
		const { programs } = await load(new Uint8Array(Buffer.from(base64, "base64")));
		expect(programs.xdp_filter.run({ packet: new Uint8Array(60) }).retval).toBe(2);
	});

	it("leaves other files alone, and shows the compiler's messages", async () => {
		expect(await ebpf().load.call(context, "/some/file.ts")).toBeNull();
		const broken = fileURLToPath(new URL("./vite.ts", import.meta.url));
		await expect(ebpf({ include: /vite\.ts$/ }).load.call(context, broken)).rejects.toThrow(/error/);
	});
});
