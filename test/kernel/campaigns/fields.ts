/**
 * Map values and allocated objects of random layouts (field-layouts.ts): programs take such a value from a map of each type that may hold it, and read, write, compute with, give on and use its bytes, the right ones and those beside.
 *
 * A BTF has one layout; what kernels refuse to make a map of is counted as not measurable.
 */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { TypeSource } from "../../../runtime/verifier/btf.ts";
import { type Hook, SLEEPABLE, hook, targetHooks } from "../hooks.ts";
import type { Question } from "../judge.ts";
import { neededMaps } from "../needed-maps.ts";
import { ADD, AND, JEQ, JGT, JNE, type Label, type Writer, writer } from "../writer.ts";
import type { RecordedMap } from "../../support/case-image.ts";
import { type Campaign, type Random, type Setting, caseOf, pick } from "./campaign.ts";
import { type Kind, type Layout, makeLayout, NODE, NOT_EVERYWHERE } from "./field-layouts.ts";

const SHARED_BY = 60;
const NO_PREALLOC = 1;
const RANDOM_NUMBER = 7;
const CURRENT_TASK_BTF = 158;
const PROBE_READ_KERNEL = 113;
const TASK_STORAGE_GET = 156;
const KPTR_XCHG = 194;
const [LOCK, UNLOCK] = [93, 94];
const [TIMER_INIT, TIMER_CALLBACK, TIMER_START, TIMER_CANCEL] = [169, 170, 171, 172];

export const fields: Campaign = {
	summary: "values and objects of random layouts, with locks, timers, kptrs, lists and trees in members and arrays",
	ask(setting) {
		const { tracepoints } = targetHooks(setting.kernel);
		const traced = tracepoints.find(({ name }) => name === "tp_btf/sched_switch") ?? tracepoints[0];
		const hooks = [hook(3), hook(3), hook(6), hook(31, 0, SLEEPABLE), hook(31, 0, SLEEPABLE), traced, hook(8), hook(2, 48, SLEEPABLE), hook(1)];
		return { questions: questions(setting, hooks) };
	},
};

function* questions({ random, scratch, kernel }: Setting, hooks: readonly Hook[]): Generator<Question> {
	mkdirSync(join(scratch, "btf"), { recursive: true });
	let layout: Layout | null = null;
	for (let n = 0; ; n++) {
		if (layout === null || n % SHARED_BY === 0) layout = makeLayout(`fields${n / SHARED_BY}.btf`, scratch, random);
		// Tracing programs and socket filters may not have most of this; neither may most maps.
		const special = layout.places.some(({ kind }) => NOT_EVERYWHERE.has(kind));
		const at = pick(special && random(12) ? hooks.filter(({ type }) => ![1, 2, 26].includes(type)) : hooks, random);
		const w = writer();
		const type = pick(special && random(8) ? [2, 2, 2, 1, 1] : [2, 2, 1, 9, 6, 5, 11, 29, 32], random);
		const what = program(w, layout, type, random, kernel);
		const maps: readonly RecordedMap[] = [mapOf(layout, type), mapOf(layout, 2)];
		const made = w.finish();
		yield { one: { ...caseOf(`${n}`, at, w), btf: layout.file, ...neededMaps(made.insns ?? "", maps) }, what: `${at.name} map ${type} {${layout.places.map(({ kind, off }) => `${off} ${kind}`).join(", ")}} ${what}` };
	}
}

function mapOf({ file, size, ids }: Layout, type: number): RecordedMap {
	const storage = type === 29 || type === 32;
	return { type, key_size: type === 11 ? 8 : 4, value_size: size, max_entries: storage ? 0 : type === 2 || type === 6 ? 1 : 4, map_flags: storage || type === 11 ? NO_PREALLOC : 0, btf: file, btf_key_type_id: ids.int, btf_value_type_id: ids.value };
}

function program(w: Writer, layout: Layout, type: number, random: Random, kernel: TypeSource): string {
	const { size, places, ids } = layout;
	const texts: string[] = [];
	const callbacks: { readonly label: Label; readonly type: number; readonly write: () => void }[] = [];
	const kfunc = (name: string): void => w.kfunc(Math.max(0, kernel.find(name, "func")), name);
	w.function(ids.main);
	w.mov(6, 1);
	for (let off = 8; off <= 48; off += 8) w.storeImm(8, 10, -off, 0);
	const early = w.label();
	value(7);
	const rcu = random(4) === 0;
	if (rcu) kfunc("bpf_rcu_read_lock");
	for (let left = 1 + random(4); left > 0; left--) step();
	if (rcu && random(12)) kfunc("bpf_rcu_read_unlock");
	w.place(early);
	w.set(0, 0);
	w.exit();
	for (const { label, type: id, write } of callbacks) {
		w.place(label);
		w.function(id);
		write();
	}
	return texts.join(", ");

	/** The value of the map, or an object of the same layout, into a register that calls keep. */
	function value(r: number): void {
		const way = random(12);
		if (type === 2 && way < 4) return w.wide(r, 2, 0, 0);
		if (way === 4) {
			w.set(1, ids.value);
			w.set(2, 0);
			kfunc("bpf_obj_new_impl");
			texts.push("new");
		} else if (type === 29 && way < 11) {
			w.call(CURRENT_TASK_BTF);
			w.mov(2, 0);
			w.wide(1, 1, 0);
			w.set(3, 0);
			w.set(4, 1);
			w.call(TASK_STORAGE_GET);
		} else {
			w.wide(1, 1, 0);
			w.stack(2, -16);
			w.call(1);
		}
		if (random(20)) w.jump(JEQ, 0, 0, early);
		w.mov(r, 0);
	}

	function somewhere(...kinds: readonly Kind[]): number {
		const fitting = places.filter(({ kind }) => kinds.length === 0 || kinds.includes(kind));
		if (fitting.length === 0 || random(25) === 0) return pick([0, 4, 8, 16, 24, size - 8, size, -8], random) % (size + 8);
		return pick(fitting, random).off;
	}
	function field(r: number, off: number): void {
		w.mov(r, 7);
		w.alu(ADD, r, off);
	}

	function step(): void {
		const none = w.label();
		const has = (...kinds: readonly Kind[]): boolean => random(15) === 0 || places.some(({ kind }) => kinds.includes(kind));
		const kptr = (["task", "object", "cpumask", "cgroup", "percpu", "seen"] as const).filter((kind) => has(kind));
		let way = random(17);
		if (((way === 5 || way === 6 || way === 7 || way === 8) && kptr.length === 0) || (way === 9 && !has("timer")) || (way === 10 && !has("work")) || (way === 11 && !has("task work")) || (way > 11 && !has("lock", "resilient"))) way = 0;
		switch (way) {
			case 0: case 1: {
				const bytes = pick([1, 2, 4, 8], random);
				const off = random(4) ? somewhere("bytes") : somewhere() + (random(3) * 4 - 4) * random(2);
				if (random(2)) w.load(bytes, 8, 7, off);
				else if (random(3) === 0) {
					w.set(9, 1);
					w.emit(bytes === 4 ? 0xc3 : 0xdb, 7, 9, off, pick([0, 1, 0xe1], random));
				}
				else w.storeImm(bytes, 7, off, pick([0, 1], random));
				texts.push(`${bytes} at ${off}`);
				break;
			}
			case 2: {
				// An unknown place.
				w.call(RANDOM_NUMBER);
				w.alu(AND, 0, pick([7, 4, 1, 3, 8, 15], random));
				field(8, random(3) ? somewhere("bytes") : somewhere());
				w.aluReg(ADD, 8, 0);
				if (random(2)) w.load(pick([1, 8], random), 9, 8, 0);
				else w.storeImm(1, 8, 0, 1);
				texts.push("somewhere");
				break;
			}
			case 3: {
				field(1, random(8) ? somewhere("bytes") : 0);
				w.set(2, pick([8, 8, 4, 16, size, 1], random));
				w.set(3, 0);
				w.call(PROBE_READ_KERNEL);
				texts.push("read into");
				break;
			}
			case 4: {
				// A whole value is copied.
				w.wide(1, 1, random(4) ? 0 : 1);
				w.stack(2, -16);
				w.mov(3, 7);
				w.set(4, pick([0, 4], random));
				w.call(2);
				texts.push("update");
				break;
			}
			case 5: case 6: {
				exchange(pick(kptr, random), none);
				break;
			}
			case 7: {
				w.load(8, 8, 7, somewhere("task", "object", "seen", "cpumask", "cgroup", "percpu", "user"));
				if (random(4)) w.jump(JEQ, 8, 0, none);
				const use = random(4);
				if (use < 2) w.load(pick([4, 8], random), 9, 8, pick([0, 8, 16], random));
				else if (use === 2) w.storeImm(4, 8, 0, 1);
				else {
					w.mov(1, 8);
					kfunc(pick(["bpf_task_acquire", "bpf_cpumask_first", "bpf_cgroup_acquire"], random));
					w.jump(JEQ, 0, 0, none);
					w.mov(1, 0);
					kfunc(pick(["bpf_task_release", "bpf_cgroup_release"], random));
				}
				texts.push("load of a kptr");
				break;
			}
			case 8: {
				// A kptr is written: null, itself, the current task.
				const off = somewhere("seen", "seen", "task", "object");
				if (random(3) === 0) w.storeImm(8, 7, off, random(2));
				else if (random(2)) {
					w.call(CURRENT_TASK_BTF);
					w.store(8, 7, off, 0);
				} else {
					w.load(8, 8, 7, somewhere("seen"));
					w.store(8, 7, off, 8);
				}
				texts.push("store of a kptr");
				break;
			}
			case 9: {
				const off = somewhere("timer");
				field(1, off);
				w.wide(2, 1, random(6) ? 0 : 1);
				w.set(3, 1);
				w.call(TIMER_INIT);
				if (random(2)) {
					field(1, somewhere("timer"));
					w.func(2, expired());
					w.call(TIMER_CALLBACK);
				}
				field(1, somewhere("timer"));
				w.set(2, 0);
				w.set(3, 0);
				w.call(pick([TIMER_START, TIMER_CANCEL], random));
				texts.push("timer");
				break;
			}
			case 10: {
				field(1, somewhere("work"));
				w.wide(2, 1, random(6) ? 0 : 1);
				w.set(3, 0);
				kfunc("bpf_wq_init");
				field(1, somewhere("work"));
				w.func(2, expired());
				w.set(3, 0);
				w.set(4, 0);
				kfunc("bpf_wq_set_callback_impl");
				texts.push("work");
				break;
			}
			case 11: {
				w.call(CURRENT_TASK_BTF);
				w.mov(1, 0);
				field(2, somewhere("task work"));
				w.wide(3, 1, random(6) ? 0 : 1);
				w.func(4, expired());
				w.set(5, 0);
				kfunc(pick(["bpf_task_work_schedule_signal_impl", "bpf_task_work_schedule_resume_impl", "bpf_task_work_schedule_signal", "bpf_task_work_schedule_resume"].filter((name) => kernel.find(name, "func") > 0), random));
				texts.push("task work");
				break;
			}
			default: locked(none);
		}
		w.place(none);
	}

	function expired(): Label {
		const label = w.label();
		callbacks.push({
			label, type: ids.expired, write() {
				const off = somewhere("bytes");
				if (random(2)) w.load(8, 0, 3, off);
				w.set(0, random(8) ? 0 : 1);
				w.exit();
			},
		});
		return label;
	}

	function exchange(kind: "task" | "object" | "cpumask" | "cgroup" | "percpu" | "seen", none: Label): void {
		const off = somewhere(kind);
		const what = random(6) ? kind : pick(["task", "object", "percpu", "null"] as const, random);
		const fresh = random(4) === 0 ? "null" : what;
		if (fresh === "task") {
			w.set(1, 1);
			kfunc("bpf_task_from_pid");
		} else if (fresh === "cgroup") {
			w.set(1, 1);
			kfunc("bpf_cgroup_from_id");
		} else if (fresh === "cpumask") kfunc("bpf_cpumask_create");
		else if (fresh === "object" || fresh === "percpu") {
			w.set(1, random(10) ? ids.plain : ids.node);
			w.set(2, 0);
			kfunc(fresh === "object" ? "bpf_obj_new_impl" : "bpf_percpu_obj_new_impl");
		} else w.set(0, 0);
		if (fresh !== "null" && random(12)) w.jump(JEQ, 0, 0, none);
		w.mov(2, 0);
		field(1, off);
		w.call(KPTR_XCHG);
		texts.push(`${fresh} to ${kind} at ${off}`);
		if (random(12)) w.jump(JEQ, 0, 0, none);
		if (random(3) === 0) w.load(4, 9, 0, 0);
		w.mov(1, 0);
		w.set(2, 0);
		if (random(15)) kfunc(kind === "task" || kind === "seen" ? "bpf_task_release" : kind === "cgroup" ? "bpf_cgroup_release" : kind === "cpumask" ? "bpf_cpumask_release" : kind === "percpu" ? "bpf_percpu_obj_drop_impl" : "bpf_obj_drop_impl");
	}

	/** Under the value's lock: what grows in it, or its bytes. */
	function locked(none: Label): void {
		const resilient = places.some(({ kind }) => kind === "resilient") && random(8) !== 0;
		const take = random(10) !== 0;
		const lock = (): void => {
			field(1, somewhere("lock", "resilient"));
			if (resilient) kfunc("bpf_res_spin_lock");
			else w.call(LOCK);
		};
		const leave = (): void => {
			field(1, somewhere("lock", "resilient"));
			if (resilient) kfunc("bpf_res_spin_unlock");
			else w.call(UNLOCK);
		};
		const roots = places.filter(({ kind }) => kind === "tree" || kind === "list");
		const grows = roots.length > 0 ? random(4) !== 0 : random(15) === 0;
		const tree = roots.length > 0 && random(12) ? pick(roots, random).kind === "tree" : random(2) === 0;
		if (grows) {
			w.set(1, random(12) ? ids.node : ids.plain);
			w.set(2, 0);
			kfunc("bpf_obj_new_impl");
			w.jump(JEQ, 0, 0, none);
			w.mov(9, 0);
			if (random(3) === 0) {
				w.mov(1, 9);
				w.set(2, 0);
				kfunc("bpf_refcount_acquire_impl");
				w.store(8, 10, -24, 0);
				w.mov(1, 0);
				w.set(2, 0);
				kfunc("bpf_obj_drop_impl");
			}
		}
		const failed = w.label();
		if (take) {
			lock();
			if (resilient && random(8)) w.jump(JNE, 0, 0, failed);
		}
		if (grows) {
			field(1, somewhere(tree ? "tree" : "list"));
			w.mov(2, 9);
			w.alu(ADD, 2, random(15) ? (tree ? NODE.tree : NODE.list) : 0);
			if (tree) {
				const less = w.label();
				callbacks.push({
					label: less, type: ids.less, write() {
						if (random(3) === 0) w.load(8, 3, pick([1, 2], random), pick([-NODE.tree, 0, NODE.data - NODE.tree], random));
						w.set(0, 0);
						w.exit();
					},
				});
				w.func(3, less);
				w.set(4, 0);
				w.set(5, 0);
				kfunc("bpf_rbtree_add_impl");
			} else {
				w.set(3, 0);
				w.set(4, 0);
				kfunc(pick(["bpf_list_push_front_impl", "bpf_list_push_back_impl"], random));
			}
			texts.push(tree ? "into the tree" : "onto the list");
			if (random(4) === 0) w.load(8, 8, 9, pick([0, NODE.data], random));
		} else {
			const off = somewhere("bytes");
			w.load(8, 8, 7, off);
			if (random(8) === 0) w.jump(JGT, 8, 5, none);
			w.storeImm(8, 7, off, 1);
			texts.push("under the lock");
		}
		if (random(12)) leave();
		if (resilient && grows) {
			const done = w.label();
			w.jump(0, 0, 0, done);
			w.place(failed);
			w.mov(1, 9);
			w.set(2, 0);
			if (random(10)) kfunc("bpf_obj_drop_impl");
			w.place(done);
		} else w.place(failed);
	}
}
