/**
 * Seeds → how many programs agree with gcc on every engine, how many are left out and why, and each difference.
 * A program counts as compared when the code of -O2 for v3 was; a part of the programs is compared at other levels and processors too.
 */
import { inFolder } from "../support/clang.ts";
import { compiled, ENGINES, execute, type Variant } from "./execute.ts";
import { generate, native } from "./generate.ts";

export interface Difference {
	readonly seed: number;
	readonly variant: Variant;
	readonly engine: string;
	readonly got: string;
	readonly expected: bigint;
}

export interface Summary {
	/** Programs that Csmith made. */
	readonly generated: number;
	/** Programs of which the code of -O2 for v3 ran on every engine. */
	readonly compared: number;
	/** Pieces of code (a program at one level for one processor) that ran. */
	readonly codes: number;
	/** By cause: programs that were not compared. */
	readonly left: ReadonlyMap<string, number>;
	/** By cause: pieces of code of the other levels and processors that were not compared. */
	readonly leftCodes: ReadonlyMap<string, number>;
	readonly differences: readonly Difference[];
}

const USUAL: Variant = { cpu: 3, level: 2 };
const OTHERS: readonly Variant[] = [{ cpu: 3, level: 0 }, { cpu: 1, level: 2 }, { cpu: 2, level: 2 }, { cpu: 4, level: 2 }, { cpu: 3, level: 1 }, { cpu: 4, level: 0 }];

/** A program is compared at -O2 -mcpu=v3, and every second one at one other of the levels and processors. */
const variantsOf = (seed: number): readonly Variant[] => (seed % 2 === 0 ? [USUAL, OTHERS[(seed / 2) % OTHERS.length]] : [USUAL]);

export function campaign(seeds: Iterable<number>, report: (difference: Difference) => void = () => {}): Summary {
	let generated = 0;
	let compared = 0;
	let codes = 0;
	const left = new Map<string, number>();
	const leftCodes = new Map<string, number>();
	const differences: Difference[] = [];
	const count = (where: Map<string, number>, cause: string): void => void where.set(cause, (where.get(cause) ?? 0) + 1);
	inFolder((folder) => {
		for (const seed of seeds) {
			const text = generate(seed);
			if (text === null) continue;
			generated++;
			const expected = native(text, folder);
			if (expected === null) {
				count(left, "does not end natively");
				continue;
			}
			for (const variant of variantsOf(seed)) {
				const outcome = compare(text, variant, expected);
				if (outcome.cause !== null) {
					count(variant === USUAL ? left : leftCodes, outcome.cause);
					continue;
				}
				codes++;
				if (variant === USUAL) compared++;
				for (const { engine, got } of outcome.wrong) {
					const difference = { seed, variant, engine, got, expected };
					differences.push(difference);
					report(difference);
				}
			}
		}
	});
	return { generated, compared, codes, left, leftCodes, differences };
}

type Outcome = { readonly cause: string } | { readonly cause: null; readonly wrong: readonly { readonly engine: string; readonly got: string }[] };

function compare(text: string, variant: Variant, expected: bigint): Outcome {
	const object = compiled(text, variant);
	if ("code" in object) return { cause: `refused: ${object.code} ${object.message.replaceAll(/[‘'"`].*?[’'"`]|\d+/g, "…")}` };
	const wrong: { engine: string; got: string }[] = [];
	for (const engine of ENGINES) {
		try {
			const got = execute(object, engine);
			if (got !== expected) wrong.push({ engine: engine.name, got: String(got) });
		} catch (thrown) {
			const message = thrown instanceof Error ? thrown.message : String(thrown);
			const limit = LIMITS.find(({ pattern }) => pattern.test(message));
			if (limit !== undefined) return { cause: limit.cause };
			wrong.push({ engine: engine.name, got: message });
		}
	}
	return { cause: null, wrong };
}

/** Bounds of the machine and of our patience, as the engines word them. */
const LIMITS = [
	{ pattern: /budget of/, cause: "runs too long" },
	// A loop without an end that no run reaches; nothing loads it.
	{ pattern: /jumps to itself for ever/, cause: "holds an endless loop, which eBPF refuses" },
	{ pattern: /nest deeper than/, cause: "calls nested more than eight deep" },
] as const;
