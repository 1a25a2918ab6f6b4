import { describe, expect, it } from "vitest";
import { layout, LinearMemory } from "./memory.ts";

describe("linear memory", () => {
	it("hands out aligned, zeroed regions with gaps between them", () => {
		const memory = new LinearMemory({ initial: 1 << 20 });
		const a = memory.alloc(10, 8, "a");
		const b = memory.alloc(4096, 4096, "b");
		expect(a).toBeGreaterThanOrEqual(layout.heap);
		expect(b % 4096).toBe(0);
		expect(memory.region(a, 10)?.name).toBe("a");
		expect(memory.region(a, 11)).toBeUndefined();
		expect(memory.region(a - 1, 1)).toBeUndefined();
		expect(memory.u8.subarray(b, b + 4096).every((byte) => byte === 0)).toBe(true);
	});

	it("clears what it hands out again", () => {
		const memory = new LinearMemory();
		const first = memory.alloc(64);
		memory.u8.fill(255, first, first + 64);
		memory.free(first);
		expect(memory.region(first, 1)).toBeUndefined();
		const second = memory.alloc(64);
		expect(second).toBe(first);
		expect(memory.u8[second]).toBe(0);
	});

	it("grows between runs only, and tells who keeps views", () => {
		const memory = new LinearMemory({ initial: 1 << 17 });
		let grown = 0;
		memory.onGrow(() => grown++);
		memory.lock();
		expect(memory.alloc(1 << 20)).toBe(0);
		memory.unlock();
		const at = memory.alloc(1 << 20);
		expect(at).toBeGreaterThan(0);
		expect(grown).toBe(1);
		expect(memory.u8.length).toBe(memory.wasm?.buffer.byteLength);
	});

	it("tells owners that are alive, and forgets the others' places", () => {
		const memory = new LinearMemory({ initial: 1 << 17 });
		const owner = { grown: 0 };
		memory.onGrowOf(owner, (one) => one.grown++);
		for (let i = 0; i < 1000; i++) memory.onGrowOf({}, () => undefined);
		memory.alloc(1 << 20);
		memory.alloc(1 << 22);
		expect(owner.grown).toBe(2);
	});

	it("has nothing in the null guard", () => {
		const memory = new LinearMemory();
		expect(memory.region(0, 1)).toBeUndefined();
		expect(memory.region(layout.nullGuard - 1, 1)).toBeUndefined();
		expect(memory.region(layout.stackTop - 8, 8)?.name).toBe("stack");
		expect(memory.region(layout.stackTop - 4, 8)).toBeUndefined();
	});
});
