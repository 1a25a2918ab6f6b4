/** Which kernel function may be called in which hook. Arguments are zeros: the answer is whether the function itself is refused. */
import type { TypeSource } from "../../../runtime/verifier/btf.ts";
import { HOOKS, type Hook, returnable, targetHooks } from "../hooks.ts";
import type { Question } from "../judge.ts";
import { writer } from "../writer.ts";
import { type Campaign, type Random, type Setting, caseOf, drawn } from "./campaign.ts";

export const kfuncs: Campaign = {
	summary: "every kernel function in every hook: may it be called",
	ask({ kernel, random, only }: Setting) {
		const { tracepoints, iterators, members } = targetHooks(kernel);
		const hooks = [...HOOKS, tracepoints[0], ...iterators, ...members];
		const list = kernelFunctions(kernel).filter(({ name }) => only === null || name.includes(only));
		const of = hooks.length * list.length;
		return { of, questions: questions(hooks, list, of, random) };
	},
};

export interface KernelFunction {
	readonly id: number;
	readonly name: string;
}

/** Those that the kernel registered for programs, and some functions that it did not. */
export function kernelFunctions(kernel: TypeSource): readonly KernelFunction[] {
	const names = (ids: readonly number[]) => ids.flatMap((id) => {
		const t = kernel.type(id);
		return t.kind === "func" ? [{ id, name: t.name }] : [];
	});
	const registered = names([...new Set(kernel.tagged("bpf_kfunc"))]);
	return [...registered, ...names(["schedule", "kfree", "tcp_v4_connect"].map((name) => kernel.find(name, "func")))];
}

function* questions(hooks: readonly Hook[], list: readonly KernelFunction[], of: number, random: Random): Generator<Question> {
	for (const row of drawn(of, random)) {
		const hook = hooks[row % hooks.length];
		const { id, name } = list[Math.floor(row / hooks.length)];
		const w = writer();
		for (const r of [1, 2, 3, 4, 5]) w.set(r, 0);
		w.kfunc(id, name);
		w.set(0, returnable(hook));
		w.exit();
		yield { one: caseOf(`${row}`, hook, w), what: `${hook.name} ${name}`, reason: /not allowed|is not a kernel function|not registered/ };
	}
}
