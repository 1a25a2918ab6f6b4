import type { Block, Inst, IrFunction, Value } from "../../ir/types.ts";
import type { Pass } from "../pass.ts";
import { loops } from "../../ir/cfg.ts";
import {
	constant,
	exponentOf,
	isConst,
	isInst,
	makeJump,
	newInst,
	phisOf,
	replaceAll,
	terminator,
	unsigned,
	widthOf,
} from "../../ir/values.ts";
import { analysesOf } from "../analysis/analyses.ts";
import { knownZeros } from "../analysis/known.ts";

/**
 * `if (x & 4) r |= 4; if (x & 8) r |= 8; …` copies bits: `r |= x & 12` (LLVM: `foldSelectICmpAndOr`). While other passes still learn from
 * a question, only some of one value are taken; `laws.ts` makes one mask of them. Bits that change their place are shifted,
 * `r |= x >> 2 & 1`: not shorter, but each jump would double the paths that the kernel's verifier tells apart by the bits of x.
 */
export const copiedBits: Pass = {
	name: "copied-bits",
	run(fn, context) {
		const preds = analysesOf(fn, context).predecessors;
		const done = new Set<Block>();
		const map = new Map<Inst, Value>();
		const setBy = (block: Block): Link | null => {
			const link = linkOf(block, preds);
			return link?.op === "or" ? link : null;
		};
		for (const block of fn.blocks) {
			const chain: Link[] = [];
			for (
				let link = done.has(block) ? null : setBy(block);
				link !== null && (chain.length === 0 || link.bits === chain[0].bits);
				link = setBy(link.join)
			)
				chain.push(link);
			if (chain.length < leastOf(chain)) continue;
			for (const link of chain) {
				done.add(link.block);
				replace(fn, link, map);
			}
		}
		replaceAll(fn, map);
		return map.size > 0;
	},
};

/**
 * At the end each question for a bit by which one is set, counted or turned: `if (x & 1) n++` is `n += x & 1`, `x & 4 ? 16 : 0` is `x << 2 & 16`
 * (LLVM: `foldSelectICmpAndBinOp`, `foldSelectICmpAnd`). The machine jumps where a bit is set, not where it is not, so that a question with
 * its detour takes three instructions, as a shift, a mask and a sum do; and whatever follows is walked once by the verifier. Where somebody else
 * needs what is shifted, a copy comes to it: that is worth the jumps of a loop only.
 */
export const countedBits: Pass = {
	name: "counted-bits",
	run(fn, context) {
		const { predecessors: preds, users, dominators: dom } = analysesOf(fn, context);
		const map = new Map<Inst, Value>();
		let inLoops: ReadonlySet<Block> | null = null;
		const repeats = (block: Block): boolean => (inLoops ??= new Set(loops(fn, dom, preds).flatMap(({ blocks }) => [...blocks]))).has(block);
		for (const block of fn.blocks) {
			const link = linkOf(block, preds);
			if (link === null || !link.jumpsIfSet) continue;
			const { mask, set, before, bits } = link;
			const isMoved = mask !== set;
			if (isMoved && isConst(before) && before.value !== 0n) continue;
			if (!isMoved || !isInst(bits) || users.get(bits)!.length === 1 || repeats(block)) replace(fn, link, map);
		}
		replaceAll(fn, map);
		return map.size > 0;
	},
};

const LEAST = 2;
const LEAST_MOVED = 4;

/** Bits that are all moved alike are one shift under one mask. */
function leastOf(chain: readonly Link[]): number {
	if (chain.every(({ mask, set }) => mask === set)) return chain.some(goesOn) ? 1 : LEAST;
	return chain.every(({ mask, set }) => mask * chain[0].set === set * chain[0].mask) ? LEAST : LEAST_MOVED;
}

interface Link {
	readonly block: Block;
	/** What is asked for the bit. */
	readonly bits: Value;
	readonly mask: bigint;
	/** What is set, added, taken away or turned. */
	readonly set: bigint;
	readonly op: "or" | "add" | "sub" | "xor";
	/** Asked by the one jump that asks for bits. */
	readonly jumpsIfSet: boolean;
	/** The value with the bit or without it. */
	readonly phi: Inst;
	readonly before: Value;
	readonly join: Block;
}

function linkOf(block: Block, preds: ReadonlyMap<Block, readonly Block[]>): Link | null {
	const end = terminator(block);
	if (end.op !== "branch") return null;
	const asked = questionOf(end.args[0]);
	if (asked === null) return null;
	const [yes, no] = asked.isSet ? end.blocks! : [end.blocks![1], end.blocks![0]];
	// Only where the bit is set something is done, and that is only to set it; `x & 4 ? 4 : 0` may come to its zero by a block of its own.
	const [detour, join] = preds.get(yes)!.length === 1 ? [yes, no] : [no, yes];
	if (
		preds.get(detour)!.length !== 1 ||
		terminator(detour).op !== "jump" ||
		terminator(detour).blocks![0] !== join ||
		detour.insts.length > (detour === yes ? 2 : 1)
	)
		return null;
	if (preds.get(join)!.length !== 2) return null;
	const phis = phisOf(join);
	if (phis.length !== 1) return null;
	const [phi] = phis;
	const [straight, round] = [phi.args[phi.blocks!.indexOf(block)], phi.args[phi.blocks!.indexOf(detour)]];
	const [before, after] = detour === yes ? [straight, round] : [round, straight];
	if (phi.ty === "ptr") return null;
	let set: bigint;
	let op: Link["op"] = "or";
	if (isConst(before) && isConst(after)) {
		if (detour.insts.length !== 1) return null;
		const [less, more] = [unsigned(before.ty, before.value), unsigned(after.ty, after.value)];
		set = more ^ less;
		if ((less & set) !== 0n) return null;
	} else if (
		detour === yes &&
		yes.insts[0] === after &&
		isInst(after) &&
		isStep(after.op) &&
		after.args[0] === before &&
		isConst(after.args[1])
	) {
		const by = after.args[1];
		op = after.op;
		set = unsigned(by.ty, by.value);
		if (op === "add" && !isOneBit(set)) {
			op = "sub";
			set = unsigned(by.ty, -by.value);
		}
	} else return null;
	return isOneBit(set) ? { block, ...asked, set, op, phi, before, join } : null;
}

const isStep = (op: Inst["op"]): op is "or" | "add" | "xor" => op === "or" || op === "add" || op === "xor";

/** To bits of the same value that are copied already, one more is a wider mask. */
const goesOn = ({ before, bits }: Link): boolean =>
	isInst(before) && before.op === "and" && before.args[0] === bits && isConst(before.args[1]);

const isOneBit = (mask: bigint): boolean => exponentOf(mask) !== null;

/** `x & 4`, `(x & 4) != 0`, `(x & 4) == 0`, `x >= 128` of a byte. */
function questionOf(condition: Value): (Pick<Link, "bits" | "mask" | "jumpsIfSet"> & { readonly isSet: boolean }) | null {
	if (!isInst(condition)) return null;
	let and: Value = condition;
	let isSet = true;
	if (condition.op === "icmp") {
		const { pred } = condition.attr!;
		const [left, right] = condition.args;
		// Of a number without higher bits: the highest.
		if ((pred === "uge" || pred === "ult") && isConst(right)) {
			const mask = unsigned(right.ty, right.value);
			const above = (1n << BigInt(widthOf(right.ty))) - (mask << 1n);
			return isOneBit(mask) && (above & ~knownZeros(left)) === 0n ? { bits: left, mask, isSet: pred === "uge", jumpsIfSet: false } : null;
		}
		if ((pred !== "eq" && pred !== "ne") || !isConst(right) || right.value !== 0n) return null;
		isSet = pred === "ne";
		and = left;
	}
	if (!isInst(and) || and.op !== "and" || !isConst(and.args[1])) return null;
	const mask = unsigned(and.ty!, and.args[1].value);
	return isOneBit(mask) ? { bits: and.args[0], mask, isSet, jumpsIfSet: true } : null;
}

function replace(fn: IrFunction, { block, bits, mask, set, op, phi, before, join }: Link, map: Map<Inst, Value>): void {
	const end = block.insts.pop()!;
	const emit = (op: Inst["op"], ty: Inst["ty"], args: Value[]): Inst => {
		const made = newInst(fn, op, ty, args, undefined, phi.loc);
		block.insts.push(made);
		return made;
	};
	// A bit beyond the narrower of the two types is shifted in the wider one.
	const wide = bits.ty === "i64" || (phi.ty === "i64" && set > 0xffffffffn) ? "i64" : "i32";
	let copied: Value = bits.ty === wide ? bits : emit("zext", wide, [bits]);
	const places = exponentOf(set)! - exponentOf(mask)!;
	if (places !== 0) copied = emit(places > 0 ? "shl" : "lshr", wide, [copied, constant(wide, BigInt(Math.abs(places)))]);
	copied = emit("and", wide, [copied, constant(wide, set)]);
	if (phi.ty !== wide) copied = emit(phi.ty === "i64" ? "zext" : "trunc", phi.ty, [copied]);
	map.set(phi, emit(op, phi.ty, op === "or" ? [copied, before] : [before, copied]));
	makeJump(end, join);
	block.insts.push(end);
}
