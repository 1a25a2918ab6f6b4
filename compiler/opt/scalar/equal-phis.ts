import type { Block, Inst, Value } from "../../ir/types.ts";
import type { Pass } from "../pass.ts";
import { isConst, isInst, makeJump, newInst, phisOf, replaceAll, sameValue, terminator } from "../../ir/values.ts";
import { analysesOf } from "../analysis/analyses.ts";

/**
 * `if (error) return error; return 0;` is `return error`: a phi of one value and constants is the value, where every constant
 * comes along an edge on which the value was found to be that constant; and so are two returns. A phi of one address, made anew on
 * each way, is made once more behind it: accesses take the offset along, and the verifier wants none of the context at another one.
 */
export const equalPhis: Pass = {
	name: "equal-phis",
	run(fn, context) {
		const map = new Map<Inst, Value>();
		const { predecessors: preds, home } = analysesOf(fn, context);
		for (const block of fn.blocks) {
			for (const phi of phisOf(block)) {
				const address = oneAddress(phi);
				if (address !== null) {
					const again = newInst(fn, address.op, phi.ty, address.args.slice(), address.attr, address.loc);
					block.insts.splice(phisOf(block).length, 0, again);
					map.set(phi, again);
					continue;
				}
				const value = candidates(phi).find(
					(one) =>
						one.ty === phi.ty &&
						home.get(one) !== block &&
						!map.has(one) &&
						phi.args.every((arg, i) => arg === one || isFound(one, arg, phi.blocks![i], block, preds)),
				);
				if (value !== undefined) map.set(phi, value);
			}
		}
		replaceAll(fn, map);
		let changed = map.size > 0;
		for (const block of fn.blocks) if (returnsEither(block)) changed = true;
		return changed;
	},
};

/** The field's address that comes along each edge, of different instructions. */
function oneAddress(phi: Inst): Inst | null {
	const [first] = phi.args;
	if (!isInst(first) || first.args[0] === phi) return null;
	if (first.op === "ptradd" && isConst(first.args[1]))
		return phi.args.every(
			(arg) => isInst(arg) && arg.op === "ptradd" && arg.args[0] === first.args[0] && sameValue(arg.args[1], first.args[1]),
		)
			? first
			: null;
	if (first.op !== "coreoffset") return null;
	const core = first.attr!.core!;
	const same = (arg: Value): boolean =>
		isInst(arg) &&
		arg.op === "coreoffset" &&
		arg.args[0] === first.args[0] &&
		arg.attr!.core!.root === core.root &&
		arg.attr!.core!.access === core.access &&
		arg.attr!.core!.relo === core.relo;
	return phi.args.every(same) ? first : null;
}

/** A branch to `return x` and to `return 3` where x was found to be 3. */
function returnsEither(block: Block): boolean {
	const end = terminator(block);
	if (end.op !== "branch") return false;
	for (const [i, next] of end.blocks!.entries()) {
		const [value] = returned(next);
		const [other] = returned(end.blocks![1 - i]);
		if (value === undefined || other === undefined || !isInst(value) || value.ty !== other.ty || next.insts[0] === value) continue;
		if (!isFound(value, other, block, end.blocks![1 - i], new Map([[block, []]]))) continue;
		makeJump(end, next);
		return true;
	}
	return false;
}

/** What a block returns that does nothing else. */
const returned = (block: Block): readonly Value[] => (block.insts.length === 1 && block.insts[0].op === "ret" ? block.insts[0].args : []);

/** The one value that is not a constant, when there are constants beside it; either of two numbers. */
function candidates(phi: Inst): readonly Inst[] {
	const values = new Set<Value>();
	let constants = 0;
	for (const arg of phi.args) {
		if (isConst(arg)) constants++;
		else if (isInst(arg) && arg !== phi) values.add(arg);
		else return [];
	}
	const found = [...values] as Inst[];
	return (found.length === 1 && constants > 0) || (found.length === 2 && constants === 0 && phi.ty !== "ptr") ? found : [];
}

/** Branches on the way that are looked at. */
const MOST_BEFORE = 4;

/** Whether the value was compared on the way from `from` to `to`, and found equal to the other one. */
function isFound(value: Inst, other: Value, from: Block, to: Block, preds: ReadonlyMap<Block, readonly Block[]>): boolean {
	if (!isConst(other) && other.ty === "ptr") return false;
	let [at, next] = [from, to];
	for (let count = 0; count < MOST_BEFORE; count++) {
		const end = terminator(at);
		if (end.op === "branch" && end.blocks![0] !== end.blocks![1]) {
			const [question] = end.args;
			const taken = end.blocks![0] === next;
			if (question === value) return isConst(other) && other.value === 0n && !taken;
			if (isInst(question) && question.op === "icmp" && isOf(question, value, other)) {
				if (question.attr!.pred === "eq" && taken) return true;
				if (question.attr!.pred === "ne" && !taken) return true;
			}
		}
		const above: readonly Block[] = preds.get(at)!;
		if (above.length !== 1) return false;
		[at, next] = [above[0], at];
	}
	return false;
}

const isOf = ({ args: [a, b] }: Inst, value: Value, other: Value): boolean =>
	(a === value && sameValue(b, other)) || (b === value && a === other);
