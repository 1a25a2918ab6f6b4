/**
 * Numbers: random arithmetic, branches and loops, spills of all widths, and accesses through what came of them. Half of the programs are those that the
 * tests of soundness run (test/support), so that one seed is asked of both the kernel and the interpreter; the others are `numbers.ts`'s.
 */
import { encode } from "../../../assembler/encode.ts";
import type { RecordedCase } from "../../support/case-image.ts";
import { randomAccesses } from "../../support/random-access.ts";
import { randomBounded } from "../../support/random-bounded.ts";
import { hook } from "../hooks.ts";
import type { Question } from "../judge.ts";
import { MAPS, mapIndex } from "../maps.ts";
import { numbers } from "../numbers.ts";
import { type Campaign, type Random, type Setting, caseOf } from "./campaign.ts";

export const arithmetic: Campaign = {
	summary: "random arithmetic, branches and spills, and accesses through what came of them",
	ask: ({ seed, random }: Setting) => ({ questions: questions(seed, random) }),
};

const ARRAY = MAPS[mapIndex("array")];

function* questions(seed: number, random: Random): Generator<Question> {
	for (let n = 0; ; n++) {
		const own = seed * 1_000_000 + n;
		if (random(2) === 0) {
			const w = numbers(random);
			yield { one: caseOf(`${n}`, hook(random(3) === 0 ? 8 : 1), w, { maps: [ARRAY] }), what: "numbers" };
			continue;
		}
		const bounded = random(3) !== 0;
		const insns = bounded ? randomBounded(own) : randomAccesses(own);
		const one: RecordedCase = { id: `${n}`, suite: "campaign", name: `${n}`, prog_type: 1, license: "GPL", insns: Buffer.from(encode(insns)).toString("hex"), maps: [ARRAY], kernel: {} };
		yield { one, what: `${bounded ? "bounded" : "accesses"} ${own}` };
	}
}
