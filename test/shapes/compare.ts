/** One program by clang and by us: our verifier's verdict on both objects, their instructions, those it walks, and what both leave behind packet by packet. */
import { type LoadedObject, VerifierRejection, compile, defaultOptions, load } from "../../index.ts";
import type { EngineName } from "../../runtime/load.ts";
import { clang } from "../support/clang.ts";
import type { Shape } from "./program.ts";

export interface Side {
	/** The verifier's message; null: accepted. */
	readonly refused: string | null;
	readonly instructions: number;
	readonly walked: number;
}

export interface Comparison {
	readonly clang: Side;
	readonly ours: Side;
	/** What differs after some packet. */
	readonly differences: readonly string[];
}

interface Loaded extends Side {
	readonly object: LoadedObject | null;
}

export async function compare({ source, packets }: Shape, engine: EngineName): Promise<Comparison> {
	const [theirs, ours] = [await loaded(clang(source), engine), await loaded(compiled(source), engine)];
	const differences: string[] = [];
	if (theirs.object !== null && ours.object !== null) {
		for (const [i, packet] of packets.entries()) {
			const [wanted, got] = [theirs.object, ours.object].map((object) => after(object, packet));
			for (const [what, value] of wanted) if (got.get(what) !== value) differences.push(`packet ${i}: ${what} is ${got.get(what)}, clang's ${value}`);
			if (differences.length > 0) break;
		}
	}
	theirs.object?.close();
	ours.object?.close();
	return { clang: theirs, ours, differences };
}

function compiled(source: string): Uint8Array {
	const { output, diagnostics } = compile("program.c", source, { ...defaultOptions({ read: () => null }), vmlinux: () => null });
	const error = diagnostics.find(({ severity }) => severity === "error");
	if (error !== undefined) throw new Error(`does not compile: ${error.code} ${error.message}`);
	return output as Uint8Array;
}

async function loaded(bytes: Uint8Array, engine: EngineName): Promise<Loaded> {
	try {
		const object = await load(bytes, { engine });
		const { image, verdict } = object.programs.f;
		return { object, refused: null, instructions: image.insns.length, walked: verdict!.stats.insnsProcessed };
	} catch (thrown) {
		if (!(thrown instanceof VerifierRejection)) throw thrown;
		return { object: null, refused: thrown.rejection.message, instructions: thrown.image.insns.length, walked: 0 };
	}
}

/** Everything that can be seen after a packet, by name. */
function after(object: LoadedObject, bytes: Uint8Array): ReadonlyMap<string, string> {
	const { retval, packet } = object.programs.f.run({ packet: bytes });
	const seen = new Map([["the result", String(retval)], ["the packet", Buffer.from(packet ?? new Uint8Array(0)).toString("hex")]]);
	const text = (value: unknown): string => JSON.stringify(value, (_, part: unknown) => (typeof part === "bigint" ? String(part) : part));
	for (const name of ["out", "bytes", "own"]) seen.set(name, text(object.globals[name]));
	for (const [name, view] of Object.entries(object.maps)) if (!name.includes(".")) seen.set(name, [...view].map(text).sort().join());
	return seen;
}
