import type { Inst, IrFunction, Value } from "./types.ts";
import { isConst, isInst } from "./values.ts";

type Users = ReadonlyMap<Inst, readonly Inst[]>;

/**
 * Slots with a number that only helpers read, and that is another constant on each way that leads there: the place of the first bit that is set, as the key of an
 * array. From a key that it knows the verifier concludes that the array has it, and whatever the key is made of has to be exact then, back to where
 * the ways part: none of them ends where another one has been. Such a slot shares its bytes with no other (`merge-slots.ts`), and lies where the verifier
 * forgets the number (`backend/forgotten-slots.ts`).
 */
export function variedKeys(fn: IrFunction, users: Users): Set<Inst> {
	return new Set(fn.blocks.flatMap(({ insts }) => insts.filter((inst) => isVariedKey(inst, users))));
}

function isVariedKey(slot: Inst, users: Users): boolean {
	if (slot.op !== "alloca" || slot.attr!.size! >= 8) return false;
	const accesses = users.get(slot) ?? [];
	const stores = accesses.filter(({ op, args }) => op === "store" && args[0] === slot);
	const isGiven = ({ op, attr }: Inst): boolean => op === "lifetime" || (op === "call" && attr!.callee!.kind === "helper");
	return (
		stores.length > 0 && accesses.every((one) => isGiven(one) || (stores.includes(one) && one.args[1] !== slot && isVaried(one.args[1])))
	);
}

const DEPTH = 6;
/** Of fewer the verifier may as well walk each. */
const WAYS = 16;

/** Computed of constants that the ways brought. */
function isVaried(value: Value): boolean {
	let constants = 0;
	const look = (at: Value, depth: number): void => {
		if (!isInst(at) || depth === 0) return;
		if (at.op === "phi") constants += at.args.filter(isConst).length;
		if (at.op === "phi" || COMPUTED.has(at.op)) for (const arg of at.args) look(arg, depth - 1);
	};
	look(value, DEPTH);
	return constants >= WAYS;
}

const COMPUTED: ReadonlySet<string> = new Set(["add", "sub", "mul", "shl", "lshr", "and", "or", "xor", "trunc", "zext", "sext"]);
