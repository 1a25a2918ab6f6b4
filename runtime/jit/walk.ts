/**
 * One block's effect on the ranges, and what its last branch says on each way out of it: the steps that forward.ts makes over the graph.
 * On the last of its rounds they also write down what is known at each slot (record.ts).
 */
import type { Block, Cfg } from "./cfg.ts";
import type { Op } from "./decode.ts";
import { Links } from "./links.ts";
import type { Sums } from "./offsets.ts";
import { recordSums } from "./offsets.ts";
import * as range from "./range.ts";
import type { State } from "./range.ts";
import { record, recordExposure, valueFlags } from "./record.ts";
import { refine } from "./refine.ts";
import type { AnalysisOptions, Draft } from "./representation.ts";
import { definedBy } from "./representation.ts";
import { Transfer } from "./transfer.ts";

const { STRIDE } = range;

/** Gets the state of a subprogram call's arguments. */
export type OnCall = (target: number, state: State) => void;

export class Walk {
	readonly ops: readonly (Op | null)[];
	readonly cfg: Cfg;
	readonly registers: number;
	/** Numbers in a state: those of one register more, scratch for constants. */
	readonly size: number;
	readonly #options: AnalysisOptions;
	readonly #links: Links;
	readonly #transfer: Transfer;
	/** The state that `run` changes, and that of an edge out of the block. */
	readonly #state: State;
	readonly #edge: State;
	/** Set for the last round. */
	#draft: Draft | null = null;
	#onCall: OnCall | null = null;

	constructor(ops: readonly (Op | null)[], cfg: Cfg, registers: number, options: AnalysisOptions) {
		this.ops = ops;
		this.cfg = cfg;
		this.registers = registers;
		this.size = (registers + 1) * STRIDE;
		this.#options = options;
		this.#links = new Links(registers);
		this.#transfer = new Transfer(registers, options);
		this.#state = new Float64Array(this.size);
		this.#edge = new Float64Array(this.size);
	}

	/** From now on, what is found is written into `draft`, and calls are told. */
	writeInto(draft: Draft, onCall: OnCall): void {
		this.#draft = draft;
		this.#onCall = onCall;
	}

	/** The block's effect on a state that begins as `from`. */
	run(block: Block, from: State, sums: Sums | null = null): void {
		const state = this.#state;
		const links = this.#links;
		const draft = this.#draft;
		const { ops } = this;
		const base = this.cfg.entry;
		const pointers = this.#options.facts?.pointers;
		state.set(from);
		links.reset();
		for (let pc = block.start; pc < block.end; pc++) {
			const op = ops[pc];
			if (op === null) continue;
			if (pointers !== undefined && pointers[pc] !== 0) applyPointers(state, pointers[pc]);
			if (sums !== null) recordSums(op, pc - base, state, sums);
			if (draft !== null) this.#writeBefore(op, pc, block, draft);
			const dst = definedBy(op);
			if (dst >= 0) links.follow(op, dst, state);
			this.#transfer.apply(op, pc, state);
			if (draft !== null && dst >= 0) draft.flags[pc - base] |= valueFlags(state, dst) << 8;
		}
	}

	/** What is known before an operation. */
	#writeBefore(op: Op, pc: number, block: Block, draft: Draft): void {
		const state = this.#state;
		const at = pc - this.cfg.entry;
		record(op, at, state, this.registers, draft);
		if (op.kind === "load" || op.kind === "store" || op.kind === "atomic") this.#writeBase(op, at, draft);
		recordExposure(op, pc, state, this.#options, draft);
		if (op.kind === "helper" && draft.map[at] < 0) draft.map[at] = this.#options.facts?.callMap[pc] ?? -1;
		if (op.kind === "call" && !draft.unreached[block.id]) this.#onCall?.(op.target, state);
	}

	/** The register that an address is counted from: the one that its base was made of, where there is one. */
	#writeBase({ base, off }: Extract<Op, { kind: "load" | "store" | "atomic" }>, at: number, draft: Draft): void {
		const { delta } = this.#links;
		const below = this.#options.checked ? -1 : this.#links.below(this.#state, base);
		const added = below < 0 ? -1 : delta[base] - delta[below] + off;
		draft.from[at] = added >= 0 ? below : base;
		draft.added[at] = added >= 0 ? added : off;
	}

	/** After `run`: gives the state along each edge that some value passes; good until the next one. The block's own state is gone afterwards. */
	eachEdge(block: Block, take: (to: number, edge: State) => void): void {
		const op = block.exit >= 0 ? this.ops[block.exit] : null;
		const last = block.succs.length - 1;
		for (let i = 0; i <= last; i++) {
			const edge = i === last ? this.#state : this.#edge;
			if (i < last) edge.set(this.#state);
			if (op?.kind === "branch" && last === 1 && !this.#passes(op, edge, i === 0)) continue;
			take(block.succs[i], edge);
		}
	}

	/** Narrows the state by the branch's answer. False: no value gives that answer. */
	#passes({ op, width, dst, src, imm }: Extract<Op, { kind: "branch" }>, edge: State, taken: boolean): boolean {
		if (src < 0) range.assignConstant(edge, this.registers, imm);
		else if (src === dst) return true;
		if (!refine(edge, op, width, dst, src < 0 ? this.registers : src, taken)) return false;
		this.#links.spread(edge, dst);
		if (src >= 0) this.#links.spread(edge, src);
		return true;
	}
}

/** What the verifier knows to be addresses. */
function applyPointers(state: State, mask: number): void {
	for (let r = 0; r < 10; r++) {
		if (mask & (1 << r) && Number.isNaN(state[r * STRIDE + 4]))
			range.assignPointer(state, r, range.POINTER, Math.min(3, state[r * STRIDE + 5]));
	}
}
