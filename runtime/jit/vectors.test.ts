/** Bytes of 64 bits reversed with vectors and, where WebAssembly has none, without. */
import { afterEach, expect, it, vi } from "vitest";
import { parseInsns } from "../../assembler/text/parse.ts";
import { bareImage } from "../../test/support/image.ts";
import { Machine } from "../machine.ts";
import { exchange } from "../memory.ts";
import * as abilities from "./abilities.ts";

vi.mock("./abilities.ts", { spy: true });
afterEach(() => vi.restoreAllMocks());

it.each([true, false])("vectors: %s", async (vectors) => {
	const asked = vi.mocked(abilities.compilesVectors).mockReturnValue(vectors);
	const { createWasmEngine } = await import("./wasm.ts");
	const { insns, errors } = parseInsns("r0 = 0x0123456789abcdef ll\nr0 ^= r2\nr0 = bswap64 r0\nexit");
	expect(errors).toEqual([]);
	const machine = new Machine();
	const entry = createWasmEngine({ checked: false, fuel: null }).prepare({ image: bareImage("reversed", [...insns]), machine, maps: [], ksyms: new Map(), facts: null });
	expect((entry(0, 0x76543210) >>> 0).toString(16)).toBe("67452301");
	expect((machine.memory.i32[exchange.result >> 2] >>> 0).toString(16)).toBe("ffffffff");
	expect(asked).toHaveBeenCalled();
});
