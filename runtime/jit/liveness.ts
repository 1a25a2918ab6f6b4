/**
 * Backward over the graph: which halves of each register are still needed. A high half that the low one implies (zero- or
 * sign-extended, as the forward pass knows) is not needed; a result whose high half is not needed is computed in 32 bits.
 */
import type { Block, Cfg } from "./cfg.ts";
import type { Op } from "./decode.ts";
import type { AnalysisOptions, Draft } from "./representation.ts";
import { definedBy, FLAG } from "./representation.ts";

export interface Live {
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

export function backward(ops: readonly (Op | null)[], cfg: Cfg, options: AnalysisOptions, draft: Draft): Live {
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

function walkBack(
	ops: readonly (Op | null)[],
	block: Block,
	base: number,
	live: Live,
	needs: Needs,
	options: AnalysisOptions,
	draft: Draft,
	record: boolean,
): void {
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

function useAddress(needs: Needs, r: number, implied: number, flags: number, options: AnalysisOptions): void {
	if (options.checked && !(flags & FLAG.proved)) useFull(needs, r, implied);
	else useLow(needs, r);
}

function stepBack(
	op: Op,
	pc: number,
	at: number,
	flags: number,
	low: boolean,
	high: boolean,
	needs: Needs,
	options: AnalysisOptions,
	draft: Draft,
): void {
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
			if (
				op.width === 32 ||
				(!full && (LOW_CLOSED.has(op.op) || (op.op === "lsh" && (knownCount || (flags & FLAG.shiftsBelow32) !== 0))))
			) {
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
			useAddress(needs, draft.from[at], dstImplied, flags, options);
			return;
		case "store":
			useAddress(needs, draft.from[at], dstImplied, flags, options);
			if (op.src >= 0) op.size === 8 ? useFull(needs, op.src, srcImplied) : useLow(needs, op.src);
			return;
		case "atomic":
			useAddress(needs, draft.from[at], dstImplied, flags, options);
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
