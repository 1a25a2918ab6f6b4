/** Snippets of memory that the kernel lends: sockets of packets, casts, strings, packets that change, arenas, user memory. */
import { type Body, type Build, MAP, arenaPage, checked, forget, keep, kfunc, mistake, number, pick, slot, someThing } from "./build.ts";
import { hasKernel, onPacket, current, zeroed, offsetOf } from "./kernel-parts.ts";

/** Sockets of the packet, and what they are cast to. */
export function packetSocket(b: Build, nested: Body): void {
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
}

export function cast(b: Build): void {
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
}

export function strings(b: Build): void {
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
}

/** A pointer into the packet before and after the packet changes. */
export function changed(b: Build, nested: Body): void {
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
}

export function pages(b: Build, nested: Body): void {
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
}

/** What is known of user memory, and what it is copied into. */
export function user(b: Build): void {
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
}
