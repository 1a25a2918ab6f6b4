/** Snippets of functions that the kernel calls: for samples of a user's ring, for an area of memory, for a task's work. */
import { JEQ } from "../writer.ts";
import { type Body, type Build, MAP, VALUE, checked, kfunc, mistake, number, pick, slot } from "./build.ts";
import { asFunction, later, leave } from "./loops.ts";

const DYNPTR_READ = 201, DYNPTR_WRITE = 202, DYNPTR_DATA = 203, DISCARD_DYNPTR = 200;
const FIND_VMA = 180, DRAIN = 209, CURRENT_TASK_BTF = 158;

/** A member's byte offset in a struct of the kernel; 0 when it is not there. */
function offsetOf(b: Build, struct: string, member: string): number {
	const t = b.kernel.type(b.kernel.find(struct, "struct"));
	const found = t.kind === "struct" ? t.members.find(({ name }) => name === member) : undefined;
	return found === undefined ? 0 : found.bitOffset / 8;
}

export function callbacks(body: Body) {
	return {
		drain: (b: Build): void => drain(b, body),
		area: (b: Build): void => area(b, body),
		taskWork: (b: Build): void => taskWork(b, body),
	} as const;
}

function drain(b: Build, body: Body): void {
	if (b.depth >= 2 || b.locked) return;
	const { w, random } = b;
	const shared = slot(b, 8);
	if (shared === null) return;
	w.storeImm(8, 10, shared, 0);
	const callback = later(b, "drain", () => {
		w.mov(6, 1);
		if (random(3) === 0) w.load(8, 7, 2, 0);
		asFunction(b, (inner, count) => {
			sample(inner);
			body(inner, count);
		}, random(3), [], () => leave(b, [0, 0, 1]));
	});
	w.wide(1, 1, mistake(b) ? MAP.ring : MAP.userRing);
	w.func(2, callback);
	if (random(2)) w.stack(3, shared);
	else w.set(3, 0);
	w.set(4, 0);
	w.call(DRAIN);
	b.things = [...b.things, { kind: "number", at: shared, owned: false }];
}

function area(b: Build, body: Body): void {
	if (b.depth >= 2 || b.locked) return;
	const { w, random } = b;
	const shared = slot(b, 8);
	if (shared === null) return;
	w.storeImm(8, 10, shared, 0);
	const callback = later(b, "expired", () => {
		w.mov(8, 2);
		if (random(2)) w.load(8, 7, 8, offsetOf(b, "vm_area_struct", pick(["vm_flags", "vm_mm", "vm_file"], random)));
		if (random(4) === 0) w.load(8, 7, 7, 0);
		if (random(2)) w.load(4, 7, 1, offsetOf(b, "task_struct", "pid"));
		if (random(3) === 0) w.store(8, 3, 0, 7);
		asFunction(b, body, random(3), [], () => leave(b, [0, 0, 1]));
	});
	number(b, 8);
	w.call(CURRENT_TASK_BTF);
	w.mov(1, 0);
	w.mov(2, 8);
	w.func(3, callback);
	if (random(3)) w.stack(4, shared);
	else w.set(4, 0);
	w.set(5, 0);
	w.call(FIND_VMA);
	b.things = [...b.things, { kind: "number", at: shared, owned: false }];
}

function taskWork(b: Build, body: Body): void {
	if (b.depth >= 2 || b.locked) return;
	const { w, random, typed } = b;
	const names = ["bpf_task_work_schedule_signal", "bpf_task_work_schedule_resume", "bpf_task_work_schedule_signal_impl", "bpf_task_work_schedule_resume_impl"].filter((name) => b.kernel.find(name, "func") > 0);
	if (names.length === 0) return;
	const done = w.label();
	const callback = later(b, "expired", () => {
		w.mov(8, 3);
		if (random(2)) w.storeImm(8, 8, typed.member("worked", "data"), 1);
		asFunction(b, body, random(3), [], () => leave(b, [0, 0, 1]));
	});
	const key = slot(b, 8);
	if (key === null) return;
	w.storeImm(4, 10, key, 0);
	if (random(3)) {
		w.wide(1, 1, MAP.worked);
		w.stack(2, key);
		w.call(1);
		w.jump(JEQ, 0, 0, done);
		w.mov(7, 0);
	} else w.wide(7, 2, MAP.worked, 0);
	w.call(CURRENT_TASK_BTF);
	w.mov(1, 0);
	w.mov(2, 7);
	w.alu(0, 2, typed.member("worked", "work") + (mistake(b) ? 8 : 0));
	w.wide(3, 1, mistake(b) ? MAP.typed : MAP.worked);
	w.func(4, callback);
	w.set(5, 0);
	kfunc(b, pick(names, random));
	if (mistake(b, 10)) w.load(8, 8, 7, VALUE);
	w.place(done);
}

/** What a sample, a dynptr in r6, is used for. */
function sample(b: Build): void {
	const { w, random } = b;
	const buffer = slot(b, 16);
	if (buffer === null) return;
	for (const off of [0, 8]) if (!mistake(b)) w.storeImm(8, 10, buffer + off, 0);
	switch (random(7)) {
		case 0:
			w.stack(1, buffer);
			w.set(2, pick([8, 16, 17], random));
			w.mov(3, 6);
			w.set(4, 0);
			w.set(5, 0);
			return w.call(DYNPTR_READ);
		case 1:
			w.mov(1, 6);
			w.set(2, 0);
			w.stack(3, buffer);
			w.set(4, 8);
			w.set(5, 0);
			return w.call(DYNPTR_WRITE);
		case 2: {
			const none = w.label();
			w.mov(1, 6);
			if (random(3) === 0) number(b, 2);
			w.mov(1, 6);
			w.set(2, 0);
			w.set(3, 16);
			w.call(DYNPTR_DATA);
			checked(b, 0, none);
			if (random(2)) w.load(8, 7, 0, pick([0, 8, 16], random));
			else w.storeImm(8, 0, 0, 1);
			return w.place(none);
		}
		case 3:
			w.mov(1, 6);
			w.set(2, 0);
			w.stack(3, buffer);
			w.set(4, 8);
			kfunc(b, pick(["bpf_dynptr_slice", "bpf_dynptr_slice_rdwr"], random));
			return;
		case 4:
			w.mov(1, 6);
			return kfunc(b, pick(["bpf_dynptr_size", "bpf_dynptr_is_null", "bpf_dynptr_is_rdonly"], random));
		case 5:
			if (!mistake(b, 3)) return;
			w.mov(1, 6);
			w.set(2, 0);
			return w.call(DISCARD_DYNPTR);
		default:
			if (!mistake(b, 3)) return;
			// What it points to is not the program's.
			if (random(2)) w.load(8, 7, 6, 0);
			else w.alu(0, 6, 8);
	}
}
