/** Many programs: what was lost, what differs, what costs how much. */
import { type Comparison, compare } from "./compare.ts";
import { makeShape } from "./program.ts";

const ENGINES = ["wasm", "js", "interpreter"] as const;

export interface Totals {
	readonly programs: number;
	/** Accepted from clang, not from us; and the other way round. */
	lost: number;
	gained: number;
	refused: number;
	different: number;
	/** A compiler or an engine ended with an error of another kind. */
	failed: number;
	/** Of programs that are accepted from both, ours over clang's: geometric means. */
	readonly instructions: number;
	readonly walked: number;
	readonly text: string;
}

export async function campaign(first: number, count: number, print: (line: string) => void): Promise<Totals> {
	const totals = { programs: count, lost: 0, gained: 0, refused: 0, different: 0, failed: 0 };
	let both = 0;
	let [instructions, walked] = [0, 0];
	for (let seed = first; seed < first + count; seed++) {
		let one: Comparison;
		try {
			one = await compare(makeShape(seed), ENGINES[seed % ENGINES.length]);
		} catch (thrown) {
			totals.failed++;
			print(`seed ${seed}: ${String(thrown instanceof Error ? thrown.message : thrown).split("\n")[0]}`);
			continue;
		}
		const { clang, ours, differences } = one;
		if (differences.length > 0) totals.different++;
		for (const line of differences) print(`seed ${seed}: ${line.slice(0, 300)}`);
		if (clang.refused !== null && ours.refused !== null) totals.refused++;
		else if (clang.refused !== null) totals.gained++;
		else if (ours.refused !== null) {
			totals.lost++;
			print(`seed ${seed}: accepted from clang (walked ${clang.walked}), not from us: ${ours.refused}`);
		} else {
			both++;
			instructions += Math.log(ours.instructions / clang.instructions);
			walked += Math.log(ours.walked / clang.walked);
			if (ours.walked > 3 * clang.walked + 2000) print(`seed ${seed}: walked ${ours.walked}, clang's ${clang.walked}`);
			if (ours.instructions > 1.3 * clang.instructions + 20) print(`seed ${seed}: ${ours.instructions} instructions, clang's ${clang.instructions}`);
		}
	}
	const means = { instructions: Math.exp(instructions / both), walked: Math.exp(walked / both) };
	const text = `${count} programs: ${both} accepted from both, ${totals.lost} lost, ${totals.gained} gained, ${totals.refused} refused from both, ${totals.different} with other results, ${totals.failed} failed; instructions ${means.instructions.toFixed(3)}, walked ${means.walked.toFixed(3)} of clang's`;
	return { ...totals, ...means, text };
}
