/** Snippets of memory by handle: made of what there is, read, written, cut, copied, and what is left of it afterwards. */
import type { Label } from "../writer.ts";
import { type Body, type Build, MAP, VALUE, checked, kfunc, mistake, number, pick, slot } from "./build.ts";
import { onPacket, zeroed } from "./kernel-parts.ts";

export function dynptr(b: Build, nested: Body): void {
	if (b.locked || b.depth >= 3) return;
	const { w, random } = b;
	const [at, buffer] = [slot(b, 16), slot(b, 16)];
	if (at === null || buffer === null) return;
	for (const off of [0, 8]) w.storeImm(8, 10, buffer + off, 0);
	const ring = makeDynptr(b, at);
	for (let n = 1 + random(3); n > 0; n--) useDynptr(b, nested, at, buffer);
	if (mistake(b, 15)) w.storeImm(8, 10, at + 8 * random(2), 0);
	if (ring && !mistake(b, 20)) {
		w.stack(1, at);
		w.set(2, 0);
		w.call(pick([199, 200], random));
	}
	if (mistake(b, 10)) {
		w.stack(1, at);
		kfunc(b, "bpf_dynptr_size");
	}
}

/** True: it is of the ring buffer, and must be given back. */
function makeDynptr(b: Build, at: number): boolean {
	const { w, random } = b;
	const ring = random(3) === 0;
	if (ring) {
		w.wide(1, 1, MAP.ring);
		w.set(2, 64);
		w.set(3, 0);
		w.stack(4, at);
		w.call(198);
	} else if ((b.hook === "tc" || b.hook === "xdp") && b.context && random(2)) {
		w.mov(1, 6);
		w.set(2, 0);
		w.stack(3, at);
		kfunc(b, b.hook === "tc" ? "bpf_dynptr_from_skb" : "bpf_dynptr_from_xdp");
	} else {
		w.wide(1, 2, MAP.array, 0);
		w.set(2, VALUE);
		w.set(3, 0);
		w.stack(4, at);
		w.call(197);
	}
	return ring;
}

function useDynptr(b: Build, nested: Body, at: number, buffer: number): void {
	const { w, random } = b;
	const which = random(6);
	if (which === 0) {
		w.stack(1, buffer);
		w.set(2, pick([8, 16, 17], random));
		w.stack(3, at);
		number(b, 4);
		w.set(5, 0);
		w.stack(1, buffer);
		w.set(2, 8);
		w.stack(3, at);
		w.set(4, 0);
		w.call(201);
	} else if (which === 1) {
		w.stack(1, at);
		w.set(2, 0);
		w.stack(3, buffer);
		w.set(4, 8);
		w.set(5, 0);
		w.call(202);
	} else if (which === 2) {
		w.stack(1, at);
		w.set(2, 0);
		w.set(3, 8);
		w.call(203);
		const none = w.label();
		checked(b, 0, none);
		w.mov(8, 0);
		if (random(4) === 0) nested(b, 1);
		if (random(2)) w.load(8, 7, 8, mistake(b) ? 8 : 0);
		else w.storeImm(4, 8, 4, 1);
		w.place(none);
	} else if (which === 3) {
		w.stack(1, at);
		w.set(2, 0);
		w.stack(3, buffer);
		w.set(4, 8);
		kfunc(b, pick(["bpf_dynptr_slice", "bpf_dynptr_slice_rdwr"], random));
		const none = w.label();
		checked(b, 0, none);
		if (random(3) === 0) w.storeImm(4, 0, 4, 1);
		else w.load(8, 7, 0, 0);
		w.place(none);
	} else if (which === 4) {
		const copy = slot(b, 16);
		if (copy === null) return;
		w.stack(1, at);
		w.stack(2, copy);
		kfunc(b, "bpf_dynptr_clone");
		w.stack(1, random(2) ? copy : at);
		kfunc(b, pick(["bpf_dynptr_size", "bpf_dynptr_is_null", "bpf_dynptr_is_rdonly"], random));
	} else nested(b, 1);
}

/** Memory by handle: made of what there is, cut, copied, cloned, filled; slices that outlive what they are of. */
export function handle(b: Build, nested: Body): void {
	if (b.locked || b.depth >= 3) return;
	const { w, random } = b;
	const [at, copy, buffer] = [slot(b, 16), slot(b, 16), zeroed(b, 16)];
	if (at === null || copy === null || buffer === null) return;
	const kind = pick(["local", "ring", onPacket(b) ? b.hook : "local", b.hook === "tc" && b.context ? "meta" : "ring"] as const, random);
	makeHandle(b, kind, at);
	const out = w.label();
	const handles: Handles = { at, copy, buffer, out, cloned: false, sliced: null };
	for (let n = 1 + random(4); n > 0; n--) {
		useHandle(b, nested, handles);
		if (handles.sliced !== null && random(3) === 0) {
			w.load(8, 7, 10, handles.sliced);
			if (random(2)) w.load(8, 8, 7, 0);
			else w.storeImm(1, 7, 0, 1);
		}
	}
	const { cloned, sliced } = handles;
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
}

interface Handles {
	readonly at: number;
	readonly copy: number;
	readonly buffer: number;
	/** Where none of it is done. */
	readonly out: Label;
	cloned: boolean;
	sliced: number | null;
}

function makeHandle(b: Build, kind: string, at: number): void {
	const { w, random } = b;
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
}

function useHandle(b: Build, nested: Body, handles: Handles): void {
	const { w, random } = b;
	const { at, copy, buffer, out } = handles;
	const of = handles.cloned && random(2) ? copy : at;
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
			handles.cloned = true;
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
			const sliced = slot(b, 8);
			handles.sliced = sliced;
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
}
