/**
 * `execute --engine interpreter|js|wasm CASES.jsonl`: runs the accepted programs of classic.jsonl and modern.jsonl over the recorded inputs, without verifying them,
 * and prints what they returned, in the format that score.mjs reads ("runs ok" and "runs bad" are the columns to look at).
 */
import { dirname } from "node:path";
import { bindProgram, createMaps } from "../../runtime/bind.ts";
import { invoke } from "../../runtime/invoke.ts";
import { Machine } from "../../runtime/machine.ts";
import type { Engine } from "../../runtime/program.ts";
import { familyOf } from "../../runtime/programs/index.ts";
import { jsonLines } from "../support/arguments.ts";
import type { RecordedCase } from "../support/case-image.ts";
import { caseImage } from "../support/case-image.ts";
import { engineByName, engineNames } from "../support/engines.ts";

export async function main(args: readonly string[]): Promise<number> {
	const at = args.indexOf("--engine");
	const engine = await engineByName(at < 0 ? "interpreter" : args[at + 1]);
	const file = args.find((arg, i) => !arg.startsWith("--") && (at < 0 || i !== at + 1));
	if (engine === null || file === undefined) {
		console.error(`usage: cases execute --engine ${engineNames.join("|")} CASES.jsonl`);
		return 2;
	}
	for (const one of jsonLines<RecordedCase>(file)) {
		if (one.kernel.verdict !== "accept" || (one.kernel.runs ?? []).length === 0) continue;
		console.log(JSON.stringify({ id: one.id, ...executeCase(one, dirname(file), engine) }));
	}
	return 0;
}

/** One machine a case, its runs in order, as the recording did. */
export function executeCase(one: RecordedCase, folder: string, engine: Engine): { readonly verdict: string; readonly retval?: readonly (string | null)[]; readonly msg?: string } {
	try {
		const machine = new Machine({ memory: { initial: 1024 * 1024 } });
		const image = caseImage(one, folder);
		const maps = createMaps(machine, image);
		if (typeof maps === "string") return { verdict: "unsupported", msg: maps };
		const row = familyOf(image.type);
		if (row === null) return { verdict: "unsupported", msg: `program type ${image.type}` };
		const program = bindProgram(machine, image, maps, null, engine);
		const prepare = row.family(program);
		const retval = (one.kernel.runs ?? []).map((recorded, i) => {
			if (recorded.retval === undefined) return null;
			const { data = "", data_len = 64 } = one.runs?.[i] ?? {};
			const bytes = new Uint8Array(Math.max(data_len, data.length / 2));
			bytes.set(Buffer.from(data, "hex"));
			const prepared = prepare(image.type === 31 ? { context: bytes } : { packet: bytes });
			return `0x${BigInt.asUintN(32, invoke(program, prepared.r1, 0, prepared.state)).toString(16)}`;
		});
		return { verdict: "accept", retval };
	} catch (thrown) {
		return { verdict: "error", msg: thrown instanceof Error ? thrown.message : String(thrown) };
	}
}
