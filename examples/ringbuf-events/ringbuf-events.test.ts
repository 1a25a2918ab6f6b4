import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { compileAndLoad } from "ebpfcc";

const source = readFileSync(fileURLToPath(new URL("./ringbuf-events.bpf.c", import.meta.url)), "utf8");
const EVENT_BYTES = 32;

it("reports who called execve, one record a call", async () => {
	const { programs, maps, globals } = await compileAndLoad(source);
	const events: { pid: number; uid: number; comm: string }[] = [];
	const drain = () => {
		for (const { data: bytes } of maps.events.drain()) {
			expect(bytes.length).toBe(EVENT_BYTES);
			const view = new DataView(bytes.buffer, bytes.byteOffset);
			events.push({ pid: view.getUint32(8, true), uid: view.getUint32(12, true), comm: Buffer.from(bytes.subarray(16)).toString("latin1").replace(/\0.*$/s, "") });
		}
	};
	expect(programs.on_execve.run({ task: { tgid: 77, uid: 1000, comm: "bash" } }).retval).toBe(0);
	drain();
	expect(events).toEqual([{ pid: 77, uid: 1000, comm: "bash" }]);
	for (let i = 0; i < 200; i++) {
		programs.on_execve.run({});
		drain();
	}
	expect(events).toHaveLength(201);
	expect(globals.lost).toBe(0n);
});

it("counts what finds no room while nobody reads", async () => {
	const { programs, maps, globals } = await compileAndLoad(source);
	const room = Math.floor(4096 / (EVENT_BYTES + 8));
	for (let i = 0; i < room + 5; i++) programs.on_execve.run({});
	expect(globals.lost).toBe(5n);
	expect(maps.events.drain()).toHaveLength(room);
	programs.on_execve.run({});
	expect(globals.lost).toBe(5n);
	expect(maps.events.drain()).toHaveLength(1);
});

it("reports only the chosen user's calls", async () => {
	const { programs, maps } = await compileAndLoad(source, { globals: { only_uid: 5 } });
	programs.on_execve.run({ task: { uid: 4 } });
	programs.on_execve.run({ task: { uid: 5 } });
	expect(maps.events.drain()).toHaveLength(1);
});
