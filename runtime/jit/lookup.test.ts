/** Lookups in hash maps as the engines print them, for keys of every kind of size: what is there, what differs in one byte, what was never there. */
import { describe, expect, it } from "vitest";
import type { Insn } from "../../assembler/spec/insn.ts";
import { bareImage } from "../../test/support/image.ts";
import { ProgramFault } from "../fault.ts";
import { createInterpreter } from "../interpreter.ts";
import { Machine } from "../machine.ts";
import { createMap } from "../maps/index.ts";
import type { BpfMap } from "../maps/map.ts";
import type { Engine } from "../program.ts";
import { explainFault } from "./faults.ts";
import { createJsEngine } from "./js.ts";
import { createWasmEngine } from "./wasm.ts";

const HASH = 1;
const LRU = 9;
const engines: Readonly<Record<string, () => Engine>> = {
	interpreter: () => createInterpreter({ checked: false }),
	js: () => createJsEngine({ checked: false, fuel: null }),
	wasm: () => createWasmEngine({ checked: false, fuel: null }),
};
const insn = (opcode: number, dst: number, src: number, off: number, imm: number): Insn => ({ opcode, dst, src, off, imm });
/** r2 = r1; r0 = bpf_map_lookup_elem(map, r2) */
const LOOKUP = [insn(0xbf, 2, 1, 0, 0), insn(0x18, 1, 1, 0, 0), insn(0, 0, 0, 0, 0), insn(0x85, 0, 0, 0, 1), insn(0x95, 0, 0, 0, 0)];

function made(machine: Machine, type: number, keySize: number, maxEntries: number): BpfMap {
	const map = createMap(machine, { name: "hash", type, keySize, valueSize: 8, maxEntries, flags: 0, extra: 0n, keyTypeId: 0, valueTypeId: 0, btf: null, inner: null, initial: null, frozen: false, pinning: 0, slots: [] });
	if (typeof map === "string") throw new Error(map);
	return map;
}

function lookupBy(name: string, machine: Machine, map: BpfMap): (key: number) => number {
	const entry = engines[name]().prepare({ image: bareImage("lookup", LOOKUP, { maps: [map.def] }), machine, maps: [map], ksyms: new Map(), facts: null });
	return (key) => {
		try {
			return entry(key, 0) >>> 0;
		} catch (thrown) {
			throw explainFault(entry, thrown);
		}
	};
}

describe.each(Object.keys(engines))("%s", (name) => {
	it.each([1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 16, 31, 62, 64, 65])("finds keys of %i bytes, wherever they lie", (size) => {
		const machine = new Machine();
		const map = made(machine, HASH, size, 128);
		const at = machine.memory.alloc(size + 16, 8, "key and value");
		const key = at + 3;
		const write = (i: number): void => {
			for (let byte = 0; byte < size; byte++) machine.memory.u8[key + byte] = byte === 0 ? i : (i * 7 + byte * 13) & 0xff;
		};
		for (let i = 0; i < 100; i++) {
			write(i);
			expect(map.update(key, at + 8, 0)).toBe(0);
		}
		const lookup = lookupBy(name, machine, map);
		for (let i = 0; i < 120; i++) {
			write(i);
			expect(lookup(key), `key ${i}`).toBe(map.lookup(key));
			expect(lookup(key) !== 0, `key ${i}`).toBe(i < 100);
			const byte = key + (i % size);
			machine.memory.u8[byte] ^= 0x80;
			expect(lookup(key), `key ${i}, changed`).toBe(map.lookup(key));
		}
	});

	it("spares what it looked up in an LRU map", () => {
		const machine = new Machine();
		const map = made(machine, LRU, 4, 2);
		const [first, second, third] = [1, 2, 3].map((number) => {
			const at = machine.memory.alloc(8, 8, "key");
			machine.memory.view.setUint32(at, number, true);
			return at;
		});
		map.update(first, first, 0);
		map.update(second, second, 0);
		const lookup = lookupBy(name, machine, map);
		expect(lookup(first)).not.toBe(0);
		map.update(third, third, 0);
		expect([first, second, third].map((key) => map.lookup(key) !== 0)).toEqual([true, false, true]);
	});
});

it.each(["js", "wasm"])("%s: a key outside the memory is a fault at the call", (name) => {
	const machine = new Machine();
	const lookup = lookupBy(name, machine, made(machine, HASH, 8, 8));
	expect(() => lookup(-8)).toThrow(ProgramFault);
	expect(() => lookup(-8)).toThrow(expect.objectContaining({ insn: 3 }));
});
