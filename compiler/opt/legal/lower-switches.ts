import type { Attr, Block, Inst, IrFunction, Value } from "../../ir/types.ts";
import type { Pass } from "../pass.ts";
import { constant, newBlock, newInst, phisOf } from "../../ir/values.ts";
import { type Case, type CaseSet, type Cluster, clustersOf, isSet, maskOf, questionOf, rangesOf, WORD } from "../control/case-sets.ts";

/** Multiway branches, which the machine lacks, as a balanced tree of comparisons over runs and sets of cases (clang makes no jump tables for this machine). */
export const lowerSwitches: Pass = {
	name: "lower-switches",
	run(fn) {
		let changed = false;
		for (const block of fn.blocks.slice()) {
			const end = block.insts[block.insts.length - 1];
			if (end.op !== "switch") continue;
			new SwitchLowering(fn, block, end).run();
			changed = true;
		}
		return changed;
	},
};

/** Where all other values go: where no value goes, the target of most cases, which then need no test. */
function fallbackOf(otherwise: Block, targets: readonly Block[]): Block {
	if (!isNowhere(otherwise) || targets.length === 0) return otherwise;
	const cases = (target: Block): number => targets.filter((one) => one === target).length;
	return targets.reduce((best, one) => (cases(one) > cases(best) ? one : best));
}

const isNowhere = (block: Block): boolean => block.insts[0].op === "unreachable";

/** So many clusters are asked one after the other; more are parted in the middle. */
const IN_ROW = 4;

class SwitchLowering {
	private readonly fallback: Block;
	private readonly value: Value;
	/** Between which cases the value lies, if it is one of them and a word has a bit for each. */
	private readonly only: { readonly from: bigint; readonly to: bigint } | null;
	private readonly made: Block[] = [];
	/** Which blocks now jump where, for the phis of the targets. */
	private readonly edges = new Map<Block, Block[]>();

	constructor(
		private readonly fn: IrFunction,
		private readonly block: Block,
		private readonly end: Inst,
	) {
		[this.value] = end.args;
		const [otherwise, ...targets] = end.blocks!;
		this.fallback = fallbackOf(otherwise, targets);
		const cases = end.attr!.cases!;
		const [from, to] = [cases, cases].map((all, side) => all.reduce((a, b) => (a < b === (side === 0) ? a : b), all[0] ?? 0n));
		this.only = isNowhere(otherwise) && to - from < WORD ? { from, to } : null;
	}

	run(): void {
		const { block, end, fn, fallback } = this;
		const all = end.attr!.cases!.map((number, i) => ({ from: number, to: number, target: end.blocks![i + 1] }));
		const clusters = clustersOf(rangesOf(all.filter(({ target }) => target !== fallback)));
		block.insts.pop();
		this.test(block, clusters);
		this.settlePhis();
		fn.blocks.splice(fn.blocks.indexOf(block) + 1, 0, ...this.made);
	}

	private test(at: Block, list: readonly Cluster<Block>[]): void {
		if (list.length === 0) this.jump(at, this.fallback);
		else if (list.length > IN_ROW) {
			const middle = list.length >> 1;
			const [low, high] = [this.fresh(), this.fresh()];
			this.compare(at, "slt", list[middle].from, low, high);
			this.test(low, list.slice(0, middle));
			this.test(high, list.slice(middle));
		} else {
			const [first, ...rest] = list;
			const next = rest.length === 0 ? this.fallback : this.fresh();
			if (isSet(first)) this.testSet(at, first, next);
			else this.testRange(at, first, next);
			if (rest.length > 0) this.test(next, rest);
		}
	}

	private testRange(at: Block, { from, to, target }: Case<Block>, next: Block): void {
		if (from === to) this.compare(at, "eq", from, target, next);
		else if (from === 0n) this.compare(at, "ule", to, target, next);
		else {
			const above = this.fresh();
			this.compare(at, "sge", from, above, next);
			this.compare(above, "sle", to, target, next);
		}
	}

	/** The bounds, and a bit for each target; the value that is compared stays the value that is used. */
	private testSet(start: Block, set: CaseSet<Block>, next: Block): void {
		const { ty, bounds } = questionOf(set, this.value, this.only);
		let at = start;
		const bound = (pred: "slt" | "sgt" | "ugt", limit: bigint): void => {
			const inside = this.fresh();
			this.compare(at, pred, limit, next, inside);
			at = inside;
		};
		if (bounds === "both") bound("slt", set.from);
		if (bounds !== "none") bound(bounds === "both" ? "sgt" : "ugt", set.to);
		const amount = this.value.ty === ty ? this.value : this.emit(at, "zext", ty, [this.value]);
		const masks = [...set.members].map(([target, cases]) => ({ target, cases, mask: constant(ty, maskOf(cases, ty)) }));
		// One bit moved to where the masks have it serves several of them, if they fit an instruction.
		const shared =
			masks.length > 1 && masks.every(({ mask }) => mask.value === BigInt.asIntN(32, mask.value))
				? this.emit(at, "shl", ty, [constant(ty, 1), amount])
				: null;
		masks.forEach(({ target, cases, mask }, i) => {
			const after = i === masks.length - 1 ? next : this.fresh();
			if (cases.length === 1 && cases[0].from === cases[0].to) this.compare(at, "eq", cases[0].from, target, after);
			else {
				const bit =
					shared === null
						? this.emit(at, "and", ty, [this.emit(at, "lshr", ty, [mask, amount]), constant(ty, 1)])
						: this.emit(at, "and", ty, [shared, mask]);
				this.branch(at, this.emit(at, "icmp", "i32", [bit, constant(ty, 0)], { pred: "ne" }), target, after);
			}
			at = after;
		});
	}

	private compare(at: Block, pred: NonNullable<Attr["pred"]>, limit: bigint, then: Block, otherwise: Block): void {
		if (then === otherwise) this.jump(at, then);
		else this.branch(at, this.emit(at, "icmp", "i32", [this.value, constant(this.value.ty!, limit)], { pred }), then, otherwise);
	}

	private branch(at: Block, condition: Inst, then: Block, otherwise: Block): void {
		this.emit(at, "branch", null, [condition], undefined, [then, otherwise]);
		this.edge(at, then);
		this.edge(at, otherwise);
	}

	private jump(at: Block, to: Block): void {
		this.emit(at, "jump", null, [], undefined, [to]);
		this.edge(at, to);
	}

	private emit(at: Block, op: Inst["op"], ty: Inst["ty"], args: Value[], attr?: Attr, blocks?: Block[]): Inst {
		const inst = newInst(this.fn, op, ty, args, attr, this.end.loc, blocks);
		at.insts.push(inst);
		return inst;
	}

	private fresh(): Block {
		const next = newBlock(this.fn, "switch");
		this.made.push(next);
		return next;
	}

	private edge(from: Block, to: Block): void {
		if (this.made.includes(to)) return;
		const list = this.edges.get(to);
		if (list === undefined) this.edges.set(to, [from]);
		else if (!list.includes(from)) list.push(from);
	}

	/** Where the switch led to, the blocks made of it lead now. */
	private settlePhis(): void {
		for (const target of new Set(this.end.blocks)) {
			const sources = this.edges.get(target) ?? [];
			for (const phi of phisOf(target)) {
				const at = phi.blocks!.indexOf(this.block);
				const input = phi.args[at];
				phi.args.splice(at, 1);
				phi.blocks!.splice(at, 1);
				for (const from of sources) {
					phi.args.push(input);
					phi.blocks!.push(from);
				}
			}
		}
	}
}
