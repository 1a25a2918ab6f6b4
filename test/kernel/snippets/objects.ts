/** Snippets of what must be given back or kept in order: references, allocated objects, trees and lists, kptrs, dynptrs, timers, sections. */
import { JEQ, JGT } from "../writer.ts";
import { type Body, type Build, type Thing, MAP, checked, deeper, forget, kfunc, mistake, number, pick, release, slot, someThing } from "./build.ts";
import { dynptr } from "./dynptrs.ts";
import { value, field, own, lockedValue, lock, unlock } from "./owning.ts";



export function objects(body: Body) {
	const nested = deeper(body);
	return {
		ring: (b: Build): void => ring(b, nested),
		reference: (b: Build): void => reference(b, nested),
		socket: (b: Build): void => socket(b, nested),
		allocate: (b: Build): void => allocate(b, nested),
		take,
		lockSection: (b: Build): void => lockSection(b, nested),
		section: (b: Build): void => section(b, nested),
		kptr: (b: Build): void => kptr(b, nested),
		dynptr: (b: Build): void => dynptr(b, nested),
		timer: (b: Build): void => timer(b, body),
		tailCall,
		throwing,
		early,
	} as const;
}

function ring(b: Build, nested: Body): void {
	if (b.locked || b.depth >= 3) return;
	const { w, random } = b;
	w.wide(1, 1, MAP.ring);
	w.set(2, pick([8, 16, 16, 64], random));
	w.set(3, 0);
	w.call(131);
	own(b, "ring", (thing) => {
		w.load(8, 7, 10, thing.at);
		if (random(2)) w.storeImm(pick([1, 4, 8], random), 7, pick([0, 4, mistake(b) ? 64 : 0], random), 1);
		nested(b, random(3));
	});
}

function reference(b: Build, nested: Body): void {
	if (b.locked || b.depth >= 3 || b.hook === "socket" || b.hook === "kprobe") return;
	const { w, random } = b;
	if (b.hook === "tc" || b.hook === "xdp" || random(2)) {
		w.set(1, 1);
		kfunc(b, "bpf_task_from_pid");
		own(b, "task", (thing) => {
			w.load(8, 7, 10, thing.at);
			if (random(2)) w.load(8, 8, 7, pick([0, 8, 1000], random));
			nested(b, random(3));
		});
	} else {
		kfunc(b, "bpf_cpumask_create");
		own(b, "cpumask", (thing) => {
			w.set(1, random(4));
			w.load(8, 2, 10, thing.at);
			kfunc(b, "bpf_cpumask_set_cpu");
			nested(b, random(3));
		});
	}
}

function socket(b: Build, nested: Body): void {
	if (b.locked || b.depth >= 3 || (b.hook !== "tc" && b.hook !== "xdp") || !b.context) return;
	const { w, random } = b;
	const tuple = slot(b, 16);
	if (tuple === null) return;
	for (const off of [0, 8]) w.storeImm(8, 10, tuple + off, 0);
	w.mov(1, 6);
	w.stack(2, tuple);
	w.set(3, 12);
	w.set(4, 0);
	w.set(5, 0);
	w.call(pick([84, 85, 99], random));
	own(b, "socket", (thing) => {
		w.load(8, 7, 10, thing.at);
		w.load(4, 8, 7, pick([0, 4, 12, 16], random));
		nested(b, random(2));
	});
}

function allocate(b: Build, nested: Body): void {
	if (b.locked || b.depth >= 3 || b.hook === "socket" || b.hook === "kprobe") return;
	const { w, random, typed } = b;
	const name = random(3) === 0 ? "plain" : "node";
	w.set(1, typed.struct(name));
	w.set(2, 0);
	kfunc(b, "bpf_obj_new_impl");
	own(b, name, (thing) => {
		w.load(8, 8, 10, thing.at);
		if (random(2)) w.storeImm(8, 8, mistake(b) ? 16 : 0, 7);
		if (name === "node" && random(3) === 0) {
			w.mov(1, 8);
			w.set(2, 0);
			kfunc(b, "bpf_refcount_acquire_impl");
			if (random(2)) own(b, "node", () => nested(b, random(2)));
			else if (!mistake(b)) {
				w.mov(1, 0);
				w.set(2, 0);
				kfunc(b, "bpf_obj_drop_impl");
			}
		}
		if (name === "node" && random(2)) insert(b, thing);
		else if (name === "plain" && random(2)) exchange(b, thing, "object");
		nested(b, random(3));
	});
}

/** Something is taken out of a tree or a list, under the lock. */
function take(b: Build): void {
	if (b.locked || b.depth >= 3 || b.hook === "socket" || b.hook === "kprobe") return;
	const { w, random, typed } = b;
	const done = w.label();
	const at = lockedValue(b, done);
	if (at === null) return w.place(done);
	const tree = random(2) === 0;
	if (tree) {
		field(b, 1, 9, "root");
		kfunc(b, "bpf_rbtree_first");
		const empty = w.label();
		const out = w.label();
		checked(b, 0, empty);
		if (random(2)) w.load(8, 7, 0, -typed.member("node", "tree"));
		if (random(2)) {
			w.mov(2, 0);
			field(b, 1, 9, "root");
			kfunc(b, "bpf_rbtree_remove");
			w.jump(0, 0, 0, out);
		}
		w.place(empty);
		w.set(0, 0);
		w.place(out);
	} else {
		field(b, 1, 9, "head");
		kfunc(b, pick(["bpf_list_pop_front", "bpf_list_pop_back", "bpf_list_front"], random));
	}
	w.store(8, 10, at, 0);
	unlock(b, 9);
	w.load(8, 0, 10, at);
	const none = w.label();
	checked(b, 0, none);
	w.alu(0, 0, mistake(b) ? 0 : -typed.member("node", tree ? "tree" : "list"));
	if (!mistake(b)) {
		w.mov(1, 0);
		w.set(2, 0);
		kfunc(b, "bpf_obj_drop_impl");
	}
	w.place(none);
	w.place(done);
}

function lockSection(b: Build, nested: Body): void {
	if (b.locked || b.depth >= 3) return;
	const { w, random, typed } = b;
	const done = w.label();
	if (!value(b, done)) return;
	const at = slot(b, 8);
	if (at === null) return w.place(done);
	w.store(8, 10, at, 7);
	lock(b, 7);
	b.locked = !mistake(b, 20);
	const before = b.things;
	nested(b, 1 + random(2));
	b.things = b.things.filter((thing) => before.includes(thing));
	b.locked = false;
	w.load(8, 7, 10, at);
	w.load(8, 8, 7, typed.member("value", "data"));
	if (!mistake(b, 30)) unlock(b, 7);
	w.place(done);
}

function section(b: Build, nested: Body): void {
	if (b.locked || b.depth >= 3) return;
	const { w, random } = b;
	const kinds = [["bpf_rcu_read_lock", "bpf_rcu_read_unlock"], ["bpf_preempt_disable", "bpf_preempt_enable"], ["bpf_local_irq_save", "bpf_local_irq_restore"]] as const;
	const [begin, end] = pick(kinds, random);
	const flags = begin === "bpf_local_irq_save" ? slot(b, 8) : null;
	if (begin === "bpf_local_irq_save") {
		if (flags === null) return;
		w.stack(1, flags);
	}
	kfunc(b, begin);
	const before = b.things;
	if (begin === "bpf_rcu_read_lock" && random(2)) {
		const skip = w.label();
		if (value(b, skip)) {
			w.load(8, 8, 7, b.typed.member("value", pick(["task", "seen", "object"], random)));
			checked(b, 8, skip, 4);
			w.load(4, 9, 8, pick([0, 4], random));
		}
		w.place(skip);
	}
	nested(b, 1 + random(3));
	release(b, before);
	if (mistake(b, 30)) return;
	if (flags !== null) w.stack(1, flags);
	kfunc(b, end);
}

function kptr(b: Build, nested: Body): void {
	if (b.locked || b.depth >= 3) return;
	const { w, random } = b;
	const done = w.label();
	if (!value(b, done)) return;
	const name = pick(["task", "object", "percpu", "seen"] as const, random);
	const way = random(3);
	if (way === 0) {
		w.load(8, 8, 7, b.typed.member("value", name));
		if (random(2)) checked(b, 8, done, 5);
		w.load(4, 9, 8, 0);
	} else if (way === 1 && name === "seen") {
		w.call(158);
		w.store(8, 7, b.typed.member("value", "seen"), 0);
	} else {
		field(b, 1, 7, name);
		const owned = someThing(b, name === "task" ? "task" : "plain");
		if (owned?.owned && (name === "task" || name === "object")) {
			w.load(8, 2, 10, owned.at);
			forget(b, owned);
		} else w.set(2, 0);
		w.call(194);
		own(b, name === "task" ? "task" : "plain", () => nested(b, random(2)));
	}
	w.place(done);
}

function timer(b: Build, body: Body): void {
	if (b.locked || b.depth >= 2) return;
	const { w, random, typed } = b;
	const done = w.label();
	if (!value(b, done)) return;
	const work = random(2) === 0 && b.hook !== "socket" && b.hook !== "kprobe";
	const member = work ? "work" : "timer";
	w.mov(8, 7);
	field(b, 1, 8, member);
	w.wide(2, 1, random(4) === 0 ? MAP.typedHash : MAP.typed);
	w.set(3, work ? 0 : 1);
	if (work) kfunc(b, "bpf_wq_init");
	else w.call(169);
	const callback = w.label();
	b.pending.push({
		label: callback, type: typed.func("expired"), write: () => {
			const saved = { things: b.things, top: b.top, limit: b.limit, context: b.context, locked: b.locked, depth: b.depth };
			Object.assign(b, { things: [], top: 0, limit: 128, context: false, locked: false, depth: saved.depth + 2 });
			w.mov(8, 3);
			if (random(2)) w.load(8, 7, 8, typed.member("value", "data"));
			body(b, random(3));
			release(b, []);
			w.set(0, mistake(b, 10) ? 1 : 0);
			w.exit();
			Object.assign(b, saved);
		},
	});
	field(b, 1, 8, member);
	w.func(2, callback);
	if (work) {
		w.set(3, 0);
		w.set(4, 0);
		kfunc(b, "bpf_wq_set_callback_impl");
	} else w.call(170);
	field(b, 1, 8, member);
	w.set(2, 0);
	w.set(3, 0);
	if (work) kfunc(b, "bpf_wq_start");
	else w.call(pick([171, 172], random));
	w.place(done);
}

function tailCall(b: Build): void {
	if (b.locked || !b.context || ((b.hook === "syscall" || b.hook === "kprobe") && !mistake(b))) return;
	const { w } = b;
	w.mov(1, 6);
	w.wide(2, 1, MAP.progs);
	if (b.random(2)) number(b, 3);
	else w.set(3, 1);
	w.mov(1, 6);
	w.wide(2, 1, MAP.progs);
	w.call(12);
}

function throwing(b: Build): void {
	if (b.locked || b.random(3) !== 0) return;
	const { w, random } = b;
	const on = w.label();
	number(b, 7);
	w.jump(JGT, 7, 3, on);
	w.set(1, pick([0, 0, 1, 2], random));
	kfunc(b, "bpf_throw");
	w.place(on);
}

function early(b: Build): void {
	const { w, random } = b;
	const on = w.label();
	number(b, 7);
	w.jump(JEQ, 7, random(3), on);
	if (b.things.every(({ owned }) => !owned) || mistake(b, 4)) {
		w.set(0, 0);
		w.exit();
	}
	w.place(on);
}

/** A node goes into a tree or a list, and is no longer the program's. */
function insert(b: Build, thing: Thing): void {
	const { w, random, typed } = b;
	w.wide(9, 2, MAP.typed, 0);
	if (!mistake(b)) lock(b, 9);
	const tree = random(2) === 0;
	if (tree) {
		const less = w.label();
		b.pending.push({
			label: less, type: typed.func("less"), write() {
				if (random(2)) {
					w.load(8, 3, 1, -typed.member("node", "tree"));
					w.load(8, 4, 2, -typed.member("node", "tree"));
				}
				w.set(0, random(2));
				if (random(4) === 0) w.load(8, 0, 1, 0);
				w.exit();
			},
		});
		field(b, 1, 9, "root");
		w.load(8, 2, 10, thing.at);
		w.alu(0, 2, typed.member("node", "tree"));
		w.func(3, less);
		w.set(4, 0);
		w.set(5, 0);
		kfunc(b, "bpf_rbtree_add_impl");
	} else {
		field(b, 1, 9, "head");
		w.load(8, 2, 10, thing.at);
		w.alu(0, 2, typed.member("node", "list"));
		w.set(3, 0);
		w.set(4, 0);
		kfunc(b, pick(["bpf_list_push_front_impl", "bpf_list_push_back_impl"], random));
	}
	if (random(3) === 0) {
		w.load(8, 7, 10, thing.at);
		w.load(8, 7, 7, 0);
	}
	unlock(b, 9);
	if (!mistake(b)) forget(b, thing);
}

/** An object goes into the map's kptr, what was there comes out. */
function exchange(b: Build, thing: Thing, member: string): void {
	const { w } = b;
	w.wide(7, 2, MAP.typed, 0);
	field(b, 1, 7, member);
	w.load(8, 2, 10, thing.at);
	w.call(194);
	if (!mistake(b)) forget(b, thing);
	own(b, thing.kind, () => undefined);
}
