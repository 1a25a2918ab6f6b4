import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { AsyncKvFile, createKv, geometry, lookupPath, openHttpDevice, type StorageHook, XrpRunner } from "ebpfcc";
import { storageProgram } from "../../test/support/storage-programs.ts";

const LAYERS = 2;
const g = geometry(LAYERS);

/** What the server does next, and what it was asked. */
const server = { bytes: new Uint8Array(0), tag: '"1"', asked: [] as string[], misbehave: [] as ("500" | "cut" | "drop" | "404" | "whole")[] };
let http: Server;
let url: string;

beforeAll(async () => {
	const parts: Uint8Array[] = [];
	await createKv(LAYERS, (chunk) => void parts.push(chunk.slice()));
	server.bytes = new Uint8Array(Buffer.concat(parts));
	http = createServer((request, response) => {
		const range = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? "");
		server.asked.push(request.headers.range ?? "");
		const fault = server.misbehave.shift();
		if (fault === "drop") return void request.socket.destroy();
		if (fault === "500" || fault === "404") return void response.writeHead(Number(fault)).end("no");
		if (fault === "whole") return void response.writeHead(200).end("everything");
		const from = Number(range?.[1]);
		const to = Math.min(Number(range?.[2]), server.bytes.length - 1);
		if (from >= server.bytes.length) return void response.writeHead(416, { "content-range": `bytes */${server.bytes.length}`, etag: server.tag }).end();
		const body = server.bytes.slice(from, to + 1);
		response.writeHead(206, { "content-range": `bytes ${from}-${to}/${server.bytes.length}`, etag: server.tag });
		response.end(fault === "cut" ? body.subarray(0, body.length >> 1) : body);
	});
	await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
	url = `http://127.0.0.1:${(http.address() as AddressInfo).port}/db`;
});
afterAll(() => {
	http.closeAllConnections();
	http.close();
});
beforeEach(() => {
	server.asked = [];
	server.misbehave = [];
});

const noDelay = async () => {};

/** Loaded once; the tests take turns. */
let hooks: StorageHook[][];

async function openKv() {
	hooks ??= await Promise.all(["get", "range", "sum"].map((name) => storageProgram(name, 8)));
	const device = await openHttpDevice(url, { delay: noDelay });
	const service = new XrpRunner({ device, programs: hooks });
	return { device, service, kv: new AsyncKvFile({ service, device, cacheLevels: 1 }) };
}

const text = (value: Uint8Array | null) => value && Buffer.from(value).toString("latin1").replace(/\0.*$/s, "").trim();

describe("a remote object as a device", () => {
	it("serves lookups, ranges and sums", async () => {
		const { device, service, kv } = await openKv();
		expect(device.size).toBe(g.fileSize);
		const keys = [0, 500, g.keys - 1, g.keys, 31];
		expect((await kv.getMany(keys)).map(text)).toEqual(["0", "500", String(g.keys - 1), null, "31"]);
		expect((await Promise.all(keys.map((key) => kv.get(key)))).map(text)).toEqual(["0", "500", String(g.keys - 1), null, "31"]);
		expect((await kv.range({ begin: 20, end: 110 })).map(({ value }) => value)).toEqual(Array.from({ length: 90 }, (_, i) => String(20 + i)));
		expect(await kv.aggregate("sum", { begin: 0, end: 100 })).toBe(4950n);
		expect(await kv.aggregate("max", { begin: 5, end: 5 })).toBeNull();
		expect(service.statistics).toMatchObject({ chains: 1 + 5 + 3 + 2 });
		// The root is kept: each get reads one node and the value.
		expect(lookupPath(g, 500).length).toBe(3);
		await service.close();
		device.close();
	});

	it("gives up a lookup that is cancelled, before and while it waits for a block", async () => {
		const { device, service, kv } = await openKv();
		await expect(kv.get(5, AbortSignal.abort())).rejects.toMatchObject({ result: { ret: -125, cause: "cancelled", hops: 0 } });
		const controller = new AbortController();
		const pending = kv.get(5, controller.signal);
		queueMicrotask(() => controller.abort());
		await expect(pending).rejects.toMatchObject({ result: { cause: "cancelled" } });
		expect(service.statistics.aborts.cancelled).toBe(2);
		expect(text(await kv.get(5))).toBe("5");
		await service.close();
		await expect(kv.get(5)).rejects.toThrow("closed");
		device.close();
	});

	it("fetches what lies close together in one request", async () => {
		const device = await openHttpDevice(url, { delay: noDelay });
		server.asked = [];
		const into = new Uint8Array(4096);
		await Promise.all([device.read(into, 0, 512, 1024), device.read(into, 512, 512, 0), device.read(into, 1024, 512, 512), device.read(into, 2048, 512, 40_960)]);
		expect(server.asked.sort()).toEqual(["bytes=0-1535", "bytes=40960-41471"]);
		expect(Buffer.from(into.subarray(0, 512)).equals(server.bytes.subarray(1024, 1536))).toBe(true);
		expect(Buffer.from(into.subarray(512, 1024)).equals(server.bytes.subarray(0, 512))).toBe(true);
		expect(device.statistics).toMatchObject({ requests: 3, reads: 4, retries: 0 });
		expect(() => device.readSync(into, 0, 512, 0)).toThrow("synchronously");
		device.close();
		await expect(device.read(into, 0, 512, 0)).rejects.toThrow("closed");
	});

	it.each(["500", "cut", "drop"] as const)("tries again after: %s", async (fault) => {
		const device = await openHttpDevice(url, { delay: noDelay });
		const into = new Uint8Array(512);
		server.misbehave = [fault, fault];
		expect(await device.read(into, 0, 512, 512)).toBe(512);
		expect(Buffer.from(into).equals(server.bytes.subarray(512, 1024))).toBe(true);
		expect(device.statistics.retries).toBe(2);
		server.misbehave = [fault, fault, fault, fault];
		await expect(device.read(into, 0, 512, 512)).rejects.toMatchObject({ code: "EIO" });
		device.close();
	});

	it("does not try again what cannot pass, and says what the server did", async () => {
		const device = await openHttpDevice(url, { delay: noDelay });
		server.misbehave = ["404"];
		await expect(device.read(new Uint8Array(512), 0, 512, 0)).rejects.toThrow("HTTP status 404");
		expect(device.statistics.retries).toBe(0);
		device.close();
		server.misbehave = ["whole"];
		await expect(openHttpDevice(url, { delay: noDelay })).rejects.toThrow("does not serve ranges");
		await expect(openHttpDevice("http://127.0.0.1:9/none", { delay: noDelay, retries: 1 })).rejects.toThrow("127.0.0.1:9");
	});

	it("aborts the chain under which the object was replaced, and answers from the new one", async () => {
		const { device, service, kv } = await openKv();
		expect(text(await kv.get(7))).toBe("7");
		const old = server.bytes;
		server.bytes = old.slice();
		server.bytes.set(new TextEncoder().encode("new"), g.logBase + 64 * 7 + 60);
		server.tag = '"2"';
		expect(text(await kv.get(7))).toMatch(/new$/);
		expect(kv.statistics.retries).toBe(1);
		expect(service.statistics.aborts.mapping).toBe(1);
		server.bytes = old.slice(0, 512);
		server.tag = '"3"';
		await expect(kv.get(900)).rejects.toThrow();
		server.bytes = old;
		await service.close();
		device.close();
	});
});
