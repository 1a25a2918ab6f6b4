/** The engines by the names that the command line uses. */
import { createInterpreter } from "../../runtime/interpreter.ts";
import type { Engine } from "../../runtime/program.ts";

export const engineNames = ["interpreter", "js", "wasm"] as const;

export async function engineByName(name: string): Promise<Engine | null> {
	switch (name) {
		case "interpreter":
			return createInterpreter({ budget: 20_000_000 });
		case "js":
			return (await import("../../runtime/jit/js.ts")).createJsEngine();
		case "wasm":
			return (await import("../../runtime/jit/wasm.ts")).createWasmEngine();
		default:
			return null;
	}
}
