/**
 * Chains of calls and what their frames take: the sum of 512 bytes, private stacks of tracing programs, tail calls from inside, calls that are never made,
 * callbacks that run now and later, exceptions and who catches them, spills around calls that the JIT inlines, and what disturbs these.
 */
import { type Hook, SLEEPABLE, hook, targetHooks } from "../hooks.ts";
import type { Question } from "../judge.ts";
import { neededMaps } from "../needed-maps.ts";
import { type Typed, typed } from "../typed.ts";
import { ADD, AND, JEQ, JGT, JNE, type Label, type Writer, writer } from "../writer.ts";
import type { RecordedMap } from "../../support/case-image.ts";
import { type Campaign, type Setting, caseOf, pick } from "./campaign.ts";

const DEPTHS = [8, 8, 16, 32, 56, 64, 72, 120, 128, 200, 240, 248, 256, 264, 320, 384, 440, 448, 496, 504, 512, 520, 552, 560];
const RANDOM_NUMBER = 7;
const LOOP = 181;
const TAIL_CALL = 12;
const PROBE_READ_KERNEL = 113;
const [TIMER_INIT, TIMER_SET_CALLBACK, TIMER_START] = [169, 170, 171];
const PROGS = 0;
const TYPED = 1;
/** Helpers that the JIT inlines, or might, and one that it does not. */
const INLINED = [8, 8, 35, 158, 5, 14, RANDOM_NUMBER];

type Kind = "main" | "static" | "global" | "step" | "expired" | "catching";
interface Function {
	readonly kind: Kind;
	readonly label: Label;
}

export const frames: Campaign = {
	summary: "chains of calls, what their frames take, callbacks, exceptions, spills around inlined calls",
	ask(setting) {
		const { tracepoints, iterators, members } = targetHooks(setting.kernel);
		const traced = tracepoints.find(({ name }) => name === "tp_btf/sched_switch") ?? tracepoints[0];
		const hooks = [hook(3), hook(6), hook(1), hook(2), hook(2, 0, SLEEPABLE), hook(5), hook(7), hook(17), traced, hook(31, 0, SLEEPABLE), ...iterators.slice(0, 1), ...members.slice(0, 40)];
		return { questions: questions(setting, typed(setting.scratch), hooks) };
	},
};

function* questions(setting: Setting, types: Typed, hooks: readonly Hook[]): Generator<Question> {
	const { random } = setting;
	const maps: readonly RecordedMap[] = [{ type: 3, key_size: 4, value_size: 4, max_entries: 4, map_flags: 0 }, types.map(2, 1)];
	for (let n = 0; ; n++) {
		const at = pick(random(3) ? hooks.slice(0, 10) : hooks, random);
		const w = writer();
		const what = new FrameProgram(w, setting, types).write();
		yield { one: caseOf(`${n}`, at, w, { btf: types.file, ...neededMaps(w.finish().insns ?? "", maps) }), what: `${at.name} ${what}` };
	}
}

class FrameProgram {
	readonly #w: Writer;
	readonly #random: Setting["random"];
	readonly #kernel: Setting["kernel"];
	readonly #types: Typed;
	readonly #texts: string[] = [];
	readonly #throwing: boolean;
	readonly #tailCalls: boolean;
	/** Few frames of many sizes, or many small ones. */
	readonly #small: boolean;
	readonly #kinds: readonly Kind[];
	readonly #functions: readonly Function[];

	constructor(w: Writer, { random, kernel }: Setting, types: Typed) {
		this.#w = w;
		this.#random = random;
		this.#kernel = kernel;
		this.#types = types;
		this.#throwing = random(4) === 0;
		this.#tailCalls = random(4) === 0;
		this.#small = random(3) === 0;
		const others = Array.from({ length: random(this.#small ? 11 : 6) }, (): Kind => pick(["static", "static", "static", "global", "step", "expired"], random));
		this.#kinds = ["main", ...others, ...(this.#throwing && random(3) ? ["catching" as const] : [])];
		this.#functions = this.#kinds.map((kind) => ({ kind, label: w.label() }));
	}

	/** Says what is in it. */
	write(): string {
		const [main, ...others] = this.#functions;
		// 6.18 keeps the number of the function that catches when functions before it go because nothing calls them, and reads past its list: that one comes first.
		const rank = new Map(this.#functions.map((f) => [f, f.kind === "catching" ? -1 : this.#random(100)]));
		const order = others.sort((a, b) => rank.get(a)! - rank.get(b)!);
		for (const f of [main, ...order]) this.#write(f, this.#functions.indexOf(f));
		return this.#texts.join(" ");
	}

	#kfunc(name: string): void {
		this.#w.kfunc(Math.max(0, this.#kernel.find(name, "func")), name);
	}

	#write({ kind, label }: Function, index: number): void {
		const w = this.#w;
		const random = this.#random;
		w.place(label);
		const caught = this.#kinds.includes("catching") || (this.#throwing && random(8) === 0);
		w.function(this.#types.func({ main: caught ? "catching_program" : "program", static: "sub0", global: "global0", step: "step", expired: "expired", catching: "caught" }[kind]));
		this.#texts.push(`${kind}:`);
		const end = w.label();
		w.set(0, 0);
		// The context of the caller, for those who may have it.
		if (kind === "main" || kind === "static") w.mov(6, 1);
		const base = this.#small ? pick([8, 8, 16, 32, 64], random) : pick(DEPTHS, random);
		if (random(6)) {
			if (random(2)) w.storeImm(8, 10, -base, 0);
			else w.storeImm(pick([1, 2, 4], random), 10, -base + random(5), 0);
			this.#texts.push(`${base}`);
		}
		for (let left = 1 + random(3); left > 0; left--) this.#statement(index, kind, base, end);
		w.place(end);
		if (random(10)) w.set(0, 0);
		w.exit();
	}

	/** Most calls go to this.#functions that come later, as compilers would have it. */
	#callee(index: number, of: Kind | null): Function | undefined {
		const random = this.#random;
		const list = this.#functions.filter((f, i) => (random(30) === 0 || i > index) && (of === null ? f.kind === "static" || f.kind === "global" || random(12) === 0 : f.kind === of || random(30) === 0));
		return list.length === 0 ? undefined : pick(list, random);
	}

	#statement(index: number, kind: Kind, base: number, end: Label): void {
		const w = this.#w;
		const random = this.#random;
		const skip = w.label();
		const hasContext = kind === "main" || kind === "static";
		const way = random(14);
		const guard = random(5);
		if (guard === 0) {
			w.call(RANDOM_NUMBER);
			w.jump(JGT, 0, 3, skip);
		} else if (guard === 1) {
			// Never on any path, and counted all the same.
			w.set(0, 0);
			w.jump(JEQ, 0, 0, skip);
		}
		switch (way) {
			case 0: case 1: case 2: case 3: case 4:
				this.#call(index, hasContext);
				break;
			case 5:
				this.#loop(index);
				break;
			case 6:
				this.#timer(index);
				break;
			case 7:
				this.#tailCall(hasContext);
				break;
			case 8:
				this.#throw(skip);
				break;
			case 9:
				this.#unknownPlace(base);
				break;
			case 10:
				this.#readInto(base);
				break;
			case 11:
				this.#mayGoto(end);
				break;
			default:
				this.#around(base);
				if (random(2)) this.#around(base);
		}
		w.place(skip);
	}

	#call(index: number, hasContext: boolean): void {
		const w = this.#w;
		const random = this.#random;
		const f = this.#callee(index, null);
		if (f === undefined) return;
		if (hasContext && random(8)) w.mov(1, 6);
		this.#texts.push(`call ${f.kind}`);
		w.callLocal(f.label);
	}

	#loop(index: number): void {
		const w = this.#w;
		const random = this.#random;
		const f = this.#callee(index, "step");
		if (f === undefined) return;
		w.set(1, pick([0, 1, 3], random));
		w.func(2, f.label);
		w.set(3, 0);
		w.set(4, 0);
		this.#texts.push("loop");
		w.call(LOOP);
	}

	#timer(index: number): void {
		const w = this.#w;
		const random = this.#random;
		const f = this.#callee(index, "expired");
		if (f === undefined) return;
		const of = (offset: number): void => w.wide(1, 2, TYPED, offset);
		const timer = this.#types.member("value", "timer");
		if (random(2)) {
			of(timer);
			w.wide(2, 1, TYPED);
			w.set(3, 1);
			w.call(TIMER_INIT);
		}
		of(timer);
		w.func(2, f.label);
		w.call(TIMER_SET_CALLBACK);
		if (random(2)) {
			of(timer);
			w.set(2, 0);
			w.set(3, 0);
			w.call(TIMER_START);
		}
		this.#texts.push("timer");
	}

	#tailCall(hasContext: boolean): void {
		const w = this.#w;
		const random = this.#random;
		if (!this.#tailCalls || !hasContext) return;
		w.mov(1, 6);
		w.wide(2, 1, PROGS);
		w.set(3, random(3));
		w.call(TAIL_CALL);
		this.#texts.push("tail call");
	}

	#throw(skip: Label): void {
		const w = this.#w;
		const random = this.#random;
		if (!this.#throwing) return;
		w.call(RANDOM_NUMBER);
		w.jump(JNE, 0, 5, skip);
		w.set(1, random(3));
		this.#kfunc("bpf_throw");
		this.#texts.push("throw");
	}

	/** An unknown place in the frame. */
	#unknownPlace(base: number): void {
		const w = this.#w;
		const random = this.#random;
		w.call(RANDOM_NUMBER);
		w.alu(AND, 0, pick([7, 63, 248], random));
		w.stack(2, -base);
		w.aluReg(ADD, 2, 0);
		w.storeImm(1, 2, random(3) ? 0 : -random(80), 0);
		this.#texts.push("somewhere");
	}

	#readInto(base: number): void {
		const w = this.#w;
		const random = this.#random;
		w.stack(1, -base);
		w.set(2, pick([8, 16, base], random));
		w.set(3, 0);
		w.call(PROBE_READ_KERNEL);
		this.#texts.push("read into");
	}

	#mayGoto(end: Label): void {
		const w = this.#w;
		w.mayGoto(end);
		this.#texts.push("may_goto");
	}

	/** Registers kept in the frame around a call, in the order that compilers write; now and then something is out of order. */
	#around(base: number): void {
		const w = this.#w;
		const random = this.#random;
		const wrong = random(3) === 0 ? random(8) : -1;
		const count = 1 + random(random(3) ? 2 : 6);
		const lowest = -base - 8 * (random(3) === 0 ? random(6) : count - random(2));
		const registers = Array.from({ length: count }, (_, i) => (random(12) === 0 ? random(10) : 1 + ((i + random(2)) % 5)));
		for (const r of new Set(registers)) if (r <= 5) w.set(r, r);
		const inside = w.label();
		if (wrong === 0) w.jump(JEQ, 1, 0, inside);
		for (let i = count - 1; i >= 0; i--) w.store(8, 10, lowest + 8 * i, registers[i]);
		if (wrong === 1) w.set(0, 1);
		if (wrong === 2) w.storeImm(8, 10, lowest, 1);
		if (random(6) === 0) {
			const cast = random(2) === 0;
			if (cast) {
				w.set(1, 0);
				w.set(2, Math.max(0, this.#kernel.find("task_struct", "struct")));
			}
			this.#kfunc(cast ? "bpf_rdonly_cast" : "bpf_cast_to_kern_ctx");
		} else w.call(pick(INLINED, random));
		if (wrong === 0) w.place(inside);
		for (let i = 0; i < count; i++) {
			const off = lowest + 8 * i + (wrong === 3 ? 8 : 0);
			if (wrong === 4) w.load(4, registers[i], 10, off);
			else w.load(8, wrong === 5 ? 5 : registers[i], 10, off);
		}
		if (wrong === 0) w.place(inside);
		if (wrong === 6) w.load(pick([1, 8], random), 0, 10, lowest);
		if (wrong === 7) {
			w.stack(1, lowest);
			w.set(2, 8);
			w.set(3, 0);
			w.call(PROBE_READ_KERNEL);
		}
		this.#texts.push(`around ${lowest}${wrong < 0 ? "" : ` wrong ${wrong}`}`);
	}
}
