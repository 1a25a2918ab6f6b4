/** Snippets with bodies: branches, loops of each kind, subprograms, callbacks, global functions. */
import { ADD, JEQ, JLT, JNE, JUMP_OPS, type Label } from "../writer.ts";
import { type Body, type Build, MAP, type Thing, checked, kfunc, mistake, number, pick, release, slot, someThing } from "./build.ts";

const DEEPEST = 3;

const inside = (b: Build, body: Body, count: number): void => {
	const before = b.things;
	const { top } = b;
	b.depth++;
	body(b, count);
	release(b, before);
	b.depth--;
	// What the body had in its slots is gone for the verifier only when it is not read again: they are used anew.
	if (b.random(2)) b.top = top;
};

/** Another function: what it is given is in r1 and r2. */
export function later(b: Build, type: string, write: () => void): Label {
	const label = b.w.label();
	b.pending.push({ label, type: b.typed.func(type), write });
	return label;
}

/** The body of a function with a frame and things of its own. */
export function asFunction(b: Build, body: Body, count: number, given: readonly Thing[], end: () => void): void {
	const saved = { things: b.things, top: b.top, limit: b.limit, context: b.context, locked: b.locked, depth: b.depth };
	Object.assign(b, { things: [...given], top: given.reduce((low, { at }) => Math.min(low, at), 0), limit: 128, context: false, locked: false, depth: saved.depth + 1 });
	body(b, count);
	release(b, given);
	end();
	Object.assign(b, saved);
}

/** A constant that a function returns, mostly one that it may. */
export function leave(b: Build, values: readonly number[]): void {
	if (mistake(b, 15)) number(b, 0);
	else b.w.set(0, pick(values, b.random));
	b.w.exit();
}

export function loops(body: Body) {
	return {
		branch: (b: Build): void => branch(b, body),
		counted: (b: Build): void => counted(b, body),
		mayGoto: (b: Build): void => mayGoto(b, body),
		iterator: (b: Build): void => iterator(b, body),
		bpfLoop: (b: Build): void => bpfLoop(b, body),
		forEach: (b: Build): void => forEach(b, body),
		subprogram: (b: Build): void => subprogram(b, body),
		global: (b: Build): void => globalFunction(b, body),
	} as const;
}

function branch(b: Build, body: Body): void {
	if (b.depth >= DEEPEST) return;
	const { w, random } = b;
	const [other, done] = [w.label(), w.label()];
	number(b, 7);
	w.jump(pick(JUMP_OPS, random), 7, pick([0, 1, 2, 8, 63, -1], random), other, random(2) === 0);
	inside(b, body, 1 + random(3));
	if (random(2)) w.jump(0, 0, 0, done);
	w.place(other);
	if (random(2)) inside(b, body, 1 + random(2));
	w.place(done);
}

function counted(b: Build, body: Body): void {
	if (b.depth >= 2) return;
	const { w, random } = b;
	const counter = slot(b, 8);
	if (counter === null) return;
	const head = w.label();
	w.storeImm(8, 10, counter, 0);
	w.place(head);
	inside(b, body, 1 + random(2));
	w.load(8, 7, 10, counter);
	w.alu(ADD, 7, 1);
	w.store(8, 10, counter, 7);
	w.jump(pick([JLT, JNE], random), 7, 1 + random(6), head);
}

/** The kernel walks two of them inside each other for more than its oracle's patience. */
function mayGoto(b: Build, body: Body): void {
	if (b.depth > 0 || b.endless) return;
	b.endless = true;
	const { w, random } = b;
	const [head, end] = [w.label(), w.label()];
	const counter = random(2) ? slot(b, 8) : null;
	if (counter !== null) w.storeImm(8, 10, counter, 0);
	w.place(head);
	w.mayGoto(end);
	inside(b, body, 1 + random(3));
	if (counter !== null) {
		w.load(8, 7, 10, counter);
		w.alu(ADD, 7, 1);
		w.store(8, 10, counter, 7);
		if (random(2)) w.jump(JEQ, 7, 100, end);
	}
	w.jump(0, 0, 0, head);
	w.place(end);
}

function iterator(b: Build, body: Body): void {
	if (b.depth >= 2 || b.locked) return;
	const { w, random } = b;
	const at = slot(b, 8);
	if (at === null) return;
	const [head, end] = [w.label(), w.label()];
	w.stack(1, at);
	w.set(2, 0);
	w.set(3, pick([10, 10, 0, 1000, -1], random));
	if (!mistake(b, 40)) kfunc(b, "bpf_iter_num_new");
	w.place(head);
	w.stack(1, at);
	kfunc(b, "bpf_iter_num_next");
	if (!mistake(b, 30)) w.jump(JEQ, 0, 0, end);
	if (random(2)) {
		w.load(4, 7, 0, mistake(b) ? 4 : 0);
		const kept = someThing(b, "number");
		if (kept !== null) w.store(8, 10, kept.at, 7);
	}
	inside(b, body, 1 + random(3));
	if (random(5) === 0) {
		number(b, 7);
		w.jump(JEQ, 7, 3, end);
	}
	w.jump(0, 0, 0, head);
	w.place(end);
	w.stack(1, at);
	if (!mistake(b, 40)) kfunc(b, "bpf_iter_num_destroy");
}

function bpfLoop(b: Build, body: Body): void {
	if (b.depth >= 2 || b.locked) return;
	const { w, random } = b;
	const shared = slot(b, 16);
	if (shared === null) return;
	w.storeImm(8, 10, shared, 0);
	if (!mistake(b, 10)) w.storeImm(8, 10, shared + 8, 0);
	const sharing = random(2) === 0;
	const callback = !sharing ? later(b, "step", () => asFunction(b, body, 1 + random(3), [], () => leave(b, [0, 0, 1]))) : later(b, "step", () => {
		// The callback changes what its caller gave it.
		w.mov(6, 2);
		if (random(2)) w.load(8, 7, 2, 8 * random(2));
		if (random(2)) w.store(8, 2, 8 * random(2), 1);
		asFunction(b, body, random(3), [], () => leave(b, [0, 1]));
	});
	if (random(3) === 0) number(b, 1);
	else w.set(1, pick([0, 1, 10, 1000], random));
	w.func(2, callback);
	if (random(3) === 0 && !sharing) w.set(3, 0);
	else w.stack(3, shared);
	w.set(4, mistake(b) ? 1 : 0);
	w.call(181);
	w.load(8, 7, 10, shared);
	b.things = [...b.things, { kind: "number", at: shared, owned: false }];
}

function forEach(b: Build, body: Body): void {
	if (b.depth >= 2 || b.locked) return;
	const { w, random } = b;
	const typed = random(2) === 0;
	const callback = later(b, "each", () => {
		w.mov(8, 3);
		if (random(2)) w.load(pick([4, 8], random), 7, 2, 0);
		if (random(2)) w.load(pick([4, 8], random), 7, 8, mistake(b) ? 1000 : typed ? b.typed.member("value", "data") : 8);
		asFunction(b, body, random(3), [], () => leave(b, [0, 1]));
	});
	w.wide(1, 1, typed ? MAP.typedHash : pick([MAP.array, MAP.hash], random));
	w.func(2, callback);
	w.set(3, 0);
	w.set(4, 0);
	w.call(164);
}

function subprogram(b: Build, body: Body): void {
	if (b.depth >= DEEPEST || b.locked) return;
	const { w, random } = b;
	const at = slot(b, 8);
	if (at === null) return;
	if (random(2)) {
		const label = later(b, "sub_ptr", () => {
			w.mov(6, 1);
			const size = pick([1, 2, 4, 8], random);
			if (random(2)) w.load(size, 7, 6, 0);
			if (random(2)) w.store(size, 6, random(8 / size) * size, 2);
			if (mistake(b, 15)) w.load(8, 7, 6, 8);
			asFunction(b, body, random(4), [], () => {
				number(b, 0);
				w.exit();
			});
		});
		if (!mistake(b, 10)) w.storeImm(8, 10, at, random(3));
		w.stack(1, at);
		number(b, 2);
		if (random(2)) w.stack(1, at);
		w.callLocal(label);
	} else {
		const withContext = random(2) === 0 && b.context;
		const label = later(b, withContext ? "sub0" : "sub2", () => {
			w.mov(6, 1);
			const context = withContext && !mistake(b);
			asFunction(b, (inner, count) => {
				inner.context = context;
				body(inner, count);
			}, random(5), [], () => leave(b, [0, 1, 5]));
		});
		if (withContext) w.mov(1, 6);
		else number(b, 1);
		w.set(2, 7);
		w.callLocal(label);
	}
	if (random(2)) {
		w.store(8, 10, at, 0);
		b.things = [...b.things, { kind: "number", at, owned: false }];
	}
}

function globalFunction(b: Build, body: Body): void {
	if (b.depth >= DEEPEST || b.locked) return;
	const { w, random } = b;
	const at = slot(b, 16);
	if (at === null) return;
	const done = w.label();
	const name = pick(["global0", "global2", "global_pair", "global_maybe", "global_task", "global_task_maybe", "global_dynptr", "global_arena", "global_context", "global_void"] as const, random);
	const label = later(b, name, () => {
		w.mov(6, 1);
		const skip = w.label();
		if (name === "global_pair" || name === "global_maybe") {
			if (name === "global_maybe" || random(4) === 0) checked(b, 6, skip, 5);
			const off = mistake(b, 8) ? 8 : pick([0, 4], random);
			if (random(2)) w.load(4, 7, 6, off);
			else w.storeImm(4, 6, off, 1);
		}
		if (name === "global_task" || name === "global_task_maybe") {
			if (name === "global_task_maybe") checked(b, 6, skip, 5);
			w.load(4, 7, 6, pick([0, 4, 8], random));
		}
		if (name === "global_arena") w.load(8, 7, 6, 0);
		if (name === "global_dynptr") {
			w.mov(1, 6);
			kfunc(b, "bpf_dynptr_size");
		}
		w.place(skip);
		asFunction(b, (inner, count) => {
			inner.context = name === "global_context";
			body(inner, count);
		}, random(4), [], () => {
			if (name === "global_void" && random(2)) w.exit();
			else if (random(4) === 0) {
				number(b, 0);
				w.exit();
			} else leave(b, [0, 1, 100]);
		});
	});
	switch (name) {
		case "global_pair": case "global_maybe":
			w.storeImm(8, 10, at, 0);
			if (name === "global_maybe" && random(3) === 0) w.set(1, 0);
			else if (random(3) === 0) w.wide(1, 2, pick([MAP.array, MAP.readOnly], random), pick([0, 56, 60], random));
			else w.stack(1, at);
			w.set(2, 1);
			break;
		case "global_task": case "global_task_maybe":
			w.call(158);
			w.mov(1, 0);
			if (random(5) === 0) w.load(8, 1, 1, 0);
			if (random(5) === 0) w.set(1, 0);
			break;
		case "global_dynptr":
			w.wide(1, 2, MAP.array, 0);
			w.set(2, 16);
			w.set(3, 0);
			w.stack(4, at);
			w.call(197);
			w.stack(1, at);
			break;
		case "global_context":
			if (b.context) w.mov(1, 6);
			else w.set(1, 0);
			break;
		case "global_arena":
			if (!mistake(b, 8)) w.wide(1, 1, MAP.arena);
			number(b, 1);
			if (random(2)) w.emit(0xbf, 1, 1, 1, 1);
			break;
		default:
			number(b, 1);
			w.set(2, 1);
	}
	w.callLocal(label);
	w.place(done);
	if (random(2) && name !== "global_void") {
		w.store(8, 10, at, 0);
		b.things = [...b.things, { kind: "number", at, owned: false }];
	}
}
