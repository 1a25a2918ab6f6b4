/** What users get wrong: each verb says it in one clear message, with the place in the source where there is one, exits with 1, and leaves no half-written file. */
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const root = fileURLToPath(new URL("../../", import.meta.url));
let folder = "";
let cli = "";

interface Said {
	readonly status: number | null;
	readonly stdout: string;
	readonly stderr: string;
}

function ebpfcc(...args: readonly string[]): Said {
	const { status, stdout, stderr } = spawnSync(process.execPath, [cli, ...args], { cwd: folder, encoding: "utf8", env: { ...process.env, NO_COLOR: "1" } });
	return { status, stdout, stderr };
}

const good = `#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
SEC("xdp") int pass(struct xdp_md *ctx) { return XDP_PASS; }
char _license[] SEC("license") = "GPL";
`;
const rejected = `#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
SEC("xdp") int first_byte(struct xdp_md *ctx)
{
	unsigned char *data = (void *)(long)ctx->data;
	return data[0];
}
char _license[] SEC("license") = "GPL";
`;

beforeAll(() => {
	folder = mkdtempSync(join(root, "test/e2e/.project-"));
	const built = spawnSync(process.execPath, ["test/scripts/build.mjs", join(folder, "dist")], { cwd: root, encoding: "utf8" });
	expect(built.status, built.stderr).toBe(0);
	cli = join(folder, "dist/cli/main.js");
	const write = (name: string, data: string | Uint8Array): void => writeFileSync(join(folder, name), data);
	write("good.bpf.c", good);
	write("rejected.bpf.c", rejected);
	expect(ebpfcc("good.bpf.c", "-O2", "-g", "-c", "-o", "good.o").stderr).toBe("");
	expect(ebpfcc("rejected.bpf.c", "-O2", "-g", "-c", "-o", "rejected.o").stderr).toBe("");
	const object = readFileSync(join(folder, "good.o"));
	write("truncated.o", object.subarray(0, object.length >> 1));
	write("header.o", object.subarray(0, 40));
	write("empty.o", new Uint8Array(0));
	const foreign = Uint8Array.from(object);
	foreign[18] = 62; // EM_X86_64
	write("foreign.o", foreign);
	write("text.o", "this is no object\n");
	write("short.db", new Uint8Array(700));
	write("syntax.c", "int f(void)\n{\n\treturn 1 +;\n}\n");
	write("type.c", "struct s { int a; };\nint f(struct s *p)\n{\n\treturn p->b;\n}\n");
	write("include.c", "#include \"nowhere.h\"\nint f(void) { return 0; }\n");
}, 120_000);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** One message, exit 1, no stack trace, no talk of a bug of ours. */
function expectMessage(said: Said, message: RegExp): void {
	const all = said.stdout + said.stderr;
	expect(said.status, all).toBe(1);
	expect(said.stderr, all).toMatch(message);
	expect(all).not.toMatch(/^\s+at .*:\d+:\d+\)?$/m);
	expect(all).not.toMatch(/internal error|undefined|\[object/);
	expect(said.stderr.match(/error:/g) ?? [], all).toHaveLength(1);
}

describe("the compiler", () => {
	it.each([
		["a missing file", "absent.c", /error: .*absent\.c|absent\.c: .*error: /],
		["a syntax error", "syntax.c", /syntax\.c:3:\d+: error: .* \[E\d+\]\n[\s\S]*return 1 \+;[\s\S]*\^/],
		["a type error", "type.c", /type\.c:4:\d+: error: .* \[E\d+\]\n[\s\S]*return p->b;[\s\S]*\^/],
		["an unknown include", "include.c", /include\.c:1:\d+: error: .*nowhere\.h.* \[E\d+\]\n[\s\S]*\^/],
	])("says what is wrong with %s", (_what, file, message) => {
		expectMessage(ebpfcc(file, "-O2", "-c", "-o", "out.o"), message);
		expect(existsSync(join(folder, "out.o"))).toBe(false);
	});

	it("leaves an older output as it was, and nothing beside it", () => {
		const before = readFileSync(join(folder, "good.o"));
		expect(ebpfcc("syntax.c", "-c", "-o", "good.o").status).toBe(1);
		expect(readFileSync(join(folder, "good.o")).equals(before)).toBe(true);
		expect(readdirSync(folder).filter((name) => name.endsWith(".tmp"))).toEqual([]);
	});

	it("says that an output folder is not there", () => {
		expectMessage(ebpfcc("good.bpf.c", "-c", "-o", "nowhere/out.o"), /nowhere/);
	});
});

const objects = [
	["absent.o", /absent\.o: no such file/],
	["truncated.o", /truncated\.o: .*does not fit/],
	["foreign.o", /foreign\.o: wrong machine/],
] as const;

describe.each([
	["dump", (file: string) => ["dump", "-d", file]],
	["link", (file: string) => ["link", file, "good.o", "-o", "linked.o"]],
	["run", (file: string) => ["run", file]],
	["verify", (file: string) => ["verify", file]],
] as const)("ebpfcc %s", (_verb, command) => {
	it.each(objects)("says what is wrong with %s", (file, message) => {
		expectMessage(ebpfcc(...command(file)), message);
		expect(existsSync(join(folder, "linked.o"))).toBe(false);
	});
});

describe("ebpfcc dump", () => {
	it.each(["header.o", "empty.o", "text.o"])("says what is wrong with %s", (file) => {
		expectMessage(ebpfcc("dump", "-d", file), new RegExp(`error: ${file}: .`));
	});
});

describe("a program that the verifier rejects", () => {
	it.each(["rejected.o", "rejected.bpf.c"])("run: %s, with the C line", (file) => {
		const said = ebpfcc("run", file);
		expectMessage(said, /rejected\.bpf\.c:6:\d+: error: .* \[V\d+\]\n/);
		expect(said.stderr).toMatch(/outside of the packet|packet may end/);
		expect(said.stderr).toMatch(/return data\[0\];\n.*\^/);
	});

	it("verify: a map that the kernel would not make is no accepted object", () => {
		const map = (attributes: string): string => good.replace("SEC(\"xdp\")", `struct { ${attributes} } table SEC(".maps");\nSEC("xdp")`);
		writeFileSync(join(folder, "key.bpf.c"), map("__uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 4); __type(key, __u64); __type(value, __u64);"));
		const { status, stdout } = ebpfcc("verify", "key.bpf.c");
		expect([status, stdout]).toEqual([1, expect.stringContaining("table: cannot be created: key size 8 is not right for ARRAY: it must be 4\n")]);
		expect(JSON.parse(ebpfcc("verify", "--json", "key.bpf.c").stdout.split("\n")[0])).toMatchObject({ map: "table", verdict: "refused" });
		// What a loader often sets at run time is not held against the object.
		for (const [attributes, call] of [
			["__uint(type, BPF_MAP_TYPE_HASH); __type(key, __u64); __type(value, __u64);", "set_max_entries"],
			["__uint(type, BPF_MAP_TYPE_STACK_TRACE); __uint(key_size, 4); __uint(max_entries, 8);", "set_value_size"],
			["__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS); __uint(key_size, 4); __uint(value_size, 4); __uint(max_entries, 8);", "set_inner_map_fd"],
		]) {
			writeFileSync(join(folder, "open.bpf.c"), map(attributes));
			expect(ebpfcc("verify", "open.bpf.c")).toMatchObject({ status: 0, stderr: expect.stringContaining(`note: table: `) });
			expect(ebpfcc("verify", "open.bpf.c").stderr).toContain(`bpf_map__${call}()`);
		}
		writeFileSync(join(folder, "typo.bpf.c"), map("__uint(type, BPF_MAP_TYPE_HASH); __uint(max_entires, 4); __type(key, __u64); __type(value, __u64);"));
		expectMessage(ebpfcc("verify", "typo.bpf.c"), /table: unknown map attribute max_entires; there are .*max_entries/);
	});

	// All rounds are on one path, and all of them on one line.
	it("verify: a loop of too many rounds on one line is explained", () => {
		writeFileSync(join(folder, "rounds.bpf.c"), good.replace("return XDP_PASS;", "volatile int sum = 0; for (int i = 0; i < 10000000; i++) sum += i; return sum;"));
		const { status, stdout } = ebpfcc("verify", "rounds.bpf.c");
		expect(status).toBe(1);
		expect(stdout).toMatch(/rounds\.bpf\.c:3:\d+: error: .*1000001 instructions.*\[V0400\]/);
		expect(stdout).toMatch(/path: .*\(199999 times\)/);
	});

	it("options come from a file, and build systems get answers", () => {
		writeFileSync(join(folder, "options.rsp"), "-O2\n-I \"a folder\" -c");
		expect(ebpfcc("@options.rsp", "good.bpf.c", "-o", "linked")).toMatchObject({ status: 0, stderr: "" });
		expect(readFileSync(join(folder, "linked")).subarray(1, 4).toString()).toBe("ELF");
		expect(ebpfcc("-print-file-name=include").stdout.trim()).toBe(join(folder, "dist/cli"));
		expectMessage(ebpfcc("-c", "good.s"), /good\.s: assembly: 'ebpfcc as/);
	});

	it("verify: exits with 1 and says why", () => {
		const { status, stdout, stderr } = ebpfcc("verify", "rejected.o");
		expect(status).toBe(1);
		expect(stdout + stderr).toMatch(/rejected\.bpf\.c:6/);
		expect(stdout + stderr).toMatch(/offset is outside of the packet/);
	});
});

describe("ebpfcc run", () => {
	it("says which programs there are when the name is wrong", () => {
		expectMessage(ebpfcc("run", "good.o", "--program", "absent"), /no program absent; it has pass/);
	});

	it("takes a packet as dumps have it", () => {
		const { status, stderr } = ebpfcc("run", "good.o", "--packet", "0200 0000 0002 0200 0000 0001 0800\n4500");
		expect(status, stderr).toBe(0);
	});

	it("says what is wrong with a packet, a number, an engine", () => {
		expectMessage(ebpfcc("run", "good.o", "--packet", "xyz"), /--packet/);
		expectMessage(ebpfcc("run", "good.o", "--packet", "02 0"), /--packet/);
		expectMessage(ebpfcc("run", "good.o", "--repeat", "many"), /--repeat/);
		expectMessage(ebpfcc("run", "good.o", "--engine", "steam"), /--engine/);
		expectMessage(ebpfcc("run", "good.o", "--data-in", "absent.bin"), /absent\.bin/);
	});
});

describe("ebpfcc kv", () => {
	it.each([
		["get", ["short.db", "1"], /short\.db/],
		["range", ["short.db", "1", "2"], /short\.db/],
		["put", ["short.db", "1", "x"], /short\.db/],
		["get", ["absent.db", "1"], /absent\.db/],
	] as const)("%s %j", (verb, args, message) => {
		expectMessage(ebpfcc("kv", verb, ...args), message);
		expect(readFileSync(join(folder, "short.db"))).toHaveLength(700);
	});
});

describe("a reader that closed its end", () => {
	it.each([["dump", "-d", "good.o"], ["verify", "good.o"], ["verify", "--json", "good.o"], ["-E", "good.bpf.c"]])("%s %s: ends as by SIGPIPE, without a word", async (...args) => {
		const command = spawn(process.execPath, [cli, ...args], { cwd: folder });
		command.stdout.destroy();
		let said = "";
		command.stderr.setEncoding("utf8").on("data", (text: string) => {
			said += text;
		});
		const [status] = (await once(command, "close")) as [number | null];
		expect([status, said]).toEqual([141, ""]);
	});

	it("messages that nobody reads do not change the verdict", async () => {
		const command = spawn(process.execPath, [cli, "syntax.c", "-c", "-o", "syntax.o"], { cwd: folder });
		command.stderr.destroy();
		const [status] = (await once(command, "close")) as [number | null];
		expect(status).toBe(1);
	});
});
