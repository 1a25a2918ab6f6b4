import type { Block, Inst, IrFunction, Value } from "../../ir/types.ts";
import type { AliasInfo } from "../analysis/alias.ts";
import type { Pass } from "../pass.ts";
import { constant, isConst, isInst, newInst, phisOf, replaceAll, successors, undef } from "../../ir/values.ts";
import { writesOf } from "../analysis/alias.ts";
import { analysesOf } from "../analysis/analyses.ts";
import { largest, maxUnsigned } from "../analysis/known.ts";
import { baseOf } from "../analysis/slots.ts";

/**
 * What every way to a load has stored or loaded there is the value, chosen by a phi where the ways meet (the fully redundant
 * loads of LLVM's GVN). The verifier forgets that a map value holds a packet pointer: `p->next = data + 14` in both arms of
 * a branch must not be read back below it.
 *
 * Of numbers only those that are small on every way (`offset = 14` in one arm, 18 in the other): of any other the machine is content with the memory, and
 * a phi is one more thing in a register. What is small stays a bound, which the verifier forgets of memory.
 *
 * A local variable that nothing was stored in gives no value (`for (…) if ((p = get())) break; if (!p) return;` with no round at all): what the
 * other ways say decides. What calls do before a variable's address was handed to anybody does not change it.
 */
export const loadPhis: Pass = {
	name: "load-phis",
	run(fn, context) {
		const map = new Map<Inst, Value>();
		const { predecessors: preds, alias, users, home } = analysesOf(fn, context);
		const handed = new Map<Inst, Handed>();
		const handedOut: IsHandedOut = (slot, by, at) => {
			let known = handed.get(slot);
			if (known === undefined) handed.set(slot, (known = handedOutIn(slot, users, home)));
			return known.after.has(at) || (known.by.get(at)?.some((inst) => at.insts.indexOf(inst) <= at.insts.indexOf(by)) ?? false);
		};
		for (const block of fn.blocks) {
			for (const inst of block.insts.slice()) {
				if (inst.op !== "load" || inst.attr!.volatile || (inst.ty === "ptr" ? inst.attr!.size !== 8 : inst.attr!.signed)) continue;
				const value = new Search(fn, inst, preds, alias, handedOut).above(block, inst);
				if (value !== null && value !== inst) map.set(inst, value);
			}
		}
		replaceAll(fn, map);
		return map.size > 0;
	},
};

/** A number that says more than its place: less than half of the bits, or an offset in a packet that the verifier still takes. */
function isSmall(value: Value, size: number): boolean {
	if (value.ty === "ptr" || value.op === "undef") return false;
	return maxUnsigned(value) < 1n << BigInt(4 * size) || (size === 2 && largest(value) < MOST_OFFSET);
}

/**
 * Bytes. A packet pointer that was moved by more than 65,535 in all knows nothing of the packet's end (MAX_PACKET_OFF in kernel/bpf/verifier.c): half
 * of it leaves as much for what is added behind the load.
 */
const MOST_OFFSET = 1n << 15n;

type IsHandedOut = (slot: Inst, by: Inst, at: Block) => boolean;

/** Where a variable's address gets to somebody else: the instructions by block, and the blocks that may run after one of them. */
interface Handed {
	readonly by: ReadonlyMap<Block, readonly Inst[]>;
	readonly after: ReadonlySet<Block>;
}

function handedOutIn(slot: Inst, users: ReadonlyMap<Inst, readonly Inst[]>, home: ReadonlyMap<Inst, Block>): Handed {
	const by = new Map<Block, Inst[]>();
	const addresses = [slot];
	for (const address of addresses) {
		for (const user of users.get(address) ?? []) {
			if (user.op === "ptradd" && user.args[0] === address) addresses.push(user);
			else if (user.op !== "load" && user.op !== "lifetime" && (user.op !== "store" || user.args[1] === address)) {
				const block = home.get(user)!;
				const list = by.get(block);
				if (list === undefined) by.set(block, [user]);
				else list.push(user);
			}
		}
	}
	const after = new Set<Block>();
	const work = [...by.keys()].flatMap(successors);
	while (work.length > 0) {
		const block = work.pop()!;
		if (after.has(block)) continue;
		after.add(block);
		work.push(...successors(block));
	}
	return { by, after };
}

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
		private readonly handedOut: IsHandedOut,
	) {
		({ base: this.#base, offset: this.#offset } = baseOf(load.args[0]));
		this.#size = load.attr!.size!;
	}

	/** What the load gives; null when some way to it does not say. */
	above(block: Block, load: Inst): Value | null {
		const here = this.#within(block, block.insts.indexOf(load));
		const value = here === undefined ? this.#start(block) : here;
		if (value === null || value.op === "undef" || (value.ty !== "ptr" && this.#phis.size === 0)) return null;
		for (const { inst, at } of this.#extended) at.insts.splice(at.insts.length - 1, 0, inst);
		for (const [phi, at] of this.#phis) at.insts.splice(phisOf(at).length, 0, phi);
		return value;
	}

	/** What the block's first `count` instructions leave in the place; undefined: they do not touch it, null: it cannot be told. */
	#within(block: Block, count: number): Value | null | undefined {
		for (let i = count - 1; i >= 0; i--) {
			const inst = block.insts[i];
			if (inst === this.#base || (inst.op === "lifetime" && inst.args[0] === this.#base))
				return this.#isSlot() && this.load.ty === "ptr" ? undef("ptr") : null;
			if (
				(inst.op === "store" || inst.op === "load") &&
				inst.attr!.size === this.#size &&
				!inst.attr!.volatile &&
				this.#isHere(inst.args[0])
			) {
				const value = inst.op === "store" ? inst.args[1] : inst;
				return this.load.ty === "ptr" ? (value.ty === "ptr" ? value : null) : isSmall(value, this.#size) ? value : null;
			}
			const writes = writesOf(inst);
			if (
				writes === "all"
					? !this.alias.isPrivate(this.load.args[0]) && (!this.#isSlot() || this.handedOut(this.#base as Inst, inst, block))
					: writes.some((write) =>
							this.alias.mayAlias({ address: this.load.args[0], size: this.#size, effective: this.load.attr!.effective }, write),
						)
			)
				return null;
		}
		return undefined;
	}

	/** A local variable, accessed at a place that is known. */
	#isSlot(): boolean {
		return isInst(this.#base) && this.#base.op === "alloca";
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
