import type { Inst, IrFunction, Value } from "../../ir/types.ts";
import type { Pass } from "../pass.ts";
import { constant, exponentOf, isConst, isInst, newInst, unsigned, widthOf } from "../../ir/values.ts";
import { analysesOf } from "../analysis/analyses.ts";
import { maxUnsigned } from "../analysis/known.ts";

/**
 * Whether two bits differ is their exclusive or: `right += guessed == expected` needs no branch. Nor does `seen |= !(flags & SYN)`: the bit is
 * moved to where its number is one. Where a branch asks, it compares them itself.
 *
 * Without the branch there is one path instead of two, and no number that is counted differently on each of them: the verifier finds the end of
 * a loop that counts its successes only when it need not know them one by one.
 */
export const bitQuestions: Pass = {
	name: "bit-questions",
	run(fn, context) {
		const { users } = analysesOf(fn, context);
		let changed = false;
		for (const block of fn.blocks) {
			for (let i = 0; i < block.insts.length; i++) {
				const inst = block.insts[i];
				const asked = bitOf(inst);
				if (asked !== null) {
					const counting = (users.get(inst) ?? []).filter((user) => !ASKS.has(user.op));
					if (counting.length === 0) continue;
					const made = moved(fn, inst, asked);
					block.insts.splice(i, 0, ...made);
					i += made.length;
					const bit = made.at(-1) ?? inst.args[0];
					for (const user of counting) user.args = user.args.map((arg) => (arg === inst ? bit : arg));
					changed = true;
					continue;
				}
				if (!isOfBits(inst) || (users.get(inst) ?? []).some((user) => ASKS.has(user.op))) continue;
				const differ = inst.attr!.pred === "ne" ? inst : newInst(fn, "xor", "i32", inst.args, undefined, inst.loc);
				const [a, b] = differ === inst ? inst.args : [differ, constant("i32", 1)];
				if (differ !== inst) block.insts.splice(i++, 0, differ);
				inst.op = "xor";
				inst.args = [a, b];
				inst.attr = undefined;
				changed = true;
			}
		}
		return changed;
	},
};

const ASKS: ReadonlySet<Inst["op"]> = new Set(["branch", "select", "icmp"]);

const isOfBits = ({ op, args, attr }: Inst): boolean =>
	op === "icmp" &&
	(attr!.pred === "eq" || attr!.pred === "ne") &&
	args.every((arg) => arg.ty === "i32" && !isConst(arg) && maxUnsigned(arg) === 1n);

interface Bit {
	readonly place: number;
	readonly isSet: boolean;
}

/** Which bit a comparison asks for; null: another question. */
function bitOf({ op, args, attr }: Inst): Bit | null {
	if (op !== "icmp" || (attr!.pred !== "eq" && attr!.pred !== "ne")) return null;
	const [masked, right] = args;
	if (!isInst(masked) || masked.op !== "and" || !isConst(masked.args[1]) || !isConst(right)) return null;
	const mask = unsigned(masked.ty!, masked.args[1].value);
	const number = unsigned(masked.ty!, right.value);
	const place = exponentOf(mask);
	return place === null || (number !== 0n && number !== mask) ? null : { place, isSet: (attr!.pred === "eq") === (number !== 0n) };
}

/** What makes the bit a number, the last of which is it; nothing where it is one. */
function moved(fn: IrFunction, { args, loc }: Inst, { place, isSet }: Bit): Inst[] {
	const made: Inst[] = [];
	let bit: Value = args[0];
	const step = (op: Inst["op"], ty: "i32" | "i64", ...more: Value[]): void => {
		bit = newInst(fn, op, ty, [bit, ...more], undefined, loc);
		made.push(bit);
	};
	const ty = widthOf(bit.ty!) === 64 ? "i64" : "i32";
	if (place > 0) step("lshr", ty, constant(ty, place));
	if (ty === "i64") step("trunc", "i32");
	if (!isSet) step("xor", "i32", constant("i32", 1));
	return made;
}
