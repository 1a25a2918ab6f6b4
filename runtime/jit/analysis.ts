/**
 * One subprogram's operations and graph in; out, for every slot, what the emitters need to choose representations.
 *
 * Three passes, each plain dataflow:
 * 1. forward: ranges, address-ness and alignment of each register (range.ts), with the verifier's facts where there are some;
 * 2. backward: which halves of each register are still needed;
 * 3. webs: definitions that meet at a use share one representation. A web is wide (64 bits) when some use needs a high half
 *    that the low half does not imply; else it is one 32-bit local, and uses extend it as the forward pass knows.
 */
import type { Facts } from "../verifier/facts.ts";
import type { Block, Cfg } from "./cfg.ts";
import type { Op } from "./decode.ts";
import * as range from "./range.ts";
import type { State } from "./range.ts";

/** What a call needs and leaves, as helper rows say. */
export interface CallShape {
	/** r1 to r`args` are read. */
	readonly args: number;
	/** Bit k−1: the high word of argument k is read too. */
	readonly wide: number;
	readonly result: "unsigned" | "signed" | "wide";
}

export interface AnalysisOptions {
	readonly facts: Facts | null;
	/** The verifier vouches that arithmetic on addresses gives addresses. */
	readonly pointers: boolean;
	/** Addresses are checked: their high halves count. */
	readonly checked: boolean;
	shape(op: Op, pc: number): CallShape;
}

/** Bits of `flags[pc]`, of the values before (D: dst or base, S: src) and after (R: result). */
export const FLAG = {
	/** High word 0. */
	dstZero: 1,
	/** High word repeats bit 31. */
	dstSign: 2,
	/** Below 2^31. */
	dstSmall: 4,
	dstNonZero: 8,
	srcZero: 16,
	srcSign: 32,
	srcSmall: 64,
	srcNonZero: 128,
	resZero: 256,
	resSign: 512,
	resSmall: 1024,
	resNonZero: 2048,
	/** The low, the high half of the result is needed. */
	needLow: 4096,
	needHigh: 8192,
	/** The result's web is wide. */
	resWide: 16384,
	/** The address of a load, store or atomic is a multiple of its size. */
	aligned: 32768,
} as const;

export interface Analysis {
	readonly flags: Uint32Array;
	/** Bit r: register r is in its wide form before the slot. */
	readonly wide: Int32Array;
	/** Bit r (calls only): the high word of r is 0, repeats the sign. */
	readonly argZero: Int32Array;
	readonly argSign: Int32Array;
	/** Offset from r10 of a memory access, or NO_OFFSET. */
	readonly stack: Int32Array;
	/** Map index in r1 (lookups) or r2 (tail calls), −1 unknown. */
	readonly map: Int32Array;
	/** Value of the source register where it is one constant, NaN elsewhere. */
	readonly constant: Float64Array;
	/** Registers live at the entry, and those of them in wide form. */
	readonly liveIn: number;
	readonly wideIn: number;
	/** Blocks that no path reaches. */
	readonly unreached: Uint8Array;
	/** What of the frame pointers that are not followed exactly may touch, as [from, to) from r10. */
	readonly exposed: (readonly [from: number, to: number])[];
	/** Branches that go only one way: slot → the slot where they go. */
	readonly oneWay: Map<number, number>;
}

export const NO_OFFSET = 0x7fffffff;
const { STRIDE } = range;

/** First half, callers before callees: `call` reports the argument state of each subprogram call, for the callee's entry. */
export function analyseForward(ops: readonly (Op | null)[], slots: number, cfg: Cfg, registers: number, entry: State, options: AnalysisOptions, call: (target: number, state: State) => void): Draft {
	const draft: Draft = {
		flags: new Uint32Array(slots),
		wide: new Int32Array(slots),
		argZero: new Int32Array(slots),
		argSign: new Int32Array(slots),
		stack: new Int32Array(slots).fill(NO_OFFSET),
		map: new Int32Array(slots).fill(-1),
		constant: new Float64Array(slots).fill(Number.NaN),
		unreached: new Uint8Array(cfg.blocks.length),
		exposed: [],
		oneWay: new Map(),
	};
	forward(ops, cfg, registers, entry, options, draft, call);
	return draft;
}

/** Second half, callees before callers: `options.shape` then knows what each callee needs. */
export function analyseBackward(ops: readonly (Op | null)[], cfg: Cfg, registers: number, options: AnalysisOptions, draft: Draft): Analysis {
	const live = backward(ops, cfg, options, draft);
	const wideIn = webs(ops, cfg, registers, draft, live);
	return { ...draft, liveIn: live.low[0] | live.high[0], wideIn };
}

export type Draft = Omit<Analysis, "liveIn" | "wideIn">;

// ---------------------------------------------------------------- forward

/**
 * Which registers differ by a constant since the block began: equal `id`, and `delta` between them. A comparison of one
 * then bounds the others: compilers increment a counter and compare its old value.
 */
class Links {
	readonly id: Int32Array;
	readonly delta: Float64Array;
	#next = 0;

	constructor(registers: number) {
		this.id = new Int32Array(registers + 1);
		this.delta = new Float64Array(registers + 1);
	}

	reset(): void {
		for (let r = 0; r < this.id.length; r++) this.id[r] = r;
		this.delta.fill(0);
		this.#next = this.id.length;
	}

	/** Before the operation's effect on `state`. */
	follow(op: Op, dst: number, state: State): void {
		if (op.kind === "alu" && op.op === "mov" && op.src >= 0 && (op.width === 64 || range.zeroExtended(state, op.src))) {
			this.id[dst] = this.id[op.src];
			this.delta[dst] = this.delta[op.src];
		} else if (op.kind === "alu" && op.width === 64 && op.src < 0 && (op.op === "add" || op.op === "sub")) this.delta[dst] += op.op === "add" ? op.imm : -op.imm;
		else this.id[dst] = this.#next++;
	}

	spread(state: State, from: number): void {
		for (let r = 0; r < this.id.length - 1; r++) {
			if (r !== from && this.id[r] === this.id[from]) range.boundByOffset(state, r, from, this.delta[r] - this.delta[from]);
		}
	}
}

function forward(ops: readonly (Op | null)[], cfg: Cfg, registers: number, entry: State, options: AnalysisOptions, draft: Draft, call: (target: number, state: State) => void): void {
	const { blocks } = cfg;
	// One register more: scratch for constants.
	const size = (registers + 1) * STRIDE;
	const before: (State | null)[] = blocks.map(() => null);
	const visits = new Int32Array(blocks.length);
	const thresholds = collectThresholds(ops, cfg);
	const pending = new Uint8Array(blocks.length);
	const start = new Float64Array(size);
	start.set(entry.subarray(0, Math.min(entry.length, size)));
	for (let r = entry.length / STRIDE; r < registers; r++) range.assignConstant(start, r, 0);
	before[0] = start;
	pending[0] = 1;
	const state: State = new Float64Array(size);
	const edge: State = new Float64Array(size);
	const old: State = new Float64Array(size);
	const links = new Links(registers);
	const flowInto = (to: number, from: State): boolean => {
		const known = before[to];
		if (known === null) {
			before[to] = from.slice();
			return true;
		}
		old.set(known);
		if (!range.join(known, from)) return false;
		if (blocks[to].loop === to || !cfg.reducible) {
			if (++visits[to] > 2) range.widen(known, old, visits[to] > 24 ? [] : thresholds);
		}
		return true;
	};
	let work = 1;
	while (work > 0) {
		for (let b = 0; b < blocks.length && work > 0; b++) {
			if (!pending[b]) continue;
			pending[b] = 0;
			work--;
			state.set(before[b]!);
			runBlock(ops, blocks[b], state, registers, options, links, null, null);
			eachEdge(ops, blocks[b], state, edge, registers, links, (to) => {
				if (flowInto(to, edge) && !pending[to]) {
					pending[to] = 1;
					work++;
				}
			});
		}
	}
	narrowOnce(ops, cfg, before, start, state, edge, registers, options, links);
	for (const block of blocks) {
		if (before[block.id] === null) {
			draft.unreached[block.id] = 1;
			for (let r = 0; r < registers; r++) range.assignUnknown(state, r);
		} else state.set(before[block.id]!);
		runBlock(ops, block, state, registers, options, links, draft, call, cfg.entry);
		if (block.succs.length === 2) {
			const ways: number[] = [];
			eachEdge(ops, block, state, edge, registers, links, (to) => ways.push(to));
			if (ways.length === 1) draft.oneWay.set(block.exit, blocks[ways[0]].start);
		}
	}
}

/** Every block once more from its predecessors' states, without widening: still a fixpoint from above, and often tighter. */
function narrowOnce(ops: readonly (Op | null)[], cfg: Cfg, before: (State | null)[], start: State, state: State, edge: State, registers: number, options: AnalysisOptions, links: Links): void {
	if (!cfg.blocks.some((b) => b.loop === b.id)) return;
	const fresh: (State | null)[] = cfg.blocks.map(() => null);
	fresh[0] = start.slice();
	for (const block of cfg.blocks) {
		const from = before[block.id];
		if (from === null) continue;
		// Forward edges arrive in their new form: this block's own new state is complete but for back edges.
		state.set(from);
		runBlock(ops, block, state, registers, options, links, null, null);
		eachEdge(ops, block, state, edge, registers, links, (to) => {
			if (fresh[to] === null) fresh[to] = edge.slice();
			else range.join(fresh[to]!, edge);
		});
	}
	for (let b = 0; b < before.length; b++) before[b] = fresh[b];
}

function collectThresholds(ops: readonly (Op | null)[], cfg: Cfg): number[] {
	const found = new Set([0xff, 0xffff, 0x7fffffff, 0xffffffff, 2 ** 40, 2 ** 52]);
	for (const block of cfg.blocks) {
		const op = block.exit >= 0 ? ops[block.exit] : null;
		if (op?.kind === "branch" && op.src < 0 && op.imm > 0 && found.size < 64) found.add(op.imm - 1).add(op.imm).add(op.imm + 1);
		for (let pc = block.start; pc < block.end; pc++) {
			// Clang compares with a constant that it keeps in a register.
			const mov = ops[pc];
			if (mov?.kind === "alu" && mov.op === "add" && mov.src < 0 && mov.imm > 1 && op?.kind === "branch" && op.src < 0 && op.imm > mov.imm && found.size < 64) found.add(op.imm - mov.imm);
		}
	}
	return [...found].sort((a, b) => a - b);
}

/** Sets `edge` to the state along each edge that some value passes. */
function eachEdge(ops: readonly (Op | null)[], block: Block, state: State, edge: State, registers: number, links: Links, take: (to: number) => void): void {
	const op = block.exit >= 0 ? ops[block.exit] : null;
	if (op?.kind === "branch" && block.succs.length === 2) {
		for (let i = 0; i < 2; i++) {
			edge.set(state);
			let other = op.src;
			if (other < 0) {
				range.assignConstant(edge, registers, op.imm);
				other = registers;
			}
			if (op.dst === other) take(block.succs[i]);
			else if (range.refine(edge, op.op, op.width, op.dst, other, i === 0)) {
				links.spread(edge, op.dst);
				if (op.src >= 0) links.spread(edge, op.src);
				take(block.succs[i]);
			}
		}
		return;
	}
	for (const to of block.succs) {
		edge.set(state);
		take(to);
	}
}

/** The block's effect on `state`; with `draft`, also records what holds at each slot. */
function runBlock(ops: readonly (Op | null)[], block: Block, state: State, registers: number, options: AnalysisOptions, links: Links, draft: Draft | null, call: ((target: number, state: State) => void) | null, base = 0): void {
	const scratch = registers;
	const pointers = options.facts?.pointers;
	links.reset();
	for (let pc = block.start; pc < block.end; pc++) {
		const op = ops[pc];
		if (op === null) continue;
		if (pointers !== undefined && pointers[pc] !== 0) applyPointers(state, pointers[pc]);
		if (draft !== null) {
			record(op, pc - base, state, registers, draft);
			recordExposure(op, pc, state, options, draft);
			if (op.kind === "helper" && draft.map[pc - base] < 0) draft.map[pc - base] = options.facts?.callMap[pc] ?? -1;
		}
		const dst = definedBy(op);
		if (dst >= 0) links.follow(op, dst, state);
		switch (op.kind) {
			case "alu":
				if (op.src < 0) range.assignConstant(state, scratch, op.imm);
				range.arithmetic(state, op.op, op.width, op.dst, op.src < 0 ? scratch : op.src, options.pointers);
				break;
			case "movsx":
				range.assignSignExtended(state, op.dst, op.src, op.bits, op.width);
				break;
			case "extract":
				range.assignUnsigned(state, op.dst, 0, 2 ** op.bits - 1);
				break;
			case "cast":
				range.assignPointer(state, op.dst);
				break;
			case "neg":
				range.copy(state, scratch, op.dst);
				range.assignConstant(state, op.dst, 0);
				range.arithmetic(state, "sub", op.width, op.dst, scratch, false);
				break;
			case "swap":
				if (op.bits === 64) {
					if (op.swap) range.assignUnknown(state, op.dst);
				} else if (op.swap) range.assignUnsigned(state, op.dst, 0, 2 ** op.bits - 1);
				else {
					range.assignConstant(state, scratch, 2 ** op.bits - 1);
					range.arithmetic(state, "and", 64, op.dst, scratch, false);
				}
				break;
			case "imm64":
				if (op.pseudo === 1 || op.pseudo === 5) range.assignPointer(state, op.dst, range.MAP + op.lo);
				else if (op.pseudo !== 0) range.assignPointer(state, op.dst);
				else range.assignWords(state, op.dst, op.lo, op.hi);
				break;
			case "load": {
				const bits = op.size * 8;
				if (op.signed) range.assignSigned(state, op.dst, -(2 ** (bits - 1)), 2 ** (bits - 1) - 1);
				else if (op.size === 8) range.assignUnknown(state, op.dst);
				else range.assignUnsigned(state, op.dst, 0, 2 ** bits - 1);
				break;
			}
			case "atomic":
				if (op.fetch) {
					const dst = op.op === "cmpxchg" ? 0 : op.src;
					if (op.size === 8) range.assignUnknown(state, dst);
					else range.assignUnsigned(state, dst, 0, 0xffffffff);
				}
				break;
			case "packet":
				range.assignUnsigned(state, 0, 0, 2 ** (op.size * 8) - 1);
				break;
			case "call":
			case "callx":
				if (op.kind === "call" && call !== null && draft !== null && !draft.unreached[block.id]) call(op.target, state);
				for (let r = 0; r <= 5; r++) range.assignUnknown(state, r);
				break;
			case "helper":
			case "kfunc": {
				const { result } = options.shape(op, pc);
				for (let r = 1; r <= 5; r++) range.assignUnknown(state, r);
				if (result === "unsigned") range.assignUnsigned(state, 0, 0, 0xffffffff);
				else if (result === "signed") range.assignSigned(state, 0, -0x80000000, 0x7fffffff);
				else range.assignUnknown(state, 0);
				break;
			}
			case "store":
			case "jump":
			case "branch":
			case "may_goto":
			case "exit":
			case "invalid":
				break;
			default:
				op satisfies never;
		}
		if (draft !== null && dst >= 0) draft.flags[pc - base] |= valueFlags(state, dst) << 8;
	}
}

function applyPointers(state: State, mask: number): void {
	for (let r = 0; r < 10; r++) {
		if (mask & (1 << r) && Number.isNaN(state[r * STRIDE + 4])) range.assignPointer(state, r, range.POINTER, Math.min(3, state[r * STRIDE + 5]));
	}
}

function valueFlags(state: State, r: number): number {
	const at = r * STRIDE;
	let flags = 0;
	if (state[at + 1] <= 0xffffffff) flags |= FLAG.dstZero;
	if (state[at + 2] >= -0x80000000 && state[at + 3] <= 0x7fffffff) flags |= FLAG.dstSign;
	if (state[at + 1] <= 0x7fffffff) flags |= FLAG.dstSmall;
	if (state[at] > 0 || state[at + 2] > 0 || state[at + 3] < 0) flags |= FLAG.dstNonZero;
	return flags;
}

function sourceFlags(state: State, scratch: number, src: number, imm: number): number {
	if (src < 0) range.assignConstant(state, scratch, imm);
	return valueFlags(state, src < 0 ? scratch : src) << 4;
}

function record(op: Op, at: number, state: State, registers: number, draft: Draft): void {
	let flags = 0;
	switch (op.kind) {
		case "alu":
		case "branch":
			flags = valueFlags(state, op.dst);
			flags |= sourceFlags(state, registers, op.src, op.imm);
			if (op.src >= 0 && state[op.src * STRIDE + 2] === state[op.src * STRIDE + 3]) draft.constant[at] = state[op.src * STRIDE + 2];
			break;
		case "movsx":
		case "extract":
		case "cast":
			flags |= sourceFlags(state, registers, op.src, 0);
			break;
		case "neg":
		case "swap":
			flags = valueFlags(state, op.dst);
			break;
		case "load":
		case "store":
		case "atomic": {
			flags = valueFlags(state, op.base);
			if (op.kind === "store" || op.kind === "atomic") flags |= sourceFlags(state, registers, op.src, op.kind === "store" ? op.imm : 0);
			const kind = state[op.base * STRIDE + 4];
			if (range.isStackOffset(kind)) {
				draft.stack[at] = kind + op.off;
				if ((kind + op.off) % op.size === 0) flags |= FLAG.aligned;
			} else if (2 ** state[op.base * STRIDE + 5] >= op.size && op.off % op.size === 0) flags |= FLAG.aligned;
			if (op.kind === "atomic" && op.op === "cmpxchg") draft.argZero[at] = range.zeroExtended(state, 0) ? 1 : 0;
			break;
		}
		case "packet":
			if (op.src >= 0) flags |= sourceFlags(state, registers, op.src, 0);
			break;
		case "exit":
			flags = valueFlags(state, 0);
			break;
		case "helper":
		case "kfunc":
		case "call":
		case "callx":
			for (let r = 1; r <= 5; r++) {
				if (range.zeroExtended(state, r)) draft.argZero[at] |= 1 << r;
				if (range.signExtended(state, r)) draft.argSign[at] |= 1 << r;
			}
			if (op.kind === "helper") {
				const kind = state[(op.id === 12 ? 2 : 1) * STRIDE + 4];
				if (kind >= range.MAP && kind !== range.POINTER) draft.map[at] = kind - range.MAP;
			}
			break;
		case "imm64":
		case "jump":
		case "may_goto":
		case "invalid":
			break;
		default:
			op satisfies never;
	}
	draft.flags[at] = flags;
}

const WHOLE_FRAME: readonly [number, number] = [-(2 ** 20), 2 ** 20];

const ofStack = (state: State, r: number): boolean => range.isOfStack(state[r * STRIDE + 4]);

/** Which bytes of the frame the operation lets something touch that is not an access at a known offset. */
function recordExposure(op: Op, pc: number, state: State, options: AnalysisOptions, draft: Draft): void {
	const top = state[10 * STRIDE];
	switch (op.kind) {
		case "load":
		case "store":
		case "atomic": {
			const at = op.base * STRIDE;
			if (op.kind !== "load" && op.src >= 0 && ofStack(state, op.src)) draft.exposed.push(WHOLE_FRAME);
			// Atomics stay in memory, and so does what they touch.
			if (state[at + 4] === range.DERIVED || (op.kind === "atomic" && ofStack(state, op.base))) draft.exposed.push([state[at] + op.off - top, state[at + 1] + op.off + op.size - top]);
			return;
		}
		case "helper":
		case "kfunc":
			for (let r = 1; r <= options.shape(op, pc).args; r++) if (ofStack(state, r)) draft.exposed.push([state[r * STRIDE] - top, 2 ** 20]);
			return;
		case "call":
		case "callx":
			for (let r = 1; r <= 5; r++) if (ofStack(state, r)) draft.exposed.push(WHOLE_FRAME);
			return;
		case "exit":
			if (ofStack(state, 0)) draft.exposed.push(WHOLE_FRAME);
			return;
		case "imm64":
			// A callback may be handed a pointer into the frame and move it either way.
			if (op.pseudo === 4) draft.exposed.push(WHOLE_FRAME);
			return;
		default:
			return;
	}
}

/** The register that an operation defines, −1: none. */
export function definedBy(op: Op): number {
	switch (op.kind) {
		case "alu":
		case "movsx":
		case "extract":
		case "neg":
		case "swap":
		case "imm64":
		case "load":
		case "cast":
			return op.dst;
		case "atomic":
			return op.fetch ? (op.op === "cmpxchg" ? 0 : op.src) : -1;
		case "packet":
		case "helper":
		case "kfunc":
		case "call":
		case "callx":
			return 0;
		default:
			return -1;
	}
}

// ---------------------------------------------------------------- backward

interface Live {
	/** By block: bit r, low or high half of r is needed at its start. */
	readonly low: Int32Array;
	readonly high: Int32Array;
}

/** Current masks while a block is walked backward; `usesHigh` collects the uses of one operation that need a high half. */
interface Needs {
	low: number;
	high: number;
	usesHigh: number;
}

function backward(ops: readonly (Op | null)[], cfg: Cfg, options: AnalysisOptions, draft: Draft): Live {
	const { blocks } = cfg;
	const live: Live = { low: new Int32Array(blocks.length), high: new Int32Array(blocks.length) };
	const needs: Needs = { low: 0, high: 0, usesHigh: 0 };
	for (let changed = true; changed; ) {
		changed = false;
		for (let b = blocks.length - 1; b >= 0; b--) {
			walkBack(ops, blocks[b], cfg.entry, live, needs, options, draft, false);
			if (needs.low !== live.low[b] || needs.high !== live.high[b]) {
				live.low[b] = needs.low;
				live.high[b] = needs.high;
				changed = true;
			}
		}
	}
	for (const block of blocks) walkBack(ops, block, cfg.entry, live, needs, options, draft, true);
	return live;
}

function walkBack(ops: readonly (Op | null)[], block: Block, base: number, live: Live, needs: Needs, options: AnalysisOptions, draft: Draft, record: boolean): void {
	needs.low = 0;
	needs.high = 0;
	for (const to of block.succs) {
		needs.low |= live.low[to];
		needs.high |= live.high[to];
	}
	for (let pc = block.end - 1; pc >= block.start; pc--) {
		const op = ops[pc];
		if (op === null) continue;
		const at = pc - base;
		const flags = draft.flags[at];
		const dst = definedBy(op);
		needs.usesHigh = 0;
		let low = true;
		let high = false;
		if (dst >= 0) {
			const bit = 1 << dst;
			low = (needs.low & bit) !== 0;
			high = (needs.high & bit) !== 0;
			needs.low &= ~bit;
			needs.high &= ~bit;
			if (record) draft.flags[at] |= (low ? FLAG.needLow : 0) | (high ? FLAG.needHigh : 0);
		}
		stepBack(op, pc, at, flags, low, high, needs, options, draft);
		// Between the passes, `wide` carries which operands need a high half; webs() replaces it.
		if (record) draft.wide[at] = needs.usesHigh;
	}
}

/** Operations whose low result word depends on the operands' low words alone. */
const LOW_CLOSED = new Set(["add", "sub", "mul", "or", "and", "xor", "mov"]);

function useLow(needs: Needs, r: number): void {
	needs.low |= 1 << r;
}

/** The whole value; its high half counts only where the low half does not imply it. */
function useFull(needs: Needs, r: number, implied: number): void {
	needs.low |= 1 << r;
	if (implied !== 0) return;
	needs.high |= 1 << r;
	needs.usesHigh |= 1 << r;
}

function useAddress(needs: Needs, r: number, implied: number, options: AnalysisOptions): void {
	if (options.checked) useFull(needs, r, implied);
	else useLow(needs, r);
}

function stepBack(op: Op, pc: number, at: number, flags: number, low: boolean, high: boolean, needs: Needs, options: AnalysisOptions, draft: Draft): void {
	const dstImplied = flags & (FLAG.dstZero | FLAG.dstSign);
	const srcImplied = flags & (FLAG.srcZero | FLAG.srcSign);
	switch (op.kind) {
		case "alu": {
			if (!low && !high) return;
			const full = op.width === 64 && high && (flags & (FLAG.resZero | FLAG.resSign)) === 0;
			const isMov = op.op === "mov";
			const count = op.src < 0 ? op.imm & 63 : draft.constant[at] & 63;
			const knownCount = op.src < 0 || !Number.isNaN(draft.constant[at]);
			const shift = op.op === "lsh" || op.op === "rsh" || op.op === "arsh";
			if (op.width === 32 || (!full && (LOW_CLOSED.has(op.op) || (op.op === "lsh" && knownCount)))) {
				if (!isMov) useLow(needs, op.dst);
				if (op.src >= 0) useLow(needs, op.src);
			} else if (shift) {
				if (op.op === "lsh" && knownCount && count >= 32) useLow(needs, op.dst);
				else useFull(needs, op.dst, dstImplied);
				if (op.src >= 0) useLow(needs, op.src);
			} else {
				if (!isMov) useFull(needs, op.dst, dstImplied);
				if (op.src >= 0) useFull(needs, op.src, srcImplied);
			}
			return;
		}
		case "movsx":
		case "extract":
			if (low || high) useLow(needs, op.src);
			return;
		case "cast":
			if (low || high) useLow(needs, op.src);
			return;
		case "neg":
			if (op.width === 64 && high && (flags & (FLAG.resZero | FLAG.resSign)) === 0) useFull(needs, op.dst, dstImplied);
			else if (low || high) useLow(needs, op.dst);
			return;
		case "swap":
			if (!low && !high) return;
			if (op.bits === 64 && (op.swap || high)) useFull(needs, op.dst, dstImplied);
			else useLow(needs, op.dst);
			return;
		case "load":
			useAddress(needs, op.base, dstImplied, options);
			return;
		case "store":
			useAddress(needs, op.base, dstImplied, options);
			if (op.src >= 0) op.size === 8 ? useFull(needs, op.src, srcImplied) : useLow(needs, op.src);
			return;
		case "atomic":
			useAddress(needs, op.base, dstImplied, options);
			if (op.size === 8) useFull(needs, op.src, srcImplied);
			else useLow(needs, op.src);
			if (op.op === "cmpxchg") op.size === 8 ? useFull(needs, 0, draft.argZero[at] & 1) : useLow(needs, 0);
			return;
		case "packet":
			if (op.src >= 0) useLow(needs, op.src);
			return;
		case "branch":
			if (op.width === 32 || (op.op === "set" && op.src < 0 && op.imm >= 0)) {
				useLow(needs, op.dst);
				if (op.src >= 0) useLow(needs, op.src);
			} else {
				useFull(needs, op.dst, dstImplied);
				if (op.src >= 0) useFull(needs, op.src, srcImplied);
			}
			return;
		case "helper":
		case "kfunc":
		case "call":
		case "callx": {
			const { args, wide } = options.shape(op, pc);
			for (let r = 0; r <= 5; r++) {
				needs.low &= ~(1 << r);
				needs.high &= ~(1 << r);
			}
			for (let r = 1; r <= args; r++) {
				if (wide & (1 << (r - 1))) useFull(needs, r, (draft.argZero[at] | draft.argSign[at]) & (1 << r));
				else useLow(needs, r);
			}
			if (op.kind === "callx") useLow(needs, op.reg);
			return;
		}
		case "exit":
			useFull(needs, 0, dstImplied);
			return;
		case "imm64":
		case "jump":
		case "may_goto":
		case "invalid":
			return;
		default:
			op satisfies never;
	}
}

// ---------------------------------------------------------------- webs

/** Decides each web's width; fills `wide` and resWide. Returns the entry's mask. */
function webs(ops: readonly (Op | null)[], cfg: Cfg, registers: number, draft: Draft, live: Live): number {
	const { blocks, entry } = cfg;
	// Nodes: the value of r at the start of block b, and the definition at each slot.
	const defs = blocks.length * registers;
	const parent = new Int32Array(defs + draft.flags.length);
	for (let i = 0; i < parent.length; i++) parent[i] = i;
	const find = (i: number): number => {
		while (parent[i] !== i) i = parent[i] = parent[parent[i]];
		return i;
	};
	const current = new Int32Array(registers);
	const walk = (block: Block, use: (at: number) => void): void => {
		for (let r = 0; r < registers; r++) current[r] = block.id * registers + r;
		for (let pc = block.start; pc < block.end; pc++) {
			const op = ops[pc];
			if (op === null) continue;
			use(pc - entry);
			const dst = definedBy(op);
			if (dst >= 0) current[dst] = defs + pc - entry;
		}
	};
	const wide = new Uint8Array(parent.length);
	const uses: number[] = [];
	for (const block of blocks) {
		walk(block, (at) => {
			for (let mask = draft.wide[at]; mask !== 0; mask &= mask - 1) uses.push(current[31 - Math.clz32(mask & -mask)]);
		});
		for (const to of block.succs) {
			for (let mask = live.low[to] | live.high[to]; mask !== 0; mask &= mask - 1) {
				const r = 31 - Math.clz32(mask & -mask);
				const a = find(current[r]);
				const b = find(to * registers + r);
				if (a !== b) parent[a] = b;
			}
		}
	}
	for (const node of uses) wide[find(node)] = 1;
	for (const block of blocks) {
		let mask = 0;
		for (let r = 0; r < registers; r++) if (wide[find(block.id * registers + r)]) mask |= 1 << r;
		walk(block, (at) => {
			draft.wide[at] = mask;
			const dst = definedBy(ops[at + entry]!);
			if (dst < 0) return;
			if (wide[find(defs + at)]) {
				mask |= 1 << dst;
				draft.flags[at] |= FLAG.resWide;
			} else mask &= ~(1 << dst);
		});
	}
	let mask = 0;
	for (let r = 0; r < registers; r++) if (wide[find(r)]) mask |= 1 << r;
	return mask;
}
