import type { IrFunction } from "../ir/types.ts";
import type { MFunction } from "./machine.ts";
import { selectValue } from "./select-values.ts";
import { selectMemory } from "./select-memory.ts";
import { selectEnd } from "./select-control.ts";
import { selectCall } from "./select-call.ts";
import { selectAsm } from "./select-asm.ts";
import { type Rule, type SelectContext, Selector } from "./selector.ts";

/** Instruction selection: IR function in, machine function over virtual registers out. `selector.ts` walks; each `select-*.ts` has the rules of one kind of operation. */
const byOperation: Rule = (s, inst) => {
	switch (inst.op) {
		case "load":
		case "store":
		case "atomic":
		case "cmpxchg":
		case "loadacq":
		case "storerel":
		case "coreoffset":
			return selectMemory(s, inst);
		case "call":
			return selectCall(s, inst);
		case "asm":
		case "asmgoto":
			return selectAsm(s, inst);
		case "jump":
		case "branch":
		case "switch":
		case "ret":
		case "unreachable":
		case "icmp":
		case "select":
			return selectEnd(s, inst);
		default:
			return selectValue(s, inst);
	}
};

/** null: something in the function cannot be translated, and has been reported. */
export function select(ir: IrFunction, context: SelectContext): MFunction | null {
	const selector = new Selector(ir, context, byOperation);
	const fn = selector.run();
	return selector.failed ? null : fn;
}
