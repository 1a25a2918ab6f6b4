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
