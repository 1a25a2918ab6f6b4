import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { MapTypeName } from "../../assembler/spec/map-types.ts";
import { mapTypeId, mapTypes } from "../../assembler/spec/map-types.ts";
import { errno } from "../errno.ts";
import type { MapDef } from "../image.ts";
import { Machine } from "../machine.ts";
import { createMap } from "./index.ts";
import { BpfMap } from "./map.ts";
import { MapError, MapView } from "./view.ts";

function define(type: MapTypeName, keySize: number, valueSize: number, maxEntries: number, extra: Partial<MapDef> = {}): MapDef {
	return { name: type.toLowerCase(), type: mapTypeId(type), keySize, valueSize, maxEntries, flags: 0, extra: 0n, keyTypeId: 0, valueTypeId: 0, btf: null, inner: null, initial: null, frozen: false, pinning: 0, slots: [], ...extra };
}

function make(type: MapTypeName, keySize: number, valueSize: number, maxEntries: number, machine = new Machine()): { map: BpfMap; view: MapView; machine: Machine } {
	const map = createMap(machine, define(type, keySize, valueSize, maxEntries));
	if (typeof map === "string") throw new Error(map);
	return { map, view: new MapView(map), machine };
}

const bytes = (...values: number[]): Uint8Array => new Uint8Array(values);

describe("arrays are walked", () => {
	it.each<MapTypeName>(["ARRAY", "PERCPU_ARRAY"])("%s: each index with its value", (type) => {
		const { map, view } = make(type, 4, 8, 3);
		const { length } = map.userLookup(bytes(0, 0, 0, 0)) as Uint8Array;
		for (const i of [0, 1, 2]) expect(map.userUpdate(bytes(i, 0, 0, 0), new Uint8Array(length).fill(i + 5), 0)).toBe(0);
		expect([...view.keys()]).toEqual([0, 1, 2].map((i) => bytes(i, 0, 0, 0)));
		expect([...map.userKeys()].map((key) => map.userLookup(key)?.[0])).toEqual([5, 6, 7]);
		expect(view.size).toBe(3);
	});
});

describe("hash maps behave like a Map", () => {
	const operation = fc.record({ kind: fc.constantFrom("set", "delete", "get"), key: fc.integer({ min: 0, max: 40 }), value: fc.integer({ min: 0, max: 255 }) });
	it.each([1, 2, 3, 4, 6, 8, 12, 17])("with keys of %i bytes", (keySize) => {
		fc.assert(
			fc.property(fc.array(operation, { maxLength: 200 }), (operations) => {
				const { map, view } = make("HASH", keySize, 5, 24);
				const model = new Map<number, number>();
				for (const { kind, key, value } of operations) {
					const k = new Uint8Array(keySize).fill(key);
					const v = bytes(value, 1, 2, 3, 4);
					if (kind === "set") {
						const full = !model.has(key) && model.size === 24;
						expect(map.userUpdate(k, v, 0)).toBe(full ? -errno.E2BIG : 0);
						if (!full) model.set(key, value);
					} else if (kind === "delete") {
						expect(map.userDelete(k)).toBe(model.delete(key) ? 0 : -errno.ENOENT);
					} else {
						expect(map.userLookup(k)?.[0]).toBe(model.get(key));
					}
				}
				expect(view.size).toBe(model.size);
				expect(new Map([...view].map(([k, v]) => [(k as Uint8Array)[0], (v as Uint8Array)[0]]))).toEqual(model);
			}),
			{ numRuns: 40 },
		);
	});

	it("keeps an entry's address while others come and go", () => {
		const { map, machine } = make("HASH", 4, 8, 64);
		const key = machine.memory.alloc(4);
		const value = machine.memory.alloc(8);
		const at = (n: number): number => {
			machine.memory.view.setUint32(key, n, true);
			return key;
		};
		map.update(at(7), value, 0);
		const address = map.lookup(at(7));
		for (let i = 100; i < 150; i++) map.update(at(i), value, 0);
		for (let i = 100; i < 150; i += 2) map.delete(at(i));
		expect(map.lookup(at(7))).toBe(address);
	});

	it("obeys BPF_NOEXIST and BPF_EXIST", () => {
		const { view } = make("HASH", 4, 4, 8);
		expect(() => view.set(1, 1, "replace")).toThrow(MapError);
		view.set(1, 1, "create");
		expect(() => view.set(1, 2, "create")).toThrow(/EEXIST/);
		view.set(1, 3, "replace");
		expect(view.get(1)).toEqual(bytes(3, 0, 0, 0));
	});
});

describe("LRU maps", () => {
	it("give up an entry that nobody looked at", () => {
		const { view } = make("LRU_HASH", 4, 4, 4);
		for (let i = 0; i < 4; i++) view.set(i, i);
		view.get(0);
		view.set(9, 9);
		expect(view.has(0)).toBe(true);
		expect(view.has(9)).toBe(true);
		expect(view.size).toBe(4);
	});
});

describe("arrays", () => {
	it("have all elements from the start and none beyond", () => {
		const { view, map } = make("ARRAY", 4, 12, 3);
		expect(view.get(2)).toEqual(new Uint8Array(12));
		expect(view.get(3)).toBeUndefined();
		expect(() => view.set(3, bytes(1))).toThrow(/E2BIG/);
		expect(map.layout).toMatchObject({ kind: "array", stride: 16, entries: 3 });
		expect(view.delete(0)).toBe(false);
	});

	it("per CPU have a value for each", () => {
		const { view, map, machine } = make("PERCPU_ARRAY", 4, 4, 2, new Machine({ cpus: 3 }));
		view.set(1, [1, 2, 3]);
		expect(view.get(1)).toEqual([bytes(1, 0, 0, 0), bytes(2, 0, 0, 0), bytes(3, 0, 0, 0)]);
		const key = machine.memory.alloc(4);
		machine.memory.view.setUint32(key, 1, true);
		machine.setEnvironment({ cpu: 2 });
		expect(machine.memory.u8[map.lookup(key)]).toBe(3);
	});
});

describe("queues and stacks", () => {
	it("give back in their order, and replace the oldest when told", () => {
		const queue = make("QUEUE", 0, 4, 2);
		const stack = make("STACK", 0, 4, 2);
		for (const { view } of [queue, stack]) for (const n of [1, 2]) view.push(n);
		expect(() => queue.view.push(3)).toThrow(/E2BIG/);
		expect(queue.map.userUpdate(bytes(), bytes(3, 0, 0, 0), 2)).toBe(0);
		expect([queue.view.pop(), queue.view.pop(), queue.view.pop()]).toEqual([bytes(2, 0, 0, 0), bytes(3, 0, 0, 0), undefined]);
		expect(stack.view.peek()).toEqual(bytes(2, 0, 0, 0));
		expect([stack.view.pop(), stack.view.pop(), stack.view.pop()]).toEqual([bytes(2, 0, 0, 0), bytes(1, 0, 0, 0), undefined]);
	});
});

describe("longest prefix match", () => {
	it("finds the most specific route", () => {
		const { view } = make("LPM_TRIE", 8, 4, 16);
		const route = (length: number, ...address: number[]): Uint8Array => bytes(length, 0, 0, 0, ...address);
		view.set(route(8, 10, 0, 0, 0), 8);
		view.set(route(16, 10, 1, 0, 0), 16);
		view.set(route(0, 0, 0, 0, 0), 1);
		expect(view.get(route(32, 10, 1, 2, 3))).toEqual(bytes(16, 0, 0, 0));
		expect(view.get(route(32, 10, 2, 2, 3))).toEqual(bytes(8, 0, 0, 0));
		expect(view.get(route(32, 192, 168, 0, 1))).toEqual(bytes(1, 0, 0, 0));
		expect(view.delete(route(16, 10, 1, 0, 0))).toBe(true);
		expect(view.get(route(32, 10, 1, 2, 3))).toEqual(bytes(8, 0, 0, 0));
	});
});

describe("ring buffers", () => {
	it("deliver in order of reservation, skip what was discarded, and run full", () => {
		const { map, view, machine } = make("RINGBUF", 0, 0, 4096);
		const ring = map as import("./ringbuf.ts").RingBuffer;
		const [a, b, c] = [ring.reserve(8), ring.reserve(8), ring.reserve(4000)];
		expect(ring.reserve(200)).toBe(0);
		machine.memory.u8[b] = 2;
		ring.commit(b, false);
		expect(view.drain()).toEqual([]);
		ring.commit(a, true);
		expect(view.drain().map((record) => record.data[0])).toEqual([2]);
		ring.commit(c, false);
		expect(view.drain()).toHaveLength(1);
		expect(ring.reserve(4000)).toBeGreaterThan(0);
	});
});

describe("Bloom filters", () => {
	it("never deny what was added", () => {
		const { view } = make("BLOOM_FILTER", 0, 8, 100);
		for (let i = 0; i < 100; i++) view.push(i * 7919);
		for (let i = 0; i < 100; i++) expect(view.has(i * 7919)).toBe(true);
		expect(Array.from({ length: 200 }, (_, i) => view.has(1e6 + i)).filter(Boolean).length).toBeLessThan(40);
	});
});

describe("creation", () => {
	it("refuses wrong attributes by name", () => {
		const machine = new Machine();
		expect(createMap(machine, define("ARRAY", 8, 4, 1))).toMatch(/key size 8/);
		expect(createMap(machine, define("HASH", 4, 4, 0))).toMatch(/max_entries/);
		expect(createMap(machine, define("RINGBUF", 0, 0, 5000))).toMatch(/power of two/);
		expect(createMap(machine, { ...define("HASH", 4, 4, 1), type: 99 })).toMatch(/99 does not exist/);
	});

	it("knows every type of the table", () => {
		const sizes = (rule: unknown): number => (typeof rule === "number" ? rule : rule === "prefix" || rule === "8 or 16" || rule === "multiple of 8" ? 8 : 4);
		for (const row of mapTypes) {
			const entries = row.entries === "pages" ? 4096 : typeof row.entries === "number" ? row.entries : 2;
			expect(createMap(new Machine({ memory: { initial: 1 << 18 } }), define(row.name, sizes(row.key), sizes(row.value), entries)), row.name).toBeInstanceOf(BpfMap);
		}
	});
});
