/** Snippets of the kernel's own objects: iterators of every kind, control groups, connections, resilient locks, per-CPU objects, walks of trees and lists. */
import { JEQ, JNE } from "../writer.ts";
import { sizeOf } from "../../../runtime/verifier/btf.ts";
import { type Body, type Build, MAP, checked, deeper, forget, keep, kfunc, mistake, number, pick, release, slot } from "./build.ts";
import { field, lockedValue, own, unlock } from "./owning.ts";
import { handle } from "./dynptrs.ts";
import { hasKernel, onPacket, current, zeroed, offsetOf } from "./kernel-parts.ts";
import { packetSocket, cast, strings, changed, pages, user } from "./kernel-memory.ts";


const ITERATORS = ["task", "bits", "kmem_cache", "task_vma", "css", "css_task"] as const;
type IteratorKind = (typeof ITERATORS)[number];

/** Loads of what an iterator gives, at places that exist and at others. */
function element(b: Build, kind: IteratorKind): void {
	const { w, random } = b;
	const off = kind === "task" || kind === "css_task" ? pick([0, offsetOf(b, "task_struct", "pid"), offsetOf(b, "task_struct", "real_parent")], random) : kind === "css" ? offsetOf(b, "cgroup_subsys_state", "id") : 0;
	const size = kind === "bits" ? 4 : pick([4, 8], random);
	if (random(2)) w.load(size, 7, 0, mistake(b) ? off + 4 : off);
	else if (random(4) === 0) w.storeImm(4, 0, off, 1);
}

export function kernelObjects(body: Body) {
	const nested = deeper(body);
	return {
		iterate: (b: Build): void => iterate(b, nested),
		controlGroup: (b: Build): void => controlGroup(b, nested),
		relatives: (b: Build): void => relatives(b, nested),
		connection: (b: Build): void => connection(b, nested),
		resilient: (b: Build): void => resilient(b, nested),
		perCpuObject,
		walk,
		packetSocket: (b: Build): void => packetSocket(b, nested),
		cast,
		strings,
		changed: (b: Build): void => changed(b, nested),
		pages: (b: Build): void => pages(b, nested),
		user,
		handle: (b: Build): void => handle(b, nested),
	} as const;
}

const CONNECTION_TUPLE = 12;
const CONNECTION_OPTIONS = [12, 16, 8];

function iterate(b: Build, nested: Body): void {
	if (b.locked || b.depth >= 2) return;
	const { w, random } = b;
	const kind = pick(ITERATORS, random);
	const at = slot(b, sizeOf(b.kernel, b.kernel.find(`bpf_iter_${kind}`, "struct")) ?? 8);
	if (at === null) return;
	const [head, end, done] = [w.label(), w.label(), w.label()];
	const guarded = (kind === "task" || kind === "css") && random(3) === 0;
	const group = kind === "css" || kind === "css_task";
	if (group) {
		w.set(1, 1);
		kfunc(b, "bpf_cgroup_from_id");
		checked(b, 0, done);
	}
	const before = b.things;
	const held = group ? keep(b, "cgroup", 0, true) : null;
	if (group && held === null) return w.place(done);
	if (guarded) kfunc(b, "bpf_rcu_read_lock");
	if (kind === "task_vma" || (kind === "task" && random(2))) current(b, 2);
	else w.set(2, 0);
	w.set(3, pick(group || kind === "task" ? [0, 1, 2, 5] : [1, 2, 100], random));
	if (kind === "bits") {
		number(b, 2);
		w.set(3, 1);
	}
	if (held !== null) {
		w.load(8, 2, 10, held.at);
		w.alu(0, 2, offsetOf(b, "cgroup", "self"));
	}
	w.stack(1, at);
	if (!mistake(b, 40)) kfunc(b, `bpf_iter_${kind}_new`);
	w.place(head);
	if (!b.endless && random(4) === 0) w.mayGoto(end);
	w.stack(1, at);
	kfunc(b, `bpf_iter_${kind}_next`);
	if (!mistake(b, 30)) w.jump(JEQ, 0, 0, end);
	const inside = b.things;
	if ((kind === "task" || kind === "css_task") && random(2)) {
		w.mov(1, 0);
		kfunc(b, "bpf_task_acquire");
		own(b, "task", () => nested(b, random(2)));
	} else {
		element(b, kind);
		nested(b, random(3));
	}
	release(b, inside);
	if (random(4) === 0) {
		number(b, 7);
		w.jump(JEQ, 7, 3, end);
	}
	w.jump(0, 0, 0, head);
	w.place(end);
	w.stack(1, at);
	if (!mistake(b, 40)) kfunc(b, `bpf_iter_${kind}_destroy`);
	if (guarded) kfunc(b, "bpf_rcu_read_unlock");
	release(b, before);
	w.place(done);
}

function controlGroup(b: Build, nested: Body): void {
	if (b.locked || b.depth >= 3 || !hasKernel(b)) return;
	const { w, random } = b;
	number(b, 1);
	kfunc(b, "bpf_cgroup_from_id");
	own(b, "cgroup", (thing) => {
		w.load(8, 7, 10, thing.at);
		const way = random(4);
		if (way === 0) {
			w.mov(1, 7);
			w.set(2, 1);
			kfunc(b, "bpf_cgroup_ancestor");
			own(b, "cgroup", () => nested(b, random(2)));
		} else if (way === 1) {
			current(b, 1);
			w.mov(2, 7);
			kfunc(b, "bpf_task_under_cgroup");
		} else if (way === 2) {
			w.mov(1, 7);
			kfunc(b, "bpf_cgroup_acquire");
			own(b, "cgroup", () => nested(b, random(2)));
		} else w.load(4, 8, 7, offsetOf(b, "cgroup", "level"));
		nested(b, random(2));
	});
}

/** From the current task to its relatives, as RCU allows. */
function relatives(b: Build, nested: Body): void {
	if (b.locked || b.depth >= 3 || !hasKernel(b)) return;
	const { w, random } = b;
	const skip = w.label();
	const section = random(3) !== 0;
	current(b, 7);
	if (section) kfunc(b, "bpf_rcu_read_lock");
	w.load(8, 8, 7, offsetOf(b, "task_struct", pick(["real_parent", "parent", "group_leader", "last_wakee", "cred", "mm"], random)));
	if (random(3)) checked(b, 8, skip, 4);
	const before = b.things;
	if (random(2)) {
		w.mov(1, 8);
		kfunc(b, "bpf_task_acquire");
		own(b, "task", () => nested(b, random(2)));
	} else w.load(4, 9, 8, pick([0, 4, 8], random));
	const kept = random(3) === 0 ? keep(b, "relative", 8) : null;
	nested(b, random(2));
	release(b, before);
	w.place(skip);
	if (section && !mistake(b, 30)) kfunc(b, "bpf_rcu_read_unlock");
	if (kept !== null && random(3) === 0) {
		w.load(8, 8, 10, kept.at);
		w.load(4, 9, 8, 0);
	}
}

function connection(b: Build, nested: Body): void {
	if (b.locked || b.depth >= 3 || !onPacket(b)) return;
	const { w, random } = b;
	const [tuple, options] = [zeroed(b, 16), zeroed(b, 16)];
	if (tuple === null || options === null) return;
	const of = b.hook === "tc" ? "skb" : "xdp";
	const made = random(2) === 0;
	w.mov(1, 6);
	w.stack(2, tuple);
	w.set(3, CONNECTION_TUPLE);
	w.stack(4, options);
	w.set(5, pick(CONNECTION_OPTIONS, random));
	kfunc(b, `bpf_${of}_ct_${made ? "alloc" : "lookup"}`);
	const mark = offsetOf(b, "nf_conn", "mark");
	own(b, made ? "new connection" : "connection", (thing) => {
		w.load(8, 7, 10, thing.at);
		if (random(2)) w.storeImm(4, 7, mistake(b) ? mark + 4 : mark, 7);
		w.mov(1, 7);
		w.set(2, 100);
		kfunc(b, made === !mistake(b) ? "bpf_ct_set_timeout" : "bpf_ct_change_timeout");
		nested(b, random(2));
		if (!made) return;
		w.load(8, 1, 10, thing.at);
		kfunc(b, "bpf_ct_insert_entry");
		forget(b, thing);
		own(b, "connection", () => nested(b, random(2)));
	});
}

/** Locks that may fail, one inside the other, with and without interrupts. */
function resilient(b: Build, nested: Body): void {
	if (b.locked || b.depth >= 3 || !hasKernel(b)) return;
	const { w, random } = b;
	const flags = slot(b, 8);
	const at = slot(b, 8);
	if (flags === null || at === null) return;
	const irq = random(2) === 0;
	const failed = w.label();
	w.wide(7, 2, MAP.guarded, 0);
	w.store(8, 10, at, 7);
	w.mov(1, 7);
	if (irq) w.stack(2, flags);
	kfunc(b, `bpf_res_spin_lock${irq ? "_irqsave" : ""}`);
	if (!mistake(b)) w.jump(JNE, 0, 0, failed);
	const before = b.things;
	if (random(3)) nested(b, 1 + random(2));
	else {
		w.load(8, 7, 10, at);
		w.load(4, 8, 7, b.typed.member("guarded", "count"));
		w.alu(0, 8, 1);
		w.store(4, 7, b.typed.member("guarded", "count"), 8);
	}
	release(b, before);
	if (!mistake(b, 30)) {
		w.load(8, 1, 10, at);
		if (irq) w.stack(2, flags);
		kfunc(b, `bpf_res_spin_unlock${irq !== mistake(b, 30) ? "_irqrestore" : ""}`);
	}
	w.place(failed);
}

/** An object for each processor, into a map and out of it. */
function perCpuObject(b: Build): void {
	if (b.locked || b.depth >= 3 || !hasKernel(b)) return;
	const { w, random, typed } = b;
	const done = w.label();
	if (random(2)) {
		w.set(1, typed.struct("plain"));
		w.set(2, 0);
		kfunc(b, "bpf_percpu_obj_new_impl");
		own(b, "per-CPU", (thing) => {
			w.load(8, 7, 10, thing.at);
			if (random(3) === 0) w.load(8, 8, 7, 0);
			if (random(3) === 0) {
				w.mov(1, 7);
				w.call(pick([153, 154], random));
				w.set(2, 0);
			}
			if (random(2)) {
				w.wide(7, 2, MAP.typed, 0);
				field(b, 1, 7, "percpu");
				w.load(8, 2, 10, thing.at);
				w.call(194);
				if (!mistake(b)) forget(b, thing);
				own(b, "per-CPU", () => undefined);
			}
		});
		return;
	}
	const section = random(3) !== 0;
	if (section) kfunc(b, "bpf_rcu_read_lock");
	const none = w.label();
	w.wide(7, 2, MAP.typed, 0);
	w.load(8, 1, 7, typed.member("value", "percpu"));
	checked(b, 1, none, 8);
	w.set(2, 0);
	w.call(pick([153, 154], random));
	if (random(2)) checked(b, 0, none, 4);
	if (random(2)) w.load(8, 8, 0, 0);
	else w.storeImm(4, 0, mistake(b) ? 16 : 8, 5);
	w.place(none);
	if (section && !mistake(b, 30)) kfunc(b, "bpf_rcu_read_unlock");
	w.place(done);
}

/** Down a tree or along a list without taking anything out. */
function walk(b: Build): void {
	if (b.locked || b.depth >= 3 || !hasKernel(b)) return;
	const { w, random, typed } = b;
	const done = w.label();
	const at = lockedValue(b, done);
	if (at === null) return w.place(done);
	const out = w.label();
	if (random(2)) {
		field(b, 1, 9, "root");
		kfunc(b, pick(["bpf_rbtree_root", "bpf_rbtree_first"], random));
		for (let n = random(3); n >= 0; n--) {
			checked(b, 0, out);
			w.mov(7, 0);
			if (random(2)) w.load(8, 8, 7, -typed.member("node", "tree"));
			if (random(3) === 0) w.storeImm(8, 7, typed.member("node", "data") - typed.member("node", "tree"), 1);
			w.mov(2, 7);
			field(b, 1, 9, "root");
			kfunc(b, pick(["bpf_rbtree_left", "bpf_rbtree_right"], random));
		}
		if (random(3) === 0) {
			checked(b, 0, out);
			w.alu(0, 0, -typed.member("node", "tree"));
			w.mov(1, 0);
			w.set(2, 0);
			kfunc(b, "bpf_refcount_acquire_impl");
			w.store(8, 10, at, 0);
			unlock(b, 9);
			w.load(8, 1, 10, at);
			if (!mistake(b)) w.jump(JEQ, 1, 0, done);
			w.set(2, 0);
			if (!mistake(b)) kfunc(b, "bpf_obj_drop_impl");
			w.jump(0, 0, 0, done);
		}
	} else {
		field(b, 1, 9, "head");
		kfunc(b, pick(["bpf_list_front", "bpf_list_back"], random));
		checked(b, 0, out);
		if (random(2)) w.load(8, 8, 0, -typed.member("node", "list"));
		if (random(4) === 0) w.store(8, 10, at, 0);
	}
	w.place(out);
	unlock(b, 9);
	if (mistake(b, 10)) w.load(8, 8, 7, 0);
	w.place(done);
}
