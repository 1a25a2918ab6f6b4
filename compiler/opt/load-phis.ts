import type { Block, Inst, IrFunction, Value } from "../ir/types.ts";
import type { AliasInfo } from "./alias.ts";
import type { Pass } from "./pass.ts";
import { constant, isConst, newInst, phisOf, replaceAll } from "../ir/values.ts";
import { writesOf } from "./alias.ts";
import { analysesOf } from "./analyses.ts";
import { maxUnsigned } from "./known.ts";
import { baseOf } from "./slots.ts";

/**
 * What every way to a load has stored or loaded there is the value, chosen by a phi where the ways meet (the fully redundant
 * loads of LLVM's GVN). The verifier forgets that a map value holds a packet pointer: `p->next = data + 14` in both arms of
 * a branch must not be read back below it.
 *
 * Of numbers only those that are small on every way (`offset = 14` in one arm, 18 in the other): of any other the machine is content with the memory, and
 * a phi is one more thing in a register. What is small stays a bound, which the verifier forgets of memory.
 */
export const loadPhis: Pass = {
	name: "load-phis",
	run(fn, context) {
		const map = new Map<Inst, Value>();
		const { predecessors: preds, alias } = analysesOf(fn, context);
		for (const block of fn.blocks) {
			for (const inst of block.insts.slice()) {
				if (inst.op !== "load" || inst.attr!.volatile || (inst.ty === "ptr" ? inst.attr!.size !== 8 : inst.attr!.signed)) continue;
				const value = new Search(fn, inst, preds, alias).above(block, inst);
				if (value !== null && value !== inst) map.set(inst, value);
			}
		}
		replaceAll(fn, map);
		return map.size > 0;
	},
};

/** A number that says more than its place: less than half of the bits. */
const isSmall = (value: Value, size: number): boolean => value.ty !== "ptr" && value.op !== "undef" && maxUnsigned(value) < 1n << BigInt(4 * size);

/** Blocks that are looked through for what a load gives. */
const MOST_BLOCKS = 40;

/** Backwards from one load: the value at the end of each block on the way (Braun and others, "Simple and Efficient Construction of SSA Form", 2013). */
class Search {
	readonly #ends = new Map<Block, Value>();
	#left = MOST_BLOCKS;
	readonly #phis = new Map<Inst, Block>();
	readonly #base: Value;
	readonly #offset: number;
	readonly #size: number;
	/** By way of the number that is read below, before it is extended. */
	readonly #extended: { readonly inst: Inst; readonly at: Block }[] = [];

	constructor(
		private readonly fn: IrFunction,
		private readonly load: Inst,
		private readonly preds: ReadonlyMap<Block, readonly Block[]>,
		private readonly alias: AliasInfo,
	) {
		({ base: this.#base, offset: this.#offset } = baseOf(load.args[0]));
		this.#size = load.attr!.size!;
	}

	/** What the load gives; null when some way to it does not say. */
	above(block: Block, load: Inst): Value | null {
		const here = this.#within(block, block.insts.indexOf(load));
		const value = here === undefined ? this.#start(block) : here;
		if (value === null || (value.ty !== "ptr" && this.#phis.size === 0)) return null;
		for (const { inst, at } of this.#extended) at.insts.splice(at.insts.length - 1, 0, inst);
		for (const [phi, at] of this.#phis) at.insts.splice(phisOf(at).length, 0, phi);
		return value;
	}

	/** What the block's first `count` instructions leave in the place; undefined: they do not touch it, null: it cannot be told. */
	#within(block: Block, count: number): Value | null | undefined {
		for (let i = count - 1; i >= 0; i--) {
			const inst = block.insts[i];
			if (inst === this.#base) return null;
			if ((inst.op === "store" || inst.op === "load") && inst.attr!.size === this.#size && !inst.attr!.volatile && this.#isHere(inst.args[0])) {
				const value = inst.op === "store" ? inst.args[1] : inst;
				return this.load.ty === "ptr" ? (value.ty === "ptr" ? value : null) : isSmall(value, this.#size) ? value : null;
			}
			const writes = writesOf(inst);
			if (writes === "all" ? !this.alias.isPrivate(this.load.args[0]) : writes.some((write) => this.alias.mayAlias({ address: this.load.args[0], size: this.#size, effective: this.load.attr!.effective }, write))) return null;
		}
		return undefined;
	}

	#isHere(address: Value): boolean {
		const { base, offset } = baseOf(address);
		return base === this.#base && offset === this.#offset;
	}

	#end(block: Block): Value | null {
		const known = this.#ends.get(block);
		if (known !== undefined) return known;
		if (this.#left-- <= 0) return null;
		const own = this.#within(block, block.insts.length);
		// A way round a loop finds the phi.
		const value = own === undefined ? this.#start(block, (phi) => this.#ends.set(block, phi)) : own;
		if (value !== null) this.#ends.set(block, value);
		return value;
	}

	#start(block: Block, announce: (phi: Inst) => void = () => {}): Value | null {
		const preds = this.preds.get(block)!;
		if (preds.length === 0) return null;
		if (preds.length === 1) return this.#end(preds[0]);
		const phi = newInst(this.fn, "phi", this.load.ty, [], undefined, this.load.loc, []);
		this.#phis.set(phi, block);
		announce(phi);
		for (const pred of preds) {
			const value = this.#end(pred);
			if (value === null) return null;
			phi.args.push(this.#asRead(value, pred));
			phi.blocks!.push(pred);
		}
		return phi;
	}

	/** The value in the load's type, at the end of the block. */
	#asRead(value: Value, at: Block): Value {
		const ty = this.load.ty!;
		if (value.ty === ty) return value;
		if (isConst(value)) return constant(ty, value.value);
		const inst = newInst(this.fn, ty === "i64" ? "zext" : "trunc", ty, [value], undefined, this.load.loc);
		this.#extended.push({ inst, at });
		return inst;
	}
}
