/**
 * One or two mistakes put into a recorded case, as programmers, compilers and attackers make them: another field of an instruction, a check left
 * out, two instructions exchanged, one more instruction, a loop closed, another helper or kernel function, another program or attach type, another map.
 *
 * In: a case, a random source, what the other cases call and attach to; out: the changed case and what was changed.
 */
import type { RecordedCase, RecordedMap } from "../support/case-image.ts";
import { insert } from "./insert.ts";
import { insnOf } from "./splice.ts";

type Random = (limit: number) => number;

export interface Pool {
	readonly helpers: readonly number[];
	readonly kfuncs: readonly { readonly name: string; readonly id: number }[];
	/** By BTF: types of functions, and types and sizes of map values. */
	readonly functions: ReadonlyMap<string, readonly number[]>;
	readonly values: ReadonlyMap<string, readonly (readonly [id: number, size: number])[]>;
	readonly targets: readonly { readonly prog_type: number; readonly expected_attach_type: number; readonly prog_flags: number; readonly attach: RecordedCase["attach"] }[];
}

interface Draft {
	bytes: Buffer;
	one: RecordedCase;
}

const LD_IMM64 = 0x18;
const CALL = 0x85;
const ALU_OPS = [0x00, 0x10, 0x20, 0x30, 0x40, 0x50, 0x60, 0x70, 0x90, 0xa0, 0xb0, 0xc0];
const JUMP_OPS = [0x10, 0x20, 0x30, 0x40, 0x50, 0x60, 0x70, 0xa0, 0xb0, 0xc0, 0xd0];
const STEPS = [1, -1, 2, -2, 4, -4, 8, -8, 16, 64];
const INVERSE: Readonly<Record<number, number>> = { 0x10: 0x50, 0x50: 0x10, 0x20: 0xb0, 0xb0: 0x20, 0x30: 0xa0, 0xa0: 0x30, 0x60: 0xd0, 0xd0: 0x60, 0x70: 0xc0, 0xc0: 0x70 };
const EDGES = [0, 1, -1, 2, 3, 4, 7, 8, 15, 16, 31, 32, 47, 48, 63, 64, 127, 128, 255, 256, 511, 512, 4095, 4096, 0xffff, 0x10000, 0x1fffffff, 0x7fffffff, -0x80000000, -2, -8];

export function poolOf(cases: readonly RecordedCase[]): Pool {
	const helpers = new Set<number>();
	const kfuncs = new Map<string, number>();
	const targets = new Map<string, Pool["targets"][number]>();
	const functions = new Map<string, Set<number>>();
	const values = new Map<string, Map<number, number>>();
	for (const one of cases) {
		const bytes = Buffer.from(one.insns ?? "", "hex");
		for (let at = 0; at < bytes.length; at += 8) if (bytes[at] === CALL && bytes[at + 1] === 0) helpers.add(bytes.readInt32LE(at + 4));
		for (const { name, btf_id } of one.kfuncs ?? []) if (btf_id) kfuncs.set(name, btf_id);
		const target = { prog_type: one.prog_type, expected_attach_type: one.expected_attach_type ?? 0, prog_flags: one.prog_flags ?? 0, attach: one.attach };
		targets.set(JSON.stringify(target), target);
		if (one.btf !== undefined) {
			const known = functions.get(one.btf) ?? new Set();
			for (const [, type] of one.func_info ?? []) known.add(type);
			functions.set(one.btf, known);
		}
		for (const map of one.maps ?? []) {
			if (map.btf === undefined || !map.btf_value_type_id || map.inner !== undefined) continue;
			const known = values.get(map.btf) ?? new Map<number, number>();
			values.set(map.btf, known.set(map.btf_value_type_id, map.value_size));
		}
	}
	return { helpers: [...helpers], kfuncs: [...kfuncs].map(([name, id]) => ({ name, id })), targets: [...targets.values()], functions: new Map([...functions].map(([btf, ids]) => [btf, [...ids]])), values: new Map([...values].map(([btf, sizes]) => [btf, [...sizes]])) };
}

export function mutateCase(parent: RecordedCase, random: Random, pool: Pool): { readonly one: RecordedCase; readonly change: string } | null {
	const draft: Draft = { bytes: Buffer.from(parent.insns ?? "", "hex"), one: parent };
	const changes: string[] = [];
	for (let left = random(4) === 0 ? 2 : 1, tries = 0; left > 0 && tries < 30; tries++) {
		const name = WEIGHTED[random(WEIGHTED.length)];
		const change = MUTATIONS[name](draft, random, pool);
		if (change === null) continue;
		changes.push(`${name}: ${change}`);
		left--;
	}
	if (changes.length === 0) return null;
	return { one: { ...draft.one, insns: draft.bytes.toString("hex") }, change: changes.join("; ") };
}

const pick = <T>(list: readonly T[], random: Random): T => list[random(list.length)];

/** A random instruction that is not the second half of a wide one. */
function place(bytes: Buffer, random: Random): number {
	for (;;) {
		const at = random(bytes.length / 8) * 8;
		if (at === 0 || bytes[at - 8] !== LD_IMM64) return at;
	}
}

const classOf = (op: number): "alu" | "jump" | "memory" | "other" => {
	const cls = op & 7;
	if (cls === 4 || cls === 7) return "alu";
	if (cls >= 1 && cls <= 3) return "memory";
	return (cls === 5 || cls === 6) && (op & 0xf0) !== 0 && (op & 0xf0) !== 0x80 && (op & 0xf0) !== 0x90 ? "jump" : "other";
};

const slot = (at: number): string => String(at / 8);

type Mutation = (draft: Draft, random: Random, pool: Pool) => string | null;

const MUTATIONS = {
	immediate({ bytes }, random) {
		const at = place(bytes, random);
		const kind = classOf(bytes[at]);
		if (!((kind === "alu" || kind === "jump") && (bytes[at] & 8) === 0) && (bytes[at] & 7) !== 2) return null;
		const before = bytes.readInt32LE(at + 4);
		const next = (random(2) ? before + pick(STEPS, random) : pick(EDGES, random)) | 0;
		bytes.writeInt32LE(next, at + 4);
		return `${slot(at)} ${before} -> ${next}`;
	},
	offset({ bytes }, random) {
		const at = place(bytes, random);
		const kind = classOf(bytes[at]);
		if (kind !== "memory" && kind !== "jump" && bytes[at] !== 5) return null;
		const before = bytes.readInt16LE(at + 2);
		const next = Math.max(-0x8000, Math.min(0x7fff, before + pick(STEPS, random)));
		bytes.writeInt16LE(next, at + 2);
		return `${slot(at)} ${before} -> ${next}`;
	},
	register({ bytes }, random) {
		const at = place(bytes, random);
		if (classOf(bytes[at]) === "other") return null;
		const r = random(3) ? Math.min(10, bytes[place(bytes, random) + 1] & 15) : random(11);
		if (random(2)) bytes[at + 1] = (bytes[at + 1] & 0xf0) | r;
		else if ((bytes[at] & 8) !== 0 || (bytes[at] & 7) === 1 || (bytes[at] & 7) === 3) bytes[at + 1] = (bytes[at + 1] & 0x0f) | (r << 4);
		else return null;
		return `${slot(at)} r${r}`;
	},
	operation({ bytes }, random) {
		const at = place(bytes, random);
		const op = bytes[at];
		const kind = classOf(op);
		if (kind === "alu") bytes[at] = (op & 0x0f) | pick(ALU_OPS, random);
		else if (kind === "jump") bytes[at] = (op & 0x0f) | pick(JUMP_OPS, random);
		else if (kind === "memory") bytes[at] = random(4) === 0 && (op & 0xe7) === 0x61 ? op ^ 0xe0 : (op & ~0x18) | pick([0, 8, 16, 24], random);
		else return null;
		return `${slot(at)} ${op.toString(16)} -> ${bytes[at].toString(16)}`;
	},
	width({ bytes }, random) {
		const at = place(bytes, random);
		const kind = classOf(bytes[at]);
		if (kind !== "alu" && kind !== "jump") return null;
		bytes[at] ^= 3;
		return slot(at);
	},
	drop({ bytes }, random) {
		const at = place(bytes, random);
		if (bytes[at] === LD_IMM64 || bytes[at] === 0x95) return null;
		const was = bytes[at];
		bytes.fill(0, at, at + 8);
		// A jump of nothing; what a call would have given becomes 0 now and then, so that the rest stays readable.
		if (was === CALL && random(3) !== 0) bytes[at] = 0xb7;
		else bytes[at] = 0x05;
		return `${slot(at)} ${was.toString(16)}`;
	},
	exchange({ bytes }, random) {
		const at = place(bytes, random);
		const next = at + 8;
		if (next >= bytes.length || bytes[at] === LD_IMM64 || bytes[next] === LD_IMM64 || [bytes[at], bytes[next]].some((op) => (op & 7) === 5 || (op & 7) === 6)) return null;
		const first = Buffer.from(bytes.subarray(at, next));
		bytes.copyWithin(at, next, next + 8);
		first.copy(bytes, next);
		return slot(at);
	},
	repeat({ bytes }, random) {
		const from = place(bytes, random);
		const to = place(bytes, random);
		if (bytes[from] === LD_IMM64 || bytes[to] === LD_IMM64 || from === to || [bytes[from], bytes[to]].some((op) => op === 0x95 || op === CALL)) return null;
		bytes.copyWithin(to, from, from + 8);
		return `${slot(from)} over ${slot(to)}`;
	},
	/** One more instruction: a copy of another, or one that programs are full of. */
	add(draft, random) {
		const { bytes } = draft;
		const from = place(bytes, random);
		const op = bytes[from];
		const copy = random(3) !== 0 && op !== LD_IMM64 && op !== CALL && op !== 0x95 && classOf(op) !== "jump" && op !== 0x05 && op !== 0x06;
		return put(draft, random, copy ? Buffer.from(bytes.subarray(from, from + 8)) : common(random), copy ? `copy of ${slot(from)}` : "common");
	},
	/** A jump back, which may close a loop: on a condition, or as long as may_goto goes on. */
	loop(draft, random) {
		const { bytes } = draft;
		const at = place(bytes, random) / 8;
		const to = place(bytes, random) / 8;
		if (to >= at) return null;
		const kind = random(4);
		const back = to - at - 1;
		if (back < -0x8000) return null;
		// may_goto jumps when time is up: over the jump back.
		const added = kind === 0 ? Buffer.concat([insnOf(0xe5, 0, 0, 1, 0), insnOf(0x05, 0, 0, back - 1, 0)]) : insnOf(pick([0x05, 0x06], random) | pick(JUMP_OPS, random), 6 + random(4), 0, back, pick(EDGES, random));
		return put(draft, random, added, `to ${to}`, at);
	},
	constant({ bytes }, random) {
		const at = place(bytes, random);
		if (bytes[at] !== LD_IMM64 || bytes[at + 1] >> 4 === 1) return null;
		const where = bytes[at + 1] >> 4 === 2 ? at + 12 : at + 4;
		bytes.writeInt32LE((random(2) ? bytes.readInt32LE(where) + pick(STEPS, random) : pick(EDGES, random)) | 0, where);
		return slot(at);
	},
	helper({ bytes }, random, { helpers }) {
		const at = place(bytes, random);
		if (bytes[at] !== CALL || bytes[at + 1] !== 0) return null;
		const next = random(3) ? pick(helpers, random) : 1 + random(211);
		bytes.writeInt32LE(next, at + 4);
		return `${slot(at)} ${next}`;
	},
	kfunc(draft, random, { kfuncs }) {
		const { bytes, one } = draft;
		const calls = one.kfuncs ?? [];
		if (calls.length === 0 || kfuncs.length === 0) return null;
		const call = pick(calls, random);
		const next = random(2) ? pick(kfuncs, random) : ((k) => ({ name: k.name, id: k.btf_id ?? 0 }))(pick(calls, random));
		if (next.id === 0) return null;
		bytes.writeInt32LE(next.id, call.insn * 8 + 4);
		draft.one = { ...one, kfuncs: calls.map((k) => (k === call ? { insn: k.insn, name: next.name, btf_id: next.id } : k)) };
		return `${call.insn} ${call.name} -> ${next.name}`;
	},
	target(draft, random, { targets }) {
		const next = pick(targets, random);
		const { attach, ...rest } = draft.one;
		draft.one = { ...rest, ...next, ...(next.attach === undefined ? {} : { attach: next.attach }) } as RecordedCase;
		return `type ${next.prog_type}, attach ${next.expected_attach_type} ${attach?.name ?? ""} -> ${next.attach?.name ?? ""}`;
	},
	sleepable(draft, random) {
		if (random(3)) return null;
		draft.one = { ...draft.one, prog_flags: (draft.one.prog_flags ?? 0) ^ 16 };
		return "flag";
	},
	map(draft, random) {
		const maps = draft.one.maps ?? [];
		if (maps.length === 0 || random(2)) return null;
		const index = random(maps.length);
		const map = maps[index];
		// Maps of globals and those with special fields keep their size: the kernel checks it against their types.
		const change: Partial<RecordedMap> = pick<Partial<RecordedMap>>([{ max_entries: pick([1, 2, 16], random) }, { map_flags: 128 }, { map_flags: 256 }, ...(map.btf === undefined ? [{ value_size: pick([1, 4, 8, 16, 48, 64], random) }, { type: pick([1, 2, 5, 6, 9], random) }] : [])], random);
		draft.one = { ...draft.one, maps: maps.map((m, i) => (i === index ? { ...m, ...change } : m)) };
		return `${index} ${JSON.stringify(change)}`;
	},
	otherMap({ bytes, one }, random) {
		const maps = one.maps ?? [];
		const at = place(bytes, random);
		if (maps.length < 2 || bytes[at] !== LD_IMM64 || ![1, 2].includes(bytes[at + 1] >> 4)) return null;
		bytes.writeInt32LE(random(maps.length), at + 4);
		return slot(at);
	},
	/** Another function's signature, of the same BTF. */
	signature(draft, random, { functions }) {
		const info = draft.one.func_info ?? [];
		const others = functions.get(draft.one.btf ?? "") ?? [];
		if (info.length === 0 || others.length < 2) return null;
		const at = random(info.length);
		const next = pick(others, random);
		draft.one = { ...draft.one, func_info: info.map(([insn, id], i) => [insn, i === at ? next : id] as const) };
		return `function ${at}: type ${info[at][1]} -> ${next}`;
	},
	/** Another type for a map's values, of those that some map of the same BTF has. */
	valueType(draft, random, { values }) {
		const maps = draft.one.maps ?? [];
		const typed = maps.flatMap((map, i) => ((map.btf_value_type_id ?? 0) > 0 ? [i] : []));
		if (typed.length === 0) return null;
		const index = pick(typed, random);
		const others = values.get(maps[index].btf ?? "") ?? [];
		if (others.length < 2) return null;
		const [id, size] = pick(others, random);
		draft.one = { ...draft.one, maps: maps.map((m, i) => (i === index ? { ...m, btf_value_type_id: id, value_size: size } : m)) };
		return `map ${index}: value type ${id}`;
	},
	/** The branch the other way round. */
	invert({ bytes }, random) {
		const at = place(bytes, random);
		if (classOf(bytes[at]) !== "jump") return null;
		const op = bytes[at] & 0xf0;
		const other = INVERSE[op];
		if (other === undefined) return null;
		bytes[at] = (bytes[at] & 0x0f) | other;
		return slot(at);
	},
} satisfies Readonly<Record<string, Mutation>>;

/** Spills and fills, moves, comparisons with what follows, numbers made smaller or unknown. */
function common(random: Random): Buffer {
	const r = (): number => random(10);
	const at = -8 * (1 + random(6));
	switch (random(7)) {
		case 0: return insnOf(pick([0x7b, 0x63, 0x7b], random), 10, r(), at, 0);
		case 1: return insnOf(pick([0x79, 0x61, 0x81, 0x69], random), r(), 10, at, 0);
		case 2: return insnOf(pick([0xbf, 0xbc], random), r(), r(), pick([0, 0, 0, 8, 16], random), 0);
		case 3: return insnOf(pick([0x05, 0x06], random) | pick(JUMP_OPS, random) | pick([0, 8], random), r(), 0, 1, 0);
		case 4: return insnOf(pick([4, 7], random) | pick(ALU_OPS, random), r(), 0, 0, pick(EDGES, random));
		case 5: return insnOf(0x85, 0, 0, 0, 7);
		default: return insnOf(pick([0x7a, 0x62], random), 10, 0, at, pick(EDGES, random));
	}
}

/** Puts instructions in; jumps to the place meet them every other time. */
function put(draft: Draft, random: Random, added: Buffer, what: string, at = place(draft.bytes, random) / 8): string | null {
	const made = insert(draft.one, draft.bytes, at, added, random(2) === 0);
	if (made === null) return null;
	draft.bytes = made.bytes;
	draft.one = made.one;
	return `${at} ${what}`;
}

type Name = keyof typeof MUTATIONS;
const WEIGHTS: Readonly<Record<Name, number>> = {
	immediate: 4, offset: 4, register: 4, operation: 4, width: 2, drop: 8, exchange: 3, repeat: 3, constant: 2, helper: 3, kfunc: 6, target: 2, sleepable: 2, map: 2, otherMap: 2,
	signature: 3, valueType: 3, invert: 4, add: 8, loop: 6,
};
const WEIGHTED = (Object.keys(WEIGHTS) as Name[]).flatMap((name) => Array.from({ length: WEIGHTS[name] }, () => name));
