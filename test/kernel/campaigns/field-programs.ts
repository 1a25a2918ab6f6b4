/** What programs do with values of random layouts (`fields.ts`): read, write, compute with, give on and use their bytes, the right ones and those beside. */
import type { TypeSource } from "../../../runtime/verifier/btf.ts";
import { ADD, AND, JEQ, JGT, JNE, type Label, type Writer } from "../writer.ts";
import { type Random, pick } from "./campaign.ts";
import { type Kind, type Layout, NODE } from "./field-layouts.ts";

const RANDOM_NUMBER = 7;
const CURRENT_TASK_BTF = 158;
const PROBE_READ_KERNEL = 113;
const TASK_STORAGE_GET = 156;
const KPTR_XCHG = 194;
const [LOCK, UNLOCK] = [93, 94];
const [TIMER_INIT, TIMER_CALLBACK, TIMER_START, TIMER_CANCEL] = [169, 170, 171, 172];

/** One program over a value of the layout. */
export class FieldProgram {
	readonly #w: Writer;
	readonly #layout: Layout;
	/** Of the map that the value is in. */
	readonly #type: number;
	readonly #random: Random;
	readonly #kernel: TypeSource;
	readonly #texts: string[] = [];
	readonly #callbacks: { readonly label: Label; readonly type: number; readonly write: () => void }[] = [];
	/** Where nothing is done any more. */
	#early: Label = 0;

	constructor(w: Writer, layout: Layout, type: number, random: Random, kernel: TypeSource) {
		this.#w = w;
		this.#layout = layout;
		this.#type = type;
		this.#random = random;
		this.#kernel = kernel;
	}

	/** Says what is in it. */
	write(): string {
		const w = this.#w;
		const random = this.#random;
		w.function(this.#layout.ids.main);
		w.mov(6, 1);
		for (let off = 8; off <= 48; off += 8) w.storeImm(8, 10, -off, 0);
		this.#early = w.label();
		this.#value(7);
		const rcu = random(4) === 0;
		if (rcu) this.#kfunc("bpf_rcu_read_lock");
		for (let left = 1 + random(4); left > 0; left--) this.#step();
		if (rcu && random(12)) this.#kfunc("bpf_rcu_read_unlock");
		w.place(this.#early);
		w.set(0, 0);
		w.exit();
		for (const { label, type, write } of this.#callbacks) {
			w.place(label);
			w.function(type);
			write();
		}
		return this.#texts.join(", ");
	}

	#kfunc(name: string): void {
		this.#w.kfunc(Math.max(0, this.#kernel.find(name, "func")), name);
	}

	/** The value of the map, or an object of the same layout, into a register that calls keep. */
	#value(r: number): void {
		const w = this.#w;
		const random = this.#random;
		const way = random(12);
		if (this.#type === 2 && way < 4) return w.wide(r, 2, 0, 0);
		if (way === 4) {
			w.set(1, this.#layout.ids.value);
			w.set(2, 0);
			this.#kfunc("bpf_obj_new_impl");
			this.#texts.push("new");
		} else if (this.#type === 29 && way < 11) {
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
		if (random(20)) w.jump(JEQ, 0, 0, this.#early);
		w.mov(r, 0);
	}

	#somewhere(...kinds: readonly Kind[]): number {
		const random = this.#random;
		const { size } = this.#layout;
		const fitting = this.#layout.places.filter(({ kind }) => kinds.length === 0 || kinds.includes(kind));
		if (fitting.length === 0 || random(25) === 0) return pick([0, 4, 8, 16, 24, size - 8, size, -8], random) % (size + 8);
		return pick(fitting, random).off;
	}

	#field(r: number, off: number): void {
		const w = this.#w;
		w.mov(r, 7);
		w.alu(ADD, r, off);
	}

	#step(): void {
		const w = this.#w;
		const random = this.#random;
		const none = w.label();
		const has = (...kinds: readonly Kind[]): boolean => random(15) === 0 || this.#layout.places.some(({ kind }) => kinds.includes(kind));
		const kptr = (["task", "object", "cpumask", "cgroup", "percpu", "seen"] as const).filter((kind) => has(kind));
		let way = random(17);
		if (((way === 5 || way === 6 || way === 7 || way === 8) && kptr.length === 0) || (way === 9 && !has("timer")) || (way === 10 && !has("work")) || (way === 11 && !has("task work")) || (way > 11 && !has("lock", "resilient"))) way = 0;
		const exchange = (): void => this.#exchange(pick(kptr, random), none);
		const ways: readonly (() => void)[] = [
			() => this.#bytes(), () => this.#bytes(), () => this.#unknownPlace(), () => this.#readInto(), () => this.#copied(), exchange, exchange,
			() => this.#loadedKptr(none), () => this.#storedKptr(), () => this.#timer(), () => this.#work(), () => this.#taskWork(),
		];
		(ways[way] ?? ((): void => this.#locked(none)))();
		w.place(none);
	}

	#bytes(): void {
		const w = this.#w;
		const random = this.#random;
		const bytes = pick([1, 2, 4, 8], random);
		const off = random(4) ? this.#somewhere("bytes") : this.#somewhere() + (random(3) * 4 - 4) * random(2);
		if (random(2)) w.load(bytes, 8, 7, off);
		else if (random(3) === 0) {
			w.set(9, 1);
			w.emit(bytes === 4 ? 0xc3 : 0xdb, 7, 9, off, pick([0, 1, 0xe1], random));
		}
		else w.storeImm(bytes, 7, off, pick([0, 1], random));
		this.#texts.push(`${bytes} at ${off}`);
	}

	/** An unknown place. */
	#unknownPlace(): void {
		const w = this.#w;
		const random = this.#random;
		w.call(RANDOM_NUMBER);
		w.alu(AND, 0, pick([7, 4, 1, 3, 8, 15], random));
		this.#field(8, random(3) ? this.#somewhere("bytes") : this.#somewhere());
		w.aluReg(ADD, 8, 0);
		if (random(2)) w.load(pick([1, 8], random), 9, 8, 0);
		else w.storeImm(1, 8, 0, 1);
		this.#texts.push("somewhere");
	}

	#readInto(): void {
		const w = this.#w;
		const random = this.#random;
		this.#field(1, random(8) ? this.#somewhere("bytes") : 0);
		w.set(2, pick([8, 8, 4, 16, this.#layout.size, 1], random));
		w.set(3, 0);
		w.call(PROBE_READ_KERNEL);
		this.#texts.push("read into");
	}

	/** A whole value is copied. */
	#copied(): void {
		const w = this.#w;
		const random = this.#random;
		w.wide(1, 1, random(4) ? 0 : 1);
		w.stack(2, -16);
		w.mov(3, 7);
		w.set(4, pick([0, 4], random));
		w.call(2);
		this.#texts.push("update");
	}

	#loadedKptr(none: Label): void {
		const w = this.#w;
		const random = this.#random;
		w.load(8, 8, 7, this.#somewhere("task", "object", "seen", "cpumask", "cgroup", "percpu", "user"));
		if (random(4)) w.jump(JEQ, 8, 0, none);
		const use = random(4);
		if (use < 2) w.load(pick([4, 8], random), 9, 8, pick([0, 8, 16], random));
		else if (use === 2) w.storeImm(4, 8, 0, 1);
		else {
			w.mov(1, 8);
			this.#kfunc(pick(["bpf_task_acquire", "bpf_cpumask_first", "bpf_cgroup_acquire"], random));
			w.jump(JEQ, 0, 0, none);
			w.mov(1, 0);
			this.#kfunc(pick(["bpf_task_release", "bpf_cgroup_release"], random));
		}
		this.#texts.push("load of a kptr");
	}

	/** A kptr is written: null, itself, the current task. */
	#storedKptr(): void {
		const w = this.#w;
		const random = this.#random;
		const off = this.#somewhere("seen", "seen", "task", "object");
		if (random(3) === 0) w.storeImm(8, 7, off, random(2));
		else if (random(2)) {
			w.call(CURRENT_TASK_BTF);
			w.store(8, 7, off, 0);
		} else {
			w.load(8, 8, 7, this.#somewhere("seen"));
			w.store(8, 7, off, 8);
		}
		this.#texts.push("store of a kptr");
	}

	#timer(): void {
		const w = this.#w;
		const random = this.#random;
		const off = this.#somewhere("timer");
		this.#field(1, off);
		w.wide(2, 1, random(6) ? 0 : 1);
		w.set(3, 1);
		w.call(TIMER_INIT);
		if (random(2)) {
			this.#field(1, this.#somewhere("timer"));
			w.func(2, this.#expired());
			w.call(TIMER_CALLBACK);
		}
		this.#field(1, this.#somewhere("timer"));
		w.set(2, 0);
		w.set(3, 0);
		w.call(pick([TIMER_START, TIMER_CANCEL], random));
		this.#texts.push("timer");
	}

	#work(): void {
		const w = this.#w;
		const random = this.#random;
		this.#field(1, this.#somewhere("work"));
		w.wide(2, 1, random(6) ? 0 : 1);
		w.set(3, 0);
		this.#kfunc("bpf_wq_init");
		this.#field(1, this.#somewhere("work"));
		w.func(2, this.#expired());
		w.set(3, 0);
		w.set(4, 0);
		this.#kfunc("bpf_wq_set_callback_impl");
		this.#texts.push("work");
	}

	#taskWork(): void {
		const w = this.#w;
		const random = this.#random;
		w.call(CURRENT_TASK_BTF);
		w.mov(1, 0);
		this.#field(2, this.#somewhere("task work"));
		w.wide(3, 1, random(6) ? 0 : 1);
		w.func(4, this.#expired());
		w.set(5, 0);
		this.#kfunc(pick(["bpf_task_work_schedule_signal_impl", "bpf_task_work_schedule_resume_impl", "bpf_task_work_schedule_signal", "bpf_task_work_schedule_resume"].filter((name) => this.#kernel.find(name, "func") > 0), random));
		this.#texts.push("task work");
	}

	#expired(): Label {
		const w = this.#w;
		const random = this.#random;
		const label = w.label();
		this.#callbacks.push({
			label, type: this.#layout.ids.expired, write: () => {
				const off = this.#somewhere("bytes");
				if (random(2)) w.load(8, 0, 3, off);
				w.set(0, random(8) ? 0 : 1);
				w.exit();
			},
		});
		return label;
	}

	#exchange(kind: "task" | "object" | "cpumask" | "cgroup" | "percpu" | "seen", none: Label): void {
		const w = this.#w;
		const random = this.#random;
		const off = this.#somewhere(kind);
		const what = random(6) ? kind : pick(["task", "object", "percpu", "null"] as const, random);
		const fresh = random(4) === 0 ? "null" : what;
		if (fresh === "task") {
			w.set(1, 1);
			this.#kfunc("bpf_task_from_pid");
		} else if (fresh === "cgroup") {
			w.set(1, 1);
			this.#kfunc("bpf_cgroup_from_id");
		} else if (fresh === "cpumask") this.#kfunc("bpf_cpumask_create");
		else if (fresh === "object" || fresh === "percpu") {
			w.set(1, random(10) ? this.#layout.ids.plain : this.#layout.ids.node);
			w.set(2, 0);
			this.#kfunc(fresh === "object" ? "bpf_obj_new_impl" : "bpf_percpu_obj_new_impl");
		} else w.set(0, 0);
		if (fresh !== "null" && random(12)) w.jump(JEQ, 0, 0, none);
		w.mov(2, 0);
		this.#field(1, off);
		w.call(KPTR_XCHG);
		this.#texts.push(`${fresh} to ${kind} at ${off}`);
		if (random(12)) w.jump(JEQ, 0, 0, none);
		if (random(3) === 0) w.load(4, 9, 0, 0);
		w.mov(1, 0);
		w.set(2, 0);
		if (random(15)) this.#kfunc(kind === "task" || kind === "seen" ? "bpf_task_release" : kind === "cgroup" ? "bpf_cgroup_release" : kind === "cpumask" ? "bpf_cpumask_release" : kind === "percpu" ? "bpf_percpu_obj_drop_impl" : "bpf_obj_drop_impl");
	}

	/** A node of the program's own in r9, now and then with a reference more. */
	#newNode(none: Label): void {
		const w = this.#w;
		const random = this.#random;
		w.set(1, random(12) ? this.#layout.ids.node : this.#layout.ids.plain);
		w.set(2, 0);
		this.#kfunc("bpf_obj_new_impl");
		w.jump(JEQ, 0, 0, none);
		w.mov(9, 0);
		if (random(3) === 0) {
			w.mov(1, 9);
			w.set(2, 0);
			this.#kfunc("bpf_refcount_acquire_impl");
			w.store(8, 10, -24, 0);
			w.mov(1, 0);
			w.set(2, 0);
			this.#kfunc("bpf_obj_drop_impl");
		}
	}

	/** Under the value's lock: what grows in it, or its bytes. */
	#locked(none: Label): void {
		const w = this.#w;
		const random = this.#random;
		const resilient = this.#layout.places.some(({ kind }) => kind === "resilient") && random(8) !== 0;
		const take = random(10) !== 0;
		const lock = (): void => {
			this.#field(1, this.#somewhere("lock", "resilient"));
			if (resilient) this.#kfunc("bpf_res_spin_lock");
			else w.call(LOCK);
		};
		const leave = (): void => {
			this.#field(1, this.#somewhere("lock", "resilient"));
			if (resilient) this.#kfunc("bpf_res_spin_unlock");
			else w.call(UNLOCK);
		};
		const roots = this.#layout.places.filter(({ kind }) => kind === "tree" || kind === "list");
		const grows = roots.length > 0 ? random(4) !== 0 : random(15) === 0;
		const tree = roots.length > 0 && random(12) ? pick(roots, random).kind === "tree" : random(2) === 0;
		if (grows) this.#newNode(none);
		const failed = w.label();
		if (take) {
			lock();
			if (resilient && random(8)) w.jump(JNE, 0, 0, failed);
		}
		if (grows) {
			this.#field(1, this.#somewhere(tree ? "tree" : "list"));
			w.mov(2, 9);
			w.alu(ADD, 2, random(15) ? (tree ? NODE.tree : NODE.list) : 0);
			if (tree) {
				const less = w.label();
				this.#callbacks.push({
					label: less, type: this.#layout.ids.less, write: () => {
						if (random(3) === 0) w.load(8, 3, pick([1, 2], random), pick([-NODE.tree, 0, NODE.data - NODE.tree], random));
						w.set(0, 0);
						w.exit();
					},
				});
				w.func(3, less);
				w.set(4, 0);
				w.set(5, 0);
				this.#kfunc("bpf_rbtree_add_impl");
			} else {
				w.set(3, 0);
				w.set(4, 0);
				this.#kfunc(pick(["bpf_list_push_front_impl", "bpf_list_push_back_impl"], random));
			}
			this.#texts.push(tree ? "into the tree" : "onto the list");
			if (random(4) === 0) w.load(8, 8, 9, pick([0, NODE.data], random));
		} else {
			const off = this.#somewhere("bytes");
			w.load(8, 8, 7, off);
			if (random(8) === 0) w.jump(JGT, 8, 5, none);
			w.storeImm(8, 7, off, 1);
			this.#texts.push("under the lock");
		}
		if (random(12)) leave();
		if (resilient && grows) {
			const done = w.label();
			w.jump(0, 0, 0, done);
			w.place(failed);
			w.mov(1, 9);
			w.set(2, 0);
			if (random(10)) this.#kfunc("bpf_obj_drop_impl");
			w.place(done);
		} else w.place(failed);
	}
}
