/** The arguments of what programs attach to: each parameter of each tracepoint, iterator and struct_ops member, and what it is good for. */
import type { TypeSource } from "../../../runtime/verifier/btf.ts";
import { type Hook, parametersOf, pointedRecord, returnable, targetHooks } from "../hooks.ts";
import type { Question } from "../judge.ts";
import { JEQ, type Writer, writer } from "../writer.ts";
import { type Campaign, type Random, type Setting, caseOf, drawn, pick } from "./campaign.ts";
import { type KernelFunction, kernelFunctions } from "./kfuncs.ts";

export const targets: Campaign = {
	summary: "arguments of tracepoints, iterators and struct_ops members",
	ask({ kernel, random, only }: Setting) {
		const { tracepoints, iterators, members } = targetHooks(kernel);
		const hooks = [...tracepoints, ...iterators, ...members].filter(({ name }) => only === null || name.includes(only));
		// One place beyond the last parameter is asked for too.
		const rows = hooks.flatMap((hook) => Array.from({ length: parametersOf(kernel, hook).length + 2 }, (_, index) => USES.map((use) => ({ hook, index, use }))).flat());
		return { of: rows.length, questions: questions(rows, takers(kernel), kernel, random) };
	},
};

interface Row {
	readonly hook: Hook;
	readonly index: number;
	readonly use: (typeof USES)[number];
}

const USES = ["nothing", "read", "checked read", "narrow", "write to", "call", "checked call", "return"] as const;

/** Kernel functions by the struct that their first parameter points to. */
export function takers(kernel: TypeSource): ReadonlyMap<number, readonly KernelFunction[]> {
	const by = new Map<number, KernelFunction[]>();
	for (const f of kernelFunctions(kernel)) {
		const t = kernel.type(f.id);
		const proto = t.kind === "func" ? kernel.type(t.type) : t;
		if (proto.kind !== "func_proto" || proto.params.length === 0) continue;
		const to = pointedRecord(kernel, proto.params[0].type);
		if (to > 0) by.set(to, [...(by.get(to) ?? []), f]);
	}
	return by;
}

function* questions(rows: readonly Row[], by: ReadonlyMap<number, readonly KernelFunction[]>, kernel: TypeSource, random: Random): Generator<Question> {
	for (const at of drawn(rows.length, random)) {
		const { hook, index, use } = rows[at];
		const w = writer();
		const calls = by.get(pointedRecord(kernel, parametersOf(kernel, hook)[index] ?? 0)) ?? [];
		const out = w.label();
		w.mov(6, 1);
		const width = use === "narrow" ? pick([1, 2, 4], random) : 8;
		w.load(width, 7, 1, index * 8 + (use === "narrow" ? pick([0, 4, 1], random) : 0));
		if (use === "checked read" || use === "checked call") w.jump(JEQ, 7, 0, out);
		const detail = apply(w, use, calls, random);
		w.place(out);
		if (use === "return") w.mov(0, 7);
		else w.set(0, returnable(hook));
		w.exit();
		yield { one: caseOf(`${at}`, hook, w), what: `${hook.name} argument ${index}: ${use}${detail}` };
	}
}

function apply(w: Writer, use: Row["use"], calls: readonly KernelFunction[], random: Random): string {
	switch (use) {
		case "read":
		case "checked read": {
			const size = pick([1, 2, 4, 8], random);
			const off = pick([0, 0, 0, 8, 16, 64, 24, 4, -8], random);
			w.load(size, 3, 7, off);
			return ` ${size} at ${off}`;
		}
		case "write to": {
			const off = pick([0, 8, 16, 24, 32, 64, 128, 204, 1000], random);
			const size = pick([1, 2, 4, 8], random);
			w.storeImm(size, 7, off, 0);
			return ` ${size} at ${off}`;
		}
		case "call":
		case "checked call": {
			if (calls.length === 0) return " (nothing takes it)";
			const { id, name } = pick(calls, random);
			w.mov(1, 7);
			for (const r of [2, 3, 4, 5]) w.set(r, 0);
			w.kfunc(id, name);
			return ` ${name}`;
		}
		default:
			return "";
	}
}
