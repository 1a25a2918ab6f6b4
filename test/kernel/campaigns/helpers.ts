/** Which helper may be called in which hook. Arguments are what they are: the answer is whether the helper itself is refused. */
import { helpers as table } from "../../../assembler/spec/helpers.ts";
import { HOOKS, NOT_BUILT, SLEEPABLE, type Hook, returnable, targetHooks } from "../hooks.ts";
import type { Question } from "../judge.ts";
import { writer } from "../writer.ts";
import { type Campaign, type Random, type Setting, caseOf, drawn } from "./campaign.ts";

export const helpers: Campaign = {
	summary: "every helper in every hook: may it be called",
	ask({ kernel, random, only }: Setting) {
		for (const { type, why } of NOT_BUILT) console.log(`left out: program type ${type} (${why})`);
		const { tracepoints, iterators, members } = targetHooks(kernel);
		const hooks = [...HOOKS, tracepoints[0], ...iterators, ...members.filter(({ flags }) => flags !== SLEEPABLE)];
		const ids = [...table, { id: 0, name: "helper 0" }, { id: 212, name: "helper 212" }, { id: 0x7fffffff, name: "helper 0x7fffffff" }].filter(({ name }) => only === null || name.includes(only));
		const of = hooks.length * ids.length;
		return { of, questions: questions(hooks, ids, of, random) };
	},
};

function* questions(hooks: readonly Hook[], ids: readonly { readonly id: number; readonly name: string }[], of: number, random: Random): Generator<Question> {
	for (const row of drawn(of, random)) {
		const hook = hooks[row % hooks.length];
		const { id, name } = ids[Math.floor(row / hooks.length)];
		const w = writer();
		for (const r of [2, 3, 4, 5]) w.set(r, 0);
		w.call(id);
		w.set(0, returnable(hook));
		w.exit();
		yield { one: caseOf(`${row}`, hook, w), what: `${hook.name} ${name}`, reason: /cannot use helper|unknown func|invalid func/ };
	}
}
