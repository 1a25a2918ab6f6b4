/**
 * Backward over the graph: which halves of each register are still needed. A high half that the low one implies (zero- or
 * sign-extended, as the forward pass knows) is not needed; a result whose high half is not needed is computed in 32 bits.
 */
import type { Block, Cfg } from "./cfg.ts";
import type { Op } from "./decode.ts";
import type { Call } from "./op.ts";
import type { AnalysisOptions, Draft } from "./representation.ts";
import { definedBy, FLAG } from "./representation.ts";
import { impliesResult, ofLeft, ofRight } from "./implied.ts";

export interface Live {
	/** By block: bit r, low or high half of r is needed at its start. */
	readonly low: Int32Array;
	readonly high: Int32Array;
}

export function backward(ops: readonly (Op | null)[], cfg: Cfg, options: AnalysisOptions, draft: Draft): Live {
	const { blocks } = cfg;
	const live: Live = { low: new Int32Array(blocks.length), high: new Int32Array(blocks.length) };
	const needs = new Needs(ops, cfg.entry, options, draft);
	for (let changed = true; changed; ) {
		changed = false;
		for (let b = blocks.length - 1; b >= 0; b--) {
			needs.walk(blocks[b], live, false);
			if (needs.low !== live.low[b] || needs.high !== live.high[b]) {
				live.low[b] = needs.low;
				live.high[b] = needs.high;
				changed = true;
			}
		}
	}
	for (const block of blocks) needs.walk(block, live, true);
	return live;
}

/** Operations whose low result word depends on the operands' low words alone. */
const LOW_CLOSED = new Set(["add", "sub", "mul", "or", "and", "xor", "mov"]);

/** What is needed at one point of a block, while the point moves backward through it. */
class Needs {
	low = 0;
	high = 0;
	/** Uses of the operation at hand that need a high half. */
	#usesHigh = 0;
	readonly #ops: readonly (Op | null)[];
	readonly #entry: number;
	readonly #options: AnalysisOptions;
	readonly #draft: Draft;

	constructor(ops: readonly (Op | null)[], entry: number, options: AnalysisOptions, draft: Draft) {
		this.#ops = ops;
		this.#entry = entry;
		this.#options = options;
		this.#draft = draft;
	}

	/** From what `live` says of the successors to the block's start. `record`: writes down which halves of results and operands are needed. */
	walk(block: Block, live: Live, record: boolean): void {
		this.low = 0;
		this.high = 0;
		for (const to of block.succs) {
			this.low |= live.low[to];
			this.high |= live.high[to];
		}
		const { flags, wide } = this.#draft;
		for (let pc = block.end - 1; pc >= block.start; pc--) {
			const op = this.#ops[pc];
			if (op === null) continue;
			const at = pc - this.#entry;
			// Before what is recorded here is added to them.
			const known = flags[at];
			const dst = definedBy(op);
			let low = true;
			let high = false;
			if (dst >= 0) {
				const bit = 1 << dst;
				low = (this.low & bit) !== 0;
				high = (this.high & bit) !== 0;
				this.low &= ~bit;
				this.high &= ~bit;
				if (record) flags[at] |= (low ? FLAG.needLow : 0) | (high ? FLAG.needHigh : 0);
			}
			this.#usesHigh = 0;
			this.#step(op, pc, known, low, high);
			// Between the passes, `wide` carries which operands need a high half; webs() replaces it.
			if (record) wide[at] = this.#usesHigh;
		}
	}

	/** What the operation needs, of whose result `low` and `high` are needed. */
	#step(op: Op, pc: number, flags: number, low: boolean, high: boolean): void {
		const at = pc - this.#entry;
		const dstImplied = ofLeft(flags);
		const srcImplied = ofRight(flags);
		switch (op.kind) {
			case "alu":
				if (low || high) this.#arithmetic(op, at, flags, high);
				return;
			case "movsx":
			case "extract":
			case "cast":
				if (low || high) this.#useLow(op.src);
				return;
			case "neg":
				if (op.width === 64 && high && !impliesResult(flags)) this.#useFull(op.dst, dstImplied);
				else if (low || high) this.#useLow(op.dst);
				return;
			case "swap":
				if (!low && !high) return;
				return this.#use(op.dst, op.bits === 64 && (op.swap || high), dstImplied);
			case "load":
				return this.#useAddress(at, flags, dstImplied);
			case "store":
				this.#useAddress(at, flags, dstImplied);
				return this.#use(op.src, op.size === 8, srcImplied);
			case "atomic":
				this.#useAddress(at, flags, dstImplied);
				this.#use(op.src, op.size === 8, srcImplied);
				if (op.op === "cmpxchg") this.#use(0, op.size === 8, this.#draft.argZero[at] & 1);
				return;
			case "packet":
				return this.#use(op.src, false, 0);
			case "branch": {
				const whole = op.width === 64 && !(op.op === "set" && op.src < 0 && op.imm >= 0);
				this.#use(op.dst, whole, dstImplied);
				return this.#use(op.src, whole, srcImplied);
			}
			case "helper":
			case "kfunc":
			case "call":
			case "callx":
				return this.#call(op, pc);
			case "exit":
				return this.#useFull(0, dstImplied);
			case "imm64":
			case "jump":
			case "may_goto":
			case "invalid":
				return;
			default:
				op satisfies never;
		}
	}

	#arithmetic(op: Extract<Op, { kind: "alu" }>, at: number, flags: number, high: boolean): void {
		const full = op.width === 64 && high && !impliesResult(flags);
		const left = op.op === "mov" ? -1 : op.dst;
		const dstImplied = ofLeft(flags);
		if (op.op === "lsh" || op.op === "rsh" || op.op === "arsh") {
			this.#use(left, op.width === 64 && this.#shiftsHigh(op, at, flags, full), dstImplied);
			// Of a count, no more than six bits matter.
			return this.#use(op.src, false, 0);
		}
		const whole = op.width === 64 && (full || !LOW_CLOSED.has(op.op));
		this.#use(left, whole, dstImplied);
		this.#use(op.src, whole, ofRight(flags));
	}

	/** Whether what a 64-bit shift leaves depends on the high word of what is shifted. */
	#shiftsHigh(op: Extract<Op, { kind: "alu" }>, at: number, flags: number, full: boolean): boolean {
		if (op.op !== "lsh") return true;
		const count = op.src < 0 ? op.imm : this.#draft.constant[at];
		const known = !Number.isNaN(count);
		if (!full && (known || (flags & FLAG.shiftsBelow32) !== 0)) return false;
		return !known || (count & 63) < 32;
	}

	#call(op: Call, pc: number): void {
		const at = pc - this.#entry;
		const { argZero, argSign } = this.#draft;
		const { args, wide } = this.#options.shape(op, pc);
		this.low &= ~0x3f;
		this.high &= ~0x3f;
		for (let r = 1; r <= args; r++) this.#use(r, (wide & (1 << (r - 1))) !== 0, (argZero[at] | argSign[at]) & (1 << r));
		if (op.kind === "callx") this.#useLow(op.reg);
	}

	/** An operand, of which the low word or all is needed; −1: it is an immediate. */
	#use(r: number, whole: boolean, implied: number): void {
		if (r < 0) return;
		if (whole) this.#useFull(r, implied);
		else this.#useLow(r);
	}

	#useLow(r: number): void {
		this.low |= 1 << r;
	}

	/** The whole value; its high half counts only where the low half does not imply it. */
	#useFull(r: number, implied: number): void {
		this.low |= 1 << r;
		if (implied !== 0) return;
		this.high |= 1 << r;
		this.#usesHigh |= 1 << r;
	}

	#useAddress(at: number, flags: number, implied: number): void {
		this.#use(this.#draft.from[at], this.#options.checked && !(flags & FLAG.proved), implied);
	}
}
