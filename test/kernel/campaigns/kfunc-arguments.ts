/**
 * Every kernel function in hooks of each kind, with random arguments, most of which fit its prototype: numbers, memory, the context, maps, typed pointers of
 * every degree of trust, references, dynptrs, iterators. `--only`: functions whose name has the word.
 */
import { type TypeSource, isRecord, isScalarType, nameOf, resolved } from "../../../runtime/verifier/btf.ts";
import { HOOKS, SLEEPABLE, type Hook, hook, pointedRecord, targetHooks } from "../hooks.ts";
import type { Question } from "../judge.ts";
import { MAPS, mapIndex } from "../maps.ts";
import { JEQ, type Label, type Writer, writer } from "../writer.ts";
import { type Campaign, type Random, type Setting, caseOf, nameType, ending, pick } from "./campaign.ts";
import { type KernelFunction, kernelFunctions } from "./kfuncs.ts";

const LOOKUP = 1;
const RANDOM_NUMBER = 7;
const CURRENT_TASK_BTF = 158;
const DYNPTR_FROM_MEM = 197;
const FRAME = 160;
const DYNPTR = -64;
const ITERATOR = -96;
const NUMBERS = [0, 1, 4, 8, 16, 32, 64, -1, 100];

export const kfuncArguments: Campaign = {
	summary: "every kernel function with random arguments, most of which fit",
	ask({ kernel, random, only }: Setting) {
		const { tracepoints, iterators, members } = targetHooks(kernel);
		const hooks = [hook(3), hook(6), hook(31, 0, SLEEPABLE), hook(2, 48, SLEEPABLE), tracepoints[0], pick(iterators.filter(({ flags }) => flags !== 0), random), ...members, ...HOOKS.filter(() => random(4) === 0)];
		const list = kernelFunctions(kernel).filter(({ name }) => only === null || name.includes(only));
		return { questions: questions({ kernel, random, list, hooks, ...objectsOf(kernel) }) };
	},
};

interface Table {
	readonly kernel: TypeSource;
	readonly random: Random;
	readonly list: readonly KernelFunction[];
	readonly hooks: readonly Hook[];
	/** By struct: functions of numbers alone that give a pointer to it; functions that take it and end in "release", "put" or "drop". */
	readonly makers: ReadonlyMap<number, KernelFunction>;
	readonly releases: ReadonlyMap<number, KernelFunction>;
}

/** A source of an argument: what comes before all arguments are set, how the register is set, what comes after the call. */
interface Source {
	readonly text: string;
	before?(w: Writer, bad: Label): void;
	set(w: Writer, r: number): void;
	after?(w: Writer): void;
}

const protoOf = (kernel: TypeSource, id: number) => {
	const t = kernel.type(id);
	const proto = t.kind === "func" ? kernel.type(t.type) : t;
	return proto.kind === "func_proto" ? proto : { params: [], result: 0 };
};

export function objectsOf(kernel: TypeSource): Pick<Table, "makers" | "releases"> {
	const makers = new Map<number, KernelFunction>();
	const releases = new Map<number, KernelFunction>();
	for (const f of kernelFunctions(kernel)) {
		const { params, result } = protoOf(kernel, f.id);
		const made = pointedRecord(kernel, result);
		if (made > 0 && params.every(({ type }) => isScalarType(resolved(kernel, type)))) makers.set(made, f);
		const taken = params.length > 0 && /_(release|put|drop)$|_put_/.test(f.name) ? pointedRecord(kernel, params[0].type) : 0;
		if (taken > 0) releases.set(taken, f);
	}
	return { makers, releases };
}

const number = (c: number): Source => ({ text: `${c}`, set: (w, r) => w.set(r, c) });
const unknown = (mask: number): Source => ({
	text: `unknown & ${mask}`,
	before(w) {
		w.call(RANDOM_NUMBER);
		w.store(8, 10, -FRAME, 0);
	},
	set(w, r) {
		w.load(8, r, 10, -FRAME);
		w.alu(0x50, r, mask);
	},
});
const context: Source = { text: "ctx", set: (w, r) => w.mov(r, 6) };
const stack = (off: number): Source => ({ text: `fp${off}`, set: (w, r) => w.stack(r, off) });
const theMap = (name: string): Source => ({ text: name, set: (w, r) => w.wide(r, 1, mapIndex(name)) });
const direct = (name: string, off: number): Source => ({ text: `&${name}+${off}`, set: (w, r) => w.wide(r, 2, mapIndex(name), off) });
const value: Source = {
	text: "value",
	before(w, bad) {
		w.wide(1, 1, mapIndex("hash"));
		w.stack(2, -8);
		w.call(LOOKUP);
		w.jump(JEQ, 0, 0, bad);
		w.mov(7, 0);
	},
	set: (w, r) => w.mov(r, 7),
};
const task = (off: number | null): Source => ({
	text: off === null ? "task" : `task->${off}`,
	before(w) {
		w.call(CURRENT_TASK_BTF);
		w.mov(8, 0);
		if (off !== null) w.load(8, 8, 8, off);
	},
	set: (w, r) => w.mov(r, 8),
});

function sourceFor(param: { readonly name: string; readonly type: number } | undefined, table: Table): Source {
	const { kernel, random } = table;
	const any = (): Source => pick([number(pick(NUMBERS, random)), context, stack(-8), stack(-FRAME), value, task(null), theMap("hash"), direct("array", 0), unknown(63), dynptr(kernel, random), iterator(kernel, 4), cast(table, kernel.find("task_struct", "struct"))], random);
	if (param === undefined || random(7) === 0) return any();
	const type = resolved(kernel, param.type);
	if (type.kind !== "ptr") return random(3) === 0 ? unknown(pick([1, 15, 63, 0xff, -1], random)) : number(pick(NUMBERS, random));
	if (param.name.endsWith("__map") || param.name === "map") return random(5) === 0 ? value : theMap(pick(["hash", "array", "ring"], random));
	if (param.name.endsWith("__ign") || param.name.endsWith("__str")) return pick([number(0), direct("readable", 0), stack(-8)], random);
	const record = pointedRecord(kernel, param.type);
	const name = record > 0 ? nameOf(kernel, record) : "";
	if (name === "bpf_dynptr" || name === "bpf_dynptr_kern") return param.name.endsWith("__uninit") && random(3) !== 0 ? stack(-32) : dynptr(kernel, random);
	if (name.startsWith("bpf_iter_")) return random(2) ? stack(ITERATOR) : iterator(kernel, pick([0, 10], random));
	if (name === "bpf_map") return theMap(pick(["hash", "array"], random));
	if (["__sk_buff", "sk_buff", "xdp_md", "bpf_sock_addr_kern", "bpf_sock_ops_kern", "bpf_nf_ctx"].includes(name) && random(4) !== 0) return context;
	if (record > 0) {
		const ways: Source[] = [number(0), cast(table, record), cast(table, record)];
		if (name === "task_struct") ways.push(task(null), task(null), task(null));
		const maker = table.makers.get(record);
		if (maker !== undefined) {
			const one = made(maker, table.releases.get(record), table);
			ways.push(one, one, one, one);
		}
		if (isRecord(kernel.type(record)) && maker === undefined) ways.push(stack(-FRAME), value, direct("array", 0));
		return pick(ways, random);
	}
	return pick([stack(-32), stack(-FRAME), value, direct("array", pick([0, 32, 60], random)), direct("readable", 0), number(0), task(null)], random);
}

function dynptr(kernel: TypeSource, random: Random): Source {
	void kernel;
	const map = pick(["array", "array", "readable"], random);
	return {
		text: `dynptr of ${map}`,
		before(w) {
			w.wide(1, 2, mapIndex(map));
			w.set(2, 32);
			w.set(3, 0);
			w.stack(4, DYNPTR);
			w.call(DYNPTR_FROM_MEM);
		},
		set: (w, r) => w.stack(r, DYNPTR),
	};
}

function iterator(kernel: TypeSource, end: number): Source {
	return {
		text: `iterator to ${end}`,
		before(w) {
			w.stack(1, ITERATOR);
			w.set(2, 0);
			w.set(3, end);
			w.kfunc(kernel.find("bpf_iter_num_new", "func"), "bpf_iter_num_new");
		},
		set: (w, r) => w.stack(r, ITERATOR),
		after(w) {
			w.stack(1, ITERATOR);
			w.kfunc(kernel.find("bpf_iter_num_destroy", "func"), "bpf_iter_num_destroy");
		},
	};
}

function cast({ kernel }: Table, record: number): Source {
	return {
		text: `cast to ${nameOf(kernel, record)}`,
		before(w) {
			w.set(1, 0);
			w.set(2, record);
			w.kfunc(kernel.find("bpf_rdonly_cast", "func"), "bpf_rdonly_cast");
			w.mov(9, 0);
		},
		set: (w, r) => w.mov(r, 9),
	};
}

/** What a function gave, checked or not, released afterwards or not. */
function made(maker: KernelFunction, release: KernelFunction | undefined, { kernel, random }: Table): Source {
	const checked = random(5) !== 0;
	const released = release !== undefined && random(6) !== 0;
	return {
		text: `${maker.name}()${checked ? "" : " unchecked"}${released ? "" : " kept"}`,
		before(w, bad) {
			for (let r = 1; r <= protoOf(kernel, maker.id).params.length; r++) w.set(r, 1);
			w.kfunc(maker.id, maker.name);
			if (checked) w.jump(JEQ, 0, 0, bad);
			w.mov(9, 0);
			w.store(8, 10, -FRAME + 8, 0);
		},
		set: (w, r) => w.mov(r, 9),
		...(released ? {
			after(w: Writer) {
				w.load(8, 1, 10, -FRAME + 8);
				w.kfunc(release.id, release.name);
			},
		} : {}),
	};
}

function* questions(table: Table): Generator<Question> {
	const { kernel, random, list, hooks, releases } = table;
	const rcuLock = kernel.find("bpf_rcu_read_lock", "func");
	const rcuUnlock = kernel.find("bpf_rcu_read_unlock", "func");
	for (let n = 0; list.length > 0; n++) {
		const f = pick(list, random);
		const at = pick(hooks, random);
		const { params, result } = protoOf(kernel, f.id);
		const w = writer();
		const bad = w.label();
		const sources = Array.from({ length: 5 }, (_, i) => (i < params.length ? sourceFor(params[i], table) : number(0)));
		w.mov(6, 1);
		for (let off = -FRAME; off < 0; off += 8) w.storeImm(8, 10, off, 0);
		const rcu = random(5) === 0;
		if (rcu) w.kfunc(rcuLock, "bpf_rcu_read_lock");
		// What two arguments are made of is made once.
		const before = [...new Set(sources)];
		for (const source of before) source.before?.(w, bad);
		for (const [i, source] of sources.entries()) source.set(w, i + 1);
		w.kfunc(f.id, f.name);
		const record = pointedRecord(kernel, result);
		const release = releases.get(record);
		const type = resolved(kernel, result);
		if (random(5) === 0) nameType(w);
		else if (type.kind === "ptr" && random(3) !== 0) {
			const none = w.label();
			if (random(4) !== 0) w.jump(JEQ, 0, 0, none);
			if (random(2)) w.load(pick([1, 4, 8], random), 3, 0, pick([0, 0, 8], random));
			if (release !== undefined && random(5) !== 0) {
				w.mov(1, 0);
				w.kfunc(release.id, release.name);
			}
			w.place(none);
		}
		for (const source of before) source.after?.(w);
		if (rcu) w.kfunc(rcuUnlock, "bpf_rcu_read_unlock");
		ending(w, at, bad, rcu ? rcuUnlock : null);
		yield { one: caseOf(`${n}`, at, w, { maps: MAPS }), what: `${at.name} ${f.name}(${sources.slice(0, params.length).map(({ text }) => text).join(", ")})${rcu ? " in rcu" : ""}`, reason: /not allowed|is not a kernel function/ };
	}
}
