import type { Loop } from "../../ir/cfg.ts";
import type { Block, IrFunction } from "../../ir/types.ts";
import { predecessors } from "../../ir/cfg.ts";
import { newBlock, newInst, phisOf, retarget, successors } from "../../ir/values.ts";

/** The only block outside that enters the loop, with the header as its only successor; made when there is none. */
export function blockInFront(fn: IrFunction, loop: Loop): Block {
	const { header } = loop;
	const outside = predecessors(fn)
		.get(header)!
		.filter((pred) => !loop.blocks.has(pred));
	if (outside.length === 1 && successors(outside[0]).length === 1) return outside[0];
	const front = newBlock(fn, `${header.name}.front`);
	for (const phi of phisOf(header)) {
		const from = phi.blocks!.map((pred, i) => ({ pred, value: phi.args[i] }));
		const entering = from.filter(({ pred }) => outside.includes(pred));
		const [one] = entering;
		let value = one.value;
		if (entering.some((other) => other.value !== one.value)) {
			const joined = newInst(
				fn,
				"phi",
				phi.ty,
				entering.map((edge) => edge.value),
				undefined,
				phi.loc,
				entering.map((edge) => edge.pred),
			);
			front.insts.push(joined);
			value = joined;
		}
		const staying = from.filter(({ pred }) => !outside.includes(pred));
		phi.args = [value, ...staying.map((edge) => edge.value)];
		phi.blocks = [front, ...staying.map((edge) => edge.pred)];
	}
	front.insts.push(newInst(fn, "jump", null, [], undefined, null, [header]));
	for (const pred of outside) retarget(pred, header, front);
	fn.blocks.splice(fn.blocks.indexOf(header), 0, front);
	return front;
}
