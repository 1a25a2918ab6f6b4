/**
 * Members of kernel structs, read through typed pointers of every degree of trust, a chain of members deep; what was read is used: read through,
 * checked, given to a kernel function that wants it, written to, kept over the end of an RCU section.
 */
import { type TypeSource, isRecord, resolved, sizeOf, skipModifiers } from "../../../runtime/verifier/btf.ts";
import { type Hook, SLEEPABLE, hook, parametersOf, pointedRecord, targetHooks } from "../hooks.ts";
import type { Question } from "../judge.ts";
import { JEQ, type Writer, writer } from "../writer.ts";
import { type Campaign, type Random, type Setting, caseOf, ending, pick } from "./campaign.ts";
import type { KernelFunction } from "./kfuncs.ts";
import { takers } from "./targets.ts";

const CURRENT_TASK_BTF = 158;

export const structs: Campaign = {
	summary: "loads of kernel structs' members through typed pointers",
	ask({ kernel, random, only }: Setting) {
		const { tracepoints, iterators, members } = targetHooks(kernel);
		const of = [...tracepoints, ...iterators, ...members].filter(({ name }) => only === null || name.includes(only));
		const records: number[] = [];
		for (let id = 1; id < kernel.count; id++) {
			const t = kernel.type(id);
			if (isRecord(t) && t.name !== "" && t.members.length > 0 && (only === null || t.name.includes(only))) records.push(id);
		}
		return { questions: questions(kernel, of, records, takers(kernel), random) };
	},
};

interface Place {
	readonly off: number;
	readonly size: number;
	/** The struct that a pointer there points to; 0: none. */
	readonly to: number;
}

/** A member of the struct, or a place in the middle of one. */
function place(kernel: TypeSource, id: number, random: Random): Place {
	let at = 0;
	let record = resolved(kernel, id);
	for (let depth = 0; depth < 6 && isRecord(record) && record.members.length > 0; depth++) {
		const member = pick(record.members, random);
		at += Math.floor(member.bitOffset / 8);
		let type = resolved(kernel, member.type);
		while (type.kind === "array") {
			const size = sizeOf(kernel, type.type) ?? 1;
			if (type.length > 0) at += size * random(Math.min(type.length, 3));
			type = resolved(kernel, type.type);
		}
		if (isRecord(type) && random(8) !== 0) {
			record = type;
			continue;
		}
		const size = type.kind === "ptr" ? 8 : "size" in type ? type.size : 1;
		if (random(10) === 0) return { off: at + pick([1, 2, 4, -4, 8], random), size: pick([1, 2, 4, 8], random), to: 0 };
		const target = type.kind === "ptr" ? skipModifiers(kernel, type.type) : 0;
		return { off: at, size: [1, 2, 4, 8].includes(size) ? size : 8, to: isRecord(kernel.type(target)) ? target : 0 };
	}
	return { off: at, size: 8, to: 0 };
}

function* questions(kernel: TypeSource, targets: readonly Hook[], records: readonly number[], by: ReadonlyMap<number, readonly KernelFunction[]>, random: Random): Generator<Question> {
	const cast = kernel.find("bpf_rdonly_cast", "func");
	const lock = kernel.find("bpf_rcu_read_lock", "func");
	const unlock = kernel.find("bpf_rcu_read_unlock", "func");
	const task = kernel.find("task_struct", "struct");
	for (let n = 0; ; n++) {
		const w = writer();
		const texts: string[] = [];
		const out = w.label();
		w.mov(6, 1);
		const source = random(3);
		const at = source === 0 && targets.length > 0 ? pick(targets, random) : random(2) ? hook(3) : pick(targets.filter(({ flags }) => flags === SLEEPABLE), random) ?? hook(3);
		let locked = false;
		let struct = task;
		const section = (): void => {
			if (locked) w.kfunc(unlock, "bpf_rcu_read_unlock");
			else w.kfunc(lock, "bpf_rcu_read_lock");
			locked = !locked;
			texts.push(locked ? "rcu" : "end of rcu");
		};
		if (random(3) === 0) section();
		if (source === 0) {
			const [index, type] = argument(kernel, at, random);
			w.load(8, 7, 6, index * 8);
			struct = type || task;
			texts.push(`argument ${index} of ${at.name}`);
		} else if (source === 1 && records.length > 0) {
			struct = pick(records, random);
			w.set(1, 0);
			w.set(2, struct);
			w.kfunc(cast, "bpf_rdonly_cast");
			w.mov(7, 0);
			texts.push(`cast to ${nameOf(kernel, struct)}`);
		} else {
			w.call(CURRENT_TASK_BTF);
			w.mov(7, 0);
			texts.push("current task");
		}
		for (let depth = 1 + random(3); depth > 0 && struct > 0; depth--) {
			const { off, size, to } = place(kernel, struct, random);
			if (random(4) === 0) {
				w.jump(JEQ, 7, 0, out);
				texts.push("checked");
			}
			const bytes = random(12) === 0 ? pick([1, 2, 4, 8], random) : size;
			if (bytes < 8 && random(4) === 0) w.loadSigned(bytes, 7, 7, off);
			else w.load(bytes, 7, 7, off);
			texts.push(`${nameOf(kernel, struct)}+${off}:${bytes}`);
			struct = to;
			if (random(8) === 0) section();
		}
		if (random(2)) w.jump(JEQ, 7, 0, out);
		texts.push(use(w, by.get(struct) ?? [], random));
		if (locked && random(8) !== 0) section();
		ending(w, at, out, locked ? unlock : null);
		yield { one: caseOf(`${n}`, at, w), what: texts.join(", ") };
	}
}

const nameOf = (kernel: TypeSource, id: number): string => (kernel.type(id) as { readonly name?: string }).name || `(${id})`;

/** A parameter of the hook and the struct that it points to. */
function argument(kernel: TypeSource, at: Hook, random: Random): readonly [index: number, struct: number] {
	const pointers = parametersOf(kernel, at).flatMap((type, index) => {
		const to = pointedRecord(kernel, type);
		return to > 0 ? [[index, to] as const] : [];
	});
	return pointers.length === 0 ? [0, 0] : pick(pointers, random);
}

function use(w: Writer, calls: readonly KernelFunction[], random: Random): string {
	switch (random(5)) {
		case 0:
			w.load(pick([1, 4, 8], random), 3, 7, pick([0, 8, 16], random));
			return "read";
		case 1:
			w.storeImm(pick([1, 4, 8], random), 7, pick([0, 8, 16], random), 0);
			return "written to";
		case 2:
			w.alu(0, 7, pick([0, 8, -8], random));
			w.load(8, 3, 7, 0);
			return "moved and read";
		case 3:
			return "left";
		default: {
			if (calls.length === 0) return "left";
			const { id, name } = pick(calls, random);
			w.mov(1, 7);
			for (const r of [2, 3, 4, 5]) w.set(r, 0);
			w.kfunc(id, name);
			return `given to ${name}`;
		}
	}
}
