/**
 * Global and static functions of random prototypes: parameters of every type, contexts of every program type and their flavours, tags alone and together,
 * results of every type, records of functions that are wrong. Each is called with arguments that fit more or less, and reads what it was given.
 *
 * A BTF is made for so many programs; its first function is the program's own.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { BtfType } from "../../../assembler/btf/types.ts";
import { writeBtf } from "../../../assembler/btf/write.ts";
import { type Hook, HOOKS, SLEEPABLE, hook, targetHooks } from "../hooks.ts";
import type { Question } from "../judge.ts";
import { MAPS, mapIndex } from "../maps.ts";
import { JEQ, type Writer, writer } from "../writer.ts";
import type { RecordedMap } from "../../support/case-image.ts";
import { neededMaps } from "../needed-maps.ts";
import { type Campaign, type Random, type Setting, caseOf, pick } from "./campaign.ts";

/** Programs that share a BTF: the kernel's loader of BTF is the slow part. */
const SHARED_BY = 40;
const FUNCTIONS = 24;
const MAPPABLE = 1024;
const RANDOM_NUMBER = 7;
const CURRENT_TASK_BTF = 158;
const DYNPTR_FROM_MEM = 197;
const TAGS = ["arg:ctx", "arg:nonnull", "arg:nullable", "arg:trusted", "arg:untrusted", "arg:arena", "arg:maybe", "something else"];
/** What a pointer may be said to point to, by name: contexts, their flavours, structs of the kernel and of nobody. */
const RECORDS = [
	"__sk_buff", "__sk_buff", "xdp_md", "xdp_md___old", "bpf_user_pt_regs_t", "pt_regs", "user_pt_regs", "user_regs_struct", "bpf_perf_event_data", "bpf_raw_tracepoint_args", "bpf_sock_ops", "sk_msg_md", "bpf_sysctl", "bpf_sockopt",
	"bpf_sock_addr", "bpf_cgroup_dev_ctx", "bpf_sk_lookup", "sk_reuseport_md", "bpf_sock", "bpf_nf_ctx", "bpf_iter__task", "bpf_dynptr", "bpf_dynptr_kern", "task_struct", "task_struct___old", "task_struct__old", "cgroup",
	"sk_buff", "file", "nobody_has_this", "", "pair",
];

interface Signature {
	readonly id: number;
	readonly global: boolean;
	/** A text for each parameter, which chooses the argument and the use. */
	readonly params: readonly string[];
}
interface Types {
	readonly file: string;
	readonly main: number;
	readonly functions: readonly Signature[];
	/** Ids that are no function's. */
	readonly others: readonly number[];
}

export const signatures: Campaign = {
	summary: "functions of random prototypes and tags, called and walked",
	ask(setting) {
		const { tracepoints, iterators, members } = targetHooks(setting.kernel);
		const hooks = [hook(3), hook(6), hook(2), hook(7), hook(17), hook(24), hook(5), hook(1), hook(31, 0, SLEEPABLE), tracepoints[0], ...iterators.slice(0, 2), ...members.slice(0, 3), ...HOOKS.filter(({ type }) => ![1, 2, 3, 5, 6, 7, 17, 24, 31].includes(type))];
		return { questions: questions(setting, hooks) };
	},
};

function* questions({ random, scratch, kernel }: Setting, hooks: readonly Hook[]): Generator<Question> {
	mkdirSync(join(scratch, "btf"), { recursive: true });
	const maps: readonly RecordedMap[] = [...MAPS, { type: 33, key_size: 0, value_size: 0, max_entries: 4, map_flags: MAPPABLE }];
	let types: Types | null = null;
	for (let n = 0; ; n++) {
		if (types === null || n % SHARED_BY === 0) types = makeTypes(`signatures${n / SHARED_BY}.btf`, scratch, random);
		const at = random(2) ? pick(hooks.slice(0, 10), random) : pick(hooks, random);
		const w = writer();
		const task = kernel.find("task_struct", "struct");
		const what = program(w, types, random, { size: kernel.find("bpf_dynptr_size", "func"), cast: kernel.find("bpf_rdonly_cast", "func"), task }, maps.length - 1);
		const made = w.finish();
		const { info, how } = records(made.func_info ?? [], types, random);
		yield { one: { ...caseOf(`${n}`, at, w), btf: types.file, ...neededMaps(made.insns ?? "", maps), func_info: info }, what: `${at.name} ${what}${how}` };
	}
}

/** Now and then a record is missing, twice there, out of order, of another type or at another place. */
function records(info: readonly (readonly [number, number])[], { others, functions }: Types, random: Random): { readonly info: readonly (readonly [number, number])[]; readonly how: string } {
	if (random(10) !== 0 || info.length === 0) return { info, how: "" };
	const at = random(info.length);
	const [insn, type] = info[at];
	const way = random(7);
	const changed = (entry: readonly [number, number]) => info.map((old, i) => (i === at ? entry : old));
	if (way === 0) return { info: info.filter((_, i) => i !== at), how: ` without record ${at}` };
	if (way === 1) return { info: [...info].reverse(), how: " records reversed" };
	if (way === 2) return { info: changed([insn + 1, type]), how: ` record ${at} an instruction later` };
	if (way === 3) return { info: changed([insn, pick(others, random)]), how: ` record ${at} of no function` };
	if (way === 4) return { info: changed([insn, pick(functions, random).id]), how: ` record ${at} of another function` };
	if (way === 5) return { info: changed([insn, 100_000]), how: ` record ${at} of no type` };
	return { info: [...info, [insn + 400, type]], how: " a record too many" };
}

function makeTypes(file: string, scratch: string, random: Random): Types {
	const types: BtfType[] = [{ kind: "void" }];
	const add = (type: BtfType): number => types.push(type) - 1;
	const int = add({ kind: "int", name: "int", size: 4, bits: 32, offset: 0, encoding: 1 });
	const wide = add({ kind: "int", name: "unsigned long long", size: 8, bits: 64, offset: 0, encoding: 0 });
	const byte = add({ kind: "int", name: "unsigned char", size: 1, bits: 8, offset: 0, encoding: 0 });
	const bool = add({ kind: "int", name: "_Bool", size: 1, bits: 8, offset: 0, encoding: 4 });
	const signed = add({ kind: "int", name: "long", size: 8, bits: 64, offset: 0, encoding: 1 });
	const choice = add({ kind: "enum", name: "choice", size: 4, signed: false, values: [{ name: "CHOICE_A", value: 1 }] });
	const choice64 = add({ kind: "enum64", name: "choice64", size: 8, signed: false, values: [{ name: "CHOICE_B", value: 1n }] });
	const pair = add({ kind: "struct", name: "pair", size: 8, members: [{ name: "x", type: int, bitOffset: 0, bitSize: 0 }, { name: "y", type: int, bitOffset: 32, bitSize: 0 }] });
	const array = add({ kind: "array", type: int, indexType: int, length: 4 });
	const union = add({ kind: "union", name: "either", size: 8, members: [{ name: "x", type: wide, bitOffset: 0, bitSize: 0 }] });
	// Never of a kernel struct: 6.18 remembers what it found of a name whatever its kind, and would give the next program that asks for the struct the wrong answer.
	const fwd = add({ kind: "fwd", name: pick(["unknown", "bpf_dynptr"], random), union: false });
	const voidPtr = add({ kind: "ptr", type: 0 });
	const float = add({ kind: "float", name: "float", size: 4 });
	const big = add({ kind: "struct", name: "big", size: 64, members: [{ name: "data", type: add({ kind: "array", type: wide, indexType: int, length: 8 }), bitOffset: 0, bitSize: 0 }] });
	const linked = add({ kind: "struct", name: "linked", size: 16, members: [{ name: "next", type: voidPtr, bitOffset: 0, bitSize: 0 }, { name: "n", type: wide, bitOffset: 64, bitSize: 0 }] });
	const empty = add({ kind: "struct", name: "nothing", size: 0, members: [] });
	const named = new Map(RECORDS.map((name) => [name, name === "pair" ? pair : add({ kind: "struct", name, size: 8, members: [{ name: "first", type: int, bitOffset: 0, bitSize: 0 }] })]));
	const scalars = [int, wide, byte, bool, signed, choice, choice64];
	const modified = (type: number): number => {
		switch (random(9)) {
			case 0: return add({ kind: "const", type });
			case 1: return add({ kind: "volatile", type });
			case 2: return add({ kind: "typedef", name: pick(["alias", "bpf_user_pt_regs_t", "u64"], random), type });
			case 3: return add({ kind: "const", type: add({ kind: "typedef", name: "alias", type }) });
			default: return type;
		}
	};
	const parameter = (): { readonly type: number; readonly text: string } => {
		const way = random(10);
		if (way < 2) return { type: modified(pick(scalars, random)), text: "number" };
		if (way === 2) return { type: modified(pick([pair, union, float, empty], random)), text: "whole" };
		if (way < 6) {
			const name = pick(RECORDS, random);
			return { type: modified(add({ kind: "ptr", type: modified(named.get(name)!) })), text: name };
		}
		if (way === 6) return { type: add({ kind: "ptr", type: modified(fwd) }), text: "fwd" };
		if (way === 7) return { type: voidPtr, text: "void" };
		const to = pick([int, wide, byte, pair, array, union, big, linked, empty, voidPtr, choice, float], random);
		return { type: modified(add({ kind: "ptr", type: modified(to) })), text: "memory" };
	};
	const proto = (result: number, params: readonly { readonly type: number }[]): number => add({ kind: "func_proto", result, params: params.map(({ type }, i) => ({ name: `a${i}`, type })) });
	const main = add({ kind: "func", name: "program", type: proto(int, [{ type: voidPtr }]), linkage: "global" });
	const functions = Array.from({ length: FUNCTIONS }, (_, i): Signature => {
		const params = Array.from({ length: random(20) === 0 ? 6 : random(4) }, parameter);
		const result = random(5) ? int : modified(pick([...scalars, 0, 0, pair, voidPtr, float], random));
		const linkage = random(6) ? "global" : "static";
		const id = add({ kind: "func", name: `f${i}`, type: proto(result, params), linkage });
		const texts = params.map(({ text }) => text);
		for (const [index, { text }] of params.entries()) {
			const tags = text === "task_struct" && random(2) ? ["arg:trusted"] : text !== "number" || random(8) === 0 ? Array.from({ length: pick([0, 0, 0, 1, 1, 1, 2], random) }, () => pick(TAGS, random)) : [];
			for (const name of tags) {
				add({ kind: "decl_tag", name, type: id, componentIndex: index });
				texts[index] += ` ${name.replace("arg:", "")}`;
			}
		}
		return { id, global: linkage === "global", params: texts };
	});
	writeFileSync(join(scratch, "btf", file), writeBtf({ types }).btf);
	return { file, main, functions, others: [int, pair, voidPtr] };
}

interface Kernel {
	readonly size: number;
	readonly cast: number;
	readonly task: number;
}

function program(w: Writer, { main, functions }: Types, random: Random, kernel: Kernel, arena: number): string {
	const called = Array.from({ length: 1 + random(2) }, () => pick(functions, random));
	const chosen = [...new Set(called)];
	const labels = new Map(chosen.map((f) => [f, w.label()]));
	w.function(main);
	w.mov(6, 1);
	for (let off = 8; off <= 64; off += 8) w.storeImm(8, 10, -off, 0);
	if (random(3) === 0) w.wide(1, 1, arena);
	const texts = chosen.map((f) => {
		const args = f.params.slice(0, 5).map((text, i) => argument(w, text, i, random, kernel));
		for (let i = 0; i < args.length; i++) w.load(8, i + 1, 10, -72 - 8 * i);
		w.callLocal(labels.get(f)!);
		if (random(3)) w.store(8, 10, -8, 0);
		return `${f.global ? "global" : "static"}(${f.params.map((text, i) => `${text} <- ${args[i] ?? "?"}`).join(", ")})`;
	});
	w.set(0, 0);
	w.exit();
	for (const f of chosen) {
		w.place(labels.get(f)!);
		w.function(f.id);
		body(w, f, random, kernel);
	}
	return texts.join(" ");
}

/** An argument into its slot of the frame: mostly one that fits the text. */
function argument(w: Writer, text: string, index: number, random: Random, { cast, task }: Kernel): string {
	const to = -72 - 8 * index;
	const keep = (r: number, what: string): string => {
		w.store(8, 10, to, r);
		return what;
	};
	const fits = random(5) !== 0;
	const number = (): string => {
		if (random(2)) w.set(7, pick([0, 0, 1, -1], random));
		else {
			w.call(RANDOM_NUMBER);
			w.mov(7, 0);
		}
		return keep(7, "number");
	};
	if (fits && text.startsWith("number")) return number();
	if (fits && (text.startsWith("bpf_dynptr") || text.startsWith("fwd"))) {
		w.wide(1, 2, mapIndex("array"));
		w.set(2, 16);
		w.set(3, 0);
		w.stack(4, -32);
		w.call(DYNPTR_FROM_MEM);
		w.stack(7, -32);
		return keep(7, "dynptr");
	}
	if (fits && (text.includes("ctx") || /^(__sk|xdp|bpf_(user|perf|raw|sock|sys|cgroup|sk|nf|iter)|pt_regs|sk_|user_)/.test(text)) && random(4)) return keep(6, "context");
	if (fits && text.startsWith("task_struct")) {
		if (random(4) === 0) {
			w.set(1, 0);
			w.set(2, task);
			w.kfunc(cast, "bpf_rdonly_cast");
		} else w.call(CURRENT_TASK_BTF);
		if (random(5) === 0) w.load(8, 0, 0, 0);
		return keep(0, "task");
	}
	switch (random(6)) {
		case 0: return number();
		case 1: return keep(6, "context");
		case 2:
			w.wide(7, 2, mapIndex(pick(["array", "array", "readable", "writable"], random)), pick([0, 0, 8, 56, 60], random));
			return keep(7, "value");
		case 3: {
			w.wide(1, 1, mapIndex("hash"));
			w.stack(2, -8);
			w.call(1);
			if (random(2)) return keep(0, "value or null");
			const none = w.label();
			w.jump(JEQ, 0, 0, none);
			keep(0, "");
			w.place(none);
			return keep(0, "value");
		}
		case 4:
			w.set(7, 0);
			return keep(7, "null");
		default:
			w.stack(7, pick([-64, -64, -8, -4], random));
			return keep(7, "frame");
	}
}

/** Reads, writes, checks, hands on what it was given. */
function body(w: Writer, { params }: Signature, random: Random, { size }: Kernel): void {
	for (let i = 0; i < Math.min(params.length, 4); i++) w.mov(6 + i, i + 1);
	for (let i = 0; i < Math.min(params.length, 4); i++) {
		if (random(4) === 0) continue;
		const r = 6 + i;
		const past = w.label();
		if (random(3)) w.jump(JEQ, r, 0, past);
		switch (random(7)) {
			case 0: case 1: w.load(pick([1, 4, 8], random), 3, r, pick([0, 0, 4, 8, 60], random)); break;
			case 2: w.storeImm(pick([1, 4, 8], random), r, pick([0, 0, 4, 8], random), 1); break;
			case 3: w.alu(0, r, 1, random(2) === 0); break;
			case 4:
				w.mov(1, r);
				w.kfunc(size, "bpf_dynptr_size");
				break;
			case 5:
				w.emit(0xc3, r, 3, 0, 0);
				break;
			default:
				w.load(8, 3, r, 0);
				w.load(4, 3, 3, 0);
		}
		w.place(past);
	}
	if (random(10)) w.set(0, 1);
	w.exit();
}
