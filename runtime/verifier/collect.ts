/**
 * Facts for the JITs, joined over every visit of an instruction while the program is walked.
 *
 * In: the state before each instruction; out: `Facts`. Costs a look at each live register and visit; left out when nobody asks. Ranges, which cost more
 * and which our engines find for themselves, are collected on request, and turned into numbers for the reader when they are first read.
 */
import { instructionDigest } from "../trust.ts";
import type { Insn } from "../../assembler/spec/insn.ts";
import type { Env } from "./env.ts";
import type { Facts, MemoryRegion, ScalarRange } from "./facts.ts";
import { Imprecision } from "./imprecise.ts";
import { type Range, hull, unsignedBelow32 } from "./range.ts";
import type { State } from "./state.ts";
import {
	NOT_INIT,
	PTR_TO_ARENA,
	PTR_TO_BTF_ID,
	PTR_TO_BUF,
	PTR_TO_CTX,
	PTR_TO_MAP_KEY,
	PTR_TO_MAP_VALUE,
	PTR_TO_MEM,
	PTR_TO_PACKET,
	PTR_TO_PACKET_META,
	PTR_TO_STACK,
	SCALAR,
	baseOf,
} from "./types.ts";

const REGIONS: Readonly<Record<number, MemoryRegion>> = {
	[PTR_TO_STACK]: "stack",
	[PTR_TO_CTX]: "context",
	[PTR_TO_PACKET]: "packet",
	[PTR_TO_PACKET_META]: "packet",
	[PTR_TO_MAP_VALUE]: "map-value",
	[PTR_TO_MAP_KEY]: "memory",
	[PTR_TO_MEM]: "memory",
	[PTR_TO_BUF]: "memory",
	[PTR_TO_BTF_ID]: "kernel",
	[PTR_TO_ARENA]: "arena",
};

const REGS = 11;
const FRAME_POINTER = 1 << 10;
/** Liveness calls all 16 numbers live where it does not look closer. */
const ALL = (1 << REGS) - 1;

export class FactCollector {
	private readonly reached: Uint8Array;
	private readonly access: (MemoryRegion | undefined)[];
	/** Per slot and register: undefined not seen, null no common range. */
	private readonly ranges: (Range | null | undefined)[] | null;
	private readonly pointers: Uint16Array;
	private imprecision: Imprecision | null = null;

	constructor(count: number, ranges: boolean) {
		this.reached = new Uint8Array(count);
		this.access = new Array(count);
		this.ranges = ranges ? new Array(count * REGS) : null;
		this.pointers = new Uint16Array(count);
	}

	visit(env: Env, at: number, insn: Insn): void {
		const { regs } = env;
		const { ranges } = this;
		const first = this.reached[at] === 0;
		this.reached[at] = 1;
		let pointers = 0;
		// Dead registers may hold anything on pruned paths. Where no register is left that was a pointer so far, none is looked at.
		const wanted = first || ranges !== null ? (env.liveRegs[at] & ALL) | FRAME_POINTER : this.pointers[at];
		for (let live = wanted; live !== 0; live &= live - 1) {
			const r = 31 - Math.clz32(live & -live);
			const reg = regs[r];
			if (reg.type !== SCALAR && reg.type !== NOT_INIT) pointers |= 1 << r;
			if (ranges === null) continue;
			const p = at * REGS + r;
			if (reg.type === SCALAR) {
				const known = ranges[p];
				if (known === null || known === reg.range) continue;
				ranges[p] = first ? reg.range : known === undefined ? null : hull(known, reg.range);
			} else ranges[p] = null;
		}
		this.pointers[at] = first ? pointers : this.pointers[at] & pointers;
		const cls = insn.opcode & 7;
		if (cls === 1 || cls === 2 || cls === 3) {
			const loadAcquire = cls === 3 && (insn.opcode & 0xe0) === 0xc0 && insn.imm === 0x100;
			const region = REGIONS[baseOf(regs[cls === 1 || loadAcquire ? insn.src : insn.dst].type)] ?? "kernel";
			const known = this.access[at];
			this.access[at] = known === undefined || known === region ? region : "mixed";
		}
	}

	/** A path ended because a saved state was as good. */
	pruned(env: Env, old: State, now: State, insn: number, within: boolean): void {
		if (this.ranges === null) return;
		this.imprecision ??= new Imprecision(env);
		this.imprecision.note(old, now, insn, within);
	}

	finish(env: Env): Facts {
		this.imprecision?.spread((i) => this.access[i] === "stack" || this.access[i] === "mixed", this.pointers);
		let ranges: readonly (ScalarRange | undefined)[] | null = null;
		const collected = this.ranges;
		const levels = this.imprecision?.levels;
		return {
			digest: instructionDigest(env.insns),
			reached: this.reached,
			access: this.access,
			get ranges() {
				return (ranges ??= collected?.map((r, at) => (r ? held(r, levels?.[at] ?? 0) : undefined)) ?? []);
			},
			pointers: this.pointers,
			subprograms: env.subprogs.map((s) => s.start),
			stackDepth: env.subprogs.map((s) => s.stackDepth),
			callMap: env.callMap.map((m) => (m && m.index >= 0 ? m.index : undefined)),
		};
	}
}

/** Imprecision level of a value of which pruning left nothing known. */
const WIDE = 2;

function held(r: Range, level: number): ScalarRange | undefined {
	if (level === WIDE) return undefined;
	const { umin, umax, smin, smax } = level > 0 ? hull(r, unsignedBelow32) : r;
	return { umin, umax, smin, smax };
}
