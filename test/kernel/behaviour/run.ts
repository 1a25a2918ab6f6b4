/** A campaign of made programs: what was the same, what was not. */
import { openKernel } from "../../support/kernel.ts";
import { generator } from "../../support/random-program.ts";
import { compare, type Outcome } from "./compare.ts";
import { makeProgram } from "./program.ts";

const ENGINES = ["interpreter", "js", "wasm"] as const;

export interface Totals {
	readonly programs: Record<Outcome["kind"], number>;
	unanswered: number;
	/** Programs that differ, by snippet in them. */
	readonly suspects: Map<string, number>;
}

/** Null, and a line on the console, when there is no kernel to ask. The engines take turns. */
export async function runBehaviour(seed: number, count: number, only: readonly string[], print: (line: string) => void): Promise<Totals | null> {
	const kernel = await openKernel();
	if (kernel === null) return null;
	const random = generator(seed * 7919 + 31);
	const totals: Totals = { programs: { same: 0, different: 0, refused: 0, "not measurable": 0 }, unanswered: 0, suspects: new Map() };
	try {
		for (let i = 0; i < count; i++) {
			const made = makeProgram(random, only);
			const engine = ENGINES[i % ENGINES.length];
			const outcome = await compare(made, kernel, engine);
			totals.programs[outcome.kind]++;
			totals.unanswered += outcome.unanswered;
			if (outcome.kind !== "different") continue;
			for (const name of new Set(made.names)) totals.suspects.set(name, (totals.suspects.get(name) ?? 0) + 1);
			print(`${seed}/${i} ${made.hook} (${engine}): ${made.names.join(" ")}\n  ${[...made.statements, ...outcome.words].join("\n  ")}`);
		}
	} finally {
		await kernel.close();
	}
	return totals;
}

/** "12 the same, 0 different, …" */
export function summary({ programs, unanswered, suspects }: Totals): string {
	const { same, different, refused } = programs;
	const named = [...suspects].sort((a, b) => b[1] - a[1]).map(([name, n]) => `${name} ${n}`);
	return `${same} the same, ${different} different${named.length === 0 ? "" : ` (in them: ${named.join(", ")})`}, ${refused} refused by a verifier, ${programs["not measurable"]} not run by the oracle, ${unanswered} runs without an answer`;
}
