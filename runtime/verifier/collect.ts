/**
 * Facts for the JITs, joined over every visit of an instruction while the program is walked.
 *
 * In: the state before each instruction; out: `Facts`. Costs a comparison a register and visit; left out when nobody asks.
 */
import { instructionDigest } from "../trust.ts";
import type { Insn } from "../../assembler/spec/insn.ts";
import type { Env } from "./env.ts";
import type { Facts, MemoryRegion, ScalarRange } from "./facts.ts";
import { Imprecision } from "./imprecise.ts";
import type { Range } from "./range.ts";
import type { State } from "./state.ts";
import { NOT_INIT, PTR_TO_ARENA, PTR_TO_BTF_ID, PTR_TO_BUF, PTR_TO_CTX, PTR_TO_MAP_KEY, PTR_TO_MAP_VALUE, PTR_TO_MEM, PTR_TO_PACKET, PTR_TO_PACKET_META, PTR_TO_STACK, SCALAR, baseOf } from "./types.ts";

const REGIONS: Readonly<Record<number, MemoryRegion>> = {
	[PTR_TO_STACK]: "stack", [PTR_TO_CTX]: "context", [PTR_TO_PACKET]: "packet", [PTR_TO_PACKET_META]: "packet", [PTR_TO_MAP_VALUE]: "map-value",
	[PTR_TO_MAP_KEY]: "memory", [PTR_TO_MEM]: "memory", [PTR_TO_BUF]: "memory", [PTR_TO_BTF_ID]: "kernel", [PTR_TO_ARENA]: "arena",
};

const REGS = 11;
const FRAME_POINTER = 1 << 10;

export class FactCollector {
	private readonly reached: Uint8Array;
	private readonly access: (MemoryRegion | undefined)[];
	/** Per slot and register: undefined not seen, null no common range. */
	private readonly ranges: (Range | Joined | null | undefined)[];
	private readonly pointers: Uint16Array;
	private imprecision: Imprecision | null = null;

	constructor(count: number) {
		this.reached = new Uint8Array(count);
		this.access = new Array(count);
		this.ranges = new Array(count * REGS);
		this.pointers = new Uint16Array(count);
	}

	visit(env: Env, at: number, insn: Insn): void {
		const { regs } = env;
		const first = this.reached[at] === 0;
		this.reached[at] = 1;
		let pointers = 0;
		for (let r = 0; r < REGS; r++) {
			const reg = regs[r];
			const p = at * REGS + r;
			if (reg.type === SCALAR) {
				const known = this.ranges[p];
				if (known === null || known === reg.range) continue;
				this.ranges[p] = first ? reg.range : known === undefined ? null : join(known, reg.range);
			} else {
				this.ranges[p] = null;
				if (reg.type !== NOT_INIT) pointers |= 1 << r;
			}
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
		this.imprecision ??= new Imprecision(env);
		this.imprecision.note(old, now, insn, within);
	}

	finish(env: Env): Facts {
		this.imprecision?.spread((i) => this.access[i] === "stack" || this.access[i] === "mixed", this.pointers);
		// Dead registers may hold anything on pruned paths.
		for (let i = 0; i < this.pointers.length; i++) this.pointers[i] &= env.liveRegs[i] | FRAME_POINTER;
		return {
			digest: instructionDigest(env.insns),
			reached: this.reached, access: this.access,
			ranges: this.ranges.map((r, at): ScalarRange | undefined => (r ? this.held(env, r, at) : undefined)),
			pointers: this.pointers,
			subprograms: env.subprogs.map((s) => s.start), stackDepth: env.subprogs.map((s) => s.stackDepth),
			callMap: env.callMap.map((m) => (m && m.index >= 0 ? m.index : undefined)),
		};
	}

	private held(env: Env, r: Joined, at: number): ScalarRange | undefined {
		if ((env.liveRegs[Math.floor(at / REGS)] & (1 << at % REGS)) === 0) return undefined;
		const level = this.imprecision?.levels[at] ?? 0;
		if (level === WIDE) return undefined;
		if (level > 0) return join(r, inHalf);
		return { umin: r.umin, umax: r.umax, smin: r.smin, smax: r.smax };
	}
}

/** 32 bits, zero-extended. */
const WIDE = 2;
const inHalf: ScalarRange = { umin: 0n, umax: 0xffffffffn, smin: 0n, smax: 0xffffffffn };

interface Joined {
	readonly umin: bigint;
	readonly umax: bigint;
	readonly smin: bigint;
	readonly smax: bigint;
}

function join(a: Joined, b: Joined): Joined {
	if (a.umin <= b.umin && a.umax >= b.umax && a.smin <= b.smin && a.smax >= b.smax) return a;
	return { umin: least(a.umin, b.umin), umax: most(a.umax, b.umax), smin: least(a.smin, b.smin), smax: most(a.smax, b.smax) };
}

// Math.min takes no BigInt.
function least(a: bigint, b: bigint): bigint {
	if (a < b) return a;
	return b;
}

function most(a: bigint, b: bigint): bigint {
	if (a > b) return a;
	return b;
}
