/** What this JavaScript engine lets a program do: `node --jitless` has no WebAssembly, a page's content security policy may forbid it, generated text, or both. */

const EMPTY_MODULE = Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0);

/** Asks once. */
function once(attempt: () => unknown): () => boolean {
	let known: boolean | null = null;
	return () => {
		if (known !== null) return known;
		try {
			attempt();
			known = true;
		} catch {
			known = false;
		}
		return known;
	};
}

export const compilesWasm = once(() => new WebAssembly.Module(EMPTY_MODULE));

export const compilesText = once(() => new Function(""));

/** `(func (result i64) i64.const 0 i64x2.splat i64x2.extract_lane 0)`: vectors came later than the rest of WebAssembly. */
const VECTOR_MODULE = Uint8Array.of(
	0,
	0x61,
	0x73,
	0x6d,
	1,
	0,
	0,
	0,
	1,
	5,
	1,
	0x60,
	0,
	1,
	0x7e,
	3,
	2,
	1,
	0,
	10,
	11,
	1,
	9,
	0,
	0x42,
	0,
	0xfd,
	18,
	0xfd,
	29,
	0,
	0x0b,
);

export const compilesVectors = once(() => new WebAssembly.Module(VECTOR_MODULE));

/** What runs programs fastest here. */
export function fastestEngine(): "wasm" | "js" | "interpreter" {
	if (compilesWasm()) return "wasm";
	return compilesText() ? "js" : "interpreter";
}
