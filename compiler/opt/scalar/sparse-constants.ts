import type { Block, Inst, IrFunction, Value } from "../../ir/types.ts";
import type { Pass } from "../pass.ts";
import { foldOp } from "../../ir/fold.ts";
import { isComputation } from "../../ir/ops.ts";
import { isConst, isInst, phisOf, replaceAll, sameValue, successors, terminator } from "../../ir/values.ts";
import { type Analyses, analysesOf, forget } from "../analysis/analyses.ts";
import { removeDeadBlocks } from "../control/simplify-cfg.ts";

/**
 * Constants and unreachable edges found together (Wegman and Zadeck, 1991): what comes round a loop is taken to be what went in until some
 * way round is found on which it is not.
 *
 *     for (kind = 16;; kind = next) { if (kind != 0 && kind != 43) break; … }       goes round never, if one looks with kind = 16
 *
 * Where there are no loops, `combine` and `simplify-cfg` in turns find as much.
 */
export const sparseConstants: Pass = {
	name: "sparse-constants",
	run(fn, context) {
		const known = analysesOf(fn, context);
		if (!hasLoopPhis(known)) return false;
		const { levels, reached } = new Search(fn, known.users).run();
		const map = new Map<Inst, Value>();
		for (const block of reached) {
			for (const inst of block.insts) {
				const level = levels.get(inst);
				if (level !== undefined && level !== inst && level.op !== "undef") map.set(inst, level);
			}
		}
		if (map.size === 0) return false;
		replaceAll(fn, map);
		forget(context);
		removeDeadBlocks.run(fn, context);
		return true;
	},
};

function hasLoopPhis({ order }: Analyses): boolean {
	const place = new Map(order.map((block, i) => [block, i]));
	return order.some((block, i) => phisOf(block).some((phi) => phi.blocks!.some((from) => (place.get(from) ?? -1) >= i)));
}

class Search {
	/** What each value is: nothing yet, a constant (or undefined), another value, or itself, in this order. */
	readonly levels = new Map<Inst, Value>();
	readonly reached = new Set<Block>();
	private readonly edges = new Map<Block, Set<Block>>();
	private readonly flow: { readonly from: Block; readonly to: Block }[] = [];
	private readonly work: Inst[] = [];
	private readonly home = new Map<Inst, Block>();

	constructor(
		private readonly fn: IrFunction,
		private readonly users: ReadonlyMap<Inst, readonly Inst[]>,
	) {
		for (const block of fn.blocks) for (const inst of block.insts) this.home.set(inst, block);
	}

	run(): this {
		this.enter(this.fn.blocks[0]);
		for (;;) {
			const inst = this.work.pop();
			if (inst !== undefined) {
				if (this.reached.has(this.home.get(inst)!)) this.visit(inst);
				continue;
			}
			const edge = this.flow.pop();
			if (edge === undefined) return this;
			const { from, to } = edge;
			const taken = this.edges.get(to) ?? new Set();
			if (taken.has(from)) continue;
			this.edges.set(to, taken.add(from));
			if (this.reached.has(to)) for (const phi of phisOf(to)) this.visit(phi);
			else this.enter(to);
		}
	}

	private enter(block: Block): void {
		this.reached.add(block);
		for (const inst of block.insts) this.visit(inst);
	}

	private visit(inst: Inst): void {
		if (inst === terminator(this.home.get(inst)!)) this.leave(this.home.get(inst)!, inst);
		if (inst.ty === null) return;
		const before = this.levels.get(inst);
		const found = inst.op === "phi" ? this.meet(inst) : isComputation(inst.op) ? this.folded(inst) : inst;
		if (found === null || before === inst || (before !== undefined && sameValue(before, found))) return;
		// Only ever down: from one constant or value to another there is no way but to the value itself.
		const down = before === undefined || (!isInst(before) && isInst(found)) || (before.op === "undef" && isConst(found));
		this.levels.set(inst, down ? found : inst);
		for (const user of this.users.get(inst) ?? []) this.work.push(user);
	}

	/** null: nothing yet. */
	private level(value: Value): Value | null {
		return isInst(value) && this.home.has(value) ? (this.levels.get(value) ?? null) : value;
	}

	private folded(inst: Inst): Value | null {
		const args: Value[] = [];
		for (const arg of inst.args) {
			const level = this.level(arg);
			if (level === null) return null;
			args.push(level);
		}
		return foldOp(inst.op, inst.ty, args, inst.attr) ?? inst;
	}

	/** What all ways agree on that are taken; beside what is undefined, only a constant is sure to be there. */
	private meet(phi: Inst): Value | null {
		const taken = this.edges.get(this.home.get(phi)!)!;
		let all: Value | null = null;
		for (const [i, from] of phi.blocks!.entries()) {
			const level = taken.has(from) ? this.level(phi.args[i]) : null;
			if (level === null || level === phi) continue;
			if (all === null || (all.op === "undef" && isConst(level))) all = level;
			else if (!sameValue(all, level) && !(level.op === "undef" && isConst(all))) return phi;
		}
		return all;
	}

	private leave(block: Block, end: Inst): void {
		const to = this.targets(end);
		for (const next of to ?? new Set(successors(block))) this.flow.push({ from: block, to: next });
	}

	/** Where a decided end leads, nowhere yet, or null: anywhere. */
	private targets({ op, args, blocks, attr }: Inst): readonly Block[] | null {
		if (op !== "branch" && op !== "switch") return null;
		const level = this.level(args[0]);
		if (level === null) return [];
		if (!isConst(level)) return null;
		return [op === "branch" ? blocks![level.value !== 0n ? 0 : 1] : blocks![attr!.cases!.indexOf(level.value) + 1]];
	}
}
