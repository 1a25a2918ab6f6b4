/** Snippets of the kernel's own objects: iterators of every kind, control groups, connections, resilient locks, per-CPU objects, walks of trees and lists, casts, sockets, strings, changed packets, arenas. */
import { JEQ, JNE } from "../writer.ts";
import { sizeOf } from "../../../runtime/verifier/btf.ts";
import { type Body, type Build, MAP, VALUE, arenaPage, checked, deeper, forget, keep, kfunc, mistake, number, pick, release, slot, someThing } from "./build.ts";
import { field, lockedValue, own, unlock } from "./objects.ts";

const hasKernel = (b: Build): boolean => b.hook !== "socket" && b.hook !== "kprobe";
const onPacket = (b: Build): boolean => (b.hook === "tc" || b.hook === "xdp") && b.context;

/** The current task, trusted, in the register. */
function current(b: Build, r: number): void {
	b.w.call(158);
	if (r !== 0) b.w.mov(r, 0);
}

/** Zeroed bytes of the stack. */
function zeroed(b: Build, size: number): number | null {
	const at = slot(b, size);
	if (at !== null) for (let off = 0; off < size; off += 8) b.w.storeImm(8, 10, at + off, 0);
	return at;
}

/** A member's byte offset in a struct of the kernel; 0 when it is not there. */
function offsetOf(b: Build, struct: string, member: string): number {
	const t = b.kernel.type(b.kernel.find(struct, "struct"));
	const found = t.kind === "struct" ? t.members.find(({ name }) => name === member) : undefined;
	return found === undefined ? 0 : found.bitOffset / 8;
}

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

const CONNECTION_TUPLE = 12;
const CONNECTION_OPTIONS = [12, 16, 8];

export function kernelObjects(body: Body) {
	const nested = deeper(body);
	return {
		iterate(b: Build): void {
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
			if (group && held === null) return;
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
		},
		controlGroup(b: Build): void {
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
		},
		/** From the current task to its relatives, as RCU allows. */
		relatives(b: Build): void {
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
		},
		connection(b: Build): void {
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
		},
		/** Locks that may fail, one inside the other, with and without interrupts. */
		resilient(b: Build): void {
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
		},
		/** An object for each processor, into a map and out of it. */
		perCpuObject(b: Build): void {
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
		},
		/** Down a tree or along a list without taking anything out. */
		walk(b: Build): void {
			if (b.locked || b.depth >= 3 || !hasKernel(b)) return;
			const { w, random, typed } = b;
			const done = w.label();
			const at = lockedValue(b, done);
			if (at === null) return;
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
		},
		/** Sockets of the packet, and what they are cast to. */
		packetSocket(b: Build): void {
			if (b.locked || b.depth >= 3 || b.hook !== "tc" || !b.context) return;
			const { w, random } = b;
			const done = w.label();
			const looked = someThing(b, "socket");
			if (looked !== null && random(2)) w.load(8, 7, 10, looked.at);
			else {
				w.load(8, 7, 6, 168);
				checked(b, 7, done);
			}
			w.mov(1, 7);
			// sk_fullsock, tcp_sock, get_listener_sock, skc_to_tcp_sock, skc_to_udp6_sock
			w.call(pick([95, 96, 98, 137, 140], random));
			checked(b, 0, done);
			w.mov(8, 0);
			w.load(4, 9, 8, pick([0, 4, 12, 16, 40], random));
			if (random(3) === 0) nested(b, 1);
			if (random(2)) w.load(4, 9, 8, 0);
			w.place(done);
		},
		cast(b: Build): void {
			if (b.locked || b.depth >= 3 || !b.context || !hasKernel(b) || b.hook === "syscall") return;
			const { w, random } = b;
			const done = w.label();
			if (random(2) && onPacket(b)) {
				w.mov(1, 6);
				kfunc(b, "bpf_cast_to_kern_ctx");
				w.mov(7, 0);
				const [struct, members] = b.hook === "tc" ? ["sk_buff", ["dev", "head", "sk", "len"]] as const : ["xdp_buff", ["data", "rxq", "txq"]] as const;
				w.load(pick([8, 8, 4], random), 8, 7, offsetOf(b, struct, pick(members, random)));
				if (random(2)) checked(b, 8, done, 4);
				w.load(4, 9, 8, 0);
			} else {
				if (random(2)) number(b, 1);
				else current(b, 1);
				w.set(2, Math.max(0, b.kernel.find(pick(["task_struct", "sock", "sk_buff"], random), "struct")));
				kfunc(b, "bpf_rdonly_cast");
				w.load(8, 7, 0, pick([0, 8, 64], random));
				if (random(2)) w.load(8, 8, 7, 0);
				if (random(4) === 0) w.storeImm(8, 0, 0, 1);
			}
			w.place(done);
		},
		strings(b: Build): void {
			if (b.locked) return;
			const { w, random } = b;
			const at = zeroed(b, 16);
			if (at === null) return;
			w.wide(1, 2, pick([MAP.array, MAP.readOnly], random), 8);
			if (random(3) === 0) number(b, 2);
			else w.stack(2, at);
			w.wide(1, 2, pick([MAP.array, MAP.readOnly], random), 8);
			w.set(3, 8);
			kfunc(b, pick(["bpf_strcmp", "bpf_strlen", "bpf_strstr", "bpf_strnchr", "bpf_strspn", "bpf_strnstr"], random));
			keep(b, "number", 0);
		},
		/** A pointer into the packet before and after the packet changes. */
		changed(b: Build): void {
			if (b.locked || !onPacket(b)) return;
			const { w, random } = b;
			const done = w.label();
			const [data, end] = b.hook === "tc" ? [76, 80] : [0, 4];
			w.load(4, 7, 6, data);
			w.load(4, 8, 6, end);
			w.mov(9, 7);
			w.alu(0, 9, 16);
			if (!mistake(b)) w.jumpReg(0x20, 9, 8, done);
			const kept = keep(b, "packet", 7);
			if (random(2)) w.load(pick([1, 2, 4, 8], random), 8, 7, pick([0, 4, 8], random));
			nested(b, random(2));
			w.mov(1, 6);
			w.set(2, pick([0, 4, 64], random));
			w.set(3, 0);
			if (random(2)) {
				if (b.hook === "xdp" && random(3) === 0) kfunc(b, "bpf_xdp_pull_data");
				else w.call(b.hook === "tc" ? pick([39, 38, 43], random) : pick([44, 54, 65], random));
			}
			if (kept !== null) {
				w.load(8, 7, 10, kept.at);
				if (mistake(b, 6)) w.load(4, 8, 7, 4);
				forget(b, kept);
			}
			w.place(done);
		},
		pages(b: Build): void {
			if (b.locked || b.depth >= 3 || (b.hook !== "syscall" && !mistake(b))) return;
			const { w, random } = b;
			arenaPage(b);
			const at = slot(b, 8);
			if (at === null) return;
			w.store(8, 10, at, 0);
			if (random(2)) w.emit(0xbf, 7, 0, 1, 1);
			else w.mov(7, 0);
			if (random(2)) w.load(pick([1, 2, 4, 8], random), 8, 7, pick([0, 8, 4096, -8], random));
			if (random(2)) w.emit(0xdb, 7, 8, 0, pick([0, 1, 0xe1, 0xf1], random));
			if (random(4) === 0) w.loadSigned(pick([1, 2, 4], random), 8, 7, 0);
			nested(b, random(2));
			w.wide(1, 1, MAP.arena);
			w.load(8, 2, 10, at);
			w.set(3, 1);
			if (random(2)) kfunc(b, "bpf_arena_free_pages");
		},
		/** What is known of user memory, and what it is copied into. */
		user(b: Build): void {
			if (b.locked) return;
			const { w, random } = b;
			const at = slot(b, 16);
			if (at === null) return;
			if (random(2)) w.storeImm(8, 10, at, 0);
			number(b, 3);
			w.stack(1, at);
			w.set(2, pick([8, 16, 17, 4], random));
			w.set(4, 0);
			if (random(2)) w.call(pick([112, 113, 114, 148], random));
			else kfunc(b, "bpf_copy_from_user_str");
			if (random(2)) w.load(8, 7, 10, at + pick([0, 8], random));
		},
		/** Memory by handle: made of what there is, cut, copied, cloned, filled; slices that outlive what they are of. */
		handle(b: Build): void {
			if (b.locked || b.depth >= 3) return;
			const { w, random } = b;
			const [at, copy, buffer] = [slot(b, 16), slot(b, 16), zeroed(b, 16)];
			if (at === null || copy === null || buffer === null) return;
			const kind = pick(["local", "ring", onPacket(b) ? b.hook : "local", b.hook === "tc" && b.context ? "meta" : "ring"] as const, random);
			if (kind === "local") {
				w.wide(1, 2, pick([MAP.array, MAP.array, MAP.readOnly], random), 0);
				w.set(2, pick([VALUE, 16], random));
				w.set(3, 0);
				w.stack(4, at);
				w.call(197);
			} else if (kind === "ring") {
				w.wide(1, 1, MAP.ring);
				w.set(2, 64);
				w.set(3, 0);
				w.stack(4, at);
				w.call(198);
			} else {
				w.mov(1, 6);
				w.set(2, 0);
				w.stack(3, at);
				kfunc(b, kind === "tc" ? "bpf_dynptr_from_skb" : kind === "xdp" ? "bpf_dynptr_from_xdp" : "bpf_dynptr_from_skb_meta");
			}
			const out = w.label();
			let cloned = false;
			let sliced: number | null = null;
			for (let n = 1 + random(4); n > 0; n--) {
				const of = cloned && random(2) ? copy : at;
				w.stack(1, of);
				switch (random(8)) {
					case 0:
						w.set(2, pick([0, 8], random));
						w.set(3, pick([16, 8, 64], random));
						kfunc(b, "bpf_dynptr_adjust");
						break;
					case 1:
						w.stack(2, copy);
						kfunc(b, "bpf_dynptr_clone");
						cloned = true;
						break;
					case 2:
						number(b, 3);
						w.stack(1, of);
						w.set(2, 0);
						w.set(4, 1);
						kfunc(b, "bpf_dynptr_memset");
						break;
					case 3:
						w.set(2, 0);
						w.stack(3, at);
						w.set(4, 8);
						w.set(5, 8);
						kfunc(b, "bpf_dynptr_copy");
						break;
					case 4: {
						w.set(2, pick([0, 8], random));
						if (random(2)) w.stack(3, buffer);
						else w.set(3, 0);
						w.set(4, pick([8, 16, 17], random));
						kfunc(b, pick(["bpf_dynptr_slice", "bpf_dynptr_slice_rdwr"], random));
						checked(b, 0, out, 12);
						sliced = slot(b, 8);
						if (sliced === null) break;
						w.store(8, 10, sliced, 0);
						break;
					}
					case 5:
						w.set(2, 0);
						w.set(3, 8);
						w.call(203);
						checked(b, 0, out, 12);
						w.load(8, 7, 0, 0);
						break;
					case 6:
						w.set(2, 0);
						w.stack(3, buffer);
						w.set(4, 8);
						w.set(5, 0);
						w.call(202);
						break;
					default:
						nested(b, 1);
				}
				if (sliced !== null && random(3) === 0) {
					w.load(8, 7, 10, sliced);
					if (random(2)) w.load(8, 8, 7, 0);
					else w.storeImm(1, 7, 0, 1);
				}
			}
			w.place(out);
			if (kind === "ring" && !mistake(b, 20)) {
				w.stack(1, cloned && random(3) === 0 ? copy : at);
				w.set(2, 0);
				w.call(pick([199, 200], random));
			}
			if (mistake(b, 6)) {
				w.stack(1, cloned ? copy : at);
				kfunc(b, "bpf_dynptr_size");
			}
			if (sliced !== null && mistake(b, 6)) {
				w.load(8, 7, 10, sliced);
				w.load(8, 8, 7, 0);
			}
		},
	} as const;
}
